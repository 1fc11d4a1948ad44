"""Two ways to wait: until told to stop or for so long, and until something has come true or for so long."""

import asyncio
import contextlib
from collections.abc import Awaitable, Callable


async def pause(stop: asyncio.Event, seconds: float) -> None:
    """Return after so many seconds, or at once when `stop` is set."""
    with contextlib.suppress(TimeoutError):
        async with asyncio.timeout(max(seconds, 0.0)):  # not wait_for, which on Python 3.11 can swallow a cancellation
            await stop.wait()


async def eventually(holds: Callable[[], Awaitable[bool]], within_s: float, every_s: float) -> bool:
    """Ask until the answer is yes: True. False when the time is over; it is asked once at least, and once more at the end."""
    loop = asyncio.get_running_loop()
    deadline = loop.time() + within_s
    while not await holds():
        if loop.time() >= deadline:
            return False
        await asyncio.sleep(min(every_s, max(deadline - loop.time(), 0.0)))
    return True
