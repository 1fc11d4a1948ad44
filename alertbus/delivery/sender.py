"""Sending: what is due in the ledger goes to the agencies, and what came of it back into the ledger.

One notice's way: recorded or leased (`rounds`), rendered and sent (`attempt`), its outcome judged here by `outcome.decide`, its agency's
circuit told (`agencies`), the consequence written down (`rounds`) and published (`publishing`). Beside it runs `upkeep`.
"""

import asyncio
from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime

import structlog

from alertbus.delivery.agencies import Agencies
from alertbus.delivery.attempt import Attempts
from alertbus.delivery.channels import Channels
from alertbus.delivery.ledger.ledger import Ledger
from alertbus.delivery.ledger.rows import Leased, Settlement
from alertbus.delivery.ledger.tables import LedgerState
from alertbus.delivery.outcome import Act, FollowUp, Outcome, decide
from alertbus.delivery.pace import Pace
from alertbus.delivery.publishing import Publishing, PublishReceipts
from alertbus.delivery.render import Renderer
from alertbus.delivery.replies import Replies
from alertbus.delivery.rounds import Rounds
from alertbus.delivery.upkeep import Upkeep

log = structlog.stdlib.get_logger(__name__)


class Sender:
    """One worker's part of the sending. Any number share a ledger; `owner` tells them apart."""

    def __init__(
        self,
        ledger: Ledger,
        renderer: Renderer,
        replies: Replies,
        channels: Channels,
        publish: PublishReceipts,
        *,
        owner: str,
        now: Callable[[], datetime],
        random: Callable[[], float],
        pace: Pace,
    ) -> None:
        self._ledger = ledger
        self._channels = channels
        self._owner = owner
        self._now = now
        self._random = random
        self._pace = pace
        self._agencies = Agencies(channels, pace, now)
        self._attempts = Attempts(renderer, replies, channels, self._report)
        self._publishing = Publishing(publish)
        self.rounds = Rounds(ledger, self._agencies, self._publishing, self._send, owner=owner, now=now, pace=pace)
        """What arrives is recorded through these."""
        self._upkeep = Upkeep(ledger, publish, self.rounds.wake, owner=owner, now=now, pace=pace, left_alone=self._agencies.left_alone)
        self._tasks = asyncio.TaskGroup()
        self._under_way: set[asyncio.Task[None]] = set()

    async def run(self, stop: asyncio.Event) -> None:
        """Deliver until `stop`, then finish what is in flight and give back the rest. Cancelled, leave all as it is."""
        await self._upkeep.begin()
        async with asyncio.TaskGroup() as tasks:
            self._tasks = tasks
            rounds = tasks.create_task(self.rounds.run())
            beside = [tasks.create_task(self._publishing.run()), tasks.create_task(self._upkeep.run())]
            await stop.wait()
            await self.rounds.stop_leasing()
            if self._under_way:
                _, late = await asyncio.wait(self._under_way, timeout=self._pace.grace_s)
                for task in late:
                    task.cancel()
            self.rounds.end()
            await rounds
            for task in beside:
                task.cancel()
        await self._ledger.release(self._owner, self._now())

    def _send(self, leased: Sequence[Leased]) -> None:
        for (sector, _), batch in self._by_adapter_and_channel(leased).items():
            task = self._tasks.create_task(self._attempts.make(sector, batch))
            self._under_way.add(task)
            task.add_done_callback(self._under_way.discard)

    def _by_adapter_and_channel(self, leased: Sequence[Leased]) -> Mapping[tuple[str, object], list[Leased]]:
        """Group what shares its fate: one plugin that is slow, one system that is slow, keeps only its own waiting."""
        groups: defaultdict[tuple[str, object], list[Leased]] = defaultdict(list)
        for one in leased:
            groups[one.sector, self._channels.batch(one.agency) or one.agency].append(one)
        return groups

    def _report(self, one: Leased, outcome: Outcome) -> None:
        """Take up what came of one attempt: judge it, tell its agency's circuit, and have it settled."""
        now = self._now()
        follow_up = decide(outcome, one.attempts, random=self._random, limits=self._pace.limits)
        self._agencies.came_back(one.agency, outcome, follow_up, now)
        self.rounds.settle(_settlement(one, outcome, follow_up, now))
        if outcome.trouble is not None:
            log.info(
                "not delivered",
                agency=one.agency,
                notice_id=one.notice_id,
                attempt=one.attempts,
                error=outcome.trouble.value,
                outcome=follow_up.act.value,
                reason=follow_up.reason.value,
                retry_in_s=None if follow_up.wait is None else round(follow_up.wait.total_seconds(), 3),
            )


def _settlement(one: Leased, outcome: Outcome, follow_up: FollowUp, now: datetime) -> Settlement:
    return Settlement(
        one,
        _state(outcome, follow_up),
        error=outcome.trouble or outcome.remark,
        retry_at=None if follow_up.wait is None else now + follow_up.wait,
        told=follow_up.told,
        own_lane=follow_up.own_lane,
    )


def _state(outcome: Outcome, follow_up: FollowUp) -> LedgerState:
    match follow_up.act:
        case Act.SETTLE:
            return LedgerState.SENT if outcome.handed_over else LedgerState.ACCEPTED
        case Act.GIVE_UP:
            return LedgerState.REFUSED
        case Act.RETRY | Act.DISABLE:
            return LedgerState.FAILED if follow_up.told else LedgerState.WAITING
