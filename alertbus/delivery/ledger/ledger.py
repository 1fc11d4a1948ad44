"""The delivery ledger: each notice is written here once, before its Kafka offset moves, and is never forgotten.

(The watchdog's own notices are the one exception: of those only the latest is kept.) Any number of workers share the
ledger. Per lane (an agency and a case) one notice is in flight and the oldest goes first. A lease has no expiry: another
worker releases it once its owner's heartbeat has stood still for `Pace.lease`. Duplicates die here, by the notice's id.

`Ledger` says in which transaction a thing happens; what happens in it stands in `recording` (what has arrived), `turns`
(whose turn it is), `endings` (how a notice ends or goes on) and `copies` (what is undelivered); what one row is, in `rows`.
"""

import itertools
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from types import MappingProxyType
from typing import Any, TypeVar

from sqlalchemy import ColumnElement, Connection, Select, and_, delete, func, or_, select, text, update

from alertbus.delivery.ledger import copies, endings, recording, turns
from alertbus.delivery.ledger.recording import NOBODY, HandOn, NewNotice
from alertbus.delivery.ledger.rows import (
    OPEN_STATE,
    PATIENCE,
    RECEIPT_COLUMNS,
    HandedOver,
    Leased,
    LedgerEntry,
    RefusedNotice,
    Settlement,
    UndeliveredNotice,
    receipt_of,
)
from alertbus.delivery.ledger.shared_transactions import Lock, SharedTransactions
from alertbus.delivery.ledger.tables import LedgerState, beat, ledger
from alertbus.delivery.outcome import DOWN
from alertbus.model.notice import Notice
from alertbus.model.receipt import Receipt
from alertbus.sql import locks
from alertbus.sql.database import Database
from alertbus.sql.engine import database_faults, upsert
from alertbus.wire.records import content

T = TypeVar("T")

