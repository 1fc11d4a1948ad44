"""The whole database again from Kafka's topics, with nothing but them: each room says how its own tables follow from records.

Every topic is read once. What is read is understood once and handed to every room; a batch is written while the next is
being read, so that memory does not grow with the log. A rebuild that was cut short begins again from nothing, and until
it has finished no part starts on the database (`sql.rebuild`).
"""

import asyncio
import contextlib
from collections.abc import AsyncGenerator, AsyncIterator, Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import structlog
from sqlalchemy import Table, select

from alertbus.broker import topics
from alertbus.broker.consumer import extents, read_all
from alertbus.broker.groups import GROUPS, committed_offsets, groups_at_work
from alertbus.broker.record import Received
from alertbus.chronicle import projector
from alertbus.chronicle.rebuild import ChronicleRestore
from alertbus.chronicle.tables import TABLES as CHRONICLE
from alertbus.chronicle.tables import unreadable
from alertbus.delivery import rebuild as delivery
from alertbus.delivery.ledger import tables as delivery_tables
from alertbus.delivery.worker import GROUP as DELIVERY_GROUP
from alertbus.directory import rebuild as directory
from alertbus.directory import tables as directory_tables
from alertbus.intake import rebuild as gateway
from alertbus.intake import tables as gateway_tables
from alertbus.model import watchdog
from alertbus.model.errors import BusError
from alertbus.reconcile import tables as reconcilers_memory
from alertbus.run.bootstrap import Wiring, now
from alertbus.sql import rebuild as rebuilding
from alertbus.sql.apart import is_refusal, together_or_apart
from alertbus.sql.database import Database, Transaction
from alertbus.sql.engine import database_faults, reading, upsert
from alertbus.sql.rebuild import Restore
from alertbus.staff import rebuild as staff
from alertbus.staff import tables as staff_tables
from alertbus.wire.reading import Understood, understand
from alertbus.wire.words import Words

PASSES = (
    (topics.PERSON_EVENTS, topics.CASES, topics.TEAMS),  # by which keys alerts asked, and which versions of cases were told whole
    (topics.CASE_EVENTS, topics.ALERTS, topics.REVIEW, topics.ITEMS),
    (topics.NOTICES,),
    (topics.RECEIPTS,),  # each receipt finds its notice in the ledger
    (topics.QUARANTINE,),  # says at which attempt a notice was refused
)
"""One after the other, because each leans on those before it."""

TABLES: Mapping[str, tuple[Table, ...]] = {
    "chronicle": CHRONICLE,
    "directory": (
        directory_tables.mention,
        directory_tables.claim,
        directory_tables.held,
        directory_tables.about,
        directory_tables.movement,
        directory_tables.said,
        directory_tables.decisions,
        directory_tables.revised,
        directory_tables.case_version,
        directory_tables.unlinked_person,
        directory_tables.exercise_clock,
    ),
    "staff": (staff_tables.standing_team,),
    "gateway": (gateway_tables.accepted, gateway_tables.raw),
    "delivery": (delivery_tables.ledger, delivery_tables.inbox_message),
}
"""What each room writes again."""

MEMORY = reconcilers_memory.TABLES
"""Emptied with all else: the reconciler finds out anew."""

_BATCH = 2_000
"""Records understood and written together: a few megabytes, and one synced write to the disk."""

log = structlog.get_logger("alertbus.rebuild")


class InUse(BusError):
    """Parts of the bus are at work, and would read and write what is being dropped."""

    code = "in_use"


class LogCut(BusError):
    """The oldest records are gone, and with them what only they say."""

    code = "log_cut"


@dataclass(frozen=True, slots=True)
class Rebuilt:
    """What was done: how many records were read, how many messages the inbox has again, and how many it could not have; and how many
    records some room could not take, which `alertbus status` counts as unreadable.
    """

    records: int
    in_inbox: int
    owed_again: int
    set_aside: int = 0


async def check(wiring: Wiring, *, only_chronicle: bool = False, force: bool = False) -> None:
    """Raise `InUse` while the bus is at work here, and `LogCut` when Kafka no longer holds everything. `force` lets both pass.

    Raises `HalfRebuilt` when one room alone is asked for and the others are not whole.
    """
    if not force and await rebuilding.is_in_use(wiring.engine):
        raise InUse(
            "another process has this database open. Stop the bus, gateway and all, and try again; --force drops the tables under it, "
            "which loses what it writes meanwhile"
        )
    if only_chronicle:
        await rebuilding.refuse_half_rebuilt(wiring.engine)
    if force:
        return
    if working := await groups_at_work(wiring.bootstrap, tuple(GROUPS)):
        raise InUse(
            f"the group{'s' if len(working) > 1 else ''} {', '.join(working)} still has members. Stop those parts (one that was killed "
            "counts for some seconds more) and try again, or give --force if they work on another database"
        )
    every = [topic for pass_ in PASSES for topic in pass_]
    cut = sorted({topic for (topic, _), (first, _) in (await extents(wiring.bootstrap, every)).items() if first > 0})
    if cut:
        raise LogCut(
            f"{', '.join(cut)}: the oldest records are gone, so not everything can be rebuilt. Restore the broker's disks from a backup, "
            "or give --force to rebuild what there is"
        )


