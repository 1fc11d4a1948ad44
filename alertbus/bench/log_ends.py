"""Where topics end, and what was written between two of their ends: counted and weighed as it is stored."""

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from types import TracebackType
from typing import Any, Self

from aiokafka import AIOKafkaConsumer, TopicPartition

from alertbus.bench.process import Running
from alertbus.broker.access import client_arguments
from alertbus.broker.producer import quiet_kafka_loggers
from alertbus.model.errors import BusError

LOOK_S = 0.02
"""How often a topic's end is asked for: one request. Chosen: a hundredth of the shortest run."""

Ends = Mapping[TopicPartition, int]


class Stalled(BusError):
    code = "bench_stalled"


@dataclass(frozen=True, slots=True)
class Shape:
    """The records of one topic, as they were on average. A record's bytes are its key, its value, and its headers' names and values."""

    topic: str
    per_alert: float
    key_bytes: int
    value_bytes: int
    headers: tuple[tuple[str, str], ...]
    """The headers of one of the records. Names and lengths hardly differ; `value_bytes` makes up for the difference."""

    @property
    def record_bytes(self) -> int:
        return self.key_bytes + self.value_bytes + _header_bytes(self.headers)


class Log:
    """The broker's topics seen from outside, through one consumer without a group."""

    def __init__(self, bootstrap: str, partitions: int) -> None:
        quiet_kafka_loggers()
        self._consumer: Any = AIOKafkaConsumer(**client_arguments(bootstrap), enable_auto_commit=False, client_id="alertbus-bench-log")
        self._partitions = partitions

    async def __aenter__(self) -> Self:
        await self._consumer.start()
        return self

    async def __aexit__(self, _type: type[BaseException] | None, _error: BaseException | None, _trace: TracebackType | None) -> None:
        await self._consumer.stop()

    async def ends(self, *topics: str) -> Ends:
        places = [TopicPartition(topic, number) for topic in topics for number in range(self._partitions)]
        found: Ends = await self._consumer.end_offsets(places)
        return found

    async def count(self, *topics: str) -> int:
        """How many records were ever written there."""
        return sum((await self.ends(*topics)).values())

    async def until(self, topic: str, count: int, workers: Sequence[Running] = (), *, patience_s: float = 60.0) -> None:
        """Return when the topic holds so many.

        Raises `Stalled` when it has not grown for as long as patience lasts, `PartDied` at once when one of the workers is gone.
        """
        loop = asyncio.get_running_loop()
        last, grew = -1, loop.time()
        while (now := await self.count(topic)) < count:
            for worker in workers:
                worker.alive()
            if now > last:
                last, grew = now, loop.time()
            elif loop.time() - grew > patience_s:
                said = "".join(f"\n{worker.title}: {worker.last_words()}" for worker in workers)
                raise Stalled(f"topic '{topic}' stands at {now} of {count} records since {patience_s:.0f} s{said}")
            await asyncio.sleep(LOOK_S)

    async def shapes(self, before: Ends, after: Ends, alerts: int) -> list[Shape]:
        """What so many alerts caused between these ends, topic by topic, weighed record by record."""
        weights = await self._weigh(before, after)
        return [weight.shape(topic, alerts) for topic, weight in sorted(weights.items())]

    async def _weigh(self, before: Ends, after: Ends) -> dict[str, "_Weight"]:
        consumer = self._consumer
        unread = {place for place, end in after.items() if end > before[place]}
        consumer.assign(sorted(unread))
        for place in unread:
            consumer.seek(place, before[place])
        weights: dict[str, _Weight] = {}
        while unread:
            for place, fetched in (await consumer.getmany(timeout_ms=1000)).items():
                weight = weights.setdefault(place.topic, _Weight())
                for record in fetched:
                    if record.offset < after[place]:
                        weight.add(record)
                if await consumer.position(place) >= after[place] and place in unread:
                    unread.discard(place)
                    consumer.pause(place)
        consumer.unsubscribe()
        return weights


class _Weight:
    def __init__(self) -> None:
        self.records = self.key_bytes = self.value_bytes = self.header_bytes = 0
        self._sample: tuple[tuple[str, str], ...] = ()

    def add(self, record: Any) -> None:
        headers = tuple((name, text.decode()) for name, text in record.headers)
        self.records += 1
        self.key_bytes += len(record.key or b"")
        self.value_bytes += len(record.value or b"")
        self.header_bytes += _header_bytes(headers)
        self._sample = self._sample or headers

    def shape(self, topic: str, alerts: int) -> Shape:
        key, value, headers = (round(total / self.records) for total in (self.key_bytes, self.value_bytes, self.header_bytes))
        made_up = max(0, value + headers - _header_bytes(self._sample))
        return Shape(topic, self.records / alerts, key, made_up, self._sample)


def _header_bytes(headers: Sequence[tuple[str, str]]) -> int:
    return sum(len(name) + len(text) for name, text in headers)
