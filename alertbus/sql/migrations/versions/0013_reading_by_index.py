"""what the inbox, the feed of changes and the status ask is found by index

Revision: 0013, after 0012. Rows of before have `changed` 0: whoever follows the feed has been given all that is open first.
"""

import sqlalchemy as sa
from alembic import op

revision = '0013'
down_revision = '0012'
branch_labels = None
depends_on = None

TABLE, NAME = 'chronicle_obligation', 'ix_chronicle_obligation'
ORDER = ['state', 'severity_rank', 'since', 'id', 'due']
UNANSWERED = sa.text("state NOT IN ('acknowledged', 'withdrawn')")
REHEARSED = sa.text('exercise IS NOT NULL')
INDEXES = (
    ('inbox', ['agency', *ORDER, 'exercise'], None),
    ('inboxes', [*ORDER, 'exercise'], None),
    ('rehearsed_inbox', ['exercise', 'agency', *ORDER], REHEARSED),
    ('rehearsed_inboxes', ['exercise', *ORDER], REHEARSED),
    ('due', ['due', 'exercise'], UNANSWERED),
    ('since', ['exercise', 'since', 'id'], UNANSWERED),
    ('changed', ['changed', 'id'], None),
)
BEFORE = ('agency', 'exercise', 'state')


def upgrade() -> None:
    op.add_column(TABLE, sa.Column('changed', sa.BigInteger(), nullable=False, server_default='0'))
    for column in BEFORE:
        op.drop_index(f'{NAME}_{column}', table_name=TABLE)
    for name, columns, only in INDEXES:
        op.create_index(f'{NAME}_{name}', TABLE, columns, sqlite_where=only, postgresql_where=only)


def downgrade() -> None:
    for name, _, _ in INDEXES:
        op.drop_index(f'{NAME}_{name}', table_name=TABLE)
    for column in BEFORE:
        op.create_index(f'{NAME}_{column}', TABLE, [column])
    op.drop_column(TABLE, 'changed')
