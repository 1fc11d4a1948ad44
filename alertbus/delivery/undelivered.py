"""What its agency's own channel cannot deliver: put where a human will find it, and told to whoever is next. Never only logged.

Undelivered is what was told as failed, what was refused for good, and what has waited too long to be tried. It stays owed to
the agency's own channel, and goes as well, under the same idempotency key, to the fallback that the policy names. The order is:
fallback, then receipts and escalations on the broker, then the note of it in the ledger; so a crash repeats and nothing is left
out, and what is repeated has the same ids.
"""

import asyncio
from collections import defaultdict
from collections.abc import Awaitable, Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

import structlog

from alertbus.broker.producer import Record
from alertbus.delivery.arrivals import notice_record, receipt_record
from alertbus.delivery.channels import Channel
from alertbus.delivery.ledger.ledger import Leased, Ledger, Stuck
from alertbus.delivery.ledger.sql import ON_FALLBACK
from alertbus.delivery.outcome import Outcome, Trouble
from alertbus.delivery.render import Rendered, Renderer
from alertbus.model import ids, watchdog
from alertbus.model.errors import Unavailable
from alertbus.model.notice import Deed, Message, Notice, Receipt, Stage
from alertbus.plugin.plain import Plain
from alertbus.policy.policy import Policy
from alertbus.reach.escalation import escalations
from alertbus.waiting import pause

log = structlog.stdlib.get_logger(__name__)

Publish = Callable[[Sequence[Record]], Awaitable[object]]


@dataclass(frozen=True, slots=True)
class Sweep:
    """How often it is looked for what is undelivered, and when a fallback that failed is tried again (ours)."""

    every_s: float = 1.0
    again: timedelta = timedelta(seconds=60)


class Undelivered:
    """One worker's part. `fallback_of` gives an agency's fallback with its name, or None where that is its own channel anyway."""

    def __init__(
        self,
        ledger: Ledger,
        renderer: Renderer,
        fallback_of: Callable[[str], tuple[str, Channel] | None],
        policy: Policy,
        publish: Publish,
        *,
        now: Callable[[], datetime],
        topic: str,
        sweep: Sweep,
    ) -> None:
        self._ledger = ledger
        self._renderer = renderer
        self._fallback_of = fallback_of
        self._policy = policy
        self._publish = publish
        self._now = now
        self._topic = topic
        self._sweep = sweep

    async def run(self, stop: asyncio.Event) -> None:
        while not stop.is_set():
            now = self._now()
            if claimed := await self._ledger.claim(now, until=now + self._sweep.again):
                await self._put_aside(claimed, now)
            else:
                await pause(stop, self._sweep.every_s)

    async def _put_aside(self, claimed: Sequence[Stuck], now: datetime) -> None:
        """Each agency's notices on a case in order; agencies and cases at once."""
        lanes: dict[str, list[Stuck]] = defaultdict(list)
        for stuck in claimed:
            lanes[f"{stuck.leased.agency}/{stuck.leased.case_id}"].append(stuck)
        await asyncio.gather(*(self._put_lane_aside(lane, now) for lane in lanes.values()))

    async def _put_lane_aside(self, lane: Sequence[Stuck], now: datetime) -> None:
        for stuck in lane:
            named = self._fallback_of(stuck.leased.agency)
            wanted = named is not None and not stuck.withdrawn
            taken = named[0] if wanted and await self._sent(named[1], stuck) else None  # type: ignore[index]  # wanted says so
            records = list(self._told(stuck, taken, now))
            if records:
                await self._publish(records)
            again = self._now() + self._sweep.again if wanted and taken is None else None
            await self._ledger.fell_back(stuck, taken, now, again=again)
            log.warning(
                "a notice is undelivered",
                agency=stuck.leased.agency,
                notice_id=stuck.leased.notice_id,
                reason=stuck.reason,
                channel=taken,
                action=stuck.leased.deed,
            )

    async def _sent(self, channel: Channel, stuck: Stuck) -> bool:
        """Say whether the fallback has it. What the agency's plugin cannot write is put there plainly."""
        message = await self._message(stuck.leased)
        if message is None:
            return False
        try:
            outcome = await channel.send(message, stuck.leased.agency)
        except Unavailable:
            raise
        except Exception as fault:
            log.error(  # noqa: TRY400  the gate keeps class and place only
                "a fallback channel raised", channel=channel.name, agency=stuck.leased.agency, exc_info=fault
            )
            outcome = Outcome(Trouble.CHANNEL)
        return outcome.trouble is None

    async def _message(self, leased: Leased) -> Message | None:
        rendered: Rendered = Trouble.PLUGIN
        for sector in (leased.sector, Plain.sector):
            (rendered,) = await self._renderer.render(sector, [leased])
            if isinstance(rendered, Message):
                return rendered
        return None

    def _told(self, stuck: Stuck, taken: str | None, now: datetime) -> Iterator[Record]:
        """What must be known outside. A failure is dated by when it was seen, so that a delivery meanwhile is the newer news."""
        if stuck.withdrawn:
            return
        if not stuck.known:
            yield receipt_record(_receipt(stuck.leased, Stage.FAILED, now, stuck.reason))
        if taken is not None:
            yield receipt_record(_receipt(stuck.leased, Stage.ACCEPTED, self._now(), f"{ON_FALLBACK}{taken}", apart="fallback"))
        goes_on = stuck.leased.deed != Deed.ESCALATE or taken is None
        if goes_on and not stuck.escalated:
            notice = Notice.model_validate_json(stuck.leased.notice)
            for escalation in escalations(notice, stuck.reason, self._policy):
                yield notice_record(escalation, self._topic)


def fallbacks_of(
    own: Callable[[str], Channel], named: Mapping[str, Channel], policy: Policy
) -> Callable[[str], tuple[str, Channel] | None]:
    """Give each agency's fallback by the policy. `named` holds every channel that the policy may name."""

    def of(agency: str) -> tuple[str, Channel] | None:
        name = policy.fallback_of(agency)
        channel = named[name]
        return None if channel is own(agency) or agency == watchdog.AGENCY else (name, channel)

    return of


def _receipt(leased: Leased, stage: Stage, at: datetime, detail: str, *, apart: str = "") -> Receipt:
    return Receipt(
        id=ids.receipt_id(leased.notice_id, stage, apart),
        notice_id=leased.notice_id,
        obligation_id=leased.obligation_id,
        alert_id=leased.alert_id,
        case_id=leased.case_id,
        agency=leased.agency,
        stage=stage,
        at=at,
        detail=detail,
    )
