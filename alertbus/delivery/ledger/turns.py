"""Whose turn it is: which notice of a lane is due, and which of those that are due a worker takes.

Each function runs inside a transaction that its caller has opened.
"""

from collections.abc import Callable, Collection, Iterable, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Row, Select, func, select, text, update

from alertbus.delivery.ledger.rows import LEASED_COLUMNS, Leased
from alertbus.delivery.ledger.tables import LedgerState, ledger


def promote(connection: Connection, lanes: Collection[str], now: datetime) -> None:
    """Make the oldest open notice of each lane due, unless it has had its turn already."""
    if lanes:
        heads = select(func.min(ledger.c.seq)).where(ledger.c.done_at.is_(None), ledger.c.lane.in_(sorted(lanes))).group_by(ledger.c.lane)
        connection.execute(update(ledger).where(ledger.c.seq.in_(heads), ledger.c.next_attempt_at.is_(None)).values(next_attempt_at=now))


def give_turn_anew(connection: Connection, lanes: Collection[str], now: datetime) -> None:
    """Let the oldest open notice of each lane go next, though another had the turn; while that one is out, after it."""
    if lanes:
        here = ledger.c.lane.in_(sorted(lanes))
        busy = set(connection.execute(select(ledger.c.lane).where(here, ledger.c.state == LedgerState.LEASED)).scalars())
        waiting = (here, ledger.c.done_at.is_(None), ledger.c.state != LedgerState.LEASED)
        connection.execute(update(ledger).where(*waiting).values(next_attempt_at=None))
        promote(connection, set(lanes) - busy, now)


def own_lanes(connection: Connection, obligations: Collection[str]) -> dict[str, str]:
    """Give the lanes of their own that these obligations have been moved to, if any."""
    found = connection.execute(select(ledger.c.obligation_id, ledger.c.lane).where(text("aside AND done_at IS NULL")).distinct())
    return {row.obligation_id: row.lane for row in found.all() if row.obligation_id in obligations}


def move_to_own_lane(connection: Connection, row: Row[Any]) -> None:
    """Move the whole obligation, so that its withdrawal cannot overtake it."""
    connection.execute(
        update(ledger)
        .where(ledger.c.obligation_id == row.obligation_id, ledger.c.lane == row.lane, ledger.c.done_at.is_(None))
        .values(lane=f"{row.lane}#{row.obligation_id}", aside=True)
    )


def due(now: datetime, full: Collection[str]) -> Select[Any]:
    """Ask for `seq` and `agency` of what is due, oldest first, except of the agencies in `full`."""
    query = select(ledger.c.seq, ledger.c.agency).where(ledger.c.next_attempt_at <= now, ledger.c.lease_owner.is_(None))
    if full:
        query = query.where(ledger.c.agency.not_in(sorted(full)))
    return query.order_by(ledger.c.next_attempt_at, ledger.c.seq)


def choose(found: Iterable[Row[Any]], limit: int, room: Callable[[str], int] | None) -> list[int]:
    """Give the `seq` of at most `limit` of what was found, and of each agency at most as many as it has room for."""
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
    """Lease these rows, and count the attempt: from now on the agency may have the message."""
    taken = connection.execute(
        update(ledger)
        .where(ledger.c.seq.in_(chosen))
        .values(state=LedgerState.LEASED, attempts=ledger.c.attempts + 1, lease_owner=owner)
        .returning(*LEASED_COLUMNS)
    )
    return sorted((Leased(*row) for row in taken.all()), key=lambda leased: leased.seq)
