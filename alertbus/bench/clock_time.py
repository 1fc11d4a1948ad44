"""How late a tick is, with so many cases that all have something open; what they cost a worker at rest, and at an assignment.

The tables are filled as for a recovery. Then each case gets a moment: far off, for the worker at rest; then such that some come evenly, so
many a second, and some all in one instant, as at the end of a working day. A tick's lateness is from its moment to the time of its record.
"""

import asyncio
import json
import time
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

from alertbus.bench import county
from alertbus.bench.bench_broker import BenchBroker, bench_broker
from alertbus.bench.figures import percentile
from alertbus.bench.floor_plan import CASE_STATE, PARTITIONS
from alertbus.bench.process import BenchParts, ProcessMemory, Running
from alertbus.bench.recovery_time import fill
from alertbus.broker import topics
from alertbus.broker.consumer import read_all
from alertbus.broker.producer import partition_for
from alertbus.broker.record import Record
from alertbus.model.base import INSTANT
from alertbus.model.errors import BusError
from alertbus.model.events import Tick
from alertbus.reach.reduce_case import EMPTY
from alertbus.stream import state_parts
from alertbus.stream.clock import KNOWN
from alertbus.wire.reading import understand
from alertbus.wire.words import words

FAR = timedelta(days=365)

AHEAD = timedelta(seconds=40)
"""From the writing of moments to the first of them: the worker has started by then, or the measurement fails. Chosen."""

SETTLE_S = 15.0
"""After a start, until a worker counts as at rest: its database puts in order what the recovery wrote. Chosen."""

PER_S = 100
"""Moments that come evenly in a second."""

ONE_IN = 20
"""Of the cases, one in so many has its moment in one and the same instant."""


class NotInTime(BusError):
    code = "bench_not_in_time"


@dataclass(frozen=True, slots=True)
class ClockTime:
    """Milliseconds of lateness by `p50`, `p99` and `worst`: of moments that come evenly, and of many in one instant."""

    cases: int
    evenly_ms: Mapping[str, float]
    evenly: int
    at_once_ms: Mapping[str, float]
    at_once: int
    idle_cpu_percent: float
    """Of a core, with a moment for every case, all far off."""
    idle_cpu_percent_without: float
    """The same of the same tables, before any case had a moment."""
    memory: ProcessMemory
    known_ms: float
    """From an assignment of every partition until every moment was known."""
    longest_hold_ms: float
    """For so long at most the event loop was held meanwhile."""


async def clock_time(folder: Path, *, cases: int, seconds: float, idle_s: float) -> ClockTime:
    """Measure on a broker of its own. `seconds` is for how long moments come evenly."""
    evenly, at_once = min(int(PER_S * seconds), cases // 2), max(1, cases // ONE_IN)
    async with bench_broker(folder) as broker, BenchParts(broker.folder, broker.bootstrap, {"ALERTBUS_LOG_LEVEL": "INFO"}) as parts:
        await broker.settle(1)
        worker = await parts.start("stream")
        await broker.quiet()
        await worker.stop()
        await fill(broker, cases)
        without, _, _ = await _at_rest(broker, parts, idle_s)
        await _set_moments(broker, dict.fromkeys(range(1, cases + 1), datetime.now(UTC) + FAR))
        idle, memory, known = await _at_rest(broker, parts, idle_s)
        first = datetime.now(UTC) + AHEAD
        instant = first + timedelta(seconds=seconds + 5)
        coming = {number: first + timedelta(seconds=number / PER_S) for number in range(1, evenly + 1)}
        await _set_moments(broker, coming | dict.fromkeys(range(evenly + 1, evenly + at_once + 1), instant))
        late = await _lateness(broker, parts, first, evenly + at_once)
        return ClockTime(
            cases=cases,
            evenly_ms=_shown(ms for moment, ms in late if moment < instant),
            evenly=evenly,
            at_once_ms=_shown(ms for moment, ms in late if moment == instant),
            at_once=at_once,
            idle_cpu_percent=idle,
            idle_cpu_percent_without=without,
            memory=memory,
            known_ms=known["duration_ms"],
            longest_hold_ms=known["longest_ms"],
        )


async def _at_rest(broker: BenchBroker, parts: BenchParts, idle_s: float) -> tuple[float, ProcessMemory, Mapping[str, float]]:
    """A worker that has nothing to do: its processor in percent of a core, its memory, and what its clock said when it began."""
    worker = await parts.start("stream")
    await broker.quiet()
    known = _known(worker)
    await asyncio.sleep(SETTLE_S)
    used, began = worker.cpu_s(), time.perf_counter()
    await asyncio.sleep(idle_s)
    percent = round(100 * (worker.cpu_s() - used) / (time.perf_counter() - began), 2)
    memory = worker.note_memory()
    await worker.stop()
    return percent, memory, known


def _known(worker: Running) -> Mapping[str, float]:
    lines = [line for line in worker.log.read_text(encoding="utf-8").splitlines() if KNOWN in line]
    if not lines:
        raise NotInTime("the worker's clock has not said that it knows its moments")
    said: Mapping[str, float] = json.loads(lines[-1])
    return said


async def _set_moments(broker: BenchBroker, moments: Mapping[int, datetime]) -> None:
    """Write the next moments of these cases to the changelog, where a worker finds them that starts."""
    written = []
    for number, moment in moments.items():
        key = county.case_id(number).encode()
        for path, value in state_parts.changes(key, EMPTY, EMPTY.model_copy(update={"next_at": moment})):
            written.append(Record(CASE_STATE, path, value, partition=partition_for(key, PARTITIONS)))
    await broker.producer.send_all(written)


async def _lateness(broker: BenchBroker, parts: BenchParts, first: datetime, count: int) -> list[tuple[datetime, float]]:
    """Of the first tick of each case, its moment and how late it was, in milliseconds."""
    before = await broker.log.count(topics.CASE_EVENTS)
    worker = await parts.start("stream")
    if datetime.now(UTC) >= first:
        raise NotInTime(f"the worker was not ready {AHEAD.total_seconds():.0f} s after its moments were written: measure fewer cases")
    await broker.log.until(topics.CASE_EVENTS, before + count, [worker], patience_s=AHEAD.total_seconds() * 2)
    worker.alive()
    found: dict[str, tuple[datetime, float]] = {}
    async for record in read_all(broker.bootstrap, [topics.CASE_EVENTS]):
        tick = understand(record, words(Tick.type)).word
        if tick is not None and tick.case_id not in found:
            moment = tick.since + INSTANT
            found[tick.case_id] = moment, record.timestamp - moment.timestamp() * 1000
    if len(found) < count:
        raise NotInTime(f"{len(found)} of {count} cases were ticked")
    return list(found.values())


def _shown(late: Iterable[float]) -> Mapping[str, float]:
    found = list(late)
    return {"p50": round(percentile(found, 0.5), 1), "p99": round(percentile(found, 0.99), 1), "worst": round(max(found), 1)}
