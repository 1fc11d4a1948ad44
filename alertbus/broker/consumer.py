"""Reading from Kafka without losing a record: commit after the work, and trust no offset not seen to follow another.

For delivery, chronicle and replays; the stream workers run on Faust. At least once: a repeat is normal.
"""

import asyncio
import contextlib
import itertools
import math
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Collection, Iterable, Iterator, Mapping, Sequence
from types import MappingProxyType
from typing import Any

from aiokafka import AIOKafkaConsumer, ConsumerRebalanceListener, TopicPartition
from aiokafka.errors import CommitFailedError, KafkaError

from alertbus.broker.access import client_arguments, remedy
from alertbus.broker.faults import BrokerFault, RecordsSkipped
from alertbus.broker.fetch_sessions import fetch_by_session
from alertbus.broker.producer import quiet_kafka_loggers
from alertbus.broker.record import Partition, Received
from alertbus.broker.topics import partition_counts

_POLL_MS = 250
_WAIT_MS = 1_000  # how long the broker keeps a fetch while nothing comes; what comes is answered at once
_BETWEEN_ASSIGNMENTS_S = 2.0
_SESSION_MS = 6_000  # a killed member is noticed after this long
_REBALANCE_MS = 60_000  # how long the others wait for a member that is still at work on its batch
_STALLED_S = 60.0
COMMIT_S = 0.3  # chosen, as between two commits of the stream: what was handled since the last one is handled again after a crash
_COMMIT_LIMIT_S = 60.0  # aiokafka would try for ever, and could not be stopped meanwhile
_LEAVE_LIMIT_S = 5.0


class OffsetGuard:
    """Per partition, the offset that must come next. Below it is a repeat, above it something was skipped."""

    def __init__(self, compacted: Collection[str] = ()) -> None:
        """Take the names of compacted topics, which have holes by nature and are not checked."""
        self._compacted = frozenset(compacted)
        self._next: dict[Partition, int] = {}

    def __contains__(self, where: Partition) -> bool:
        return where in self._next

    def assign(self, where: Partition, offset: int) -> None:
        self._next[where] = offset

    def forget(self, places: Iterable[Partition]) -> None:
        for where in places:
            self._next.pop(where, None)

    def follow(self, topic: str, partition: int, offset: int) -> None:
        """Step over this record, or raise `RecordsSkipped`. After a repeat, its own successor is next."""
        expected = self._next[topic, partition]
        if offset > expected and topic not in self._compacted:
            raise RecordsSkipped(topic, partition, expected, offset)
        self._next[topic, partition] = offset + 1


async def consume(
    bootstrap: str,
    group: str,
    topics: Sequence[str],
    handle: Callable[[Sequence[Received]], Awaitable[None]],
    *,
    stop: asyncio.Event,
    max_records: int = 500,
    compacted: Collection[str] = (),
    on_assigned: Callable[[Collection[Partition]], Awaitable[None]] | None = None,
) -> None:
    """Hand batches to `handle`, in order within a partition, and commit once `handle` has returned for them; until `stop`.

    What `handle` raises comes out of here, nothing of that batch committed: let the process end and be started again. Commits are at
    least `COMMIT_S` apart; an orderly end and a rebalance commit what was handled. A batch may come again after a crash, and after a
    rebalance that found no broker. A rebalance waits for the batch at work.
    """
    quiet_kafka_loggers()
    consumer = AIOKafkaConsumer(
        **client_arguments(bootstrap),
        group_id=group,
        client_id=f"alertbus-{group}",
        enable_auto_commit=False,
        auto_offset_reset="earliest",
        session_timeout_ms=_SESSION_MS,
        heartbeat_interval_ms=1_000,
        rebalance_timeout_ms=_REBALANCE_MS,
        fetch_max_wait_ms=_WAIT_MS,
    )
    fetch_by_session(consumer)
    cursors = OffsetGuard(compacted)
    handled = Handled(consumer, bootstrap)
    at_work = asyncio.Lock()
    consumer.subscribe(topics, listener=_Rebalances(cursors, handled, at_work, on_assigned))
    async with _running(consumer, bootstrap):
        while not stop.is_set():
            fetched = await _poll(consumer, bootstrap, max_records)
            # No await between here and the lock (a free lock does not yield): what was fetched must still be ours.
            async with at_work:
                batch: list[Received] = list(itertools.chain.from_iterable(fetched.values()))
                if not batch:
                    await handled.commit_if_due()
                    continue
                with _broker_faults(bootstrap):
                    await _assign_cursors(consumer, cursors, [where for where in fetched if where not in cursors])
                for record in batch:
                    cursors.follow(record.topic, record.partition, record.offset)
                await handle(batch)
                handled.note({where: records[-1].offset + 1 for where, records in fetched.items()})
                await handled.commit_if_due()
        with contextlib.suppress(TimeoutError, BrokerFault):  # without a broker, too, this is an orderly end
            async with at_work, asyncio.timeout(_LEAVE_LIMIT_S):
                await handled.commit()


