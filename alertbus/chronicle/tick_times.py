"""How late the ticks of real cases were: of each minute the worst, kept for a week. For whoever asks whether time comes late to cases."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any, NamedTuple

from sqlalchemy import Connection, Insert, case, delete, func, select
from sqlalchemy.dialects import postgresql, sqlite

from alertbus.chronicle import tables
from alertbus.chronicle.views import answered
from alertbus.model.base import INSTANT
from alertbus.model.events import Tick
from alertbus.sql.compiled import CompiledStatement
from alertbus.sql.database import Database

LATELY = timedelta(minutes=5)
"""Over which time the worst is told. Chosen: longer than any scrape's interval, so that no tick falls between two."""

KEPT = timedelta(days=7)
"""How long a minute is kept. Chosen: whoever asks on Monday sees what the weekend was like."""

_minute = tables.tick_minute.c


class TickTimes(NamedTuple):
    """Of the ticks of a while: how many, and how many seconds after its moment the latest was written. None where there was none."""

    ticks: int
    worst_s: float | None


def tick_row(tick: Tick, written_at: datetime) -> dict[str, Any]:
    """The row of one tick, from the time of its record. It says `(moment - 1 us, now]`, so its moment is an instant after `since`."""
    late = written_at - (tick.since + INSTANT)
    return {"minute": written_at.replace(second=0, microsecond=0), "worst_ms": max(0, round(late.total_seconds() * 1000)), "ticks": 1}


def write_ticks(connection: Connection, rows: Sequence[dict[str, Any]]) -> int:
    """Add these ticks to their minutes, and forget minutes that are too old. Each row is written once: the caller keeps its progress."""
    minutes: dict[datetime, dict[str, Any]] = {}
    for row in rows:
        known = minutes.setdefault(row["minute"], row | {"ticks": 0})
        known["ticks"] += row["ticks"]
        known["worst_ms"] = max(known["worst_ms"], row["worst_ms"])
    _ADD.execute(connection, list(minutes.values()))
    connection.execute(delete(tables.tick_minute).where(_minute.minute < max(minutes) - KEPT))
    return len(rows)


def _added(dialect_name: str) -> Insert:
    statement: sqlite.Insert | postgresql.Insert = (sqlite if dialect_name == "sqlite" else postgresql).insert(tables.tick_minute)
    new = statement.excluded
    worst = case((new.worst_ms > _minute.worst_ms, new.worst_ms), else_=_minute.worst_ms)
    added = {"worst_ms": worst, "ticks": _minute.ticks + new.ticks}
    return statement.on_conflict_do_update(index_elements=[_minute.minute], set_=added)


_ADD = CompiledStatement(_added)


async def tick_times(engine: Database, now: datetime) -> TickTimes:
    """Give how late ticks were of late. Raises `DatabaseUnavailable`."""
    query = select(func.coalesce(func.sum(_minute.ticks), 0), func.max(_minute.worst_ms)).where(_minute.minute >= now - LATELY)

    def found(connection: Connection) -> TickTimes:
        ticks, worst_ms = connection.execute(query).one()
        return TickTimes(int(ticks), None if worst_ms is None else worst_ms / 1000)

    return await answered(engine, found)
