"""The lanes at work: lease what is due, render, send by the agency's channel, settle, tell.

Each agency has its own circuit and its own share of what may be in flight, so that a dead or slow one delays only
itself. Outcomes are settled and told in batches, in the order: ledger, then receipts, then the note that they are told.
"""

import asyncio
import contextlib
from collections import Counter, defaultdict
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

import structlog

from alertbus.delivery.channels import BatchChannel, Channel, Channels
from alertbus.delivery.circuit import Circuit, CircuitLimits, CircuitState
from alertbus.delivery.heartbeats import Watch
from alertbus.delivery.ledger.ledger import Leased, Ledger, Settlement
from alertbus.delivery.ledger.tables import State
from alertbus.delivery.outcome import Act, Decision, Health, Limits, Outcome, Trouble, decide
from alertbus.delivery.render import Renderer
from alertbus.model.errors import Unavailable
from alertbus.model.notice import Message, Receipt
from alertbus.waiting import pause

log = structlog.stdlib.get_logger(__name__)

_TOGETHER = 50

Publish = Callable[[Sequence[Receipt]], Awaitable[None]]


@dataclass(frozen=True, slots=True)
class Pace:
    """How much at once and how long. `lease`: a worker whose beat stands still for so long is dead, and its leases are free."""

    in_flight: int = 500
    per_agency: int = 8
    """Where the agency's settings do not say how many its system takes at once (`at_once`)."""
    per_inbox: int = 125
    """The same for a channel that takes many at once: little for it, and yet not all that may be in flight."""
    lease: timedelta = timedelta(seconds=10)
    poll_s: float = 0.05
    """What another process has recorded, or what has become due, is found after this long. Our own is found at once."""
    render_limit_s: float = 2.0
    grace_s: float = 5.0
    """How long a worker that is told to stop waits for what it has in flight."""
    repair_s: float = 10.0
    """A receipt that has not been told for this long is told again."""
    limits: Limits = field(default_factory=Limits)
    circuit: CircuitLimits = field(default_factory=CircuitLimits)


