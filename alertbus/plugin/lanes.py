"""A lane for each adapter and each source: a few threads of its own and a short queue. One that hangs keeps its own threads, and nobody
else waits behind it.
"""

import asyncio
import threading
from collections.abc import Callable
from concurrent.futures import Future
from queue import SimpleQueue
from typing import Any

from alertbus.plugin.boundary import Result

THREADS = 2
"""Chosen: while one call is slow another is still answered; what hangs keeps no more than these."""
WAITING = 16
"""Chosen: a plugin takes milliseconds, so that so many are over before anybody gives up; whoever comes after them is told to come again."""


class LaneFull(Exception):
    """The lane takes no more now. `hangs`: every thread of it is kept by a call whose caller has given up."""

    def __init__(self, *, hangs: bool) -> None:
        self.hangs = hangs
        super().__init__("hangs" if hangs else "busy")


class _Call:
    def __init__(self, function: Callable[..., Any], given: tuple[object, ...]) -> None:
        self.function, self.given = function, given
        self.answer: Future[Any] = Future()
        self.given_up = False


class PluginLane:
    """Runs calls of one plugin's object in threads of its own, which begin when they are needed. Of any event loop."""

    def __init__(self, name: str, *, threads: int = THREADS, waiting: int = WAITING) -> None:
        self._name, self._threads, self._waiting = name, threads, waiting
        self._queue: SimpleQueue[_Call] = SimpleQueue()
        self._lock = threading.Lock()
        self._open = self._begun = self._left_behind = 0

    async def call(self, function: Callable[..., Result], *given: object, limit_s: float) -> Result:
        """Give what the function gives. Raises what it raises, `TimeoutError` after the limit, and `LaneFull` without calling it."""
        call = _Call(function, given)
        self._take(call)
        try:
            async with asyncio.timeout(limit_s):
                return await asyncio.wrap_future(call.answer)
        except BaseException:
            self._give_up(call)
            raise

    def _take(self, call: _Call) -> None:
        with self._lock:
            if self._left_behind >= self._threads or self._open >= self._threads + self._waiting:
                raise LaneFull(hangs=self._left_behind >= self._threads)
            self._open += 1
            begins = self._begun < min(self._open, self._threads)
            self._begun += begins
        self._queue.put(call)
        if begins:
            threading.Thread(target=self._run, name=f"plugin {self._name}", daemon=True).start()

    def _give_up(self, call: _Call) -> None:
        with self._lock:
            if call.answer.running() and not call.given_up:  # a thread is at it, and cannot be stopped
                call.given_up = True
                self._left_behind += 1

    def _run(self) -> None:
        while True:
            call = self._queue.get()
            if call.answer.set_running_or_notify_cancel():
                self._answer(call)
            with self._lock:
                self._open -= 1
                self._left_behind -= call.given_up

    @staticmethod
    def _answer(call: _Call) -> None:
        try:
            result = call.function(*call.given)
        except BaseException as error:  # noqa: BLE001  the caller is told, if there still is one
            _settle(call.answer.set_exception, error)
        else:
            _settle(call.answer.set_result, result)


def _settle(set_: Callable[[Any], None], value: object) -> None:
    try:
        set_(value)
    except Exception:  # noqa: BLE001  whoever waited has gone, or their loop is closed
        return