class Handled:
    """How far each partition was handled, and not committed yet."""

    def __init__(self, consumer: Any, bootstrap: str, clock: Callable[[], float] = time.monotonic) -> None:
        """`clock` in seconds."""
        self._consumer = consumer
        self._bootstrap = bootstrap
        self._clock = clock
        self._next: dict[TopicPartition, int] = {}
        self._committed_at = -math.inf

    def note(self, offsets: Mapping[TopicPartition, int]) -> None:
        self._next.update(offsets)

    async def commit_if_due(self) -> None:
        if self._clock() - self._committed_at >= COMMIT_S:
            await self.commit()

    async def commit(self) -> None:
        """Refused when the group went on without us: whoever has the partitions now handles those records again."""
        offsets, self._next = self._next, {}
        if not offsets:
            return
        with _broker_faults(self._bootstrap), contextlib.suppress(CommitFailedError):
            async with asyncio.timeout(_COMMIT_LIMIT_S):
                await self._consumer.commit(offsets)
        self._committed_at = self._clock()


async def read_all(
    bootstrap: str,
    topics: Sequence[str],
    *,
    compacted: Collection[str] = (),
    since: Mapping[Partition, int] | None = None,
    starts: Mapping[Partition, int] = MappingProxyType({}),
) -> AsyncIterator[Received]:
    """Yield every record there is at this moment, in order within each partition, without a group, and end.

    `since` names the only partitions to read, and from which offset each. `starts` gives the first offset wanted of
    some; the others are read from their beginning, and `RecordsSkipped` is raised for an offset that the log no longer
    holds, or never did. Leave early only through `contextlib.aclosing`, which closes the connection.
    """
    quiet_kafka_loggers()
    places = [where for where in await _places(bootstrap, topics) if since is None or where in since]
    consumer = AIOKafkaConsumer(**client_arguments(bootstrap), enable_auto_commit=False, client_id="alertbus-read-all")
    cursors = OffsetGuard(compacted)
    async with _running(consumer, bootstrap):
        with _broker_faults(bootstrap):
            first, last = await consumer.beginning_offsets(places), await consumer.end_offsets(places)
        first = {where: max(offset, (since or {}).get(where, 0)) for where, offset in first.items()}
        first |= {where: _start(where, starts[where], first[where], last[where]) for where in places if where in starts}
        unfinished = {where for where in places if first[where] < last[where]}
        for where in unfinished:
            cursors.assign(where, first[where])
        consumer.assign(list(unfinished))
        for where in unfinished:
            consumer.seek(where, first[where])
        while unfinished:
            with _broker_faults(bootstrap):
                fetched = await consumer.getmany(timeout_ms=int(_STALLED_S * 1000), max_records=2_000)
            if not fetched:
                what = f"{len(unfinished)} partitions gave nothing for {_STALLED_S:.0f} s"
                raise BrokerFault(what, "Look at the broker's log.")
            for where, records in fetched.items():
                for record in records:
                    if record.offset >= last[where]:
                        break  # written since we began
                    cursors.follow(record.topic, record.partition, record.offset)
                    yield record
                if records[-1].offset + 1 >= last[where] and where in unfinished:
                    unfinished.discard(where)
                    consumer.pause(where)


async def _places(bootstrap: str, topics: Sequence[str]) -> list[TopicPartition]:
    counts = await partition_counts(bootstrap)
    if missing := sorted(set(topics) - counts.keys()):
        raise BrokerFault(f"there is no topic '{missing[0]}'", "Correct its name, or let `alertbus up` make it.")
    return [TopicPartition(topic, number) for topic in topics for number in range(counts[topic])]


async def read_at(bootstrap: str, places: Sequence[tuple[str, int, int]]) -> list[Received | None]:
    """Give the record at each (topic, partition, offset), in the order asked; None where the log no longer holds it."""
    quiet_kafka_loggers()
    if not places:
        return []
    consumer = AIOKafkaConsumer(**client_arguments(bootstrap), enable_auto_commit=False, client_id="alertbus-read-at")
    found: list[Received | None] = []
    async with _running(consumer, bootstrap):
        with _broker_faults(bootstrap):
            there = await _places(bootstrap, sorted({topic for topic, _, _ in places}))
            known = [where for where in there if where in {(topic, partition) for topic, partition, _ in places}]
            first, last = await consumer.beginning_offsets(known), await consumer.end_offsets(known)
            for topic, partition, offset in places:
                where = TopicPartition(topic, partition)
                held = first.get(where, 0) <= offset < last.get(where, 0)
                found.append(await _one(consumer, where, offset) if held else None)
    return found


