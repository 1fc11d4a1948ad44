"""The agencies' systems as one process of a bench: where they listen, how the bus is told of them, and what reached them."""

import asyncio
import base64
import json
import os
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from alertbus.bench.process import LOOK_S, BenchParts, Running, free_port

AT_ONCE = 64
"""How many messages each system takes at the same time. With the usual 8 an agency's turn, and not the bus, is what is timed."""

BY_HEADER = r"\r\nwebhook-id:[ \t]*(\S+)"
"""Where a message of the bus has its name: its idempotency key, which is its notice's id."""

CameAt = Mapping[tuple[str, str], float]
"""By agency and message's name: when it first came, in seconds of the monotonic clock."""


@dataclass(slots=True)
class Receivers:
    """A system of its own for each of these agencies."""

    book: Path
    ports: Mapping[str, int]
    pattern: str = BY_HEADER
    _read: int = field(default=0, init=False)
    _lines: int = field(default=0, init=False)

    @classmethod
    def of(cls, folder: Path, agencies: Iterable[str], pattern: str = BY_HEADER) -> "Receivers":
        folder.mkdir(parents=True, exist_ok=True)
        book = folder / "arrivals"
        book.touch()
        return cls(book, {agency: free_port() for agency in agencies}, pattern)

    async def start(self, parts: BenchParts) -> Running:
        """Return when every port answers."""
        words = [f"{agency}={port}" for agency, port in self.ports.items()]
        running = parts.run("receiver", "-m", "alertbus.bench.receiver", str(self.book), self.pattern, *words)
        for port in self.ports.values():
            while not await _answers(port):
                running.alive()
                await asyncio.sleep(LOOK_S)
        return running

    def url(self, agency: str) -> str:
        return f"http://127.0.0.1:{self.ports[agency]}/{agency}"

    def channels(self) -> str:
        """`ALERTBUS_CHANNELS` that give each agency its webhook, with a secret of its own."""

        def channel(agency: str) -> dict[str, object]:
            secret = "whsec_" + base64.b64encode(os.urandom(32)).decode()
            return {"channel": "webhook", "url": self.url(agency), "secret": secret, "at_once": AT_ONCE}

        return json.dumps({agency: channel(agency) for agency in self.ports})

    def count(self) -> int:
        """How many messages have come, repeats included. Reads only what is new in the book."""
        with self.book.open("rb") as book:
            book.seek(self._read)
            new = book.read()
        self._read += len(new)
        self._lines += new.count(b"\n")
        return self._lines

    def arrivals(self) -> CameAt:
        first: dict[tuple[str, str], float] = {}
        for line in self.book.read_text(encoding="ascii").splitlines():
            agency, name, at = line.split(" ")
            first.setdefault((agency, name), float(at))
        return first


async def _answers(port: int) -> bool:
    try:
        _, writer = await asyncio.open_connection("127.0.0.1", port)
    except OSError:
        return False
    writer.close()
    return True