_NONE: Mapping[str, Mapping[str, str]] = MappingProxyType({})

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
        self._stirrings = itertools.count(1)
        self._stirred = 0
        self._due = _LeftDue(-1)

    async def record(
        self, notices: Sequence[Notice], now: datetime, *, bodies: Sequence[bytes] | None = None, hand_on: HandOn = NOBODY
    ) -> list[Leased]:
        """Write what is not yet here, in the order given; on return it survives a crash. Give what `hand_on` has leased by that.

        `bodies` are the notices' JSON as it arrived; None: as it would stand on its topic.
        """
        if not notices:
            return []
        given = bodies if bodies is not None else [content(notice) for notice in notices]
        arrived = [NewNotice(notice, body) for notice, body in zip(notices, given, strict=True)]

        def work(connection: Connection) -> list[Leased]:
            leased, due = recording.record(connection, arrived, now, self._patience, hand_on)
            if due:
                self.stir()
            return leased

        return await self.transactions.write(work, Lock.ALONE)

    async def lease(
        self,
        owner: str,
        now: datetime,
        limit: int,
        *,
        full: Collection[str] = (),
        room: Callable[[str], int] | None = None,
        if_stirred: bool = False,
    ) -> list[Leased]:
        """Take what is due, oldest first: at most `limit`, of each agency at most its `room`, none of those `full`.

        `if_stirred`: only where something may have become due that this process has not seen; who is before this in the same
        transaction counts.
        """

        def work(connection: Connection) -> tuple[list[Leased], _LeftDue | None]:
            found_at = self._stirred
            if if_stirred and not self.stirred:
                return [], None
            # More than wanted, so that one agency's crowd, of which little is taken, does not hide the others.
            most = limit if room is None else limit * 4
            found = turns.due(connection, now, full, most)
            chosen = turns.choose(found, limit, room)
            taken = frozenset(chosen)
            left = frozenset({*full, *(row.agency for row in found if row.seq not in taken)})
            return turns.take(connection, chosen, owner) if chosen else [], _LeftDue(found_at, left) if len(found) < most else None

        leased, due = await self.transactions.write(work)
        self._due = due or self._due
        return leased

    @property
    def stirred(self) -> bool:
        """Whether something may be due that this process has not leased."""
        return self._due.at != self._stirred or bool(self._due.agencies)

    def may_have_due(self, agency: str) -> bool:
        """Whether something of this agency may be due that this process has not leased."""
        return self._due.at != self._stirred or agency in self._due.agencies

    def stir(self) -> None:
        """Say that something may have become due."""
        self._stirred = next(self._stirrings)

    async def look(self, now: datetime) -> None:
        """Stir, where others have left something due. Only reads."""
        if await self._read(lambda connection: turns.is_due(connection, now)):
            self.stir()

    async def beat(self, owner: str, circuits: Mapping[str, Mapping[str, str]] = _NONE) -> None:
        """Show that this worker lives, for as long as it holds leases, and which agencies it leaves alone."""
        shown = {agency: dict(one) for agency, one in circuits.items()} or None

        def work(connection: Connection) -> None:
            one_more = update(beat).where(beat.c.owner == owner).values(beat=beat.c.beat + 1, circuits=shown)
            if connection.execute(one_more).rowcount == 0:
                connection.execute(upsert(beat, connection.dialect.name), [{"owner": owner, "beat": 1, "circuits": shown}])

        await self.transactions.write(work)

    async def beats(self) -> dict[str, int]:
        """Give the beat of every worker that holds a lease; 0 for one that has never shown one."""
        holders = select(ledger.c.lease_owner).where(ledger.c.lease_owner.is_not(None)).distinct().subquery()
        query = select(holders.c.lease_owner, func.coalesce(beat.c.beat, 0)).outerjoin(beat, beat.c.owner == holders.c.lease_owner)
        return {row[0]: row[1] for row in await self._rows(query)}

    async def release(self, owner: str, now: datetime) -> None:
        """Give back what a worker has not settled: one that stops in good order its own, any other what a dead one left."""

        def work(connection: Connection) -> None:
            mine = ledger.c.lease_owner == owner
            connection.execute(update(ledger).where(mine).values(state=OPEN_STATE, next_attempt_at=now, lease_owner=None))
            connection.execute(delete(beat).where(beat.c.owner == owner))

        await self.transactions.write(work)
        self.stir()

    async def settle(self, settlements: Sequence[Settlement], now: datetime, *, published: Sequence[Receipt] = ()) -> list[Receipt]:
        """Write down what came of leases and free their lanes; give the receipts that must now be published.

        A final outcome counts whoever brings it, once; a retry only while the lease is still the bringer's. `published` are
        receipts that the broker has by now, noted in the same transaction.
        """

        def work(connection: Connection) -> list[Receipt]:
            endings.note_published(connection, published)
            receipts, freed = endings.settle(connection, settlements, now)
            if turns.promote(connection, freed, now):
                self.stir()
            return receipts

        return await self.transactions.write(work, Lock.SHARED)

    async def handed_over(self, since: datetime, *, after: int = 0, limit: int = 500) -> list[HandedOver]:
        """Give notices that a carrier has had since then and of which it has said no more, in the order of arrival, `after` a place."""
        query = (
            select(ledger.c.seq, ledger.c.notice_id, ledger.c.agency)
            .where(ledger.c.state == LedgerState.SENT, ledger.c.done_at >= since, ledger.c.seq > after)
            .order_by(ledger.c.seq)
            .limit(limit)
        )
        return [HandedOver(*row) for row in await self._rows(query)]

    async def learned(self, notice_ids: Sequence[str], now: datetime, *, gave_up: str | None = None) -> list[str]:
        """Note that notices which a carrier had have arrived, or, with an error class, that it gave them up; give those that this changed.

        The receipt of it is published by whichever delivery worker looks next.
        """
        state = LedgerState.ACCEPTED if gave_up is None else LedgerState.REFUSED
        return await self.transactions.write(lambda connection: endings.learned(connection, notice_ids, state, gave_up, now))

    async def refused(self, notice_ids: Sequence[str]) -> list[RefusedNotice]:
        """Give those of the notices that stand refused for good."""
        if not notice_ids:
            return []
        query = (
            select(ledger.c.notice_id, ledger.c.attempts, ledger.c.error_class, ledger.c.done_at, ledger.c.notice)
            .where(ledger.c.notice_id.in_(notice_ids), ledger.c.state == LedgerState.REFUSED)
            .order_by(ledger.c.seq)
        )
        return [RefusedNotice(*row) for row in await self._rows(query)]

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
        self.stir()
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
        return [receipt_of(row) for row in await self._rows(query)]

    async def note_published(self, receipts: Sequence[Receipt]) -> None:
        """Note that the broker has these. One that a newer state has overtaken leaves that state's flag alone."""
        await self.transactions.write(lambda connection: endings.note_published(connection, receipts))

    async def retry_agency_now(self, agency: str, now: datetime) -> None:
        """Make due what waited only because this agency's system did not answer: it answers again."""
        waits_for_it = ledger.c.agency == agency, ledger.c.error_class.in_([trouble.value for trouble in DOWN])
        await self._make_due(and_(ledger.c.next_attempt_at > now, *waits_for_it), now)

    async def undo_clock_skew(self, now: datetime, longest_wait: timedelta) -> bool:
        """Make due what is put off for longer than any wait there is: a clock gone wrong wrote that. Say whether anything was."""
        too_late = ledger.c.next_attempt_at > now + longest_wait
        if not await self._rows(select(ledger.c.seq).where(too_late, ledger.c.lease_owner.is_(None)).limit(1)):
            return False
        await self._make_due(too_late, now)
        return True

    async def _make_due(self, which: ColumnElement[bool], now: datetime) -> None:
        query = update(ledger).where(which, ledger.c.lease_owner.is_(None)).values(next_attempt_at=now)
        await self.transactions.write(lambda connection: connection.execute(query))
        self.stir()

    async def claim_undelivered(self, now: datetime, *, until: datetime, limit: int = 100) -> list[UndeliveredNotice]:
        """Take what is undelivered, to copy it to its fallback channel; nobody else does before `until`."""
        if not await self._rows(select(ledger.c.seq).where(ledger.c.fallback_due <= now).limit(1)):
            return []
        return await self.transactions.write(lambda connection: copies.claim(connection, now, until, limit, self._patience))

    async def note_copy(self, one: UndeliveredNotice, channel: str | None, now: datetime, *, again: datetime | None = None) -> None:
        """Note which fallback channel has the copy. None: none has it, and it is tried `again` from then on, or never."""
        await self.transactions.write(lambda connection: copies.note_copy(connection, one, channel, now, again))

    async def find(self, notice_id: str) -> LedgerEntry | None:
        """Give what is known of a notice. None: delivery has not taken it up, or there is no such notice."""
        found = await self._rows(select(*(ledger.c[name] for name in LedgerEntry.__slots__)).where(ledger.c.notice_id == notice_id))
        return LedgerEntry(**{**found[0]._asdict(), "state": LedgerState(found[0].state)}) if found else None

    async def _rows(self, query: Select[Any]) -> list[Any]:
        return await self._read(lambda connection: list(connection.execute(query).all()))

    async def _read(self, work: Callable[[Connection], T]) -> T:
        with database_faults():
            return await self._engine.read(work)


@dataclass(frozen=True, slots=True)
class _LeftDue:
    """What was left due by the last lease that saw all: something of these agencies, as of this stirring."""

    at: int
    agencies: frozenset[str] = frozenset()
