"""Receipt: what becomes known about a message, from sent to answered by a named person.

An agency's system may say that it has a message. That somebody has read it, and what they will do, only a named person can say.
"""

from collections.abc import Mapping
from enum import StrEnum
from typing import Annotated, Any, Self

from pydantic import Field, model_validator

from alertbus.model.base import Moment, Word
from alertbus.model.sensitivity import Sensitivity as S


class Stage(StrEnum):
    """What is known about a message, in the order it becomes known."""

    SENT = "sent"
    """The bus has handed it over."""
    ACCEPTED = "accepted"
    """The agency's system has it. Nobody need have read it."""
    SEEN = "seen"
    """Somebody has opened it. That is no answer: the chase goes on."""
    ACKNOWLEDGED = "acknowledged"
    """A named person answers, and says what they will do: `by` and `intent`."""
    REFUSED = "refused"
    """The agency's system will never take it, so nobody there has it."""
    FAILED = "failed"
    """The agency's system has not taken it yet, and may later."""
    CANCELLED = "cancelled"
    """Taken back before any attempt was made to send it: the agency never had it, and is not told of the taking back."""
    COPIED = "copied"
    """A copy is on the fallback `channel`, where a person finds it. The agency's own system has not taken it, and is still owed it."""
    ACTED = "acted"
    """A named person has done what was to be done, and says what in `note` (PPN-02). It needs no acknowledgement before it."""
    UNDONE = "undone"
    """A named person has taken an answer back: the receipt that `undoes` names."""


ANSWERS = frozenset({Stage.ACKNOWLEDGED, Stage.ACTED, Stage.UNDONE})
"""What a named person says about an obligation. The case hears of it (`Answered`); of every other receipt it does not."""


class Intent(StrEnum):
    """What a person who acknowledges will do."""

    ACTING = "acting"
    """They take it on themselves."""
    PASSING_ON = "passing_on"
    """Somebody else will act, whom `to` names. It waits for its answer until somebody acts."""
    NOT_OURS = "not_ours"
    """It is not their agency's to act on, for the reason in `note`. A human is asked to look at it."""


class Receipt(Word):
    """One thing that became known about a message. An acknowledgement is by a named person; `not_ours` needs a reason."""

    id: Annotated[str, S.ROUTING]
    notice_id: Annotated[str, S.ROUTING]
    obligation_id: Annotated[str, S.ROUTING]
    alert_id: Annotated[str, S.ROUTING]
    case_id: Annotated[str, S.ROUTING]
    agency: Annotated[str, S.ROUTING]
    stage: Annotated[Stage, S.ROUTING]
    at: Annotated[Moment, S.ROUTING]
    by: Annotated[str | None, S.ROUTING] = Field(default=None, max_length=120)
    role: Annotated[str | None, S.ROUTING] = Field(default=None, max_length=120)
    intent: Annotated[Intent | None, S.ROUTING] = None
    note: Annotated[str | None, S.OBSERVATION] = Field(default=None, max_length=2000)
    detail: Annotated[str | None, S.ROUTING] = Field(default=None, max_length=200)
    channel: Annotated[str | None, S.ROUTING] = Field(default=None, max_length=40)
    """The fallback channel that holds the copy: with `copied`, and only then."""
    to: Annotated[str | None, S.ROUTING] = Field(default=None, max_length=120)
    """The person to whom it is passed on."""
    undoes: Annotated[str | None, S.ROUTING] = Field(default=None, max_length=64)
    """The id of the receipt that is taken back: with `undone`, and only then."""

    @model_validator(mode="before")
    @classmethod
    def _copy_in_the_old_form(cls, given: Any) -> Any:
        """Read a copy as it was written before there was `copied`: as accepted, with `fallback:` and the channel in `detail`."""
        if isinstance(given, Mapping) and given.get("stage") == Stage.ACCEPTED and str(given.get("detail")).startswith(_OLD_COPY):
            channel = given["detail"].removeprefix(_OLD_COPY)
            return {**given, "stage": Stage.COPIED, "channel": channel, "detail": None}
        return given

    @model_validator(mode="after")
    def _named_person(self) -> Self:
        if self.stage is Stage.ACKNOWLEDGED and not (self.by and self.intent):
            raise ValueError("an acknowledgement names who gives it (`by`) and what they will do (`intent`)")
        if self.stage is Stage.ACTED and not (self.by and self.note):
            raise ValueError("`acted` names who has acted (`by`) and says what was done (`note`)")
        if self.stage is not Stage.UNDONE and self.intent is Intent.NOT_OURS and not self.note:
            raise ValueError("`not_ours` needs a reason in `note`")
        return self

    @model_validator(mode="after")
    def _taken_back_by_somebody(self) -> Self:
        if (self.stage is Stage.UNDONE) != (self.undoes is not None):
            raise ValueError("`undoes` names the receipt that is taken back: it stands with `undone`, and with nothing else")
        if self.stage is Stage.UNDONE and not (self.by and self.intent):
            raise ValueError("`undone` names who takes the answer back (`by`), and what the answer was (`intent`)")
        return self

    @model_validator(mode="after")
    def _copy_somewhere(self) -> Self:
        if (self.stage is Stage.COPIED) != (self.channel is not None):
            raise ValueError("`channel` says where a copy is: it stands with `copied`, and with nothing else")
        return self


_OLD_COPY = "fallback:"
