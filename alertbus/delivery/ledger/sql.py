"""The ledger's statements. Each runs inside a transaction that its caller has opened, and says nothing to anyone else.

A notice is open until `done_at`. Of a lane's open notices only the oldest has `next_attempt_at`: it is that one's turn.
"""

from collections.abc import Callable, Collection, Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Connection, Row, Select, case, exists, func, literal, or_, select, text, update

from alertbus.delivery.ledger.tables import State, ledger
from alertbus.delivery.outcome import RULES, Health
from alertbus.model import ids
from alertbus.model.notice import Deed, Notice, Receipt, Stage
from alertbus.sql.engine import UtcDateTime

WITHDRAWN_UNSENT = "withdrawn_before_it_was_sent"
"""Error class of a pair that was cancelled: nobody had been told, so there is nothing to take back."""


@dataclass(frozen=True, slots=True)
class Leased:
    """A notice that is ours to deliver until the lease runs out. `attempts` counts this one too."""

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
    seq: int
    notice: bytes = field(repr=False)


@dataclass(frozen=True, slots=True)
class Settlement:
    """What became of a lease. `retry_at` None: `state` is final. `told`: the trouble is to be known outside."""

    leased: Leased
    state: State
    error: str | None = None
    retry_at: datetime | None = None
    told: bool = True
    aside: bool = False


@dataclass(frozen=True, slots=True)
class Entry:
    """What can be asked about one notice."""

    notice_id: str
    obligation_id: str
    alert_id: str
    case_id: str
    agency: str
    sector: str
    state: State


@dataclass(frozen=True, slots=True)
class Refused:
    """A notice given up: refused for good at attempt number `attempts`."""

    notice_id: str
    attempts: int
    error: str | None
    at: datetime
    notice: bytes = field(repr=False)


@dataclass(frozen=True, slots=True)
class Stuck:
    """What its agency's own channel has not delivered in time, claimed for a while to put it where a human will find it."""

    leased: Leased
    reason: str
    known: bool
    """It has been told as failed or refused."""
    escalated: bool
    withdrawn: bool


WAITED_TOO_LONG = "waited_too_long"
"""Error class of what was never tried, because its agency's circuit is open or another notice blocks its lane."""

PATIENCE = timedelta(minutes=5)
"""How long a notice may wait for its agency's own channel where no policy says so."""

ESCALATION_PATIENCE = timedelta(seconds=2)
"""An escalation is for a system that may not answer: if it is not taken at once, the fallback gets it (ours)."""

DOWN = tuple(trouble for trouble, rule in RULES.items() if rule.health is Health.DOWN)
OPEN_STATE = case((ledger.c.failed_at.is_(None), State.WAITING.value), else_=State.FAILED.value)
TOLD = tuple(
    ledger.c[name]
    for name in "notice_id obligation_id alert_id case_id agency state error_class failed_at done_at".split()  # noqa: SIM905
)
_STAGE = {State.SENT: Stage.SENT, State.ACCEPTED: Stage.ACCEPTED, State.REFUSED: Stage.REFUSED, State.CANCELLED: Stage.CANCELLED}


def new_row(notice: Notice, aside: dict[str, str], now: datetime, patience: timedelta = PATIENCE) -> dict[str, Any]:
    owed = notice.obligation
    waits = ESCALATION_PATIENCE if notice.deed is Deed.ESCALATE else patience
    return {
        "notice_id": notice.id,
        "obligation_id": owed.id,
        "alert_id": owed.alert_id,
        "case_id": owed.case_id,
        "agency": owed.agency,
        "sector": notice.sector,
        "role": owed.role,
        "deed": notice.deed.value,
        "notice": notice.model_dump_json().encode(),
        "lane": aside.get(owed.id, f"{owed.agency}/{owed.case_id}"),
        "aside": owed.id in aside,
        "state": State.WAITING,
        "attempts": 0,
        "recorded_at": now,
        "receipt_pending": False,
        "fallback_due": now + waits,
    }


def lanes_aside(connection: Connection, obligations: Collection[str]) -> dict[str, str]:
    """Give the lanes of their own that these obligations have been moved to, if any."""
    found = connection.execute(select(ledger.c.obligation_id, ledger.c.lane).where(text("aside AND done_at IS NULL")).distinct())
    return {row.obligation_id: row.lane for row in found.all() if row.obligation_id in obligations}


def cancel_unsent(connection: Connection, withdrawal: Notice, now: datetime) -> None:
    """Cancel a withdrawal together with what it withdraws, if no attempt has been made to send any of that.

    Told like any other end, within `Pace.repair_s`: the ledger is not the only one that must know what never left.
    """
    found = connection.execute(
        select(ledger.c.seq, ledger.c.notice_id, ledger.c.deed, ledger.c.attempts, ledger.c.done_at)
        .where(ledger.c.obligation_id == withdrawal.obligation.id)
        .order_by(ledger.c.seq)
        .with_for_update()
    )
    withdrawn: list[Any] = []
    for row in found.all():
        if row.notice_id == withdrawal.id:
            withdrawn.append(row)
            break
        withdrawn = [] if row.deed == Deed.WITHDRAW else [*withdrawn, row]  # an earlier withdrawal took its own back
    if len(withdrawn) > 1 and all(row.attempts == 0 and row.done_at is None for row in withdrawn):
        connection.execute(
            update(ledger)
            .where(ledger.c.seq.in_([row.seq for row in withdrawn]))
            .values(
                state=State.CANCELLED,
                error_class=WITHDRAWN_UNSENT,
                done_at=now,
                next_attempt_at=None,
                fallback_due=None,
                receipt_pending=True,
            )
        )