async def rebuild(wiring: Wiring, progress: Callable[[int, int], None], *, only_chronicle: bool = False) -> Rebuilt:
    """Drop the tables and write them again. `progress` is told how many records of how many have been read."""
    committed = (await committed_offsets(wiring.bootstrap, {DELIVERY_GROUP: (topics.NOTICES,)}))[DELIVERY_GROUP]
    elsewhere = [agency for agency, chosen in wiring.settings.channels.items() if chosen.channel != "inbox"]
    deliveries = delivery.DeliveryRestore(committed, wiring.plugins, elsewhere, now, wiring.policy)
    rooms: dict[str, tuple[Restore, Words]] = {"chronicle": (ChronicleRestore(), projector.WORDS)}
    if not only_chronicle:
        rooms |= {
            "directory": (directory.DirectoryRestore(wiring.policy.identity), directory.WORDS),
            "staff": (staff.StaffRestore(), staff.WORDS),
            "gateway": (gateway.GatewayRestore(), gateway.WORDS),
            "delivery": (deliveries, delivery.WORDS),
        }
    tables = [*MEMORY, *(table for room in rooms for table in TABLES[room])]
    restores = [restore for restore, _ in rooms.values()]
    words = {what: how for _, said in rooms.values() for what, how in said.items()}

    async with _transaction(wiring.engine) as connection:
        await rebuilding.mark(connection, now())
    async with _transaction(wiring.engine) as connection:
        await rebuilding.empty(connection, tables)
        for restore in restores:
            await restore.begin(connection)
    loading = Loading(wiring.engine, restores)
    count = await loading.load(wiring.bootstrap, words, progress)
    async with _transaction(wiring.engine) as connection:
        await rebuilding.index(connection, tables)
    for restore in restores:
        await restore.finish(wiring.engine)
    async with _transaction(wiring.engine) as connection:
        await rebuilding.unmark(connection)
    log.info("the database is rebuilt", count=count)
    return Rebuilt(count, deliveries.in_inbox, deliveries.owed_again, len(loading.aside))


async def exercises(engine: Database) -> list[str]:
    """Every exercise except the watchdog's, in order: each is reconciled by itself."""
    column = directory_tables.case_version.c.exercise
    with database_faults():
        async with reading(engine) as connection:
            return list((await connection.execute(select(column).where(column != watchdog.EXERCISE).distinct().order_by(column))).scalars())


@dataclass(frozen=True, slots=True)
class RoomsPart:
    """What one room makes of a batch."""

    restore: Restore
    batch: Sequence[Understood]
    rows: Any


class Loading:
    """Writes every room's rows from the topics. A record that a room cannot read or write is set aside, and stops nothing."""

    def __init__(self, engine: Database, restores: Sequence[Restore]) -> None:
        self._engine, self._restores = engine, restores
        self.aside: dict[projector.Coordinates, projector.Fact] = {}
        """By its place each record that some room could not take."""
        self._unwritten: list[projector.Coordinates] = []

    async def load(self, bootstrap: str, words: Words, progress: Callable[[int, int], None]) -> int:
        wanted = {topic for topic, _ in words}
        ends = await extents(bootstrap, sorted(wanted))
        total = sum(last - first for first, last in ends.values())
        count = 0
        writing: asyncio.Task[None] | None = None
        try:
            for pass_ in PASSES:
                if not (now_read := [topic for topic in pass_ if topic in wanted]):
                    continue
                async with contextlib.aclosing(_batches(read_all(bootstrap, now_read))) as batches:
                    async for batch in batches:
                        understood = [understand(record, words) for record in batch]
                        parts = self.read(understood)
                        if writing is not None:
                            await writing
                        writing = asyncio.create_task(self.write(parts))
                        count += len(batch)
                        progress(count, total)
                if writing is not None:  # the next pass leans on all of this one
                    await writing
        finally:
            if writing is not None and not writing.done():
                writing.cancel()
        return count

    def read(self, batch: Sequence[Understood]) -> list[RoomsPart]:
        """Read the batch for every room."""
        return [part for restore in self._restores for part in self._read(restore, batch)]

    def _read(self, restore: Restore, batch: Sequence[Understood]) -> list[RoomsPart]:
        """Read the batch as one, or, where the room breaks on it, in ever smaller parts."""
        try:
            return [RoomsPart(restore, batch, restore.read(batch))]
        except Exception as fault:
            if not is_refusal(fault):
                raise
            if len(batch) == 1:
                self._set_aside(batch[0], type(fault).__name__)
                return []
        middle = len(batch) // 2
        return [*self._read(restore, batch[:middle]), *self._read(restore, batch[middle:])]

    async def write(self, parts: Sequence[RoomsPart]) -> None:
        """Write what the rooms made of a batch, in one transaction."""
        async with _transaction(self._engine) as connection:
            for part in parts:
                await self._write_part(connection, part)
            if self._unwritten:
                rows = [self.aside[where].row for where in self._unwritten]
                await connection.execute(upsert(unreadable, connection.dialect.name), rows)
                self._unwritten.clear()

    async def _write_part(self, connection: Transaction, part: RoomsPart) -> None:
        async def write(some: Sequence[Understood]) -> None:
            rows = part.rows if len(some) == len(part.batch) else part.restore.read(some)
            await part.restore.write(connection, rows)

        async def refused(one: Understood, error: str) -> None:
            self._set_aside(one, error)

        await together_or_apart(connection, part.batch, write, refused)

    def _set_aside(self, one: Understood, error: str) -> None:
        where = (one.record.topic, one.record.partition, one.record.offset)
        if where not in self.aside:
            self.aside[where] = projector.set_aside(where, error)
            self._unwritten.append(where)


async def _batches(records: AsyncIterator[Received]) -> AsyncGenerator[list[Received], None]:
    batch: list[Received] = []
    async for record in records:
        batch.append(record)
        if len(batch) >= _BATCH:
            yield batch
            batch = []
    if batch:
        yield batch


@contextlib.asynccontextmanager
async def _transaction(engine: Database) -> AsyncIterator[Transaction]:
    with database_faults():
        async with engine.begin() as connection:
            yield connection
