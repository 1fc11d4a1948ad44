"""What plugins print, log and warn of holds what they were given: it is dropped, and counted by plugin, without a word of it.

In a part of a bus nothing of ours is printed, so all that is goes the same way; what libraries below Python write to the two files goes it
too, and nobody can say whose that was.
"""

import io
import logging
import os
import sys
import threading
from collections import Counter
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Protocol, TextIO

NOBODY = "unknown"
"""Whose it was when no plugin was being called in that thread."""

_PIECE = 65_536
_here = threading.local()
_lock = threading.Lock()
_counts: Counter[str] = Counter()


class Closing(Protocol):
    def close(self) -> None: ...


@contextmanager
def called(plugin: str) -> Iterator[None]:
    """While the block runs, this thread is in that plugin's code."""
    before = running()
    _here.plugin = plugin
    try:
        yield
    finally:
        _here.plugin = before


def running() -> str | None:
    """The plugin in whose code this thread is now; None outside of all."""
    return getattr(_here, "plugin", None)


def dropped(plugin: str | None = None) -> None:
    """Count one piece of text that was dropped; in the log only the first, the second, the fourth...: seen, and no flood."""
    whose = plugin or running() or NOBODY
    with _lock:
        _counts[whose] += 1
        times = _counts[whose]
    if times & (times - 1) == 0:
        _say(whose, times)


def _say(whose: str, times: int) -> None:
    inside, _here.plugin = running(), None  # this line is ours, and may be written
    try:
        import structlog  # a command that is asked for once has nothing to log

        structlog.stdlib.get_logger("alertbus.python").warning("something was printed and is not kept", plugin=whose, count=times)
    finally:
        _here.plugin = inside


def counted() -> Mapping[str, int]:
    """How often something was dropped since this process began, by plugin."""
    with _lock:
        return dict(_counts)


class Hushed(logging.Filter):
    """Keeps out of the log whatever a plugin writes to any logger while it is being called."""

    def filter(self, _record: logging.LogRecord) -> bool:
        if running() is None:
            return True
        dropped()
        return False


class Unheard(io.TextIOBase):
    """A file for print and its like: takes everything and keeps nothing."""

    def write(self, text: str) -> int:
        if text.strip():
            dropped()
        return len(text)

    def writable(self) -> bool:
        return True


def drop_what_is_printed() -> None:
    """From now on nothing that Python code prints in this process is kept. For the parts of a bus, which run agencies' plugins."""
    sys.stdout = Unheard()
    sys.stderr = Unheard()


@contextmanager
def nothing_heard() -> Iterator[TextIO]:
    """While the block runs nothing that is written to standard output or standard error is kept, by print or from C. Gives where our own
    log goes: the standard error that there was.
    """
    sys.stdout.flush()
    sys.stderr.flush()
    out, err = sys.stdout, sys.stderr
    kept = [os.dup(1), os.dup(2)]
    log = os.fdopen(os.dup(2), "w", encoding="utf-8", errors="backslashreplace", buffering=1)
    reading, writing = os.pipe()
    os.dup2(writing, 1)
    os.dup2(writing, 2)
    os.close(writing)
    threading.Thread(target=_drain, args=(reading,), name="unheard", daemon=True).start()
    drop_what_is_printed()
    try:
        yield log
    finally:
        sys.stdout, sys.stderr = out, err
        for number, before in zip((1, 2), kept, strict=True):
            os.dup2(before, number)
            os.close(before)


def _drain(reading: int) -> None:
    """Read until the last who could write has gone. Who wrote cannot be told: a plugin's call may be over by now."""
    while os.read(reading, _PIECE):
        dropped(NOBODY)
    os.close(reading)
