"""The bus's parts as processes of the bench: started as `alertbus up` starts them, watched, killed, never started again.

`run.supervisor` starts again what dies, and takes the settings of whoever calls it. Here a death must end the measurement and no setting
may come in from outside, so the two share how a process is spawned, stopped and known to be ready, and nothing else.
"""

import asyncio
import contextlib
import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Collection, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Self

from alertbus.broker.child import spawn, stop
from alertbus.model.errors import BusError
from alertbus.run.bootstrap import is_ready, ready_folder

READY_S = 300.0
"""How long a part may take to be ready. Chosen: many times what a million persons and an empty disk took."""

GRACE_S = 20.0
LOOK_S = 0.01
_KIB_PER_MIB = 1024
_TICKS = os.sysconf("SC_CLK_TCK")


class PartDied(BusError):
    code = "bench_part_died"


@dataclass(frozen=True, slots=True)
class ProcessMemory:
    """The memory of one process in MiB, as the kernel counts it: now, and at its most. None where there is no /proc."""

    rss: float | None
    peak: float | None
    pss: float | None = None
    """Its fair share: what it has in common with others is divided among them, so that the parts of a bus add up. Only where asked for."""


NO_MEMORY = ProcessMemory(None, None)


@dataclass(frozen=True, slots=True)
class ProcessAnswer:
    """What a program printed, how long it ran, its start included, and the memory it had."""

    found: Mapping[str, Any]
    seconds: float
    memory: ProcessMemory


@dataclass(slots=True)
class Running:
    """One process."""

    title: str
    process: subprocess.Popen[bytes]
    log: Path
    memory: ProcessMemory = NO_MEMORY
    """What `note_memory` found last: it can be read when the process is gone."""

    def alive(self) -> None:
        """Raise `PartDied` when it has ended: a figure measured without it would mean nothing."""
        if (code := self.process.poll()) is not None:
            raise PartDied(f"{self.title} ended with {code} while it was measured: {self.last_words()}")

    def last_words(self) -> str:
        """The end of its log. Everybody in it is invented, and its folder goes with the bench."""
        return self.log.read_text(encoding="utf-8", errors="replace").strip()[-600:] or "it left no word"

    def signal(self, sign: signal.Signals) -> None:
        self.process.send_signal(sign)

    def kill(self) -> None:
        """End it as a power cut would, and return when it is gone."""
        self.process.send_signal(signal.SIGKILL)
        self.process.wait()

    async def stop(self) -> None:
        await stop(self.process, GRACE_S)

    def cpu_s(self) -> float:
        """Seconds of processor it has used since its start; 0 where there is no /proc."""
        return cpu_seconds(self.process.pid)

    @property
    def pid(self) -> int:
        return self.process.pid

    def note_memory(self) -> ProcessMemory:
        self.memory = memory_of(self.process.pid)
        return self.memory


