"""who was nudged last, and how many nudges went out

Revision: 0024, after 0023. Both begin empty: whoever has given an address is nudged once about what waits already.
"""

import alertbus.sql.engine
import sqlalchemy as sa
from alembic import op

revision = '0024'
down_revision = '0023'
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        'nudged',
        sa.Column('who', sa.String(length=300), nullable=False),
        sa.Column('last_at', alertbus.sql.engine.UtcDateTime(timezone=True), nullable=False),
        sa.Column('up_to', alertbus.sql.engine.UtcDateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint('who', name=op.f('pk_nudged')),
    )
    op.create_table(
        'nudge_count',
        sa.Column('outcome', sa.String(length=20), nullable=False),
        sa.Column('count', sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint('outcome', name=op.f('pk_nudge_count')),
    )


def downgrade() -> None:
    op.drop_table('nudge_count')
    op.drop_table('nudged')
