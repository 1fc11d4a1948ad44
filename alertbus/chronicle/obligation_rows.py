"""How obligations are written: counted by their state, and with the number of the change, by which the feed finds what it has not told."""

import time
from collections.abc import Iterable
from functools import partial
from operator import itemgetter

from sqlalchemy import Connection, Update, bindparam

from alertbus.chronicle import tables
from alertbus.chronicle.asked_rows import AskedRow, asked_of, write_asked
from alertbus.chronicle.kept_counts import count_changes
from alertbus.chronicle.recent_obligations import KnownObligation, ObligationRow
from alertbus.sql.compiled import CompiledStatement
from alertbus.sql.engine import upsert

_COLUMNS = [column.name for column in tables.obligation.columns if not column.primary_key]
_ANSWERED = (
    "state",
    "acknowledged_by",
    "acknowledged_at",
    "acknowledged_intent",
    "passed_to",
    "accepted",
    "acted_by",
    "acted_at",
)
"""The columns that receipts decide."""
_by_receipts = itemgetter(*_ANSWERED)
_by_notices = itemgetter(*(name for name in _COLUMNS if name not in (*_ANSWERED, "changed")))


def _update(_: str) -> Update:
    return tables.obligation.update().where(tables.obligation.c.id == bindparam("id"))


_OWE = CompiledStatement(partial(upsert, tables.obligation, update=_COLUMNS))
_ANSWER = CompiledStatement(_update, (*_ANSWERED, "changed"))
_TOUCH = CompiledStatement(_update, ("changed",))


def write_obligations(connection: Connection, touched: Iterable[KnownObligation]) -> None:
    """Write obligations as they now stand, each once: every one that a new notice or receipt is about, whether its own row differs or not.

    For whoever holds the chronicle's lock (`sql.locks`), within their transaction. So numbers grow in the order of the commits, and
    whoever sees one sees all that are smaller.
    """
    standing = [(known, row) for known in touched if (row := known.derived()) is not None]
    if not standing:
        return
    count_changes(
        connection,
        [(known.row["state"], known.row["exercise"]) for known, _ in standing if known.row is not None],
        [(row["state"], row["exercise"]) for _, row in standing],
    )
    number = _next_number(connection)
    by_statement: dict[CompiledStatement, list[ObligationRow]] = {_OWE: [], _ANSWER: [], _TOUCH: []}
    stood: set[AskedRow] = set()
    stands: set[AskedRow] = set()
    for known, row in standing:
        by_statement[_statement(known.row, row)].append({**row, "changed": number})
        asked = asked_of(known.notices, row)
        stood |= known.asked - asked
        stands |= asked - known.asked
        known.row, known.asked = row, asked
    write_asked(connection, stood, stands)
    for statement, rows in by_statement.items():
        if rows:
            statement.execute(connection, rows)


def _statement(before: ObligationRow | None, now: ObligationRow) -> CompiledStatement:
    """The least that must be written: each column costs the indexes in which it stands."""
    if before is None or _by_notices(now) != _by_notices(before):
        return _OWE
    return _ANSWER if _by_receipts(now) != _by_receipts(before) else _TOUCH


def _next_number(connection: Connection) -> int:
    """One more than the highest, and not below the clock's microseconds: a chronicle that was dropped and is written again goes on above
    what it had come to, so that whoever follows it misses nothing.
    """
    highest = connection.exec_driver_sql("SELECT max(changed) FROM chronicle_obligation").scalar_one() or 0
    return max(int(highest) + 1, time.time_ns() // 1_000)
