"""How long what waits for an answer has waited, by team and never by person (NOT-24), from the index that tells of whom it is asked.

Which team something falls to changes with every absence, so it stands in no row: whoever asks says it of each role and named person.
"""

from collections import defaultdict
from collections.abc import Callable, Sequence
from datetime import datetime, timedelta

from sqlalchemy import Connection, case, func, literal, select, union

from alertbus.chronicle import tables
from alertbus.chronicle.asked_rows import AskedOf
from alertbus.chronicle.views import AT_ONCE, answered
from alertbus.chronicle.worker_inbox import each_value
from alertbus.model.base import Word
from alertbus.sql.database import Database

_asked = tables.asked.c

BANDS: tuple[tuple[str, timedelta], ...] = (
    ("hour", timedelta(hours=1)),
    ("day", timedelta(days=1)),
    ("three_days", timedelta(days=3)),
    ("week", timedelta(days=7)),
)
"""The bands of `UnansweredAges` but for the last, with the age up to which each reaches (ours)."""


class UnansweredAges(Word):
    """How many alerts wait for an answer of a team, each in one band by when the team's agency was first asked. Real ones alone."""

    team: str | None
    """Its id; None for what falls to nobody in a team."""
    hour: int = 0
    """For an hour at most."""
    day: int = 0
    """For longer than that, and a day at most; and so on."""
    three_days: int = 0
    week: int = 0
    longer: int = 0
    overdue: int = 0
    """Of all of them: those whose time has passed."""

    @property
    def every(self) -> int:
        return self.hour + self.day + self.three_days + self.week + self.longer


async def unanswered_ages(engine: Database, agency: str, team_of: Callable[[AskedOf], str | None], now: datetime) -> list[UnansweredAges]:
    """Count what waits at the agency, for each team that it falls to; what falls to none last. One that is asked of two teams counts at
    both.
    """

    def found(connection: Connection) -> list[UnansweredAges]:
        whose: defaultdict[str | None, list[str]] = defaultdict(list)
        for whom in each_value(connection, _asked.whom, _asked.agency == agency, _asked.waits == literal(value=True)):
            asked = AskedOf.read(agency, whom)
            if asked.exercise is None:
                whose[team_of(asked)].append(whom)
        order = [*sorted(filter(None, whose)), *([None] if None in whose else [])]
        return [_counted(connection, agency, team, whose[team], now) for team in order]

    return await answered(engine, found)


def _counted(connection: Connection, agency: str, team: str | None, whoms: Sequence[str], now: datetime) -> UnansweredAges:
    there = _asked.agency == agency, _asked.waits == literal(value=True)
    parts = [
        select(_asked.obligation_id, _asked.since, _asked.due).where(*there, _asked.whom.in_(whoms[start : start + AT_ONCE]))
        for start in range(0, len(whoms), AT_ONCE)
    ]
    each = union(*parts).subquery() if len(parts) > 1 else parts[0].distinct().subquery()
    band = case(*((each.c.since >= now - reach, name) for name, reach in BANDS), else_="longer").label("band")
    late = func.sum(case((each.c.due < now, 1), else_=0))
    rows = connection.execute(select(band, func.count(), late).group_by(band)).all()
    numbers = {row[0]: int(row[1]) for row in rows}
    return UnansweredAges(team=team, overdue=sum(int(row[2] or 0) for row in rows), **numbers)
