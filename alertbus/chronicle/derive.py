"""Derives where an obligation stands from its notices and receipts. Pure: which came first makes no difference."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Protocol, Self

from pydantic_core import from_json

from alertbus.chronicle.tables import SEVERITY_RANK, ObligationState
from alertbus.model.item import ItemStep, StepKind
from alertbus.model.notice import Deed, Notice, Obligation
from alertbus.model.receipt import Intent, Receipt, Stage

_ON_ITS_WAY = {Stage.SENT: 0, Stage.ACCEPTED: 1}
_DELIVERED = frozenset({*_ON_ITS_WAY, Stage.SEEN})
_GOT_STUCK = frozenset({Stage.REFUSED, Stage.FAILED})
_TOLD_AGAIN = frozenset({StepKind.REMINDER, StepKind.RELEASE_NEAR, StepKind.OUT_OF_HOURS, StepKind.OPENING})
"""Steps by which it has gone no further than the agency's own role, or the desk that is open in its place."""


class AnyNotice(Protocol):
    """The parts of a notice that an obligation is derived from; a whole `Notice` and a `NoticeHead` both have them."""

    @property
    def id(self) -> str: ...
    @property
    def deed(self) -> Deed: ...
    @property
    def obligation(self) -> Obligation: ...
    @property
    def step(self) -> ItemStep | None: ...


class AnyReceipt(Protocol):
    """The parts of a receipt that an obligation is derived from; a whole `Receipt` and a `ReceiptHead` both have them."""

    @property
    def id(self) -> str: ...
    @property
    def notice_id(self) -> str: ...
    @property
    def stage(self) -> Stage: ...
    @property
    def at(self) -> datetime: ...
    @property
    def by(self) -> str | None: ...
    @property
    def intent(self) -> Intent | None: ...
    @property
    def to(self) -> str | None: ...
    @property
    def undoes(self) -> str | None: ...


@dataclass(slots=True)  # not frozen, as `Envelope`
class NoticeHead:
    """Id, deed, obligation, step and recipient only: the narrative is most of a notice. `position` is the offset of its record."""

    id: str
    deed: Deed
    obligation: Obligation
    position: int
    step: ItemStep | None = None
    recipient: str | None = None

    @classmethod
    def of(cls, notice: Notice, position: int) -> Self:
        return cls(notice.id, notice.deed, notice.obligation, position, notice.step, notice.recipient)

    @classmethod
    def read(cls, body: bytes, position: int) -> Self:
        """Read a stored body. It was validated as a whole notice before it was stored."""
        found = from_json(body)
        step = None if found.get("step") is None else ItemStep.model_validate(found["step"])
        deed, owed = Deed(found.get("deed", Deed.DELIVER)), Obligation.model_validate(found["obligation"])
        return cls(found["id"], deed, owed, position, step, found.get("recipient"))


@dataclass(slots=True)  # not frozen, as `Envelope`
class ReceiptHead:
    """A receipt without the words of whoever gave it."""

    id: str
    notice_id: str
    stage: Stage
    at: datetime
    by: str | None
    intent: Intent | None
    to: str | None = None
    undoes: str | None = None

    @classmethod
    def of(cls, row: Mapping[str, Any]) -> Self:
        """Take it from a row as it is stored, or is to be."""
        intent = row["intent"]
        given = None if intent is None else Intent(intent)
        return cls(row["id"], row["notice_id"], Stage(row["stage"]), row["at"], row["by"], given, row["to"], row["undoes"])


@dataclass(frozen=True, slots=True)
class DerivedObligation:
    """An obligation as it now stands. `latest` is the notice to show, whatever its deed."""

    obligation: Obligation
    latest: AnyNotice
    since: datetime
    due: datetime | None
    state: ObligationState
    answer: "StandingAnswer"

    @property
    def acknowledged_by(self) -> str | None:
        """Whoever answered first of those who act on it; while nobody does, whoever answered last."""
        return self.answer.counts.by if self.answer.counts else None

    @property
    def acknowledged_at(self) -> datetime | None:
        return self.answer.counts.at if self.answer.counts else None

    @property
    def acknowledged_intent(self) -> Intent | None:
        """What they will do. Who has said what was done acts."""
        return (self.answer.counts.intent or Intent.ACTING) if self.answer.counts else None

    @property
    def row(self) -> dict[str, Any]:
        owed = self.obligation
        return {
            "id": owed.id,
            "alert_id": owed.alert_id,
            "case_id": owed.case_id,
            "agency": owed.agency,
            "role": owed.role,
            "kind": owed.kind,
            "severity": owed.severity,
            "severity_rank": SEVERITY_RANK[owed.severity],
            "since": self.since,
            "due": self.due,
            "cause": owed.cause,
            "exercise": owed.exercise,
            "notice_id": self.latest.id,
            "state": self.state,
            "acknowledged_by": self.acknowledged_by,
            "acknowledged_at": self.acknowledged_at,
            "acknowledged_intent": self.acknowledged_intent,
            "passed_to": self.answer.passed_to,
            "accepted": self.answer.accepted,
            "acted_by": self.answer.acted.by if self.answer.acted else None,
            "acted_at": self.answer.acted.at if self.answer.acted else None,
        }


