"""The number of entries in quarantine that were not put back yet. A gauge asks every few seconds, so only new records are read."""

import asyncio
import time
from collections import Counter
from dataclasses import replace

from alertbus.audit import chain
from alertbus.broker.consumer import read_all
from alertbus.broker.record import Partition
from alertbus.broker.topics import AUDIT, QUARANTINE, partition_counts
from alertbus.quarantine.entry import Disposition, read
from alertbus.quarantine.shelf import Kept, Redriven, kept_in, redriven

_FRESH_S = 1.0


class QuarantineDepth:
    """Remembers how far it has read, every entry without its content, and which entries were put back."""

    def __init__(self, bootstrap: str) -> None:
        self._bootstrap = bootstrap
        self._turn = asyncio.Lock()
        self._asked = 0.0
        self._reached: dict[Partition, int] = {}
        self._entries: dict[str, Kept] = {}
        self._put_back: dict[str, Redriven] = {}

    async def by_disposition(self) -> dict[Disposition, int]:
        """Count the entries that wait, under every disposition. Raises `BrokerFault`."""
        waiting = Counter(kept.entry.disposition for kept in await self.kept() if kept.entry is not None and kept.redriven is None)
        return {disposition: waiting[disposition] for disposition in Disposition}

    async def kept(self, *, afresh: bool = False) -> list[Kept]:
        """Give every entry where it lies, put back or not, in the order of its place; `afresh`: as of this very moment.

        Raises `BrokerFault`.
        """
        async with self._turn:
            if afresh or not self._asked or time.monotonic() - self._asked > _FRESH_S:
                await self._read_on()
                self._asked = time.monotonic()
            found = [replace(kept, redriven=self._put_back.get(entry_id)) for entry_id, kept in self._entries.items()]
            return sorted(found, key=lambda kept: (kept.partition, kept.offset))

    async def _read_on(self) -> None:
        counts = await partition_counts(self._bootstrap)
        places = {(topic, number): 0 for topic in (QUARANTINE, AUDIT) for number in range(counts.get(topic, 0))} | self._reached
        async for record in read_all(self._bootstrap, [QUARANTINE, AUDIT], since=places):
            if record.topic == AUDIT:
                audited = chain.read(record.value)
                self._put_back |= redriven([audited]) if audited else {}
            elif (entry := read(record.headers, record.value)) is not None:
                self._entries.setdefault(entry.id, kept_in(record, entry))
            self._reached[record.topic, record.partition] = record.offset + 1
