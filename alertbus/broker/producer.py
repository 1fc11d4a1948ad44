"""Writing to Kafka: idempotent, acknowledged by all replicas, a key always in the partition of the standard hash.

A write that failed may still have happened; every record has a deterministic id, so writing it again is harmless.
"""

import asyncio
import logging
from collections import defaultdict
from collections.abc import Awaitable, Generator, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any

from aiokafka import AIOKafkaProducer, TopicPartition
from aiokafka.errors import KafkaError
from aiokafka.partitioner import murmur2

from alertbus.broker.access import NOT_REACHED, client_arguments, remedy
from alertbus.broker.batches import append, built, whole_batches
from alertbus.broker.faults import BrokerFault
from alertbus.broker.record import Record, RecordHeaders

MAX_RECORD_BYTES = 1_000_000  # the broker's message.max.bytes (1 MiB) less what a batch of one adds
_BATCH_BYTES = 256 * 1024
_UNKNOWN_TOPIC_S = 10.0
_HEADERS_AT_MOST = 16 * 1024  # of a record of ours, by far; only near the limit are they counted
_MANY = 32  # from here on one future per batch beats one per record


@dataclass(frozen=True, slots=True)
class Written:
    topic: str
    partition: int
    offset: int


class Producer:
    """`start`, then `send` or `send_all` from one event loop, then `stop`, which waits for what is under way."""

    def __init__(
        self,
        bootstrap: str,
        *,
        client_id: str = "alertbus",
        linger_ms: int = 0,
        timeout_s: float = 30.0,
        max_record_bytes: int = MAX_RECORD_BYTES,
    ) -> None:
        """`linger_ms` 0: while one request is under way the next batch fills by itself; 5 ms cost 6 and won nothing."""
        self._max_record_bytes = max_record_bytes
        self._bootstrap = bootstrap
        self._options = {"client_id": client_id, "linger_ms": linger_ms, "request_timeout_ms": int(timeout_s * 1000)}
        self._started: Any = None
        self._counts: dict[str, int] = {}  # never changes: adding partitions would send keys elsewhere

    async def start(self) -> None:
        quiet_kafka_loggers()
        producer = AIOKafkaProducer(
            **client_arguments(self._bootstrap),
            acks="all",
            enable_idempotence=True,
            max_batch_size=_BATCH_BYTES,
            max_request_size=max(4 * 1024 * 1024, self._max_record_bytes + 1024),
            **self._options,
        )
        try:
            await producer.start()
        except KafkaError as error:
            await producer.stop()
            what = f"no broker takes records at {self._bootstrap} ({type(error).__name__})"
            raise BrokerFault(what, remedy(error, NOT_REACHED)) from error
        self._started = producer

    async def stop(self) -> None:
        if self._started is not None:
            producer, self._started = self._started, None
            await producer.stop()

    async def send(
        self,
        topic: str,
        *,
        key: str,
        value: bytes,
        headers: RecordHeaders = (),
        partition: int | None = None,
        timestamp_ms: int | None = None,
    ) -> Awaitable[Written]:
        """Queue the record; awaiting the result waits for its acknowledgement, so a caller may queue many first."""
        record = Record(topic, key.encode(), value, headers, partition, timestamp_ms)
        _check_size(record, self._max_record_bytes)
        try:
            where = await self._partition(record)
            return _PendingWrite(await self._queue(record, where), topic)
        except KafkaError as error:
            raise _fault(topic, error) from error

    async def send_all(self, records: Sequence[Record]) -> dict[tuple[str, int], int]:
        """Return when every record is acknowledged, with the last offset written in each partition; records of one partition are written in
        the order given.

        On a failure, wait for the others and raise the first as `BrokerFault`; any number of them may be written.
        """
        return await (await self.queue_all(records)).acknowledged()

    async def send_whole(self, groups: Sequence[Sequence[Record]]) -> dict[tuple[str, int], int]:
        """Do as `send_all` does. The records of a group, which name one partition, come to stand in the log all at once or not at all,
        but for a group that is larger than a record may be.
        """
        by_place: dict[TopicPartition, list[Sequence[Record]]] = defaultdict(list)
        for group in groups:
            for record in group:
                _check_size(record, self._max_record_bytes)
            if group:
                by_place[TopicPartition(group[0].topic, await self._partition(group[0]))].append(group)
        queued, topic = Queued(), ""
        try:
            for where, some in by_place.items():
                topic = where.topic
                for batch in whole_batches(some, _BATCH_BYTES, self._max_record_bytes):
                    queued.parts.append((where, len(batch), await self._send_batch(built(batch), where)))
        except KafkaError as error:
            queued.failure = _fault(topic, error)
        return await queued.acknowledged()

    async def queue_all(self, records: Sequence[Record]) -> "Queued":
        """Queue the records, in order and behind whatever was queued before; `acknowledged` of the answer waits for the broker.

        What goes wrong while queueing is told there too, so that none of them is forgotten.
        """
        for record in records:
            _check_size(record, self._max_record_bytes)
        queued = Queued()
        topic = ""
        try:
            if len(records) < _MANY:
                for record in records:
                    topic = record.topic
                    where = TopicPartition(topic, await self._partition(record))
                    queued.parts.append((where, 1, await self._queue(record, where.partition)))
            else:
                for where, group in (await self._by_partition(records)).items():
                    topic = where.topic
                    queued.parts += await self._queue_batches(where, group)
        except KafkaError as error:
            queued.failure = _fault(topic, error)
        return queued

    async def partitions(self, topic: str) -> int:
        """Say how many partitions the topic has; `BrokerFault` when there is no such topic."""
        known = self._counts.get(topic)
        if known is None:
            try:
                async with asyncio.timeout(_UNKNOWN_TOPIC_S):
                    known = self._counts[topic] = len(await self._running.partitions_for(topic))
            except (TimeoutError, KafkaError) as error:
                what = f"topic '{topic}': the broker does not know it ({type(error).__name__})"
                raise BrokerFault(what, "Make it with ensure_topics() first, or start the broker.") from error
        return known

    @property
    def _running(self) -> Any:
        if self._started is None:
            raise BrokerFault("the producer is not running", "Call start() first, and send nothing after stop().")
        return self._started

    async def _partition(self, record: Record) -> int:
        if record.partition is not None:
            return record.partition
        return partition_for(record.key, await self.partitions(record.topic))

    async def _queue(self, record: Record, partition: int) -> Any:
        return await self._running.send(record.topic, record.value, record.key, partition, record.timestamp_ms, list(record.headers))

    async def _by_partition(self, records: Sequence[Record]) -> dict[TopicPartition, list[Record]]:
        counts = {topic: await self.partitions(topic) for topic in {record.topic for record in records}}
        groups: dict[TopicPartition, list[Record]] = defaultdict(list)
        for record in records:
            partition = record.partition
            if partition is None:
                partition = partition_for(record.key, counts[record.topic])
            groups[TopicPartition(record.topic, partition)].append(record)
        return groups

    async def _queue_batches(self, where: TopicPartition, records: Sequence[Record]) -> list[tuple[TopicPartition, int, Any]]:
        queued = []
        batch = self._running.create_batch()
        for record in records:
            if append(batch, record) is None:  # full
                queued.append((where, batch.record_count(), await self._send_batch(batch, where)))
                batch = self._running.create_batch()
                append(batch, record)  # the first always fits
        queued.append((where, batch.record_count(), await self._send_batch(batch, where)))
        return queued

    async def _send_batch(self, batch: Any, where: TopicPartition) -> Any:
        batch.close()  # a closed batch does not linger
        return await self._running.send_batch(batch, where.topic, partition=where.partition)


