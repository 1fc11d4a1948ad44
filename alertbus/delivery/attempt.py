"""One attempt: render what was leased, and send it by its agency's channel. Each notice's outcome is reported once."""

import asyncio
from collections.abc import Callable, Sequence

import structlog

from alertbus.delivery.channels import BatchChannel, Channel, Channels
from alertbus.delivery.ledger.rows import Leased
from alertbus.delivery.outcome import Outcome, Trouble
from alertbus.delivery.render import Renderer
from alertbus.delivery.replies import Replies
from alertbus.model.errors import Unavailable
from alertbus.model.notice import Message

_RENDERED_TOGETHER = 50
"""Chosen: so many are rendered before the first is sent. The first need not wait until hundreds are ready."""

AttemptReport = Callable[[Leased, Outcome], None]

log = structlog.stdlib.get_logger(__name__)


class Attempts:
    """Raises `Unavailable` when something of the bus itself is away: nothing more is reported, and the worker ends."""

    def __init__(self, renderer: Renderer, replies: Replies, channels: Channels, report: AttemptReport) -> None:
        self._renderer = renderer
        self._replies = replies
        self._channels = channels
        self._report = report

    async def make(self, sector: str, leased: Sequence[Leased]) -> None:
        """Attempt to deliver notices that have the same adapter and the same channel."""
        for start in range(0, len(leased), _RENDERED_TOGETHER):
            await self._send_all(await self._rendered(sector, leased[start : start + _RENDERED_TOGETHER]))

    async def _rendered(self, sector: str, batch: Sequence[Leased]) -> list[tuple[Leased, Message]]:
        ready: list[tuple[Leased, Message]] = []
        for one, result in zip(batch, await self._renderer.render(sector, batch), strict=True):
            if isinstance(result, Message):
                ready.append((one, result))
            else:
                self._report(one, Outcome(result))
        return ready

    async def _send_all(self, ready: Sequence[tuple[Leased, Message]]) -> None:
        if not ready:
            return
        agency = ready[0][0].agency
        if (batch_channel := self._channels.batch(agency)) is not None:
            await self._send_batch(batch_channel, ready)
        else:
            channel = self._channels.of(agency)
            if len(ready) == 1:  # as at a steady rate it is, and a task costs more than asking
                await self._send(channel, *ready[0])
            else:
                await asyncio.gather(*(self._send(channel, one, message) for one, message in ready))

    async def _send_batch(self, channel: BatchChannel, ready: Sequence[tuple[Leased, Message]]) -> None:
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
        self._report(one, await send(channel, one, message, self._replies))


async def send(channel: Channel, one: Leased, message: Message, replies: Replies) -> Outcome:
    """Send one message, and judge what its system replied; a channel that raises has failed like any other. Raises `Unavailable` only."""
    try:
        outcome = await channel.send(message, one.agency)
    except Unavailable:
        raise  # something of the bus is down: the worker ends, and starts again
    except Exception as fault:
        log.error(  # noqa: TRY400  the gate keeps class and place only
            "a channel raised", channel=channel.name, agency=one.agency, notice_id=one.notice_id, exc_info=fault
        )
        return Outcome(Trouble.CHANNEL)
    return await replies.judged(outcome, one.sector, message.idempotency_key)
