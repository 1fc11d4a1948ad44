"""The lag of the bus: how many records each consumer group has not processed, and how long the oldest of them has waited.

The broker is asked, not the workers: a worker that is up and does nothing shows here and nowhere else.
"""

import asyncio
import contextlib
import time
from collections.abc import Collection, Mapping
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any

from aiokafka import AIOKafkaConsumer, TopicPartition
from aiokafka.errors import KafkaError

from alertbus.broker import topics
from alertbus.broker.access import client_arguments
from alertbus.broker.faults import BrokerFault
from alertbus.broker.groups import GROUPS, committed_offsets
from alertbus.broker.producer import quiet_kafka_loggers
from alertbus.model.errors import BrokerUnavailable

STALLED_S = 120.0
"""A record that has waited longer than this is not being worked on. Chosen: far above any queue that moves, far below an hour's clock."""

WATCHDOG_MISSED = 3
"""So many intervals without an arrival are a stall. Chosen: one may be lost to a restart, and one more to chance."""

_LIMIT_S = 10.0
_FRESH_S = 1.0


LATELY_S = 300.0
"""Over which time it is told how much has come. Chosen: long enough for a quiet night, short enough to see a flood."""


@dataclass(frozen=True, slots=True)
class Lag:
    """`pending` records; `oldest_s` is the age of the oldest of them, None when nothing waits; `came`: how many came lately, None when the
    broker cannot say.
    """

    pending: int
    oldest_s: float | None
    came: int | None = None


@dataclass(frozen=True, slots=True)
class TopicFlow:
    """One topic: how many records were ever written to it, and how many lately; None when the broker cannot say."""

    written: int
    came: int | None


@dataclass(frozen=True, slots=True)
class _BrokerReading:
    """One answer of the broker."""

    groups: dict[str, Lag]
    topics: dict[str, TopicFlow]


class Progress:
    """The lag of every group, asked of the broker at most once a second, however many want to know."""

    def __init__(self, bootstrap: str) -> None:
        self._bootstrap = bootstrap
        self._turn = asyncio.Lock()
        self._answer = _BrokerReading({}, {})
        self._asked = 0.0

    async def groups(self, now: datetime) -> dict[str, Lag]:
        """Raises `BrokerUnavailable`."""
        return (await self._read(now)).groups

    async def topics(self, now: datetime) -> dict[str, TopicFlow]:
        """Give how much was written to each topic that a group reads. Raises `BrokerUnavailable`."""
        return (await self._read(now)).topics

    async def _read(self, now: datetime) -> _BrokerReading:
        async with self._turn:
            if not self._asked or time.monotonic() - self._asked > _FRESH_S:
                self._answer = await _lags(self._bootstrap, now)
                self._asked = time.monotonic()
            return self._answer


def summary(groups: Mapping[str, Lag]) -> dict[str, Any]:
    oldest = [group.oldest_s for group in groups.values() if group.oldest_s is not None]
    return {
        "oldest_unprocessed_s": max(oldest, default=0.0),
        "pending": sum(group.pending for group in groups.values()),
        "groups": {name: asdict(group) for name, group in sorted(groups.items())},
    }


def stalled(groups: Mapping[str, Lag], last_arrival_s: float | None, every_s: int) -> bool:
    """Say whether the bus stands still: a record waits too long, or the watchdog's alert arrived before and no longer does."""
    waits = any((group.oldest_s or 0.0) > STALLED_S for group in groups.values())
    return waits or (every_s > 0 and last_arrival_s is not None and last_arrival_s > WATCHDOG_MISSED * every_s)


async def pending(bootstrap: str) -> dict[str, Lag]:
    """Give the lag of every group without ages, asked afresh. Raises `BrokerUnavailable`."""
    return (await _lags(bootstrap, None)).groups


async def _lags(bootstrap: str, now: datetime | None) -> _BrokerReading:
    try:
        async with asyncio.timeout(_LIMIT_S):
            return await _ask(bootstrap, now)
    except (TimeoutError, KafkaError, BrokerFault, OSError) as error:
        raise BrokerUnavailable(f"the broker could not be asked how far the groups are ({type(error).__name__})") from None


async def _ask(bootstrap: str, now: datetime | None) -> _BrokerReading:
    quiet_kafka_loggers()
    counts = await topics.partition_counts(bootstrap)
    committed = await committed_offsets(bootstrap, GROUPS)
    partitions = {TopicPartition(topic, n) for needed in GROUPS.values() for topic in needed for n in range(counts.get(topic, 0))}
    consumer = AIOKafkaConsumer(**client_arguments(bootstrap), enable_auto_commit=False, client_id="alertbus-progress")
    try:
        await consumer.start()
        consumer.assign(sorted(partitions))
        ends = await consumer.end_offsets(sorted(partitions)) if partitions else {}
        starts = await consumer.beginning_offsets(sorted(partitions)) if partitions else {}
        flows = _flows(ends, await _before(consumer, partitions, now) if partitions and now else None)
        answer = {}
        for group, needed in GROUPS.items():
            went = committed[group]
            reached = {
                partition: went.get((partition.topic, partition.partition), starts[partition])
                for partition in partitions
                if partition.topic in needed
            }
            waiting = {partition: offset for partition, offset in reached.items() if offset < ends[partition]}
            count = sum(ends[partition] - offset for partition, offset in waiting.items())
            came = [flow.came for topic, flow in flows.items() if topic in needed]
            oldest = await _oldest(consumer, waiting, now) if waiting and now else None
            answer[group] = Lag(count, oldest, None if None in came else sum(one or 0 for one in came))
        return _BrokerReading(answer, flows)
    finally:
        with contextlib.suppress(KafkaError):
            await consumer.stop()


async def _before(consumer: Any, partitions: Collection[TopicPartition], now: datetime) -> dict[TopicPartition, int | None] | None:
    """Give the first offset of what came lately, of each partition; None for a partition where nothing did, or where nobody can say."""
    since = round((now.timestamp() - LATELY_S) * 1000)
    try:
        found = await consumer.offsets_for_times(dict.fromkeys(partitions, since))
    except (KafkaError, ValueError):  # the in-memory broker does not look records up by their time
        return None
    return {where: None if place is None else place.offset for where, place in found.items()}


def _flows(ends: Mapping[TopicPartition, int], before: Mapping[TopicPartition, int | None] | None) -> dict[str, TopicFlow]:
    flows: dict[str, TopicFlow] = {}
    for where, end in sorted(ends.items()):
        known = flows.get(where.topic, TopicFlow(0, None if before is None else 0))
        first = None if before is None else before.get(where)
        came = None if known.came is None else known.came + (0 if first is None else max(0, end - first))
        flows[where.topic] = TopicFlow(known.written + end, came)
    return flows


async def _oldest(consumer: Any, waiting: Mapping[TopicPartition, int], now: datetime) -> float | None:
    """Give the age in seconds of the oldest waiting record, by the broker's time of the first one in each partition."""
    for partition in consumer.assignment():
        consumer.pause(partition)
    for partition, offset in waiting.items():
        consumer.seek(partition, offset)
        consumer.resume(partition)
    first: dict[TopicPartition, int] = {}
    deadline = time.monotonic() + _LIMIT_S / 4
    while len(first) < len(waiting) and time.monotonic() < deadline:
        for partition, found in (await consumer.getmany(timeout_ms=200, max_records=len(waiting) * 10)).items():
            if partition in waiting and partition not in first:
                first[partition] = found[0].timestamp
                consumer.pause(partition)
    return max(0.0, now.timestamp() - min(first.values()) / 1000) if first else None
