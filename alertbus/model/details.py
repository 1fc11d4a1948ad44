"""What an alert's kind adds to it: typed sections, each field with its class (DESIGN section 11).

A section says what somebody stated and nothing more: a field that was not stated is None or empty, and is rendered so. Keys of people are
those of the case; agencies are named as everywhere.
"""

from collections.abc import Iterator, Mapping
from datetime import date
from typing import Annotated, Any, Final, Self

from pydantic import (
    BeforeValidator,
    ConfigDict,
    Field,
    ModelWrapValidatorHandler,
    ValidationError,
    ValidationInfo,
    model_validator,
)
from pydantic_core import PydanticKnownError

from alertbus.model.base import Word
from alertbus.model.coded_value import CodedValue
from alertbus.model.errors import Fault
from alertbus.model.incident import Incident
from alertbus.model.person import KEY
from alertbus.model.sensitivity import Sensitivity as S
from alertbus.model.validation import faults_of

CalendarDay = date
"""A day, under a name that a field called `date` does not hide."""


def _written_out(given: Any) -> Any:
    """Refuse a number, which would be read as seconds since 1970."""
    if isinstance(given, int | float) or (isinstance(given, str) and given.strip("+-. ").replace(".", "").isdigit()):
        raise PydanticKnownError("date_type")
    return given


WrittenDay = Annotated[date, BeforeValidator(_written_out)]
"""A day that somebody wrote as a day."""

PEOPLE: Final = "people of the case, by their keys there"
"""Marks a field that holds keys: who may not know somebody must not learn of them by a key (`policy.minimise`)."""

Keys = Annotated[tuple[Annotated[str, Field(pattern=KEY)], ...], Field(max_length=50), PEOPLE]

_A_WORD = r"^[a-z][a-z0-9_]{0,63}$"


class Release(Word):
    """A release from prison: the day, the licence conditions, and how sure it is (REQUIREMENTS PRI)."""

    date: Annotated[CalendarDay | None, S.ACTION] = None
    """The day of the release; None: not stated."""
    conditions: Annotated[tuple[str, ...], S.OFFENCE] = Field(default=(), max_length=50)
    """The licence conditions, in the sender's words."""
    restraining_order: Annotated[bool | None, S.OFFENCE] = None
    """True when there is one; None when not stated."""
    confirmed: Annotated[bool | None, S.ROUTING] = None
    """True where prison or probation says so, False for a release that somebody else reports (PRI-04). None: not stated."""


class Flag(Word):
    """A warning about somebody's violence to staff: what to do on a visit, and how grave it is (VPF-07)."""

    precautions: Annotated[tuple[str, ...], S.THREAT] = Field(default=(), max_length=20)
    """In the sender's own words, which may name somebody. What to do on a visit is said to everybody by the policy's `action`."""
    grade: Annotated[str | None, S.ACTION] = Field(default=None, pattern="^(abuse|intimidation|threat|violence)$")
    """How grave it was."""


class Meeting(Word):
    """A meeting about the family: which (`strategy`, `child_in_need`, `core_group`, `supervision`...), whether it was announced, held or
    cancelled, and who of the family came. `s47`: the strategy meeting decided on an enquiry (Children Act 1989, section 47).
    """

    type: Annotated[str, S.PLAN] = Field(pattern=_A_WORD)
    """Which meeting."""
    state: Annotated[str | None, S.PLAN] = Field(default=None, pattern="^(announced|held|cancelled)$")
    """None: not stated; a meeting that is stated with its day is taken to be held."""
    s47: Annotated[bool | None, S.PLAN] = None
    """Whether an enquiry under section 47 was decided on; None: not stated."""
    attended: Annotated[Keys, S.PLAN] = ()
    """Who of the family came, by `ref`."""


