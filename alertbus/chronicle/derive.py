"""Derives where an obligation stands from its notices and receipts. Pure: which came first makes no difference."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Protocol, Self

from pydantic_core import from_json

from alertbus.chronicle.tables import SEVERITY_RANK, ObligationState
from alertbus.model.notice import Deed, Intent, Obligation, Receipt, Stage

_ON_ITS_WAY = {Stage.SENT: 0, Stage.ACCEPTED: 1}
_DELIVERED = frozenset({*_ON_ITS_WAY, Stage.SEEN})
_GOT_STUCK = frozenset({Stage.REFUSED, Stage.FAILED})


class AnyNotice(Protocol):
    """The parts of a notice that an obligation is derived from; a whole `Notice` and a `NoticeHead` both have them."""

    @property
    def id(self) -> str: ...
    @property
    def deed(self) -> Deed: ...
    @property
    def obligation(self) -> Obligation: ...


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


@dataclass(frozen=True, slots=True)
class NoticeHead:
    """Id, deed and obligation only: the narrative is most of a notice and not needed here. `position` is the offset of its record."""

    id: str
    deed: Deed
    obligation: Obligation
    position: int

    @classmethod
    def read(cls, body: bytes, position: int) -> Self:
        """Read a stored body. It was validated as a whole notice before it was stored."""
        found = from_json(body)
        return cls(found["id"], Deed(found.get("deed", Deed.DELIVER)), Obligation.model_validate(found["obligation"]), position)


@dataclass(frozen=True, slots=True)
class ReceiptHead:
    """A receipt without the words of whoever gave it."""

    id: str
    notice_id: str
    stage: Stage
    at: datetime
    by: str | None
    intent: Intent | None

    @classmethod
    def of(cls, row: Mapping[str, Any]) -> Self:
        """Take it from a row as it is stored, or is to be."""
        intent = row["intent"]
        given = None if intent is None else Intent(intent)
        return cls(row["id"], row["notice_id"], Stage(row["stage"]), row["at"], row["by"], given)


@dataclass(frozen=True, slots=True)
class DerivedObligation:
    """An obligation as it now stands. `latest` is the notice to show, whatever its deed."""

    obligation: Obligation
    latest: AnyNotice
    since: datetime
    state: ObligationState
    acknowledged_by: str | None = None
    acknowledged_at: datetime | None = None
    acknowledged_intent: Intent | None = None

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
            "due": owed.due,
            "cause": owed.cause,
            "exercise": owed.exercise,
            "notice_id": self.latest.id,
            "state": self.state,
            "acknowledged_by": self.acknowledged_by,
            "acknowledged_at": self.acknowledged_at,
            "acknowledged_intent": self.acknowledged_intent,
        }


def make_storable(row: dict[str, Any]) -> None:
    """PostgreSQL refuses NUL in text, JSON allows it: such a record must not stop the chronicle. `body` keeps it."""
    for name, value in row.items():
        if isinstance(value, str) and "\0" in value:
            row[name] = value.replace("\0", "\ufffd")


def derive_obligation(notices: Sequence[AnyNotice], receipts: Sequence[AnyReceipt]) -> DerivedObligation:
    """`notices` of one obligation in the order they were written, at least one; `receipts` in any order.

    An amendment asks anew: what was acknowledged before it does not answer it (CHR-12). An alert told again after it
    was taken back is owed from then on.
    """
    asked = first = notices[0]
    withdrawn = escalated = False
    for notice in notices:
        match notice.deed:
            case Deed.WITHDRAW | Deed.NO_LONGER_YOURS | Deed.CORRECT:
                withdrawn = True
            case Deed.ESCALATE:
                escalated = True
            case Deed.DELIVER | Deed.AMEND:
                first = notice if withdrawn else first
                asked, withdrawn, escalated = notice, False, False
    answers = [r for r in receipts if asked is notices[0] or r.notice_id == asked.id or r.at >= asked.obligation.since]
    acknowledgements = [r for r in answers if r.stage is Stage.ACKNOWLEDGED]
    given = min(acknowledgements, key=lambda r: (r.at, r.id), default=None)
    if withdrawn:
        state = ObligationState.WITHDRAWN
    elif given:
        state = ObligationState.ACKNOWLEDGED
    elif escalated:
        state = ObligationState.ESCALATED
    else:
        state = _under_way(answers)
    return DerivedObligation(
        obligation=asked.obligation,
        latest=notices[-1],
        since=first.obligation.since,
        state=state,
        acknowledged_by=given.by if given else None,
        acknowledged_at=given.at if given else None,
        acknowledged_intent=given.intent if given else None,
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
