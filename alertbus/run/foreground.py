"""A supervised bus in the foreground: kept up until Ctrl-C or SIGTERM, then stopped in order."""

import asyncio
import signal

from alertbus.run.supervisor import Supervisor


async def keep_up(supervisor: Supervisor, *, exit_when_ready: bool = False) -> None:
    """Run the bus until Ctrl-C or SIGTERM, or only until it is ready."""
    say = supervisor.say
    stopping = stop_signals()
    try:
        await supervisor.start()
        if exit_when_ready:
            say("ready; stopping again as asked")
        else:
            say("ready. Ctrl-C stops everything.")
            await supervisor.watch(stopping)
            say("stopping ...")
    finally:
        await supervisor.stop()
    say("stopped; nothing is left running")


def stop_signals() -> asyncio.Event:
    """An event that Ctrl-C or SIGTERM sets; a second Ctrl-C is not needed and does no harm."""
    stopping = asyncio.Event()
    for sign in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(sign, stopping.set)
    return stopping
