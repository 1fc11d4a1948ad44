"""The only place where things are wired together: settings in, parts out. Used by every command, and by the tests that need a whole bus."""

import asyncio
import contextlib
import faulthandler
import os
import signal
import threading
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, cast

import structlog

from alertbus import logs
from alertbus.broker.faults import BrokerFault
from alertbus.broker.topics import ensure_topics
from alertbus.door_settings import Principal
from alertbus.model.errors import BusError, SettingsFault
from alertbus.run.bus_file import bootstrap_servers
from alertbus.run.data_folder import make_private
from alertbus.settings import Settings, load_settings
from alertbus.sql.database import Database
from alertbus.sql.engine import make_engine, migrate
from alertbus.sql.rebuild import refuse_half_rebuilt
from alertbus.stream.state_topics import STATE_TOPICS
from alertbus.unheard import nothing_heard
from alertbus.waiting import ended

if TYPE_CHECKING:  # they take a second to import, and not every process needs them
    from alertbus.plugin.manager import Plugins
    from alertbus.plugin.set_aside import Known
    from alertbus.policy.policy import Policy

PARTS = ("gateway", "stream", "delivery", "chronicle")
"""In the order in which they start: whoever accepts comes first, so that nothing waits on a closed door."""

DESK = "desk"
"""The pages: a part beside the others, without which the bus delivers all the same."""

WITH_PLUGINS = frozenset({"gateway", "delivery", DESK})
"""The parts that run agencies' plugins."""

SET_ASIDE_FILE = "plugins.set_aside"
"""Where a part says, a line for each, which plugins cannot be used: for whoever started the bus."""

STOP_S = 10.0
"""How long a part may take to stop in order; the supervisor waits a little longer before it kills (ours)."""

STOPPED_LATE = 75
"""Exit code (EX_TEMPFAIL) of a part that could not stop in order, most likely because the broker went first."""

Runner = Callable[["Wiring", asyncio.Event], Awaitable[None]]


@dataclass(frozen=True)
class Wiring:
    """What the parts and commands need, each made when it is first asked for: no one process needs all."""

    settings: Settings
    bootstrap: str
    engine: Database
    number: int = 0
    """Which of several workers of one part this is: each has a state folder of its own."""
    known: "Known | None" = None
    """What is remembered of the plugins' offers, in the parts that run them."""

    @cached_property
    def policy(self) -> "Policy":
        """The policy of the settings, with what the plugins add to it. Raises `PolicyFault` and `PluginFault`."""
        from alertbus.policy.load import load_policy

        return load_policy(self.settings.policy, self.plugins.additions)

    @cached_property
    def plugins(self) -> "Plugins":
        """Every plugin that is installed or stands in the folder of those to try. Raises `PluginFault`."""
        from alertbus.plugin.manager import Plugins
        from alertbus.plugin.set_aside import NOTHING_KNOWN
        from alertbus.policy.load import load_plugin_rules  # the whole policy is read with what these add

        return Plugins.load(self.settings.plugins_dir, load_plugin_rules(self.settings.policy), self.known or NOTHING_KNOWN)


def now() -> datetime:
    """The bus's clock, read here and nowhere below."""
    return datetime.now(UTC)


@contextlib.asynccontextmanager
async def wired(settings: Settings | None = None, number: int = 0, principal: Principal = "operations") -> AsyncIterator[Wiring]:
    """Everything built, the data folder private, the schema up to date; closed at the end. `principal` is who this process is at Kafka."""
    settings = settings or load_settings()
    make_private(settings.data_dir)
    servers = bootstrap_servers(settings, principal)
    await migrate(settings.sqlalchemy_url)
    engine = make_engine(settings.sqlalchemy_url)
    try:
        yield Wiring(settings, servers, engine, number)
    finally:
        await engine.dispose()


async def run_part(name: str, number: int = 0) -> None:
    """One part as this process, until SIGTERM or SIGINT."""
    if name not in _RUNNERS:
        raise SettingsFault(f"no part '{name}'; there are {', '.join(_RUNNERS)}")
    settings = load_settings()
    with nothing_heard() as heard:
        logs.configure(settings.log_format, settings.log_level, name, stream=heard)
        faulthandler.enable(heard)  # places in the code, when the process dies of a plugin's C
        await _run_heard(settings, name, number)


async def _run_heard(settings: Settings, name: str, number: int) -> None:
    stop = asyncio.Event()

    def stop_soon() -> None:
        stop.set()
        leave_behind_nothing()

    for sign in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(sign, stop_soon)
    log = structlog.get_logger("alertbus.part")
    try:
        # The desk writes what the gateway writes, through the same intake: at Kafka it is the same.
        async with wired(settings, number, "gateway" if name == DESK else cast("Principal", name)) as wiring:
            await refuse_half_rebuilt(wiring.engine)
            await ensure_topics(wiring.bootstrap, settings.partitions, settings.replication, STATE_TOPICS)
            log.info("part starting", part=name, pid=os.getpid(), worker=number)
            if name in WITH_PLUGINS:
                await _run_with_plugins(name, wiring, stop)
            else:
                await _RUNNERS[name](wiring, stop)
    except Exception as error:
        leave_reason(settings, name, number, error)
        leave_behind_nothing()  # whatever still goes on must not keep the process from being started anew
        raise
    log.info("part stopped", part=name, pid=os.getpid(), worker=number)


