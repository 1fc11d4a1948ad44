"""A signed webhook (Standard Webhooks): `webhook-id` is the idempotency key, so a receiver can tell a repeat.

No redirect is followed and no proxy of the environment is used: both would show a family's data to a stranger. What the
receiver writes back with a 2xx is handed on, for its plugin to read; anything else is read only to keep the connection.
"""

import asyncio
import contextlib
import io
import re
import socket
import ssl
import sys
from collections.abc import AsyncIterator, Callable, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import aiohttp
from standardwebhooks import Webhook
from yarl import URL

from alertbus.delivery.outcome import Outcome, Reply, Trouble, from_status
from alertbus.model.notice import Message

LIMIT_S = 20.0
"""How long an attempt may take where an agency's settings do not say (`timeout_s`)."""

_CONNECT_S = 5.0
_READ_AT_MOST = 64 * 1024
_AT_ONCE = 2**20
"""Bytes. What is longer is written piece by piece, as aiohttp asks."""
_KEPT_OPEN = 400
"""Chosen: with the 500 that may be in flight (`Pace.in_flight`) fewer than the 1,024 files that a process may usually have open."""
_IDLE_S = 4.0
"""Chosen: under the 5 s after which uvicorn and Node close an idle connection, so that we seldom write to one that is being closed."""
_TAKES_NOTHING_S = 300.0
"""As long as the longest attempt may take (`timeout_s`): what could still arrive is not cut."""
_OURS = frozenset({"content-type", "content-length", "transfer-encoding", "connection", "host", "expect", "cookie"})
_SUCCESS = 2
_PRINTABLE = re.compile(r"[\x21-\x7e]+")
_NAME = re.compile(r"[!#$%&'*+\-.^_`|~0-9A-Za-z]+")
_VALUE = re.compile(r"[\x21-\x7e]([\t\x20-\x7e]*[\x21-\x7e])?|")
"""What may stand in a header (RFC 9110, section 5.5), here of ASCII alone: what lies beyond is read differently by different receivers."""


@dataclass(frozen=True, slots=True)
class WebhookClient:
    """The connections of all agencies. None waits for another's: how much an agency is sent at the same time is its sender's to say."""

    session: aiohttp.ClientSession
    once: aiohttp.ClientSession
    """Its connections are closed after one message."""
    kept: int
    """How many connections to one agency may stay open for its next message."""


class WebhookChannel:
    """POST to one agency's address. Each attempt ends within `limit_s`, however slowly the other side drips."""

    name = "webhook"

    def __init__(
        self,
        url: str,
        secret: str,
        client: WebhookClient,
        now: Callable[[], datetime],
        *,
        limit_s: float = LIMIT_S,
        trusting: ssl.SSLContext | None = None,
    ) -> None:
        """`trusting`: who may sign the receiver's certificate (`trusted`); None for whom the operating system trusts."""
        self._url = address(url)
        self._webhook = Webhook(secret)
        self._client = client
        self._now = now
        self._limit_s = limit_s
        self._timeout = aiohttp.ClientTimeout(total=None, connect=min(_CONNECT_S, limit_s))
        self._trusting = True if trusting is None else trusting
        self._under_way = 0

    async def send(self, message: Message, agency: str) -> Outcome:  # noqa: ARG002  one channel, one agency
        headers = self._headers(message)
        if headers is None:
            return Outcome(Trouble.UNSENDABLE)
        session = self._client.session if self._under_way < self._client.kept else self._client.once
        self._under_way += 1
        try:
            return await self._sent(session, message.body, headers)
        finally:
            self._under_way -= 1

    async def _sent(self, session: aiohttp.ClientSession, body: bytes, headers: Mapping[str, str]) -> Outcome:
        outcome: Outcome | None = None
        content = body if len(body) <= _AT_ONCE else io.BytesIO(body)
        try:
            async with (
                asyncio.timeout(self._limit_s),
                session.post(
                    self._url, data=content, headers=headers, allow_redirects=False, timeout=self._timeout, ssl=self._trusting
                ) as response,
            ):
                outcome = from_status(response.status, response.headers.get("retry-after"), self._now())
                return _with_reply(outcome, response, await _drain(response))
        except (aiohttp.ClientError, TimeoutError, OSError, ValueError) as fault:
            # Once the status is known, trouble with the rest of the answer changes nothing.
            return Outcome(_trouble(fault)) if outcome is None else _with_reply(outcome, response, None)

    def _headers(self, message: Message) -> dict[str, str] | None:
        """Give the headers, or None where the message cannot be sent as it is."""
        theirs = {name.lower(): value for name, value in message.headers.items()}
        values = (message.media_type, message.idempotency_key, *theirs.values())
        if not (all(map(_NAME.fullmatch, theirs)) and all(map(_VALUE.fullmatch, values))):
            return None
        try:
            text = message.body.decode()
        except UnicodeDecodeError:  # the signature is over text, and a receiver's library would not get past it either
            return None
        moment = self._now().astimezone(UTC)
        return {
            **{n: v for n, v in theirs.items() if n not in _OURS and not n.startswith("webhook-")},
            "content-type": message.media_type,
            "accept-encoding": "identity",
            "webhook-id": message.idempotency_key,
            "webhook-timestamp": str(int(moment.timestamp())),
            "webhook-signature": self._webhook.sign(message.idempotency_key, moment, text),
        }