def promote(connection: Connection, lanes: Collection[str], now: datetime) -> None:
    """Make the oldest open notice of each lane due, unless it has had its turn already."""
    if lanes:
        heads = select(func.min(ledger.c.seq)).where(ledger.c.done_at.is_(None), ledger.c.lane.in_(sorted(lanes))).group_by(ledger.c.lane)
        connection.execute(update(ledger).where(ledger.c.seq.in_(heads), ledger.c.next_attempt_at.is_(None)).values(next_attempt_at=now))


def due(now: datetime, shut: Collection[str]) -> Select[Any]:
    query = select(ledger.c.seq, ledger.c.agency).where(ledger.c.next_attempt_at <= now, ledger.c.lease_owner.is_(None))
    if shut:
        query = query.where(ledger.c.agency.not_in(sorted(shut)))
    return query.order_by(ledger.c.next_attempt_at, ledger.c.seq)


def choose(found: Iterable[Row[Any]], limit: int, room: Callable[[str], int] | None) -> list[int]:
    chosen: list[int] = []
    left: dict[str, int] = {}
    for row in found:
        if room is not None:
            free = left.setdefault(row.agency, room(row.agency))
            if free <= 0:
                continue
            left[row.agency] = free - 1
        chosen.append(row.seq)
        if len(chosen) == limit:
            break
    return chosen


def take(connection: Connection, chosen: Sequence[int], owner: str) -> list[Leased]:
    taken = connection.execute(
        update(ledger)
        .where(ledger.c.seq.in_(chosen))
        .values(state=State.LEASED, attempts=ledger.c.attempts + 1, lease_owner=owner)
        .returning(*(ledger.c[name] for name in Leased.__slots__))
    )
    return sorted((Leased(*row) for row in taken.all()), key=lambda leased: leased.seq)


def finish(connection: Connection, notice_ids: Sequence[str], state: State, error: str | None, now: datetime) -> Sequence[Row[Any]]:
    done = connection.execute(
        update(ledger)
        .where(ledger.c.notice_id.in_(notice_ids), ledger.c.done_at.is_(None))
        .values(
            state=state,
            error_class=error,
            done_at=now,
            next_attempt_at=None,
            lease_owner=None,
            receipt_pending=True,
            fallback_due=case((ledger.c.fallback.is_(None), literal(now, UtcDateTime())), else_=None) if state is State.REFUSED else None,
        )
        .returning(*TOLD, ledger.c.lane)  # the lane it is in now: it may have stepped aside since it was leased
    )
    return done.all()


def put_off(connection: Connection, one: Settlement, now: datetime) -> Row[Any] | None:
    telling: dict[str, Any] = {"state": OPEN_STATE}
    if one.told:
        telling = {
            "state": State.FAILED,
            "failed_at": func.coalesce(ledger.c.failed_at, literal(now, UtcDateTime())),
            "receipt_pending": or_(ledger.c.receipt_pending, ledger.c.failed_at.is_(None)),
            "fallback_due": case(
                (ledger.c.failed_at.is_(None) & ledger.c.fallback.is_(None), literal(now, UtcDateTime())), else_=ledger.c.fallback_due
            ),
        }
    put_off = connection.execute(
        update(ledger)
        .where(
            ledger.c.notice_id == one.leased.notice_id,
            ledger.c.state == State.LEASED,
            ledger.c.attempts == one.leased.attempts,  # else somebody has leased it since
        )
        .values(error_class=one.error, next_attempt_at=one.retry_at, lease_owner=None, **telling)
        .returning(*TOLD, ledger.c.lane, ledger.c.aside, ledger.c.receipt_pending)
    )
    return put_off.first()


def reopen(connection: Connection, notice_id: str, attempts: int) -> str | None:
    """Open what was refused at that attempt and stands there still; give its lane.

    Not once a later notice of the same obligation took it back or got through: it would arrive out of order.
    """
    later = ledger.alias()
    overtaken = select(later.c.seq).where(
        later.c.obligation_id == ledger.c.obligation_id,
        later.c.seq > ledger.c.seq,
        later.c.deed != Deed.ESCALATE,  # it says nothing new
        or_(later.c.deed == Deed.WITHDRAW, later.c.state.in_([State.SENT, State.ACCEPTED])),
    )
    opened = connection.execute(
        update(ledger)
        .where(ledger.c.notice_id == notice_id, ledger.c.state == State.REFUSED, ledger.c.attempts == attempts, ~overtaken.exists())
        .values(state=OPEN_STATE, done_at=None, next_attempt_at=None)
        .returning(ledger.c.lane)
    )
    lane: str | None = opened.scalar_one_or_none()
    return lane


