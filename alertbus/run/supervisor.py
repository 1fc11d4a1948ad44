"""`alertbus up`: each part a process of its own, started again when it dies, all stopped in order when we stop, nothing left running.

The children are on a leash (`broker.child`): should this process die hard, the kernel ends them.
"""

import asyncio
import json
import os
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

import structlog

from alertbus.broker.child import spawn, stop
from alertbus.broker.choose import Chosen, start_local
from alertbus.broker.topics import ensure_topics
from alertbus.model.errors import BusError
from alertbus.run.bootstrap import DESK, PARTS, SET_ASIDE_FILE, is_ready, ready_folder, reason_file
from alertbus.run.bootstrap import now as wall_clock
from alertbus.run.bus_file import (
    LOCAL_BROKER,
    REMEMBERED_DEATHS,
    BusFile,
    Part,
    at_local_broker,
    bootstrap_servers,
    remove_bus_file,
)
from alertbus.run.data_folder import make_private
from alertbus.settings import Settings
from alertbus.sql.engine import make_engine, migrate
from alertbus.sql.rebuild import refuse_half_rebuilt
from alertbus.stream.state_topics import STATE_TOPICS
from alertbus.waiting import pause

log = structlog.get_logger("alertbus.supervisor")

WATCH_S = 0.1
"""How often the processes are looked at."""

BACK_OFF_S = (0.0, 0.5, 1.0, 2.0, 5.0, 10.0)
"""Waits before starting a part again, by how often it died lately; one that then stays up for a minute starts over."""

TRIES = 4
"""A part that dies so often before it was ever ready is given up. With the waits above, what mends itself in a second has mended itself."""

READY_LOOK_S = 0.05
STEADY_S = 60.0
GRACE_S = 15.0
READY_S = 90.0


class PartWillNotStart(BusError):
    code = "part_will_not_start"


@dataclass(slots=True)
class Child:
    """One part's process, and how often it has died of late."""

    name: str
    number: int
    process: subprocess.Popen[bytes]
    started: float
    deaths: int = 0
    due: float | None = None
    restarts: int = 0
    died_at: tuple[str, ...] = ()
    """When it last died, for whoever looks at the bus: `deaths` starts over when it has been up for a minute, this does not."""

    @property
    def title(self) -> str:
        return f"{self.name}-{self.number}" if self.name == "stream" else self.name


