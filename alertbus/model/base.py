"""The base of every record of the model: immutable, closed to unknown fields, and silent about the values it refuses."""

from datetime import UTC, datetime, timedelta
from functools import cached_property
from typing import Annotated, Any, Self

from pydantic import AfterValidator, AwareDatetime, BaseModel, ConfigDict, Field
from pydantic_core import PydanticCustomError

INSTANT = timedelta(microseconds=1)
"""The least by which one moment is later than another: the resolution of a `datetime`."""


LAST = datetime.max.replace(tzinfo=UTC)
"""The last moment that the calendar has."""


def exists_in_utc(moment: datetime) -> datetime:
    """Give the moment back, or refuse it: written with its offset it may lie within the years 1 to 9999, and in UTC outside them. Such a
    moment can neither be stored nor compared with a day.
    """
    try:
        moment.astimezone(UTC)
    except OverflowError:
        raise PydanticCustomError("moment_out_of_range", "a moment from the year 1 to the year 9999, in UTC too") from None
    return moment


Moment = Annotated[AwareDatetime, AfterValidator(exists_in_utc)]
"""A moment with its offset, which exists in UTC as well."""


def plus(moment: datetime, by: timedelta) -> datetime:
    """Give the moment that is so much later, `by` not being negative; the last one there is where the calendar ends before it."""
    return LAST if moment > LAST - by else moment + by


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
