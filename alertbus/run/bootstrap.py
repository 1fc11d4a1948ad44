"""The only place where things are wired together: settings in, parts out. Used by every command, and by the tests that need a whole bus."""

import asyncio
import contextlib
import os
import signal
import threading
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass
from datetime import UTC, datetime

import structlog
from sqlalchemy.ext.asyncio import AsyncEngine

from alertbus import logs
from alertbus.broker.faults import BrokerFault
from alertbus.broker.topics import ensure_topics
from alertbus.model.errors import BrokerUnavailable, BusError, SettingsFault
from alertbus.plugin.manager import Plugins
from alertbus.policy.load import load_policy
from alertbus.policy.policy import Policy
from alertbus.run.bus_file import read_bus_file
from alertbus.run.ready import PARTS, mark_ready
from alertbus.settings import Settings, load_settings
from alertbus.sql.engine import make_engine, migrate
from alertbus.sql.rebuild import refuse_half_rebuilt
from alertbus.stream.state_topics import STATE_TOPICS

STOP_S = 10.0
"""How long a part may take to stop in order; the supervisor waits a little longer before it kills."""

STOPPED_LATE = 75
"""Exit code (EX_TEMPFAIL) of a part that could not stop in order, most likely because the broker went first."""

RunPart = Callable[["Wiring", asyncio.Event], Awaitable[None]]


@dataclass(frozen=True, slots=True)
class Wiring:
    """What every part needs."""

    settings: Settings
    bootstrap: str
    engine: AsyncEngine
    policy: Policy
    plugins: Plugins
    number: int = 0
    """Which of several workers of one part this is: each has a state folder of its own."""


def now() -> datetime:
    """The bus's clock, read here and nowhere below."""
    return datetime.now(UTC)


def bootstrap_servers(settings: Settings) -> str:
    """The broker: the one set, else the one of the bus that runs on this machine."""
    if settings.bootstrap_servers:
        return settings.bootstrap_servers
    running = read_bus_file(settings)
    if running is None:
        raise BrokerUnavailable(
            "no broker: ALERTBUS_BOOTSTRAP_SERVERS is not set and no bus runs on this machine's data folder. "
            "Start one with `alertbus up`, or set ALERTBUS_BOOTSTRAP_SERVERS=host:port."
        )
    return running.bootstrap


@contextlib.asynccontextmanager
async def wired(settings: Settings | None = None, number: int = 0) -> AsyncIterator[Wiring]:
    """Everything built, the schema up to date; closed at the end."""
    settings = settings or load_settings()
    servers = bootstrap_servers(settings)
    policy = load_policy(settings.policy)
    plugins = Plugins.load()
    await migrate(settings.sqlalchemy_url)
    engine = make_engine(settings.sqlalchemy_url)
    try:
        yield Wiring(settings, servers, engine, policy, plugins, number)
    finally:
        await engine.dispose()


async def run_part(name: str, number: int = 0) -> None:
    """One part as this process, until SIGTERM or SIGINT."""
    if name not in _RUNNERS:
        raise SettingsFault(f"no part '{name}'; there are {', '.join(PARTS)}")
    settings = load_settings()
    logs.configure(settings.log_format, settings.log_level, name)
    stop = asyncio.Event()

    def stop_soon() -> None:
        stop.set()
        leave_behind_nothing()

    for sign in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(sign, stop_soon)
    log = structlog.get_logger("alertbus.part")
    try:
        async with wired(settings, number) as wiring:
            await refuse_half_rebuilt(wiring.engine)
            await ensure_topics(wiring.bootstrap, settings.partitions, settings.replication, STATE_TOPICS)
            log.info("part starting", part=name, pid=os.getpid(), worker=number)
            await _RUNNERS[name](wiring, stop)
    except (BusError, BrokerFault) as fault:
        log.error("part failed", part=name, error=type(fault).__name__, code=getattr(fault, "code", "broker_fault"))  # noqa: TRY400  its words follow
        raise
    log.info("part stopped", part=name, pid=os.getpid(), worker=number)


def leave_behind_nothing() -> None:
    """An orderly stop waits for the broker; when that is gone too, the process ends all the same. Nothing acknowledged is at stake."""
    limit = threading.Timer(STOP_S, os._exit, (STOPPED_LATE,))
    limit.daemon = True
    limit.start()


async def _gateway(wiring: Wiring, stop: asyncio.Event) -> None:
    from alertbus.gateway.server import run_gateway

    await run_gateway(
        wiring.settings,
        wiring.bootstrap,
        wiring.engine,
        wiring.plugins,
        wiring.policy,
        stop,
        now=now,
        ready=lambda: mark_ready(wiring.settings, "gateway"),
    )


async def _stream(wiring: Wiring, stop: asyncio.Event) -> None:
    from alertbus.stream.worker import StreamWorker

    settings = wiring.settings
    folder = settings.data_dir / "stream" / str(wiring.number)
    folder.mkdir(parents=True, exist_ok=True)
    worker = StreamWorker(
        wiring.bootstrap,
        wiring.engine,
        wiring.policy,
        folder,
        partitions=settings.partitions,
        replication=settings.replication,
        session_timeout_s=settings.session_timeout_s,
        ready=lambda: mark_ready(settings, "stream", wiring.number),
    )
    await worker.run(stop)


async def _delivery(wiring: Wiring, stop: asyncio.Event) -> None:
    from alertbus.delivery.worker import run_delivery

    mark_ready(wiring.settings, "delivery", wiring.number)
    await run_delivery(
        bootstrap=wiring.bootstrap,
        engine=wiring.engine,
        plugins=wiring.plugins,
        channels=wiring.settings.channels,
        deadman_url=wiring.settings.deadman_url,
        policy=wiring.policy,
        fallbacks=wiring.settings.fallbacks,
        stop=stop,
        now=now,
    )


async def _chronicle(wiring: Wiring, stop: asyncio.Event) -> None:
    from alertbus.chronicle.worker import run_chronicle
    from alertbus.reconcile.schedule import reconciling

    mark_ready(wiring.settings, "chronicle", wiring.number)
    async with reconciling(wiring.bootstrap, wiring.engine, wiring.policy, wiring.settings.reconcile_s, clock=now):
        await run_chronicle(wiring.bootstrap, wiring.engine, stop)


_RUNNERS: dict[str, RunPart] = {"gateway": _gateway, "stream": _stream, "delivery": _delivery, "chronicle": _chronicle}
