"""The clocks of exercises. A real case follows the world's clock, by the stream worker that owns its partition (decision 0024); an exercise
has a clock of its own, which moves only when whoever plays the exercise moves it.
"""

from datetime import datetime

from sqlalchemy import select

from alertbus.directory.tables import case_version, exercise_clock
from alertbus.sql.database import Database
from alertbus.sql.engine import reading, upsert


class ExerciseClocks:
    """Where they stand, in one database. Every method is safe to repeat."""

    def __init__(self, engine: Database) -> None:
        self._engine = engine

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
