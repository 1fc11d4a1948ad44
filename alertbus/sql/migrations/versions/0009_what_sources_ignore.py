"""how many messages each source ignored

Revision: 0009, after 0008.
"""

import sqlalchemy as sa
from alembic import op

import alertbus.sql.engine

revision = '0009'
down_revision = '0008'
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table('gateway_ignored',
    sa.Column('source', sa.String(length=60), nullable=False),
    sa.Column('outcome', sa.String(length=20), nullable=False),
    sa.Column('count', sa.BigInteger(), nullable=False),
    sa.Column('latest_at', alertbus.sql.engine.UtcDateTime(timezone=True), nullable=False),
    sa.PrimaryKeyConstraint('source', 'outcome', name=op.f('pk_gateway_ignored'))
    )


def downgrade() -> None:
    op.drop_table('gateway_ignored')
