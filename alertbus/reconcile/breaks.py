"""Rests between pieces of work, for what is not urgent and must not crowd out what is."""

import asyncio
import time
from collections.abc import Awaitable, Callable

LONGEST_S = 2.0
"""A rest is never longer. Chosen: well below the time in which a run counts as dead."""


class Breaks:
    """`begin`, then `rest` after each piece of work: all pieces together take at most a share of the time.

    Where others have the processor a piece takes longer, and so does the rest behind it.
    """

    def __init__(
        self,
        share: float,
        *,
        clock: Callable[[], float] = time.perf_counter,
        sleep: Callable[[float], Awaitable[object]] = asyncio.sleep,
    ) -> None:
        """`share` is above 0; 1 for no rest, but for a moment for the other tasks of this process. Clock and sleep are in seconds."""
        self._rest_for_work = 1 / share - 1
        self._clock, self._sleep = clock, sleep
        self._since = clock()

    def begin(self) -> None:
        self._since = self._clock()

    async def rest(self) -> None:
        await self._sleep(min((self._clock() - self._since) * self._rest_for_work, LONGEST_S))
        self._since = self._clock()
