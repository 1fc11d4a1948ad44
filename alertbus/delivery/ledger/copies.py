"""Undelivered notices: which are to be copied to a fallback channel, and what is noted once that was tried.

Each function runs inside a transaction that its caller has opened.
"""

from datetime import datetime, timedelta
from typing import Any

from pydantic_core import from_json
from sqlalchemy import Connection, case, exists, func, literal, select, update

from alertbus.delivery.ledger.rows import LEASED_COLUMNS, Leased, UndeliveredNotice, patience_with
from alertbus.delivery.ledger.tables import LedgerState, ledger
from alertbus.model.base import plus
from alertbus.model.notice import ENDINGS
from alertbus.sql.engine import UtcDateTime

WAITED_TOO_LONG = "waited_too_long"
"""Error class of what was never tried, because its agency's circuit is open or another notice blocks its lane."""


def claim(connection: Connection, now: datetime, until: datetime, limit: int, patience: timedelta) -> list[UndeliveredNotice]:
    """Take what is undelivered, oldest first, for nobody else until `until`. What is out with a worker at this moment is left to it."""
    later = ledger.alias()
    taken_back = exists().where(later.c.obligation_id == ledger.c.obligation_id, later.c.deed.in_(ENDINGS), later.c.seq > ledger.c.seq)
    ready = (
        select(ledger.c.seq)
        .where(ledger.c.fallback_due <= now, ledger.c.state.in_([LedgerState.WAITING, LedgerState.FAILED, LedgerState.REFUSED]))
        .order_by(ledger.c.fallback_due, ledger.c.seq)
        .limit(limit)
        .with_for_update(skip_locked=True)
    )
    chosen = list(connection.execute(ready).scalars())
    if not chosen:
        return []
    connection.execute(update(ledger).where(ledger.c.seq.in_(chosen)).values(fallback_due=until))
    moments = (ledger.c.recorded_at, ledger.c.failed_at, ledger.c.done_at, ledger.c.escalated_at)
    known = (ledger.c.error_class, *moments, taken_back.label("taken_back"))
    found = connection.execute(select(*LEASED_COLUMNS, *known).where(ledger.c.seq.in_(chosen)).order_by(ledger.c.seq))
    return [
        UndeliveredNotice(
            Leased(*row[: len(LEASED_COLUMNS)]),
            row.error_class or WAITED_TOO_LONG,
            since=row.failed_at or row.done_at or min(now, plus(row.recorded_at, patience_with(row.deed, _step_of(row.notice), patience))),
            known=row.failed_at is not None or row.done_at is not None,
            reported=row.escalated_at is not None,
            withdrawn=row.taken_back,
        )
        for row in found.all()
    ]


def _step_of(body: bytes) -> str | None:
    step = from_json(body).get("step")
    return None if step is None else str(step["kind"])


def note_copy(connection: Connection, one: UndeliveredNotice, channel: str | None, now: datetime, again: datetime | None) -> None:
    """Note that the trouble is known outside, and which channel has the copy. None and `again`: none yet, try once more from then on."""
    moment, still_open = literal(now, UtcDateTime()), ledger.c.done_at.is_(None)
    values: dict[str, Any] = {
        "fallback_due": case((still_open | (ledger.c.state == LedgerState.REFUSED), literal(again, UtcDateTime())), else_=None),
        "fallback": func.coalesce(ledger.c.fallback, channel),
    }
    if not one.withdrawn:
        values |= {
            "escalated_at": func.coalesce(ledger.c.escalated_at, moment),
            "failed_at": case((still_open, func.coalesce(ledger.c.failed_at, moment)), else_=ledger.c.failed_at),
            "error_class": case((still_open, func.coalesce(ledger.c.error_class, one.reason)), else_=ledger.c.error_class),
            "state": case((ledger.c.state == LedgerState.WAITING, LedgerState.FAILED.value), else_=ledger.c.state),
        }
    connection.execute(update(ledger).where(ledger.c.notice_id == one.leased.notice_id).values(**values))
