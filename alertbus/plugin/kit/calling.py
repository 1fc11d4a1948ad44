"""The one place where the kit calls a plugin's code: with limits of time and memory, and with nobody listening to what it prints.

The limits hold on a POSIX system's main thread; elsewhere, and for code that never returns to Python, `alertbus plugin check` has a process
that it can end.
"""

import gc
import io
import itertools
import logging
import os
import resource
import signal
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, redirect_stderr, redirect_stdout
from dataclasses import dataclass
from pathlib import Path
from types import FrameType
from typing import ParamSpec, TypeVar

from alertbus.plugin.kit.blame import own_place
from alertbus.plugin.kit.conformance import Broken

P = ParamSpec("P")
R = TypeVar("R")

SECONDS = 2.0
"""Of work that one call may take. The bus gives up on a rendering after 2 s, on a reading after 10 s."""

PATIENCE = 5.0
"""Seconds after which a call is stopped that does nothing but wait."""

MEMORY = 256 * 1024 * 1024
"""Bytes that one call may add to the process. A message has some thousands of bytes."""


_counter = itertools.count()
_made = 0


def made() -> int:
    """Give how many calls were begun: a watcher sees that one goes on for ever."""
    return _made


class OutOfBounds(Broken):
    """A call was stopped: it took too long or wanted too much memory."""


class _TimeIsUp(BaseException):
    """Raised where the plugin stands; not an `Exception`, so that a plugin that catches those does not go on."""


def call(function: Callable[P, R], *given: P.args, **named: P.kwargs) -> R:
    """Call a plugin's function. What it prints is dropped. `OutOfBounds` when it was stopped; `Broken` when it tried to end the process."""
    return _within(Bounds(SECONDS, PATIENCE, MEMORY), lambda: function(*given, **named))


def load(function: Callable[P, R], *given: P.args, **named: P.kwargs) -> R:
    """The same for what runs once, when a plugin is imported: libraries may take some seconds, and map much."""
    return _within(Bounds(10 * SECONDS, 2 * PATIENCE, 4 * MEMORY), lambda: function(*given, **named))


@dataclass(frozen=True, slots=True)
class Bounds:
    """What a call may use: seconds of work, seconds in all, bytes."""

    work: float
    wait: float
    memory: int


def _within(bounds: Bounds, function: Callable[[], R]) -> R:
    global _made  # noqa: PLW0603  a count for whoever watches this process
    _made = next(_counter)
    how = ""
    try:
        with listened(), _timed(bounds), _held(bounds):
            return function()
    except Exception as error:
        if not isinstance(error, MemoryError):
            raise
        how = f"a call wanted more than {bounds.memory // 2**20} MB of memory"
    except _TimeIsUp:
        how = f"a call worked for longer than {bounds.work:g} s, or waited for {bounds.wait:g} s"
    except BaseException as error:
        if isinstance(error, KeyboardInterrupt) or type(error).__module__.startswith(("pytest", "_pytest", "hypothesis")):
            raise
        ended = type(error).__name__
    if how:
        raise OutOfBounds(how)
    raise Broken(f"raised {ended}, which would end the process")


@dataclass(slots=True)
class Overheard:
    """What a plugin wrote to the screen or a log, as a count: the words may be a family's."""

    characters: int = 0
    place: str = ""
    """Where in the plugin's own code it wrote first, where that is known."""

    def noted(self, frame: FrameType | None) -> None:
        """Take note of who wrote."""
        self.place = self.place or own_place(frame)

    def __str__(self) -> str:
        return f"it wrote {self.characters} characters to the screen or a log{f' at {self.place}' if self.place else ''}"


@contextmanager
def listened(*, deep: bool = False) -> Iterator[Overheard]:
    """Take what is written to stdout, stderr and the logs while the block runs. `deep`: also what goes past Python's own streams."""
    heard = Overheard()
    stream, log = _Screen(heard), _LogListener(heard)
    root = logging.getLogger()
    before, root.handlers = root.handlers, [log]
    try:
        with redirect_stdout(stream), redirect_stderr(stream):
            if deep:
                with _descriptors(heard):
                    yield heard
            else:
                yield heard
    finally:
        root.handlers = before
        heard.characters += len(stream.getvalue()) + log.characters


class _Screen(io.StringIO):
    """Stands for the screen."""

    def __init__(self, heard: Overheard) -> None:
        super().__init__()
        self._heard = heard

    def write(self, text: str) -> int:
        self._heard.noted(sys._getframe(1))  # noqa: SLF001  who writes
        return super().write(text)


class _LogListener(logging.Handler):
    def __init__(self, heard: Overheard) -> None:
        super().__init__()
        self._heard = heard
        self.characters = 0

    def emit(self, record: logging.LogRecord) -> None:
        self._heard.noted(sys._getframe(1))  # noqa: SLF001
        self.characters += max(1, len(str(record.msg)))


@contextmanager
def _descriptors(heard: Overheard) -> Iterator[None]:
    with tempfile.TemporaryFile() as taken:
        kept = [(number, os.dup(number)) for number in (1, 2)]
        for number, _ in kept:
            os.dup2(taken.fileno(), number)
        try:
            yield
        finally:
            for number, saved in kept:
                os.dup2(saved, number)
                os.close(saved)
            heard.characters += os.fstat(taken.fileno()).st_size


@contextmanager
def _timed(bounds: Bounds) -> Iterator[None]:
    if threading.current_thread() is not threading.main_thread() or not hasattr(signal, "setitimer"):
        yield
        return

    def stop(_signal: int, _frame: FrameType | None) -> None:
        raise _TimeIsUp

    timers = ((signal.SIGALRM, signal.ITIMER_REAL, bounds.wait), (signal.SIGPROF, signal.ITIMER_PROF, bounds.work))
    before = [signal.signal(number, stop) for number, _, _ in timers]
    collecting = gc.isenabled()
    gc.disable()  # a collection calls back into libraries that would swallow the end of the time
    began = time.monotonic()
    running = [signal.setitimer(timer, seconds, 0.5) for _, timer, seconds in timers]  # again and again: a plugin may catch the first
    try:
        yield
    finally:
        for (number, timer, _), handler, (left, every) in zip(timers, before, running, strict=True):
            signal.setitimer(timer, 0)
            signal.signal(number, handler)
            if left:  # a test's own timer goes on
                signal.setitimer(timer, max(left - (time.monotonic() - began), 0.01), every)
        if collecting:
            gc.enable()


@contextmanager
def _held(bounds: Bounds) -> Iterator[None]:
    """Let the process grow by so much and no more while the block runs, where the system can say how large it is."""
    size = Path("/proc/self/statm")
    if not size.exists() or sys.platform != "linux":
        yield
        return
    soft, hard = resource.getrlimit(resource.RLIMIT_AS)
    most = int(size.read_text().split()[0]) * resource.getpagesize() + bounds.memory
    resource.setrlimit(resource.RLIMIT_AS, (most if soft == resource.RLIM_INFINITY else min(most, soft), hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_AS, (soft, hard))
