"""Obligation, notice and message: what an agency is owed and receives. `model.receipt` is what is known of it afterwards.

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
    """The same for the same alert, case, agency and role: all its notices bear it."""
    alert_id: Annotated[str, S.ROUTING]
    """The alert, as the bus names it."""
    case_id: Annotated[str, S.ROUTING]
    """The case: an opaque id."""
    agency: Annotated[str, S.ROUTING]
    """The agency that owes the answer."""
    role: Annotated[str, S.ROUTING]
    """The role at the agency that answers."""
    kind: Annotated[str, S.ROUTING]
    """The alert's kind, from the policy's `kinds`."""
    severity: Annotated[Severity, S.ROUTING]
    """How grave it is by the policy or the sender."""
    source: Annotated[str, S.ROUTING]
    """The agency and system that stated the alert."""
    source_id: Annotated[str, S.ROUTING]
    """The sender's own id for the alert: what the agencies will quote to each other on the telephone."""
    since: Annotated[Moment, S.ROUTING]
    """From when it is owed."""
    due: Annotated[Moment | None, S.ROUTING] = None
    """By when a named person must have answered; None for no such time."""
    cause: Annotated[Cause, S.ROUTING] = Cause.ALERT
    """What made it owed: the alert, or a link or an involvement that came later."""
    exercise: Annotated[str | None, S.ROUTING] = None
    """The name of the rehearsal it belongs to; None is real. A message that does not show it sends somebody to a door."""

    @property
    def lane(self) -> str:
        """Agency and case: within it order is kept, on the topic of notices and at the agency."""
        return lane_of(self.agency, self.case_id)


class Excerpt(Word):
    """One piece of verbatim narrative with its SHA-256 over the UTF-8 text; checked when built and again after rendering (VOI-01)."""

    text: Annotated[str, S.OBSERVATION]
    """The words. Carry them byte for byte or leave them out; never shorten them."""
    sha256: Annotated[str, S.ROUTING]
    """Of the text in UTF-8, in hexadecimal: for a system that keeps the words."""
    said_by: Annotated[SaidBy | None, S.ROUTING] = None
    """Whose words they are: a child, a professional, the public."""
    observed_first_hand: Annotated[bool | None, S.ROUTING] = None
    """As stated with the narrative. None, here and of `said_by`: not stated, which a message says (NOT-11)."""

    @classmethod
    def of(cls, text: str, said_by: SaidBy | None = None, *, observed_first_hand: bool | None = None) -> Self:
        digest = hashlib.sha256(text.encode()).hexdigest()
        return cls(text=text, sha256=digest, said_by=said_by, observed_first_hand=observed_first_hand)

    @model_validator(mode="after")
    def _unaltered(self) -> Self:
        """`sha256` is the digest of `text`: build an excerpt of your own, for a test, with `Excerpt.of(text)`."""
        if hashlib.sha256(self.text.encode()).hexdigest() != self.sha256:
            raise ValueError("narrative does not match its SHA-256: it was altered on the way")
        return self


class NoticePerson(Word):
    """A person as this agency may see them. `ref` is stable within the case: their key there, or for an agency that may not see who it is
    an opaque id.
    """

    ref: Annotated[str, S.ROUTING]
    """What this person is called inside the notice: `details` and `briefing` point by it."""
    child: Annotated[bool, S.ROUTING] = False
    """Whether they are a child of the case."""
    role: Annotated[str | None, S.ROUTING] = None
    """Their part in the alert (`subject`, `victim`...); None for a child of the case whom the alert does not name."""
    relation: Annotated[str | None, S.IDENTITY] = None
    """What they are to the family, as stated: `father`, `mother_partner`."""
    certainty: Annotated[str | None, S.ROUTING] = None
    """How sure the relation is: `putative` means that somebody says so. It belongs beside `relation` wherever that is shown."""
    label: Annotated[str | None, S.IDENTITY] = None
    """What to call somebody whose name is not needed or not known."""
    name: Annotated[Name | None, S.IDENTITY] = None
    """Their name, for who may see it."""
    born: Annotated[date | None, S.IDENTITY] = None
    """Their date of birth, for who may see it."""
    died: Annotated[date | None, S.IDENTITY] = None
    """The day of their death, if they had died by the day of the notice (NOT-26)."""
    identifiers: Annotated[tuple[Identifier, ...], S.IDENTITY] = ()
    """Their numbers, each only for who may see its kind."""
    addresses: Annotated[tuple[Address, ...], S.ADDRESS] = ()
    """Their addresses, for who may see them."""


