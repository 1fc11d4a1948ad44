"""The chronicle's answers: frozen records, ready to be shown or sent."""

from collections.abc import Mapping
from typing import Any

from pydantic import AwareDatetime

from alertbus.chronicle.tables import ObligationState
from alertbus.model.alert import Action, Narrative, Severity
from alertbus.model.base import Word
from alertbus.model.events import ReviewReason
from alertbus.model.gaps import Gap
from alertbus.model.notice import Deed, Notice, Obligation
from alertbus.model.receipt import Intent, Receipt


class InboxItem(Word):
    """One obligation as its agency sees it: the latest notice, already minimised for it, and what came back."""

    obligation: Obligation
    notice: Notice
    state: ObligationState
    overdue: bool
    since: AwareDatetime
    acknowledged_by: str | None = None
    acknowledged_at: AwareDatetime | None = None
    acknowledged_intent: Intent | None = None
    passed_to: str | None = None
    """To whom it was passed on."""
    accepted: bool | None = None
    """Whether that person has said that they act on it; None where it was passed on to nobody."""
    acted_by: str | None = None
    """Who has said what was done, which stands in the receipt (PPN-02)."""
    acted_at: AwareDatetime | None = None
    asked_again_at: AwareDatetime | None = None
    """Since when it is asked again: an answer has run out, was passed on or was not enough for who escalated it. It is in the receipts."""
    receipts: tuple[Receipt, ...] = ()
    copied_to: tuple[str, ...] = ()
    """Fallback channels that hold a copy, as long as the agency's own channel has not delivered."""
    cursor: str
    """Give it as `after` to get what follows."""


class ObligationStatus(Word):
    """One obligation of an alert: which agency role should have been told, and what became of it."""

    id: str
    alert_id: str
    case_id: str
    agency: str
    role: str
    cause: str
    state: ObligationState
    overdue: bool
    since: AwareDatetime
    due: AwareDatetime | None
    acknowledged_by: str | None
    acknowledged_at: AwareDatetime | None
    acknowledged_intent: Intent | None
    passed_to: str | None = None
    """To whom it was passed on."""
    accepted: bool | None = None
    """Whether that person has said that they act on it; None where it was passed on to nobody."""
    acted_by: str | None = None
    """Who has said what was done, which stands in the receipt (PPN-02)."""
    acted_at: AwareDatetime | None = None
    asked_again_at: AwareDatetime | None = None
    """Since when it is asked again: an answer has run out, was passed on or was not enough for who escalated it. It is in the receipts."""
    deed: Deed = Deed.DELIVER
    """What its latest notice does: of what has ended, why."""
    ended_at: AwareDatetime | None = None
    """Of what has ended, when it was over for this agency."""
    because: str
    """The reason path. It names relations: for the agency itself, and for who holds the case."""
    do_not_reveal_source: bool
    receipts: tuple[Receipt, ...]
    copied_to: tuple[str, ...] = ()
    """Fallback channels that hold a copy, as long as the agency's own channel has not delivered."""


class StatementStatus(Word):
    """One statement of the alert: raised, amended or withdrawn."""

    statement_id: str
    action: Action
    occurred_at: AwareDatetime
    recorded_at: AwareDatetime
    accepted_at: AwareDatetime


class AlertStatus(Word):
    """What became of an alert: its statements, cases and obligations, and nothing of its narrative."""

    alert_id: str
    source: str
    source_id: str
    kind: str
    severity: Severity
    history: bool
    exercise: str | None
    statements: tuple[StatementStatus, ...]
    cases: tuple[str, ...]
    obligations: tuple[ObligationStatus, ...]
    review: tuple[str, ...] = ()
    """Reasons why somebody must look at it."""
    to_complete: tuple[Gap, ...] = ()
    """What its sender has not stated and is asked for: for the sender, and for who holds all cases."""
    matches: int = 1
    """How many alerts have the id that was asked for; the most recent is shown."""


class AgencyTold(Word):
    """One agency role that was told of a chronology entry, and how far that has come."""

    agency: str
    role: str
    state: ObligationState
    since: AwareDatetime
    deed: Deed = Deed.DELIVER
    """What its latest notice does: of what has ended, why."""
    ended_at: AwareDatetime | None = None
    """Of what has ended, when it was over for this agency."""
    acknowledged_by: str | None = None
    acknowledged_at: AwareDatetime | None = None
    copied_to: tuple[str, ...] = ()


class ChronologyEntry(Word):
    """One statement in a case's history: who said what, when, about whom on this case, and who was told."""

    statement_id: str
    alert_id: str
    occurred_at: AwareDatetime
    recorded_at: AwareDatetime
    agency: str
    source: str
    source_id: str
    kind: str
    action: Action
    severity: Severity
    about: tuple[str, ...] = ()
    """People of this case, as the case calls them."""
    children: tuple[str, ...] = ()
    """The keys of the children of this case among them."""
    others: int = 0
    """How many more people it is about who are not on this case: another family's people are not named here."""
    narrative: tuple[Narrative, ...] = ()
    """Word for word (VOI-01)."""
    details: Mapping[str, Any] = {}
    """Its typed sections, which name people by their keys on the case."""
    known_as: Mapping[str, str] = {}
    """Key of somebody in the details → what the case calls them."""
    told: tuple[AgencyTold, ...] = ()
    history: bool = False
    do_not_reveal_source: bool = False
    words_held: bool = False
    """Its words are left out here: they may give away another family or who told, and nobody has released them to this case."""


class Unanswered(Word):
    """The obligation that has waited longest for its answer."""

    obligation_id: str
    agency: str
    since: AwareDatetime
    age_s: float


class WaitingLongest(Word):
    """The open review item that has waited longest. `age_s` is in seconds."""

    id: str
    reason: ReviewReason
    since: AwareDatetime
    age_s: float


class ReviewsWaiting(Word):
    """The open review items in numbers."""

    open: int
    by_reason: Mapping[ReviewReason, int]
    oldest: WaitingLongest | None


class ItemNumbers(Word):
    """What is owed by a time, in numbers. The first three count answers of which a step was taken too; clocks are of the policy's rules."""

    open: int
    """Not recorded yet, late or not."""
    overdue: int
    unowned: int
    """Everybody was asked, and nobody by name has answered."""
    oldest_unowned: Unanswered | None
    clocks_met: int
    clocks_missed: int
    """Recorded late, or not at all."""


class Status(Word):
    """The chronicle in numbers. `progress` is the offset to come next, by `topic/partition`."""

    alerts: int
    statements: int
    cases: int
    obligations: Mapping[ObligationState, int]
    overdue: int
    oldest_unanswered: Unanswered | None
    items: ItemNumbers
    review: int
    """Review items that are open."""
    review_by_reason: Mapping[ReviewReason, int]
    oldest_review: WaitingLongest | None
    unreadable: int
    progress: Mapping[str, int]
