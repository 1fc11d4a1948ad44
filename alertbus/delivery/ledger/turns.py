"""Whose turn it is: which notice of a lane is due, and which of those that are due a worker takes.

Each function runs inside a transaction that its caller has opened.
"""

from collections.abc import Callable, Collection, Iterable, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Integer, Row, bindparam, func, select, update

from alertbus.delivery.ledger.rows import LEASED_COLUMNS, Leased
from alertbus.delivery.ledger.tables import LedgerState, ledger
from alertbus.sql.compiled import CompiledStatement
from alertbus.sql.engine import UtcDateTime


def promote(connection: Connection, lanes: Collection[str], now: datetime) -> bool:
    """Make the oldest open notice of each lane due, unless it has had its turn already. Say whether any has become so."""
    return bool(lanes) and _PROMOTE.count(connection, {"lanes": sorted(lanes), "due_at": now}) > 0


_PROMOTE = CompiledStatement(
    update(ledger)
    .where(
        ledger.c.seq.in_(
            select(func.min(ledger.c.seq))
            .where(ledger.c.done_at.is_(None), ledger.c.lane.in_(bindparam("lanes", expanding=True)))
            .group_by(ledger.c.lane)
        ),
        ledger.c.next_attempt_at.is_(None),
    )
    .values(next_attempt_at=bindparam("due_at", type_=UtcDateTime()))
)


def give_turn_anew(connection: Connection, lanes: Collection[str], now: datetime) -> None:
    """Let the oldest open notice of each lane go next, though another had the turn; while that one is out, after it."""
    if lanes:
        here = ledger.c.lane.in_(sorted(lanes))
        busy = set(connection.execute(select(ledger.c.lane).where(here, ledger.c.state == LedgerState.LEASED)).scalars())
        waiting = (here, ledger.c.done_at.is_(None), ledger.c.state != LedgerState.LEASED)
        connection.execute(update(ledger).where(*waiting).values(next_attempt_at=None))
        promote(connection, set(lanes) - busy, now)


def move_to_own_lane(connection: Connection, row: Row[Any]) -> None:
    """Move the whole obligation, so that its withdrawal cannot overtake it."""
    connection.execute(
        update(ledger)
        .where(ledger.c.obligation_id == row.obligation_id, ledger.c.lane == row.lane, ledger.c.done_at.is_(None))
        .values(lane=f"{row.lane}#{row.obligation_id}", aside=True)
    )


def due(connection: Connection, now: datetime, full: Collection[str], limit: int) -> Sequence[Any]:
    """Give `seq` and `agency` of what is due, oldest first, at most `limit`, except of the agencies in `full`. Nobody else takes it."""
    return _DUE_AND_FREE.run(connection, {"now": now, "full": sorted(full), "most": limit})


def is_due(connection: Connection, now: datetime) -> bool:
    """Say whether anything is due. Only reads."""
    return bool(_DUE.run(connection, {"now": now, "full": [], "most": 1}))


_WHAT_IS_DUE = (
    select(ledger.c.seq, ledger.c.agency)
    .where(
        ledger.c.next_attempt_at <= bindparam("now"),
        ledger.c.lease_owner.is_(None),
        ledger.c.agency.not_in(bindparam("full", expanding=True)),
    )
    .order_by(ledger.c.next_attempt_at, ledger.c.seq)
    .limit(bindparam("most", type_=Integer))
)
_DUE = CompiledStatement(_WHAT_IS_DUE)
_DUE_AND_FREE = CompiledStatement(_WHAT_IS_DUE.with_for_update(skip_locked=True))


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
    taken = _TAKE.run(connection, {"chosen": chosen, "taker": owner})
    return [Leased(*leased) for _, *leased in sorted(taken, key=lambda row: row.seq)]


_TAKE = CompiledStatement(
    update(ledger)
    .where(ledger.c.seq.in_(bindparam("chosen", expanding=True)))
    .values(state=LedgerState.LEASED.value, attempts=ledger.c.attempts + 1, lease_owner=bindparam("taker"))
    .returning(ledger.c.seq, *LEASED_COLUMNS)
)