class Repeats(Word):
    """That an alert is one of several on one matter: of the same kind, about the same people, from the same agency (OOH-05, NOT-25)."""

    number: Annotated[int, S.ROUTING]
    """Which one it is: 3 for the third."""
    since: Annotated[date, S.ROUTING]
    """The day on which the first of them happened."""


class NoticeCover(Word):
    """The half of a notice that is its agency's own: to whom it is and why. `because` is the reason path in words."""

    id: Annotated[str, S.ROUTING]
    """The notice's own id, the same each time it is made from the same cause: file names, keys and receipts go by it."""
    deed: Annotated[Deed, S.ROUTING] = Deed.DELIVER
    """What the notice is there for; render it, because an end that looks like a delivery is believed."""
    obligation: Annotated[Obligation, S.ROUTING]
    """What is owed to whom, and by when it must be answered."""
    recipient: Annotated[str | None, S.ROUTING] = None
    """The person who answers for it at the agency at the time, where the case names one."""
    answering: Annotated[Answering | None, S.ROUTING] = None
    """Who answers when the message is sent, the desk that is open, and why it is they; `recipient` is then the one, or else the other.
    Given when it is sent, where the agency has said who works in its teams; None everywhere else, on every topic too.
    """
    because: Annotated[str, S.ROUTING]
    """The reason path: through whom and which link the alert came to this agency."""
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
    """The plan it is for; None where the plan was not named."""
    state: Annotated[str, S.PLAN] = Field(pattern="^(given|withdrawn|refused|not_stated)$")
    """`given`, `withdrawn`, `refused`, or `not_stated`."""
    since: Annotated[date | None, S.PLAN] = None
    """The day from which it stands so."""
    source: Annotated[str | None, S.PLAN] = None
    """The agency that stated it."""


class NoticeBody(Word):
    """The half of a notice that agencies of one kind share: what they may see of a statement on a case."""

    sector: Annotated[str, S.ROUTING]
    """The agency's sector: the row of the policy's `sharing` by which the notice was made less."""
    title: Annotated[str, S.ROUTING]
    """The kind in words, as the policy names it; neutral where the reader may not know the kind."""
    occurred_at: Annotated[Moment, S.ROUTING]
    """When it happened, as the sender stated it; in UTC."""
    recorded_at: Annotated[Moment, S.ROUTING]
    """When the sender wrote it down; in UTC."""
    narrative: Annotated[tuple[Excerpt, ...], S.OBSERVATION] = ()
    """The words of whoever told, whole and unaltered; empty where the agency may not read them (see `summary` and `withheld`)."""
    summary: Annotated[str, S.ACTION] = ""
    """The policy's template for this kind: what an agency that may not see the narrative is told instead."""
    action: Annotated[str, S.ACTION] = ""
    """What the policy asks the reader to do. Empty: nothing but to read it."""
    contact: Annotated[str | None, S.ACTION] = None
    """Whom to call about it; None where nobody was given."""
    children: Annotated[tuple[NoticePerson, ...], S.IDENTITY] = ()
    """The children of the case whom the agency may know of."""
    people: Annotated[tuple[NoticePerson, ...], S.IDENTITY] = ()
    """Everybody else whom the agency may know of, in the order in which the alert names them."""
    details: Annotated[Mapping[str, Any], S.ROUTING] = Field(default_factory=dict)
    """The sections of the alert's details this agency may see, field by field."""
    case_status: Annotated[str | None, S.PLAN] = None
    """The family's plan or status, for who may see it."""
    consent: Annotated[ConsentStanding | None, S.PLAN] = None
    """Of a notice about the plan: how consent to it stands, for who may see the plan. None for every other notice."""
    review_on: Annotated[date | None, S.ROUTING] = None
    """The day on which a warning must be looked at again; None for what has no such day."""
    do_not_reveal_source: Annotated[bool, S.ROUTING] = False
    """A child or an anonymous caller is the source: readers must not let it be worked out (ANO-04, NOT-01, NOT-04)."""
    lawful_basis: Annotated[str, S.ROUTING]
    """The law by which it is shared (STANDARDS section 13), as the policy has it for the sector."""
    policy_version: Annotated[str, S.ROUTING]
    """The version of the policy that decided."""
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
