"""What whoever has a concern does before and beside sending it, as their own area has it (CON-07)."""

from pydantic import Field

from alertbus.model.base import Word


class LocalProcedure(Word):
    """Steps in the area's own words, and where the whole procedure stands. It is shown to senders and tells nobody anything."""

    steps: tuple[str, ...] = Field(min_length=1, max_length=8)
    link: str | None = Field(default=None, pattern=r"^https://[^\s]{1,300}$")
    """The area's own page; None: there is none."""
    link_text: str = Field(default="The whole local procedure", max_length=120)
