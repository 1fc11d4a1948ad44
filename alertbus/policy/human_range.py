"""The `moments:` section of a policy: between which years a moment or a day may lie that somebody states. Pure; the clock is an input."""

from datetime import date, datetime

from pydantic import Field

from alertbus.model.base import Word


class HumanRange(Word):
    """How far from today anything about a human being can lie, in whole calendar years. A moment beyond is a slip of a keyboard, or what a
    system writes for no date, and no part of the bus need be able to work with it.
    """

    years_back: int = Field(default=130, ge=1, le=500)
    """Longer than anybody lives. Chosen: 1 January 1900, which systems write for an unknown birthday, is taken; it joins nobody."""
    years_ahead: int = Field(default=100, ge=1, le=500)
    """Chosen: a life. The release of the longest sentence and the review of a child born today lie within it."""

    def first(self, now: datetime) -> date:
        return date(max(1, now.year - self.years_back), 1, 1)

    def last(self, now: datetime) -> date:
        return date(min(date.max.year, now.year + self.years_ahead), 12, 31)


AS_SHIPPED = HumanRange()
