"""of which statement and of whom a question for a person is

Revision: 0012, after 0011. No version before asked a question that another statement, or an answer about the same person, settles.
"""

import sqlalchemy as sa
from alembic import op

revision = '0012'
down_revision = '0011'
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column('chronicle_review', sa.Column('statement_id', sa.String(), nullable=True))
    op.add_column('chronicle_review', sa.Column('person_id', sa.String(), nullable=True))
    op.create_index(op.f('ix_chronicle_review_person_id'), 'chronicle_review', ['person_id'])


def downgrade() -> None:
    op.drop_index(op.f('ix_chronicle_review_person_id'), table_name='chronicle_review')
    with op.batch_alter_table('chronicle_review', schema=None) as batch_op:
        batch_op.drop_column('person_id')
        batch_op.drop_column('statement_id')
