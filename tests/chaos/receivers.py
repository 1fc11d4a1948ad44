"""The agencies' systems: one small HTTP server on loopback, a path for each agency, honest until told otherwise.

An honest receiver does what Standard Webhooks asks: it verifies the signature, and a `webhook-id` that it has processed before is answered
2xx and not processed again. Everything that arrives is written down: attempts, what was answered, and what was processed, once a key.
"""

import asyncio
import contextlib
import hashlib
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from standardwebhooks import Webhook, WebhookVerificationError

_HEAD_LIMIT = 64 * 1024


class Manner(StrEnum):
    """How a receiver behaves."""

    HONEST = "honest"
    SLOW = "slow"
    REFUSES = "refuses"
    BUSY = "busy"
    LIES = "lies"
    """Says 200 and does nothing."""
    CUTS_REQUEST = "request"
    """Reads half of the request and hangs up."""
    CUTS_BEFORE_ANSWER = "before_answer"
    """Processes, and hangs up without a word."""
    CUTS_ANSWER = "answer"
    """Processes, says 200, and hangs up in the middle of its answer's body."""


@dataclass(frozen=True, slots=True)
class Conduct:
    manner: Manner = Manner.HONEST
    seconds: float = 0.0
    status: int = 200


HONEST = Conduct()


@dataclass(slots=True)
class Attempt:
    """One request, from when it was read to when it was answered or given up. Times are this process's monotonic seconds."""

    agency: str
    key: str
    digest: str
    """Of media type and body; empty when the body was not read whole."""
    began: float
    manner: Manner
    ended: float | None = None
    status: int | None = None
    """What was answered; None when the connection was cut before a status."""
    processed: bool = False
    """The receiver acted on it: at most once for a key, as it dedupes by key."""


@dataclass(slots=True)
class Receivers:
    """Start it, give the bus `url(agency)` and `secrets[agency]`, and read `attempts` afterwards."""

    secrets: Mapping[str, str]
    attempts: list[Attempt] = field(default_factory=list)
    unsigned: int = 0
    """Requests whose signature did not hold: refused with 401, and a fault of the sender."""
    _conduct: dict[str, Conduct] = field(default_factory=dict)
    _processed: set[tuple[str, str]] = field(default_factory=set)
    _server: asyncio.Server | None = None
    _connections: set[asyncio.Task[None]] = field(default_factory=set)
    _port: int = 0
    arrived: asyncio.Event = field(default_factory=asyncio.Event)
    """Set at every arrival; who waits for one clears it first."""

    async def start(self) -> None:
        self._server = await asyncio.start_server(self._serve, "127.0.0.1", 0)
        self._port = self._server.sockets[0].getsockname()[1]

    async def stop(self) -> None:
        assert self._server is not None
        self._server.close()
        for task in self._connections:
            task.cancel()
        await asyncio.gather(*self._connections, return_exceptions=True)

    def url(self, agency: str) -> str:
        return f"http://127.0.0.1:{self._port}/{agency}"

    def behave(self, agency: str, conduct: Conduct = HONEST) -> None:
        self._conduct[agency] = conduct

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        self._connections.add(task)
        try:
            with contextlib.suppress(asyncio.IncompleteReadError, ConnectionError, asyncio.LimitOverrunError):
                while await self._answer(reader, writer):
                    pass
        finally:
            self._connections.discard(task)
            writer.close()

    async def _answer(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> bool:
        """One request and its answer. False when the connection ends."""
        head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1").split("\r\n")
        agency = head[0].split(" ")[1].lstrip("/")
        headers = {name.strip().lower(): value.strip() for name, _, value in (line.partition(":") for line in head[1:] if line)}
        length = int(headers.get("content-length", "0"))
        conduct = self._conduct.get(agency, HONEST)
        if conduct.manner is Manner.CUTS_REQUEST:
            await reader.readexactly(length // 2)
            attempt = self._begun(agency, headers, b"", conduct)
            attempt.digest, attempt.ended = "", time.monotonic()
            writer.transport.abort()
            return False
        body = await reader.readexactly(length)
        attempt = self._begun(agency, headers, body, conduct)
        try:
            return await self._treat(attempt, conduct, headers, body, reader, writer)
        finally:
            attempt.ended = time.monotonic()

    def _begun(self, agency: str, headers: Mapping[str, str], body: bytes, conduct: Conduct) -> Attempt:
        digest = hashlib.sha256(headers.get("content-type", "").encode() + b"\0" + body).hexdigest()
        attempt = Attempt(agency, headers.get("webhook-id", ""), digest, time.monotonic(), conduct.manner)
        self.attempts.append(attempt)
        self.arrived.set()
        return attempt

    async def _treat(
        self,
        attempt: Attempt,
        conduct: Conduct,
        headers: Mapping[str, str],
        body: bytes,
        reader: asyncio.StreamReader,
        writer: asyncio.StreamWriter,
    ) -> bool:
        try:
            Webhook(self.secrets[attempt.agency]).verify(body.decode(), dict(headers), json_parse=False)
        except (WebhookVerificationError, KeyError):
            self.unsigned += 1
            return await _say(attempt, writer, 401)
        match conduct.manner:
            case Manner.REFUSES:
                return await _say(attempt, writer, conduct.status)
            case Manner.BUSY:
                return await _say(attempt, writer, 429, retry_after=int(conduct.seconds))
            case Manner.LIES:
                return await _say(attempt, writer, 200)
            case Manner.SLOW if await _hung_up(reader, conduct.seconds):
                return False
        self._process(attempt)
        match conduct.manner:
            case Manner.CUTS_BEFORE_ANSWER:
                writer.transport.abort()
                return False
            case Manner.CUTS_ANSWER:
                attempt.status = 200
                writer.write(b"HTTP/1.1 200 OK\r\ncontent-length: 100\r\n\r\n" + b"." * 50)
                await writer.drain()
                writer.close()
                return False
        return await _say(attempt, writer, 200)

    def _process(self, attempt: Attempt) -> None:
        place = (attempt.agency, attempt.key)
        attempt.processed = place not in self._processed
        self._processed.add(place)


async def _hung_up(reader: asyncio.StreamReader, seconds: float) -> bool:
    """Take that long, unless the sender goes away meanwhile. A sender that speaks before it was answered is none of ours."""
    with contextlib.suppress(TimeoutError):
        async with asyncio.timeout(seconds):
            await reader.read(1)
            return True
    return False


async def _say(attempt: Attempt, writer: asyncio.StreamWriter, status: int, *, retry_after: int | None = None) -> bool:
    attempt.status = status
    wish = f"retry-after: {retry_after}\r\n" if retry_after is not None else ""
    writer.write(f"HTTP/1.1 {status} .\r\n{wish}content-length: 0\r\n\r\n".encode())
    await writer.drain()
    return True
