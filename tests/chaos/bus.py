"""A whole bus to be broken: real Kafka, real PostgreSQL, every part a process under the product's own supervisor, each of which can be stopped.

What differs from `alertbus up`: the broker and the database are children of the test, so that they can be stopped and stay away; there are two delivery
workers; a process goes through `launch`, which can move its wall clock; and a process that the test killed is started again at once or
when the test says so, because the supervisor's back-off is for a part that cannot run.
"""

import asyncio
import contextlib
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml
from sqlalchemy import text

from alertbus.broker.child import spawn
from alertbus.broker.local import LocalKafka
from alertbus.run import supervisor
from alertbus.run.bootstrap import PARTS, is_ready, ready_folder
from alertbus.run.supervisor import Child, Supervisor
from alertbus.run.temporary import any_port
from alertbus.settings import Settings
from alertbus.sql.database import Database
from alertbus.sql.engine import make_engine
from tests.chaos.launch import STOPPED
from tests.chaos.receivers import Receivers
from tests.chaos.schedule import WORKERS, processes_of
from tests.postgres import PostgresServer

ROOT = Path(__file__).parents[2]

STATE_DISK = "48m"
"""Size of the small disk under each stream worker's state. An empty store of twelve partitions and two tables takes about 2 MB."""

UP_S = 240.0
"""A part that is not ready after this long has not survived. Long, because broker or database may be away meanwhile, and a machine slow."""

SECRET = "whsec_" + "Y2hhb3MgY2hhb3MgY2hhb3MgY2hhb3MhIQ=="


@dataclass(slots=True)
class ChaosSupervisor(Supervisor):
    """The product's supervisor; only the command it starts is another."""

    config: Path = Path()
    cuts: dict[str, str] = field(default_factory=dict)
    """By process, the safety to be cut out of it at its next start."""

    def _spawn(self, name: str, number: int) -> subprocess.Popen[bytes]:
        path = self._log_of(name, number)
        path.parent.mkdir(parents=True, exist_ok=True)
        title = f"{name}-{number}"
        clock = clock_file(self.settings.data_dir, title)
        clock.parent.mkdir(exist_ok=True)
        if not clock.exists():
            clock.write_text("0")
        environment = self._environment() | {
            "ALERTBUS_CONFIG": str(self.config),
            "PYTHONPATH": str(ROOT),
            "CHAOS_CLOCK": str(clock),
            "CHAOS_CUT": self.cuts.get(title, ""),
            "CHAOS_GAP": str(gap_file(self.settings.data_dir, title)),
        }
        with path.open("ab") as stream:
            command = [sys.executable, "-m", "tests.chaos.launch", name, str(number)]
            return spawn(command, stdout=stream, stderr=stream, env=environment)


def clock_file(data_dir: Path, title: str) -> Path:
    return data_dir / "clocks" / title


def gap_file(data_dir: Path, title: str) -> Path:
    return data_dir / f"gap-{title}"


