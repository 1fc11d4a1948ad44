"""How a notice ends, and how it goes on: settled, put off, cancelled, opened again, told.

Each function runs inside a transaction that its caller has opened.
"""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Row, bindparam, case, delete, func, literal, or_, select, update

from alertbus.delivery.ledger import turns
from alertbus.delivery.ledger.rows import OPEN_STATE, RECEIPT_COLUMNS, Settlement, receipt_of, receipt_of_end
from alertbus.delivery.ledger.tables import LedgerState, ledger
from alertbus.model.notice import ENDINGS, Deed, Notice
from alertbus.model.receipt import Receipt, Stage
from alertbus.sql.compiled import CompiledStatement
from alertbus.sql.engine import UtcDateTime

WITHDRAWN_UNSENT = "withdrawn_before_it_was_sent"
"""Error class of a pair that was cancelled: nobody had been told, so there is nothing to take back."""

_NOW = bindparam("now", type_=UtcDateTime())


def settle(connection: Connection, settlements: Sequence[Settlement], now: datetime) -> tuple[list[Receipt], set[str]]:
    """Write down what came of leases; give the receipts to be published, and the lanes that may have a next one now."""
    receipts: list[Receipt] = []
    freed: set[str] = set()
    final: dict[tuple[LedgerState, str | None], dict[str, Settlement]] = {}
    put_off: list[Settlement] = []
    for one in settlements:
        if one.retry_at is None:
            final.setdefault((one.state, one.error), {})[one.leased.notice_id] = one
        else:
            put_off.append(one)
    for (state, error), ended in final.items():
        for row in _finish(connection, list(ended), state, error, now):
            receipts.append(receipt_of_end(ended[row.notice_id], now))
            freed.add(row.lane)
    for one in put_off:
        later = _put_off(connection, one, now)
        if later is None:
            continue
        if later.receipt_pending:
            receipts.append(receipt_of(later))
        if one.own_lane and not later.aside:
            turns.move_to_own_lane(connection, later)
            freed.add(later.lane)
    return receipts, freed


def _finish(connection: Connection, notice_ids: Sequence[str], state: LedgerState, error: str | None, now: datetime) -> Sequence[Row[Any]]:
    """Bring open notices to a final state; give `notice_id` and lane of those that were open. What is done already stays as it is.

    What was refused is undelivered from now on, unless a fallback channel has a copy.
    """
    statement = _REFUSE if state is LedgerState.REFUSED else _FINISH
    return statement.run(connection, {"notices": notice_ids, "final": state.value, "error": error, "now": now})


_ENDED = (
    update(ledger)
    .where(ledger.c.notice_id.in_(bindparam("notices", expanding=True)), ledger.c.done_at.is_(None))
    .values(
        state=bindparam("final"),
        error_class=bindparam("error"),
        done_at=_NOW,
        next_attempt_at=None,
        lease_owner=None,
        receipt_pending=True,
        fallback_due=None,
    )
    .returning(ledger.c.notice_id, ledger.c.lane)  # the lane it is in now: it may have been moved since it was leased
)
_FINISH = CompiledStatement(_ENDED)
_REFUSE = CompiledStatement(_ENDED.values(fallback_due=case((ledger.c.fallback.is_(None), _NOW), else_=None)))


def _put_off(connection: Connection, one: Settlement, now: datetime) -> Row[Any] | None:
    """Give a lease back, to be tried again later. None if somebody else has it by now: then nothing changes."""
    given = {"put_off": one.leased.notice_id, "at_attempt": one.leased.attempts, "error": one.error, "again": one.retry_at}
    if one.told:
        return connection.execute(_PUT_OFF_AND_TELL, {**given, "now": now}).first()
    return connection.execute(_PUT_OFF, given).first()


_PUT_OFF = (
    update(ledger)
    .where(
        ledger.c.notice_id == bindparam("put_off"),
        ledger.c.state == LedgerState.LEASED.value,
        ledger.c.attempts == bindparam("at_attempt"),  # else somebody has leased it since
    )
    .values(error_class=bindparam("error"), next_attempt_at=bindparam("again"), lease_owner=None, state=OPEN_STATE)
    .returning(*RECEIPT_COLUMNS, ledger.c.lane, ledger.c.aside, ledger.c.receipt_pending)
)
_PUT_OFF_AND_TELL = _PUT_OFF.values(
    state=LedgerState.FAILED.value,
    failed_at=func.coalesce(ledger.c.failed_at, _NOW),
    receipt_pending=or_(ledger.c.receipt_pending, ledger.c.failed_at.is_(None)),
    fallback_due=case((ledger.c.failed_at.is_(None) & ledger.c.fallback.is_(None), _NOW), else_=ledger.c.fallback_due),
)


