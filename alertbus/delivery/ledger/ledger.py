"""The delivery ledger: each notice is written here once, before its Kafka offset moves, and is never forgotten.

(The watchdog's own notices are the one exception: of those only the latest is kept.) Any number of workers share the
ledger. Per lane (an agency and a case) one notice is in flight and the oldest goes first. A lease has no expiry: another
worker releases it once its owner's heartbeat has stood still for `Pace.lease`. Duplicates die here, by the notice's id.

`Ledger` says in which transaction a thing happens; what happens in it stands in `turns` (whose turn it is), `endings`
(how a notice ends or goes on) and `copies` (what is undelivered); what one row is, in `rows`.
"""

from collections.abc import Callable, Collection, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import ColumnElement, Connection, Select, and_, delete, func, or_, select, text, update

from alertbus.delivery.ledger import copies, endings, turns
from alertbus.delivery.ledger.rows import (
    OPEN_STATE,
    PATIENCE,
    RECEIPT_COLUMNS,
    Leased,
    LedgerEntry,
    RefusedNotice,
    Settlement,
    UndeliveredNotice,
    new_row,
    receipt_of,
)
from alertbus.delivery.ledger.shared_transactions import Lock, SharedTransactions
from alertbus.delivery.ledger.tables import LedgerState, beat, ledger
from alertbus.delivery.outcome import DOWN
from alertbus.model.notice import Notice, Receipt
from alertbus.sql import locks
from alertbus.sql.database import Database
from alertbus.sql.engine import database_faults, reading, upsert

CLOCKS_APART = timedelta(minutes=5)
"""Chosen: two machines' clocks may drift by less than this; beyond it one of them is wrong."""


