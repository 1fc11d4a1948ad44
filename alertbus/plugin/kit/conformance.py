"""The ground of both halves of the conformance kit: a broken rule, a world that must not be touched, a search for leaks."""

import builtins
import gc
import io
import os
import random
import socket
import sys
import time
import traceback
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from types import FrameType
from typing import Any

_OUTSIDE = frozenset(
    {
        builtins.open,
        io.open,
        os.open,
        os.urandom,
        socket.getaddrinfo,
        time.localtime,
        time.monotonic,
        time.monotonic_ns,
        time.perf_counter,
        time.sleep,
        time.time,
        time.time_ns,
    }
)


class Broken(AssertionError):
    """A rule that does not hold; the message says how it showed."""


def must(holds: object, how: str) -> None:
    if not holds:
        raise Broken(how)


@contextmanager
def world_closed() -> Iterator[None]:
    """Make network, files, clock and chance raise `Broken` while the block runs.

    Sockets and `open` are replaced; C functions such as `datetime.now` cannot be, so a profiler watches for them.
    """
    touched: list[str] = []

    def refuse(*_: Any, **__: Any) -> Any:
        touched.append("a file or the network")
        raise Broken("it opened a file or the network")

    def watch(_frame: FrameType, event: str, called: Any) -> None:
        if event != "c_call":
            return
        name = getattr(called, "__name__", "")
        owner = getattr(called, "__self__", None)
        a_clock = name in {"now", "utcnow", "today"} and getattr(owner, "__module__", "") == "datetime"
        if a_clock or called in _OUTSIDE or isinstance(owner, random.Random):
            touched.append(name)

    opened, plugged, watched = builtins.open, socket.socket, sys.getprofile()
    builtins.open = refuse
    socket.socket = refuse  # type: ignore[misc,assignment]
    collecting = gc.isenabled()
    gc.disable()  # a collection may call back into a test library that reads the clock
    sys.setprofile(watch)
    try:
        yield
    finally:
        sys.setprofile(watched)
        if collecting:
            gc.enable()
        builtins.open = opened
        socket.socket = plugged  # type: ignore[misc]
    must(not touched, f"it used {', '.join(sorted(set(touched)))}")


def everything_said_by(error: BaseException) -> str:
    """Give everything that a log could hold of an error: its text, its repr, what it is chained to."""
    lines = traceback.format_exception(error)
    return "\n".join([str(error), repr(error), repr(getattr(error, "__dict__", "")), *lines])


def leaked(text: str, canaries: Iterable[str]) -> list[int]:
    """Give the positions of the canaries that stand in the text; positions, because the report must not repeat them either."""
    return [i for i, canary in enumerate(canaries) if canary.casefold() in text.casefold()]
