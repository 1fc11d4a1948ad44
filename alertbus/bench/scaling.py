"""Two stream workers beside one, on processors that the broker does not use.

On four processors or more each worker is pinned to one of its own, broker and bench to the rest. On fewer, broker and bench have the first
and the workers share the last, each for every other 20 ms and stopped (SIGSTOP) in between: each then has half a processor, alone or not,
and what is shown is whether the work divides, not how fast two processors are. On one processor nothing can be shown.
"""

import asyncio
import contextlib
import os
import signal
import statistics
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from alertbus.bench.bench_broker import BenchBroker, Run, bench_broker
from alertbus.bench.process import BenchParts, Running

SLOT_S = 0.02
"""Chosen: long enough for some batches, short enough that no heartbeat is missed."""

REJOIN_S = 180.0
"""How long a worker may take to be given the partitions of one that left."""

SETTLING_RUNS = 3
"""Before two are timed: the second is a new process and touches new memory at each step, the first what it has used before. On a virtual
machine the first touch of a page is expensive: with 21,558 new pages against 3,664 it used 5.1 s of processor against 3.2 for its half of a
run."""

ALONE, SHARED = "a processor for each worker", "half a processor for each worker, by turns of 20 ms"


@dataclass(frozen=True, slots=True)
class Scaling:
    """Runs of one worker and of two, in turn. `absent` says why there are none."""

    one: tuple[Run, ...] = ()
    two: tuple[Run, ...] = ()
    method: str | None = None
    absent: str | None = None

    @property
    def ratio(self) -> float:
        return statistics.median(two.per_s / one.per_s for one, two in zip(self.one, self.two, strict=True))


async def scaling(folder: Path, *, alerts: int, families: int, runs: int) -> Scaling:
    """Measure on a broker of its own. The second worker joins before each of its runs and leaves in good order after it."""
    cpus = sorted(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else []
    if len(cpus) < 2:  # noqa: PLR2004  one for the broker
        return Scaling(absent="this machine has one processor, or cannot pin a process to one")
    shared = len(cpus) < 4  # noqa: PLR2004  one for each worker, and two
    rest, first, second = (cpus[:1], cpus[-1:], cpus[-1:]) if shared else (cpus[:-2], cpus[-2:-1], cpus[-1:])
    before = os.sched_getaffinity(0)
    os.sched_setaffinity(0, rest)
    try:
        async with bench_broker(folder, cpus=rest) as broker, BenchParts(broker.folder, broker.bootstrap) as parts:
            await broker.settle(families)
            worker = await parts.start("stream", cpus=first)
            await broker.quiet()
            one, two = [], []
            for _ in range(runs):
                await _warm(broker, alerts, families, [worker])
                async with _turns([worker], shared=shared):
                    one.append(await broker.alerts(alerts, families, [worker]))
                other = await parts.start("stream", 1, cpus=second)
                await _warm(broker, alerts, families, [worker, other])
                async with _turns([worker, other], shared=shared):
                    two.append(await broker.alerts(alerts, families, [worker, other]))
                await broker.quiet()
                await other.stop()
            return Scaling(tuple(one), tuple(two), SHARED if shared else ALONE)
    finally:
        os.sched_setaffinity(0, before)


async def _warm(broker: BenchBroker, alerts: int, families: int, workers: Sequence[Running]) -> None:
    """Runs like those that are timed, and an alert for each family at the least. A worker that has taken over a partition reads its states
    from the disk only once.
    """
    for _ in range(SETTLING_RUNS if len(workers) > 1 else 1):
        await broker.quiet()
        await broker.alerts(max(alerts, families), families, workers, patience_s=REJOIN_S)
    await broker.quiet()


@contextlib.asynccontextmanager
async def _turns(workers: Sequence[Running], *, shared: bool) -> AsyncIterator[None]:
    """While the block runs, let worker 0 run in even slots and worker 1 in odd ones; where processors are not shared, let them be."""
    if not shared:
        yield
        return
    taking = asyncio.create_task(_take_turns(workers))
    try:
        yield
    finally:
        taking.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await taking
        for worker in workers:
            worker.signal(signal.SIGCONT)


async def _take_turns(workers: Sequence[Running]) -> None:
    loop = asyncio.get_running_loop()
    began, slot = loop.time(), 0
    while True:
        for place, worker in enumerate(workers):
            worker.signal(signal.SIGCONT if place == slot % 2 else signal.SIGSTOP)
        slot += 1
        await asyncio.sleep(max(0.0, began + slot * SLOT_S - loop.time()))
