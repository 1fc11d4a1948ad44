"""Who may call the API, as an operator sets it: a name, an agency, the digest of a token, and the rights that go with it."""

from typing import Self

from pydantic import BaseModel, ConfigDict, Field, model_validator
from pydantic_core import PydanticCustomError

from alertbus.model.rights import Right
from alertbus.secret_files import RULE

OPERATORS = frozenset({Right.OPERATE, Right.INTEGRATE, Right.AUDIT})
"""What `operations: true` gives."""


class CallerSettings(BaseModel):
    """A program that may call the API. Only the SHA-256 of its token is kept.

    Without `rights` a caller states and receives as its agency, says who answers for it, and holds cases if it is the policy's case holder.
    """

    model_config = ConfigDict(frozen=True, extra="forbid", hide_input_in_errors=True)

    name: str = Field(
        pattern="^[A-Za-z0-9][A-Za-z0-9._-]{1,59}$",
        description="a system's name of letters, digits, dots, hyphens and underscores, never a person's: it stands on records",
    )
    agency: str = Field(min_length=1, description="the agency the caller acts for")
    token_sha256: str = Field(
        pattern="^[0-9a-f]{64}$", repr=False, description="64 hexadecimal digits, as from `printf %s TOKEN | sha256sum`"
    )
    rights: frozenset[Right] | None = Field(None, description=f"a list of {', '.join(Right)}; left out for those of an agency's system")
    kinds: frozenset[str] = Field(
        frozenset(), description="a list of the kinds of alert that it states; left out for all that the policy allows"
    )
    sources: tuple[str, ...] = Field(
        (), description="a list of the sources that it states as, each with all that follow it after a dot; left out for its agency's"
    )
    areas: tuple[str, ...] = Field(
        (), description="a list of what the ids of the cases that it holds begin with, as in `north-`; left out for all cases"
    )
    workers: frozenset[str] = Field(
        frozenset(), description="a list of the names of those who may answer through it; left out where its agency has given none"
    )
    operations: bool = Field(False, description="true or false; true is the former way to write rights: [operate, integrate, audit]")

    @model_validator(mode="after")
    def _says_its_rights_once(self) -> Self:
        if self.operations and self.rights is not None:
            raise PydanticCustomError(RULE, "operations and rights both say what it may do; leave operations out")
        narrowed = {"kinds": Right.STATE, "sources": Right.STATE, "areas": Right.HOLD_CASES}
        for name, right in narrowed.items():
            given = self.rights if self.rights is not None else OPERATORS if self.operations else None
            if getattr(self, name) and given is not None and right not in given:
                raise PydanticCustomError(RULE, f"{name} narrows the right {right}, which it does not have; give it, or leave {name} out")
        if any(not one.strip() for one in (*self.kinds, *self.sources, *self.areas, *self.workers)):
            raise PydanticCustomError(RULE, "kinds, sources, areas and workers hold no empty text; leave it out")
        return self
