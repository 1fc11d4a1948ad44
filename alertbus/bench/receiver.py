"""An agency's system that receives webhooks on loopback, answers 204 at once, and writes down when each message came.

Run as a program (`python -m alertbus.bench.receiver PORT FILE`): one line for each message, its idempotency key and the moment on the
machine's monotonic clock, which all its processes share.
"""

import base64
import json
import os
import sys
import time
from collections.abc import Awaitable, Callable, Iterable
from pathlib import Path
from typing import Any

import uvicorn

AT_ONCE = 64
"""How many messages the receiver takes at the same time. With the usual 8 an agency's turn, and not the bus, is what is timed."""

AsgiScope = dict[str, Any]
AsgiReceive = Callable[[], Awaitable[dict[str, Any]]]
AsgiSend = Callable[[dict[str, Any]], Awaitable[None]]


def receiver(book: Path) -> Callable[[AsgiScope, AsgiReceive, AsgiSend], Awaitable[None]]:
    """The ASGI application. A message has arrived when its last byte has."""

    async def receive_message(scope: AsgiScope, receive: AsgiReceive, send: AsgiSend) -> None:
        while (await receive()).get("more_body"):
            pass
        at = time.monotonic()
        key = next((value for name, value in scope["headers"] if name == b"webhook-id"), b"-").decode()
        with book.open("a", encoding="ascii") as out:
            out.write(f"{key} {at!r}\n")
        await send({"type": "http.response.start", "status": 204, "headers": []})
        await send({"type": "http.response.body", "body": b""})

    return receive_message


def webhooks(port: int, agencies: Iterable[str]) -> str:
    """`ALERTBUS_CHANNELS` that give each of these agencies this receiver."""
    secret = "whsec_" + base64.b64encode(os.urandom(32)).decode()
    channel = {"channel": "webhook", "url": f"http://127.0.0.1:{port}/", "secret": secret, "at_once": AT_ONCE}
    return json.dumps(dict.fromkeys(agencies, channel))


def arrivals(book: Path) -> dict[str, float]:
    """When each message first came, by idempotency key."""
    first: dict[str, float] = {}
    for line in book.read_text(encoding="ascii").splitlines():
        key, _, at = line.partition(" ")
        first.setdefault(key, float(at))
    return first


if __name__ == "__main__":
    uvicorn.run(receiver(Path(sys.argv[2])), host="127.0.0.1", port=int(sys.argv[1]), lifespan="off", access_log=False, log_level="error")