class Conference(Word):
    """A child protection conference and what it decided. Who dissented is stated by agency (STA-06); conditions in the chair's words."""

    type: Annotated[str, S.CONFERENCE] = Field(pattern="^(initial|review|transfer)$")
    """Which conference."""
    outcome: Annotated[str | None, S.CONFERENCE] = Field(default=None, pattern=_A_WORD)
    """What was decided."""
    unanimous: Annotated[bool | None, S.CONFERENCE] = None
    """Whether all agreed; None: not stated."""
    dissent: Annotated[tuple[str, ...], S.CONFERENCE] = Field(default=(), max_length=20)
    """The agencies that did not agree."""
    conditions: Annotated[tuple[str, ...], S.CONFERENCE] = Field(default=(), max_length=20)
    """Conditions, in the chair's words."""


class Contact(Word):
    """A contact with the family: how, with whom, and which children were seen. A telephone call is not a visit (PPN-05)."""

    mode: Annotated[str, S.PLAN] = Field(pattern="^(visit|telephone|video|text|letter|office|clinic|cancelled|no_reply)$")
    """How."""
    with_: Annotated[Keys, S.PLAN] = Field(default=(), alias="with")
    """With whom, by `ref`."""
    seen: Annotated[Keys, S.PLAN] = ()
    """The children who were seen."""
    seen_alone: Annotated[Keys, S.PLAN] = ()
    """The children who were seen alone."""
    not_seen: Annotated[Keys, S.PLAN] = ()
    """The children who were not seen."""
    place: Annotated[str | None, S.ADDRESS] = Field(default=None, max_length=200)
    """Where."""
    refused: Annotated[str | None, S.PLAN] = Field(default=None, max_length=200)
    """What the worker was not let see, in the sender's words (ENG-09)."""
    by: Annotated[str | None, S.PLAN, PEOPLE] = Field(default=None, pattern=KEY)
    """Of a contact that was cancelled: who cancelled it."""


class Instruction(Word):
    """What a manager asked for, by when, of whom (PPN-06). One with `when` waits
    until an event of one of these kinds raises it (PPN-12).
    """

    what: Annotated[str, S.PLAN] = Field(min_length=1, max_length=300)
    """What is to be done."""
    within_hours: Annotated[int | None, S.PLAN] = Field(default=None, ge=1, le=8784)
    """In how many hours, counted by the clock."""
    within_days: Annotated[int | None, S.PLAN] = Field(default=None, ge=0, le=3660)
    """In how many days."""
    to: Annotated[str | None, S.PLAN] = Field(default=None, max_length=120)
    """The worker or role who is to do it."""
    by: Annotated[str | None, S.PLAN] = Field(default=None, max_length=120)
    """The manager who asked."""
    when: Annotated[tuple[Annotated[str, Field(pattern=_A_WORD)], ...], S.PLAN] = Field(default=(), max_length=20)
    """The kinds of event that raise it; empty: it stands at once."""


class AgreedAction(Word):
    """Something agreed, of which an agency is the owner (CLK-11, CLK-12). Without an owner or a day it is marked incomplete (ENG-12)."""

    what: Annotated[str, S.PLAN] = Field(min_length=1, max_length=300)
    """What was agreed."""
    owner: Annotated[str | None, S.PLAN] = Field(default=None, max_length=120)
    """The agency that owns it."""
    due: Annotated[WrittenDay | None, S.PLAN] = None
    """By which day."""
    state: Annotated[str, S.PLAN] = Field(default="agreed", pattern="^(agreed|done|dropped)$")
    """How it stands."""


class Request(Word):
    """A question from one agency to another: what is asked, of whom, by when, and whether it was answered (PRI-03, LNK-05)."""

    what: Annotated[str, S.PLAN] = Field(min_length=1, max_length=300)
    """What is asked."""
    to: Annotated[str, S.PLAN] = Field(max_length=120)
    """The agency that is asked."""
    due: Annotated[WrittenDay | None, S.PLAN] = None
    """By which day."""
    state: Annotated[str, S.PLAN] = Field(default="asked", pattern="^(asked|answered|declined)$")
    """How it stands."""


