"""`alertbus doctor`: broker, database, topics, plugins, clock, policy: what is wrong and what to do."""

import asyncio
import time
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime, timedelta
from typing import Annotated

import typer

from alertbus.broker.access import NOT_REACHED
from alertbus.broker.faults import BrokerFault
from alertbus.broker.jars import find_java, find_maven
from alertbus.broker.topics import TOPICS, partition_counts, reachable
from alertbus.cli.kafka_rights import NeedsALook, kafka_rights
from alertbus.cli.output import NO, as_json, rows
from alertbus.cli.team_gaps import teams_finding
from alertbus.model.calendar import calendar_finding
from alertbus.model.case import UK
from alertbus.model.errors import BusError
from alertbus.plugin.coverage import coverage
from alertbus.plugin.manager import Plugins
from alertbus.plugin.unpackaged import UNPACKAGED
from alertbus.policy.load import load_policy
from alertbus.run.bus_file import LATELY, bootstrap_servers, read_bus_file
from alertbus.run.client import Client
from alertbus.settings import Settings, load_settings
from alertbus.sql.engine import database_faults, make_engine, reading

Check = Callable[[Settings], Awaitable[str]]

WELL, WARNING, WRONG = "ok", "!", "!!"


EARLIEST = 1_763_800_000
"""Seconds since 1970 when this was written: a clock before it is wrong, and every time on every notice with it."""


def doctor(json_: Annotated[bool, typer.Option("--json")] = False) -> None:
    """Look at everything the bus needs. `!` works and needs a look; `!!` is wrong, and then the exit code is 1."""
    findings = asyncio.run(_examine(load_settings()))
    if json_:
        as_json([{"what": what, "well": mark != WRONG, "warning": mark == WARNING, "finding": text} for mark, what, text in findings])
    else:
        rows("Doctor", ("", "what", "finding"), findings, empty="")
    if any(mark == WRONG for mark, _, _ in findings):
        raise typer.Exit(NO)


async def _examine(settings: Settings) -> list[tuple[str, str, str]]:
    checks: dict[str, Check] = {
        "java": _java,
        "broker": _broker,
        "topics": _topics,
        "kafka rights": kafka_rights,
        "database": _database,
        "plugins": _plugins,
        "policy": _policy,
        "teams": teams_finding,
        "clock": _clock,
        "calendar": _calendar,
        "gateway": _gateway,
        "parts": _parts,
    }
    findings = []
    for what, check in checks.items():
        try:
            findings.append((WELL, what, await check(settings)))
        except NeedsALook as warning:
            findings.append((WARNING, what, str(warning)))
        except (BusError, BrokerFault) as wrong:
            findings.append((WRONG, what, str(wrong)))
    return findings


async def _java(settings: Settings) -> str:
    java, maven = find_java(), find_maven()
    if settings.bootstrap_servers is None and java is None:
        raise BusError("no Java 17 or newer: the local broker would keep nothing. apt-get install default-jre-headless")
    fetch = "found" if maven else "not found (needed once, to fetch Kafka: apt-get install maven)"
    return f"Java {java.version if java else 'not needed'}, Maven {fetch}"


async def _broker(settings: Settings) -> str:
    servers = bootstrap_servers(settings)
    if not await reachable(servers):
        raise BusError(f"{servers} does not answer. {NOT_REACHED}")
    return f"{servers} answers"


async def _topics(settings: Settings) -> str:
    counts = await partition_counts(bootstrap_servers(settings))
    if missing := [spec.name for spec in TOPICS if spec.name not in counts]:
        raise BusError(f"missing: {', '.join(missing)}. `alertbus up` makes them.")
    return f"all {len(TOPICS)} there, {counts[TOPICS[0].name]} partitions each"


async def _database(settings: Settings) -> str:
    engine = make_engine(settings.sqlalchemy_url)
    try:
        with database_faults():
            async with reading(engine) as connection:
                await connection.exec_driver_sql("SELECT 1")
    finally:
        await engine.dispose()
    return f"{engine.dialect.name} answers"


async def _plugins(settings: Settings) -> str:
    policy = load_policy(settings.policy)
    plugins = Plugins.load(settings.plugins_dir, policy.plugins)
    unpackaged = sorted({row.plugin for row in plugins.listing() if UNPACKAGED in row.version})
    tried = f"; not installed, from ALERTBUS_PLUGINS_DIR: {', '.join(unpackaged)}" if unpackaged else ""
    found = f"{len(plugins.adapters)} adapters, {len(plugins.sources)} sources{tried}"
    covered = coverage(plugins, policy)
    told = "; ".join((found, *covered.lines()))
    if covered.set_aside:
        raise BusError(told)
    if covered.without_adapter or covered.unused:
        raise NeedsALook(told)
    return told


async def _policy(settings: Settings) -> str:
    return f"version {load_policy(settings.policy, Plugins.load(settings.plugins_dir).additions).version}"


async def _clock(_: Settings) -> str:
    if time.time() < EARLIEST:
        raise BusError("this machine's clock stands in the past. Set it, and keep it with NTP.")
    return "plausible"


async def _calendar(_: Settings) -> str:
    finding = calendar_finding(datetime.fromtimestamp(time.time(), UK).date())
    if finding.warning:
        raise NeedsALook(finding.text)
    return finding.text


async def _parts(settings: Settings) -> str:
    running = read_bus_file(settings)
    if running is None:
        return "no bus was started here by `alertbus up`: whoever runs the parts knows of their restarts"
    now = datetime.fromtimestamp(time.time(), UTC)
    if dying := [f"{part.name} {often} times" for part in running.parts if (often := part.dies_again_and_again(now))]:
        raise BusError(
            f"in the last {LATELY // timedelta(minutes=1)} minutes died {', '.join(dying)}: it does no work. Why stands in its log, in the "
            "data folder under logs/; deploy/runbooks/part-restarts.md says what to do."
        )
    if again := [f"{part.name} {part.restarts}" for part in running.parts if part.restarts]:
        return f"{len(running.parts)} run; started again since the bus came up: {', '.join(again)}"
    return f"{len(running.parts)} run, none was started again"


async def _gateway(settings: Settings) -> str:
    async with Client.of(settings) as client:
        if not await client.answers():
            raise BusError("does not answer. `alertbus up` starts it; its log is in the data folder under logs/.")
    return "answers"
