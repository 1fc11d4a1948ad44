"""One row of the ledger: how a notice is written there, and the forms in which it is read again.

A notice is open until `done_at`. Of a lane's open notices only the oldest has `next_attempt_at`: it is that one's turn.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from types import MappingProxyType
from typing import Any

from sqlalchemy import case

from alertbus.delivery.ledger.tables import LedgerState, ledger
from alertbus.model import ids
from alertbus.model.base import plus
from alertbus.model.item import StepKind
from alertbus.model.notice import Deed, Notice
from alertbus.model.receipt import Receipt, Stage

FINAL: Mapping[LedgerState, Stage] = MappingProxyType(
    {
        LedgerState.SENT: Stage.SENT,
        LedgerState.ACCEPTED: Stage.ACCEPTED,
        LedgerState.REFUSED: Stage.REFUSED,
        LedgerState.CANCELLED: Stage.CANCELLED,
    }
)
"""The stage by which a receipt tells of each final state. Of every other state, once there is trouble, it tells as `failed`."""

STATE_TOLD_BY: Mapping[Stage, LedgerState] = MappingProxyType(
    {stage: state for state, stage in FINAL.items()} | {Stage.FAILED: LedgerState.FAILED}
)
"""The state that delivery's own receipt tells of: `FINAL` the other way round."""

OPEN_STATE = case((ledger.c.failed_at.is_(None), LedgerState.WAITING.value), else_=LedgerState.FAILED.value)
"""The state of an open notice that nobody has leased."""

PATIENCE = timedelta(minutes=5)
"""How long a notice may wait for its agency's own channel where no policy says so."""

ESCALATION_PATIENCE = timedelta(seconds=2)
"""Chosen short: of what goes to the next person because a system did not take it. If it is not taken at once, the fallback gets it."""

RECEIPT_COLUMNS = tuple(
    ledger.c[name]
    for name in "notice_id obligation_id alert_id case_id agency state error_class failed_at done_at".split()  # noqa: SIM905
)
"""The columns that `receipt_of` needs."""


@dataclass(frozen=True, slots=True)
class Leased:
    """A notice that this worker alone delivers until it settles it, or another worker finds this one dead.

    `attempts` counts the attempt that the lease was taken for. The fields but the last are columns of the ledger.
    """

    notice_id: str
    obligation_id: str
    alert_id: str
    case_id: str
    agency: str
    sector: str
    role: str
    deed: str
    lane: str
    attempts: int
    notice: bytes = field(repr=False)
    word: Notice | None = field(default=None, repr=False, compare=False)
    """`notice` as it was read when it arrived here; None for what came back out of the ledger."""


LEASED_COLUMNS = tuple(ledger.c[name] for name in Leased.__slots__ if name != "word")


@dataclass(frozen=True, slots=True)
class Settlement:
    """The end of a lease. `retry_at` None: `state` is final. `told`: a receipt says that there is trouble."""

    leased: Leased
    state: LedgerState
    error: str | None = None
    retry_at: datetime | None = None
    told: bool = True
    own_lane: bool = False
    """It moves, with its obligation, to a lane of its own, and no longer holds back the case's other notices."""


@dataclass(frozen=True, slots=True)
class LedgerEntry:
    """Where one notice is. The fields are columns of the ledger."""

    notice_id: str
    obligation_id: str
    alert_id: str
    case_id: str
    agency: str
    sector: str
    state: LedgerState


@dataclass(frozen=True, slots=True)
class HandedOver:
    """A notice that a carrier has, and the agency's system perhaps not. `seq` is its place in the ledger."""

    seq: int
    notice_id: str
    agency: str


@dataclass(frozen=True, slots=True)
class RefusedNotice:
    """A notice that its agency's system refused for good, at attempt number `attempts`."""

    notice_id: str
    attempts: int
    error: str | None
    at: datetime
    notice: bytes = field(repr=False)


@dataclass(frozen=True, slots=True)
class UndeliveredNotice:
    """A notice that its agency's own channel has not delivered in time, claimed for a while to be copied to the fallback channel."""

    leased: Leased
    reason: str
    since: datetime
    """From when it is undelivered: the same however often it is claimed, so that a report of it that is repeated says the same."""
    known: bool
    """A receipt has told of it as failed or refused."""
    reported: bool
    """The case has been told of it."""
    withdrawn: bool


def patience_with(deed: str, step: str | None, patience: timedelta) -> timedelta:
    """How long a notice with this deed, and of this step, may wait for its agency's own channel, where others may wait for `patience`.

    A step that is taken because nobody has answered says nothing about the channel.
    """
    return ESCALATION_PATIENCE if deed == Deed.ESCALATE and step in {None, StepKind.NOT_DELIVERED} else patience


def new_row(notice: Notice, body: bytes, now: datetime, patience: timedelta = PATIENCE) -> dict[str, Any]:
    """Give the row of a notice that nobody has tried to send, in its agency's lane on the case. `body` is its JSON."""
    owed = notice.obligation
    return {
        "notice_id": notice.id,
        "obligation_id": owed.id,
        "alert_id": owed.alert_id,
        "case_id": owed.case_id,
        "agency": owed.agency,
        "sector": notice.sector,
        "role": owed.role,
        "deed": notice.deed.value,
        "notice": body,
        "lane": owed.lane,
        "aside": False,
        "state": LedgerState.WAITING.value,
        "attempts": 0,
        "next_attempt_at": None,
        "lease_owner": None,
        "recorded_at": now,
        "receipt_pending": False,
        "fallback_due": plus(now, patience_with(notice.deed, None if notice.step is None else notice.step.kind, patience)),
    }


_EMPTY_AT_FIRST = frozenset({"seq", "error_class", "failed_at", "done_at", "fallback", "escalated_at"})
NEW_ROW_COLUMNS = tuple(column.name for column in ledger.c if column.name not in _EMPTY_AT_FIRST)
"""The names of the columns that `new_row` gives."""


def receipt_of(row: Any) -> Receipt:
    """Give the newest receipt of a row with `RECEIPT_COLUMNS`. The same state gives the same receipt id."""
    return _receipt(row, LedgerState(row.state), row.done_at or row.failed_at, row.error_class)


def receipt_of_end(ended: Settlement, at: datetime) -> Receipt:
    """Give the receipt of a lease that came to its end: the one that `receipt_of` gives of its row."""
    return _receipt(ended.leased, ended.state, at, ended.error)


def _receipt(of: Any, state: LedgerState, at: datetime, detail: str | None) -> Receipt:
    stage = FINAL.get(state, Stage.FAILED)
    return Receipt(
        id=ids.receipt_id(of.notice_id, stage),
        notice_id=of.notice_id,
        obligation_id=of.obligation_id,
        alert_id=of.alert_id,
        case_id=of.case_id,
        agency=of.agency,
        stage=stage,
        at=at,
        detail=detail,
    )
