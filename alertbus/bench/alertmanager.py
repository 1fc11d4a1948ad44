"""Prometheus' Alertmanager beside the bus: the same alerts at the same rates by the same client, a webhook for each of seven agencies.

It is written in Go, holds its alerts in memory, and joins nothing: each alert goes to all seven receivers. So its figures say how quick a
fan-out can be that promises less; what that promise is worth is in `sigkill`.
"""

import asyncio
import contextlib
import os
from collections.abc import AsyncIterator, Iterable, Mapping, Sequence
from dataclasses import dataclass
from http import HTTPStatus
from pathlib import Path
from uuid import uuid4

import orjson

from alertbus.bench.alertmanager_program import VERSION, alertmanager, configure
from alertbus.bench.county import AGENCIES, NARRATIVE
from alertbus.bench.open_loop import Connections, NotAccepted, at_their_turn
from alertbus.bench.process import LOOK_S, BenchParts, Running, cpu_seconds, free_port, memory_with_share
from alertbus.bench.rates import (
    Highest,
    NeverArrived,
    NotCarried,
    Patience,
    WholePath,
    at_each,
    deliveries,
    highest_rate,
    until,
)
from alertbus.bench.receivers import Receivers

BY_LABEL = r'"alert_id":"([^"]+)"'
"""Where a message of its has its name: each is about one alert, whose labels come first."""

WARM_PER_S, WARM_S = 25.0, 4.0
PROGRAM = "alertmanager"


@dataclass(frozen=True, slots=True)
class Beside:
    """What was measured of it. Of several runs the medians."""

    version: str
    paths: Sequence[WholePath]
    not_carried: Sequence[NotCarried]
    highest: Highest | None
    rss_mib: float | None
    """After all of the load: it keeps every alert in memory until it has ended."""


async def beside(folder: Path, *, seconds: float, runs: int, rates: Sequence[float], search: bool) -> Beside:
    """Measure each rate so many times, and look for the highest. Raises `NotBuilt` where there is no Go."""
    async with fan_out(folder) as loaded:
        await loaded.at(WARM_PER_S, WARM_S, WARM_S)
        paths, missed = await at_each(loaded, rates, seconds, runs)
        highest = await highest_rate(loaded, paths, missed, seconds) if search else None
        return Beside(VERSION, paths, missed, highest, memory_with_share(loaded.running.pid).rss)


class FanOut:
    """An Alertmanager at work, with its receivers, as what is put under load."""

    def __init__(self, parts: BenchParts, receivers: Receivers, words: Sequence[str], url: str) -> None:
        self.parts, self.receivers, self.url = parts, receivers, url
        self._words = words
        self._sent = 0

    async def start(self) -> None:
        """Start it, or start it again on the same folder; return when it answers."""
        self.running: Running = self.parts.run(PROGRAM, *self._words[1:], python=self._words[0])
        host, _, port = self.url.removeprefix("http://").partition(":")
        while True:
            self.running.alive()
            with contextlib.suppress(OSError):
                _, writer = await asyncio.open_connection(host, int(port))
                writer.close()
                return
            await asyncio.sleep(LOOK_S)

    async def at(self, per_s: float, seconds: float, patience_s: float) -> WholePath | NotCarried:
        used, patience = self._cpu(), Patience(per_s, patience_s)
        already = self._sent
        looking = asyncio.create_task(patience.look(self._told, already))
        try:
            sent = await at_their_turn(self.url, bodies(max(1, int(seconds * per_s))), post_one, per_s, patience.over)
            client = cpu_seconds(os.getpid()) - used["client"]
            self._sent += len(sent)
            await until(self._sent * len(AGENCIES), "messages", self._told, [self.running])
        except (NotAccepted, NeverArrived) as fault:
            return NotCarried(per_s, str(fault))
        finally:
            looking.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await looking
        if patience.overrun is not None:
            return NotCarried(per_s, patience.overrun)
        cpu = {name: after - used[name] for name, after in self._cpu().items()} | {"client": client}
        first, last = deliveries(self.receivers.arrivals(), named(one.alert_id for one in sent), sent, len(AGENCIES))
        return WholePath.of(per_s, sent, first, last, cpu, [PROGRAM], {})

    async def _told(self) -> int:
        return self.receivers.count()

    def _cpu(self) -> Mapping[str, float]:
        return {PROGRAM: self.running.cpu_s(), "receiver": self.receiving.cpu_s(), "client": cpu_seconds(os.getpid())}

    async def start_receivers(self) -> None:
        self.receiving = await self.receivers.start(self.parts)


@contextlib.asynccontextmanager
async def fan_out(folder: Path) -> AsyncIterator[FanOut]:
    """Its own address is loopback only, and it gossips with nobody."""
    program = await asyncio.to_thread(alertmanager)
    receivers = Receivers.of(folder, AGENCIES, BY_LABEL)
    address = f"127.0.0.1:{free_port()}"
    words = [
        str(program),
        f"--config.file={configure(folder, receivers)}",
        f"--storage.path={folder / 'kept'}",
        f"--web.listen-address={address}",
        "--cluster.listen-address=",
        "--log.level=error",
    ]
    async with BenchParts(folder, "") as parts:
        loaded = FanOut(parts, receivers, words, f"http://{address}")
        await loaded.start_receivers()
        await loaded.start()
        yield loaded


def bodies(count: int) -> list[bytes]:
    """So many alerts that no other run has sent, with the words of ours."""

    def alert() -> dict[str, object]:
        labels = {"alertname": "other", "alert_id": str(uuid4()), "source": "police.bench"}
        return {"labels": labels, "annotations": {"narrative": NARRATIVE}}

    return [orjson.dumps([alert()]) for _ in range(count)]


async def post_one(connections: Connections, body: bytes) -> str:
    status, _ = await connections.post("/api/v2/alerts", body)
    if status != HTTPStatus.OK:
        raise NotAccepted(f"Alertmanager answered {status} where 200 was due")
    return str(orjson.loads(body)[0]["labels"]["alert_id"])


def named(alert_ids: Iterable[str]) -> dict[tuple[str, str], str]:
    """The messages that are due: one for each agency, under the alert's own id."""
    return {(agency, alert_id): alert_id for alert_id in alert_ids for agency in AGENCIES}
