"""What every word of the model is built on: immutable, closed to unknown fields, and silent about the values it refuses."""

from pydantic import BaseModel, ConfigDict


class Word(BaseModel):
    """A frozen record. Validation errors never echo the input, because the input is about a family (DESIGN section 4)."""

    model_config = ConfigDict(frozen=True, extra="forbid", hide_input_in_errors=True, populate_by_name=True)
