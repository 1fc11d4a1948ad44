"""what a person has decided about a review item

Revision: 0010, after 0009. No version before wrote such decisions, so nothing that stands on the topic is missing here.
"""

import sqlalchemy as sa
from alembic import op

from alertbus.sql.engine import UtcDateTime

revision = '0010'
down_revision = '0009'
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        'chronicle_review_decision',
        sa.Column('review_id', sa.String(), nullable=False),
        sa.Column('at', UtcDateTime(timezone=True), nullable=False),
        sa.Column('outcome', sa.String(), nullable=False),
        sa.Column('by', sa.String(), nullable=False),
        sa.Column('body', sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint('review_id', 'at', 'outcome', name=op.f('pk_chronicle_review_decision')),
    )


def downgrade() -> None:
    op.drop_table('chronicle_review_decision')
