"""How much time a rule gives: by the clock, by the calendar, or by working days."""

from datetime import date, datetime, time, timedelta
from typing import Self

from pydantic import Field, model_validator

from alertbus.model.base import Word, plus
from alertbus.model.calendar import end_of_working_day
from alertbus.model.case import UK, in_uk

CENTURY = 36_525
"""Days: the most that a rule may ask for, so that no sum of it leaves the calendar."""


class Within(Word):
    """How soon something is owed, in one unit. Hours, minutes and seconds run through nights and weekends; days, weeks and months end with
    a day in the United Kingdom, `days: 0` with the same one; working days count as in STANDARDS section 12.
    """

    hours: int | None = Field(default=None, ge=1, le=24 * CENTURY)
    minutes: int | None = Field(default=None, ge=1, le=24 * 60 * CENTURY)
    seconds: int | None = Field(default=None, ge=1, le=24 * 3600 * CENTURY)
    """For rehearsals in real time; no shipped rule is so short."""
    days: int | None = Field(default=None, ge=0, le=CENTURY)
    weeks: int | None = Field(default=None, ge=1, le=CENTURY // 7)
    working_days: int | None = Field(default=None, ge=0, le=CENTURY)

    @model_validator(mode="after")
    def _one_of_them(self) -> Self:
        if sum(value is not None for _, value in self) != 1:
            raise ValueError("give one of `hours`, `minutes`, `seconds`, `days`, `weeks` and `working_days`")
        return self

    @property
    def by_the_hour(self) -> bool:
        """True for a limit by the clock, in which the minute counts."""
        return self.hours is not None or self.minutes is not None or self.seconds is not None

    def after(self, moment: datetime, bank_holidays: frozenset[date]) -> datetime:
        """When it is owed, counted from a moment. `bank_holidays`: those that the policy adds to the calendar's own."""
        if self.working_days is not None:
            return end_of_working_day(moment, self.working_days, bank_holidays)
        whole_days = self.days if self.days is not None else None if self.weeks is None else 7 * self.weeks
        if whole_days is not None:
            return datetime.combine(in_uk(plus(moment, timedelta(days=whole_days))).date(), time(23, 59, 59), UK)
        return plus(moment, timedelta(hours=self.hours or 0, minutes=self.minutes or 0, seconds=self.seconds or 0))