@dataclass(frozen=True, slots=True)
class StandingAnswer:
    """What people have answered to an obligation, without what was taken back.

    Each person's last word counts: who acts and then passes it on acts no more. What is done is done, whoever says what afterwards. The
    case decides by the same rule who is asked next (`reach.steps`).
    """

    closed: bool = False
    """Somebody by name acts on it, or has."""
    counts: AnyReceipt | None = None
    last: AnyReceipt | None = None
    acted: AnyReceipt | None = None
    passed_to: str | None = None
    accepted: bool | None = None

    @classmethod
    def of(cls, receipts: Iterable[AnyReceipt]) -> Self:
        """`receipts` of one time that it was asked, in any order."""
        given = sorted(receipts, key=lambda r: (r.at, r.id))
        undone = {r.undoes for r in given if r.stage is Stage.UNDONE}
        stands = [r for r in given if r.stage in _GIVEN and r.id not in undone]
        acting: dict[str | None, AnyReceipt] = {}
        for one in stands:
            if one.stage is Stage.ACTED or one.intent is Intent.ACTING:
                acting.setdefault(one.by, one)
            else:
                acting.pop(one.by, None)
        acted = next((r for r in stands if r.stage is Stage.ACTED), None)
        closing = min(filter(None, (*acting.values(), acted)), key=lambda r: (r.at, r.id), default=None)
        last = stands[-1] if stands else None
        passed = next((r for r in reversed(stands) if r.intent is Intent.PASSING_ON and r.by not in acting), None)
        accepted = None
        if passed is not None and passed.to is not None:
            accepted = any(_same_person(r.by, passed.to) and r.at >= passed.at for r in (*acting.values(), *filter(None, [acted])))
        return cls(closing is not None, closing or last, last, acted, passed.to if passed else None, accepted)


_GIVEN = frozenset({Stage.ACKNOWLEDGED, Stage.ACTED})


def _same_person(one: str | None, other: str) -> bool:
    return one is not None and " ".join(one.split()).casefold() == " ".join(other.split()).casefold()


def make_storable(row: dict[str, Any]) -> None:
    """PostgreSQL refuses NUL in text, JSON allows it: such a record must not stop the chronicle. `body` keeps it."""
    for name, value in row.items():
        if isinstance(value, str) and "\0" in value:
            row[name] = value.replace("\0", "\ufffd")


def derive_obligation(notices: Sequence[AnyNotice], receipts: Sequence[AnyReceipt]) -> DerivedObligation:
    """`notices` of one obligation in the order they were written, at least one; `receipts` in any order.

    An amendment asks anew: what was acknowledged before it does not answer it (CHR-12). One that tells an agency nothing new makes no
    notice (`reach.sameness`), and what was answered stands. An alert told again after it was taken back is owed from then on.

    What has run out is asked again: the case says so, and by when an answer is owed now, with the first step that it takes because of that
    (`ItemStep.asked_again`). Where the day team is not there, that is at its next opening.
    """
    asked = first = notices[0]
    withdrawn = escalated = False
    again: datetime | None = None
    due = asked.obligation.due
    for notice in notices:
        match notice.deed:
            case Deed.WITHDRAW | Deed.NO_LONGER_YOURS | Deed.CORRECT:
                withdrawn = True
            case Deed.ESCALATE:
                begun = notice.step.asked_again if notice.step is not None else None
                if begun is not None and (again is None or begun > again):
                    again, due, escalated = begun, notice.obligation.due, False
                escalated = escalated or notice.step is None or notice.step.kind not in _TOLD_AGAIN
            case Deed.DELIVER | Deed.AMEND:
                first = notice if withdrawn else first
                asked, withdrawn, escalated = notice, False, False
                again, due = None, notice.obligation.due
    answers = [r for r in receipts if asked is notices[0] or r.notice_id == asked.id or r.at >= asked.obligation.since]
    answer = StandingAnswer.of(answers if again is None else [r for r in answers if r.stage is Stage.UNDONE or r.at >= again])
    if withdrawn:
        state = ObligationState.WITHDRAWN
    elif answer.closed:
        state = ObligationState.ACKNOWLEDGED
    elif escalated:
        state = ObligationState.ESCALATED
    elif answer.last is not None:
        state = ObligationState.PASSED_ON if answer.last.intent is Intent.PASSING_ON else ObligationState.NOT_OURS
    else:
        state = _under_way(answers)
    return DerivedObligation(
        obligation=asked.obligation,
        latest=notices[-1],
        since=first.obligation.since,
        due=due,
        state=state,
        answer=answer,
    )


def _under_way(receipts: Sequence[AnyReceipt]) -> ObligationState:
    """Seen is seen, whatever went wrong besides. A refusal or failure counts until a later attempt gets through.

    A copy on a fallback channel is neither: it hides no trouble and undoes no delivery. Alone it says that there was trouble.
    """
    if any(r.stage is Stage.SEEN for r in receipts):
        return ObligationState.SEEN
    stuck = max((r for r in receipts if r.stage in _GOT_STUCK), key=lambda r: (r.at, r.stage, r.id), default=None)
    through = [r.stage for r in receipts if r.stage in _ON_ITS_WAY and (stuck is None or r.at > stuck.at)]
    if through:
        return ObligationState(max(through, key=lambda stage: _ON_ITS_WAY[stage]))
    if stuck:
        return ObligationState(stuck.stage)
    return ObligationState.FAILED if any(r.stage is Stage.COPIED for r in receipts) else ObligationState.OWED


def copied_to(receipts: Sequence[Receipt]) -> tuple[str, ...]:
    """Give the fallback channels that hold a copy of a notice which, as far as is known, its agency's own channel has not delivered."""
    delivered = {r.notice_id for r in receipts if r.stage in _DELIVERED}
    return tuple(sorted({r.channel for r in receipts if r.channel is not None and r.notice_id not in delivered}))
