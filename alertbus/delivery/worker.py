"""A delivery worker: notices from Kafka into the ledger, and from the ledger to the agencies, until told to stop.

Any number may run on one database. When the broker or the database fails, or a record was skipped, the worker ends with
an exception and is to be started again: nothing is lost, and what was under way is sent again under the same key.
"""

import asyncio
import secrets
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from random import SystemRandom

from alertbus.broker import groups
from alertbus.broker.consumer import consume
from alertbus.broker.producer import Producer
from alertbus.broker.topics import NOTICES
from alertbus.channel_settings import ChannelSettings
from alertbus.delivery.addressing import Addressing
from alertbus.delivery.arrivals import Arrivals
from alertbus.delivery.channels import Channels, open_channels
from alertbus.delivery.channels.deadman import DeadmanSwitch
from alertbus.delivery.fallback import Fallback, Sweep, fallbacks_of
from alertbus.delivery.heartbeats import Steady
from alertbus.delivery.ledger.ledger import Ledger
from alertbus.delivery.pace import Pace
from alertbus.delivery.refused_notices import quarantine_entries
from alertbus.delivery.render import Renderer
from alertbus.delivery.replies import Replies
from alertbus.delivery.sender import Sender
from alertbus.model.errors import PolicyFault
from alertbus.model.receipt import Receipt
from alertbus.plugin.manager import Plugins
from alertbus.policy.load import load_policy
from alertbus.policy.policy import INBOX, Policy
from alertbus.sql.database import Database
from alertbus.staff.team_book import TeamBook
from alertbus.wire.records import receipt_given
from alertbus.wire.words import DELIVERY

GROUP = groups.DELIVERY


def utc_now() -> datetime:
    return datetime.now(UTC)


@dataclass(frozen=True, slots=True, kw_only=True)
class DeliverySetup:
    """Everything a delivery worker is given. Schema and topics are there already."""

    bootstrap: str
    engine: Database
    plugins: Plugins
    channels: Mapping[str, ChannelSettings] = field(default_factory=dict)
    """By agency; an agency without has the built-in inbox."""
    fallbacks: Mapping[str, ChannelSettings] = field(default_factory=dict)
    """By the name that a policy gives as `fallback`; `inbox` is always there."""
    policy: Policy = field(default_factory=load_policy)
    sweep: Sweep | None = field(default_factory=Sweep)
    """None: what is undelivered is left to another worker."""
    switch: DeadmanSwitch = field(default_factory=DeadmanSwitch)
    now: Callable[[], datetime] = utc_now
    random: Callable[[], float] = SystemRandom().random
    pace: Pace = field(default_factory=Pace)
    group: str = GROUP
    topic: str = NOTICES


async def run_delivery(setup: DeliverySetup, stop: asyncio.Event) -> None:
    """Deliver until `stop`. What ends it early comes as an exception group.

    Raises `PolicyFault` at once where the policy names a fallback that `fallbacks` does not have, and `SettingsFault` where what is set for
    a plugin's channel is not as that says.
    """
    policy = setup.policy
    if unknown := policy.unknown_fallbacks({INBOX, *setup.fallbacks}):
        raise PolicyFault("; ".join(unknown) + ". Give it in ALERTBUS_FALLBACKS, or mend the policy and run `alertbus policy check`.")
    ledger = Ledger(setup.engine, timedelta(minutes=policy.undelivered_after_minutes))
    async with open_channels(
        setup.channels,
        ledger.transactions,
        setup.now,
        fallbacks=setup.fallbacks,
        transports=setup.plugins.transports,
        some_set_aside=bool(setup.plugins.set_aside),
        switch=setup.switch,
    ) as channels:
        await deliver(replace(setup, now=Steady(setup.now, time.monotonic)), ledger, channels, stop)


async def deliver(setup: DeliverySetup, ledger: Ledger, channels: Channels, stop: asyncio.Event) -> None:
    """Do the same with a ledger and channels that are open already, by the clock `setup.now`."""
    producer = Producer(setup.bootstrap, client_id="alertbus-delivery", linger_ms=0)
    await producer.start()
    try:

        async def publish(receipts: Sequence[Receipt]) -> None:
            given_up = await quarantine_entries(receipts, ledger, setup.plugins)
            await producer.send_all([*(receipt_given(receipt, by=DELIVERY) for receipt in receipts), *given_up])

        now, pace = setup.now, setup.pace
        book = TeamBook(setup.engine)
        await book.renew()  # before the first notice is addressed
        renderer = Renderer(setup.plugins, pace.render_limit_s, Addressing(book, setup.policy, now))
        replies = Replies(setup.plugins)
        owner = secrets.token_hex(8)
        sender = Sender(ledger, renderer, replies, channels, publish, owner=owner, now=now, random=setup.random, pace=pace)
        arrivals = Arrivals(sender.rounds, producer, now)
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(sender.run(stop))
            tasks.create_task(book.run(stop))
            tasks.create_task(consume(setup.bootstrap, setup.group, [setup.topic], arrivals, stop=stop))
            if (sweep := setup.sweep) is not None:
                fallback_of = fallbacks_of(channels.of, channels.named, setup.policy)
                fallback = Fallback(ledger, renderer, replies, fallback_of, producer.send_all, now=now, sweep=sweep)
                tasks.create_task(fallback.run(stop))
    finally:
        await producer.stop()
