"""what the words of an alert may give away to a case

Revision: 0011, after 0010. By how texts name people on case files nobody was looked up before: a directory that knows somebody must be
rebuilt from Kafka, or it would find nobody. Until then the parts refuse to start.
"""

import sqlalchemy as sa
from alembic import op

revision = '0011'
down_revision = '0010'
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column('chronicle_alert_case', sa.Column('reveals', sa.LargeBinary(), nullable=True))
    known = op.get_bind().execute(sa.text('SELECT 1 FROM directory_mention LIMIT 1')).first()
    if known is not None:
        mark = "INSERT INTO rebuild_unfinished (id, begun_at) SELECT 1, CURRENT_TIMESTAMP WHERE NOT EXISTS (SELECT 1 FROM rebuild_unfinished)"
        op.execute(mark)


def downgrade() -> None:
    op.drop_column('chronicle_alert_case', 'reveals')
