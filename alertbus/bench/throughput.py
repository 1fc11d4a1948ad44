"""Alerts per second through identify, person and case, each run followed by the floor's over the same hops and bytes (A B A B).

First one worker, then two, which share the processors with the broker as they would on such a machine; the floor is one process beside
either. A stream worker is a process of its own, as `alertbus up` runs it; so is the floor; so is the broker. A run begins with the first of
its alerts sent and ends with the last of its notices acknowledged and seen in the topic's end.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path

from alertbus.bench import county
from alertbus.bench.bench_broker import BenchBroker, Run, bench_broker
from alertbus.bench.figures import Pair
from alertbus.bench.floor_plan import FLOOR_TOPICS, WRITTEN, floor_topic, plan_of, start_floor
from alertbus.bench.log_ends import Shape
from alertbus.bench.process import BenchParts, ProcessMemory, Running
from alertbus.broker import topics


@dataclass(frozen=True, slots=True)
class Throughput:
    ours: tuple[Run, ...]
    floor: tuple[Run, ...]
    """Each run came right after the bus's run at the same index."""
    shapes: tuple[Shape, ...]
    """What the bus wrote for one alert, and so the floor too."""
    memory: ProcessMemory
    """Of the stream worker, after the last run."""
    two: tuple[Run, ...] = ()
    """Two workers, afterwards."""
    floor_of_two: tuple[Run, ...] = ()
    """Each run came right after the two workers' run at the same index."""

    @property
    def pairs(self) -> tuple[Pair, ...]:
        return _pairs(self.ours, self.floor)

    @property
    def pairs_of_two(self) -> tuple[Pair, ...]:
        return _pairs(self.two, self.floor_of_two)


def _pairs(ours: Sequence[Run], floor: Sequence[Run]) -> tuple[Pair, ...]:
    return tuple(Pair(one.per_s, other.per_s) for one, other in zip(ours, floor, strict=True))


async def throughput(folder: Path, *, alerts: int, families: int, runs: int, profile: Path | None = None) -> Throughput:
    """Measure on a broker of its own. The first run of each side only warms it up, and tells the floor what bytes to write."""
    async with bench_broker(folder, FLOOR_TOPICS) as broker, BenchParts(broker.folder, broker.bootstrap) as parts:
        await broker.settle(families)
        worker = await parts.start("stream", profile=profile)
        await broker.quiet()
        shapes = await learn(broker, worker, alerts, families)
        floor = await start_floor(parts, plan_of(broker.bootstrap, shapes))
        await _copied(broker, floor, alerts, families)

        async def in_turn(workers: Sequence[Running]) -> tuple[tuple[Run, ...], tuple[Run, ...]]:
            ours, theirs = [], []
            for _ in range(runs):
                ours.append(await broker.alerts(alerts, families, workers))
                theirs.append(await _copied(broker, floor, alerts, families))
            return tuple(ours), tuple(theirs)

        one = await in_turn([worker])
        memory = worker.note_memory()
        workers = [worker, await parts.start("stream", 1)]
        await broker.quiet()
        await broker.alerts(families, families, workers)  # a worker reads the states of a new partition from the disk only once
        await broker.quiet()
        return Throughput(*one, tuple(shapes), memory, *await in_turn(workers))


async def learn(broker: BenchBroker, worker: Running, alerts: int, families: int) -> list[Shape]:
    """Run once, and weigh what the bus wrote."""
    before = await broker.log.ends(*WRITTEN)
    await broker.alerts(alerts, families, [worker])
    await broker.quiet()
    return await broker.log.shapes(before, await broker.log.ends(*WRITTEN), alerts)


async def _copied(broker: BenchBroker, floor: Running, alerts: int, families: int) -> Run:
    """Send alerts like the bus's to the floor's own topics."""
    batch = county.accepted(alerts, families, datetime.now(UTC))
    return await broker.timed([replace(record, topic=floor_topic(record.topic)) for record in batch], floor_topic(topics.NOTICES), [floor])
