"""The outermost layer: limits on what is read, headers on what is sent, one count and one quiet log line per call.

Plain ASGI, so that nothing is buffered. A path is logged as its route (`/v1/cases/{case_id}`), never as it came, and a
query string not at all.
"""

import asyncio
import logging
import time
from collections.abc import Mapping
from types import MappingProxyType

import structlog
from prometheus_client import CollectorRegistry, Counter, Histogram
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from alertbus.gateway import problems
from alertbus.gateway.problems import TooSlow
from alertbus.model.errors import Fault, InvalidInput, TooLarge

log = structlog.get_logger("alertbus.gateway")
_level = logging.getLogger("alertbus.gateway")

LARGEST_BODY = 1_048_576
LARGEST_HASHED = 32 * LARGEST_BODY
"""Bytes up to which an oversized raw message is still read, a piece at a time, for its digest."""

BODY_S = 10.0
LEAST_BYTES_PER_S = 16_384
"""A body may take `BODY_S`, and a second more for so many bytes that have come. Chosen: the slowest line that a county has is ten times as
quick, and whoever sends a byte a minute must not hold a connection for a day."""

HEADERS: Mapping[str, str] = {
    "cache-control": "no-store",
    "content-security-policy": "default-src 'none'; frame-ancestors 'none'; base-uri 'none'; form-action 'none'",
    "cross-origin-resource-policy": "same-origin",
    "referrer-policy": "no-referrer",
    "x-content-type-options": "nosniff",
    "x-frame-options": "DENY",
}

_ENCODED = [(name.encode(), value.encode()) for name, value in HEADERS.items()]
_NONE: Mapping[tuple[str, str], ASGIApp] = MappingProxyType({})
_METHODS = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})


class Counts:
    """This gateway's own numbers for /metrics. Every label is one of a bounded set: routes, not paths."""

    def __init__(self) -> None:
        self.registry = CollectorRegistry()
        self.calls = Counter("alertbus_http_requests", "Calls answered", ("method", "route", "status"), registry=self.registry)
        self.seconds = Histogram("alertbus_http_request_seconds", "Time to the answer", ("route",), registry=self.registry)
        self.alerts = Counter("alertbus_alerts", "Alerts by outcome", ("outcome",), registry=self.registry)
        self.messages = Counter(
            "alertbus_raw_messages", "Raw messages by source and outcome", ("plugin", "outcome"), registry=self.registry
        )


class Edge:
    """Wraps the application: what it did not catch leaves as a problem, and every answer has the security headers.

    `straight` are the calls that no router need look for, by method and path.
    """

    def __init__(self, app: ASGIApp, counts: Counts, straight: Mapping[tuple[str, str], ASGIApp] = _NONE) -> None:
        self._app, self._counts, self._straight = app, counts, straight

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        began = time.perf_counter()
        status = 0

        async def dressed(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
                own = {name for name, _ in message["headers"]}
                message["headers"] = [*message["headers"], *(header for header in _ENCODED if header[0] not in own)]
            await send(message)

        try:
            application = self._straight.get((scope["method"], scope["path"]), self._app)
            await application(scope, _limited(scope, receive), dressed)
        except Exception as error:
            if status:  # too late for another answer: the connection has to break
                problems.of_defect(error)
                raise
            await problems.of_error(error)(scope, receive, dressed)
        finally:
            self._count(scope, status, time.perf_counter() - began)

    def _count(self, scope: Scope, status: int, seconds: float) -> None:
        route = getattr(scope.get("route"), "path", "unmatched")
        method = scope["method"] if scope["method"] in _METHODS else "other"
        self._counts.calls.labels(method, route, str(status)).inc()
        self._counts.seconds.labels(route).observe(seconds)
        if _level.isEnabledFor(logging.DEBUG):  # a line that nobody reads cost twice as much as a count
            log.debug("call", method=method, route=route, status=status, duration_ms=round(seconds * 1000, 1))


def _limited(scope: Scope, receive: Receive) -> Receive:
    """Pass the body on up to the limit of its size, and while it comes quickly enough; beyond raise `TooLarge` or `TooSlow`, with the rest
    left in the socket.
    """
    if "\0" in scope["path"] or b"%00" in scope["query_string"]:
        raise InvalidInput([Fault("", "an address without the character U+0000", "control_character")])
    hashed = scope["path"].startswith("/v1/sources/")  # its route tells a human of a message that is too large
    limit = LARGEST_HASHED if hashed else LARGEST_BODY
    length = dict(scope["headers"]).get(b"content-length", b"0")
    too_large = TooLarge(f"more than {limit} bytes. Leave longer papers at the source.")
    if not hashed and length.isdigit() and int(length) > limit:
        raise too_large
    seen, whole = 0, False
    clock = asyncio.get_running_loop().time
    began = clock()

    async def counted() -> Message:
        nonlocal seen, whole
        if whole:  # what is waited for now is that the caller goes away
            return await receive()
        try:
            async with asyncio.timeout_at(began + BODY_S + seen / LEAST_BYTES_PER_S):
                message = await receive()
        except TimeoutError:
            raise TooSlow(f"the body came too slowly: {seen} bytes in {clock() - began:.0f} s. Send it again, all at once.") from None
        seen += len(message.get("body", b""))
        whole = not message.get("more_body", False)
        if seen > limit:
            raise too_large
        return message

    return counted
