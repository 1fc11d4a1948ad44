"""The moments of an item: by when, as a statement or a rule says it, and the morning on which somebody is reminded. Pure."""

from datetime import date, datetime, time, timedelta

from alertbus.model.base import plus
from alertbus.model.calendar import add_working_days, is_working_day
from alertbus.model.case import UK, in_uk
from alertbus.reach.roster import FOREVER

_END_OF_DAY = time(23, 59, 59)


def first_without(moment: datetime, recorded: list[tuple[datetime, datetime]]) -> datetime:
    """The first moment, from the given one on, at which it was not known to be recorded."""
    while ends := [until for since, until in recorded if since <= moment < until]:
        moment = max(ends)
    return moment


def as_stated(path: str, value: object, at: datetime) -> datetime:
    """The moment that a statement gives: so many hours, or the end of a day."""
    if isinstance(value, int):
        if path.endswith("_hours"):
            return plus(at, timedelta(hours=value))
        return datetime.combine(in_uk(plus(at, timedelta(days=value))).date(), _END_OF_DAY, UK)
    return datetime.combine(date.fromisoformat(str(value)), _END_OF_DAY, UK)


def in_the_morning(moment: datetime) -> datetime:
    """Of a day that is meant as a whole, nine o'clock (ours): nobody is reminded at midnight."""
    local = in_uk(moment)
    return moment if local.time() not in {_END_OF_DAY, time(0)} else datetime.combine(local.date(), time(9), UK)


def put_off(due: datetime, by: timedelta, bank_holidays: frozenset[date], *, working: bool) -> datetime:
    """The time that is so much later: by the clock or, if it ended with a day, with the end of a day, a working day if it counts those."""
    later = plus(due, by)
    if in_uk(due).time() != _END_OF_DAY or later == FOREVER:
        return later
    day = in_uk(later).date()
    if working and not is_working_day(day, bank_holidays):
        day = add_working_days(day, 1, bank_holidays)
    return datetime.combine(day, _END_OF_DAY, UK)
