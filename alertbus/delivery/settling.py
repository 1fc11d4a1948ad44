"""Writing down what came of attempts, in batches, in the order: ledger, then receipts, then the note that they are published.

A crash between two of these repeats and loses nothing: a receipt that is not noted as published is found again (`Upkeep`).
"""

import asyncio
import contextlib
from collections.abc import Awaitable, Callable, Sequence
from datetime import datetime

from alertbus.delivery.ledger.ledger import Ledger
from alertbus.delivery.ledger.rows import Settlement
from alertbus.model.notice import Receipt

PublishReceipts = Callable[[Sequence[Receipt]], Awaitable[None]]
"""Returns when the broker has acknowledged."""


class Settling:
    """`recovered` gives, once, the agencies that answer again; `wake` is called when the ledger may have something due."""

    def __init__(
        self,
        ledger: Ledger,
        publish: PublishReceipts,
        recovered: Callable[[], set[str]],
        wake: Callable[[], None],
        *,
        now: Callable[[], datetime],
        poll_s: float,
    ) -> None:
        self._ledger = ledger
        self._publish = publish
        self._recovered = recovered
        self._wake = wake
        self._now = now
        self._poll_s = poll_s
        self._settlements: list[Settlement] = []
        self._added = asyncio.Event()
        self._ending = False

    def add(self, settlement: Settlement) -> None:
        self._settlements.append(settlement)
        self._added.set()

    def end(self) -> None:
        """Let `run` return once everything is settled, published and noted."""
        self._ending = True
        self._added.set()

    async def run(self) -> None:
        published: list[Receipt] = []
        while True:
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(self._poll_s if published else None):
                    await self._added.wait()
            self._added.clear()
            ending = self._ending
            recovered = self._recovered()  # before settling: what is put off here by now is written before it is made due
            published = await self._settle(published)
            for agency in recovered:
                await self._ledger.retry_agency_now(agency, self._now())
                self._wake()
            if ending and not self._settlements and not published:
                return
            if ending:
                self._added.set()

    async def _settle(self, published: Sequence[Receipt]) -> list[Receipt]:
        """Settle what has come in; give the receipts that are now published and still to be noted as such."""
        settlements, self._settlements = self._settlements, []
        if settlements:
            # What was published before is noted along with it: one write to the disk fewer.
            receipts = await self._ledger.settle(settlements, self._now(), published=published)
            self._wake()  # the next in these lanes
            if receipts:
                await self._publish(receipts)
            return receipts
        if published:
            await self._ledger.note_published(published)
        return []
