"""`alertbus bench`: how fast the bus is on this machine, beside a bare copy loop and other frameworks (DESIGN section 13)."""

import asyncio
import logging
import os
import platform
import signal
import tempfile
from collections.abc import Coroutine
from dataclasses import replace
from enum import StrEnum
from functools import partial
from pathlib import Path
from typing import Annotated, Any, TypeVar

import typer

from alertbus import logs
from alertbus.bench.latency import RATE, SLOWER, whole_path
from alertbus.bench.peers import peers
from alertbus.bench.recovery import recovery
from alertbus.bench.report import Machine, Measured, contract, peers_table, table
from alertbus.bench.scaling import scaling
from alertbus.bench.throughput import throughput
from alertbus.cli.output import as_json, complain, rows, say
from alertbus.model.errors import BusError

T = TypeVar("T")


class BenchPart(StrEnum):
    THROUGHPUT = "throughput"
    LATENCY = "latency"
    RECOVERY = "recovery"
    WORKERS = "workers"
    PEERS = "peers"


LATENCY_FAMILIES = 1_000
"""They are imported through the gateway, so they are fewer."""

RECOVERY_RUNS = 3
"""At most: each is three deaths."""

MILLION = 1_000_000


def bench(
    alerts: Annotated[int, typer.Option(min=1, help="Alerts in each throughput run.")] = 5_000,
    families: Annotated[int, typer.Option(min=1, help="Families they are spread over, each with seven agencies.")] = 5_000,
    runs: Annotated[int, typer.Option(min=1, help="Runs of each side, in turn; medians count.")] = 5,
    seconds: Annotated[float, typer.Option(min=1, help="How long the whole path is loaded, at 100 alerts/s.")] = 60,
    persons: Annotated[int, typer.Option(min=1, max=MILLION - 1, help="Persons in the tables of a worker that recovers.")] = 100_000,
    million: Annotated[bool, typer.Option("--million", help="Recover a million persons too: some minutes more.")] = False,
    only: Annotated[BenchPart | None, typer.Option(help="Measure this alone. `peers` needs a throughput run first.")] = None,
    database: Annotated[str | None, typer.Option(help="An empty database for the whole path, instead of SQLite; it is filled.")] = None,
    profile: Annotated[Path | None, typer.Option(help="Write a cProfile of the stream worker here. It slows the worker.")] = None,
    json_: Annotated[bool, typer.Option("--json", help="Print DESIGN section 13's JSON.")] = False,
) -> None:
    """Measure the bus on a Kafka of its own, in a temporary folder: no running bus is touched. Leave the machine alone meanwhile."""
    logs.configure("console", "ERROR", "bench")
    signal.signal(signal.SIGTERM, signal.default_int_handler)  # as Ctrl-C: every process is stopped and the folder removed
    logging.getLogger("aiokafka.producer.sender").setLevel(logging.ERROR)  # a topic just made has no leader for a moment: it tries again
    wanted = set(BenchPart) if only is None else {only}
    measured = Measured(_machine(), runs, alerts)
    failed: dict[str, str] = {}
    measure = partial(_measure, failed)
    with tempfile.TemporaryDirectory(prefix="alertbus-bench-") as name:
        folder = Path(name)
        if wanted & {BenchPart.THROUGHPUT, BenchPart.PEERS}:
            work = throughput(folder / "throughput", alerts=alerts, families=families, runs=runs, profile=profile)
            measured = replace(measured, throughput=measure("throughput, ours and the floor in turn", work))
        if BenchPart.PEERS in wanted and measured.throughput is not None:
            others = peers(folder / "peers", measured.throughput.shapes, alerts=alerts, families=families, runs=runs)
            measured = replace(measured, peers=measure("peers, each and the floor in turn", others) or ())
        if BenchPart.LATENCY in wanted:
            few, rates = min(families, LATENCY_FAMILIES), (*SLOWER, RATE)
            path = whole_path(folder / "latency", seconds=seconds, families=few, database=database, per_s=rates)
            if paths := measure("latency, the whole path", path):
                measured = replace(measured, latency=paths[-1], slower=paths[:-1])
        if BenchPart.RECOVERY in wanted:
            back = recovery(folder / "recovery", persons=persons, runs=min(runs, RECOVERY_RUNS))
            measured = replace(measured, recovery=measure("recovery of the stream worker", back))
        if million:
            all_back = recovery(folder / "million", persons=MILLION - 1, runs=1, empty_disk_only=True)
            measured = replace(measured, million=measure("recovery of a million persons", all_back))
        if BenchPart.WORKERS in wanted:
            two = scaling(folder / "workers", alerts=alerts, families=families, runs=runs)
            measured = replace(measured, workers=measure("two workers beside one", two))
    _show(replace(measured, failed=failed), json_=json_)
    if failed:
        raise typer.Exit(1)


def _measure(failed: dict[str, str], name: str, work: Coroutine[Any, Any, T]) -> T | None:
    """Measure a part. One that fails is noted, and costs nothing of what the others took minutes to find."""
    complain(f"{name} ...")
    try:
        return asyncio.run(work)
    except BusError as fault:
        complain(f"{name}: not measured. {fault}")
        failed[name] = str(fault).partition("\n")[0]
        return None


def _show(measured: Measured, *, json_: bool) -> None:
    found = contract(measured)
    if json_:
        as_json(found)
        return
    rows("measured", ("figure", "value", "target", ""), table(found), empty="nothing was measured")
    if found["peers"]:
        say("")
        rows("the same join elsewhere", ("", "alerts/s", "to floor", "acks", "lost at SIGKILL"), peers_table(found), empty="")
    say("")
    machine = measured.machine
    say(f"{machine.cores} x {machine.processor}, Python {machine.python}; load when begun {machine.load}. Medians of {measured.runs} runs.")


def _machine() -> Machine:
    import psutil

    return Machine(
        cores=os.cpu_count() or 1,
        processor=_processor(),
        python=platform.python_version(),
        memory_gib=round(psutil.virtual_memory().total / 2**30, 1),
        load=round(os.getloadavg()[0], 2),
    )


def _processor() -> str:
    """The processor's name as the kernel has it: `platform` knows only its family on Linux."""
    try:
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
    except OSError:
        return platform.processor()
    return next((line.partition(":")[2].strip() for line in lines if line.startswith("model name")), platform.machine())
