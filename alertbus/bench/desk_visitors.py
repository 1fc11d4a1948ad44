"""People at the desk, as the bench plays them: signed in, with one page open that keeps itself up to date, opening another now and then.

The client is a few lines over a socket, because it shares the machine with what it measures.
"""

import asyncio
import contextlib
import random
import time
from collections.abc import AsyncIterator, Callable, Iterable
from dataclasses import dataclass, field

from alertbus.model.errors import BusError

ANSWER_S = 60.0
"""How long a page is waited for before the measurement is given up."""

THINK_S = (5.0, 15.0)
"""Between two pages of one person, evenly drawn. Chosen, and faster than anybody works: a card is read and answered in half a minute. So
two hundred people open twenty pages a second, which is what a thousand would do who open one every fifty seconds.
"""

_OK = b"HTTP/1.1 200 "


class NotShown(BusError):
    code = "bench_page_not_shown"


@dataclass(frozen=True, slots=True)
class PageOpened:
    """One page that was opened: seconds from the moment of the press to the first and to the last byte of the answer."""

    page: str
    first: float
    last: float
    size: int


@dataclass(slots=True)
class Visitors:
    """Everybody who is signed in. `choose` draws the page that is opened next: its name and its path."""

    port: int
    cookies: list[str]
    choose: Callable[[random.Random], tuple[str, str]]
    opened: list[PageOpened] = field(default_factory=list)
    feeds: int = 0
    """Pages that keep themselves up to date, and have begun to."""

    async def work(self, seconds: float) -> None:
        """Open pages for so long. Raises `NotShown` for any page that is not shown as it should be."""
        streams = [asyncio.create_task(self._listen(cookie)) for cookie in self.cookies]
        try:
            async with asyncio.timeout(ANSWER_S):
                while self.feeds < len(self.cookies):  # noqa: ASYNC110  two hundred of them count it up
                    await asyncio.sleep(0.05)
            until = time.perf_counter() + seconds
            async with asyncio.TaskGroup() as group:
                for number, cookie in enumerate(self.cookies):
                    group.create_task(self._one(random.Random(number), cookie, until))
        except ExceptionGroup as many:
            raise many.exceptions[0] from None
        finally:
            for stream in streams:
                stream.cancel()
            await asyncio.gather(*streams, return_exceptions=True)

    async def _one(self, dice: random.Random, cookie: str, until: float) -> None:
        pressed = time.perf_counter() + dice.uniform(0, THINK_S[1])
        while pressed < until:
            await asyncio.sleep(max(0.0, pressed - time.perf_counter()))
            page, path = self.choose(dice)
            async with asyncio.timeout(ANSWER_S):
                self.opened.append(await _open(self.port, cookie, page, path, pressed))
            pressed = max(pressed, time.perf_counter()) + dice.uniform(*THINK_S)

    async def _listen(self, cookie: str) -> None:
        async with _connection(self.port) as (reader, writer):
            writer.write(_asked("/live", cookie))
            head = await reader.readuntil(b"\r\n\r\n")
            if not head.startswith(_OK):
                raise NotShown("the page's own news did not begin")
            self.feeds += 1
            while await reader.read(65_536):
                pass


def seconds_of(opened: Iterable[PageOpened], page: str | None = None) -> tuple[list[float], list[float]]:
    """Give the seconds to the first byte, and to the last, of this page, None: of all."""
    some = [one for one in opened if page is None or one.page == page]
    return [one.first for one in some], [one.last for one in some]


async def _open(port: int, cookie: str, page: str, path: str, pressed: float) -> PageOpened:
    """On a connection of its own: the server closes one that nobody uses before the next page is asked for."""
    async with _connection(port) as (reader, writer):
        writer.write(_asked(path, cookie))
        head = await reader.readuntil(b"\r\n\r\n")
        first = time.perf_counter() - pressed
        if not head.startswith(_OK):
            raise NotShown(f"{page}: {head.partition(b' ')[2][:3].decode('latin-1')} instead of 200")
        length = next(int(line.partition(b":")[2]) for line in head.lower().split(b"\r\n") if line.startswith(b"content-length:"))
        await reader.readexactly(length)
        return PageOpened(page, first, time.perf_counter() - pressed, length)


def _asked(path: str, cookie: str) -> bytes:
    return f"GET {path} HTTP/1.1\r\nhost: 127.0.0.1\r\ncookie: {cookie}\r\naccept: text/html\r\n\r\n".encode()


@contextlib.asynccontextmanager
async def _connection(port: int) -> AsyncIterator[tuple[asyncio.StreamReader, asyncio.StreamWriter]]:
    reader, writer = await asyncio.open_connection("127.0.0.1", port, limit=1 << 20)
    try:
        yield reader, writer
    finally:
        writer.close()