async def _run_with_plugins(name: str, wiring: Wiring, stop: asyncio.Event) -> None:
    """Run a part beside the memory of plugins: what they offer, which are set aside, and how much of what they said was dropped."""
    from alertbus.operations import plugin_memory

    wiring = replace(wiring, known=await plugin_memory.known(wiring.engine))
    await plugin_memory.remember(wiring.engine, wiring.plugins, now())
    place = ready_folder(wiring.settings.data_dir) / SET_ASIDE_FILE
    place.parent.mkdir(parents=True, exist_ok=True)
    place.write_text("".join(f"{one.words}\n" for one in wiring.plugins.set_aside), encoding="utf-8")
    counting = asyncio.create_task(plugin_memory.counting(wiring.engine, stop, now))
    try:
        await _RUNNERS[name](wiring, stop)
    finally:
        stop.set()
        await asyncio.gather(counting, return_exceptions=True)


def leave_behind_nothing() -> None:
    """An orderly stop waits for the broker, and a part that has failed for whatever it left at work; the process ends all the same. Nothing
    acknowledged is at stake.
    """
    limit = threading.Timer(STOP_S, os._exit, (STOPPED_LATE,))
    limit.daemon = True
    limit.start()


def mark_ready(settings: Settings, name: str, number: int = 0) -> None:
    """Tell the supervisor that this part does its work."""
    folder = ready_folder(settings.data_dir)
    folder.mkdir(parents=True, exist_ok=True)
    (folder / f"{name}-{number}").write_text(str(os.getpid()), encoding="utf-8")


def leave_reason(settings: Settings, name: str, number: int, error: Exception) -> None:
    """Write down why this part ends, for the supervisor to show: our own words, of any other error its class alone."""
    words = str(error) if isinstance(error, BusError | BrokerFault) else f"{type(error).__name__}, a defect; its log says where"
    with contextlib.suppress(OSError):
        ready_folder(settings.data_dir).mkdir(parents=True, exist_ok=True)
        reason_file(settings.data_dir, name, number).write_text(words, encoding="utf-8")


def reason_file(data_dir: Path, name: str, number: int) -> Path:
    """Where a part says why it ended."""
    return ready_folder(data_dir) / f"{name}-{number}.reason"


def ready_folder(data_dir: Path) -> Path:
    return data_dir / "ready"


def is_ready(data_dir: Path, title: str, pid: int) -> bool:
    """Whether this very process has said that it does its work; `title` is its part and its number, `stream-0`."""
    mark = ready_folder(data_dir) / title
    return mark.exists() and mark.read_text(encoding="utf-8") == str(pid)


def _operators(wiring: Wiring) -> str:
    """The broker as who may put records back from quarantine; as this part is there itself, where it has no such name and password."""
    try:
        return bootstrap_servers(wiring.settings, "operations")
    except BusError:
        return wiring.bootstrap


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
        operators=_operators(wiring),
    )


async def _desk(wiring: Wiring, stop: asyncio.Event) -> None:
    from alertbus.desk.desk_process import run_desk

    await run_desk(
        wiring.settings,
        wiring.bootstrap,
        wiring.engine,
        wiring.plugins,
        wiring.policy,
        stop,
        now=now,
        ready=lambda: mark_ready(wiring.settings, DESK),
        operators=_operators(wiring),
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
        now=now,
    )
    await worker.run(stop)


async def _delivery(wiring: Wiring, stop: asyncio.Event) -> None:
    from alertbus.chronicle.item_numbers import unowned_too_long
    from alertbus.delivery.channels.deadman import DeadmanSwitch
    from alertbus.delivery.worker import DeliverySetup, run_delivery

    async def unowned() -> bool:
        return await unowned_too_long(wiring.engine, wiring.policy, now())

    setup = DeliverySetup(
        bootstrap=wiring.bootstrap,
        engine=wiring.engine,
        plugins=wiring.plugins,
        channels=wiring.settings.channels,
        fallbacks=wiring.settings.fallbacks,
        policy=wiring.policy,
        switch=DeadmanSwitch(wiring.settings.deadman_url, wiring.settings.deadman_fail_url, unowned),
        now=now,
    )
    mark_ready(wiring.settings, "delivery", wiring.number)
    nudging = asyncio.create_task(_nudge(wiring, stop))
    try:
        await run_delivery(setup, stop)
    finally:
        await ended(nudging)


async def _nudge(wiring: Wiring, stop: asyncio.Event) -> None:
    """Beside delivery, and never in its way: tell people outside the desk that something waits there."""
    if wiring.settings.nudges is None:
        return
    from datetime import timedelta

    from alertbus.delivery.nudges.notify import Notify
    from alertbus.delivery.nudges.nudge_turns import NudgeTurns
    from alertbus.serving.inbox_shown import InboxReader
    from alertbus.serving.nudging import Nudging
    from alertbus.staff.team_book import TeamBook

    settings = wiring.settings.nudges
    inbox = InboxReader(wiring.engine, TeamBook(wiring.engine), wiring.policy, now)
    turns = NudgeTurns(wiring.engine, timedelta(minutes=settings.every_minutes))
    link = f"{wiring.settings.desk_address}/inbox"
    await Nudging(wiring.engine, inbox, wiring.policy, turns, Notify(settings), link, now).run(stop)


async def _chronicle(wiring: Wiring, stop: asyncio.Event) -> None:
    from alertbus.chronicle.worker import run_chronicle
    from alertbus.reconcile.schedule import reconciling

    mark_ready(wiring.settings, "chronicle", wiring.number)
    async with reconciling(wiring.bootstrap, wiring.engine, wiring.policy, wiring.settings.reconcile_s, clock=now):
        await run_chronicle(wiring.bootstrap, wiring.engine, stop)


_RUNNERS: dict[str, Runner] = {"gateway": _gateway, "stream": _stream, "delivery": _delivery, "chronicle": _chronicle, DESK: _desk}
