"""The outermost layer of the desk: headers on every answer, a limit on what is read, one quiet log line per call.

A path is logged as its route, never as it came, and a query string not at all.
"""

import time
from collections.abc import Mapping

import structlog
from starlette.datastructures import FormData
from starlette.types import ASGIApp, Message, Receive, Scope, Send

log = structlog.get_logger("alertbus.desk")

LARGEST_FORM = 2_097_152
"""Bytes of a form. Chosen: a list of releases for a county's week is a tenth of that."""

CSP = (
    "default-src 'none'; style-src 'self'; script-src 'self'; img-src 'self'; connect-src 'self'; form-action 'self'; "
    "frame-ancestors 'none'; base-uri 'none'"
)
HEADERS: Mapping[str, str] = {
    "cache-control": "no-store",
    "content-security-policy": CSP,
    "cross-origin-opener-policy": "same-origin",
    "cross-origin-resource-policy": "same-origin",
    "permissions-policy": "camera=(), geolocation=(), microphone=()",
    "referrer-policy": "no-referrer",
    "x-content-type-options": "nosniff",
    "x-frame-options": "DENY",
}
HSTS = "max-age=63072000; includeSubDomains"
"""Two years, as browsers' own lists ask; sent where the desk is reached by https."""

OPEN_FORMS = "alertbus.open_forms"
"""Where in a call's scope its forms stand that were read: the files in them are closed when the call is over."""

_METHODS = frozenset({"GET", "HEAD", "POST"})


class Guard:
    """Wraps the application. `https`: whether people reach it so, which a proxy may hide from us."""

    def __init__(self, app: ASGIApp, *, https: bool) -> None:
        self._app = app
        headers = {**HEADERS, "strict-transport-security": HSTS} if https else HEADERS
        self._headers = [(name.encode(), value.encode()) for name, value in headers.items()]

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        began, status = time.perf_counter(), 0
        forms: list[FormData] = []
        scope[OPEN_FORMS] = forms

        async def dressed(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
                own = {name for name, _ in message["headers"]}
                message["headers"] = [*message["headers"], *(header for header in self._headers if header[0] not in own)]
            await send(message)

        try:
            if self._refused(scope):
                await refuse(scope, receive, dressed)
            else:
                await self._app(scope, _limited(receive), dressed)
        finally:
            for form in forms:
                await form.close()
            route = getattr(scope.get("route"), "path", "unmatched")
            log.debug(
                "call", method=scope["method"], route=route, status=status, duration_ms=round((time.perf_counter() - began) * 1000, 1)
            )

    @staticmethod
    def _refused(scope: Scope) -> bool:
        length = dict(scope["headers"]).get(b"content-length", b"0")
        too_large = not length.isdigit() or int(length) > LARGEST_FORM
        return too_large or scope["method"] not in _METHODS or "\0" in scope["path"] or b"%00" in scope["query_string"]


async def refuse(scope: Scope, receive: Receive, send: Send) -> None:  # noqa: ARG001  as every application takes them
    """Answer what the desk does not take: 400, and no more."""
    await send({"type": "http.response.start", "status": 400, "headers": [(b"content-type", b"text/plain; charset=utf-8")]})
    await send({"type": "http.response.body", "body": b"The desk does not take that. Go back, and try again with less.\n"})


class _TooMuch(Exception):
    """More came than was said, and more than is taken."""


def _limited(receive: Receive) -> Receive:
    seen = 0

    async def counted() -> Message:
        nonlocal seen
        message = await receive()
        seen += len(message.get("body", b""))
        if seen > LARGEST_FORM:
            raise _TooMuch
        return message

    return counted
