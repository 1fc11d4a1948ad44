"""what each plugin offered when it was last imported, and how often it said what nobody keeps

Revision: 0026, after 0025.
"""

import alertbus.sql.engine
import sqlalchemy as sa
from alembic import op

revision = '0026'
down_revision = '0025'
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        'plugin_memory',
        sa.Column('plugin', sa.String(length=100), nullable=False),
        sa.Column('offered', sa.JSON(none_as_null=True), nullable=True),
        sa.Column('set_aside', sa.String(300), nullable=True),
        sa.Column('unheard', sa.BigInteger(), nullable=False, server_default='0'),
        sa.Column('at', alertbus.sql.engine.UtcDateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint('plugin', name=op.f('pk_plugin_memory')),
    )


def downgrade() -> None:
    op.drop_table('plugin_memory')
