"""One run of the bench: every measurement that is wanted, in turn, in a folder of their own."""

import asyncio
import os
import platform
from collections.abc import Callable, Collection, Coroutine
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any, TypeVar

from alertbus.bench.bench_report import Machine, Measured
from alertbus.bench.delivery_stage import delivery_cost
from alertbus.bench.latency import RATE, SLOWER, whole_path
from alertbus.bench.measurement import MILLION, Extent, Measurement
from alertbus.bench.peers import peers
from alertbus.bench.rebuild_time import rebuild_time
from alertbus.bench.reconcile_time import reconcile_time
from alertbus.bench.recovery_time import recovery
from alertbus.bench.scaling import scaling
from alertbus.bench.throughput import throughput
from alertbus.model.errors import BusError

T = TypeVar("T")

FEW_FAMILIES = 1_000
"""At most so many families where each is imported through the gateway, or kept in the bench's own memory."""

RECOVERY_RUNS = 3
"""At most so many: in each the worker dies three times."""


def measure(wanted: Collection[Measurement], extent: Extent, folder: Path, tell: Callable[[str], None]) -> Measured:
    """Run what is wanted. A measurement that fails is noted in `failed`; the figures of the others, which took minutes, are kept."""
    measured = Measured(_machine(), extent.runs, extent.alerts)
    failed: dict[str, str] = {}
    run = partial(_run, failed, tell)
    size: dict[str, Any] = {"alerts": extent.alerts, "families": extent.families, "runs": extent.runs}
    if not {Measurement.THROUGHPUT, Measurement.PEERS}.isdisjoint(wanted):
        stages = throughput(folder / "throughput", **size, profile=extent.profile)
        measured = replace(measured, throughput=run("throughput, ours and the floor in turn", stages))
    if Measurement.PEERS in wanted and measured.throughput is not None:
        others = peers(folder / "peers", measured.throughput.shapes, **size)
        measured = replace(measured, peers=run("peers, each and the floor in turn", others) or ())
    if Measurement.LATENCY in wanted:
        few = min(extent.families, FEW_FAMILIES)
        path = whole_path(folder / "latency", seconds=extent.seconds, families=few, database=extent.database, per_s=(*SLOWER, RATE))
        if paths := run("latency, the whole path", path):
            measured = replace(measured, latency=paths[-1], slower=paths[:-1])
    if Measurement.RECOVERY in wanted:
        back = recovery(folder / "recovery", persons=extent.persons, runs=min(extent.runs, RECOVERY_RUNS))
        measured = replace(measured, recovery=run("recovery of the stream worker", back))
    if extent.million:
        all_back = recovery(folder / "million", persons=MILLION - 1, runs=1, empty_disk_only=True)
        measured = replace(measured, million=run("recovery of a million persons", all_back))
    if Measurement.WORKERS in wanted:
        measured = replace(measured, workers=run("two workers beside one", scaling(folder / "workers", **size)))
    measured = _operators_questions(wanted, extent, folder, measured, run)
    return replace(measured, failed=failed)


def _operators_questions(wanted: Collection[Measurement], extent: Extent, folder: Path, measured: Measured, run: Any) -> Measured:
    """What is measured only when it is named."""
    if Measurement.REBUILD in wanted:
        again = rebuild_time(folder / "rebuild", events=extent.events, database=extent.database)
        measured = replace(measured, rebuild=run("a rebuild of the database", again))
    if Measurement.RECONCILE in wanted:
        few = min(extent.families, FEW_FAMILIES)
        held = reconcile_time(folder / "reconcile", alerts=extent.alerts, families=few, database=extent.database)
        measured = replace(measured, reconcile=run("reconciliations", held))
    if Measurement.DELIVERY in wanted:
        cost = delivery_cost(
            folder / "delivery",
            per_s=RATE,
            seconds=extent.seconds,
            burst=extent.alerts,
            families=min(extent.families, FEW_FAMILIES),
            database=extent.database,
            channel="webhook" if extent.webhooks else "inbox",
        )
        measured = replace(measured, delivery=run("delivery and the chronicle", cost))
    return measured


def _run(failed: dict[str, str], tell: Callable[[str], None], name: str, work: Coroutine[Any, Any, T]) -> T | None:
    tell(f"{name} ...")
    try:
        return asyncio.run(work)
    except BusError as fault:
        tell(f"{name}: not measured. {fault}")
        failed[name] = str(fault).partition("\n")[0]
        return None


def _machine() -> Machine:
    return Machine(
        cores=os.cpu_count() or 1,
        processor=_processor(),
        python=platform.python_version(),
        memory_gib=round(os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE") / 2**30, 1),
        load=round(os.getloadavg()[0], 2),
    )


def _processor() -> str:
    """The processor's name as the kernel has it: `platform` knows only its family on Linux."""
    try:
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
    except OSError:
        return platform.processor()
    return next((line.partition(":")[2].strip() for line in lines if line.startswith("model name")), platform.machine())
