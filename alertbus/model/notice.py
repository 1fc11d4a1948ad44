"""Obligation, notice, message and receipt: what an agency is owed and receives, and what is known of it afterwards.

A notice is already minimised: what its agency may not see is absent, not blanked (ANO-05), and `withheld` says by class that something is.
A plugin renders a notice into a message in its agency's own format and cannot leak what it never received (DESIGN section 7).
"""

import hashlib
from collections.abc import Mapping
from datetime import date
from enum import StrEnum
from types import MappingProxyType
from typing import Annotated, Any, Self

from pydantic import Field, model_validator

from alertbus.model.alert import SaidBy, Severity
from alertbus.model.base import Moment, Word
from alertbus.model.briefing import Briefing
from alertbus.model.identifiers import Identifier
from alertbus.model.item import ItemStep
from alertbus.model.person import Address, Name
from alertbus.model.sensitivity import Sensitivity as S
from alertbus.model.team import Answering


class Content(StrEnum):
    """How much of a class a sector is shown (STANDARDS section 13)."""

    FULL = "full"
    SUMMARY = "summary"
    """A template's words in place of the fact: never a paraphrase of what somebody said."""
    REFERENCE = "reference"
    """Nothing of the fact. Today the same as NOTHING: no notice carries a reference to ask by yet."""
    NOTHING = "nothing"


class Deed(StrEnum):
    """What a notice is there for: to tell, to correct, to end, or to tell the next person because nobody was reached."""

    DELIVER = "deliver"
    AMEND = "amend"
    WITHDRAW = "withdraw"
    """The sender has taken it back: it stands for nobody any more."""
    NO_LONGER_YOURS = "no_longer_yours"
    """It stands, but not for this agency: its own part on the case, or the link through which it was told, has ended."""
    CORRECT = "correct"
    """It was never about this case: the sender, or whoever settles who is who, has said that somebody else is meant."""
    ESCALATE = "escalate"

    @property
    def ends(self) -> bool:
        """Whether what the agency was told is over for it. The three ends differ in their reason, and in what the agency should do."""
        return self in ENDINGS


ENDINGS = frozenset({Deed.WITHDRAW, Deed.NO_LONGER_YOURS, Deed.CORRECT})
"""The deeds after which nothing of the alert stands for the agency on that case."""

ENDED: Mapping[str, str] = MappingProxyType(
    {Deed.WITHDRAW: "withdrawn", Deed.NO_LONGER_YOURS: "no longer theirs", Deed.CORRECT: "corrected, not about this case"}
)
"""What is said of an agency for which an alert has ended, to whoever reads what became of it."""


class Cause(StrEnum):
    """The last to come of alert, link and involvement. After a new link or involvement the notice is a briefing of what stands."""

    ALERT = "alert"
    LINK = "link"
    INVOLVEMENT = "involvement"


def lane_of(agency: str, case_id: str) -> str:
    """The key under which an agency's notices on one case follow each other."""
    return f"{agency}/{case_id}"


class Obligation(Word):
    """One agency role owes one alert on one case an answer: the unit that is delivered, chased, acknowledged."""

    id: Annotated[str, S.ROUTING]
    alert_id: Annotated[str, S.ROUTING]
    case_id: Annotated[str, S.ROUTING]
    agency: Annotated[str, S.ROUTING]
    role: Annotated[str, S.ROUTING]
    kind: Annotated[str, S.ROUTING]
    severity: Annotated[Severity, S.ROUTING]
    source: Annotated[str, S.ROUTING]
    source_id: Annotated[str, S.ROUTING]
    """The sender's own id for the alert: what the agencies will quote to each other on the telephone."""
    since: Annotated[Moment, S.ROUTING]
    """From when it is owed."""
    due: Annotated[Moment | None, S.ROUTING] = None
    """By when a named person must have answered; None for no such time."""
    cause: Annotated[Cause, S.ROUTING] = Cause.ALERT
    exercise: Annotated[str | None, S.ROUTING] = None

    @property
    def lane(self) -> str:
        """Agency and case: within it order is kept, on the topic of notices and at the agency."""
        return lane_of(self.agency, self.case_id)


