"""The number of entries in quarantine that were not put back yet. A gauge asks every few seconds, so only new records are read."""

import asyncio
import time
from collections import Counter

from alertbus.audit import chain
from alertbus.broker.consumer import read_all
from alertbus.broker.record import Partition
from alertbus.broker.topics import AUDIT, QUARANTINE, partition_counts
from alertbus.quarantine.entry import Disposition, read
from alertbus.quarantine.shelf import redriven

_FRESH_S = 1.0


class QuarantineDepth:
    """Remembers how far it has read, the id and disposition of every entry, and which entries were put back."""

    def __init__(self, bootstrap: str) -> None:
        self._bootstrap = bootstrap
        self._turn = asyncio.Lock()
        self._asked = 0.0
        self._reached: dict[Partition, int] = {}
        self._entries: dict[str, Disposition] = {}
        self._put_back: set[str] = set()

    async def by_disposition(self) -> dict[Disposition, int]:
        """Count the entries that wait, under every disposition. Raises `BrokerFault`."""
        async with self._turn:
            if not self._asked or time.monotonic() - self._asked > _FRESH_S:
                await self._read_on()
                self._asked = time.monotonic()
            waiting = Counter(disposition for entry, disposition in self._entries.items() if entry not in self._put_back)
            return {disposition: waiting[disposition] for disposition in Disposition}

    async def _read_on(self) -> None:
        counts = await partition_counts(self._bootstrap)
        places = {(topic, number): 0 for topic in (QUARANTINE, AUDIT) for number in range(counts.get(topic, 0))} | self._reached
        async for record in read_all(self._bootstrap, [QUARANTINE, AUDIT], since=places):
            if record.topic == AUDIT:
                audited = chain.read(record.value)
                self._put_back |= redriven([audited]).keys() if audited else set()
            elif (entry := read(record.headers, record.value)) is not None:
                self._entries.setdefault(entry.id, entry.disposition)
            self._reached[record.topic, record.partition] = record.offset + 1