async def _one(consumer: Any, where: TopicPartition, offset: int) -> Received | None:
    consumer.assign([where])
    consumer.seek(where, offset)
    async with asyncio.timeout(_STALLED_S):
        record: Received = await consumer.getone(where)
    return record if record.offset == offset else None  # a compacted topic has holes


async def read_span(bootstrap: str, topic: str, partition: int, first: int, end: int) -> AsyncIterator[Received]:
    """Yield the records of one partition from `first` up to, and without, `end`. Compaction may have left holes."""
    quiet_kafka_loggers()
    where = TopicPartition(topic, partition)
    consumer = AIOKafkaConsumer(**client_arguments(bootstrap), enable_auto_commit=False, client_id="alertbus-read-span")
    async with _running(consumer, bootstrap):
        consumer.assign([where])
        consumer.seek(where, first)
        while True:
            with _broker_faults(bootstrap):
                if await consumer.position(where) >= end:
                    return
                fetched = (await consumer.getmany(where, timeout_ms=_POLL_MS)).get(where, ())
            for record in fetched:
                if record.offset < end:
                    yield record


def _start(where: TopicPartition, wanted: int, first: int, last: int) -> int:
    if not first <= wanted <= last:
        raise RecordsSkipped(where.topic, where.partition, wanted, max(first, min(wanted, last)))
    return wanted


async def extents(bootstrap: str, topics: Sequence[str]) -> dict[Partition, tuple[int, int]]:
    """The first offset there is and the one after the last, of every partition. A log that was never cut begins at 0."""
    quiet_kafka_loggers()
    places = await _places(bootstrap, topics)
    consumer = AIOKafkaConsumer(**client_arguments(bootstrap), enable_auto_commit=False, client_id="alertbus-extents")
    async with _running(consumer, bootstrap):
        with _broker_faults(bootstrap):
            first, last = await consumer.beginning_offsets(places), await consumer.end_offsets(places)
    return {(place.topic, place.partition): (first[place], last[place]) for place in places}


class _Rebalances(ConsumerRebalanceListener):  # type: ignore[misc]  # aiokafka has no types
    def __init__(
        self,
        cursors: OffsetGuard,
        handled: Handled,
        at_work: asyncio.Lock,
        on_assigned: Callable[[Collection[Partition]], Awaitable[None]] | None,
    ) -> None:
        self._cursors = cursors
        self._handled = handled
        self._at_work = at_work
        self._on_assigned = on_assigned

    async def on_partitions_revoked(self, revoked: Collection[Partition]) -> None:
        async with self._at_work:  # the batch under way is finished and committed while the partitions are still ours
            try:
                await self._handled.commit()
            finally:
                self._cursors.forget(revoked)

    async def on_partitions_assigned(self, assigned: Collection[Partition]) -> None:
        if self._on_assigned is not None:
            await self._on_assigned(assigned)


async def _assign_cursors(consumer: Any, cursors: OffsetGuard, places: Sequence[TopicPartition]) -> None:
    """Take the group's committed offset from the broker, not from the client that we check; else the log's start."""
    if not places:
        return
    committed = dict(zip(places, await asyncio.gather(*map(consumer.committed, places)), strict=True))
    fresh = [where for where, offset in committed.items() if offset is None]
    starts = await consumer.beginning_offsets(fresh) if fresh else {}
    for where, offset in committed.items():
        cursors.assign(where, starts[where] if offset is None else offset)


async def _poll(consumer: Any, bootstrap: str, max_records: int) -> dict[TopicPartition, list[Received]]:
    """Return soon, also while the group is between two assignments, so that `stop` is seen. Drops nothing it took."""
    with _broker_faults(bootstrap), contextlib.suppress(TimeoutError):
        async with asyncio.timeout(_BETWEEN_ASSIGNMENTS_S):
            fetched: dict[TopicPartition, list[Received]]
            fetched = await consumer.getmany(timeout_ms=_POLL_MS, max_records=max_records)
            return fetched
    return {}


@contextlib.asynccontextmanager
async def _running(consumer: Any, bootstrap: str) -> AsyncIterator[None]:
    try:
        with _broker_faults(bootstrap):
            await consumer.start()
        yield
    finally:
        with contextlib.suppress(TimeoutError, KafkaError):
            async with asyncio.timeout(_LEAVE_LIMIT_S):
                await consumer.stop()


@contextlib.contextmanager
def _broker_faults(bootstrap: str) -> Iterator[None]:
    """Make aiokafka's errors ours; never around the caller's own code, whose errors are its own."""
    try:
        yield
    except (TimeoutError, KafkaError) as error:
        what = f"reading from {bootstrap} failed ({type(error).__name__})"
        raise BrokerFault(what, remedy(error, "Let this process end and start again once the broker answers.")) from error
