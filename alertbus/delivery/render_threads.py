"""Threads in which plugins run, so that none can hold up the event loop, or for long another plugin.

One thread at a time works off what waits: several would only take turns, and each change of turns costs more than most
notices do. A thread cannot be stopped. While one is at the same notice for longer than a moment, another takes over what
waits behind it; one that is at it for longer than the limit is left behind.
"""

import asyncio
import math
import threading
from collections import Counter, deque
from collections.abc import Callable, Sequence
from queue import SimpleQueue

from alertbus.delivery.ledger.rows import Leased
from alertbus.delivery.outcome import Trouble
from alertbus.model.notice import Message

Rendered = Message | Trouble

_LOOK_S = 0.05
"""Chosen: a notice takes well under a millisecond, and nobody notices that others' were held up for two such looks."""


class RenderWork:
    """Notices for one sector's plugin, in order. The thread appends to `results`; once left behind, it only says that it has come back."""

    def __init__(self, sector: str, batch: Sequence[Leased], one: Callable[[Leased], Rendered]) -> None:
        self.sector = sector
        self.results: list[Rendered] = []
        self.thread: RenderThread | None = None
        """Who is at it; None while it waits."""
        self.hung = False
        self.seen, self.looks = -1, 0
        """How many results there were at the last look, and how many looks ago there were as many."""
        self._batch = batch
        self._one = one
        self._ended = asyncio.Event()

    async def ended(self) -> None:
        """Return when all are rendered, or `hung` is set."""
        await self._ended.wait()

    def end(self) -> None:
        self._ended.set()

    def run(self) -> None:
        for leased in self._batch:
            rendered = self._one(leased)
            if self.hung:
                return
            self.results.append(rendered)


class RenderThreads:
    """Runs work in the order in which it is given. For the tasks of one event loop."""

    def __init__(self, limit_s: float) -> None:
        """`limit_s`: how long a plugin may take for one notice."""
        self.hanging: Counter[str] = Counter()
        """How many threads each sector's plugin keeps."""
        self.slow: set[str] = set()
        """The sectors whose plugin was at one notice for longer than a moment, so that another had to take over."""
        self._look_s = min(_LOOK_S, limit_s)
        self._looks = math.ceil(limit_s / self._look_s)
        self._waiting: SimpleQueue[RenderWork] = SimpleQueue()
        self._open: set[RenderWork] = set()
        self._run: deque[RenderWork] = deque()
        self._told = False
        self._in_charge: RenderThread | None = None
        self._watch: asyncio.TimerHandle | None = None

    def give(self, work: RenderWork) -> None:
        loop = asyncio.get_running_loop()
        if self._in_charge is None:
            self._in_charge = RenderThread(self._waiting, lambda done: self._has_run(loop, done))
        self._open.add(work)
        self._waiting.put(work)
        if self._watch is None:
            self._watch = loop.call_later(self._look_s, self._look, loop)

    def _look(self, loop: asyncio.AbstractEventLoop) -> None:
        """See who has not moved on since the last look."""
        for work in [one for one in self._open if not one.hung]:
            if work.thread is None:
                continue
            done = len(work.results)
            work.seen, work.looks = done, work.looks + 1 if work.seen == done else 0
            if work.looks and work.thread is self._in_charge:
                work.thread.relieved = True
                self.slow.add(work.sector)
                self._in_charge = RenderThread(self._waiting, lambda done: self._has_run(loop, done))
            if work.looks >= self._looks:
                work.hung = True
                self.hanging[work.sector] += 1
                work.end()
        waits = any(not work.hung for work in self._open)
        self._watch = loop.call_later(self._look_s, self._look, loop) if waits else None

    def _has_run(self, loop: asyncio.AbstractEventLoop, work: RenderWork) -> None:
        """Tell the loop, from the thread; once for all that has run by the time it hears of it."""
        self._run.append(work)
        if not self._told:
            self._told = True
            loop.call_soon_threadsafe(self._take_up)

    def _take_up(self) -> None:
        self._told = False
        while self._run:
            work = self._run.popleft()
            self._open.discard(work)
            if work.hung:
                self.hanging[work.sector] -= 1
            work.end()


class RenderThread:
    """Takes work from the queue until it is relieved."""

    def __init__(self, waiting: SimpleQueue[RenderWork], has_run: Callable[[RenderWork], None]) -> None:
        self.relieved = False
        self._waiting, self._has_run = waiting, has_run
        threading.Thread(target=self._run, name="render", daemon=True).start()

    def _run(self) -> None:
        while not self.relieved:
            work = self._waiting.get()
            work.thread = self
            work.run()
            try:
                self._has_run(work)
            except RuntimeError:
                return  # the loop has closed: nobody waits any more
