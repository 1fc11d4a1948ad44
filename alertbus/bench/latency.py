"""From an alert's turn to be sent to its arrival in an agency's own system, through the whole bus at a steady rate.

Gateway, stream, delivery and chronicle are processes of their own, as `alertbus up` runs them. One of the seven agencies has a webhook
receiver on loopback, the others the built-in inbox. The first delivery is the webhook's arrival, noted by the receiver itself; the inboxes'
are not timed but counted: a run in which one of the seven is missing is no measurement.
"""

import asyncio
import base64
import json
import os
import socket
import time
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from sqlalchemy import func, select

from alertbus.bench import county
from alertbus.bench.figures import Latency
from alertbus.bench.load import Sent, steady
from alertbus.bench.process import Parts, Running, cpu_seconds
from alertbus.bench.receiver import arrivals
from alertbus.bench.stage import Stage, stage
from alertbus.broker import topics
from alertbus.broker.consumer import read_all
from alertbus.delivery.ledger.tables import State, ledger
from alertbus.model.errors import BusError
from alertbus.run.client import Client
from alertbus.run.ready import PARTS
from alertbus.settings import Settings
from alertbus.sql.engine import make_engine, migrate, reading

RATE = 100.0
"""Alerts per second (DESIGN section 13's figure is at this rate)."""

SLOWER = (25.0, 50.0)
"""Measured before it, so that none is measured behind another's queue. With seven agencies each, 100 alerts a second may be more than the
machine can carry; then the figure says how long the queue has become, and not how quick the bus is."""

WARM_S = 5.0
HOOKED = "school"
"""The agency with a system of its own."""

AT_ONCE = 64
"""How many messages the receiver takes at the same time. With the usual 8 one agency's turn, and not the bus, is what is timed."""

PATIENCE_S = 120.0


class NotDelivered(BusError):
    code = "bench_not_delivered"


@dataclass(frozen=True, slots=True)
class WholePath:
    """Latencies to the first delivery, from three beginnings; where the time goes; and what each process used meanwhile."""

    alerts: int
    per_s: float
    scheduled: Latency
    sent: Latency
    accepted: Latency
    steps: Mapping[str, Latency]
    """From the alert's turn to its record on each topic, by the record's own time (whole milliseconds)."""
    cpu_ms: Mapping[str, float]
    """Processor time each process used for one alert and its seven notices: at 100 alerts/s, 10 is one whole processor, at 25 it is 40.
    `client` sends the alerts and is this process.
    """
    database: str
    """`sqlite` or `postgresql`."""


async def whole_path(folder: Path, *, seconds: float, families: int, database: str | None, per_s: Sequence[float]) -> list[WholePath]:
    """Measure at each rate, on a broker of its own. `database` None: SQLite in the folder, as `alertbus up` has it; else one that may be
    filled.
    """
    async with stage(folder) as on:
        return await _measured(on, seconds, families, database, per_s)


async def _measured(on: Stage, seconds: float, families: int, database: str | None, rates: Sequence[float]) -> list[WholePath]:
    folder = on.folder
    port, hook = _free_port(), _free_port()
    book = folder / "arrivals"
    book.parent.mkdir(parents=True, exist_ok=True)
    book.touch()
    secret = "whsec_" + base64.b64encode(os.urandom(32)).decode()
    channels = {HOOKED: {"channel": "webhook", "url": f"http://127.0.0.1:{hook}/", "secret": secret, "at_once": AT_ONCE}}
    settings = {"ALERTBUS_HTTP_PORT": str(port), "ALERTBUS_CHANNELS": json.dumps(channels)}
    if database is not None:
        settings["ALERTBUS_DATABASE_URL"] = database
    url = Settings(data_dir=folder, database_url=database).sqlalchemy_url
    await migrate(url)
    async with Parts(folder, on.bootstrap, settings) as parts:
        processes = {"receiver": parts.run("receiver", "-m", "alertbus.bench.receiver", str(hook), str(book))}
        for name in PARTS:
            processes[name] = await parts.start(name)
        gateway = f"http://127.0.0.1:{port}"
        await _families(gateway, families)
        warm = [county.alert_of(number, families) for number in range(int(WARM_S * RATE))]
        await steady(gateway, warm, RATE)
        delivered = len(warm)
        found: list[WholePath] = []
        for per_s in rates:
            alerts = [county.alert_of(number, families) for number in range(int(seconds * per_s))]
            await _delivered(url, delivered * len(county.AGENCIES))
            before = _cpu(processes, on.broker_pid)
            sent = await steady(gateway, alerts, per_s)
            client = cpu_seconds(os.getpid()) - before.pop("client")
            delivered += len(alerts)
            await _delivered(url, delivered * len(county.AGENCIES))
            after = _cpu(processes, on.broker_pid)
            used = {"client": client} | {name: after[name] - spent for name, spent in before.items()}
            for process in processes.values():
                process.alive()
            came = await _first_deliveries(url, arrivals(book), sent)
            found.append(
                WholePath(
                    len(sent),
                    per_s,
                    Latency.of([came[one.alert_id] - one.scheduled for one in sent]),
                    Latency.of([came[one.alert_id] - one.sent for one in sent]),
                    Latency.of([came[one.alert_id] - one.accepted for one in sent]),
                    await _steps(on.bootstrap, sent),
                    {name: round(seconds * 1000 / len(sent), 2) for name, seconds in used.items()},
                    "sqlite" if database is None else url.partition("+")[0],
                )
            )
        return found


