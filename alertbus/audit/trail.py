"""Writing the audit chain: one record after the other, however many processes write, and verifying it.

The topic is the chain; the database gives the lock and remembers how far the topic was read. A writer takes the lock,
reads on from there to the topic's end, links its record to the last one it finds, awaits the broker, and notes the new
head in the same transaction. A crash before that note leaves a record that the next writer finds by reading; a database
that was lost or restored makes the next writer read more. Nothing of it is kept in memory between two records.
"""

import asyncio
import contextlib
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import datetime
from types import MappingProxyType

from sqlalchemy import select, text

from alertbus.audit import chain as chains
from alertbus.audit import tables
from alertbus.audit.anchor import Anchor
from alertbus.audit.chain import AuditedDeed, AuditEntry, AuditRecord, Break, Chains, Head
from alertbus.audit.keys import NO_KEYS, AuditKeys
from alertbus.broker.consumer import read_all
from alertbus.broker.producer import Producer, partition_for
from alertbus.broker.tail import Tail
from alertbus.broker.topics import AUDIT
from alertbus.model.errors import SettingsFault
from alertbus.sql import locks
from alertbus.sql.database import Database, Transaction
from alertbus.sql.engine import database_faults, reading, upsert
from alertbus.wire.records import audit_recorded


class Trail:
    """Appends records. Safe in any number of processes over one database and one broker. Close it: it stays connected to the broker."""

    def __init__(
        self,
        bootstrap: str,
        engine: Database,
        producer: Producer,
        now: Callable[[], datetime],
        keys: AuditKeys = NO_KEYS,
        anchor: Anchor | None = None,
    ) -> None:
        self._engine, self._producer, self._now, self._keys, self._anchor = engine, producer, now, keys, anchor
        self._tail = Tail(bootstrap)
        self._turn = asyncio.Lock()

    async def append(
        self, chain: str, deed: AuditedDeed, *, by: str, reason: str, about: Sequence[str] = (), places: Sequence[str] = ()
    ) -> AuditRecord:
        """Return once the broker has the record. Raises `BrokerFault` or `DatabaseUnavailable`, and may then be called again, and
        `SettingsFault` where it stands and its chain's head cannot be anchored.
        """
        [record] = await self.append_all(chain, [AuditEntry(deed, by, reason, tuple(about), tuple(places))])
        return record

    async def append_all(self, chain: str, entries: Sequence[AuditEntry]) -> list[AuditRecord]:
        """Like `append`, for several that follow each other on one chain: they cost little more than one."""
        partition = partition_for(chain.encode(), await self._producer.partitions(AUDIT))
        with database_faults():
            async with self._turn, self._engine.begin() as connection:  # on SQLite this is the lock
                if connection.dialect.name == "postgresql":
                    await connection.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": locks.AUDIT})
                head = await self._head(connection, chain, partition)
                written: list[AuditRecord] = []
                for entry in entries:
                    written.append(chains.next_record(head, chain, entry, self._now(), self._keys))
                    head = Head(written[-1].number, written[-1].hash)
                following = await self._write(written) + 1
                row = {"chain": chain, "number": head.number, "hash": head.hash, "partition": partition, "next": following}
                columns = [name for name in row if name != "chain"]
                await connection.execute(upsert(tables.head, connection.dialect.name, update=columns), [row])
        if self._anchor is not None:
            with _anchor_faults():
                await self._anchor.note(chain, head)
        return written

    async def anchor(self) -> int:
        """Anchor what is not yet anchored; give the number of chains. Raises `SettingsFault`."""
        with _anchor_faults():
            return 0 if self._anchor is None else await self._anchor.write()

    async def close(self) -> None:
        """Anchor what is left, and leave the broker. It may be used again afterwards."""
        await self._tail.stop()
        with contextlib.suppress(SettingsFault):
            await self.anchor()

    async def _head(self, connection: Transaction, chain: str, partition: int) -> Head:
        row = (await connection.execute(select(tables.head).where(tables.head.c.chain == chain))).one_or_none()
        known = Head() if row is None else Head(row.number, row.hash)
        start = row.next if row is not None and row.partition == partition else 0
        later = [chains.read(found.value) for found in await self._tail.after(AUDIT, partition, start)]
        return chains.follow(known, (record for record in later if record is not None and record.chain == chain))

    async def _write(self, records: Sequence[AuditRecord]) -> int:
        """Write them in order, and give the offset of the last."""
        written = [audit_recorded(record.chain, record.hash, record.at, record.as_bytes()) for record in records]
        return max((await self._producer.send_all(written)).values())


@contextlib.contextmanager
def _anchor_faults() -> Iterator[None]:
    try:
        yield
    except OSError as error:
        what = f"ALERTBUS_AUDIT_ANCHOR: the file cannot be written ({error.strerror}); mend its folder, or set another"
        raise SettingsFault(what) from None


async def verify(
    bootstrap: str, engine: Database, keys: AuditKeys = NO_KEYS, anchors: Mapping[tuple[str, int], str] = MappingProxyType({})
) -> tuple[Chains, list[Break]]:
    """Follow every chain from its first record to its last, and hold it against the keys, the anchor and the database. Gives the first
    break of each.
    """
    with database_faults():  # the heads first: what is written meanwhile is not missing
        async with reading(engine) as connection:
            known = {row.chain: Head(row.number, row.hash) for row in await connection.execute(select(tables.head))}
    found = Chains(keys=keys, anchored=anchors)
    async for record in read_all(bootstrap, [AUDIT]):
        found.take(record.key, record.value, f"{record.topic}/{record.partition}/{record.offset}")
    found.compare(known)
    return found, found.breaks


async def records(bootstrap: str) -> list[AuditRecord]:
    """Every record that can be read, of all chains."""
    found = [chains.read(record.value) async for record in read_all(bootstrap, [AUDIT])]
    return [record for record in found if record is not None]
