"""what was looked for from one end of a table to the other: who is on a case as the reconciler remembers it, an alert's movements, what
about people waits to be published

Revision: 0027, after 0026.
"""

import sqlalchemy as sa
from alembic import op

revision = '0027'
down_revision = '0026'
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_index('ix_reconcile_case_person_case_id', 'reconcile_case_person', ['case_id'])
    op.create_index('ix_directory_movement_alert_id', 'directory_movement', ['alert_id'])
    op.create_index(
        'ix_directory_said_unpublished',
        'directory_said',
        ['id'],
        sqlite_where=sa.text('published IS 0'),
        postgresql_where=sa.text('published IS FALSE'),
    )


def downgrade() -> None:
    op.drop_index('ix_directory_said_unpublished', table_name='directory_said')
    op.drop_index('ix_directory_movement_alert_id', table_name='directory_movement')
    op.drop_index('ix_reconcile_case_person_case_id', table_name='reconcile_case_person')
