"""`alertbus bench`: how fast the bus is on this machine, beside a bare copy loop and other frameworks (DESIGN section 13)."""

import asyncio
import os
import platform
import tempfile
from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from alertbus import logs
from alertbus.broker.local import LocalKafka
from alertbus.cli.measure.report import Machine, Measured, contract, table
from alertbus.cli.measure.throughput import throughput
from alertbus.cli.output import as_json, complain, rows, say


class Part(StrEnum):
    THROUGHPUT = "throughput"


def bench(
    alerts: Annotated[int, typer.Option(min=1, help="Alerts in each throughput run.")] = 5000,
    families: Annotated[int, typer.Option(min=1, help="Families they are spread over, each with seven agencies.")] = 5000,
    runs: Annotated[int, typer.Option(min=1, help="Runs of each side, in turn; medians count.")] = 5,
    only: Annotated[Part | None, typer.Option(help="Measure this alone.")] = None,
    profile: Annotated[Path | None, typer.Option(help="Write a cProfile of the stream worker here. It slows the worker.")] = None,
    json_: Annotated[bool, typer.Option("--json", help="Print DESIGN section 13's JSON.")] = False,
) -> None:
    """Measure the bus on a Kafka of its own, in a temporary folder: no running bus is touched. Leave the machine alone meanwhile."""
    logs.configure("console", "ERROR", "bench")
    measured = asyncio.run(_measure(alerts, families, runs, only, profile))
    found = contract(measured)
    if json_:
        as_json(found)
        return
    rows("measured", ("figure", "value", "target", ""), table(found), empty="nothing was measured")
    for note in measured.notes:
        say(note)


async def _measure(alerts: int, families: int, runs: int, only: Part | None, profile: Path | None) -> Measured:
    machine = _machine()
    with tempfile.TemporaryDirectory(prefix="alertbus-bench-") as folder:
        kafka = LocalKafka(Path(folder) / "kafka")
        await kafka.start()
        try:
            through = None
            if only in {None, Part.THROUGHPUT}:
                complain("throughput: ours and the floor in turn ...")
                through = await throughput(
                    kafka.bootstrap, kafka.pid, Path(folder) / "throughput", alerts=alerts, families=families, runs=runs, profile=profile
                )
        finally:
            await kafka.stop()
    return Measured(machine, runs, alerts, through)


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
