"""Numbers that are kept, because counting a county's obligations would read all of them: what `status` says.

They are changed in the transaction that changes the rows, by what it changes: a record that is repeated makes no row and counts nothing,
and a rebuild counts from none, because these rows go with the others. Open obligations alone could be counted by index; most are closed.
"""

from collections import Counter
from collections.abc import Iterable, Sequence
from enum import StrEnum
from typing import Any

from sqlalchemy import Column, ColumnElement, Connection, Insert, Table, bindparam, select, union
from sqlalchemy.dialects import postgresql, sqlite

from alertbus.chronicle import tables
from alertbus.sql.compiled import CompiledStatement


class Counted(StrEnum):
    """What is counted beside the obligations, which are counted by their state."""

    STATEMENTS = "statements"
    ALERTS = "alerts"
    CASES = "cases"
    ITEMS_OPEN = "items_open"
    """Owed by a time and not recorded, in time or late; answers of which a step was taken are among them."""
    ITEMS_OVERDUE = "items_overdue"
    ITEMS_UNOWNED = "items_unowned"
    """Every step is taken and nobody by name has answered."""
    CLOCKS_MET = "clocks_met"
    """Recorded in time: of the policy's rules, and no answers."""
    CLOCKS_MISSED = "clocks_missed"
    """Recorded late or not at all: of the policy's rules, and no answers."""


OneCounted = tuple[str, str | None]
"""A state or a `Counted`, and the exercise; None for what is real."""


def _add(dialect_name: str) -> Insert:
    statement: sqlite.Insert | postgresql.Insert = (sqlite if dialect_name == "sqlite" else postgresql).insert(tables.count)
    added = tables.count.c.number + statement.excluded.number
    return statement.on_conflict_do_update(index_elements=["counted", "exercise"], set_={"number": added})


_ADD = CompiledStatement(_add)


def counts(connection: Connection, exercise: str | None) -> Counter[str]:
    """Give the numbers of one exercise, or of what is real, by what is counted."""
    kept = tables.count.c
    return Counter(
        {row.counted: row.number for row in connection.execute(select(kept.counted, kept.number).where(kept.exercise == (exercise or "")))}
    )


def count_changes(connection: Connection, before: Iterable[OneCounted], after: Iterable[OneCounted]) -> None:
    """Count what was there no longer, and what is there now. For whoever holds the chronicle's lock, with the rows."""
    changes = Counter(after)
    changes.subtract(before)
    rows = [{"counted": counted, "exercise": exercise or "", "number": number} for (counted, exercise), number in changes.items() if number]
    if rows:
        _ADD.execute(connection, rows)


def count_arrivals(connection: Connection, table: Table, rows: Sequence[dict[str, Any]]) -> None:
    """Count those of these rows that are not there yet: statements and their alerts, or cases. Call it before they are written."""
    if table is tables.alert:
        there = _STATED.run(connection, {"alerts": _values(rows, "alert_id"), "statements": _values(rows, "statement_id")})
        known = {statement_id for statement_id, _, _ in there}
        new = {row["statement_id"]: row for row in reversed(rows) if row["statement_id"] not in known}.values()
        alerts = {(row["alert_id"], row["exercise"]) for row in new} - {(alert_id, exercise) for _, alert_id, exercise in there}
        statements: list[OneCounted] = [(Counted.STATEMENTS, row["exercise"]) for row in new]
        count_changes(connection, (), [*statements, *((Counted.ALERTS, exercise) for _, exercise in alerts)])
    elif table is tables.case_version:
        seen = _SNAPSHOTS.run(connection, {"cases": _values(rows, "case_id")})
        versions = {(case_id, version) for case_id, version, _ in seen}
        first = {key: row for row in reversed(rows) if (key := (row["case_id"], row["version"])) not in versions}.values()
        cases = {(row["case_id"], row["exercise"]) for row in first} - {(case_id, exercise) for case_id, _, exercise in seen}
        count_changes(connection, (), [(Counted.CASES, exercise) for _, exercise in cases])


def _among(column: Column[str], name: str) -> ColumnElement[bool]:
    return column.in_(bindparam(name, expanding=True))


_said, _kept = tables.alert.c, tables.case_version.c
_STATEMENT = select(_said.statement_id, _said.alert_id, _said.exercise)
_STATED = CompiledStatement(
    union(_STATEMENT.where(_among(_said.alert_id, "alerts")), _STATEMENT.where(_among(_said.statement_id, "statements")))
)
_SNAPSHOTS = CompiledStatement(select(_kept.case_id, _kept.version, _kept.exercise).where(_among(_kept.case_id, "cases")))


def _values(rows: Sequence[dict[str, Any]], name: str) -> list[str]:
    return sorted({row[name] for row in rows})
