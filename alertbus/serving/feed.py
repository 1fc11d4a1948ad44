"""The change feed: one look a second at what has changed, however many listen, told to each whom it is for.

A listener is given everything that is open and then each change. What the looks found is kept for a while; a listener that is too slow
for that reads what it missed from the chronicle by itself, so that none costs memory and none misses anything.
"""

import asyncio
import contextlib
import dataclasses
from collections import Counter, deque
from collections.abc import AsyncGenerator, AsyncIterator, Callable
from dataclasses import dataclass
from datetime import datetime
from typing import TypeVar

import orjson
from sqlalchemy import Connection

from alertbus.chronicle import queries
from alertbus.chronicle.answers import InboxItem
from alertbus.chronicle.changes import AT_MOST, NewsItem, Seen, from_now_on, news_since
from alertbus.chronicle.inbox_order import EVERYTHING, OPEN
from alertbus.chronicle.views import answered
from alertbus.sql.database import Database

T = TypeVar("T")

EVERY_S = 1.0
"""Seconds between two looks: another process may be writing the chronicle."""

SILENT_S = 15.0
"""Seconds without an event after which a comment is sent, so that nothing between takes the connection for dead."""

KEPT = 1_000
"""Events that are kept for all listeners together. Chosen: some five megabytes."""


def shown(item: InboxItem) -> str:
    """Give an item as the API shows it, in JSON."""
    return f'{{"id":{orjson.dumps(item.obligation.id).decode()},{item.model_dump_json(by_alias=True)[1:]}'


@dataclass(frozen=True, slots=True)
class _FeedEvent:
    """A piece of news as it is sent."""

    news: NewsItem
    text: str

    @classmethod
    def of(cls, news: NewsItem) -> "_FeedEvent":
        return cls(news, _text(news.item))

    def is_for(self, agency: str | None, exercise: str | None) -> bool:
        owed = self.news.item.obligation
        return agency in {None, owed.agency} and exercise in {EVERYTHING, owed.exercise}


@dataclass(frozen=True, slots=True)
class _FeedLook:
    """What one look found, and how far it saw. The numbers of looks that found something follow each other."""

    number: int
    events: tuple[_FeedEvent, ...]
    seen: Seen


