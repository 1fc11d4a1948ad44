"""whom each case names for its agencies, and which role owes an item, so that what one person owes is found by index

Revision: 0021, after 0020. Both stand in bodies that are here: the latest version of each case, and each item as it was last said.
"""

import json
from collections.abc import Iterator
from datetime import date, datetime, time
from typing import Any
from zoneinfo import ZoneInfo

import orjson
import sqlalchemy as sa
from alembic import op

from alertbus.sql.engine import UtcDateTime

revision = '0021'
down_revision = '0020'
branch_labels = None
depends_on = None

ITEM, WORKER, AT_ONCE = 'chronicle_item', 'chronicle_case_worker', 500
UK = ZoneInfo('Europe/London')
ITEMS = sa.text('SELECT id, body FROM chronicle_item WHERE id > :after ORDER BY id LIMIT :most')
LATEST = sa.text(
    'SELECT v.case_id, v.body FROM chronicle_case_version v WHERE v.case_id > :after AND v.version = '
    '(SELECT MAX(w.version) FROM chronicle_case_version w WHERE w.case_id = v.case_id) ORDER BY v.case_id LIMIT :most'
)


def upgrade() -> None:
    connection = op.get_bind()
    op.add_column(ITEM, sa.Column('owner', sa.String(), nullable=False, server_default=''))
    for some in pages(ITEMS):
        owners = [{'item': row[0], 'owner': owner_of(json.loads(bytes(row[1])))} for row in some]
        connection.execute(sa.text('UPDATE chronicle_item SET owner = :owner WHERE id = :item'), owners)
    clocks = sa.text("open AND rule <> 'answer'")
    columns = ['agency', 'owner', 'due_or_never', 'id']
    op.create_index(f'ix_{ITEM}_owner', ITEM, columns, sqlite_where=clocks, postgresql_where=clocks)
    workers = op.create_table(
        WORKER,
        sa.Column('case_id', sa.String(), nullable=False),
        sa.Column('number', sa.Integer(), nullable=False),
        sa.Column('agency', sa.String(), nullable=False),
        sa.Column('level', sa.String(), nullable=False),
        sa.Column('whom', sa.String(), nullable=False),
        sa.Column('begins', UtcDateTime(timezone=True), nullable=True),
        sa.Column('ends', UtcDateTime(timezone=True), nullable=True),
        sa.PrimaryKeyConstraint('case_id', 'number', name=op.f(f'pk_{WORKER}')),
    )
    for some in pages(LATEST):
        if rows := [row for _, body in some for row in workers_of(json.loads(bytes(body)))]:
            op.bulk_insert(workers, rows)
    op.create_index(f'ix_{WORKER}_whom', WORKER, ['agency', 'whom', 'case_id'])


def pages(query: sa.TextClause) -> Iterator[list[Any]]:
    after = ''
    while some := list(op.get_bind().execute(query, {'after': after, 'most': AT_ONCE}).all()):
        yield some
        after = some[-1][0]


def owner_of(item: dict[str, Any]) -> str:
    """As `chronicle.item_rows` writes it."""
    return orjson.dumps([item.get('exercise'), item['role']]).decode()


def workers_of(case: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """The rows of a case, as `chronicle.case_agencies` writes them."""
    for number, one in enumerate(case.get('involvements') or ()):
        level = one.get('level') or 'agency'
        if level == 'agency' or not one.get('worker') or not (one.get('from') or one.get('to')):
            continue
        begun, known = day(one.get('from'), time.min), day(one.get('known_at'), time.min)
        yield {
            'case_id': case['id'],
            'number': number,
            'agency': one['agency'],
            'level': level,
            'whom': orjson.dumps([case.get('exercise'), level, one['worker']]).decode(),
            'begins': max(begun, known) if begun and known else begun or known,
            'ends': day(one.get('to'), time.max),
        }


def day(value: str | None, of_day: time) -> datetime | None:
    """The moment that a case's day or moment means."""
    if value is None:
        return None
    if len(value) > len('2026-07-01'):
        return datetime.fromisoformat(value)
    return datetime.combine(date.fromisoformat(value), of_day, UK)


def downgrade() -> None:
    op.drop_table(WORKER)
    op.drop_index(f'ix_{ITEM}_owner', ITEM)
    op.drop_column(ITEM, 'owner')
