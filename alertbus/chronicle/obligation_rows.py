"""How obligations are written: counted by their state, and with the number of the change, by which the feed finds what it has not told."""

import time
from collections.abc import Sequence
from typing import Any

from sqlalchemy import Connection, func, select

from alertbus.chronicle import tables
from alertbus.chronicle.kept_counts import count_changes
from alertbus.sql.engine import upsert

_COLUMNS = [column.name for column in tables.obligation.columns if not column.primary_key]


def write_obligations(connection: Connection, rows: Sequence[dict[str, Any]]) -> None:
    """Write obligations as they now stand, each once: every one that a new notice or receipt is about, whether its own row differs or not.

    For whoever holds the chronicle's lock (`sql.locks`), within their transaction. So numbers grow in the order of the commits, and
    whoever sees one sees all that are smaller.
    """
    if not rows:
        return
    owed, number = tables.obligation.c, _next_number(connection)
    before = connection.execute(select(owed.state, owed.exercise).where(owed.id.in_([row["id"] for row in rows])))
    count_changes(connection, [(row.state, row.exercise) for row in before], [(row["state"], row["exercise"]) for row in rows])
    statement = upsert(tables.obligation, connection.dialect.name, update=_COLUMNS)
    connection.execute(statement, [{**row, "changed": number} for row in rows])


def _next_number(connection: Connection) -> int:
    """One more than the highest, and not below the clock's microseconds: a chronicle that was dropped and is written again goes on above
    what it had come to, so that whoever follows it misses nothing.
    """
    highest = connection.execute(select(func.max(tables.obligation.c.changed))).scalar_one() or 0
    return max(int(highest) + 1, time.time_ns() // 1_000)