class Excerpt(Word):
    """One piece of verbatim narrative with its SHA-256 over the UTF-8 text; checked when built and again after rendering (VOI-01)."""

    text: Annotated[str, S.OBSERVATION]
    sha256: Annotated[str, S.ROUTING]
    said_by: Annotated[SaidBy | None, S.ROUTING] = None
    observed_first_hand: Annotated[bool | None, S.ROUTING] = None
    """As stated with the narrative. None, here and of `said_by`: not stated, which a message says (NOT-11)."""

    @classmethod
    def of(cls, text: str, said_by: SaidBy | None = None, *, observed_first_hand: bool | None = None) -> Self:
        digest = hashlib.sha256(text.encode()).hexdigest()
        return cls(text=text, sha256=digest, said_by=said_by, observed_first_hand=observed_first_hand)

    @model_validator(mode="after")
    def _unaltered(self) -> Self:
        if hashlib.sha256(self.text.encode()).hexdigest() != self.sha256:
            raise ValueError("narrative does not match its SHA-256: it was altered on the way")
        return self


class NoticePerson(Word):
    """A person as this agency may see them. `ref` is stable within the case: their key there, or for an agency that may not see who it is
    an opaque id.
    """

    ref: Annotated[str, S.ROUTING]
    child: Annotated[bool, S.ROUTING] = False
    role: Annotated[str | None, S.ROUTING] = None
    """Their part in the alert (`subject`, `victim`...); None for a child of the case whom the alert does not name."""
    relation: Annotated[str | None, S.IDENTITY] = None
    certainty: Annotated[str | None, S.ROUTING] = None
    label: Annotated[str | None, S.IDENTITY] = None
    name: Annotated[Name | None, S.IDENTITY] = None
    born: Annotated[date | None, S.IDENTITY] = None
    died: Annotated[date | None, S.IDENTITY] = None
    """The day of their death, if they had died by the day of the notice (NOT-26)."""
    identifiers: Annotated[tuple[Identifier, ...], S.IDENTITY] = ()
    addresses: Annotated[tuple[Address, ...], S.ADDRESS] = ()


class Repeats(Word):
    """That an alert is one of several on one matter: of the same kind, about the same people, from the same agency (OOH-05, NOT-25)."""

    number: Annotated[int, S.ROUTING]
    """Which one it is: 3 for the third."""
    since: Annotated[date, S.ROUTING]
    """The day on which the first of them happened."""


class NoticeCover(Word):
    """The half of a notice that is its agency's own: to whom it is and why. `because` is the reason path in words."""

    id: Annotated[str, S.ROUTING]
    deed: Annotated[Deed, S.ROUTING] = Deed.DELIVER
    obligation: Annotated[Obligation, S.ROUTING]
    recipient: Annotated[str | None, S.ROUTING] = None
    """The person who answers for it at the agency at the time, where the case names one."""
    answering: Annotated[Answering | None, S.ROUTING] = None
    """Who answers when the message is sent, the desk that is open, and why it is they; `recipient` is then the one, or else the other.
    Given when it is sent, where the agency has said who works in its teams; None everywhere else, on every topic too.
    """
    because: Annotated[str, S.ROUTING]
    flag: Annotated[str | None, S.ACTION] = None
    """The line that must be read first (VPF-06); None if there is none."""
    rule: Annotated[str, S.ROUTING]
    """By which ruling the agency is told (`reach.join.Ruling`), or `not_reached`."""
    ended_at: Annotated[Moment | None, S.ROUTING] = None
    """Of a notice that ends something (`Deed.ends`): when the sender recorded that, the agency's part or the link ended, or it turned out
    to be about somebody else. None for every other notice, and for an end that was written before there was this field."""
    another_stands: Annotated[bool, S.ROUTING] = False
    """Of the end of a prisoner's release or recall: a release of the same person stands, so what was set up because of it stays."""
    chain: Annotated[tuple[str, ...] | None, S.ROUTING] = None
    """The agency's roles that are told in turn while nobody answers, where the kind that has this chain is not shown; else None."""
    step: Annotated[ItemStep | None, S.ROUTING] = None
    """Of a notice that chases an answer (`Deed.ESCALATE`): why it comes to this role now."""
    own_agency: Annotated[bool, S.ROUTING] = False
    """Another unit of the agency stated it: it is the agency's own word and no second source, and no answer is asked for (LNK-04)."""
    folded_into: Annotated[str | None, S.ROUTING] = None
    """The obligation of the briefing that asks for the answer, where this is one of the things that stand and is no safety kind."""
    repeats: Annotated[Repeats | None, S.ROUTING] = None
    """What was told before of the same matter; None for the first of it."""


