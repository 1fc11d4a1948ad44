"""where a fallback channel holds a copy, and no copy shown as accepted

Revision: 0007, after 0006.
"""

import sqlalchemy as sa
from alembic import op

revision = '0007'
down_revision = '0006'
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column('chronicle_receipt', sa.Column('channel', sa.String(), nullable=True))
    op.execute(
        "UPDATE chronicle_receipt SET stage = 'copied', channel = substr(detail, 10), detail = NULL "
        "WHERE stage = 'accepted' AND detail LIKE 'fallback:%'"
    )
    # An obligation that counted as accepted by nothing but such a copy: its agency's system has refused it or failed.
    op.execute(
        "UPDATE chronicle_obligation SET state = CASE WHEN EXISTS (SELECT 1 FROM chronicle_receipt r "
        "WHERE r.obligation_id = chronicle_obligation.id AND r.stage = 'refused') THEN 'refused' ELSE 'failed' END "
        "WHERE state = 'accepted' "
        "AND EXISTS (SELECT 1 FROM chronicle_receipt r WHERE r.obligation_id = chronicle_obligation.id AND r.stage = 'copied') "
        "AND NOT EXISTS (SELECT 1 FROM chronicle_receipt r WHERE r.obligation_id = chronicle_obligation.id AND r.stage = 'accepted')"
    )


def downgrade() -> None:
    op.execute("UPDATE chronicle_receipt SET stage = 'accepted', detail = 'fallback:' || channel WHERE stage = 'copied'")
    with op.batch_alter_table('chronicle_receipt', schema=None) as batch_op:
        batch_op.drop_column('channel')
