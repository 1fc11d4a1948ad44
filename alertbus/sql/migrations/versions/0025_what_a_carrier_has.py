"""an index of what a carrier has, of which it may say later that it arrived or was given up

Revision: 0025, after 0024.
"""

import sqlalchemy as sa
from alembic import op

revision = '0025'
down_revision = '0024'
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_index(
        'ix_ledger_handed_over',
        'ledger',
        ['seq'],
        sqlite_where=sa.text("state = 'sent'"),
        postgresql_where=sa.text("state = 'sent'"),
    )


def downgrade() -> None:
    op.drop_index('ix_ledger_handed_over', table_name='ledger')
