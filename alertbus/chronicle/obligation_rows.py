"""How obligations are written: counted by their state, and with the number of the change, by which the feed finds what it has not told."""

import time
from collections.abc import Sequence
from functools import partial
from typing import Any

from sqlalchemy import Connection, bindparam

from alertbus.chronicle import tables
from alertbus.chronicle.kept_counts import count_changes
from alertbus.sql.compiled import CompiledStatement
from alertbus.sql.engine import upsert

ObligationRow = dict[str, Any]
"""A row of `chronicle_obligation` without the number of its change."""

_ANSWERED = ("state", "acknowledged_by", "acknowledged_at", "acknowledged_intent")
"""The columns that receipts decide."""

COLUMNS = tuple(column.name for column in tables.obligation.columns if column.name != "changed")
_OWED = [name for name in COLUMNS if name != "id"]
_SAID_BY_NOTICES = [name for name in _OWED if name not in _ANSWERED]
_OWE = CompiledStatement(partial(upsert, tables.obligation, update=[*_OWED, "changed"]))
_ANSWER = CompiledStatement(tables.obligation.update().where(tables.obligation.c.id == bindparam("id")), [*_ANSWERED, "changed"])


def write_obligations(connection: Connection, standing: Sequence[tuple[ObligationRow | None, ObligationRow]]) -> None:
    """Write obligations as they now stand, each once, with how they stood before: every one that a new notice or receipt is about, whether
    its own row differs or not.

    For whoever holds the chronicle's lock (`sql.locks`), within their transaction. So numbers grow in the order of the commits, and
    whoever sees one sees all that are smaller.
    """
    if not standing:
        return
    number = _next_number(connection)
    before, after = [row for row, _ in standing if row is not None], [row for _, row in standing]
    count_changes(connection, [(row["state"], row["exercise"]) for row in before], [(row["state"], row["exercise"]) for row in after])
    owed: list[ObligationRow] = []
    answered: list[ObligationRow] = []
    for was, now in standing:
        only_answers = was is not None and all(now[name] == was[name] for name in _SAID_BY_NOTICES)
        (answered if only_answers else owed).append({**now, "changed": number})
    if owed:
        _OWE.execute(connection, owed)
    if answered:
        _ANSWER.execute(connection, answered)


def _next_number(connection: Connection) -> int:
    """One more than the highest, and not below the clock's microseconds: a chronicle that was dropped and is written again goes on above
    what it had come to, so that whoever follows it misses nothing.
    """
    highest = connection.exec_driver_sql("SELECT max(changed) FROM chronicle_obligation").scalar_one() or 0
    return max(int(highest) + 1, time.time_ns() // 1_000)
