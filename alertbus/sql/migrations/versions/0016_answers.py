"""to whom an answer was passed on, what was done, and of which answers cases have heard

Revision: 0016, after 0015. Answers given before are marked as not told to their cases: the gateway tells them once it runs. Where nobody acts
on an obligation, but somebody has passed it on or said that it is not theirs, it is not answered any more.
"""

import alertbus.sql.engine
import sqlalchemy as sa
from alembic import op

revision = '0016'
down_revision = '0015'
branch_labels = None
depends_on = None

RECEIPT, OBLIGATION = 'chronicle_receipt', 'chronicle_obligation'
UNTOLD = sa.text('NOT told')
WAITING = "('acknowledged', 'passed_on', 'not_ours')"
NOBODY_ACTS = (
    "NOT EXISTS (SELECT 1 FROM chronicle_receipt r WHERE r.obligation_id = chronicle_obligation.id AND r.stage = 'acknowledged' "
    "AND r.intent = 'acting')"
)


def upgrade() -> None:
    op.add_column(RECEIPT, sa.Column('to', sa.String(), nullable=True))
    op.add_column(RECEIPT, sa.Column('undoes', sa.String(), nullable=True))
    op.add_column(RECEIPT, sa.Column('told', sa.Boolean(), nullable=True))
    op.execute(f"UPDATE {RECEIPT} SET told = FALSE WHERE stage = 'acknowledged'")
    op.create_index(f'ix_{RECEIPT}_untold', RECEIPT, ['at', 'id'], sqlite_where=UNTOLD, postgresql_where=UNTOLD)
    op.create_table(
        'chronicle_answered',
        sa.Column('receipt_id', sa.String(), nullable=False),
        sa.PrimaryKeyConstraint('receipt_id', name=op.f('pk_chronicle_answered')),
    )
    op.add_column(OBLIGATION, sa.Column('passed_to', sa.String(), nullable=True))
    op.add_column(OBLIGATION, sa.Column('accepted', sa.Boolean(), nullable=True))
    op.add_column(OBLIGATION, sa.Column('acted_by', sa.String(), nullable=True))
    op.add_column(OBLIGATION, sa.Column('acted_at', alertbus.sql.engine.UtcDateTime(timezone=True), nullable=True))
    nobody = f"state = 'acknowledged' AND acknowledged_intent IN ('passing_on', 'not_ours') AND {NOBODY_ACTS}"
    passed = "CASE acknowledged_intent WHEN 'passing_on' THEN 'passed_on' ELSE 'not_ours' END"
    op.execute(f"UPDATE {OBLIGATION} SET state = {passed} WHERE {nobody}")
    _count_again()


def downgrade() -> None:
    op.execute(f"UPDATE {OBLIGATION} SET state = 'acknowledged' WHERE state IN {WAITING}")
    _count_again()
    for name in ('acted_at', 'acted_by', 'accepted', 'passed_to'):
        op.drop_column(OBLIGATION, name)
    op.drop_table('chronicle_answered')
    op.drop_index(f'ix_{RECEIPT}_untold', table_name=RECEIPT)
    for name in ('told', 'undoes', 'to'):
        op.drop_column(RECEIPT, name)


def _count_again() -> None:
    op.execute(f"DELETE FROM chronicle_count WHERE counted IN {WAITING}")
    op.execute(
        f"INSERT INTO chronicle_count (counted, exercise, number) SELECT state, COALESCE(exercise, ''), COUNT(*) FROM {OBLIGATION} "
        f"WHERE state IN {WAITING} GROUP BY state, COALESCE(exercise, '')"
    )
