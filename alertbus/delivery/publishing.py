"""Publishing receipts, one batch after another, in the order in which they were settled. What the broker has is noted by the next round.

A crash in between repeats and loses nothing: a receipt that is not noted as published is found again (`Upkeep`).
"""

import asyncio
from collections.abc import Awaitable, Callable, Sequence

from alertbus.model.receipt import Receipt

PublishReceipts = Callable[[Sequence[Receipt]], Awaitable[None]]
"""Returns when the broker has acknowledged."""


class Publishing:
    """Add receipts only once they are settled in the ledger."""

    def __init__(self, publish: PublishReceipts) -> None:
        self._publish = publish
        self._waiting: list[Receipt] = []
        self._under_way: list[Receipt] = []
        self._published: list[Receipt] = []
        self._added = asyncio.Event()
        self._idle = asyncio.Event()
        self._idle.set()

    def add(self, receipts: Sequence[Receipt]) -> None:
        if receipts:
            self._waiting += receipts
            self._idle.clear()
            self._added.set()

    def take_published(self) -> list[Receipt]:
        """Give, once, the receipts that the broker has by now."""
        published, self._published = self._published, []
        return published

    async def all_published(self) -> None:
        """Return when nothing waits any more."""
        await self._idle.wait()

    async def run(self) -> None:
        """Go on until cancelled."""
        while True:
            await self._added.wait()
            self._added.clear()
            batch, self._waiting = self._waiting, []
            await self._publish(batch)
            self._published += batch
            if not self._waiting:
                self._idle.set()