class OpenQuestion(Word):
    """A question on the case that outlives a change of worker, until somebody closes it with a reason (CON-10)."""

    what: Annotated[str, S.OBSERVATION] = Field(min_length=1, max_length=300)
    """The question."""
    state: Annotated[str, S.OBSERVATION] = Field(default="open", pattern="^(open|closed)$")
    """Whether it is open."""
    reason: Annotated[str | None, S.OBSERVATION] = Field(default=None, max_length=300)
    """Why it was closed."""


class Consent(Word):
    """Consent to a plan, given or withdrawn, by whom; its day is the alert's (ENG-03)."""

    plan: Annotated[str, S.PLAN] = Field(pattern=_A_WORD)
    """The plan it is for."""
    state: Annotated[str, S.PLAN] = Field(pattern="^(given|withdrawn|refused)$")
    """What was said."""
    by: Annotated[str | None, S.PLAN, PEOPLE] = Field(default=None, pattern=KEY)
    """Who said it, by `ref`."""


class Handover(Word):
    """A change of who answers: the role, from whom, to whom, and whether a pack came with it. `pack` None: not stated (TUR-01).

    Who answers now is whom to call, for every agency on the case (TUR-07); how the case was handed over is not.
    """

    role: Annotated[str, S.ACTION] = Field(pattern=_A_WORD)
    """The role that changes hands."""
    from_: Annotated[str | None, S.ACTION] = Field(default=None, alias="from", max_length=120)
    """Who had it."""
    to: Annotated[str | None, S.ACTION] = Field(default=None, max_length=120)
    """Who has it now."""
    pack: Annotated[bool | None, S.PLAN] = None
    """Whether the papers came with it; None: not stated."""
    interim: Annotated[bool | None, S.ACTION] = None
    """Whether it is for a time only; None: not stated."""


class Denial(Word):
    """What somebody denied: recorded, and never overridden (NOT-12)."""

    of: Annotated[tuple[str, ...], S.OBSERVATION] = Field(max_length=20)
    """What is denied, in the sender's words."""
    by: Annotated[str | None, S.OBSERVATION, PEOPLE] = Field(default=None, pattern=KEY)
    """Who denies it, by `ref`."""


class StatusChange(Word):
    """A change of the case's status: to what, why, and on what basis. Only this changes it (STA-03); closing needs both (STA-04)."""

    to: Annotated[str, S.PLAN] = Field(pattern=_A_WORD)
    """The status from now on."""
    reason: Annotated[str | None, S.PLAN] = Field(default=None, max_length=300)
    """Why."""
    basis: Annotated[str | None, S.PLAN] = Field(default=None, max_length=300)
    """What the decision was founded on."""
    rests_on: Annotated[str | None, S.PLAN] = Field(default=None, pattern="^(custody)$")
    """What the decision rests on, where that may end: that somebody is in prison (PRI-07)."""
    effective: Annotated[WrittenDay | None, S.PLAN] = None
    """The day from which it holds, where that is ahead: an event against it before that day puts it on hold (STA-07)."""


_LA_ESTAB = r"^[0-9]{3}([0-9]{4}|LLLL)$"


class SchoolChange(Word):
    """What a school's transfer file says: from which school a child went, and to which. It is a school's word, and changes no case."""

    from_: Annotated[str | None, S.PLAN] = Field(default=None, alias="from", pattern=_LA_ESTAB)
    """Number of the authority and of the school, seven digits; `LLLL` for an authority that sends it itself."""
    to: Annotated[str | None, S.PLAN] = Field(default=None, pattern=_LA_ESTAB)
    """The same of the school to which the file went."""
    in_care: Annotated[bool | None, S.PLAN] = None
    """Whether the school has it that the child is looked after."""
    care_authority: Annotated[str | None, S.PLAN] = Field(default=None, pattern=r"^[0-9]{3}$")
    """Number of the authority that looks after the child."""


