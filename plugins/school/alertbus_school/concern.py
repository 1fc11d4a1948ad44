"""The concern form of a school, as JSON: what was seen or said, when, and when it was sent."""

from typing import Annotated, Literal, Self

from pydantic import Field, model_validator

from alertbus.plugin import Moment
from alertbus.plugin.forms import Form, PersonOnForm


class Establishment(Form):
    urn: Annotated[str, Field(pattern=r"^[0-9]{6}$")]
    """Unique reference number of the school: 6 digits."""


class Child(PersonOnForm):
    pass


class Adult(PersonOnForm):
    role: Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]{0,39}$")] = "subject"


class Piece(Form):
    """Something else that was said or seen, word for word. A child's words and what staff saw stand apart, each with whose they are."""

    words: Annotated[str, Field(min_length=1, max_length=65_536)]
    said_by: Literal["child", "parent", "professional", "public"]
    first_hand: bool


class SchoolConcern(Form):
    """One concern. `seen_at` and `sent_at` are both kept: a delay between them must stay visible (CON-02)."""

    concern_id: Annotated[str, Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9/_-]{0,39}$")]
    seen_at: Moment
    sent_at: Moment
    school: Establishment
    staff_role: Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]{0,59}$")]
    """Role of who sends it, such as `designated_safeguarding_lead`; never a name."""
    children: Annotated[list[Child], Field(min_length=1, max_length=50)]
    adults: list[Adult] = Field(default=[], max_length=50)
    about: Literal["concern", "pregnancy"]
    """`pregnancy`: a pregnancy that may be concealed."""
    words: Annotated[str, Field(min_length=1, max_length=65_536)]
    """What was said or seen, word for word."""
    said_by: Literal["child", "parent", "professional", "public"]
    first_hand: bool
    more: list[Piece] = Field(default=[], max_length=19)
    action: Literal["raised", "amended", "withdrawn"] = "raised"
    """`amended` and `withdrawn` are about the concern that was sent under the same `concern_id`."""
    immediate_danger: bool | None = None
    """The school's own judgement. It rings 999 and children's social care as well."""
    family_informed: bool | None = None
    """Whether a parent was told that it is sent. Left out: not stated."""

    @model_validator(mode="after")
    def _no_more_than_an_alert_takes(self) -> Self:
        if len(self.words) + sum(len(piece.words) for piece in self.more) > 4 * 65_536:
            raise ValueError("more: expected at most 262144 characters in all; leave longer papers at the school")
        return self

    @model_validator(mode="after")
    def _seen_before_sent(self) -> Self:
        if self.sent_at < self.seen_at:
            raise ValueError("expected `seen_at` not after `sent_at`")
        return self