async def _families(gateway: str, families: int) -> None:
    """Import them as an agency does; when the gateway has answered, the next alert finds their people."""
    async with Client(gateway, patience_s=PATIENCE_S) as client:
        at_once = asyncio.Semaphore(8)

        async def one(number: int) -> None:
            async with at_once:
                case = county.case_of(number)
                await client.call("PUT", f"/v1/cases/{case.id}", content=case.model_dump_json(by_alias=True, exclude_defaults=True))

        await asyncio.gather(*(one(number) for number in range(families)))


def _cpu(processes: Mapping[str, Running], broker_pid: int | None) -> dict[str, float]:
    parts = {name: process.cpu_s() for name, process in processes.items()}
    return parts | {"broker": cpu_seconds(broker_pid), "client": cpu_seconds(os.getpid())}


async def _delivered(url: str, owed: int) -> None:
    """Return when the ledger has so many notices accepted by their agencies."""
    engine = make_engine(url)
    ours = ledger.c.case_id.startswith(county.PREFIX)  # not the watchdog's
    accepted = select(func.count()).select_from(ledger).where(ledger.c.state == State.ACCEPTED, ours)
    try:
        deadline, count = time.monotonic() + PATIENCE_S, -1
        while count != owed:
            async with reading(engine) as connection:
                count = (await connection.execute(accepted)).scalar_one()
            if time.monotonic() > deadline:
                raise NotDelivered(f"{count} of {owed} notices were delivered {PATIENCE_S:.0f} s after the last alert")
            await asyncio.sleep(0.5)
    finally:
        await engine.dispose()


async def _first_deliveries(url: str, came: Mapping[str, float], sent: Sequence[Sent]) -> dict[str, float]:
    """When each alert first reached the agency's system."""
    wanted = {one.alert_id for one in sent}
    engine = make_engine(url)
    try:
        async with reading(engine) as connection:
            query = select(ledger.c.notice_id, ledger.c.alert_id).where(ledger.c.agency == HOOKED)
            rows = (await connection.execute(query)).all()
    finally:
        await engine.dispose()
    first = {row.alert_id: came[row.notice_id] for row in rows if row.alert_id in wanted and row.notice_id in came}
    if missing := len(wanted - first.keys()):
        raise NotDelivered(f"{missing} alerts never reached the receiver, though the ledger says so")
    return first


async def _steps(bootstrap: str, sent: Sequence[Sent]) -> dict[str, Latency]:
    turn = {one.alert_id: one.scheduled for one in sent}
    to_wall = time.time() - time.monotonic()
    found: dict[str, list[float]] = {}
    seen: Counter[tuple[str, str]] = Counter()
    async for record in read_all(bootstrap, (topics.ALERTS, topics.PERSON_EVENTS, topics.CASE_EVENTS, topics.NOTICES)):
        alert_id = _alert_in(json.loads(record.value or b"{}"))
        if alert_id in turn and not seen[record.topic, alert_id]:
            seen[record.topic, alert_id] += 1
            found.setdefault(record.topic, []).append(record.timestamp / 1000 - to_wall - turn[alert_id])
    return {topic: Latency.of(times) for topic, times in found.items()}


def _alert_in(value: Mapping[str, object]) -> str:
    """The alert a record of any stage is about; empty when it is about none."""
    for part in (value, value.get("alert"), value.get("obligation")):
        if isinstance(part, Mapping) and isinstance(found := part.get("alert_id"), str):
            return found
    return ""


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
