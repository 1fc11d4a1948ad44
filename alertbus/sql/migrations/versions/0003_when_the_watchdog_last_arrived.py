"""when the watchdog last arrived

Revision: 0003, after 0002.
"""

import sqlalchemy as sa
from alembic import op

import alertbus.sql.engine

revision = '0003'
down_revision = '0002'
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table('watchdog_arrival',
    sa.Column('agency', sa.String(), nullable=False),
    sa.Column('notice_id', sa.String(), nullable=False),
    sa.Column('arrived_at', alertbus.sql.engine.UtcDateTime(timezone=True), nullable=False),
    sa.PrimaryKeyConstraint('agency', name=op.f('pk_watchdog_arrival'))
    )


def downgrade() -> None:
    op.drop_table('watchdog_arrival')
