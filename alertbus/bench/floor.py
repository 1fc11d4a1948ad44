"""The floor: the quickest known loop in Python that does what any bus must do on these hops, and decides nothing.

It reads in batches, writes for each record as many as the bus's own run wrote, of the same bytes, awaits every acknowledgement (`acks=all`,
idempotent, as the bus), and only then commits. All hops run in one process and share one producer, as the bus's three stages do. It parses
nothing, keeps nothing, and chooses partitions without hashing. A state's changelog goes to a topic that nobody reads.

Run as a program (`python -m alertbus.bench.floor PLAN`), it prints `ready` when every hop reads, and works until SIGTERM.
"""

import asyncio
import contextlib
import json
import signal
import sys
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any
from uuid import uuid4

from aiokafka import AIOKafkaConsumer, AIOKafkaProducer

from alertbus.broker.access import client_arguments
from alertbus.broker.producer import quiet_kafka_loggers

MOST = 2_000
"""Records taken in one go. Chosen by guess; not tuned on a quiet machine yet."""

COMMIT_S = 0.3
"""Offsets are committed this often, after the acknowledgements: as often as the stream worker does."""

_BATCH_BYTES = 256 * 1024


@dataclass(frozen=True, slots=True)
class HopOutput:
    """What one hop writes to one topic for each record it reads."""

    topic: str
    per_record: float
    value_bytes: int
    headers: tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True)
class Hop:
    source: str
    sends: tuple[HopOutput, ...]


@dataclass(frozen=True, slots=True)
class Plan:
    bootstrap: str
    partitions: int
    hops: tuple[Hop, ...]

    def write(self, path: Path) -> None:
        path.write_text(json.dumps(asdict(self)), encoding="utf-8")

    @classmethod
    def read(cls, path: Path) -> "Plan":
        plan = json.loads(path.read_text(encoding="utf-8"))
        hops = tuple(
            Hop(hop["source"], tuple(HopOutput(**send | {"headers": tuple(map(tuple, send["headers"]))}) for send in hop["sends"]))
            for hop in plan["hops"]
        )
        return cls(plan["bootstrap"], plan["partitions"], hops)


class CopiesDue:
    """How many records are due on a topic for those read. A rate such as 0.4 for each is kept exactly, in whole records."""

    def __init__(self, per_record: float) -> None:
        self._per_record = per_record
        self._left = 0.0

    def for_records(self, count: int) -> int:
        whole, self._left = divmod(self._left + self._per_record * count, 1)
        return int(whole)


def keys_by_partition(keys: Sequence[bytes], partition: int, copies: int, partitions: int) -> Iterable[tuple[int, Sequence[bytes]]]:
    """Spread so many copies of these keys over the partitions, the first to the one they came from."""
    rounds, rest = divmod(copies, len(keys))
    for turn in range(rounds):
        yield (partition + turn) % partitions, keys
    if rest:
        yield (partition + rounds) % partitions, keys[:rest]


class Copier:
    """One hop at work."""

    def __init__(self, hop: Hop, producer: Any, partitions: int) -> None:
        self._producer, self._partitions = producer, partitions
        self._sends = [
            (send.topic, CopiesDue(send.per_record), b"x" * send.value_bytes, [(name, text.encode()) for name, text in send.headers])
            for send in hop.sends
        ]

    async def copy(self, found: dict[Any, list[Any]]) -> None:
        """Write what these records cause and return when all of it is acknowledged."""
        written = []
        for topic, owed, value, headers in self._sends:
            targets: dict[int, list[bytes]] = defaultdict(list)
            for place, records in found.items():
                keys = [record.key for record in records]
                for partition, part in keys_by_partition(keys, place.partition, owed.for_records(len(keys)), self._partitions):
                    targets[partition] += part
            for partition, keys in targets.items():
                written += await self._write(topic, partition, keys, value, headers)
        await asyncio.gather(*written)

    async def _write(self, topic: str, partition: int, keys: Sequence[bytes], value: bytes, headers: Any) -> list[Any]:
        written, batch = [], self._producer.create_batch()
        for key in keys:
            if batch.append(timestamp=None, key=key, value=value, headers=headers) is None:  # full
                written.append(await self._producer.send_batch(batch, topic, partition=partition))
                batch = self._producer.create_batch()
                batch.append(timestamp=None, key=key, value=value, headers=headers)
        batch.close()  # a closed batch does not linger
        written.append(await self._producer.send_batch(batch, topic, partition=partition))
        return written


async def work(plan: Plan, stop: asyncio.Event) -> None:
    quiet_kafka_loggers()
    producer = AIOKafkaProducer(
        **client_arguments(plan.bootstrap),
        acks="all",
        enable_idempotence=True,
        max_batch_size=_BATCH_BYTES,
        max_request_size=4 * 1024 * 1024,
    )
    await producer.start()
    group = f"floor-{uuid4().hex[:8]}"
    consumers = []
    for number, hop in enumerate(plan.hops):
        consumer = AIOKafkaConsumer(
            hop.source,
            **client_arguments(plan.bootstrap),
            group_id=f"{group}-{number}",
            enable_auto_commit=False,
            auto_offset_reset="latest",
        )
        await consumer.start()
        await consumer.seek_to_end()
        for place in consumer.assignment():
            await consumer.position(place)
        consumers.append(consumer)
    print("ready", flush=True)
    copiers = [Copier(hop, producer, plan.partitions) for hop in plan.hops]
    try:
        await asyncio.gather(*(_hop(consumer, copier, stop) for consumer, copier in zip(consumers, copiers, strict=True)))
    finally:
        for consumer in consumers:
            await consumer.stop()
        await producer.stop()


async def _hop(consumer: Any, copier: Copier, stop: asyncio.Event) -> None:
    loop = asyncio.get_running_loop()
    committed = loop.time()
    while not stop.is_set():
        found = await consumer.getmany(timeout_ms=50, max_records=MOST)
        if found:
            await copier.copy(found)
        if loop.time() - committed > COMMIT_S:
            await consumer.commit()
            committed = loop.time()
    await consumer.commit()


async def _main(path: Path) -> None:
    stop = asyncio.Event()
    for sign in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(sign, stop.set)
    with contextlib.suppress(asyncio.CancelledError):
        await work(Plan.read(path), stop)


if __name__ == "__main__":
    asyncio.run(_main(Path(sys.argv[1])))
