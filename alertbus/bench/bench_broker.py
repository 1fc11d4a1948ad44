"""A broker for one measurement, with its topics: families are made known on it, and runs are timed on it."""

import asyncio
import contextlib
import os
import time
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from alertbus.bench import county
from alertbus.bench.floor_plan import PARTITIONS, WRITTEN
from alertbus.bench.log_ends import Log
from alertbus.bench.process import Running, cpu_seconds
from alertbus.broker import topics
from alertbus.broker.local import LocalKafka
from alertbus.broker.producer import Producer
from alertbus.broker.record import Record
from alertbus.broker.topics import TopicSpec, ensure_topics
from alertbus.settings import Settings
from alertbus.sql.engine import make_engine, migrate
from alertbus.stream.state_topics import STATE_TOPICS

QUIET_S = 0.5
PATIENCE_S = 60.0
"""How long a run may stand still before it is given up."""


@dataclass(frozen=True, slots=True)
class Run:
    """One timed run: alerts per second, and how many whole processors its workers and the broker kept busy meanwhile."""

    per_s: float
    busy: float
    broker_busy: float


@dataclass(frozen=True, slots=True)
class BenchBroker:
    """A broker with its topics, and the bench's own producer and view of it."""

    folder: Path
    bootstrap: str
    pid: int | None
    producer: Producer
    log: Log

    async def settle(self, families: int, database: str | None = None) -> None:
        """Put so many families into a fresh directory, and their cases and links on the topics that the parts read.

        It is what `PUT /v1/cases` writes, without the case register: 0.4 ms a family instead of a call to the gateway. `database`
        None: SQLite in the folder.
        """
        url = Settings(data_dir=self.folder, database_url=database).sqlalchemy_url
        await migrate(url)
        engine = make_engine(url)
        try:
            async for told in county.settle(engine, families, datetime.now(UTC)):
                await self.producer.send_all(told)
        finally:
            await engine.dispose()

    async def alerts(self, count: int, families: int, workers: Sequence[Running], *, patience_s: float = PATIENCE_S) -> Run:
        """Send so many alerts at once, and time how long it takes until the last of their notices."""
        batch = county.accepted(count, families, datetime.now(UTC))
        return await self.timed(batch, topics.NOTICES, workers, patience_s=patience_s)

    async def timed(self, batch: Sequence[Record], last: str, workers: Sequence[Running], *, patience_s: float = PATIENCE_S) -> Run:
        """Time from the first record sent until topic `last` has seven new records for each. Its end is asked for 50 times a second."""
        owed = await self.log.count(last) + len(batch) * len(county.AGENCIES)
        used, broker_used, began = sum(worker.cpu_s() for worker in workers), cpu_seconds(self.pid), time.perf_counter()
        await self.producer.send_all(batch)
        await self.log.until(last, owed, workers, patience_s=patience_s)
        taken = time.perf_counter() - began
        for worker in workers:
            worker.alive()
        busy = (sum(worker.cpu_s() for worker in workers) - used) / taken
        return Run(len(batch) / taken, busy, (cpu_seconds(self.pid) - broker_used) / taken)

    async def quiet(self, *written: str) -> None:
        """Return when nothing more is being written to these topics, by default the stages': a state is written after its notice."""
        last = -1
        while (now := await self.log.count(*(written or WRITTEN))) != last:
            last = now
            await asyncio.sleep(QUIET_S)


@contextlib.asynccontextmanager
async def bench_broker(folder: Path, extra: Sequence[TopicSpec] = (), cpus: Sequence[int] | None = None) -> AsyncIterator[BenchBroker]:
    """A Kafka of its own in this folder, with the bus's topics. `cpus` pins it to these processors."""
    kafka = LocalKafka(folder / "kafka")
    await kafka.start()
    try:
        if cpus is not None and kafka.pid is not None:
            pin(kafka.pid, cpus)
        await ensure_topics(kafka.bootstrap, PARTITIONS, extra=(*STATE_TOPICS, *extra))
        producer = Producer(kafka.bootstrap, client_id="alertbus-bench")
        await producer.start()
        try:
            async with Log(kafka.bootstrap, PARTITIONS) as log:
                yield BenchBroker(folder / "bus", kafka.bootstrap, kafka.pid, producer, log)
        finally:
            await producer.stop()
    finally:
        await kafka.stop()


def pin(pid: int, cpus: Sequence[int]) -> None:
    """Pin every thread of the process to these processors (Linux)."""
    for thread in Path(f"/proc/{pid}/task").iterdir():
        with contextlib.suppress(ProcessLookupError):
            os.sched_setaffinity(int(thread.name), cpus)
