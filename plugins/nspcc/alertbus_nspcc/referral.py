"""The referral form of the helpline (STANDARDS 9), as JSON. It has no field for who made the call, anywhere."""

import re
from typing import Annotated, Self

from pydantic import AfterValidator, Field, model_validator

from alertbus.plugin import Moment
from alertbus.plugin.forms import Form, PersonOnForm

_TELEPHONE = re.compile(r"(?<!\d)(?:\+44|0044|0)[\s()-]*(?:\d[\s()-]*){9,10}(?!\d)")
_EMAIL = re.compile(r"[^\s@]+@[^\s@]+\.[A-Za-z]{2,}")


def _no_way_to_reach_anybody(text: str) -> str:
    if _TELEPHONE.search(text) or _EMAIL.search(text):
        raise ValueError("expected no telephone number or e-mail address: the bus never takes how to reach a caller")
    return text


def _opaque(reference: str) -> str:
    if not any(c.isdigit() for c in reference) or _TELEPHONE.search(reference):
        raise ValueError("expected the helpline's own reference, with a digit in it; not a name, not a telephone number")
    return reference


class Caller(Form):
    """Only whether they asked not to be named, whether they told it in their profession, and the helpline's reference to what it keeps
    itself. Who works with children and tells of one at work is never anonymous (STANDARDS section 9).
    """

    anonymous: bool
    professional: bool | None = None
    reference: Annotated[str, Field(pattern=r"^[A-Za-z0-9-]{1,40}$"), AfterValidator(_opaque)] | None = None

    @model_validator(mode="after")
    def _no_anonymous_professional(self) -> Self:
        if self.professional and self.anonymous:
            raise ValueError("anonymous: false, because a professional is never anonymous; their own agency states it as well")
        return self


class Child(PersonOnForm):
    pass


class Adult(PersonOnForm):
    role: Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]{0,39}$")] = "subject"
    """Their part in the concern: `subject`, `present`, `parent`..."""


class Concern(Form):
    themes: list[Annotated[str, Field(pattern=r"^[a-z][a-z_]{0,39}$")]] = Field(default=[], max_length=20)
    """In the helpline's words for them, such as `neglect`, `substance_misuse`, `pregnancy`."""
    words: Annotated[str, Field(min_length=1, max_length=65_536), AfterValidator(_no_way_to_reach_anybody)]
    """What the caller said, word for word."""


class Referral(Form):
    """One call. `immediate_danger` is the helpline's own judgement."""

    referral_id: Annotated[str, Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9/_-]{0,79}$")]
    received_at: Moment
    caller: Caller
    children: list[Child] = Field(default=[], max_length=50)
    adults: list[Adult] = Field(default=[], max_length=50)
    concern: Concern
    immediate_danger: bool

    @model_validator(mode="after")
    def _about_somebody(self) -> Self:
        if not self.children and not self.adults:
            raise ValueError("expected at least one entry in `children` or `adults`")
        return self
