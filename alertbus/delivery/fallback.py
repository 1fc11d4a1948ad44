"""An undelivered notice is copied to a channel where a person will find it, and reported to its case. It is never only logged.

Undelivered is what was told as failed, what was refused for good, and what has waited too long to be tried. It stays owed to
the agency's own channel; a copy goes, under the same idempotency key, to the fallback that the policy names. Who is told next is
decided on the case, from the report (`NotDelivered`). The order is: fallback, then receipts and report on the broker, then the note of
it in the ledger; so a crash repeats and nothing is left out, and what is repeated has the same ids.
"""

import asyncio
from collections import defaultdict
from collections.abc import Awaitable, Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

import structlog

from alertbus.broker.record import Record
from alertbus.delivery.attempt import send
from alertbus.delivery.channels import Channel
from alertbus.delivery.ledger.ledger import Ledger
from alertbus.delivery.ledger.rows import Leased, UndeliveredNotice
from alertbus.delivery.outcome import Trouble
from alertbus.delivery.render import Renderer
from alertbus.delivery.render_threads import Rendered
from alertbus.delivery.replies import Replies
from alertbus.model import ids, watchdog
from alertbus.model.events import NotDelivered
from alertbus.model.notice import ENDINGS, Deed, Message, Notice, lane_of
from alertbus.model.receipt import Receipt, Stage
from alertbus.plugin.plain import Plain
from alertbus.policy.policy import Policy
from alertbus.waiting import pause
from alertbus.wire import records
from alertbus.wire.words import DELIVERY

log = structlog.stdlib.get_logger(__name__)

Publish = Callable[[Sequence[Record]], Awaitable[object]]
"""Returns when the broker has acknowledged."""

FallbackOf = Callable[[str], tuple[str, Channel] | None]
"""An agency's fallback channel with its name. None where the fallback is the agency's own channel anyway."""


@dataclass(frozen=True, slots=True)
class Sweep:
    """A worker looks for undelivered notices every `every_s`, and tries a fallback that failed once more after `again`.

    Chosen: a person may wait a minute longer for a copy; a fallback that is away is not called each second.
    """

    every_s: float = 1.0
    again: timedelta = timedelta(seconds=60)


class Fallback:
    """One worker's part: any number may share a ledger. `publish` returns when the broker has acknowledged."""

    def __init__(
        self,
        ledger: Ledger,
        renderer: Renderer,
        replies: Replies,
        fallback_of: FallbackOf,
        publish: Publish,
        *,
        now: Callable[[], datetime],
        sweep: Sweep,
    ) -> None:
        self._ledger = ledger
        self._renderer = renderer
        self._replies = replies
        self._fallback_of = fallback_of
        self._publish = publish
        self._now = now
        self._sweep = sweep

    async def run(self, stop: asyncio.Event) -> None:
        while not stop.is_set():
            now = self._now()
            if claimed := await self._ledger.claim_undelivered(now, until=now + self._sweep.again):
                await self._copy_all(claimed, now)
            else:
                await pause(stop, self._sweep.every_s)

    async def _copy_all(self, claimed: Sequence[UndeliveredNotice], now: datetime) -> None:
        """Each agency's notices on a case in order; agencies and cases at once."""
        lanes: dict[str, list[UndeliveredNotice]] = defaultdict(list)
        for one in claimed:
            lanes[lane_of(one.leased.agency, one.leased.case_id)].append(one)
        await asyncio.gather(*(self._copy_in_order(lane, now) for lane in lanes.values()))

    async def _copy_in_order(self, lane: Sequence[UndeliveredNotice], now: datetime) -> None:
        for one in lane:
            fallback = None if one.withdrawn else self._fallback_of(one.leased.agency)
            copied = fallback is not None and await self._copied(fallback[1], one.leased)
            channel = fallback[0] if fallback is not None and copied else None
            if told := list(self._to_tell(one, channel, now)):
                await self._publish(told)
            again = self._now() + self._sweep.again if fallback is not None and not copied else None
            await self._ledger.note_copy(one, channel, now, again=again)
            log.warning(
                "a notice is undelivered",
                agency=one.leased.agency,
                notice_id=one.leased.notice_id,
                reason=one.reason,
                channel=channel,
                action=one.leased.deed,
            )

    async def _copied(self, channel: Channel, leased: Leased) -> bool:
        """Send to the fallback; say whether it has the message."""
        message = await self._message(leased)
        return message is not None and (await send(channel, leased, message, self._replies)).trouble is None

    async def _message(self, leased: Leased) -> Message | None:
        """Render it by the agency's plugin, or plainly where that plugin fails."""
        rendered: Rendered = Trouble.PLUGIN
        for sector in (leased.sector, Plain.sector):
            (rendered,) = await self._renderer.render(sector, [leased])
            if isinstance(rendered, Message):
                return rendered
        return None

    def _to_tell(self, one: UndeliveredNotice, channel: str | None, now: datetime) -> Iterator[Record]:
        """Give what must be known outside. A failure is dated by when it was seen, so that a delivery meanwhile is the newer news."""
        if one.withdrawn:
            return
        if not one.known:
            yield records.receipt_given(_receipt(one.leased, Stage.FAILED, now, one.reason), by=DELIVERY)
        if channel is not None:
            yield records.receipt_given(_receipt(one.leased, Stage.COPIED, self._now(), channel=channel), by=DELIVERY)
        if not one.reported and _is_for_the_case(one.leased, channel):
            yield records.not_delivered(_report(one))


def fallbacks_of(own: Callable[[str], Channel], named: Mapping[str, Channel], policy: Policy) -> FallbackOf:
    """Give each agency's fallback by the policy. `named` holds every channel that the policy may name."""

    def of(agency: str) -> tuple[str, Channel] | None:
        name = policy.fallback_of(agency)
        channel = named[name]
        return None if channel is own(agency) or watchdog.is_reserved(agency=agency) else (name, channel)

    return of


def _is_for_the_case(leased: Leased, channel: str | None) -> bool:
    """Whether its case is told. An end asks nothing of anybody, and nobody answers the watchdog. Who is asked in another's place and has it
    on the fallback `channel` has been reached.
    """
    asks = leased.deed not in ENDINGS and not watchdog.is_reserved(agency=leased.agency, case_id=leased.case_id)
    return asks and (leased.deed != Deed.ESCALATE or channel is None)


def _report(one: UndeliveredNotice) -> NotDelivered:
    """Give what the case hears: in an exercise by the moment of the notice, because an exercise has a time of its own; and never by one
    before it, as a clock that was set back would have it, or nobody would be asked because of it.
    """
    leased, notice = one.leased, Notice.model_validate_json(one.leased.notice)
    put = notice.step.at if notice.step is not None else notice.obligation.since
    return NotDelivered(
        case_id=leased.case_id,
        alert_id=leased.alert_id,
        obligation_id=leased.obligation_id,
        notice_id=leased.notice_id,
        agency=leased.agency,
        role=leased.role,
        reason=one.reason,
        at=put if notice.obligation.exercise is not None else max(one.since, put),
    )


def _receipt(leased: Leased, stage: Stage, at: datetime, detail: str | None = None, channel: str | None = None) -> Receipt:
    return Receipt(
        id=ids.receipt_id(leased.notice_id, stage),
        notice_id=leased.notice_id,
        obligation_id=leased.obligation_id,
        alert_id=leased.alert_id,
        case_id=leased.case_id,
        agency=leased.agency,
        stage=stage,
        at=at,
        detail=detail,
        channel=channel,
    )