class Lanes:
    """One worker's share of the lanes. `publish` returns when the broker has acknowledged."""

    def __init__(
        self,
        ledger: Ledger,
        renderer: Renderer,
        channels: Channels,
        publish: Publish,
        *,
        owner: str,
        now: Callable[[], datetime],
        random: Callable[[], float],
        pace: Pace,
    ) -> None:
        self._ledger = ledger
        self._renderer = renderer
        self._channels = channels
        self._publish = publish
        self._owner = owner
        self._now = now
        self._random = random
        self._pace = pace
        self._circuits: defaultdict[str, Circuit] = defaultdict(Circuit)
        self._in_flight: Counter[str] = Counter()
        self._work: set[asyncio.Task[None]] = set()
        self._wake = asyncio.Event()
        self._reported = asyncio.Event()
        self._settlements: list[Settlement] = []
        self._back: set[str] = set()
        self._ending = False

    @property
    def _longest_wait(self) -> timedelta:
        return self._pace.limits.backoff.longest_wish + self._pace.limits.backoff.cap

    def wake(self) -> None:
        """There may be something new in the ledger."""
        self._wake.set()

    async def run(self, stop: asyncio.Event) -> None:
        """Deliver until `stop`, then finish what is in flight and give back the rest. Cancelled, leave all as it is."""
        await self._ledger.beat(self._owner)
        await self._ledger.hurry(self._now(), self._longest_wait)
        await self._tell_what_is_untold(self._now())
        async with asyncio.TaskGroup() as tasks:
            settling = tasks.create_task(self._settle_until_the_end())
            keeping = tasks.create_task(self._keep())
            tasks.create_task(self._wake_at(stop))
            await self._lease_until(stop, tasks)
            if self._work:
                _, late = await asyncio.wait(self._work, timeout=self._pace.grace_s)
                for task in late:
                    task.cancel()
            self._ending = True
            self._reported.set()
            await settling
            keeping.cancel()
        await self._ledger.release(self._owner, self._now())

    async def _lease_until(self, stop: asyncio.Event, tasks: asyncio.TaskGroup) -> None:
        while not stop.is_set():
            self._wake.clear()
            free = self._pace.in_flight - self._in_flight.total()
            leased = []
            if free > 0:
                leased = await self._ledger.lease(
                    self._owner,
                    self._now(),
                    free,
                    shut=[agency for agency in {*self._in_flight, *self._circuits} if self._room(agency) <= 0],
                    room=self._room,
                )
            for (sector, _), batch in self._by_adapter_and_channel(leased).items():
                task = tasks.create_task(self._deliver(sector, batch))
                self._work.add(task)
                task.add_done_callback(self._work.discard)
            if not leased:
                await pause(self._wake, self._pace.poll_s)

    async def _wake_at(self, stop: asyncio.Event) -> None:
        await stop.wait()
        self._wake.set()

    def _room(self, agency: str) -> int:
        usual = self._pace.per_inbox if self._channels.batch(agency) else self._pace.per_agency
        most = self._channels.at_once.get(agency, usual)
        free = most - self._in_flight[agency]
        return self._circuits[agency].room(self._now(), free) if free > 0 else 0

    def _by_adapter_and_channel(self, leased: Sequence[Leased]) -> dict[tuple[str, object], list[Leased]]:
        """Sort what shares its fate: one plugin that is slow, one system that is slow, keeps only its own waiting."""
        groups: defaultdict[tuple[str, object], list[Leased]] = defaultdict(list)
        for one in leased:
            now = self._now()
            self._in_flight[one.agency] += 1
            self._circuits[one.agency] = self._circuits[one.agency].left(now, self._pace.circuit)
            groups[one.sector, self._channels.batch(one.agency) or one.agency].append(one)
        return groups

    async def _deliver(self, sector: str, leased: Sequence[Leased]) -> None:
        """Render and send what shares an adapter and a channel; each is reported once, unless cancelled."""
        for start in range(0, len(leased), _TOGETHER):  # the first need not wait until the last is rendered
            await self._deliver_together(sector, leased[start : start + _TOGETHER])

    async def _deliver_together(self, sector: str, batch: Sequence[Leased]) -> None:
        rendered = await self._renderer.render(sector, batch)
        ready: list[tuple[Leased, Message]] = []
        for one, result in zip(batch, rendered, strict=True):
            if isinstance(result, Message):
                ready.append((one, result))
            else:
                self._report(one, Outcome(result))
        if not ready:
            return
        agency = ready[0][0].agency
        together = self._channels.batch(agency)
        if together is not None:
            await self._send_all(together, ready)
        else:
            channel = self._channels.of(agency)
            await asyncio.gather(*(self._send(channel, one, message) for one, message in ready))

    async def _send_all(self, channel: BatchChannel, ready: Sequence[tuple[Leased, Message]]) -> None:
        try:
            outcomes = await channel.send_all([(message, one.agency) for one, message in ready])
        except Unavailable:
            raise
        except Exception:  # noqa: BLE001  one of them spoils the batch: find out which
            for one, message in ready:
                await self._send(channel, one, message)
            return
        for (one, _), outcome in zip(ready, outcomes, strict=True):
            self._report(one, outcome)

    async def _send(self, channel: Channel, one: Leased, message: Message) -> None:
        try:
            outcome = await channel.send(message, one.agency)
        except Unavailable:
            raise  # something of ours is down: the worker ends, and starts again
        except Exception as fault:
            log.error(  # noqa: TRY400  the gate keeps class and place only
                "a channel raised", channel=channel.name, agency=one.agency, notice_id=one.notice_id, exc_info=fault
            )
            outcome = Outcome(Trouble.CHANNEL)
        self._report(one, outcome)

    def _report(self, one: Leased, outcome: Outcome) -> None:
        now = self._now()
        decision = decide(outcome, one.attempts, random=self._random, limits=self._pace.limits)
        self._in_flight[one.agency] -= 1
        self._judge(one.agency, outcome, decision, now)
        retry_at = None if decision.wait is None else now + decision.wait
        self._settlements.append(
            Settlement(
                one,
                _state(decision, outcome),
                error=outcome.trouble,
                retry_at=retry_at,
                told=decision.told,
                aside=decision.aside,
            )
        )
        if outcome.trouble is not None:
            log.info(
                "not delivered",
                agency=one.agency,
                notice_id=one.notice_id,
                attempt=one.attempts,
                error=outcome.trouble.value,
                outcome=decision.act.value,
                reason=decision.reason.value,
                retry_in_s=None if decision.wait is None else round(decision.wait.total_seconds(), 3),
            )
        self._reported.set()

    def _judge(self, agency: str, outcome: Outcome, decision: Decision, now: datetime) -> None:
        before = self._circuits[agency]
        after = before
        if decision.health is Health.ALIVE:
            after = before.succeeded()
        elif decision.health is Health.DOWN:
            after = before.failed(now, self._pace.circuit)
            if decision.act is Act.DISABLE:
                after = after.asked_to_wait(now + self._pace.circuit.gone)
            elif outcome.retry_after is not None:
                after = after.asked_to_wait(now + min(outcome.retry_after, self._pace.limits.backoff.longest_wish))
        elif before.state is CircuitState.PROBING:
            after = before.unanswered(now)
        self._circuits[agency] = after
        if before.state is not after.state:
            log.warning("an agency's circuit changed", agency=agency, state=after.state.value)
            if after.state is CircuitState.CLOSED:
                self._back.add(agency)

    async def _settle_until_the_end(self) -> None:
        told: list[Receipt] = []
        while True:
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(self._pace.poll_s if told else None):
                    await self._reported.wait()
            self._reported.clear()
            ending = self._ending
            settlements, self._settlements = self._settlements, []
            back, self._back = self._back, set()
            if settlements:
                # What was told before is noted along with it: one write to the disk fewer.
                receipts = await self._ledger.settle(settlements, self._now(), told=told)
                self._wake.set()  # the next in these lanes
                if receipts:
                    await self._publish(receipts)
                told = receipts
            elif told:
                await self._ledger.told(told)
                told = []
            for agency in back:
                await self._ledger.hasten(agency, self._now())
                self._wake.set()
            if ending and not self._settlements and not told:
                return
            if ending:
                self._reported.set()

    async def _tell_what_is_untold(self, before: datetime) -> None:
        while receipts := await self._ledger.untold(before):
            await self._publish(receipts)
            await self._ledger.told(receipts)

    async def _keep(self) -> None:
        """Show that we live; free what the dead have left; tell what one that died between settling and publishing left untold; make due
        what a clock far ahead of ours has put off.
        """
        loop, watch = asyncio.get_running_loop(), Watch(self._pace.lease.total_seconds())
        while True:
            await asyncio.sleep(self._pace.lease.total_seconds() / 3)
            await self._tell_what_is_untold(self._now() - timedelta(seconds=self._pace.repair_s))
            await self._ledger.hurry(self._now(), self._longest_wait)
            await self._ledger.beat(self._owner)
            beats = await self._ledger.beats()
            for owner in watch.dead({owner: beat for owner, beat in beats.items() if owner != self._owner}, loop.time()):
                log.warning("a delivery worker is dead, and what it had is free again", member=owner)
                await self._ledger.release(owner, self._now())
                await self._ledger.hurry(self._now(), self._pace.limits.backoff.cap)
                self._wake.set()


def _state(decision: Decision, outcome: Outcome) -> State:
    match decision.act:
        case Act.SETTLE:
            return State.SENT if outcome.handed_over else State.ACCEPTED
        case Act.GIVE_UP:
            return State.REFUSED
        case Act.RETRY | Act.DISABLE:
            return State.FAILED if decision.told else State.WAITING