def address(url: str) -> URL:
    """Give the address as it was given, where it can stand in a request so; else with what cannot encoded."""
    return URL(url, encoded=_PRINTABLE.fullmatch(url) is not None)


def trusted(ca_file: Path | None = None) -> ssl.SSLContext:
    """Whoever signs the certificates in the file, and nobody else; None for whom the operating system trusts (and SSL_CERT_FILE).

    Raises `OSError` or `ssl.SSLError` for a file that holds no certificate or cannot be read.
    """
    return ssl.create_default_context(cafile=ca_file)


@contextlib.asynccontextmanager
async def webhook_client(agencies: int = 1) -> AsyncIterator[WebhookClient]:
    """One client for so many agencies."""
    async with _session(keepalive_timeout=_IDLE_S) as session, _session(force_close=True) as once:
        yield WebhookClient(session, once, _KEPT_OPEN // max(1, agencies))


def _session(**connections: Any) -> aiohttp.ClientSession:
    connector = aiohttp.TCPConnector(
        ssl=trusted(),
        limit=0,
        # The system's own resolver, asked again for each new connection: an address that has moved counts at once.
        resolver=aiohttp.ThreadedResolver(),
        use_dns_cache=False,
        socket_factory=_socket,
        **connections,
    )
    return aiohttp.ClientSession(
        connector=connector,
        cookie_jar=aiohttp.DummyCookieJar(),
        auto_decompress=False,
        trust_env=False,
        headers={"user-agent": "alertbus"},
    )


def _socket(address_info: aiohttp.AddrInfoType) -> socket.socket:
    """Make a socket that the system ends where the other side takes nothing more, for then what is left to send keeps it open for ever."""
    family, kind, protocol, *_ = address_info
    made = socket.socket(family, kind, protocol)
    if sys.platform == "linux":
        made.setsockopt(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT, int(_TAKES_NOTHING_S * 1000))
    return made


async def _drain(response: aiohttp.ClientResponse) -> bytes | None:
    """Read the body as it came; None if it is longer than a reply may be."""
    read = bytearray()
    async for chunk in response.content.iter_any():
        read += chunk
        if len(read) > _READ_AT_MOST:
            return None
    return bytes(read)


def _with_reply(outcome: Outcome, response: aiohttp.ClientResponse, written: bytes | None) -> Outcome:
    """Add what was written with a yes, if anything was. What is compressed is not unpacked: nobody asked for it, and it may be a bomb."""
    if response.status // 100 != _SUCCESS or (written is not None and not written.strip()):
        return outcome
    plain = response.headers.get("content-encoding", "identity").strip().casefold() == "identity"
    return replace(outcome, reply=Reply(written if plain else None, response.headers.get("content-type", "")))


def _trouble(fault: Exception) -> Trouble:
    match fault:
        case aiohttp.ClientConnectorError() | aiohttp.ConnectionTimeoutError():
            return Trouble.UNREACHABLE
        case TimeoutError():
            return Trouble.SLOW
        case ValueError():
            return Trouble.UNSENDABLE
        case _:
            return Trouble.CUT