class Ledger:
    """All methods may be called again with the same arguments without harm. Times are given, never read.

    Recording and settling are kept apart (`Lock`): each must see whether the other has left the lane a next one.
    Recorders exclude everybody, so that `seq` is the order of commits, and settlers only the recorders. All raise
    `DatabaseUnavailable` when the database is away.
    """

    def __init__(self, engine: Database, patience: timedelta = PATIENCE) -> None:
        """Take `patience`: how long a notice may wait for its agency's own channel before it counts as undelivered."""
        self._engine = engine
        self._patience = patience
        self.transactions = SharedTransactions(engine, locks.LANES)
        """For other writers of this process, so that they share the ledger's commits."""
        self._idle = True

    async def record(self, notices: Sequence[Notice], now: datetime) -> None:
        """Write what is not yet here, in the order given. On return it survives a crash."""
        if not notices:
            return

        def work(connection: Connection) -> None:
            own_lanes = turns.own_lanes(connection, {notice.obligation.id for notice in notices})
            rows = [new_row(notice, own_lanes, now, self._patience) for notice in notices]
            connection.execute(upsert(ledger, connection.dialect.name, key=["notice_id"]), rows)
            for notice in notices:
                if notice.deed.ends:
                    endings.cancel_unsent(connection, notice, now)
            turns.promote(connection, {row["lane"] for row in rows}, now)

        self._idle = False  # at once: who leases now joins the same transaction, after this
        await self.transactions.write(work, Lock.ALONE)
        self._idle = False

    async def lease(
        self,
        owner: str,
        now: datetime,
        limit: int,
        *,
        full: Collection[str] = (),
        room: Callable[[str], int] | None = None,
    ) -> list[Leased]:
        """Take what is due, oldest first: at most `limit`, of each agency at most its `room`, none of those `full`."""
        # More than wanted, so that one agency's crowd, of which little is taken, does not hide the others.
        candidates = turns.due(now, full).limit(limit if room is None else limit * 4)
        if self._idle:  # asked twenty times a second, mostly for nothing: not worth SQLite's one write lock
            self._idle = not await self._read(candidates.limit(1))
            if self._idle:
                return []

        def work(connection: Connection) -> list[Leased]:
            found = connection.execute(candidates.with_for_update(skip_locked=True)).all()
            chosen = turns.choose(found, limit, room)
            return turns.take(connection, chosen, owner) if chosen else []

        leased = await self.transactions.write(work)
        self._idle = not leased
        return leased

    async def beat(self, owner: str) -> None:
        """Show that this worker lives, for as long as it holds leases."""

        def work(connection: Connection) -> None:
            one_more = update(beat).where(beat.c.owner == owner).values(beat=beat.c.beat + 1)
            if connection.execute(one_more).rowcount == 0:
                connection.execute(upsert(beat, connection.dialect.name), [{"owner": owner, "beat": 1}])

        await self.transactions.write(work)

    async def beats(self) -> dict[str, int]:
        """Give the beat of every worker that holds a lease; 0 for one that has never shown one."""
        holders = select(ledger.c.lease_owner).where(ledger.c.lease_owner.is_not(None)).distinct().subquery()
        query = select(holders.c.lease_owner, func.coalesce(beat.c.beat, 0)).outerjoin(beat, beat.c.owner == holders.c.lease_owner)
        return {row[0]: row[1] for row in await self._read(query)}

    async def release(self, owner: str, now: datetime) -> None:
        """Give back what a worker has not settled: one that stops in good order its own, any other what a dead one left."""

        def work(connection: Connection) -> None:
            mine = ledger.c.lease_owner == owner
            connection.execute(update(ledger).where(mine).values(state=OPEN_STATE, next_attempt_at=now, lease_owner=None))
            connection.execute(delete(beat).where(beat.c.owner == owner))

        await self.transactions.write(work)
        self._idle = False

    async def settle(self, settlements: Sequence[Settlement], now: datetime, *, published: Sequence[Receipt] = ()) -> list[Receipt]:
        """Write down what came of leases and free their lanes; give the receipts that must now be published.

        A final outcome counts whoever brings it, once; a retry only while the lease is still the bringer's. `published` are
        receipts that the broker has by now, noted in the same transaction.
        """
        freed: set[str] = set()

        def work(connection: Connection) -> list[Receipt]:
            receipts: list[Receipt] = []
            endings.note_published(connection, published)
            final: dict[tuple[LedgerState, str | None], list[str]] = {}
            for one in settlements:
                if one.retry_at is None:
                    final.setdefault((one.state, one.error), []).append(one.leased.notice_id)
            for (state, error), notice_ids in final.items():
                for row in endings.finish(connection, notice_ids, state, error, now):
                    receipts.append(receipt_of(row))
                    freed.add(row.lane)
            for one in settlements:
                later = None if one.retry_at is None else endings.put_off(connection, one, now)
                if later is None:
                    continue
                if later.receipt_pending:
                    receipts.append(receipt_of(later))
                if one.own_lane and not later.aside:
                    turns.move_to_own_lane(connection, later)
                    freed.add(later.lane)
            turns.promote(connection, freed, now)
            return receipts

        receipts = await self.transactions.write(work, Lock.SHARED)
        self._idle = self._idle and not freed
        return receipts

    async def refused(self, notice_ids: Sequence[str]) -> list[RefusedNotice]:
        """Give those of the notices that stand refused for good."""
        if not notice_ids:
            return []
        query = (
            select(ledger.c.notice_id, ledger.c.attempts, ledger.c.error_class, ledger.c.done_at, ledger.c.notice)
            .where(ledger.c.notice_id.in_(notice_ids), ledger.c.state == LedgerState.REFUSED)
            .order_by(ledger.c.seq)
        )
        return [RefusedNotice(*row) for row in await self._read(query)]

    async def reopen(self, refused_at: Mapping[str, int], now: datetime) -> list[str]:
        """Let delivery try again what was refused at these attempts, by notice id; give those that are open again."""

        def work(connection: Connection) -> dict[str, str]:
            opened = {}
            for notice_id, attempts in refused_at.items():
                if (lane := endings.open_again(connection, notice_id, attempts)) is not None:
                    opened[notice_id] = lane
            turns.give_turn_anew(connection, set(opened.values()), now)
            return opened

        opened = await self.transactions.write(work, Lock.ALONE)
        self._idle = self._idle and not opened
        return list(opened)

    async def receipts_to_publish(self, before: datetime, limit: int = 500) -> list[Receipt]:
        """Give receipts that may never have reached the broker: of what was settled before this moment, or by a clock far ahead."""
        settled = func.coalesce(ledger.c.done_at, ledger.c.failed_at)
        query = (
            select(*RECEIPT_COLUMNS)
            .where(text("receipt_pending"), or_(settled <= before, settled > before + CLOCKS_APART))
            .order_by(ledger.c.seq)
            .limit(limit)
        )
        return [receipt_of(row) for row in await self._read(query)]

    async def note_published(self, receipts: Sequence[Receipt]) -> None:
        """Note that the broker has these. One that a newer state has overtaken leaves that state's flag alone."""
        await self.transactions.write(lambda connection: endings.note_published(connection, receipts))

    async def retry_agency_now(self, agency: str, now: datetime) -> None:
        """Make due what waited only because this agency's system did not answer: it answers again."""
        waits_for_it = ledger.c.agency == agency, ledger.c.error_class.in_([trouble.value for trouble in DOWN])
        await self._make_due(and_(ledger.c.next_attempt_at > now, *waits_for_it), now)

    async def undo_clock_skew(self, now: datetime, longest_wait: timedelta) -> None:
        """Make due what is put off for longer than the longest wait there is: that was written by a clock gone wrong."""
        too_late = ledger.c.next_attempt_at > now + longest_wait
        if await self._read(select(ledger.c.seq).where(too_late, ledger.c.lease_owner.is_(None)).limit(1)):
            await self._make_due(too_late, now)

    async def _make_due(self, which: ColumnElement[bool], now: datetime) -> None:
        query = update(ledger).where(which, ledger.c.lease_owner.is_(None)).values(next_attempt_at=now)
        await self.transactions.write(lambda connection: connection.execute(query))

    async def claim_undelivered(self, now: datetime, *, until: datetime, limit: int = 100) -> list[UndeliveredNotice]:
        """Take what is undelivered, to copy it to its fallback channel; nobody else does before `until`."""
        if not await self._read(select(ledger.c.seq).where(ledger.c.fallback_due <= now).limit(1)):
            return []
        return await self.transactions.write(lambda connection: copies.claim(connection, now, until, limit))

    async def note_copy(self, one: UndeliveredNotice, channel: str | None, now: datetime, *, again: datetime | None = None) -> None:
        """Note which fallback channel has the copy. None: none has it, and it is tried `again` from then on, or never."""
        await self.transactions.write(lambda connection: copies.note_copy(connection, one, channel, now, again))

    async def find(self, notice_id: str) -> LedgerEntry | None:
        """Give what is known of a notice. None: delivery has not taken it up, or there is no such notice."""
        found = await self._read(select(*(ledger.c[name] for name in LedgerEntry.__slots__)).where(ledger.c.notice_id == notice_id))
        return LedgerEntry(**{**found[0]._asdict(), "state": LedgerState(found[0].state)}) if found else None

    async def _read(self, query: Select[Any]) -> list[Any]:
        with database_faults():
            async with reading(self._engine) as connection:
                return list((await connection.execute(query)).all())
