"""One run of the bench: every measurement that is wanted, in turn, in a folder of their own."""

import asyncio
import itertools
import os
import platform
from collections.abc import Callable, Collection, Coroutine
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any, TypeVar

from alertbus.bench import bench_postgres
from alertbus.bench.alertmanager import beside
from alertbus.bench.alertmanager_program import NotBuilt, alertmanager
from alertbus.bench.bench_report import Machine, Measured
from alertbus.bench.clock_time import clock_time
from alertbus.bench.delivery_stage import delivery_cost
from alertbus.bench.desk_time import desk_time
from alertbus.bench.idle_bus import idle_bus
from alertbus.bench.latency import RATE, latencies
from alertbus.bench.measurement import MILLION, Extent, Measurement
from alertbus.bench.peers import peers
from alertbus.bench.reading_time import reading_time
from alertbus.bench.rebuild_time import rebuild_time
from alertbus.bench.reconcile_time import reconcile_time
from alertbus.bench.recovery_time import recovery
from alertbus.bench.scaling import scaling
from alertbus.bench.sigkill import killed_bus, killed_fan_out
from alertbus.bench.throughput import throughput
from alertbus.bench.whole_bus import database_name
from alertbus.model.errors import BusError

T = TypeVar("T")

FEW_FAMILIES = 1_000
"""At most so many families where each is imported through the gateway, or kept in the bench's own memory."""

WHOLE_BUS = {
    Measurement.LATENCY,
    Measurement.IDLE,
    Measurement.COUNTY,
    Measurement.SIGKILL,
    Measurement.READING,
    Measurement.ALERTMANAGER,
    Measurement.DESK,
}

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
    measured = _on_each_database(wanted, extent, folder, measured, run)
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


def _on_each_database(wanted: Collection[Measurement], extent: Extent, folder: Path, measured: Measured, run: Any) -> Measured:
    """The whole bus: on SQLite and on a PostgreSQL of the bench's own, or on the one that was named; and Alertmanager beside it."""
    if WHOLE_BUS.isdisjoint(wanted):
        return measured
    absent: dict[str, str] = {}
    numbers = itertools.count(1)
    for name in _databases(extent, absent):

        def on(work: Callable[..., Coroutine[Any, Any, T]], title: str, name: str = name, **size: Any) -> T | None:
            own = folder / f"{next(numbers)}-{work.__name__}-{name}"  # a second bus in one folder would find the first one's rows
            within = _with_database(name, extent.database, work, own, **size)
            found: T | None = run(f"{title}, on {name}", within)
            return found

        measured = _on_one_database(wanted, extent, measured, on)
        if Measurement.READING in wanted:
            measured = _asked(extent, measured, on)
        if Measurement.DESK in wanted:
            size: dict[str, Any] = {"obligations": extent.obligations[0], "people": extent.people, "seconds": extent.seconds}
            if there := on(desk_time, f"{extent.people} people at the desk", **size):
                measured = replace(measured, desk=[*measured.desk, there])
    if not {Measurement.ALERTMANAGER, Measurement.SIGKILL}.isdisjoint(wanted) and _is_built(absent):
        loads: dict[str, Any] = {"seconds": extent.seconds, "runs": extent.runs, "rates": extent.rates, "search": extent.search}
        if Measurement.ALERTMANAGER in wanted:
            measured = replace(measured, alertmanager=run("Alertmanager beside it", beside(folder / "alertmanager", **loads)))
        if Measurement.SIGKILL in wanted and (killed := run("Alertmanager at SIGKILL", killed_fan_out(folder / "killed"))):
            measured = replace(measured, killed={**measured.killed, "alertmanager": killed})
    return replace(measured, absent=absent)


def _on_one_database(wanted: Collection[Measurement], extent: Extent, measured: Measured, on: Any) -> Measured:
    few, loads = min(extent.families, FEW_FAMILIES), {"seconds": extent.seconds, "runs": extent.runs}
    if Measurement.LATENCY in wanted:
        more = {"families": few, "inboxes": extent.inboxes, "rates": extent.rates, "search": extent.search}
        if paths := on(latencies, "latency, the whole path", **loads, **more):
            measured = replace(measured, latency=[*measured.latency, paths])
    if Measurement.IDLE in wanted and (idle := on(idle_bus, "the idle bus", families=few, seconds=extent.idle_s, runs=extent.runs)):
        measured = replace(measured, idle=[*measured.idle, idle])
    if Measurement.COUNTY in wanted:
        for families in extent.sizes:
            more = {"families": families, "seeded": True, "rates": extent.rates[:1], "search": False}
            if paths := on(latencies, f"a county of {families:,} families", **loads, **more):
                measured = replace(measured, county=[*measured.county, paths])
    if Measurement.SIGKILL in wanted and (killed := on(killed_bus, "the bus at SIGKILL", families=few)):
        measured = replace(measured, killed={**measured.killed, killed.database: killed})
    return measured


def _asked(extent: Extent, measured: Measured, on: Any) -> Measured:
    for obligations in extent.obligations if extent.database is None else extent.obligations[:1]:  # a given database is empty only once
        if answers := on(reading_time, f"reading of {obligations:,} obligations", obligations=obligations):
            measured = replace(measured, reading=[*measured.reading, answers])
    return measured


def _databases(extent: Extent, absent: dict[str, str]) -> list[str]:
    """On which the whole bus is measured; why on no other stands in `absent`."""
    if extent.database is not None:
        return [database_name(extent.database)]
    if extent.sqlite_only:
        return ["sqlite"]
    if why := bench_postgres.absent():
        absent["postgresql"] = why
        return ["sqlite"]
    return ["sqlite", "postgresql"]


def _is_built(absent: dict[str, str]) -> bool:
    try:
        alertmanager()
    except NotBuilt as fault:
        absent["alertmanager"] = str(fault)
        return False
    return True


async def _with_database(name: str, given: str | None, work: Callable[..., Coroutine[Any, Any, T]], folder: Path, **size: Any) -> T:
    """Run on SQLite in the folder, on the PostgreSQL that was given, or on one that lives as long as the work."""
    if name == "sqlite" or given is not None:
        return await work(folder, database=given, **size)
    async with bench_postgres.bench_postgres() as server:
        return await work(folder, database=server.url, database_pid=server.pid, **size)


def _operators_questions(wanted: Collection[Measurement], extent: Extent, folder: Path, measured: Measured, run: Any) -> Measured:
    """What is measured only when it is named."""
    if Measurement.REBUILD in wanted:
        again = rebuild_time(folder / "rebuild", events=extent.events, database=extent.database)
        measured = replace(measured, rebuild=run("a rebuild of the database", again))
    if Measurement.RECONCILE in wanted:
        few = min(extent.families, FEW_FAMILIES)
        held = reconcile_time(folder / "reconcile", alerts=extent.alerts, families=few, database=extent.database)
        measured = replace(measured, reconcile=run("reconciliations", held))
    if Measurement.CLOCK in wanted:
        ticks = clock_time(folder / "clock", cases=extent.persons, seconds=extent.seconds, idle_s=extent.idle_s)
        measured = replace(measured, clock=run("the clock of the cases", ticks))
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
