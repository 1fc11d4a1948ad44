"""What a worker does beside delivering: show that it lives, and put right what a dead worker or a wrong clock has left."""

import asyncio
from collections.abc import Callable, Mapping
from datetime import datetime, timedelta

import structlog

from alertbus.delivery.heartbeats import Heartbeats
from alertbus.delivery.ledger.ledger import Ledger
from alertbus.delivery.pace import Pace
from alertbus.delivery.publishing import PublishReceipts

log = structlog.stdlib.get_logger(__name__)


class Upkeep:
    """`wake` is called when something has become due by this; `left_alone` gives `Agencies.left_alone`, which goes with each heartbeat."""

    def __init__(
        self,
        ledger: Ledger,
        publish: PublishReceipts,
        wake: Callable[[], None],
        *,
        owner: str,
        now: Callable[[], datetime],
        pace: Pace,
        left_alone: Callable[[], Mapping[str, Mapping[str, str]]] = dict,
    ) -> None:
        self._ledger = ledger
        self._publish = publish
        self._wake = wake
        self._owner = owner
        self._now = now
        self._pace = pace
        self._left_alone = left_alone

    async def begin(self) -> None:
        """Do once, before the first lease: show a heartbeat, and publish what was settled and perhaps never published."""
        await self._ledger.beat(self._owner)
        await self._ledger.undo_clock_skew(self._now(), self._pace.longest_wait)
        await self._publish_again(settled_before=self._now())

    async def run(self) -> None:
        """Go on until cancelled, three times within the time after which a silent worker counts as dead."""
        loop, heartbeats = asyncio.get_running_loop(), Heartbeats(self._pace.lease.total_seconds())
        while True:
            await asyncio.sleep(self._pace.lease.total_seconds() / 3)
            await self._publish_again(settled_before=self._now() - timedelta(seconds=self._pace.repair_s))
            if await self._ledger.undo_clock_skew(self._now(), self._pace.longest_wait):
                self._wake()
            await self._ledger.beat(self._owner, self._left_alone())
            others = {owner: beat for owner, beat in (await self._ledger.beats()).items() if owner != self._owner}
            for owner in heartbeats.dead(others, loop.time()):
                await self._release(owner)

    async def _release(self, owner: str) -> None:
        log.warning("a delivery worker is dead, and what it had is free again", member=owner)
        await self._ledger.release(owner, self._now())
        await self._ledger.undo_clock_skew(self._now(), self._pace.limits.backoff.cap)
        self._wake()

    async def _publish_again(self, settled_before: datetime) -> None:
        while receipts := await self._ledger.receipts_to_publish(settled_before):
            await self._publish(receipts)
            await self._ledger.note_published(receipts)
