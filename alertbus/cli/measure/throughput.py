"""Alerts per second through identify, person and case, each run followed by the floor's over the same hops and bytes (A B A B).

The stream worker is a process of its own, as `alertbus up` runs it; so is the floor; so is the broker. A run begins with the first of its
alerts sent and ends with the last of its notices acknowledged and seen in the topic's end.
"""

import asyncio
import time
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from alertbus.broker import topics
from alertbus.broker.producer import Producer, Record
from alertbus.broker.topics import TopicSpec, ensure_topics
from alertbus.cli.measure import county
from alertbus.cli.measure.figures import Pair
from alertbus.cli.measure.floor import Hop, Plan, send_of
from alertbus.cli.measure.log_ends import Log, Shape
from alertbus.cli.measure.process import Memory, Parts, Running, cpu_seconds
from alertbus.settings import Settings
from alertbus.sql.engine import make_engine, migrate
from alertbus.stream.worker import STATE_TOPICS

PARTITIONS = 12
PERSON_STATE, CASE_STATE = (spec.name for spec in STATE_TOPICS)
WRITTEN = (topics.PERSON_EVENTS, PERSON_STATE, topics.CASE_EVENTS, topics.NOTICES, CASE_STATE, topics.REVIEW)
"""Every topic the three stages write to. Review stays empty here, and is counted lest it should not."""


@dataclass(frozen=True, slots=True)
class Throughput:
    pairs: tuple[Pair, ...]
    shapes: tuple[Shape, ...]
    """What one alert made ours write, and so the floor."""
    worker_cpu: float
    """Processors the stream worker kept busy in our runs, 1 being one whole; `broker_cpu` likewise."""
    broker_cpu: float
    memory: Memory


@dataclass(frozen=True, slots=True)
class Stage:
    """Everything a run needs."""

    bootstrap: str
    producer: Producer
    log: Log
    families: int


def floor_topic(topic: str) -> str:
    return f"floor.{topic}"


FLOOR_TOPICS = tuple(TopicSpec(floor_topic(topic), "retain", "key", "the same bytes") for topic in (topics.ALERTS, *WRITTEN))


async def throughput(
    bootstrap: str, broker_pid: int | None, folder: Path, *, alerts: int, families: int, runs: int, profile: Path | None = None
) -> Throughput:
    """Measure on this broker. The first run of each side only warms it up, and tells the floor what bytes to write."""
    await ensure_topics(bootstrap, PARTITIONS, extra=(*STATE_TOPICS, *FLOOR_TOPICS))
    producer = Producer(bootstrap)
    await producer.start()
    try:
        async with Log(bootstrap, PARTITIONS) as log, Parts(folder, bootstrap) as parts:
            stage = Stage(bootstrap, producer, log, families)
            await settle(stage, folder)
            worker = await parts.start("stream", profile=profile)
            await log.until(PERSON_STATE, families)
            await log.until(CASE_STATE, families)
            before = await log.ends(*WRITTEN)
            await ours(stage, worker, alerts)
            await _quiet(log)
            shapes = await log.shapes(before, await log.ends(*WRITTEN), alerts)
            floor = await start_floor(parts, plan_of(bootstrap, shapes))
            await theirs(stage, floor, alerts)
            pairs, used, broker_used, spent = [], 0.0, 0.0, 0.0
            for _ in range(runs):
                began, worker_cpu, broker_cpu = time.perf_counter(), worker.cpu_s(), cpu_seconds(broker_pid)
                rate = await ours(stage, worker, alerts)
                spent += time.perf_counter() - began
                used += worker.cpu_s() - worker_cpu
                broker_used += cpu_seconds(broker_pid) - broker_cpu
                pairs.append(Pair(rate, await theirs(stage, floor, alerts)))
            return Throughput(tuple(pairs), tuple(shapes), used / spent, broker_used / spent, worker.memory())
    finally:
        await producer.stop()


async def settle(stage: Stage, folder: Path) -> None:
    """The families into the directory and on their way to the reducers."""
    url = Settings(data_dir=folder, database_url=None).sqlalchemy_url
    await migrate(url)
    engine = make_engine(url)
    try:
        await stage.producer.send_all(await county.settle(engine, stage.families, datetime.now(UTC)))
    finally:
        await engine.dispose()


async def ours(stage: Stage, worker: Running, alerts: int) -> float:
    batch = county.accepted(alerts, stage.families, datetime.now(UTC))
    return await _rate(stage, batch, topics.NOTICES, alerts * len(county.AGENCIES), worker)


async def theirs(stage: Stage, floor: Running, alerts: int) -> float:
    """The very alerts, to the floor's own topics."""
    batch = [
        Record(floor_topic(topics.ALERTS), r.key, r.value, r.headers) for r in county.accepted(alerts, stage.families, datetime.now(UTC))
    ]
    return await _rate(stage, batch, floor_topic(topics.NOTICES), alerts * len(county.AGENCIES), floor)


async def _rate(stage: Stage, batch: list[Record], last: str, owed: int, worker: Running) -> float:
    before = await stage.log.count(last)
    began = time.perf_counter()
    await stage.producer.send_all(batch)
    await stage.log.until(last, before + owed)
    taken = time.perf_counter() - began
    worker.alive()
    return len(batch) / taken


async def _quiet(log: Log) -> None:
    """Return when nothing more is being written: the last state is written behind the last notice."""
    last = -1
    while (now := await log.count(*WRITTEN)) != last:
        last = now
        await asyncio.sleep(0.5)


def plan_of(bootstrap: str, shapes: list[Shape], first: str = topics.ALERTS) -> Plan:
    """The floor's hops, each writing exactly what our stage wrote: as many records for each alert, of the same bytes."""
    by_topic = {shape.topic: shape for shape in shapes}
    hops: list[Hop] = []
    arriving = 1.0  # records that reach the hop for each alert
    for source, written, onward in (
        (topics.ALERTS, (topics.PERSON_EVENTS, topics.REVIEW), topics.PERSON_EVENTS),
        (topics.PERSON_EVENTS, (topics.CASE_EVENTS, PERSON_STATE), topics.CASE_EVENTS),
        (topics.CASE_EVENTS, (topics.NOTICES, CASE_STATE), topics.NOTICES),
    ):
        if hops or source == first:
            sends = tuple(
                send_of(by_topic[topic], floor_topic(topic), by_topic[topic].per_alert / arriving) for topic in written if topic in by_topic
            )
            hops.append(Hop(floor_topic(source), sends))
        arriving = by_topic[onward].per_alert
    return Plan(bootstrap, PARTITIONS, tuple(hops))


async def start_floor(parts: Parts, plan: Plan) -> Running:
    path = parts.folder / "floor.json"
    plan.write(path)
    running = parts.run("floor", "-m", "alertbus.cli.measure.floor", str(path))
    while "ready" not in running.log.read_text(encoding="utf-8"):
        running.alive()
        await asyncio.sleep(0.05)
    return running