def partition_for(key: bytes, partitions: int) -> int:
    """Give the partition of a key: murmur2 as in Kafka's own clients, everywhere, so that topics are co-partitioned."""
    return (_murmur2(key) & 0x7FFFFFFF) % partitions


def quiet_kafka_loggers() -> None:
    """Stop aiokafka from formatting a log record for every send: a third of the speed, and keys in the log."""
    logging.getLogger("aiokafka").setLevel(logging.WARNING)
    logging.getLogger("aiokafka.cluster").setLevel(logging.CRITICAL)  # an error ten times a second while a topic is missing; we raise


@dataclass(slots=True)
class Queued:
    """Records on their way: place, how many, and the future of the first one's offset."""

    parts: list[tuple[TopicPartition, int, Any]] = field(default_factory=list)
    failure: BrokerFault | None = None

    async def acknowledged(self) -> dict[tuple[str, int], int]:
        """As `Producer.send_all`."""
        last: dict[tuple[str, int], int] = {}
        outcomes = await asyncio.gather(*(future for _, _, future in self.parts), return_exceptions=True)
        for (where, count, _), outcome in zip(self.parts, outcomes, strict=True):
            if isinstance(outcome, KafkaError):
                self.failure = self.failure or _fault(where.topic, outcome)
            elif isinstance(outcome, BaseException):
                raise outcome
            else:
                last[where] = max(last.get(where, -1), outcome.offset + count - 1)
        if self.failure is not None:
            raise self.failure
        return last


class _PendingWrite(Awaitable[Written]):
    """aiokafka's future, with its errors made ours."""

    __slots__ = ("_future", "_topic")

    def __init__(self, future: Any, topic: str) -> None:
        self._future = future
        self._topic = topic

    def __await__(self) -> Generator[Any, None, Written]:
        try:
            written = yield from self._future.__await__()
        except KafkaError as error:
            raise _fault(self._topic, error) from error
        return Written(written.topic, written.partition, written.offset)


@lru_cache(maxsize=65_536)  # pure Python, and the same cases and persons come again and again
def _murmur2(key: bytes) -> int:
    return int(murmur2(key))


def _check_size(record: Record, most: int) -> None:
    size = len(record.key) + len(record.value or b"")
    if size + _HEADERS_AT_MOST > most:
        size += sum(len(name) + len(text) + 10 for name, text in record.headers)
    if size > most:  # refused by the broker it would leave a hole in the sequence, the end of this producer
        what = f"topic '{record.topic}': a record of {size} bytes, at most {most} can be written"
        raise BrokerFault(what, "Send it in smaller parts.")


def _fault(topic: str, error: KafkaError) -> BrokerFault:
    fault = BrokerFault(
        f"topic '{topic}': the broker did not acknowledge ({type(error).__name__})",
        remedy(error, "The records may or may not be there; write them again, which is harmless, once the broker answers."),
    )
    fault.__cause__ = error
    return fault
