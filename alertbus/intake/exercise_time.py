"""When something counts that a person says in an exercise: by the exercise's own clock, which whoever plays it moves."""

from datetime import datetime

from alertbus.directory.exercise_clocks import ExerciseClocks
from alertbus.sql.database import Database
from alertbus.sql.engine import database_faults


async def exercise_time(engine: Database, exercise: str, not_before: datetime) -> datetime:
    """Give where the exercise's clock stands; before it was first moved, and where that is later, the moment of what it is about."""
    with database_faults():
        clock, _ = await ExerciseClocks(engine).of_exercise(exercise)
    return max(clock, not_before) if clock else not_before
