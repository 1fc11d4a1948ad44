"""Numbers that are kept, because counting a county's obligations would read all of them: what `status` says.

They are changed in the transaction that changes the rows, by what it changes: a record that is repeated makes no row and counts nothing,
and a rebuild counts from none, because these rows go with the others. Open obligations alone could be counted by index; most are closed.
"""

from collections import Counter
from collections.abc import Iterable, Sequence
from enum import StrEnum
from typing import Any

from sqlalchemy import Connection, Table, or_, select
from sqlalchemy.dialects import postgresql, sqlite

from alertbus.chronicle import tables


class Counted(StrEnum):
    """What is counted beside the obligations, which are counted by their state."""

    STATEMENTS = "statements"
    ALERTS = "alerts"
    CASES = "cases"


Kept = tuple[str, str | None]
"""A state or a `Counted`, and the exercise; None for what is real."""


def counts(connection: Connection, exercise: str | None) -> Counter[str]:
    """Give the numbers of one exercise, or of what is real, by what is counted."""
    kept = tables.count.c
    return Counter(
        {row.counted: row.number for row in connection.execute(select(kept.counted, kept.number).where(kept.exercise == (exercise or "")))}
    )


def count_changes(connection: Connection, before: Iterable[Kept], after: Iterable[Kept]) -> None:
    """Count what was there no longer, and what is there now. For whoever holds the chronicle's lock, with the rows."""
    changes = Counter(after)
    changes.subtract(before)
    rows = [{"counted": counted, "exercise": exercise or "", "number": number} for (counted, exercise), number in changes.items() if number]
    if rows:
        statement = (sqlite if connection.dialect.name == "sqlite" else postgresql).insert(tables.count)
        added = tables.count.c.number + statement.excluded.number
        connection.execute(statement.on_conflict_do_update(index_elements=["counted", "exercise"], set_={"number": added}), rows)


def count_arrivals(connection: Connection, table: Table, rows: Sequence[dict[str, Any]]) -> None:
    """Count those of these rows that are not there yet: statements and their alerts, or cases. Call it before they are written."""
    if table is tables.alert:
        said = table.c
        of_batch = or_(said.alert_id.in_(_values(rows, "alert_id")), said.statement_id.in_(_values(rows, "statement_id")))
        there = connection.execute(select(said.statement_id, said.alert_id, said.exercise).where(of_batch)).all()
        known = {row.statement_id for row in there}
        new = {row["statement_id"]: row for row in reversed(rows) if row["statement_id"] not in known}.values()
        alerts = {(row["alert_id"], row["exercise"]) for row in new} - {(row.alert_id, row.exercise) for row in there}
        statements: list[Kept] = [(Counted.STATEMENTS, row["exercise"]) for row in new]
        count_changes(connection, (), [*statements, *((Counted.ALERTS, exercise) for _, exercise in alerts)])
    elif table is tables.case_version:
        kept = table.c
        of_batch = kept.case_id.in_(_values(rows, "case_id"))
        seen = connection.execute(select(kept.case_id, kept.version, kept.exercise).where(of_batch)).all()
        versions = {(row.case_id, row.version) for row in seen}
        first = {key: row for row in reversed(rows) if (key := (row["case_id"], row["version"])) not in versions}.values()
        cases = {(row["case_id"], row["exercise"]) for row in first} - {(row.case_id, row.exercise) for row in seen}
        count_changes(connection, (), [(Counted.CASES, exercise) for _, exercise in cases])


def _values(rows: Sequence[dict[str, Any]], name: str) -> list[str]:
    return sorted({row[name] for row in rows})
