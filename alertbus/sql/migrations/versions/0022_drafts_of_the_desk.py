"""what people at the desk have begun to state

Revision: 0022, after 0021.
"""

import alertbus.sql.engine
import sqlalchemy as sa
from alembic import op

revision = '0022'
down_revision = '0021'
branch_labels = None
depends_on = None

DRAFT = 'desk_draft'


def upgrade() -> None:
    op.create_table(
        DRAFT,
        sa.Column('id', sa.String(length=36), nullable=False),
        sa.Column('owner', sa.String(length=64), nullable=False),
        sa.Column('form', sa.String(length=20), nullable=False),
        sa.Column('sealed', sa.LargeBinary(), nullable=True),
        sa.Column('saved_at', alertbus.sql.engine.UtcDateTime(timezone=True), nullable=False),
        sa.Column('until', alertbus.sql.engine.UtcDateTime(timezone=True), nullable=False),
        sa.Column('reference', sa.String(length=60), nullable=True),
        sa.Column('alert_id', sa.String(length=60), nullable=True),
        sa.PrimaryKeyConstraint('id', name=op.f(f'pk_{DRAFT}')),
    )
    op.create_index(op.f(f'ix_{DRAFT}_owner'), DRAFT, ['owner'])
    op.create_index(op.f(f'ix_{DRAFT}_until'), DRAFT, ['until'])


def downgrade() -> None:
    op.drop_table(DRAFT)