NOT_SAID_OF_CONSENT = "not_stated"


class ConsentStanding(Word):
    """How consent to the family's plan stands, since which day and by whose statement. `not_stated`: nobody has stated it (ENG-03)."""

    plan: Annotated[str | None, S.PLAN] = None
    state: Annotated[str, S.PLAN] = Field(pattern="^(given|withdrawn|refused|not_stated)$")
    since: Annotated[date | None, S.PLAN] = None
    source: Annotated[str | None, S.PLAN] = None


class NoticeBody(Word):
    """The half of a notice that agencies of one kind share: what they may see of a statement on a case."""

    sector: Annotated[str, S.ROUTING]
    title: Annotated[str, S.ROUTING]
    occurred_at: Annotated[Moment, S.ROUTING]
    recorded_at: Annotated[Moment, S.ROUTING]
    narrative: Annotated[tuple[Excerpt, ...], S.OBSERVATION] = ()
    summary: Annotated[str, S.ACTION] = ""
    """The policy's template for this kind: what an agency that may not see the narrative is told instead."""
    action: Annotated[str, S.ACTION] = ""
    contact: Annotated[str | None, S.ACTION] = None
    children: Annotated[tuple[NoticePerson, ...], S.IDENTITY] = ()
    people: Annotated[tuple[NoticePerson, ...], S.IDENTITY] = ()
    details: Annotated[Mapping[str, Any], S.ROUTING] = Field(default_factory=dict)
    """The sections of the alert's details this agency may see, field by field."""
    case_status: Annotated[str | None, S.PLAN] = None
    consent: Annotated[ConsentStanding | None, S.PLAN] = None
    """Of a notice about the plan: how consent to it stands, for who may see the plan. None for every other notice."""
    review_on: Annotated[date | None, S.ROUTING] = None
    do_not_reveal_source: Annotated[bool, S.ROUTING] = False
    """A child or an anonymous caller is the source: readers must not let it be worked out (ANO-04, NOT-01, NOT-04)."""
    lawful_basis: Annotated[str, S.ROUTING]
    policy_version: Annotated[str, S.ROUTING]
    withheld: Annotated[tuple[str, ...], S.ROUTING] = ()
    """Classes of which something was left out for this sector."""
    unsaid: Annotated[tuple[str, ...], S.ROUTING] = ()
    """What the sender should have stated and did not (`model.gaps`): nobody has said it, and the sender has been asked."""
    briefing: Annotated[Briefing | None, S.ROUTING] = None
    """What whoever arrives on a case is given on the first day; None in every other notice."""


class Notice(NoticeBody, NoticeCover):
    """All that one obligation shows its agency: a cover and a body in one record."""

    @classmethod
    def of(cls, cover: NoticeCover, body: NoticeBody) -> Self:
        return cls(**dict(cover), **dict(body))


def joined(cover: bytes, body: bytes) -> bytes:
    """A notice's JSON from its two halves', so that a body that several agencies may see is written once."""
    return cover[:-1] + b"," + body[1:]


class Message(Word):
    """A notice in an agency's own format. `idempotency_key` is given by the bus: the same key means the same message."""

    media_type: Annotated[str, S.ROUTING]
    body: Annotated[bytes, S.OBSERVATION]
    filename: Annotated[str, S.ROUTING] = "notice.json"
    headers: Annotated[Mapping[str, str], S.ROUTING] = Field(default_factory=dict)
    idempotency_key: Annotated[str, S.ROUTING] = ""


class Stage(StrEnum):
    """What is known about a message, in the order it becomes known."""

    SENT = "sent"
    ACCEPTED = "accepted"
    SEEN = "seen"
    ACKNOWLEDGED = "acknowledged"
    REFUSED = "refused"
    FAILED = "failed"
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
    ACTING = "acting"
    PASSING_ON = "passing_on"
    NOT_OURS = "not_ours"


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
