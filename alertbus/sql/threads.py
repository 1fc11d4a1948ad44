"""Threads that work for an event loop: each does what it is given, one thing after another, and the loop awaits what comes of it."""

import asyncio
import contextlib
import threading
from collections.abc import Callable
from queue import SimpleQueue
from typing import Any, TypeVar

T = TypeVar("T")


class WorkThread:
    """One thread, begun with its first work. What it was given before `end` is still done."""

    def __init__(self, name: str) -> None:
        self._name = name
        self._given: SimpleQueue[Callable[[], None] | None] = SimpleQueue()
        self._thread: threading.Thread | None = None

    def call(self, work: Callable[[], T]) -> "asyncio.Future[T]":
        """Give what `work` returns or raises, after all that the thread was given before. Who no longer awaits it does not stop it."""
        loop = asyncio.get_running_loop()
        answer: asyncio.Future[T] = loop.create_future()

        def run() -> None:
            result: Any = None
            fault: BaseException | None = None
            try:
                result = work()
            except BaseException as raised:  # noqa: BLE001  whatever it is, it belongs to who asked
                fault = raised
            with contextlib.suppress(RuntimeError):  # the loop is closed: nobody awaits anything any more
                loop.call_soon_threadsafe(_settle, answer, result, fault)

        self.give(run)
        return answer

    def give(self, work: Callable[[], None]) -> None:
        """Have `work` done, with nobody awaiting it. It must not raise."""
        if self._thread is None:
            self._thread = threading.Thread(target=self._run, name=self._name, daemon=True)
            self._thread.start()
        self._given.put(work)

    def end(self) -> None:
        """End the thread once it has done what it was given."""
        self._given.put(None)

    def _run(self) -> None:
        while (work := self._given.get()) is not None:
            work()


def _settle(answer: "asyncio.Future[Any]", result: object, fault: BaseException | None) -> None:
    if answer.cancelled():
        return
    if fault is None:
        answer.set_result(result)
    elif isinstance(fault, StopIteration):  # a future refuses it
        answer.set_exception(RuntimeError("a generator ended where a result was due"))
    else:
        answer.set_exception(fault)
