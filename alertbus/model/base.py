"""The base of every record of the model: immutable, closed to unknown fields, and silent about the values it refuses."""

from datetime import UTC, datetime, timedelta
from functools import cached_property
from typing import Annotated, Any, Self

from pydantic import AfterValidator, AwareDatetime, BaseModel, ConfigDict, Field

INSTANT = timedelta(microseconds=1)
"""The least by which one moment is later than another: the resolution of a `datetime`."""


LAST = datetime.max.replace(tzinfo=UTC)
FIRST = datetime.min.replace(tzinfo=UTC)
"""The last and the first moment that the calendar has."""


_LEAST_YEAR, _LAST_YEAR = FIRST.year, LAST.year


def within_utc(moment: datetime) -> datetime:
    """Give the moment back; or the first or the last there is, in UTC, for one that its offset moves out of the years 1 to 9999.

    Such a moment can neither be stored nor compared with a day. What stands on a topic or in a state must be read all the same, so it
    is not refused here: what somebody states lies within a human range (`policy.human_range`), which neither end does.
    """
    if _LEAST_YEAR < moment.year < _LAST_YEAR:  # no offset moves it so far
        return moment
    try:
        moment.astimezone(UTC)
    except OverflowError:
        return LAST if moment.year == LAST.year else FIRST
    return moment


Moment = Annotated[AwareDatetime, AfterValidator(within_utc)]
"""A moment with its offset, which UTC has as well."""


def plus(moment: datetime, by: timedelta) -> datetime:
    """Give the moment that is so much later, `by` not being negative; the last one there is where the calendar ends before it."""
    try:
        return moment + by
    except OverflowError:
        return LAST


Count = Annotated[int, Field(ge=0, le=1_000_000_000)]
"""How often something was counted. Chosen: more than anything here is counted to, and less than the least whole number of a database."""


class Word(BaseModel):
    """A frozen record. Validation errors never echo the input, because the input is about a family (DESIGN section 4)."""

    model_config = ConfigDict(frozen=True, extra="forbid", hide_input_in_errors=True, populate_by_name=True)

    @cached_property
    def memo(self) -> dict[Any, Any]:
        """Cache for values derived from this record; never serialised, compared or copied."""
        return {}

    def __copy__(self) -> Self:
        copied = super().__copy__()
        copied.__dict__.pop("memo", None)
        return copied
