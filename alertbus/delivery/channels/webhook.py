"""A signed webhook (Standard Webhooks): `webhook-id` is the idempotency key, so a receiver can tell a repeat.

No redirect is followed and no proxy of the environment is used: both would show a family's data to a stranger. What the
receiver writes back with a 2xx is handed on, for its plugin to read; anything else is read only to keep the connection.
"""

import asyncio
import contextlib
import ssl
from collections.abc import AsyncIterator, Callable
from dataclasses import replace
from datetime import UTC, datetime

import httpx
from standardwebhooks import Webhook

from alertbus.delivery.outcome import Outcome, Reply, Trouble, from_status
from alertbus.model.notice import Message

_CONNECT_S = 5.0
_READ_AT_MOST = 64 * 1024
_OURS = frozenset({"content-type", "content-length", "transfer-encoding", "connection", "host", "expect", "cookie"})


class WebhookChannel:
    """POST to one agency's address. Each attempt ends within `limit_s`, however slowly the other side drips."""

    name = "webhook"

    def __init__(self, url: str, secret: str, client: httpx.AsyncClient, now: Callable[[], datetime], *, limit_s: float = 20.0) -> None:
        self._url = url
        self._webhook = Webhook(secret)
        self._client = client
        self._now = now
        self._limit_s = limit_s

    async def send(self, message: Message, agency: str) -> Outcome:  # noqa: ARG002  one channel, one agency
        try:
            headers = self._headers(message)
        except UnicodeDecodeError:  # the signature is over text, and a receiver's library would not get past it either
            return Outcome(Trouble.UNSENDABLE)
        outcome: Outcome | None = None
        try:
            async with (
                asyncio.timeout(self._limit_s),
                self._client.stream("POST", self._url, content=message.body, headers=headers) as response,
            ):
                outcome = from_status(response.status_code, response.headers.get("retry-after"), self._now())
                taken = response.is_success
                outcome = replace(outcome, reply=_reply(response, None)) if taken else outcome
                written = await _drain(response)
                outcome = replace(outcome, reply=_reply(response, written)) if taken else outcome
        except (httpx.HTTPError, httpx.InvalidURL, httpx.StreamError, TimeoutError, OSError, ValueError) as fault:
            # Once the status is known, trouble with the rest of the answer changes nothing.
            return outcome or Outcome(_trouble(fault))
        return outcome

    def _headers(self, message: Message) -> dict[str, str]:
        moment = self._now().astimezone(UTC)
        theirs = {name.lower(): value for name, value in message.headers.items()}
        return {
            **{n: v for n, v in theirs.items() if n not in _OURS and not n.startswith("webhook-")},
            "content-type": message.media_type,
            "accept-encoding": "identity",
            "webhook-id": message.idempotency_key,
            "webhook-timestamp": str(int(moment.timestamp())),
            "webhook-signature": self._webhook.sign(message.idempotency_key, moment, message.body.decode()),
        }


@contextlib.asynccontextmanager
async def webhook_client(limit_s: float) -> AsyncIterator[httpx.AsyncClient]:
    """One client for all agencies. Certificates are checked against the machine's own store (and SSL_CERT_FILE)."""
    async with httpx.AsyncClient(
        timeout=httpx.Timeout(limit_s, connect=min(_CONNECT_S, limit_s)),
        limits=httpx.Limits(max_connections=None, max_keepalive_connections=100),
        verify=ssl.create_default_context(),
        follow_redirects=False,
        trust_env=False,
        headers={"user-agent": "alertbus"},
    ) as client:
        yield client


async def _drain(response: httpx.Response) -> bytes | None:
    """Read the body as it came; None if it is longer than a reply may be."""
    read = bytearray()
    async for chunk in response.aiter_raw():
        read += chunk
        if len(read) > _READ_AT_MOST:
            return None
    return bytes(read)


def _reply(response: httpx.Response, written: bytes | None) -> Reply | None:
    """None where nothing was written. What is compressed is not unpacked: nobody asked for it, and it may be a bomb."""
    if written is not None and not written.strip():
        return None
    plain = response.headers.get("content-encoding", "identity").strip().casefold() == "identity"
    return Reply(written if plain else None, response.headers.get("content-type", ""))


def _trouble(fault: Exception) -> Trouble:
    match fault:
        case httpx.ConnectError() | httpx.ConnectTimeout() | httpx.PoolTimeout():
            return Trouble.UNREACHABLE
        case httpx.TimeoutException() | TimeoutError():
            return Trouble.SLOW
        case httpx.LocalProtocolError() | httpx.InvalidURL() | httpx.UnsupportedProtocol() | ValueError():
            return Trouble.UNSENDABLE
        case _:
            return Trouble.CUT
