"""The delivery ledger: each notice is written here once, before its Kafka offset moves, and is never forgotten.

Any number of workers share it. Per lane (an agency and a case) one notice is in flight and the oldest goes first; a
lease runs out, so a dead worker holds nothing up. Duplicates die here, by the notice's id.
"""

from collections.abc import Callable, Collection, Mapping, Sequence
from datetime import datetime, timedelta
from typing import TypeVar

from sqlalchemy import Connection, and_, delete, func, or_, select, text, update
from sqlalchemy.ext.asyncio import AsyncEngine

from alertbus.delivery.ledger.shared_transactions import Lock, Together
from alertbus.delivery.ledger.sql import (
    DOWN,
    OPEN_STATE,
    PATIENCE,
    TOLD,
    WITHDRAWN_UNSENT,
    Entry,
    Leased,
    Refused,
    Settlement,
    Stuck,
    cancel_unsent,
    choose,
    claim,
    due,
    finish,
    give_turn_anew,
    lanes_aside,
    new_row,
    note_fallback,
    note_told,
    promote,
    put_off,
    receipt_of,
    reopen,
    step_aside,
    take,
)
from alertbus.delivery.ledger.tables import State, beat, ledger
from alertbus.model.notice import Deed, Notice, Receipt
from alertbus.sql import locks
from alertbus.sql.engine import database_faults, reading, upsert

__all__ = ["WITHDRAWN_UNSENT", "Entry", "Leased", "Ledger", "Refused", "Settlement", "Stuck"]

CLOCKS_APART = timedelta(minutes=5)
"""Beyond this two machines' clocks do not merely drift: one is wrong (ours)."""

T = TypeVar("T")