class ChangeFeed:
    """The feed of one process. It looks for as long as somebody listens; `stopping` ends every listener's stream."""

    def __init__(self, engine: Database, now: Callable[[], datetime], stopping: asyncio.Event, *, every_s: float = EVERY_S) -> None:
        self._engine, self._now, self._stopping, self._every_s = engine, now, stopping, every_s
        self._listening: Counter[str | None] = Counter()
        self._looks: deque[_FeedLook] = deque()
        self._turn, self._news = asyncio.Lock(), asyncio.Event()
        self._looking: asyncio.Task[None] | None = None
        self._failure: Exception | None = None

    async def follow(self, agency: str | None, exercise: str | None) -> AsyncGenerator[str, None]:
        """Yield server-sent events to one listener: all that is open, then each change, and a comment where nothing happens.

        `agency` None: of all; `exercise` as `queries.inbox` has it. Raises what keeps the chronicle from being read: listen again.
        """
        async with contextlib.aclosing(self._heard(agency, exercise)) as heard:
            last = await anext(heard)
            assert isinstance(last, _FeedLook)
            async for item in self._open(agency, exercise, last.seen.moment):
                yield _text(item)
            async for event in heard:
                yield event.text if isinstance(event, _FeedEvent) else ": still here\n\n"

    async def news(self, agency: str | None, exercise: str | None) -> AsyncGenerator[InboxItem | None, None]:
        """Yield each change from now on to one listener, and None where nothing happens, the first as soon as it listens.

        The rest is as for `follow`.
        """
        async with contextlib.aclosing(self._heard(agency, exercise)) as heard:
            await anext(heard)
            yield None
            async for event in heard:
                yield event.news.item if isinstance(event, _FeedEvent) else None

    async def _heard(self, agency: str | None, exercise: str | None) -> AsyncGenerator["_FeedLook | _FeedEvent | None", None]:
        """Yield from where a listener begins, then each change, and None where nothing happens."""
        self._listening[agency] += 1
        try:
            self._start()
            last = await self.look()
            yield last
            number, seen = last.number, last.seen
            while not self._stopping.is_set():
                if self._failure is not None:
                    raise self._failure
                if number == self._looks[-1].number:
                    if not await _within(SILENT_S, self._news):
                        yield None
                    continue
                look = await self._after(number, seen, agency)
                for event in look.events:
                    if event.is_for(agency, exercise) and not event.news.told_by(seen):
                        yield event
                number, seen = look.number, look.seen
        finally:
            self._listening[agency] -= 1
            if not +self._listening:
                self._end()

    async def look(self) -> _FeedLook:
        """Look once at what has changed since the last look, tell the listeners, and give the last look."""
        async with self._turn:
            more = True
            while more:
                more = await self._look_once()
            return self._looks[-1]

    async def _look_once(self) -> bool:
        now = self._now()
        if not self._looks:
            self._looks.append(_FeedLook(0, (), await self._read(lambda connection: from_now_on(connection, now))))
            return False
        last = self._looks[-1]
        found = await self._read(lambda connection: news_since(connection, last.seen, now, self._is_wanted))
        if not found.items:
            self._looks[-1] = dataclasses.replace(last, seen=found.seen)
            return found.more
        self._looks.append(_FeedLook(last.number + 1, tuple(map(_FeedEvent.of, found.items)), found.seen))
        while len(self._looks) > 1 and sum(len(look.events) for look in self._looks) > KEPT:
            self._looks.popleft()
        self._tell()
        return found.more

    async def _after(self, number: int, seen: Seen, agency: str | None) -> _FeedLook:
        """Give the look that follows: one that is kept, or for whoever is behind those, what the chronicle says now."""
        ahead = number + 1 - self._looks[0].number
        if ahead >= 0:
            return self._looks[ahead]
        latest, now = self._looks[-1].number, self._now()
        found = await self._read(lambda connection: news_since(connection, seen, now, lambda one: agency in {None, one}))
        return _FeedLook(number if found.more else latest, tuple(map(_FeedEvent.of, found.items)), found.seen)

    async def _open(self, agency: str | None, exercise: str | None, now: datetime) -> AsyncIterator[InboxItem]:
        after = None
        while True:
            page = await queries.inbox(self._engine, agency, OPEN, exercise, now=now, limit=AT_MOST, after=after)
            for item in page:
                yield item
            if len(page) < AT_MOST:
                return
            after = page[-1].cursor

    def _is_wanted(self, agency: str) -> bool:
        return self._listening[agency] > 0 or self._listening[None] > 0

    def _start(self) -> None:
        if self._looking is None or self._looking.done():
            self._failure = None
            self._looking = asyncio.create_task(self._run())

    def _end(self) -> None:
        if self._looking is not None:
            self._looking.cancel()
        self._looking = None
        self._looks.clear()

    async def _run(self) -> None:
        try:
            while not await _within(self._every_s, self._stopping):
                await self.look()
        except Exception as failure:  # noqa: BLE001  every listener raises it
            self._failure = failure
        finally:
            self._tell()

    def _tell(self) -> None:
        self._news.set()
        self._news = asyncio.Event()

    async def _read(self, ask: Callable[[Connection], T]) -> T:
        return await answered(self._engine, ask)


async def _within(seconds: float, event: asyncio.Event) -> bool:
    try:
        async with asyncio.timeout(seconds):
            return await event.wait()
    except TimeoutError:
        return False


def _text(item: InboxItem) -> str:
    return f"event: obligation\nid: {item.obligation.id}\ndata: {shown(item)}\n\n"
