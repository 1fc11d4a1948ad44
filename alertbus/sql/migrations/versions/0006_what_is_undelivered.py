"""what is undelivered, and who lives

Revision: 0006, after 0005.
"""

import sqlalchemy as sa
from alembic import op

import alertbus.sql.engine

revision = '0006'
down_revision = '0005'
branch_labels = None
depends_on = None

_UNDELIVERED = sa.text("failed_at IS NOT NULL AND done_at IS NULL OR state = 'refused'")
_FALLBACK = sa.text('fallback_due IS NOT NULL')


def upgrade() -> None:
    op.create_table('delivery_beat',
    sa.Column('owner', sa.String(), nullable=False),
    sa.Column('beat', sa.BigInteger(), nullable=False),
    sa.PrimaryKeyConstraint('owner', name=op.f('pk_delivery_beat'))
    )
    with op.batch_alter_table('ledger', schema=None) as batch_op:
        batch_op.add_column(sa.Column('fallback_due', alertbus.sql.engine.UtcDateTime(timezone=True), nullable=True))
        batch_op.add_column(sa.Column('fallback', sa.String(), nullable=True))
        batch_op.add_column(sa.Column('escalated_at', alertbus.sql.engine.UtcDateTime(timezone=True), nullable=True))
        batch_op.drop_column('lease_until')
        batch_op.create_index('ix_ledger_fallback', ['fallback_due', 'seq'], unique=False, sqlite_where=_FALLBACK, postgresql_where=_FALLBACK)
        batch_op.create_index('ix_ledger_undelivered', ['agency', 'error_class'], unique=False, sqlite_where=_UNDELIVERED, postgresql_where=_UNDELIVERED)
    # What waits from before counts as undelivered from when it came: it was never put anywhere else.
    op.execute("UPDATE ledger SET fallback_due = recorded_at WHERE done_at IS NULL")


def downgrade() -> None:
    with op.batch_alter_table('ledger', schema=None) as batch_op:
        batch_op.drop_index('ix_ledger_undelivered', sqlite_where=_UNDELIVERED, postgresql_where=_UNDELIVERED)
        batch_op.drop_index('ix_ledger_fallback', sqlite_where=_FALLBACK, postgresql_where=_FALLBACK)
        batch_op.add_column(sa.Column('lease_until', alertbus.sql.engine.UtcDateTime(timezone=True), nullable=True))
        batch_op.drop_column('escalated_at')
        batch_op.drop_column('fallback')
        batch_op.drop_column('fallback_due')
    op.drop_table('delivery_beat')
