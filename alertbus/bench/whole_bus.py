"""A whole bus to put load on: gateway, stream, delivery and chronicle as processes of their own, as `alertbus up` runs them.

Kafka and database are their own too, and each of the seven agencies on every family's case has a system of its own.

A run of load ends in bounded time, whatever the bus can carry: once an alert has waited `patience_s` for one of its deliveries, no more are
sent. What was sent is then waited for, and counted: a run in which one delivery is missing is no measurement.
"""

import asyncio
import contextlib
import os
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from sqlalchemy import Column, func, select

from alertbus.bench import county
from alertbus.bench.bench_broker import BenchBroker, bench_broker
from alertbus.bench.log_ends import Ends
from alertbus.bench.open_loop import Sent, steady
from alertbus.bench.process import BenchParts, Running, cpu_seconds, free_port, tree_cpu_seconds
from alertbus.bench.rates import DRAIN_S, Patience, until
from alertbus.bench.receivers import Receivers
from alertbus.broker import topics
from alertbus.chronicle import tables as chronicle
from alertbus.run.bootstrap import PARTS
from alertbus.run.client import Client
from alertbus.settings import Settings
from alertbus.sql.engine import make_engine, migrate, reading

HOOKED = "school"
"""The one agency with a system of its own where the others have the built-in inbox."""

WARM_ALERTS, WARM_PER_S = 250, 25.0
"""Sent before anything is measured, so that what is imported, compiled or connected at the first alert is not counted."""

SETTLE_S = 900.0
"""How long the parts may take to read all families, and the first alerts behind them. Chosen for 100,000 of them."""

STEPS = (topics.ALERTS, topics.PERSON_EVENTS, topics.CASE_EVENTS, topics.NOTICES)


@dataclass(frozen=True, slots=True)
class Load:
    """One run of load. `cpu_s` is the processor time each process used until the last delivery was told to the chronicle."""

    per_s: float
    sent: Sequence[Sent]
    cpu_s: Mapping[str, float]
    before: Ends
    """Of the topics of `STEPS`."""
    overrun: str | None
    """Why it was ended early: the bus does not carry this rate."""


@dataclass(slots=True)
class WholeBus:
    """A bus at work."""

    broker: BenchBroker
    parts: BenchParts
    url: str
    gateway: str
    families: int
    receivers: Receivers
    database_pid: int | None
    processes: dict[str, Running] = field(default_factory=dict)
    accepted: int = 0
    """Alerts that were answered with 202 so far."""

    async def load(self, per_s: float, seconds: float, patience_s: float, drain_s: float = DRAIN_S) -> Load:
        """Send alerts at a steady rate, each about the next family's adult, and wait until everything they cause is done.

        Raises `NeverArrived` when something never arrives.
        """
        alerts = [county.alert_about(number % self.families) for number in range(max(1, int(seconds * per_s)))]
        ends, used, patience = await self.broker.log.ends(*STEPS), self.cpu(), Patience(per_s, patience_s)
        looking = asyncio.create_task(patience.look(self.told, self.accepted))
        try:
            sent = await steady(self.gateway, alerts, per_s, patience.over)
            client = cpu_seconds(os.getpid()) - used["client"]
            self.accepted += len(sent)
            await self.everything_done(looking, drain_s)
        finally:
            looking.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await looking
        cpu = {name: after - used[name] for name, after in self.cpu().items()} | {"client": client}
        return Load(per_s, sent, cpu, ends, patience.overrun)

    async def told(self) -> int:
        """How many deliveries there were, to everybody."""
        if len(self.receivers.ports) == len(county.AGENCIES):
            return self.receivers.count()
        return await self.broker.log.count(topics.RECEIPTS)

    async def everything_done(self, looking: asyncio.Task[None], drain_s: float) -> None:
        """Return when every alert's seven notices were delivered, and the chronicle shows it."""
        owed = self.accepted * len(county.AGENCIES)
        await self._until(owed, "deliveries", self.told, drain_s)
        looking.cancel()
        await self._until(owed, "receipts on Kafka", lambda: self.broker.log.count(topics.RECEIPTS), drain_s)
        await self.until_rows(chronicle.receipt.c.id, owed, drain_s)

    async def until_rows(self, column: Column[object], owed: int, drain_s: float) -> None:
        """Return when so many rows have this column."""
        engine = make_engine(self.url)

        async def rows() -> int:
            async with reading(engine) as connection:
                return int((await connection.execute(select(func.count(column)))).scalar_one())

        try:
            await self._until(owed, f"rows of {column.table.name}", rows, drain_s)
        finally:
            await engine.dispose()

    async def _until(self, owed: int, what: str, count: Callable[[], Awaitable[int]], drain_s: float) -> None:
        await until(owed, what, count, self.processes.values(), drain_s)

    def cpu(self) -> dict[str, float]:
        """Seconds of processor each process has used: the four parts, the receivers, the broker, this client, and the database's server, if
        there is one on this machine.
        """
        used = {name: process.cpu_s() for name, process in self.processes.items()}
        used |= {"broker": cpu_seconds(self.broker.pid), "client": cpu_seconds(os.getpid())}
        return used if self.database_pid is None else used | {"database": tree_cpu_seconds(self.database_pid)}


