"""When a team is there, by the clock on the wall in the United Kingdom (STANDARDS section 12 for working days). Pure."""

from collections.abc import Iterator, Sequence
from datetime import date, datetime, timedelta

from alertbus.model.calendar import is_working_day
from alertbus.model.case import UK, in_uk
from alertbus.model.team import OpeningHours, Weekday

_DAY = timedelta(days=1)
_AHEAD = 15
"""Days in which the next opening is looked for: more than any run of weekend and holidays."""

_WEEK = tuple(Weekday)


def is_open(hours: Sequence[OpeningHours], at: datetime, bank_holidays: frozenset[date]) -> bool:
    """Whether the team is there. `bank_holidays`: those that the policy adds to the calendar's own."""
    return not hours or any(opens <= at < closes for opens, closes in openings(hours, at, at, bank_holidays))


def next_opening(hours: Sequence[OpeningHours], at: datetime, bank_holidays: frozenset[date]) -> datetime | None:
    """When it opens next, after that moment; None for a team that is always there, or does not open within a fortnight."""
    until = at + _AHEAD * _DAY if at.year < date.max.year else at
    return min((opens for opens, _ in openings(hours, at, until, bank_holidays) if opens > at), default=None)


def openings(
    hours: Sequence[OpeningHours], since: datetime, until: datetime, bank_holidays: frozenset[date]
) -> Iterator[tuple[datetime, datetime]]:
    """Yield when it opens and closes, of every day from the eve of the first to that of the last."""
    first, last = in_uk(since).date(), in_uk(until).date()
    day = first if first == date.min else first - _DAY
    while day <= last:
        for one in hours:
            if _opens_on(one, day, bank_holidays) and day < date.max:
                over = _DAY if one.closes <= one.opens else timedelta(0)
                yield datetime.combine(day, one.opens, UK), datetime.combine(day + over, one.closes, UK)
        if day == date.max:
            return
        day += _DAY


def _opens_on(hours: OpeningHours, day: date, bank_holidays: frozenset[date]) -> bool:
    return _WEEK[day.weekday()] in hours.days if hours.days else is_working_day(day, bank_holidays)
