"""of whom each obligation is asked, so that the inbox of one person is found by index

Revision: 0019, after 0018. Who was named is in the bodies of the notices: the latest that told, and the latest that asked a next person. They
are read here once, so many obligations at a time.
"""

from collections.abc import Iterator
from typing import Any

import orjson
import sqlalchemy as sa
from alembic import op

from alertbus.sql.engine import UtcDateTime

revision = '0019'
down_revision = '0018'
branch_labels = None
depends_on = None

ASKED, AT_ONCE = 'chronicle_asked', 500
OBLIGATION, ANSWERED = 'chronicle_obligation', 'ix_chronicle_obligation_answered'
OWED = sa.text(
    'SELECT id, agency, role, exercise, passed_to, state, severity_rank, since, due FROM chronicle_obligation WHERE id > :after '
    'ORDER BY id LIMIT :most'
).columns(since=UtcDateTime, due=UtcDateTime)
TOLD = sa.text(
    "SELECT obligation_id, deed, body FROM chronicle_notice WHERE obligation_id IN :ids AND deed IN ('deliver', 'amend', 'escalate') "
    'ORDER BY position, notice_id'
).bindparams(sa.bindparam('ids', expanding=True))


def upgrade() -> None:
    table = op.create_table(
        ASKED,
        sa.Column('obligation_id', sa.String(), nullable=False),
        sa.Column('whom', sa.String(), nullable=False),
        sa.Column('agency', sa.String(), nullable=False),
        sa.Column('waits', sa.Boolean(), nullable=False),
        sa.Column('severity_rank', sa.Integer(), nullable=False),
        sa.Column('since', UtcDateTime(timezone=True), nullable=False),
        sa.Column('due', UtcDateTime(timezone=True), nullable=True),
        sa.PrimaryKeyConstraint('obligation_id', 'whom', name=op.f(f'pk_{ASKED}')),
    )
    after, connection = '', op.get_bind()
    while some := connection.execute(OWED, {'after': after, 'most': AT_ONCE}).all():
        told: dict[str, dict[bool, tuple[str, str | None]]] = {}
        for obligation_id, deed, body in connection.execute(TOLD, {'ids': [row.id for row in some]}):
            said = orjson.loads(body)
            told.setdefault(obligation_id, {})[deed == 'escalate'] = said['obligation']['role'], said.get('recipient')
        if rows := [row for owed in some for row in rows_of(owed, set(told.get(owed.id, {}).values()))]:
            op.bulk_insert(table, rows)
        after = some[-1].id
    names = ['agency', 'waits', 'whom', 'severity_rank', 'since', 'obligation_id', 'due']
    op.create_index(f'ix_{ASKED}_inbox', ASKED, names)
    answered = sa.text('acknowledged_at IS NOT NULL')
    columns = ['agency', 'acknowledged_at', 'id']
    op.create_index(ANSWERED, OBLIGATION, columns, sqlite_where=answered, postgresql_where=answered)


def rows_of(owed: Any, people: set[tuple[str, str | None]]) -> Iterator[dict[str, Any]]:
    """The rows of an obligation, as `chronicle.asked_rows` writes them."""
    passed = set() if owed.passed_to is None else {(owed.role, owed.passed_to)}
    for role, named in people | passed:
        whom = [owed.exercise, *(text and text.replace('\0', '\ufffd') for text in (role, named))]
        yield {
            'obligation_id': owed.id,
            'whom': orjson.dumps(whom).decode(),
            'agency': owed.agency,
            'waits': owed.state not in {'acknowledged', 'withdrawn'},
            'severity_rank': owed.severity_rank,
            'since': owed.since,
            'due': owed.due,
        }


def downgrade() -> None:
    op.drop_index(ANSWERED, OBLIGATION)
    op.drop_table(ASKED)
