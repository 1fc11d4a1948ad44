"""which agencies a delivery worker leaves alone, with its heartbeat

Revision: 0023, after 0022. It begins empty, and is filled within seconds of a worker's start.
"""

import sqlalchemy as sa
from alembic import op

revision = '0023'
down_revision = '0022'
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column('delivery_beat', sa.Column('circuits', sa.JSON(none_as_null=True), nullable=True))


def downgrade() -> None:
    op.drop_column('delivery_beat', 'circuits')
