"""who answers for an agency: the teams that stand

Revision: 0015, after 0014.
"""

import sqlalchemy as sa
from alembic import op

revision = '0015'
down_revision = '0014'
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        'staff_team',
        sa.Column('team_id', sa.String(length=200), nullable=False),
        sa.Column('agency', sa.String(length=120), nullable=False),
        sa.Column('version', sa.Integer(), nullable=False),
        sa.Column('snapshot', sa.LargeBinary(), nullable=False),
        sa.Column('digest', sa.String(length=64), nullable=False),
        sa.Column('published', sa.Boolean(), nullable=False),
        sa.PrimaryKeyConstraint('team_id', name=op.f('pk_staff_team')),
    )
    op.create_index(op.f('ix_staff_team_agency'), 'staff_team', ['agency'])


def downgrade() -> None:
    op.drop_index(op.f('ix_staff_team_agency'), table_name='staff_team')
    op.drop_table('staff_team')