class Ledger:
    """All methods may be called again with the same arguments without harm. Times are given, never read.

    Recording and settling are kept apart (`Lock`): each must see whether the other has left the lane a next one.
    Recorders exclude everybody, so that `seq` is the order of commits, and settlers only the recorders.
    """

    def __init__(self, engine: AsyncEngine, patience: timedelta = PATIENCE) -> None:
        """Take `patience`: how long a notice may wait for its agency's own channel before it counts as undelivered."""
        self._engine = engine
        self._patience = patience
        self._together = Together(engine, locks.LANES)
        self._idle = True

    async def write(self, work: Callable[[Connection], T]) -> T:
        """Run somebody else's work along with ours, as `Together.write` does."""
        return await self._together.write(work)

    async def record(self, notices: Sequence[Notice], now: datetime) -> None:
        """Write what is not yet here, in the order given. On return it survives a crash."""
        if not notices:
            return

        def work(connection: Connection) -> None:
            aside = lanes_aside(connection, {notice.obligation.id for notice in notices})
            rows = [new_row(notice, aside, now, self._patience) for notice in notices]
            connection.execute(upsert(ledger, connection.dialect.name, key=["notice_id"]), rows)
            for notice in notices:
                if notice.deed is Deed.WITHDRAW:
                    cancel_unsent(connection, notice, now)
            promote(connection, {row["lane"] for row in rows}, now)

        self._idle = False  # at once: who leases now joins the same transaction, after this
        await self._together.write(work, Lock.ALONE)
        self._idle = False

    async def lease(
        self,
        owner: str,
        now: datetime,
        limit: int,
        *,
        shut: Collection[str] = (),
        room: Callable[[str], int] | None = None,
    ) -> list[Leased]:
        """Take what is due, oldest first: at most `limit`, of each agency at most its `room`, none of those `shut`."""
        # More than wanted, so that one agency's crowd, of which little is taken, does not hide the others.
        candidates = due(now, shut).limit(limit if room is None else limit * 4)
        if self._idle:  # asked twenty times a second, mostly for nothing: not worth SQLite's one write lock
            with database_faults():
                async with reading(self._engine) as connection:
                    self._idle = (await connection.execute(candidates.limit(1))).first() is None
            if self._idle:
                return []

        def work(connection: Connection) -> list[Leased]:
            found = connection.execute(candidates.with_for_update(skip_locked=True)).all()
            chosen = choose(found, limit, room)
            return take(connection, chosen, owner) if chosen else []

        leased = await self._together.write(work)
        self._idle = not leased
        return leased

    async def beat(self, owner: str) -> None:
        """Show that this worker lives, for as long as it holds leases."""

        def work(connection: Connection) -> None:
            one_more = update(beat).where(beat.c.owner == owner).values(beat=beat.c.beat + 1)
            if connection.execute(one_more).rowcount == 0:
                connection.execute(upsert(beat, connection.dialect.name), [{"owner": owner, "beat": 1}])

        await self._together.write(work)

    async def beats(self) -> dict[str, int]:
        """Give the beat of every worker that holds a lease; 0 for one that has never shown one."""
        holders = select(ledger.c.lease_owner).where(ledger.c.lease_owner.is_not(None)).distinct().subquery()
        query = select(holders.c.lease_owner, func.coalesce(beat.c.beat, 0)).outerjoin(beat, beat.c.owner == holders.c.lease_owner)
        with database_faults():
            async with reading(self._engine) as connection:
                return {row[0]: row[1] for row in (await connection.execute(query)).all()}

    async def release(self, owner: str, now: datetime) -> None:
        """Give back what a worker has not settled: one that stops in good order its own, any other what a dead one left."""

        def work(connection: Connection) -> None:
            mine = ledger.c.lease_owner == owner
            connection.execute(update(ledger).where(mine).values(state=OPEN_STATE, next_attempt_at=now, lease_owner=None))
            connection.execute(delete(beat).where(beat.c.owner == owner))

        await self._together.write(work)
        self._idle = False

    async def settle(self, settlements: Sequence[Settlement], now: datetime, *, told: Sequence[Receipt] = ()) -> list[Receipt]:
        """Write down what came of leases and free their lanes; give the receipts that must now be published.

        A final outcome counts whoever brings it, once; a retry only while the lease is still the bringer's. `told` are
        receipts that the broker has by now, noted in the same transaction.
        """
        freed: set[str] = set()

        def work(connection: Connection) -> list[Receipt]:
            receipts: list[Receipt] = []
            note_told(connection, told)
            final: dict[tuple[State, str | None], list[str]] = {}
            for one in settlements:
                if one.retry_at is None:
                    final.setdefault((one.state, one.error), []).append(one.leased.notice_id)
            for (state, error), notice_ids in final.items():
                for row in finish(connection, notice_ids, state, error, now):
                    receipts.append(receipt_of(row))
                    freed.add(row.lane)
            for one in settlements:
                later = None if one.retry_at is None else put_off(connection, one, now)
                if later is None:
                    continue
                if later.receipt_pending:
                    receipts.append(receipt_of(later))
                if one.aside and not later.aside:
                    step_aside(connection, later)
                    freed.add(later.lane)
            promote(connection, freed, now)
            return receipts

        receipts = await self._together.write(work, Lock.SHARED)
        self._idle = self._idle and not freed
        return receipts

    async def refused(self, notice_ids: Sequence[str]) -> list[Refused]:
        """Those of the notices that stand refused for good."""
        if not notice_ids:
            return []
        query = (
            select(ledger.c.notice_id, ledger.c.attempts, ledger.c.error_class, ledger.c.done_at, ledger.c.notice)
            .where(ledger.c.notice_id.in_(notice_ids), ledger.c.state == State.REFUSED)
            .order_by(ledger.c.seq)
        )
        with database_faults():
            async with reading(self._engine) as connection:
                return [Refused(*row) for row in (await connection.execute(query)).all()]

    async def reopen(self, refused_at: Mapping[str, int], now: datetime) -> list[str]:
        """Let delivery try again what was refused at these attempts, by notice id; give those that are open again."""

        def work(connection: Connection) -> dict[str, str]:
            opened = {}
            for notice_id, attempts in refused_at.items():
                if (lane := reopen(connection, notice_id, attempts)) is not None:
                    opened[notice_id] = lane
            give_turn_anew(connection, set(opened.values()), now)
            return opened

        opened = await self._together.write(work, Lock.ALONE)
        self._idle = self._idle and not opened
        return list(opened)

    async def untold(self, before: datetime, limit: int = 500) -> list[Receipt]:
        """Receipts that may never have reached the broker, of what was settled before this moment, or by a clock far ahead of ours."""
        settled = func.coalesce(ledger.c.done_at, ledger.c.failed_at)
        query = (
            select(*TOLD)
            .where(text("receipt_pending"), or_(settled <= before, settled > before + CLOCKS_APART))
            .order_by(ledger.c.seq)
            .limit(limit)
        )
        with database_faults():
            async with reading(self._engine) as connection:
                return [receipt_of(row) for row in (await connection.execute(query)).all()]

    async def told(self, receipts: Sequence[Receipt]) -> None:
        """Note that the broker has these. One that a newer state has overtaken leaves that state's flag alone."""
        await self._together.write(lambda connection: note_told(connection, receipts))

    async def hasten(self, agency: str, now: datetime) -> None:
        """Its system answers again: what waited only for that is due now."""
        query = (
            update(ledger)
            .where(
                ledger.c.agency == agency,
                ledger.c.next_attempt_at > now,
                ledger.c.lease_owner.is_(None),
                ledger.c.error_class.in_([trouble.value for trouble in DOWN]),
            )
            .values(next_attempt_at=now)
        )
        await self._together.write(lambda connection: connection.execute(query))

    async def hurry(self, now: datetime, later_than: timedelta) -> None:
        """Make due what waits for longer than any wait lasts: it was written by another clock."""
        waits = and_(ledger.c.next_attempt_at > now + later_than, ledger.c.lease_owner.is_(None))
        with database_faults():
            async with reading(self._engine) as connection:
                if (await connection.execute(select(ledger.c.seq).where(waits).limit(1))).first() is None:
                    return
        query = update(ledger).where(waits).values(next_attempt_at=now)
        await self._together.write(lambda connection: connection.execute(query))

    async def claim(self, now: datetime, *, until: datetime, limit: int = 100) -> list[Stuck]:
        """Take what is undelivered to put it on its fallback channel; nobody else does before `until`."""
        with database_faults():
            async with reading(self._engine) as connection:
                if (await connection.execute(select(ledger.c.seq).where(ledger.c.fallback_due <= now).limit(1))).first() is None:
                    return []
        return await self._together.write(lambda connection: claim(connection, now, until, limit))

    async def fell_back(self, stuck: Stuck, channel: str | None, now: datetime, *, again: datetime | None = None) -> None:
        """Note what came of it. `channel` None: none has it; tried `again` from then on, or never."""
        await self._together.write(lambda connection: note_fallback(connection, stuck, channel, now, again))

    async def find(self, notice_id: str) -> Entry | None:
        query = select(*(ledger.c[name] for name in Entry.__slots__)).where(ledger.c.notice_id == notice_id)
        with database_faults():
            async with reading(self._engine) as connection:
                row = (await connection.execute(query)).first()
        return None if row is None else Entry(**{**row._asdict(), "state": State(row.state)})

    async def counts(self) -> dict[str, dict[State, int]]:
        """How many notices each agency has in each open state."""
        query = (
            select(ledger.c.agency, ledger.c.state, func.count())
            .where(ledger.c.done_at.is_(None))
            .group_by(ledger.c.agency, ledger.c.state)
        )
        found: dict[str, dict[State, int]] = {}
        with database_faults():
            async with reading(self._engine) as connection:
                for agency, state, count in (await connection.execute(query)).all():
                    found.setdefault(agency, {})[State(state)] = count
        return found