def give_turn_anew(connection: Connection, lanes: Collection[str], now: datetime) -> None:
    """Let the oldest open notice of each lane go next, though another had the turn; while that one is out, after it."""
    if lanes:
        ours = ledger.c.lane.in_(sorted(lanes))
        busy = set(connection.execute(select(ledger.c.lane).where(ours, ledger.c.state == State.LEASED)).scalars())
        waiting = (ours, ledger.c.done_at.is_(None), ledger.c.state != State.LEASED)
        connection.execute(update(ledger).where(*waiting).values(next_attempt_at=None))
        promote(connection, set(lanes) - busy, now)


def step_aside(connection: Connection, row: Row[Any]) -> None:
    """Move the whole obligation to a lane of its own, so that its withdrawal cannot overtake it."""
    connection.execute(
        update(ledger)
        .where(ledger.c.obligation_id == row.obligation_id, ledger.c.lane == row.lane, ledger.c.done_at.is_(None))
        .values(lane=f"{row.lane}#{row.obligation_id}", aside=True)
    )


def note_told(connection: Connection, receipts: Sequence[Receipt]) -> None:
    final: list[str] = []
    failed: list[str] = []
    for receipt in receipts:
        (failed if receipt.stage is Stage.FAILED else final).append(receipt.notice_id)
    for notice_ids, still in ((final, ledger.c.done_at.is_not(None)), (failed, ledger.c.done_at.is_(None))):
        if notice_ids:
            connection.execute(update(ledger).where(ledger.c.notice_id.in_(notice_ids), still).values(receipt_pending=False))


def claim(connection: Connection, now: datetime, until: datetime, limit: int) -> list[Stuck]:
    """Take what is undelivered, oldest first. What is out with a worker at this moment is left to it."""
    later = ledger.alias()
    taken_back = exists().where(
        later.c.obligation_id == ledger.c.obligation_id, later.c.deed == Deed.WITHDRAW.value, later.c.seq > ledger.c.seq
    )
    ready = (
        select(ledger.c.seq)
        .where(ledger.c.fallback_due <= now, ledger.c.state.in_([State.WAITING, State.FAILED, State.REFUSED]))
        .order_by(ledger.c.fallback_due, ledger.c.seq)
        .limit(limit)
        .with_for_update(skip_locked=True)
    )
    columns = [ledger.c[name] for name in Leased.__slots__]
    chosen = list(connection.execute(ready).scalars())
    if not chosen:
        return []
    connection.execute(update(ledger).where(ledger.c.seq.in_(chosen)).values(fallback_due=until))
    found = connection.execute(
        select(*columns, ledger.c.error_class, ledger.c.failed_at, ledger.c.done_at, ledger.c.escalated_at, taken_back.label("taken_back"))
        .where(ledger.c.seq.in_(chosen))
        .order_by(ledger.c.seq)
    )
    return [
        Stuck(
            Leased(*row[: len(columns)]),
            row.error_class or WAITED_TOO_LONG,
            known=row.failed_at is not None or row.done_at is not None,
            escalated=row.escalated_at is not None,
            withdrawn=row.taken_back,
        )
        for row in found.all()
    ]


def note_fallback(connection: Connection, stuck: Stuck, channel: str | None, now: datetime, again: datetime | None) -> None:
    """Note that the trouble is known outside, and which channel has it; None and `again`: not yet, from then on once more."""
    moment, still_open = literal(now, UtcDateTime()), ledger.c.done_at.is_(None)
    values: dict[str, Any] = {
        "fallback_due": case((still_open | (ledger.c.state == State.REFUSED), literal(again, UtcDateTime())), else_=None),
        "fallback": func.coalesce(ledger.c.fallback, channel),
    }
    if not stuck.withdrawn:
        values |= {
            "escalated_at": func.coalesce(ledger.c.escalated_at, moment),
            "failed_at": case((still_open, func.coalesce(ledger.c.failed_at, moment)), else_=ledger.c.failed_at),
            "error_class": case((still_open, func.coalesce(ledger.c.error_class, stuck.reason)), else_=ledger.c.error_class),
            "state": case((ledger.c.state == State.WAITING, State.FAILED.value), else_=ledger.c.state),
        }
    connection.execute(update(ledger).where(ledger.c.notice_id == stuck.leased.notice_id).values(**values))


def receipt_of(row: Any) -> Receipt:
    stage = _STAGE.get(State(row.state), Stage.FAILED)
    return Receipt(
        id=ids.receipt_id(row.notice_id, stage),
        notice_id=row.notice_id,
        obligation_id=row.obligation_id,
        alert_id=row.alert_id,
        case_id=row.case_id,
        agency=row.agency,
        stage=stage,
        at=row.done_at or row.failed_at,
        detail=row.error_class,
    )
