"""The mark of a rebuild that has not finished.

Revision: 0005, after 0004.
"""
import sqlalchemy as sa
from alembic import op

import alertbus.sql.engine

revision = '0005'
down_revision = '0004'
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table('rebuild_unfinished',
    sa.Column('id', sa.Integer(), nullable=False),
    sa.Column('begun_at', alertbus.sql.engine.UtcDateTime(timezone=True), nullable=False),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_rebuild_unfinished'))
    )


def downgrade() -> None:
    op.drop_table('rebuild_unfinished')
