"""of each minute, how late the ticks of real cases were

Revision: 0020, after 0019. It begins empty: ticks of before are not looked at.
"""

import alertbus.sql.engine
import sqlalchemy as sa
from alembic import op

revision = '0020'
down_revision = '0019'
branch_labels = None
depends_on = None

MINUTE = 'chronicle_tick_minute'


def upgrade() -> None:
    op.create_table(
        MINUTE,
        sa.Column('minute', alertbus.sql.engine.UtcDateTime(timezone=True), nullable=False),
        sa.Column('worst_ms', sa.BigInteger(), nullable=False),
        sa.Column('ticks', sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint('minute', name=op.f(f'pk_{MINUTE}')),
    )


def downgrade() -> None:
    op.drop_table(MINUTE)
