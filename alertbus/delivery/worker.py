"""A delivery worker: notices from Kafka into the ledger, and from the ledger to the agencies, until told to stop.

Any number may run on one database. When the broker or the database fails, or a record was skipped, the worker ends with
an exception and is to be started again: nothing is lost, and what was under way is sent again under the same key.
"""

import asyncio
import secrets
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime
from random import SystemRandom

from sqlalchemy.ext.asyncio import AsyncEngine

from alertbus.broker.consumer import consume
from alertbus.broker.producer import Producer
from alertbus.broker.topics import NOTICES
from alertbus.delivery import refusals
from alertbus.delivery.channels import Channels, open_channels
from alertbus.delivery.intake import Intake, receipt_record
from alertbus.delivery.lanes import Lanes, Pace
from alertbus.delivery.ledger import Ledger
from alertbus.delivery.render import Renderer
from alertbus.model.notice import Receipt
from alertbus.plugin.manager import Plugins
from alertbus.settings import ChannelSettings

GROUP = "alertbus-delivery"

_RANDOM = SystemRandom().random


def utc_now() -> datetime:
    return datetime.now(UTC)


async def run_delivery(
    *,
    bootstrap: str,
    engine: AsyncEngine,
    plugins: Plugins,
    channels: Mapping[str, ChannelSettings],
    stop: asyncio.Event,
    now: Callable[[], datetime] = utc_now,
    random: Callable[[], float] = _RANDOM,
    pace: Pace | None = None,
    group: str = GROUP,
    topic: str = NOTICES,
    deadman_url: str | None = None,
) -> None:
    """Deliver until `stop`. Schema and topics are there already. What ends it early comes as an exception group."""
    ledger = Ledger(engine)
    async with open_channels(channels, ledger, now, deadman_url=deadman_url) as opened:
        await deliver(
            bootstrap=bootstrap,
            ledger=ledger,
            plugins=plugins,
            channels=opened,
            stop=stop,
            now=now,
            random=random,
            pace=pace or Pace(),
            group=group,
            topic=topic,
        )


async def deliver(
    *,
    bootstrap: str,
    ledger: Ledger,
    plugins: Plugins,
    channels: Channels,
    stop: asyncio.Event,
    now: Callable[[], datetime],
    random: Callable[[], float],
    pace: Pace,
    group: str,
    topic: str,
) -> None:
    """Do the same with channels that are open already."""
    producer = Producer(bootstrap, client_id="alertbus-delivery", linger_ms=0)
    await producer.start()
    try:

        async def publish(receipts: Sequence[Receipt]) -> None:
            given_up = await refusals.entries(receipts, ledger, plugins)
            await producer.send_all([*map(receipt_record, receipts), *given_up])

        lanes = Lanes(
            ledger,
            Renderer(plugins, pace.render_limit_s),
            channels,
            publish,
            owner=secrets.token_hex(8),
            now=now,
            random=random,
            pace=pace,
        )
        intake = Intake(ledger, producer, now, lanes.wake)
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(lanes.run(stop))
            tasks.create_task(consume(bootstrap, group, [topic], intake, stop=stop))
    finally:
        await producer.stop()
