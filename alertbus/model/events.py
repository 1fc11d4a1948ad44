"""The events between the stages: values on `person-events`, `case-events` and `review`, each a frozen record with its CloudEvents type."""

from enum import StrEnum
from typing import Annotated, ClassVar

from pydantic import Base64Bytes, Field

from alertbus.model.alert import AcceptedAlert
from alertbus.model.base import Count, Moment, Word
from alertbus.model.case import Case, Link
from alertbus.model.receipt import Intent
from alertbus.model.sensitivity import Sensitivity as S


class AlertAboutPerson(Word):
    """An alert on its way to one person's links: on `person-events`, by `person_id`."""

    type: ClassVar[str] = "uk.alertbus.alert.about-person-found.v1"
    person_id: Annotated[str, S.ROUTING]
    alert: Annotated[AcceptedAlert, S.ROUTING]


class IdentifyAgain(Word):
    """A statement of which the persons must be found once more, because what the directory knew has changed: on `alerts`."""

    type: ClassVar[str] = "uk.alertbus.alert.identify-again.v1"
    alert: Annotated[AcceptedAlert, S.ROUTING]


class PersonRevised(Word):
    """What the directory knows of a person has changed so that statements about them may be about somebody else: on `person-events`.

    `version` is the directory's: a statement whose `people_version` is lower was identified before.
    """

    type: ClassVar[str] = "uk.alertbus.person.revised.v1"
    person_id: Annotated[str, S.ROUTING]
    version: Annotated[Count, S.ROUTING]
    at: Annotated[Moment, S.ROUTING]


class LinkChanged(Word):
    """A person's links to one case as they now are; none left means that the person was taken off it. `version` is the case's: the highest
    stands, whatever the order of arrival.
    """

    type: ClassVar[str] = "uk.alertbus.link.changed.v1"
    person_id: Annotated[str, S.ROUTING]
    case_id: Annotated[str, S.ROUTING]
    version: Annotated[Count, S.ROUTING]
    links: Annotated[tuple[Link, ...], S.ROUTING]
    exercise: Annotated[str | None, S.ROUTING] = None


class AlertReachedCase(Word):
    """An alert arrived at a case through one of its people: on `case-events`, by `case_id`. The same alert may arrive through several."""

    type: ClassVar[str] = "uk.alertbus.alert.reached-case.v1"
    case_id: Annotated[str, S.ROUTING]
    via: Annotated[str, S.ROUTING]
    """The id of the person through whom it arrived."""
    alert: Annotated[AcceptedAlert, S.ROUTING]
    others: Annotated[tuple[AcceptedAlert, ...], S.ROUTING] = ()
    """The other statements of the same alert, so that it never arrives without its withdrawal."""


class CaseChanged(Word):
    """A case as it now is, whole. The highest `case.version` stands, whatever the order of arrival."""

    type: ClassVar[str] = "uk.alertbus.case.changed.v1"
    case: Annotated[Case, S.ROUTING]


class Tick(Word):
    """Time has passed on a case: whatever becomes owed after `since` and no later than `at` is owed now. Reducers read no clock; time comes
    to them as this event (DESIGN section 3).
    """

    type: ClassVar[str] = "uk.alertbus.clock.ticked.v1"
    case_id: Annotated[str, S.ROUTING]
    since: Annotated[Moment, S.ROUTING]
    at: Annotated[Moment, S.ROUTING]


class ItemDecision(StrEnum):
    """What a person may decide about an item. They close none by it: what closes an item is a statement."""

    SUSPENDED = "suspended"
    RESUMED = "resumed"
    REASON_GIVEN = "reason_given"


class WordsDecided(Word):
    """A person has decided about the words of a statement that were held back from a case: on `case-events`, by `case_id`. Whether they
    go to its agencies, and when that was decided: by the gateway's clock, in an exercise by the exercise's. Words that went out stay out.
    """

    type: ClassVar[str] = "uk.alertbus.words.decided.v1"
    case_id: Annotated[str, S.ROUTING]
    alert_id: Annotated[str, S.ROUTING]
    statement_id: Annotated[str, S.ROUTING]
    released: Annotated[bool, S.ROUTING]
    at: Annotated[Moment, S.ROUTING]

    def beside(self, other: "WordsDecided | None") -> "WordsDecided":
        """Return which of two decisions about the same words counts: a release before none, the earlier before the later."""
        return self if other is None else min(self, other, key=lambda one: (not one.released, one.at))


class Answered(Word):
    """Somebody by name has answered an obligation, said what was done, or taken an answer back: on `case-events`, by `case_id`, beside the
    receipt. Whoever writes it counts the answer as told only when both stand.
    """

    type: ClassVar[str] = "uk.alertbus.obligation.answered.v1"
    case_id: Annotated[str, S.ROUTING]
    alert_id: Annotated[str, S.ROUTING]
    obligation_id: Annotated[str, S.ROUTING]
    agency: Annotated[str, S.ROUTING]
    receipt_id: Annotated[str, S.ROUTING]
    by: Annotated[str, S.ROUTING] = Field(max_length=120)
    intent: Annotated[Intent, S.ROUTING]
    to: Annotated[str | None, S.ROUTING] = Field(default=None, max_length=120)
    """The person to whom it is passed on, who must accept it by an answer of their own."""
    acted: Annotated[bool, S.ROUTING] = False
    """What was to be done is done; what it was stands in the receipt."""
    undoes: Annotated[str | None, S.ROUTING] = None
    """The id of the receipt whose answer this takes back."""
    at: Annotated[Moment, S.ROUTING]