class Bus:
    """Processes by title (`stream-0`), the broker, the database, the receivers. Build it with `running`."""

    def __init__(
        self, folder: Path, database: PostgresServer, receivers: Receivers, parts: Sequence[str], policy: Mapping[str, Any] | None = None
    ) -> None:
        """`policy` None: the shipped one."""
        self.folder = folder
        self.database = database
        self.receivers = receivers
        self.kafka = LocalKafka(folder / "kafka")
        self.lines: list[str] = []
        self.is_kept = False
        """Its folder stays when it has ended, with the logs of every part and the broker's records, for whoever must find out what happened."""
        self._names, self._policy = parts, policy
        self._settings = Settings(
            data_dir=folder / "bus", http_port=any_port("127.0.0.1"), workers=WORKERS["stream"], watchdog_interval_s=0
        )
        self._parts: ChaosSupervisor | None = None
        self._mounts: list[Path] = []
        self._done = asyncio.Event()
        self._watching: asyncio.Task[None] | None = None
        self.engine: Database = make_engine(database.url)

    @property
    def parts(self) -> ChaosSupervisor:
        assert self._parts is not None
        return self._parts

    @property
    def url(self) -> str:
        return self.parts.url

    @property
    def bootstrap(self) -> str:
        return self.kafka.bootstrap

    @property
    def policy_file(self) -> Path | None:
        return None if self._policy is None else self.folder / "policy.yaml"

    @property
    def settings(self) -> Settings:
        return self._settings

    async def start(self, channels: Mapping[str, Any]) -> None:
        await asyncio.to_thread(self.database.start)
        await self.kafka.start()
        config = self.folder / "bus.yaml"
        words: dict[str, Any] = {"database_url": self.database.url, "channels": dict(channels)}
        if self.policy_file is not None:
            self.policy_file.write_text(yaml.safe_dump(self._policy))
            words["policy"] = str(self.policy_file)
        config.write_text(yaml.safe_dump(words))
        config.chmod(0o600)
        self._settings = self._settings.model_copy(update={"bootstrap_servers": self.bootstrap, "database_url": self.database.url})
        for number in range(WORKERS["stream"] + 1):
            self._mount(self.state_folder(f"stream-{number}"))
        supervisor.READY_S = UP_S
        self._parts = ChaosSupervisor(self._settings, self.lines.append, tuple(self._names), config=config)
        await self.parts.start()
        self._watching = asyncio.create_task(self.parts.watch(self._done))
        running = {title_of(child) for child in self.parts.children}
        for title in processes_of(self._names):
            if title not in running:
                self.join(title)
                await self.up(title)
        await _watch_the_ledger(self.engine)

    async def stop(self) -> None:
        self._done.set()
        if self._watching is not None:
            await self._watching
        if self._parts is not None:
            for child in self.parts.children:
                with contextlib.suppress(ProcessLookupError):
                    os.kill(child.process.pid, signal.SIGCONT)
            await self.parts.stop()
        await self.kafka.stop()
        await self.engine.dispose()
        for mount in self._mounts:
            await asyncio.to_thread(subprocess.run, ["umount", str(mount)], check=False)

    def child(self, title: str) -> Child:
        return next(child for child in self.parts.children if title_of(child) == title)

    def is_up(self, title: str) -> bool:
        return self.child(title).process.poll() is None

    def join(self, title: str) -> None:
        """Start one process more, supervised like the others."""
        name, _, number = title.rpartition("-")
        self._forget_ready(title)
        process = self.parts._spawn(name, int(number))
        self.parts.children.append(Child(name, int(number), process, time.monotonic()))

    async def leave(self, title: str) -> None:
        """Stop it in order, for good."""
        child = self.child(title)
        self.parts.children.remove(child)
        child.process.terminate()
        try:
            await asyncio.to_thread(child.process.wait, 20)
        except subprocess.TimeoutExpired:
            child.process.kill()
            await asyncio.to_thread(child.process.wait)

    async def signal(self, title: str, sign: signal.Signals, *, stay_away_s: float = 0.0) -> None:
        """Send it and, for one that ends a process, wait for the end; it is started again after `stay_away_s`."""
        child = self.child(title)
        child.deaths = 0
        if sign in {signal.SIGKILL, signal.SIGTERM}:
            self._forget_ready(title)
            child.due = time.monotonic() + stay_away_s
        with contextlib.suppress(ProcessLookupError):
            os.kill(child.process.pid, sign)
        if sign in {signal.SIGKILL, signal.SIGTERM}:
            pid = child.process.pid
            await until(lambda: child.process.pid != pid or child.process.poll() is not None, UP_S)

    async def up(self, title: str) -> bool:
        """Wait until it says that it does its work."""

        def works() -> bool:
            process = self.child(title).process
            return process.poll() is None and is_ready(self._settings.data_dir, title, process.pid)

        return await until(works, UP_S)

    def state_folder(self, title: str) -> Path:
        return self._settings.data_dir / "stream" / title.rpartition("-")[2]

    def small_disk(self, title: str) -> bool:
        """Whether its state stands on a disk of its own, small enough to be filled."""
        return self.state_folder(title) in self._mounts

    def move_clock(self, title: str, by_s: float) -> None:
        clock_file(self._settings.data_dir, title).write_text(str(by_s))

    def stop_clock(self, title: str) -> None:
        """Let it stand still until it is moved."""
        clock_file(self._settings.data_dir, title).write_text(STOPPED)

    def _forget_ready(self, title: str) -> None:
        (ready_folder(self._settings.data_dir) / title).unlink(missing_ok=True)

    def _mount(self, folder: Path) -> None:
        """A tmpfs of its own, where we may mount one; elsewhere the state stays on the machine's disk."""
        folder.mkdir(parents=True, exist_ok=True)
        done = subprocess.run(["mount", "-t", "tmpfs", "-o", f"size={STATE_DISK}", "tmpfs", str(folder)], check=False, capture_output=True)
        if done.returncode == 0:
            self._mounts.append(folder)


@contextlib.asynccontextmanager
async def running(agencies: Sequence[str], parts: Sequence[str] = PARTS, policy: Mapping[str, Any] | None = None) -> AsyncIterator[Bus]:
    """A bus that is up, and gone without a trace afterwards, unless it `is_kept`."""
    folder = Path(tempfile.mkdtemp(prefix="alertbus-chaos-"))
    database = await asyncio.to_thread(PostgresServer)
    receivers = Receivers(dict.fromkeys(agencies, SECRET))
    await receivers.start()
    bus = Bus(folder, database, receivers, parts, policy)
    try:
        await bus.start({agency: {"channel": "webhook", "url": receivers.url(agency), "secret": SECRET} for agency in agencies})
        yield bus
    finally:
        await bus.stop()
        await receivers.stop()
        await asyncio.to_thread(database.remove)
        if bus.is_kept or "CHAOS_KEEP" in os.environ:
            print(f"logs and records are in {folder}", file=sys.stderr)
        else:
            shutil.rmtree(folder, ignore_errors=True)


def title_of(child: Child) -> str:
    return f"{child.name}-{child.number}"


async def until(holds: Callable[[], bool], limit_s: float) -> bool:
    """Whether it held within the time."""
    deadline = time.monotonic() + limit_s
    while not holds():
        if time.monotonic() > deadline:
            return False
        await asyncio.sleep(0.05)
    return True


async def _watch_the_ledger(engine: Database) -> None:
    """Let the database itself write down whatever touches a ledger row after it was settled: no clock and no worker is asked."""
    statements = (
        "CREATE TABLE chaos_unsettled (notice_id text NOT NULL, was text NOT NULL, became text NOT NULL)",
        (
            "CREATE FUNCTION chaos_note() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN"
            " INSERT INTO chaos_unsettled VALUES (OLD.notice_id, OLD.state, NEW.state); RETURN NEW; END $$"
        ),
        (
            "CREATE TRIGGER chaos_watch AFTER UPDATE ON ledger FOR EACH ROW WHEN"
            " (OLD.done_at IS NOT NULL AND (NEW.done_at IS NULL OR NEW.state <> OLD.state OR NEW.attempts <> OLD.attempts))"
            " EXECUTE FUNCTION chaos_note()"
        ),
    )
    async with engine.begin() as connection:
        for statement in statements:
            await connection.execute(text(statement))
