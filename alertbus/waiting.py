"""Three ways to wait: until told to stop or for so long, until something has come true or for so long, and until a task has ended."""

import asyncio
import contextlib
from collections.abc import Awaitable, Callable


async def pause(stop: asyncio.Event, seconds: float) -> None:
    """Return after so many seconds, or at once when `stop` is set."""
    with contextlib.suppress(TimeoutError):
        async with asyncio.timeout(max(seconds, 0.0)):
            await stop.wait()


async def ended(task: asyncio.Task[None]) -> None:
    """Cancel the task and return once it has ended, whatever it ended with.

    What they await may swallow a cancellation: aiokafka's clients do while they stop. A task that works for ever would then go on for ever,
    and so would whoever waits for its end. So it is asked again until it has.
    """
    while not task.done():
        task.cancel()
        await asyncio.wait({task}, timeout=_ASK_AGAIN_S)
    if not task.cancelled():
        task.exception()  # looked at, so that nobody is told that it never was


_ASK_AGAIN_S = 0.5


async def eventually(holds: Callable[[], Awaitable[bool]], within_s: float, every_s: float) -> bool:
    """Ask until the answer is yes: True. False when the time is over; it is asked once at least, and once more at the end."""
    loop = asyncio.get_running_loop()
    deadline = loop.time() + within_s
    while not await holds():
        if loop.time() >= deadline:
            return False
        await asyncio.sleep(min(every_s, max(deadline - loop.time(), 0.0)))
    return True