class BenchParts:
    """Parts of one bus on a folder and a broker of their own. What is still running at the end of the block is stopped."""

    def __init__(self, folder: Path, bootstrap: str, settings: Mapping[str, str] | None = None) -> None:
        """Take no setting from the environment: a bench must never touch a real bus or its database."""
        self.folder = folder
        self._running: list[Running] = []
        self._env = {name: value for name, value in os.environ.items() if not name.startswith("ALERTBUS_")} | {
            "ALERTBUS_BOOTSTRAP_SERVERS": bootstrap,
            "ALERTBUS_DATA_DIR": str(folder),
            "ALERTBUS_LOG_LEVEL": "WARNING",
            "ALERTBUS_WATCHDOG_INTERVAL_S": "0",
            "PYTHONUNBUFFERED": "1",
            **(settings or {}),
        }

    async def __aenter__(self) -> Self:
        self.folder.mkdir(parents=True, exist_ok=True)
        return self

    async def __aexit__(self, *_: object) -> None:
        await asyncio.gather(*(running.stop() for running in self._running))

    async def start(self, name: str, number: int = 0, *, cpus: Collection[int] | None = None, profile: Path | None = None) -> Running:
        """Start a part and return when it does its work. `cpus` pins it to these processors."""
        running = self.spawn(name, number, cpus=cpus, profile=profile)
        await self.ready(running, name, number)
        return running

    def spawn(self, name: str, number: int = 0, *, cpus: Collection[int] | None = None, profile: Path | None = None) -> Running:
        """Start a part and return at once."""
        (ready_folder(self.folder) / f"{name}-{number}").unlink(missing_ok=True)
        profiler = ["-m", "cProfile", "-o", str(profile.absolute())] if profile is not None else []
        return self.run(f"{name}-{number}", *profiler, "-m", "alertbus", "run", name, "--number", str(number), cpus=cpus)

    def run(self, title: str, *words: str, cpus: Collection[int] | None = None, python: str = sys.executable) -> Running:
        """Start any Python program among the parts. What it prints is in its log."""
        log = self.folder / "logs" / f"{title}.log"
        log.parent.mkdir(parents=True, exist_ok=True)
        with log.open("ab") as out:
            process = spawn([python, *words], stdout=out, stderr=out, env=self._env)
        if cpus is not None:
            with contextlib.suppress(ProcessLookupError):
                os.sched_setaffinity(process.pid, cpus)
        running = Running(title, process, log)
        self._running.append(running)
        return running

    async def answer(self, title: str, *words: str) -> ProcessAnswer:
        """Run a Python program to its end for the JSON object it prints. Raises `PartDied` when it ends without one."""
        began = time.perf_counter()
        running = self.run(title, *words)
        while running.process.poll() is None:
            if (memory := memory_of(running.process.pid)).peak is not None:  # one that has just ended has none
                running.memory = memory
            await asyncio.sleep(LOOK_S)
        seconds = time.perf_counter() - began
        printed = running.log.read_text(encoding="utf-8")
        if "{" not in printed:
            running.alive()
        found: dict[str, Any] = json.loads(printed[printed.index("{") :])
        return ProcessAnswer(found, seconds, running.memory)

    async def ready(self, running: Running, name: str, number: int = 0) -> None:
        async with asyncio.timeout(READY_S):
            while not is_ready(self.folder, f"{name}-{number}", running.process.pid):
                running.alive()
                await asyncio.sleep(LOOK_S)

    def forget_disk(self, number: int = 0) -> None:
        """Delete a stream worker's state folder: its tables must come back from their changelogs."""
        shutil.rmtree(self.folder / "stream" / str(number), ignore_errors=True)


def free_port() -> int:
    """A port of loopback that nobody listens on now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def cpu_seconds(pid: int | None) -> float:
    """Processor time a process has used, in seconds; 0 where there is no such process, or no /proc to ask."""
    return _ticks(pid, 2) / _TICKS


def tree_cpu_seconds(pid: int) -> float:
    """The same with its children, those that have ended included: a server such as PostgreSQL works in a process for each connection."""
    children = sum(_ticks(int(stat.parent.name), 2) for stat in Path("/proc").glob("[0-9]*/stat") if _parent(stat) == pid)
    return (_ticks(pid, 4) + children) / _TICKS


def _ticks(pid: int | None, fields: int) -> int:
    """utime, stime, and with four also cutime and cstime: proc(5)."""
    return sum(map(int, _stat(Path(f"/proc/{pid}/stat"))[11 : 11 + fields]))


def _parent(stat: Path) -> int:
    return int((_stat(stat)[1:2] or ["0"])[0])


def _stat(path: Path) -> list[str]:
    """The fields behind the program's name; none where the process is gone."""
    try:
        return path.read_text(encoding="ascii", errors="replace").rpartition(")")[2].split()
    except OSError:
        return []


def memory_of(pid: int) -> ProcessMemory:
    try:
        lines = Path(f"/proc/{pid}/status").read_text(encoding="ascii").splitlines()
    except OSError:
        return NO_MEMORY
    found = {name: value.split() for name, _, value in (line.partition(":") for line in lines)}
    rss, peak = (round(int(found[name][0]) / _KIB_PER_MIB, 1) if name in found else None for name in ("VmRSS", "VmHWM"))
    return ProcessMemory(rss, peak)


def memory_with_share(pid: int) -> ProcessMemory:
    """The same with PSS, which the kernel has to add up over every page: not to be asked often."""
    whole = memory_of(pid)
    try:
        lines = Path(f"/proc/{pid}/smaps_rollup").read_text(encoding="ascii").splitlines()
    except OSError:
        return whole
    share = next((int(line.split()[1]) for line in lines if line.startswith("Pss:")), None)
    return whole if share is None else replace(whole, pss=round(share / _KIB_PER_MIB, 1))