def cancel_unsent(connection: Connection, withdrawal: Notice, now: datetime) -> None:
    """Cancel a withdrawal together with what it withdraws, if no attempt has been made to send any of that.

    Told like any other end, within `Pace.repair_s`: others than the ledger must know, too, what never left.
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
        withdrawn = [] if row.deed in ENDINGS else [*withdrawn, row]  # an earlier withdrawal took its own back
    if len(withdrawn) > 1 and all(row.attempts == 0 and row.done_at is None for row in withdrawn):
        connection.execute(
            update(ledger)
            .where(ledger.c.seq.in_([row.seq for row in withdrawn]))
            .values(
                state=LedgerState.CANCELLED,
                error_class=WITHDRAWN_UNSENT,
                done_at=now,
                next_attempt_at=None,
                fallback_due=None,
                receipt_pending=True,
            )
        )


def learned(connection: Connection, notice_ids: Sequence[str], state: LedgerState, error: str | None, now: datetime) -> list[str]:
    """Write down what a carrier says later of notices that it had: that they arrived, or that it gave them up; give those this changed.

    What it gave up is undelivered from now on, as if it had been refused.
    """
    values: dict[str, Any] = {"state": state.value, "error_class": error, "done_at": now, "receipt_pending": True}
    if state is LedgerState.REFUSED:
        values["fallback_due"] = case((ledger.c.fallback.is_(None), literal(now, UtcDateTime())), else_=None)
    handed_over = (ledger.c.notice_id.in_(notice_ids), ledger.c.state == LedgerState.SENT)
    changed = connection.execute(update(ledger).where(*handed_over).values(**values).returning(ledger.c.notice_id))
    return list(changed.scalars())


def open_again(connection: Connection, notice_id: str, attempts: int) -> str | None:
    """Open what was refused at that attempt and stands there still; give its lane.

    Not once a later notice of the same obligation took it back or got through: it would arrive out of order.
    """
    later = ledger.alias()
    overtaken = select(later.c.seq).where(
        later.c.obligation_id == ledger.c.obligation_id,
        later.c.seq > ledger.c.seq,
        later.c.deed != Deed.ESCALATE,  # it says nothing new
        or_(later.c.deed.in_(ENDINGS), later.c.state.in_([LedgerState.SENT, LedgerState.ACCEPTED])),
    )
    opened = connection.execute(
        update(ledger)
        .where(
            ledger.c.notice_id == notice_id,
            ledger.c.state == LedgerState.REFUSED,
            ledger.c.attempts == attempts,
            ~overtaken.exists(),
        )
        .values(state=OPEN_STATE, done_at=None, next_attempt_at=None)
        .returning(ledger.c.lane)
    )
    lane: str | None = opened.scalar_one_or_none()
    return lane


def note_published(connection: Connection, receipts: Sequence[Receipt]) -> None:
    """Note that the broker has these receipts. One that a newer state has overtaken leaves that state's flag alone."""
    final: list[str] = []
    failed: list[str] = []
    for receipt in receipts:
        (failed if receipt.stage is Stage.FAILED else final).append(receipt.notice_id)
    for notice_ids, statement in ((final, _FINAL_PUBLISHED), (failed, _FAILURE_PUBLISHED)):
        if notice_ids:
            statement.count(connection, {"notices": notice_ids})


_PUBLISHED = update(ledger).where(ledger.c.notice_id.in_(bindparam("notices", expanding=True))).values(receipt_pending=False)
_FINAL_PUBLISHED = CompiledStatement(_PUBLISHED.where(ledger.c.done_at.is_not(None)))
_FAILURE_PUBLISHED = CompiledStatement(_PUBLISHED.where(ledger.c.done_at.is_(None)))


def forget(connection: Connection, notice_id: str) -> None:
    """Delete a row that is done. For the watchdog's own notices only: it sends one each minute, and only the latest matters."""
    connection.execute(delete(ledger).where(ledger.c.notice_id == notice_id, ledger.c.done_at.is_not(None)))
