"""what is owed by a time, as it stands, and which agencies are on which case

Revision: 0014, after 0013. The agencies are those of each case's latest version. There are no items before this version of the bus.
"""

import json
from collections.abc import Iterator
from datetime import date, datetime, time
from typing import Any
from zoneinfo import ZoneInfo

import sqlalchemy as sa
from alembic import op

from alertbus.sql.engine import UtcDateTime

revision = '0014'
down_revision = '0013'
branch_labels = None
depends_on = None

ITEM, AGENCY = 'chronicle_item', 'chronicle_case_agency'
INDEXES = (
    ('case', ['case_id', 'due_or_never', 'id'], None),
    ('alert', ['alert_id'], None),
    ('agency', ['agency', 'due_or_never', 'id'], 'open'),
    ('open', ['due_or_never', 'id', 'exercise'], 'open'),
    ('overdue', ['due_or_never', 'id', 'exercise'], 'overdue'),
    ('unowned', ['unowned_since', 'id', 'exercise', 'agency'], 'unowned_since IS NOT NULL'),
    ('exercise', ['exercise', 'due_or_never', 'id'], 'exercise IS NOT NULL'),
)
UK = ZoneInfo('Europe/London')


def upgrade() -> None:
    op.create_table(
        ITEM,
        sa.Column('id', sa.String(), nullable=False),
        sa.Column('case_id', sa.String(), nullable=False),
        sa.Column('agency', sa.String(), nullable=False),
        sa.Column('rule', sa.String(), nullable=False),
        sa.Column('alert_id', sa.String(), nullable=True),
        sa.Column('state', sa.String(), nullable=False),
        sa.Column('due_or_never', UtcDateTime(timezone=True), nullable=False),
        sa.Column('open', sa.Boolean(), nullable=False),
        sa.Column('overdue', sa.Boolean(), nullable=False),
        sa.Column('unowned_since', UtcDateTime(timezone=True), nullable=True),
        sa.Column('exercise', sa.String(), nullable=True),
        sa.Column('body', sa.LargeBinary(), nullable=False),
        sa.Column('position', sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint('id', name=op.f(f'pk_{ITEM}')),
    )
    for name, columns, condition in INDEXES:
        only = None if condition is None else sa.text(condition)
        op.create_index(f'ix_{ITEM}_{name}', ITEM, columns, sqlite_where=only, postgresql_where=only)
    agencies = op.create_table(
        AGENCY,
        sa.Column('case_id', sa.String(), nullable=False),
        sa.Column('number', sa.Integer(), nullable=False),
        sa.Column('agency', sa.String(), nullable=False),
        sa.Column('children', sa.Boolean(), nullable=False),
        sa.Column('serves', sa.String(), nullable=True),
        sa.Column('begins', UtcDateTime(timezone=True), nullable=True),
        sa.Column('ends', UtcDateTime(timezone=True), nullable=True),
        sa.Column('exercise', sa.String(), nullable=True),
        sa.PrimaryKeyConstraint('case_id', 'number', name=op.f(f'pk_{AGENCY}')),
    )
    op.create_index(f'ix_{AGENCY}_agency', AGENCY, ['agency', 'case_id'])
    latest = (
        'SELECT v.body FROM chronicle_case_version v WHERE v.version = '
        '(SELECT MAX(w.version) FROM chronicle_case_version w WHERE w.case_id = v.case_id)'
    )
    found = op.get_bind().exec_driver_sql(latest)
    while some := found.fetchmany(500):
        if rows := [row for (body,) in some for row in agencies_of(json.loads(bytes(body)))]:
            op.bulk_insert(agencies, rows)


def agencies_of(case: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """The rows of a case, as `chronicle.case_agencies` writes them."""
    for number, one in enumerate(case.get('involvements') or ()):
        if (one.get('level') or 'agency') != 'agency':
            continue
        begun, known = day(one.get('from'), time.min), day(one.get('known_at'), time.min)
        yield {
            'case_id': case['id'],
            'number': number,
            'agency': one['agency'],
            'children': (one.get('scope') or 'children_case') != 'adult_linked',
            'serves': json.dumps(sorted(one['children']), separators=(',', ':')) if one.get('children') else None,
            'begins': max(begun, known) if begun and known else begun or known,
            'ends': day(one.get('to'), time.max),
            'exercise': case.get('exercise'),
        }


def day(value: str | None, of_day: time) -> datetime | None:
    """The moment that a case's day or moment means."""
    if value is None:
        return None
    if len(value) > len('2026-07-01'):
        return datetime.fromisoformat(value)
    return datetime.combine(date.fromisoformat(value), of_day, UK)


def downgrade() -> None:
    op.drop_table(AGENCY)
    op.drop_table(ITEM)