@contextlib.asynccontextmanager
async def whole_bus(
    folder: Path,
    *,
    families: int,
    database: str | None = None,
    database_pid: int | None = None,
    inboxes: bool = False,
    seeded: bool = False,
    settings: Mapping[str, str] | None = None,
) -> AsyncIterator[WholeBus]:
    """A bus that knows these families and has warmed up.

    `database` None: SQLite in the folder, as `alertbus up` has it; else one that may be filled. `database_pid`: its server, where it is on
    this machine. `inboxes`: one agency has a system of its own, the others the built-in inbox. `seeded`: the families are written as the
    gateway writes them, and not imported through it.
    """
    async with bench_broker(folder) as broker:
        receivers = Receivers.of(broker.folder, [HOOKED] if inboxes else county.AGENCIES)
        port = free_port()
        own = {"ALERTBUS_HTTP_PORT": str(port), "ALERTBUS_CHANNELS": receivers.channels(), **(settings or {})}
        if database is not None:
            own["ALERTBUS_DATABASE_URL"] = database
        url = Settings(data_dir=broker.folder, database_url=database).sqlalchemy_url
        await migrate(url)
        if seeded:
            await broker.settle(families, database)
        async with BenchParts(broker.folder, broker.bootstrap, own) as parts:
            bus = WholeBus(broker, parts, url, f"http://127.0.0.1:{port}", families, receivers, database_pid)
            bus.processes["receiver"] = await receivers.start(parts)
            for name in PARTS:
                bus.processes[name] = await parts.start(name)
            if not seeded:
                await _import(bus.gateway, families)
            await broker.quiet()
            await bus.until_rows(chronicle.case_version.c.case_id, families, SETTLE_S)
            await bus.load(WARM_PER_S, WARM_ALERTS / WARM_PER_S, SETTLE_S, SETTLE_S)
            yield bus


def database_name(url: str | None) -> str:
    """`sqlite` or `postgresql`; None is the SQLite file in the folder."""
    return "postgresql" if url is not None and url.startswith("postgres") else "sqlite"


async def _import(gateway: str, families: int) -> None:
    """Import the families as an agency does; when the gateway has answered, the next alert finds their people."""
    async with Client(gateway, patience_s=DRAIN_S) as client:
        at_once = asyncio.Semaphore(8)

        async def one(number: int) -> None:
            async with at_once:
                case = county.case_of(number)
                await client.call("PUT", f"/v1/cases/{case.id}", content=case.model_dump_json(by_alias=True, exclude_defaults=True))

        await asyncio.gather(*(one(number) for number in range(families)))
