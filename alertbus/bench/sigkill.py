"""What is lost when everything is killed while it is at work: alerts that were accepted, and that one of their seven agencies never gets.

The agencies' systems go down, alerts are still accepted for a while, and then every process is killed at one moment (SIGKILL) and started
again, the systems too. The bus's four parts and Alertmanager are treated alike; Kafka and the database are not killed.
"""

import asyncio
import signal
import time
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from alertbus.bench import county
from alertbus.bench.alertmanager import bodies, fan_out, named, post_one
from alertbus.bench.latency import records_of
from alertbus.bench.open_loop import Connections, NotAccepted, PostOne, Sent, at_their_turn, post_alert, statements_of
from alertbus.bench.process import Running
from alertbus.bench.receivers import CameAt, Receivers
from alertbus.bench.whole_bus import STEPS, database_name, whole_bus
from alertbus.run.bootstrap import PARTS

PER_S = 25.0
UP_S, DOWN_S = 2.0, 2.0
"""How long the agencies' systems are there, and then are not, before the kill."""

QUIET_S = 60.0
"""What has not arrived when nothing more has for so long is lost. Chosen: longer than an agency that was down is left alone."""

LOOK_S = 0.5
COUNT = int((UP_S + DOWN_S) * PER_S) + 10
CameFor = Mapping[tuple[str, str], str]
"""By agency and message's name, the alert it is about."""


@dataclass(frozen=True, slots=True)
class Killed:
    database: str | None
    """`sqlite` or `postgresql`; None: it has none."""
    accepted: int
    """Alerts that were answered as accepted before the kill."""
    lost_alerts: int
    """Of them, those that one agency or more never got."""
    lost_deliveries: int
    repeated: int
    """Messages that came once more under the name by which a receiver knows them."""
    waited_s: float
    """From the kill until the last message."""


async def killed_bus(folder: Path, *, families: int, database: str | None = None, database_pid: int | None = None) -> Killed:
    """Kill gateway, stream, delivery and chronicle."""
    async with whole_bus(folder, families=families, database=database, database_pid=database_pid) as bus:
        before = await bus.broker.log.ends(*STEPS)
        alerts = [county.alert_about(number % families) for number in range(COUNT)]

        async def start() -> None:
            for name in PARTS:
                bus.processes[name] = await bus.parts.start(name)

        async def due(sent: Sequence[Sent]) -> CameFor:
            found, _ = await records_of(bus.broker.bootstrap, before, sent)
            return found

        receiving, working = bus.processes["receiver"], [bus.processes[name] for name in PARTS]
        sent = await _until_killed(bus.gateway, statements_of(alerts), post_alert, receiving, working)
        await bus.receivers.start(bus.parts)
        await start()
        return await _waited_for(bus.receivers, sent, due, database_name(database))


async def killed_fan_out(folder: Path) -> Killed:
    """Kill Alertmanager."""
    async with fan_out(folder) as loaded:

        async def due(sent: Sequence[Sent]) -> CameFor:
            return named(one.alert_id for one in sent)

        sent = await _until_killed(loaded.url, bodies(COUNT), post_one, loaded.receiving, [loaded.running])
        await loaded.start_receivers()
        await loaded.start()
        return await _waited_for(loaded.receivers, sent, due)


async def _until_killed(url: str, bodies: Sequence[bytes], post: PostOne, receiving: Running, working: Sequence[Running]) -> list[Sent]:
    """Which alerts were accepted until everything was killed."""
    killed = False

    async def tried(connections: Connections, body: bytes) -> str:
        try:
            return await post(connections, body)
        except (OSError, EOFError, NotAccepted):
            return ""  # not accepted: its sender knows, and sends it again

    sending = asyncio.create_task(at_their_turn(url, bodies, tried, PER_S, lambda: killed))
    await asyncio.sleep(UP_S)
    receiving.kill()
    await asyncio.sleep(DOWN_S)
    for running in working:
        running.signal(signal.SIGKILL)
    killed = True
    for running in working:
        running.kill()
    return [one for one in await sending if one.alert_id]


async def _waited_for(
    receivers: Receivers, sent: Sequence[Sent], due: Callable[[Sequence[Sent]], Awaitable[CameFor]], database: str | None = None
) -> Killed:
    """Wait until all of it has come, or nothing more comes."""
    began = grew = time.monotonic()
    came = receivers.count()
    owed = len(sent) * len(county.AGENCIES)
    while time.monotonic() - grew < QUIET_S:
        await asyncio.sleep(LOOK_S)
        if (now := receivers.count()) > came:
            came, grew = now, time.monotonic()
        elif now >= owed and not lost(receivers.arrivals(), await due(sent), sent):
            break
    missing = lost(receivers.arrivals(), await due(sent), sent)
    return Killed(
        database=database,
        accepted=len(sent),
        lost_alerts=sum(lacking > 0 for lacking in missing.values()),
        lost_deliveries=sum(missing.values()),
        repeated=receivers.count() - len(receivers.arrivals()),
        waited_s=round(grew - began, 1),
    )


def lost(arrivals: CameAt, due: CameFor, sent: Sequence[Sent]) -> dict[str, int]:
    """How many of its seven deliveries each alert lacks, by its id; those that lack none are not in it."""
    lacking = {one.alert_id: len(county.AGENCIES) for one in sent}
    for message, alert_id in due.items():
        if message in arrivals and alert_id in lacking:
            lacking[alert_id] -= 1
    return {alert_id: count for alert_id, count in lacking.items() if count}
