"""A delivery worker: notices from Kafka into the ledger, and from the ledger to the agencies, until told to stop.

Any number may run on one database. When the broker or the database fails, or a record was skipped, the worker ends with
an exception and is to be started again: nothing is lost, and what was under way is sent again under the same key.
"""

import asyncio
import secrets
import time
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from random import SystemRandom
from types import MappingProxyType

from sqlalchemy.ext.asyncio import AsyncEngine

from alertbus.broker import groups
from alertbus.broker.consumer import consume
from alertbus.broker.producer import Producer
from alertbus.broker.topics import NOTICES
from alertbus.delivery import refusals
from alertbus.delivery.arrivals import Intake, receipt_record
from alertbus.delivery.channels import Channels, open_channels
from alertbus.delivery.heartbeats import Steady
from alertbus.delivery.ledger.ledger import Ledger
from alertbus.delivery.render import Renderer
from alertbus.delivery.sender import Lanes, Pace
from alertbus.delivery.undelivered import Sweep, Undelivered, fallbacks_of
from alertbus.model.errors import PolicyFault
from alertbus.model.notice import Receipt
from alertbus.plugin.manager import Plugins
from alertbus.policy.load import load_policy
from alertbus.policy.policy import INBOX, Policy
from alertbus.settings import ChannelSettings

GROUP = groups.DELIVERY

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
    policy: Policy | None = None,
    fallbacks: Mapping[str, ChannelSettings] = MappingProxyType({}),
    now: Callable[[], datetime] = utc_now,
    random: Callable[[], float] = _RANDOM,
    pace: Pace | None = None,
    sweep: Sweep | None = None,
    group: str = GROUP,
    topic: str = NOTICES,
    deadman_url: str | None = None,
) -> None:
    """Deliver until `stop`. Schema and topics are there already. What ends it early comes as an exception group.

    Raises `PolicyFault` at once where the policy names a fallback that `fallbacks` does not have.
    """
    policy = policy or load_policy()
    if unknown := policy.unknown_fallbacks({INBOX, *fallbacks}):
        raise PolicyFault("; ".join(unknown) + ". Give it in ALERTBUS_FALLBACKS, or mend the policy and run `alertbus policy check`.")
    ledger = Ledger(engine, timedelta(minutes=policy.undelivered_after_minutes))
    async with open_channels(channels, ledger, now, fallbacks=fallbacks, deadman_url=deadman_url) as opened:
        await deliver(
            bootstrap=bootstrap,
            ledger=ledger,
            plugins=plugins,
            channels=opened,
            stop=stop,
            now=Steady(now, time.monotonic),
            random=random,
            pace=pace or Pace(),
            group=group,
            topic=topic,
            policy=policy,
            sweep=sweep or Sweep(),
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
    policy: Policy,
    sweep: Sweep | None,
) -> None:
    """Do the same with channels that are open already. `sweep` None: what is undelivered is left to another worker."""
    producer = Producer(bootstrap, client_id="alertbus-delivery", linger_ms=0)
    await producer.start()
    try:

        async def publish(receipts: Sequence[Receipt]) -> None:
            given_up = await refusals.entries(receipts, ledger, plugins)
            await producer.send_all([*map(receipt_record, receipts), *given_up])

        renderer = Renderer(plugins, pace.render_limit_s)
        owner = secrets.token_hex(8)
        lanes = Lanes(ledger, renderer, channels, publish, owner=owner, now=now, random=random, pace=pace)
        intake = Intake(ledger, producer, now, lanes.wake)
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(lanes.run(stop))
            tasks.create_task(consume(bootstrap, group, [topic], intake, stop=stop))
            if sweep is not None:
                named = fallbacks_of(channels.of, channels.named, policy)
                undelivered = Undelivered(ledger, renderer, named, policy, producer.send_all, now=now, topic=topic, sweep=sweep)
                tasks.create_task(undelivered.run(stop))
    finally:
        await producer.stop()