@dataclass(slots=True)
class Supervisor:
    """A whole bus on this machine, or only some of its parts. `say` gets one line for each thing a person should know."""

    settings: Settings
    say: Callable[[str], None] = print
    parts: tuple[str, ...] = PARTS
    children: list[Child] = field(default_factory=list)
    chosen: Chosen | None = None
    bootstrap: str = ""
    partitions: int = 0
    at_broker: Settings | None = None
    """The settings with which others reach the broker of this bus; known once it has started."""

    async def start(self) -> None:
        """Broker, topics, schema, then every part, returning when all are ready."""
        data_dir = self.settings.data_dir
        make_private(data_dir)
        schema = asyncio.create_task(migrate(self.settings.sqlalchemy_url))  # while the broker starts
        try:
            await self._start_broker()
            self.partitions = await ensure_topics(self.bootstrap, self.settings.partitions, self.settings.replication, STATE_TOPICS)
            self.say(f"topics     there, {self.partitions} partitions each")
        finally:
            await asyncio.wait({schema})  # never cut short: it is one transaction, and short
        await schema
        if self.parts:
            await self._refuse_half_rebuilt()
        for name in self.parts:
            for leftover in ready_folder(data_dir).glob(f"{name}-*"):
                leftover.unlink(missing_ok=True)
        for name in self.parts:
            for number in range(self.settings.workers if name == "stream" else 1):
                self.children.append(Child(name, number, self._spawn(name, number), self._clock()))
        self._write_bus_file()
        await self._all_ready()
        for line in self._set_aside():
            self.say(f"plugin     {line}. Nothing goes to its agencies meanwhile, which shows as undelivered and escalates.")
        if "gateway" in self.parts:
            self.say(f"API        {self.url}  (docs at {self.url}/docs)")
            if not self.settings.callers:
                self.say("callers    none are set: whoever is on this machine has every right, as any agency (ALERTBUS_CALLERS)")
        if DESK in self.parts:
            self.say(f"desk       {self.settings.desk_address}")

    async def _start_broker(self) -> None:
        if self.settings.bootstrap_servers:
            self.at_broker, self.bootstrap = self.settings, bootstrap_servers(self.settings)
            self.say(f"broker     {self.bootstrap} (yours)")
            return
        closed = self.settings.local_broker == "closed"
        self.chosen = await start_local(self.settings.data_dir, closed=closed, progress=lambda line: self.say(f"broker     {line}"))
        self.bootstrap = self.chosen.broker.bootstrap
        self.at_broker = at_local_broker(self.settings, self.bootstrap, self.chosen.broker.password_file)
        if self.chosen.banner:
            self.say(self.chosen.banner)
        self.say(f"broker     {self.bootstrap}  {self.chosen.why}")

    async def _refuse_half_rebuilt(self) -> None:
        engine = make_engine(self.settings.sqlalchemy_url)
        try:
            await refuse_half_rebuilt(engine)
        finally:
            await engine.dispose()

    @property
    def url(self) -> str:
        return self.settings.api_url

    @property
    def _whole(self) -> bool:
        """All parts of a bus are among ours, with the desk or without."""
        return set(PARTS) <= set(self.parts)

    async def watch(self, until: asyncio.Event) -> None:
        """Start again whatever dies, until told to stop."""
        while not until.is_set():
            await self._look()
            await pause(until, WATCH_S)

    async def stop(self) -> None:
        """Stop in order: first the door, then the work, last the broker. Nothing is left running."""
        for name in self.parts:
            await asyncio.gather(*(stop(child.process, GRACE_S) for child in self.children if child.name == name))
        if self.chosen is not None:
            await self.chosen.broker.stop()
        if self._whole:
            remove_bus_file(self.settings.data_dir)

    async def _look(self) -> None:
        now = self._clock()
        if self.chosen is not None and not self.chosen.broker.alive:
            self.say("broker     died; starting it again")
            await self.chosen.broker.start()
            self._write_bus_file()
        for child in self.children:
            code = child.process.poll()
            if code is None:
                if child.deaths and now - child.started > STEADY_S:
                    child.deaths = 0
                continue
            if child.due is None:
                wait = BACK_OFF_S[min(child.deaths, len(BACK_OFF_S) - 1)]
                child.deaths += 1
                child.restarts += 1
                child.died_at = (*child.died_at, wall_clock().isoformat(timespec="seconds"))[-REMEMBERED_DEATHS:]
                child.due = now + wait
                self.say(f"{child.title:<10} ended with {code}; starting it again" + (f" in {wait:g} s" if wait else ""))
            if now >= child.due:
                child.process, child.started, child.due = self._spawn(child.name, child.number), now, None
                self._write_bus_file()

    async def _all_ready(self) -> None:
        """Return when every part does its work, in whatever order they come. One that dies on the way is started again."""
        deadline = self._clock() + READY_S
        waiting = list(self.children)
        while waiting:
            for child in [one for one in waiting if is_ready(self.settings.data_dir, f"{one.name}-{one.number}", one.process.pid)]:
                waiting.remove(child)
                self.say(f"{child.title:<10} up (pid {child.process.pid})")
            for child in waiting:
                if child.deaths + 1 == TRIES and child.due is None and child.process.poll() is not None:
                    raise PartWillNotStart(f"{child.title} ended {TRIES} times: {self._reason(child)}")
                if self._clock() > deadline:
                    raise PartWillNotStart(f"{child.title} was not ready in {READY_S:g} s: {self._reason(child)}")
            await self._look()
            await asyncio.sleep(READY_LOOK_S)

    def _set_aside(self) -> list[str]:
        try:
            return (ready_folder(self.settings.data_dir) / SET_ASIDE_FILE).read_text(encoding="utf-8").splitlines()
        except OSError:
            return []

    def _reason(self, child: Child) -> str:
        """The part's own last words, or its exit code; and where its log is."""
        try:
            words = reason_file(self.settings.data_dir, child.name, child.number).read_text(encoding="utf-8")
        except FileNotFoundError:
            code = child.process.poll()
            words = "it is still starting" if code is None else f"exit code {code}"
        return f"{words.rstrip('.')}. Its log: {self._log_of(child.name, child.number)}"

    def _spawn(self, name: str, number: int) -> subprocess.Popen[bytes]:
        path = self._log_of(name, number)
        path.parent.mkdir(parents=True, exist_ok=True)
        with path.open("ab") as stream:
            return spawn(
                [sys.executable, "-m", "alertbus", "run", name, "--number", str(number)],
                stdout=stream,
                stderr=stream,
                env=self._environment(),
            )

    def _environment(self) -> dict[str, str]:
        """What the children need to be parts of this bus, whatever `up` was told by file or by hand."""
        return {name: value for name, value in os.environ.items() if not name.startswith("ALERTBUS_KAFKA_")} | {
            **_said_of_kafka(self.at_broker or self.settings),
            "ALERTBUS_BOOTSTRAP_SERVERS": str(self.bootstrap),
            "ALERTBUS_DATA_DIR": str(self.settings.data_dir),
            "ALERTBUS_HTTP_HOST": self.settings.http_host,
            "ALERTBUS_HTTP_PORT": str(self.settings.http_port),
            "ALERTBUS_DESK_PORT": str(self.settings.desk_port),
            "ALERTBUS_PARTITIONS": str(self.partitions),
            "ALERTBUS_WATCHDOG_INTERVAL_S": str(self.settings.watchdog_interval_s),
            "PYTHONUNBUFFERED": "1",
            # A bus on a database of its own (a demo) must not find that of the environment instead.
            **(
                {}
                if self.settings.database_url
                else {"ALERTBUS_DATABASE_URL": self.settings.sqlalchemy_url, "ALERTBUS_DATABASE_URL_FILE": ""}
            ),
        }

    def _log_of(self, name: str, number: int) -> Path:
        return self.settings.data_dir / "logs" / f"{name}-{number}.log"

    def _write_bus_file(self) -> None:
        if not self._whole:
            return
        parts = [Part(child.title, child.process.pid, child.restarts, child.died_at) for child in self.children]
        if self.chosen is not None and self.chosen.broker.pid is not None:
            parts.append(Part(LOCAL_BROKER, self.chosen.broker.pid))
        password_file = self.chosen.broker.password_file if self.chosen is not None else None
        BusFile(
            pid=os.getpid(),
            bootstrap=str(self.bootstrap),
            url=self.url,
            data_dir=str(self.settings.data_dir),
            database_url="set" if self.settings.database_url else "sqlite",
            broker_password_file=str(password_file) if password_file else None,
            parts=tuple(parts),
        ).write(self.settings.data_dir)

    @staticmethod
    def _clock() -> float:
        return asyncio.get_running_loop().time()


def _said_of_kafka(settings: Settings) -> dict[str, str]:
    """The settings of Kafka's door as the environment of a child."""
    said = settings.model_dump(
        mode="json", include={name for name in Settings.model_fields if name.startswith("kafka_")}, exclude_none=True
    )
    return {f"ALERTBUS_{name.upper()}": value if isinstance(value, str) else json.dumps(value) for name, value in said.items()}
