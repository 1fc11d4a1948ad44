"""The base of every record of the model: immutable, closed to unknown fields, and silent about the values it refuses."""

from datetime import timedelta
from functools import cached_property
from typing import Any, Self

from pydantic import BaseModel, ConfigDict

INSTANT = timedelta(microseconds=1)
"""The least by which one moment is later than another: the resolution of a `datetime`."""


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
