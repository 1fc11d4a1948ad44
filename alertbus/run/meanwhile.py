"""A whole bus for as long as something is done with it: started, watched meanwhile, and stopped in order."""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Callable

from alertbus.run.bootstrap import PARTS
from alertbus.run.supervisor import Supervisor
from alertbus.settings import Settings


@contextlib.asynccontextmanager
async def bus_while(settings: Settings, tell: Callable[[str], None], parts: tuple[str, ...] = PARTS) -> AsyncIterator[Supervisor]:
    """A supervised bus for as long as the block runs, its parts watched all the while."""
    supervisor = Supervisor(settings, tell, parts)
    done = asyncio.Event()
    watching: asyncio.Task[None] | None = None
    try:
        await supervisor.start()
        watching = asyncio.create_task(supervisor.watch(done))
        yield supervisor
    finally:
        done.set()
        if watching is not None:
            await watching
        await supervisor.stop()
