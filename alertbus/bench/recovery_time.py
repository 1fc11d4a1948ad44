"""How long recovery of a stream worker takes: from the moment it ends to the first notice of an alert that was waiting then.

The tables hold a county at rest: so many persons, each linked to a case with seven agencies, every tenth with an alert that still stands.
Their states are the reducers' own, written straight to the changelogs, which is where a worker finds them; one family goes the whole way
and is asked about. Medians of the runs; each run starts the worker again at once, as the supervisor does.
"""

import statistics
import time
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from uuid import UUID

from alertbus.bench import county
from alertbus.bench.bench_broker import BenchBroker, bench_broker
from alertbus.bench.family import Family
from alertbus.bench.floor_plan import CASE_STATE, PARTITIONS, PERSON_STATE
from alertbus.bench.process import BenchParts, ProcessMemory, Running
from alertbus.broker import topics
from alertbus.broker.producer import partition_for
from alertbus.broker.record import Record
from alertbus.model.events import CaseChanged
from alertbus.policy.load import load_policy
from alertbus.reach.follow import follow
from alertbus.reach.reduce_case import EMPTY as NO_CASE
from alertbus.reach.reduce_person import EMPTY as NOBODY
from alertbus.stream import state_parts

STANDING = 10
"""One person in so many has an alert that still stands. Chosen: a guess at a county."""

AT_ONCE = 20_000
"""Changelog records written together."""

PATIENCE_S = 600.0


@dataclass(frozen=True, slots=True)
class Recovery:
    """Seconds to the first new notice, and the worker's memory once its tables are back."""

    persons: int
    state_mib: float
    """The size of the keys and values written to the two changelogs."""
    killed: float | None
    stopped: float | None
    empty_disk: float | None
    memory: ProcessMemory


async def recovery(folder: Path, *, persons: int, runs: int, empty_disk_only: bool = False) -> Recovery:
    """Measure on a broker of its own, filled with so many persons."""
    async with bench_broker(folder) as broker, BenchParts(broker.folder, broker.bootstrap) as parts:
        await broker.settle(1)
        worker = await parts.start("stream")
        await broker.quiet()
        await worker.stop()
        state_bytes = await fill(broker, persons)
        empty, killed, stopped = [], [], []
        for _ in range(runs):
            parts.forget_disk()
            worker, seconds = await _missed(broker, parts, time.perf_counter())
            empty.append(seconds)
            if not empty_disk_only:
                began = time.perf_counter()
                worker.kill()
                worker, seconds = await _missed(broker, parts, began)
                killed.append(seconds)
            began = time.perf_counter()
            await worker.stop()
            if not empty_disk_only:
                worker, seconds = await _missed(broker, parts, began)
                stopped.append(seconds)
                await worker.stop()
        return Recovery(persons, round(state_bytes / 2**20, 1), _median(killed), _median(stopped), _median(empty), worker.memory)


async def _missed(broker: BenchBroker, parts: BenchParts, began: float) -> tuple[Running, float]:
    """Start the worker with an alert waiting for it: the worker, once all is quiet, and seconds from `began` to the first notice."""
    before = await broker.log.count(topics.NOTICES)
    await broker.producer.send_all(county.accepted(1, 1, datetime.now(UTC)))
    worker = parts.spawn("stream")
    await broker.log.until(topics.NOTICES, before + 1, [worker], patience_s=PATIENCE_S)
    seconds = time.perf_counter() - began
    await broker.quiet()
    worker.note_memory()
    return worker, seconds


def _median(seconds: list[float]) -> float | None:
    return round(statistics.median(seconds), 2) if seconds else None


async def fill(broker: BenchBroker, persons: int) -> int:
    """Write the persons' and their cases' states to the changelogs. Returns how many bytes of keys and values that was."""
    written, total = [], 0
    for record in states(persons, datetime.now(UTC)):
        written.append(record)
        total += len(record.key) + len(record.value or b"")
        if len(written) == AT_ONCE:
            await broker.producer.send_all(written)
            written = []
    await broker.producer.send_all(written)
    return total


def states(persons: int, at: datetime) -> Iterator[Record]:
    """Changelog records of persons 1 to `persons` and their cases, as the reducers leave them: those of one are made, the others are its
    copies under their own numbers.
    """
    plain, standing = list(_states_of_one(at, standing=False)), list(_states_of_one(at, standing=True))
    for number in range(1, persons + 1):
        marks = _marks(number)
        for topic, key, path, value in standing if number % STANDING == 0 else plain:
            own = _renamed(key, marks)
            yield Record(topic, _renamed(path, marks), _renamed(value, marks), partition=partition_for(own, PARTITIONS))


def _marks(number: int) -> tuple[tuple[bytes, bytes], ...]:
    """Pairs of bytes: what names person 0 and their case, and what names the person of this number."""

    def named(one: int) -> tuple[bytes, ...]:
        return county.case_id(one).encode(), county.crn(one).encode(), str(UUID(int=one)).encode()

    return tuple(zip(named(0), named(number), strict=True))


def _renamed(text: bytes, marks: tuple[tuple[bytes, bytes], ...]) -> bytes:
    for old, new in marks:
        text = text.replace(old, new)
    return text


def _states_of_one(at: datetime, *, standing: bool) -> Iterator[tuple[str, bytes, bytes, bytes]]:
    """Person 0 and their case through the reducers: changelog, state's key, part's key, part's value."""
    family = Family(0, load_policy())
    family.opened(at)
    if standing:
        family.stated(county.alert_about(0, "violent_person_flag"), at)
    case_id = county.case_id(0)
    assert family.case.case is not None
    case = follow(family.case, CaseChanged(case=family.case.case), load_policy()).after  # with the moment that its clock waits for
    for topic, key, empty, state in ((PERSON_STATE, family.person_id, NOBODY, family.person), (CASE_STATE, case_id, NO_CASE, case)):
        for path, value in state_parts.changes(key.encode(), empty, state):
            assert value is not None, "what was never there is not deleted"
            yield topic, key.encode(), path, value
