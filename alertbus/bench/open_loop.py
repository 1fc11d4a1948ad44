"""Alerts over HTTP at a steady rate, however slow the answers are: an open loop, so that a slow bus does not slow its own measurement.

An alert's clock starts when its turn comes by the timetable, not when the client came to send it: a stall then counts against every
alert that should have been sent during it (the omission that Gil Tene calls coordinated).

The client is a few lines over a socket, because it shares the machine with what it measures: httpx used more processor for one alert than
the gateway did.
"""

import asyncio
import json
import time
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from http import HTTPStatus
from urllib.parse import urlsplit

from alertbus.model.alert import Alert
from alertbus.model.errors import BusError

ANSWER_S = 60.0
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
class Connections:
    """HTTP/1.1 to one server, each connection kept for the next alert; as many as alerts are under way."""

    host: str
    port: int
    idle: list[tuple[asyncio.StreamReader, asyncio.StreamWriter]] = field(default_factory=list)

    async def post(self, path: str, body: bytes) -> tuple[int, bytes]:
        """The answer's status and body. It must come with a content-length."""
        reader, writer = await self._connection()
        head = f"POST {path} HTTP/1.1\r\nhost: {self.host}\r\ncontent-type: application/json\r\ncontent-length: {len(body)}\r\n\r\n"
        try:
            writer.write(head.encode() + body)
            status, *headers = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1").lower().split("\r\n")
            length = next(int(line.partition(":")[2]) for line in headers if line.startswith("content-length:"))
            answer = await reader.readexactly(length)
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


PostOne = Callable[[Connections, bytes], Awaitable[str]]


async def steady(url: str, alerts: Sequence[Alert], per_s: float, enough: Callable[[], bool] = lambda: False) -> list[Sent]:
    """Send each alert at its own moment, and return when all are answered. Raises `NotAccepted` on any answer but 202.

    `enough` is asked before each alert: once it says so no more are sent, and what was sent is still waited for.
    """
    return await at_their_turn(url, statements_of(alerts), post_alert, per_s, enough)


def statements_of(alerts: Sequence[Alert]) -> list[bytes]:
    return [alert.model_dump_json(by_alias=True, exclude_defaults=True).encode() for alert in alerts]


async def post_alert(connections: Connections, body: bytes) -> str:
    """State one alert to the gateway, and give its id. Raises `NotAccepted`."""
    status, answer = await connections.post("/v1/alerts", body)
    if status != HTTPStatus.ACCEPTED:
        raise NotAccepted(f"the gateway answered {status} where 202 was due")
    return str(json.loads(answer)["id"])


async def at_their_turn(url: str, bodies: Sequence[bytes], post: PostOne, per_s: float, enough: Callable[[], bool]) -> list[Sent]:
    """PostOne each body at its own moment. `post` gives the alert's id once the alert is accepted."""
    place = urlsplit(url)
    connections = Connections(place.hostname or "127.0.0.1", place.port or 80)

    async def one(body: bytes, scheduled: float) -> Sent:
        sent = time.monotonic()
        async with asyncio.timeout(ANSWER_S):
            alert_id = await post(connections, body)
        return Sent(alert_id, scheduled, sent, time.monotonic())

    try:
        async with asyncio.TaskGroup() as under_way:
            tasks = []
            began = time.monotonic()
            for number, body in enumerate(bodies):
                scheduled = began + number / per_s
                if (early := scheduled - time.monotonic()) > 0:
                    await asyncio.sleep(early)
                if enough():
                    break
                tasks.append(under_way.create_task(one(body, scheduled)))
    except ExceptionGroup as failed:
        first = failed.exceptions[0]
        if isinstance(first, TimeoutError):
            raise NotAccepted(f"an alert had no answer for {ANSWER_S:.0f} s") from None
        raise first from None
    finally:
        connections.close()
    return [task.result() for task in tasks]
