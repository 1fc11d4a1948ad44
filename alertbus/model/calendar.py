"""Working days in England and Wales: weekends and bank holidays do not count, the day of the trigger is day 0 (STANDARDS section 12).

Bank holidays come from the list shipped with the package `govuk-bank-holidays` as far as it goes, and beyond it from the rules of the
Banking and Financial Dealings Act 1971. A holiday proclaimed for one year alone (a coronation, a royal funeral) follows from no rule: it is
on the list, or a policy adds it.
"""

import json
from datetime import date, datetime, time, timedelta
from functools import lru_cache
from importlib.resources import files
from typing import NamedTuple

import structlog

from alertbus.model.case import UK, in_uk

log = structlog.get_logger("alertbus.calendar")

LONGEST_CLOCK = timedelta(days=92)
"""How far ahead of today a date may be asked for. Chosen: 45 working days (STANDARDS section 12) never take more than 92 days."""

_SATURDAY, _DECEMBER = 5, 12
_NONE: frozenset[date] = frozenset()


@lru_cache(maxsize=1)
def _shipped() -> frozenset[date]:
    """The list shipped with the package, read without the package's own reader, which loads an HTTP client."""
    listed = json.loads((files("govuk_bank_holidays") / "bank-holidays.json").read_text(encoding="utf-8"))
    return frozenset(date.fromisoformat(holiday["date"]) for holiday in listed["england-and-wales"]["events"])


@lru_cache(maxsize=1)
def listed_years() -> range:
    """The years whose bank holidays stand on the shipped list. A year counts if its Christmas is there."""
    years = [day.year for day in _shipped() if day.month == _DECEMBER]
    return range(min(years), max(years) + 1)


@lru_cache(maxsize=256)
def bank_holidays(year: int) -> frozenset[date]:
    """The bank holidays of England and Wales in that year: those of the shipped list, else by rule. Beyond the list's end, a warning is
    logged once for each year.
    """
    if year in listed_years():
        return frozenset(day for day in _shipped() if day.year == year)
    if year >= listed_years().stop:
        log.warning("bank holidays by rule: the shipped list ends before the year asked for", year=year, list_ends=listed_years()[-1])
    return bank_holidays_by_rule(year)


def bank_holidays_by_rule(year: int) -> frozenset[date]:
    """The holidays that return each year: Banking and Financial Dealings Act 1971, Schedule 1, and the proclamations made yearly under it
    (New Year's Day, early May, and the weekday in place of a holiday that falls on a weekend).
    """
    new_year = date(year, 1, 1)
    good_friday = easter_sunday(year) - timedelta(days=2)
    christmas, boxing_day = _christmas(year)
    return frozenset(
        {
            new_year if new_year.weekday() < _SATURDAY else _monday_from(new_year),
            good_friday,
            good_friday + timedelta(days=3),
            _monday_from(date(year, 5, 1)),
            _monday_from(date(year, 5, 25)),  # the last of May
            _monday_from(date(year, 8, 25)),  # the last of August
            christmas,
            boxing_day,
        }
    )


def easter_sunday(year: int) -> date:
    """Easter of the Gregorian calendar: the Sunday after the first ecclesiastical full moon on or after 21 March (Calendar (New Style)
    Act 1750, its tables worked out by Gauss's rule with the corrections of the century).
    """
    golden, century = year % 19, year // 100
    lag = (century - century // 4 - (8 * century + 13) // 25 + 19 * golden + 15) % 30
    if lag == 29 or (lag == 28 and golden > 10):  # noqa: PLR2004 - the tables' two exceptions
        lag -= 1
    full_moon = date(year, 3, 21) + timedelta(days=lag)
    return full_moon + timedelta(days=7 - (full_moon.weekday() + 1) % 7)


def _christmas(year: int) -> tuple[date, date]:
    """Christmas Day and Boxing Day, or the weekdays in their place: the next ones that are no holiday already."""
    christmas = date(year, 12, 25)
    if christmas.weekday() == _SATURDAY:
        return date(year, 12, 27), date(year, 12, 28)
    if christmas.weekday() == _SATURDAY + 1:
        return date(year, 12, 26), date(year, 12, 27)
    boxing_day = date(year, 12, 26)
    return christmas, boxing_day if boxing_day.weekday() < _SATURDAY else date(year, 12, 28)


def _monday_from(day: date) -> date:
    return day + timedelta(days=-day.weekday() % 7)


class CalendarFinding(NamedTuple):
    """What there is to say about the bank holidays that a clock may meet. `warning`: the shipped list ends too early."""

    warning: bool
    text: str


def calendar_finding(today: date) -> CalendarFinding:
    """Say whether a clock that starts on that day may end beyond the shipped list, and what to do then."""
    last = listed_years()[-1]
    if (today + LONGEST_CLOCK).year <= last:
        return CalendarFinding(warning=False, text=f"bank holidays are listed to {last}")
    return CalendarFinding(
        warning=True,
        text=f"bank holidays are listed to {last}, and clocks reach beyond. They are worked out by rule from {last + 1} on, without a "
        "holiday proclaimed for one year: install a newer govuk-bank-holidays, and add proclaimed days to the policy as bank_holidays.",
    )


def is_working_day(day: date, also_closed: frozenset[date] = _NONE) -> bool:
    """`also_closed`: further days on which nobody works, such as a holiday proclaimed at short notice."""
    return day.weekday() < _SATURDAY and day not in bank_holidays(day.year) and day not in also_closed


@lru_cache(maxsize=16_384)
def add_working_days(day: date, count: int, also_closed: frozenset[date] = _NONE) -> date:
    """The `count`-th working day after the day; the day itself for none. The last day of the calendar is followed by none."""
    while count > 0 and day < date.max:
        day += timedelta(days=1)
        count -= is_working_day(day, also_closed)
    return day


def end_of_working_day(moment: datetime, count: int, also_closed: frozenset[date] = _NONE) -> datetime:
    """The end of the `count`-th working day after the moment's own UK day."""
    return datetime.combine(add_working_days(in_uk(moment).date(), count, also_closed), time(23, 59, 59), UK)


def day_alone(moment: datetime) -> datetime:
    """The beginning of the moment's UK day, in place of the moment: where its minute may be known to one person only (NOT-01)."""
    return datetime.combine(in_uk(moment).date(), time(0), UK)
