"""Alerts over HTTP at a steady rate, however slow the answers are: an open loop, so that a slow bus does not slow its own measurement.

An alert's clock starts when its turn comes by the timetable, not when the client came to send it: a stall then counts against every
alert that should have been sent during it (the omission that Gil Tene calls coordinated).

The client is a few lines over a socket, because it shares the machine with what it measures: httpx used more processor for one alert than
the gateway did.
"""

import asyncio
import json
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from http import HTTPStatus
from typing import Any
from urllib.parse import urlsplit

from alertbus.model.alert import Alert
from alertbus.model.errors import BusError

ANSWER_S = 120.0
"""How long one alert waits for its answer before the measurement is given up."""


class NotAccepted(BusError):
    code = "bench_not_accepted"


@dataclass(frozen=True, slots=True)
class Sent:
    """One alert on its way, in seconds of the monotonic clock."""

    alert_id: str
    scheduled: float
    sent: float
    accepted: float
    """When its 202 was read."""


@dataclass(slots=True)
class _Connections:
    """HTTP/1.1 to one gateway, each connection kept for the next alert; as many as alerts are under way."""

    host: str
    port: int
    idle: list[tuple[asyncio.StreamReader, asyncio.StreamWriter]] = field(default_factory=list)

    async def post(self, path: str, body: bytes) -> tuple[int, Any]:
        """The answer's status and JSON. The gateway always gives a content-length."""
        reader, writer = await self._connection()
        head = f"POST {path} HTTP/1.1\r\nhost: {self.host}\r\ncontent-type: application/json\r\ncontent-length: {len(body)}\r\n\r\n"
        try:
            writer.write(head.encode() + body)
            status, *headers = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1").lower().split("\r\n")
            length = next(int(line.partition(":")[2]) for line in headers if line.startswith("content-length:"))
            answer = json.loads(await reader.readexactly(length))
        except BaseException:
            writer.close()  # what is left on it would be taken for the next answer
            raise
        self.idle.append((reader, writer))
        return int(status.split(" ")[1]), answer

    async def _connection(self) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        """A kept connection that the gateway has not closed meanwhile (it closes idle ones after a while), or a new one."""
        while self.idle:
            reader, writer = self.idle.pop()
            if not reader.at_eof():
                return reader, writer
            writer.close()
        return await asyncio.open_connection(self.host, self.port)

    def close(self) -> None:
        for _, writer in self.idle:
            writer.close()


async def steady(url: str, alerts: Sequence[Alert], per_s: float) -> list[Sent]:
    """Send each alert at its own moment, and return when all are answered. Raises `NotAccepted` on any answer but 202."""
    bodies = [alert.model_dump_json(by_alias=True, exclude_defaults=True).encode() for alert in alerts]
    place = urlsplit(url)
    connections = _Connections(place.hostname or "127.0.0.1", place.port or 80)

    async def one(body: bytes, scheduled: float) -> Sent:
        sent = time.monotonic()
        async with asyncio.timeout(ANSWER_S):
            status, answer = await connections.post("/v1/alerts", body)
        accepted = time.monotonic()
        if status != HTTPStatus.ACCEPTED:
            raise NotAccepted(f"the gateway answered {status} where 202 was due")
        return Sent(answer["id"], scheduled, sent, accepted)

    try:
        async with asyncio.TaskGroup() as under_way:
            tasks = []
            began = time.monotonic()
            for number, body in enumerate(bodies):
                scheduled = began + number / per_s
                if (early := scheduled - time.monotonic()) > 0:
                    await asyncio.sleep(early)
                tasks.append(under_way.create_task(one(body, scheduled)))
    except ExceptionGroup as failed:
        raise failed.exceptions[0] from None
    finally:
        connections.close()
    return [task.result() for task in tasks]
