"""The plain facts from which what is owed is computed anew, and how time is counted there (`items_from_scratch`): shares no code with the bus."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from typing import Any, NamedTuple
from zoneinfo import ZoneInfo

LONDON = ZoneInfo("Europe/London")
NEVER = datetime(9000, 1, 1, tzinfo=UTC)
ALWAYS = datetime(1000, 1, 1, tzinfo=UTC)
HIDDEN = {"nspcc_concern", "concealed_pregnancy_concern"}
"""Kinds whose sources must stay unknown."""
BANK_HOLIDAYS = {
    date.fromisoformat(day)
    for day in [
        "2026-01-01",
        "2026-04-03",
        "2026-04-06",
        "2026-05-04",
        "2026-05-25",
        "2026-08-31",
        "2026-12-25",
        "2026-12-28",
        "2027-01-01",
        "2027-03-26",
        "2027-03-29",
        "2027-05-03",
        "2027-05-31",
        "2027-08-30",
        "2027-12-27",
        "2027-12-28",
    ]
}


@dataclass(frozen=True)
class Said:
    """One statement: of which alert, doing what, when, about whom."""

    alert: str
    action: str
    kind: str
    source: str
    happened: datetime
    told: datetime
    first_told: datetime
    about: str
    details: Mapping[str, Any]
    history: bool = False

    @property
    def by_day(self) -> bool:
        """Nobody may know at which minute it happened."""
        return self.kind in HIDDEN

    def value(self, path: str) -> Any:
        section, _, name = path.partition(".")
        found = self.details.get(section)
        return found.get(name) if isinstance(found, Mapping) else None


class Span(NamedTuple):
    start: datetime
    end: datetime

    def holds(self, moment: datetime) -> bool:
        return self.start <= moment <= self.end


@dataclass(frozen=True)
class Family:
    """A case in plain words: since when each person is linked, which agencies are there, on which plans the children are, who died."""

    children: Sequence[str]
    linked: Mapping[str, datetime]
    relations: Mapping[str, str]
    agencies: Mapping[str, tuple[str, Span]]
    plans: Sequence[tuple[Sequence[str], Span]]


@dataclass(frozen=True)
class Stop:
    """A clock that a person stopped, or let run again, or a reason that they gave."""

    rule: str
    alert: str
    what: str
    reason: str
    at: datetime


class Owed(NamedTuple):
    """One item, as it must be."""

    due: datetime | None
    state: str
    closed_by: str | None
    closed_at: datetime | None
    agency: str
    lapsed_at: datetime | None
    chased: bool
    """Somebody may still be asked because of its lapse."""
    over_at: datetime | None


Key = tuple[str, str, str]
"""The rule, the alert that opened it (or the case, with the moment), and the child."""


def is_stated(one: Said, path: str) -> bool:
    value = one.details.get(path) if path == "review_on" else one.value(path)
    return value is not None and value != []


def plain_words(value: Any) -> Any:
    return " ".join(value.lower().split()) if isinstance(value, str) else value


def start_of_day(moment: datetime) -> datetime:
    return datetime.combine(moment.astimezone(LONDON).date(), time(0), LONDON)


def is_worked(day: date) -> bool:
    return day.weekday() < 5 and day not in BANK_HOLIDAYS


def end_of_day(day: date) -> datetime:
    return datetime.combine(day, time(23, 59, 59), LONDON)


def later(moment: datetime, within: Mapping[str, int]) -> datetime:
    ((unit, number),) = within.items()
    day = moment.astimezone(LONDON).date()
    match unit:
        case "working_days":
            while number:
                day += timedelta(days=1)
                number -= is_worked(day)
            return end_of_day(day)
        case "days" | "weeks":
            # the day on which so many times 24 hours have passed
            return end_of_day((moment + timedelta(**{unit: number})).astimezone(LONDON).date())
        case _:
            return moment + timedelta(**{unit: number})


def put_off(due: datetime, by: timedelta, *, working: bool) -> datetime:
    later = due + by
    if due.astimezone(LONDON).time() != time(23, 59, 59):
        return later
    day = later.astimezone(LONDON).date()
    while working and not is_worked(day):
        day += timedelta(days=1)
    return end_of_day(day)
