"""When a case must be told that time has passed: the coming moments of real cases, and the clocks of exercises.

A real case follows the world's clock. Whenever one of its links or involvements begins later than the case was recorded,
a row in `directory_wake` says so, and the case is ticked at that moment. An exercise has a clock of its own, which moves
only when whoever plays the exercise moves it.
"""

from collections.abc import Collection
from datetime import datetime
from typing import Any

from sqlalchemy import delete, insert, select

from alertbus.directory.tables import case_version, exercise_clock, wake
from alertbus.model.case import Case
from alertbus.sql.database import Database, Transaction
from alertbus.sql.engine import reading, upsert


class CaseClocks:
    """The schedule of ticks over one database. Every method is safe to repeat."""

    def __init__(self, engine: Database) -> None:
        self._engine = engine

    async def due(self, now: datetime) -> list[tuple[str, datetime]]:
        """Give the real cases on which something begins by `now`, each with that moment, the earliest first."""
        async with reading(self._engine) as connection:
            rows = await connection.execute(select(wake.c.case_id, wake.c.at).where(wake.c.at <= now).order_by(wake.c.at, wake.c.case_id))
            return [(row.case_id, row.at) for row in rows]

    async def ticked(self, due: Collection[tuple[str, datetime]]) -> None:
        """Strike these off the schedule: their ticks are on the broker."""
        async with self._engine.begin() as connection:
            for case_id, at in due:
                await connection.execute(delete(wake).where(wake.c.case_id == case_id, wake.c.at == at))

    async def of_exercise(self, exercise: str) -> tuple[datetime | None, list[str]]:
        """Give where the exercise's clock stands, None before it was first moved, and the cases that follow it."""
        async with reading(self._engine) as connection:
            at = await connection.execute(select(exercise_clock.c.at).where(exercise_clock.c.exercise == exercise))
            query = select(case_version.c.case_id).where(case_version.c.exercise == exercise).order_by(case_version.c.case_id)
            return at.scalar_one_or_none(), list((await connection.execute(query)).scalars())

    async def advance(self, exercise: str, to: datetime) -> None:
        """Move the exercise's clock forward. An earlier moment than where it stands leaves it there."""
        async with self._engine.begin() as connection:
            forward = upsert(exercise_clock, connection.dialect.name, update=["at"], newer="at")
            await connection.execute(forward, [{"exercise": exercise, "at": to}])


async def set_wakes(connection: Transaction, case: Case, now: datetime) -> None:
    """Replace the case's schedule by what its present version says, within the caller's transaction."""
    await connection.execute(delete(wake).where(wake.c.case_id == case.id))
    if rows := wakes_of(case, now):
        await connection.execute(insert(wake), rows)


def wakes_of(case: Case, now: datetime) -> list[dict[str, Any]]:
    """Give the rows of the schedule for a case: none for one of an exercise."""
    if case.exercise is not None:
        return []
    begins = {spell.since for spell in (*case.links, *case.involvements) if spell.since and spell.since > now}
    return [{"case_id": case.id, "at": moment} for moment in sorted(begins)]
