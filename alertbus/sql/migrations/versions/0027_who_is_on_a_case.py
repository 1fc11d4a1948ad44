"""who is on a case, as the reconciler remembers it, found by the case

Revision: 0027, after 0026.
"""

from alembic import op

revision = '0027'
down_revision = '0026'
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_index('ix_reconcile_case_person_case_id', 'reconcile_case_person', ['case_id'], unique=False)


def downgrade() -> None:
    op.drop_index('ix_reconcile_case_person_case_id', table_name='reconcile_case_person')
