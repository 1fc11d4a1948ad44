"""The bus's parts as processes in the bench's own hand: started as `alertbus up` starts them, watched, killed, never started again."""

import asyncio
import contextlib
import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Self

from alertbus.broker.child import spawn, stop
from alertbus.model.errors import BusError
from alertbus.run.ready import ready_folder

READY_S = 300.0
"""How long a part may take to be ready: with a million persons and an empty disk it is minutes (ours)."""

GRACE_S = 20.0
LOOK_S = 0.01
_PAGE = 1024
_TICKS = os.sysconf("SC_CLK_TCK")


class PartDied(BusError):
    code = "bench_part_died"


@dataclass(frozen=True, slots=True)
class Memory:
    """Of one process, in MiB, as the kernel counts it: now, and at its most. None where there is no /proc."""

    rss: float | None
    peak: float | None


NO_MEMORY = Memory(None, None)


@dataclass(slots=True)
class Running:
    """One process."""

    title: str
    process: subprocess.Popen[bytes]
    log: Path
    memory: Memory = NO_MEMORY
    """What `note_memory` found last: it can be read when the process is gone."""

    def alive(self) -> None:
        """Raise `PartDied` when it is not: a figure measured without it would mean nothing."""
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

    def note_memory(self) -> Memory:
        self.memory = memory_of(self.process.pid)
        return self.memory


class Parts:
    """Parts of one bus on a folder and a broker of their own. What is still running at the end of the block is stopped."""

    def __init__(self, folder: Path, bootstrap: str, settings: Mapping[str, str] | None = None) -> None:
        """Take no setting from our own environment: a bench must never touch a real bus or its database."""
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
        """Start any Python program among the parts."""
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

    async def ready(self, running: Running, name: str, number: int = 0) -> None:
        mark = ready_folder(self.folder) / f"{name}-{number}"
        async with asyncio.timeout(READY_S):
            while not mark.exists() or mark.read_text(encoding="utf-8") != str(running.process.pid):
                running.alive()
                await asyncio.sleep(LOOK_S)

    def forget_disk(self, number: int = 0) -> None:
        """Delete a stream worker's state folder: its tables must come back from their changelogs."""
        shutil.rmtree(self.folder / "stream" / str(number), ignore_errors=True)


def cpu_seconds(pid: int | None) -> float:
    """Processor time a process has used, in seconds; 0 where there is no such process, or no /proc to ask."""
    try:
        fields = Path(f"/proc/{pid}/stat").read_text(encoding="ascii").rpartition(")")[2].split()
    except OSError:
        return 0.0
    return (int(fields[11]) + int(fields[12])) / _TICKS  # utime and stime, proc(5)


def memory_of(pid: int) -> Memory:
    try:
        lines = Path(f"/proc/{pid}/status").read_text(encoding="ascii").splitlines()
    except OSError:
        return NO_MEMORY
    found = {name: value.split() for name, _, value in (line.partition(":") for line in lines)}
    rss, peak = (round(int(found[name][0]) / _PAGE, 1) if name in found else None for name in ("VmRSS", "VmHWM"))
    return Memory(rss, peak)
