"""Working days in England and Wales: weekends and bank holidays do not count, the day of the trigger is day 0 (STANDARDS section 12)."""

import json
from datetime import date, datetime, time, timedelta
from functools import lru_cache
from importlib.resources import files

from alertbus.model.case import UK


@lru_cache(maxsize=1)
def _holidays() -> frozenset[date]:
    """The list shipped with the package (2012 to 2028), read without the package's own reader, which loads an HTTP client."""
    listed = json.loads((files("govuk_bank_holidays") / "bank-holidays.json").read_text(encoding="utf-8"))
    return frozenset(date.fromisoformat(holiday["date"]) for holiday in listed["england-and-wales"]["events"])


def is_working_day(day: date) -> bool:
    return day.weekday() < 5 and day not in _holidays()  # noqa: PLR2004 - Saturday is 5


@lru_cache(maxsize=16_384)
def add_working_days(day: date, count: int) -> date:
    while count > 0:
        day += timedelta(days=1)
        count -= is_working_day(day)
    return day


def end_of_working_day(moment: datetime, count: int) -> datetime:
    """The end of the `count`-th working day after the moment's own UK day."""
    return datetime.combine(add_working_days(moment.astimezone(UK).date(), count), time(23, 59, 59), UK)
