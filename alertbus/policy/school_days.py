"""When children are at school: the term dates of a setting, and when its next school day begins (STANDARDS section 6). Pure."""

from collections.abc import Mapping
from datetime import date, datetime, time, timedelta
from typing import Self

from pydantic import Field, model_validator

from alertbus.model.base import Word
from alertbus.model.calendar import add_working_days, is_working_day
from alertbus.model.case import UK, in_uk

OPENS = time(8, 30)
"""When a school day begins where nobody has said when (ours)."""
_A_DAY = timedelta(days=1)
_LONGEST_YEAR = timedelta(days=400)
"""A term that is longer was written with a wrong year."""


class SchoolTerm(Word):
    """A stretch of days without a holiday in it, both ends included. A half-term holiday stands between two of them."""

    first: date
    last: date

    @model_validator(mode="after")
    def _in_order(self) -> Self:
        if not self.first <= self.last <= self.first + _LONGEST_YEAR:
            raise ValueError("`last` is the day on which the term that begins on `first` ends")
        return self


class SchoolCalendar(Word):
    """The days on which children come to a setting, as it or its authority publishes them."""

    terms: tuple[SchoolTerm, ...] = Field(min_length=1, max_length=60)
    closed: frozenset[date] = frozenset()
    """Days within a term on which no child comes: training of the staff, an election."""
    opens: time = OPENS
    """When the day begins there, by UK time."""

    @model_validator(mode="after")
    def _by_the_wall_clock(self) -> Self:
        if self.opens.tzinfo is not None:
            raise ValueError("`opens` is UK time as a clock on the wall shows it, without an offset")
        return self

    def is_school_day(self, day: date, bank_holidays: frozenset[date]) -> bool:
        within = any(term.first <= day <= term.last for term in self.terms)
        return within and day not in self.closed and is_working_day(day, bank_holidays)


def calendar_of(setting: str, calendars: Mapping[str, SchoolCalendar]) -> SchoolCalendar | None:
    """The calendar of a setting: its own, else that of the longest name which its own extends, as `school` is for all; else None."""
    known = (name for name in calendars if setting == name or setting.startswith((f"{name}_", f"{name}.")))
    return calendars.get(max(known, key=len, default=""))


def next_school_start(moment: datetime, calendar: SchoolCalendar | None, bank_holidays: frozenset[date]) -> datetime:
    """The beginning of the first school day after a moment, be it later on the same day. Where the calendar is not known, or ends before
    there is one, the next working day counts: an hour too early is better than none.
    """
    today, opens = in_uk(moment).date(), OPENS
    if calendar is not None:
        day, last, opens = today, max(term.last for term in calendar.terms), calendar.opens
        while day <= last:
            if calendar.is_school_day(day, bank_holidays) and (start := datetime.combine(day, calendar.opens, UK)) > moment:
                return start
            day += _A_DAY
    if is_working_day(today, bank_holidays) and (start := datetime.combine(today, opens, UK)) > moment:
        return start
    return datetime.combine(add_working_days(today, 1, bank_holidays), opens, UK)