class Details(Word):
    """The fields that an alert's kind adds. Known sections are typed and classified; anything else is kept, and shown to nobody. Who may
    not see a section's own class sees nothing of it, also not a field of another class: part of it would say that there is the rest.
    """

    model_config = ConfigDict(frozen=True, extra="allow", hide_input_in_errors=True)

    release: Annotated[Release | None, S.ROUTING] = None
    """A release from prison."""
    flag: Annotated[Flag | None, S.ROUTING] = None
    """A warning."""
    incident: Annotated[Incident | None, S.ROUTING] = None
    """An incident, or a Public Protection Notice."""
    meeting: Annotated[Meeting | None, S.PLAN] = None
    """A meeting."""
    conference: Annotated[Conference | None, S.CONFERENCE] = None
    """A child protection conference."""
    contact: Annotated[Contact | None, S.PLAN] = None
    """A contact with the family."""
    instruction: Annotated[Instruction | None, S.PLAN] = None
    """A manager's instruction."""
    action: Annotated[AgreedAction | None, S.PLAN] = None
    """An agreed action."""
    request: Annotated[Request | None, S.PLAN] = None
    """A question to another agency."""
    question: Annotated[OpenQuestion | None, S.OBSERVATION] = None
    """An open question on the case."""
    consent: Annotated[Consent | None, S.PLAN] = None
    """Consent to a plan."""
    handover: Annotated[Handover | None, S.ACTION] = None
    """A change of who answers."""
    denial: Annotated[Denial | None, S.OBSERVATION] = None
    """A denial."""
    status_change: Annotated[StatusChange | None, S.PLAN] = None
    """A change of the case's status."""
    school_change: Annotated[SchoolChange | None, S.PLAN] = None
    """A change of school."""
    status: Annotated[str | None, S.PLAN] = Field(default=None, max_length=80)
    """The status as an older sender writes it, in a word."""
    conference_invite: Annotated[bool, S.ROUTING] = False
    """The alert concerns a conference: agencies whose involvement ended lately are told too (END-01)."""

    by_plugin: Annotated[Mapping[str, Mapping[str, CodedValue]], S.UNCLASSIFIED] = Field(default_factory=dict)
    """What a plugin's kind adds, by section, as its model read it at the door; a sender states the sections by their own names."""

    @model_validator(mode="wrap")
    @classmethod
    def _as_it_was_said(cls, given: Any, handler: ModelWrapValidatorHandler[Self], info: ValidationInfo) -> Self:
        """A section with one of these names has its form: the bus refuses any other. What stands on a topic from before the section had a
        form is read as it was, and shown to nobody.
        """
        if info.context is AT_THE_DOOR:
            return handler(given)
        try:
            return handler(given)
        except ValidationError as error:
            wrong = {fault.path.partition(".")[0].partition("[")[0] for fault in faults_of(error)}
            if not isinstance(given, Mapping) or not wrong or not wrong <= SINCE_THEN:
                raise
        found = handler({name: value for name, value in given.items() if name not in wrong})
        unread: dict[str, Any] = {name: value for name, value in given.items() if name in wrong}
        object.__setattr__(found, "__pydantic_extra__", {**(found.__pydantic_extra__ or {}), **unread})
        return found


AT_THE_DOOR: Final[dict[str, Any]] = {}
"""The context in which a sender's own words are read: whatever is wrong with them is refused."""

SINCE_THEN: Final = frozenset(
    (
        "meeting",
        "conference",
        "contact",
        "instruction",
        "action",
        "request",
        "question",
        "consent",
        "handover",
        "denial",
        "status_change",
        "school_change",
    )
)
"""Sections that anybody could state in any shape before they had a form of their own."""


def unclassified(details: Details) -> tuple[str, ...]:
    """Return the names of the sections of `details` that nobody has classified."""
    extra: dict[str, Any] = details.__pydantic_extra__ or {}
    return tuple(sorted(extra))


def misshapen(details: Details) -> Iterator[Fault]:
    """Name what is wrong with each section that has a name of ours and another form: whoever states it now is told."""
    extra: dict[str, Any] = details.__pydantic_extra__ or {}
    for name in sorted(extra.keys() & SINCE_THEN):
        try:
            Details.model_validate({name: extra[name]}, context=AT_THE_DOOR)
        except ValidationError as error:
            yield from faults_of(error, {name: extra[name]}, prefix="details")
