"""An agency's system that receives webhooks on loopback, answers 204 at once, and writes down when each message came.

Run as a program (`python -m alertbus.bench.receiver PORT FILE`): one line for each message, its idempotency key and the moment on the
machine's monotonic clock, which all its processes share.
"""

import sys
import time
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import uvicorn

Scope = dict[str, Any]
Receive = Callable[[], Awaitable[dict[str, Any]]]
Send = Callable[[dict[str, Any]], Awaitable[None]]


def receiver(book: Path) -> Callable[[Scope, Receive, Send], Awaitable[None]]:
    """The ASGI application. A message has arrived when its last byte has."""

    async def receive_message(scope: Scope, receive: Receive, send: Send) -> None:
        while (await receive()).get("more_body"):
            pass
        at = time.monotonic()
        key = next((value for name, value in scope["headers"] if name == b"webhook-id"), b"-").decode()
        with book.open("a", encoding="ascii") as out:
            out.write(f"{key} {at!r}\n")
        await send({"type": "http.response.start", "status": 204, "headers": []})
        await send({"type": "http.response.body", "body": b""})

    return receive_message


def arrivals(book: Path) -> dict[str, float]:
    """When each message first came, by idempotency key."""
    first: dict[str, float] = {}
    for line in book.read_text(encoding="ascii").splitlines():
        key, _, at = line.partition(" ")
        first.setdefault(key, float(at))
    return first


if __name__ == "__main__":
    uvicorn.run(receiver(Path(sys.argv[2])), host="127.0.0.1", port=int(sys.argv[1]), lifespan="off", access_log=False, log_level="error")
