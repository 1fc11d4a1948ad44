"""what the inbox, the feed of changes and the status ask is found by index

Revision: 0013, after 0012. Rows of before have `changed` 0: whoever follows the feed has been given all that is open first.
"""

import sqlalchemy as sa
from alembic import op

revision = '0013'
down_revision = '0012'
branch_labels = None
depends_on = None

TABLE, NAME = 'chronicle_obligation', 'ix_chronicle_obligation'
ORDER = ['state', 'severity_rank', 'since', 'id', 'due']
UNANSWERED = sa.text("state NOT IN ('acknowledged', 'withdrawn')")
REHEARSED = sa.text('exercise IS NOT NULL')
INDEXES = (
    ('inbox', ['agency', *ORDER, 'exercise'], None),
    ('inboxes', [*ORDER, 'exercise'], None),
    ('rehearsed_inbox', ['exercise', 'agency', *ORDER], REHEARSED),
    ('rehearsed_inboxes', ['exercise', *ORDER], REHEARSED),
    ('due', ['due', 'exercise'], UNANSWERED),
    ('since', ['exercise', 'since', 'id'], UNANSWERED),
    ('changed', ['changed', 'id'], None),
)
OWED, SAID, CASES = 'FROM chronicle_obligation', 'FROM chronicle_alert', 'FROM chronicle_case_version'
COUNTS = (
    f"SELECT state, COALESCE(exercise, ''), COUNT(*) {OWED} GROUP BY state, COALESCE(exercise, '')",
    f"SELECT 'statements', COALESCE(exercise, ''), COUNT(*) {SAID} GROUP BY COALESCE(exercise, '')",
    f"SELECT 'alerts', COALESCE(exercise, ''), COUNT(DISTINCT alert_id) {SAID} GROUP BY COALESCE(exercise, '')",
    f"SELECT 'cases', COALESCE(exercise, ''), COUNT(DISTINCT case_id) {CASES} GROUP BY COALESCE(exercise, '')",
)
BEFORE = ('agency', 'exercise', 'state')


def upgrade() -> None:
    op.add_column(TABLE, sa.Column('changed', sa.BigInteger(), nullable=False, server_default='0'))
    for column in BEFORE:
        op.drop_index(f'{NAME}_{column}', table_name=TABLE)
    for name, columns, only in INDEXES:
        op.create_index(f'{NAME}_{name}', TABLE, columns, sqlite_where=only, postgresql_where=only)
    op.add_column('chronicle_review', sa.Column('open', sa.Boolean(), nullable=False, server_default=sa.true()))
    op.execute(
        "UPDATE chronicle_review SET open = COALESCE((SELECT d.outcome FROM chronicle_review_decision d WHERE d.review_id = "
        "chronicle_review.id ORDER BY d.at DESC, d.outcome DESC LIMIT 1), 'reopened') = 'reopened'"
    )
    op.create_index('ix_chronicle_review_at', 'chronicle_review', ['at', 'id'])
    only = sa.text('open')
    op.create_index('ix_chronicle_review_open', 'chronicle_review', ['at', 'id'], sqlite_where=only, postgresql_where=only)
    op.create_table(
        'chronicle_count',
        sa.Column('counted', sa.String(), nullable=False),
        sa.Column('exercise', sa.String(), nullable=False),
        sa.Column('number', sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint('counted', 'exercise', name=op.f('pk_chronicle_count')),
    )
    for counted in COUNTS:
        op.execute(f'INSERT INTO chronicle_count (counted, exercise, number) {counted}')


def downgrade() -> None:
    op.drop_table('chronicle_count')
    for name in ('at', 'open'):
        op.drop_index(f'ix_chronicle_review_{name}', table_name='chronicle_review')
    op.drop_column('chronicle_review', 'open')
    for name, _, _ in INDEXES:
        op.drop_index(f'{NAME}_{name}', table_name=TABLE)
    for column in BEFORE:
        op.create_index(f'{NAME}_{column}', TABLE, [column])
    op.drop_column(TABLE, 'changed')
