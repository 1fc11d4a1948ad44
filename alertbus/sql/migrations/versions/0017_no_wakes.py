"""when something begins on a case is in the case's own state, and the stream ticks it then

Revision: 0017, after 0016. The rows were worked out from the register of cases. Of cases that an earlier bus has left, the stream worker ticks
each once when it first owns it, so that nothing that was to begin is forgotten. Back again, they come with `alertbus audit rebuild`.
"""

import alertbus.sql.engine
import sqlalchemy as sa
from alembic import op

revision = '0017'
down_revision = '0016'
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.drop_table('directory_wake')


def downgrade() -> None:
    op.create_table(
        'directory_wake',
        sa.Column('case_id', sa.String(length=80), nullable=False),
        sa.Column('at', alertbus.sql.engine.UtcDateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint('case_id', 'at', name=op.f('pk_directory_wake')),
    )
    op.create_index(op.f('ix_directory_wake_at'), 'directory_wake', ['at'], unique=False)