class NotDelivered(Word):
    """A notice could not be handed to its agency: on `case-events`, by `case_id`. Delivery reports it; what follows is decided there."""

    type: ClassVar[str] = "uk.alertbus.notice.not-delivered.v1"
    case_id: Annotated[str, S.ROUTING]
    alert_id: Annotated[str, S.ROUTING]
    obligation_id: Annotated[str, S.ROUTING]
    notice_id: Annotated[str, S.ROUTING]
    agency: Annotated[str, S.ROUTING]
    role: Annotated[str, S.ROUTING]
    reason: Annotated[str, S.ROUTING] = Field(max_length=200)
    """A class of trouble, free of personal data."""
    at: Annotated[Moment, S.ROUTING]


class ItemDecided(Word):
    """A person has decided about an item: stopped its clock or let it run again, or said why it lapsed: on `case-events`, by `case_id`."""

    type: ClassVar[str] = "uk.alertbus.item.decided.v1"
    case_id: Annotated[str, S.ROUTING]
    item_id: Annotated[str, S.ROUTING]
    decision: Annotated[ItemDecision, S.ROUTING]
    reason: Annotated[str, S.ROUTING] = Field(pattern=r"^[a-z][a-z0-9_]{0,63}$")
    """A code of the policy's list."""
    by: Annotated[str, S.ROUTING] = Field(max_length=120)
    at: Annotated[Moment, S.ROUTING]


class ItemEscalated(Word):
    """A named person who sees that something is late, or will be, has the next of its chain told: on `case-events`, by `case_id` (CLK-12).

    Who that is follows from who had been told by `seen`, as the person saw it: of two who saw the same, one is enough.
    """

    type: ClassVar[str] = "uk.alertbus.item.escalated.v1"
    case_id: Annotated[str, S.ROUTING]
    item_id: Annotated[str, S.ROUTING]
    """The item of a rule, or the obligation whose answer is late."""
    alert_id: Annotated[str, S.ROUTING]
    """The alert that opened it; the item's own id where the case did."""
    by: Annotated[str, S.ROUTING] = Field(max_length=120)
    agency: Annotated[str, S.ROUTING]
    """The agency for which they did it."""
    seen: Annotated[Moment, S.ROUTING]
    """The last moment at which somebody had been told, as it was shown to them."""
    at: Annotated[Moment, S.ROUTING]


class ReviewReason(StrEnum):
    """Why a person must look. Shown to practitioners; values are stable."""

    UNKNOWN_KIND = "unknown_kind"
    UNSURE_MATCH = "unsure_match"
    NOBODY_LINKED = "nobody_linked"
    NOT_UNDERSTOOD = "not_understood"
    REPEATED_DIFFERENTLY = "repeated_differently"
    NOT_OURS = "not_ours"
    UNCLASSIFIED_DETAILS = "unclassified_details"
    KEY_UNKNOWN = "key_unknown"
    FLAG_REVIEW_DUE = "flag_review_due"
    """Whether a flag still stands: from its review date on. It stands until the agency that stated it withdraws it (NOT-23)."""
    FLAG_PROPOSED = "flag_proposed"
    """Whether to set a flag on somebody of whom none stands, because of what was stated of them (VPF-05)."""
    WORDS_HELD = "words_held"


class ReviewNeeded(Word):
    """Something a person must look at. Holds ids and a reason; the raw message, if any, is kept apart (`MessageKept`).

    `case_id`, `statement_id` and `clues` are of words held back from a case: whose, and what was found in them, by class and place.
    """

    type: ClassVar[str] = "uk.alertbus.review.needed.v1"
    id: Annotated[str, S.ROUTING]
    reason: Annotated[ReviewReason, S.ROUTING]
    at: Annotated[Moment, S.ROUTING]
    alert_id: Annotated[str | None, S.ROUTING] = None
    person_ids: Annotated[tuple[str, ...], S.ROUTING] = ()
    source: Annotated[str | None, S.ROUTING] = None
    detail: Annotated[str | None, S.ROUTING] = None
    raw_ref: Annotated[str | None, S.ROUTING] = None
    case_id: Annotated[str | None, S.ROUTING] = None
    statement_id: Annotated[str | None, S.ROUTING] = None
    """The statement that the question is about, where it is not asked any more once another one stands, or about its words."""
    clues: Annotated[tuple[str, ...], S.ROUTING] = ()


class MessageKept(Word):
    """A raw message that nobody could read, as it came: on `alertbus.quarantine` under its opaque `ref`, so that it outlives the database.

    `reason` is the code of its first fault. The same message sent again has the same `ref`.
    """

    type: ClassVar[str] = "uk.alertbus.message.kept.v1"
    ref: Annotated[str, S.ROUTING]
    source: Annotated[str, S.ROUTING]
    received_at: Annotated[Moment, S.ROUTING]
    media_type: Annotated[str, S.OBSERVATION]
    reason: Annotated[str, S.ROUTING]
    digest: Annotated[str, S.ROUTING]
    body: Annotated[Base64Bytes, S.OBSERVATION]


ALERT_ACCEPTED = "uk.alertbus.alert.accepted.v1"
CASE_RECORDED = "uk.alertbus.case.recorded.v1"
NOTICE_OWED = "uk.alertbus.notice.owed.v1"
RECEIPT_GIVEN = "uk.alertbus.receipt.given.v1"
AUDIT_RECORDED = "uk.alertbus.audit.recorded.v1"
RECORD_QUARANTINED = "uk.alertbus.record.quarantined.v1"
