"""A stream worker as a process of its own, for tests that kill or pause one: `python -m tests.integration.traps.child BOOTSTRAP URL FOLDER TWIST STUCK_S CLOCK`.

Says `assigned`, then what its twist says, one line each; a twist that waits goes on at a line on stdin. Ends like `alertbus run stream`.
"""

import asyncio
import signal
import sys
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

from alertbus import logs
from alertbus.policy.load import load_policy
from alertbus.sql.engine import make_engine
from alertbus.stream.worker import StreamWorker
from tests.integration.traps import twists
from tests.integration.traps.bus import PARTITIONS


def say(word: str) -> None:
    print(word, flush=True)


async def gated(gate: twists.Gate) -> None:
    """Say that the gate was reached; open it at a line on stdin."""
    await gate.reached.wait()
    say("held")
    await asyncio.to_thread(sys.stdin.readline)
    gate.opened.set()


def moved_by(file: Path) -> Callable[[], datetime]:
    """The wall clock, moved by the seconds that stand in the file when it is looked at."""
    return lambda: datetime.now(UTC) + timedelta(seconds=float(file.read_text()))


async def main(bootstrap: str, url: str, folder: str, twist: str, stuck_s: float, clock: str) -> None:
    logs.configure("json", "INFO", "stream")
    engine, stop, gate = make_engine(url), asyncio.Event(), twists.Gate()
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, stop.set)
    worker = StreamWorker(
        bootstrap,
        engine,
        load_policy(),
        Path(folder),
        partitions=PARTITIONS,
        ready=lambda: say("assigned"),
        now=moved_by(Path(clock)),
        stuck_s=stuck_s,
    )
    twists.BY_NAME[twist](gate)(worker)
    waiting = asyncio.create_task(gated(gate))
    await worker.run(stop)
    waiting.cancel()
    await engine.dispose()


if __name__ == "__main__":
    asyncio.run(main(*sys.argv[1:5], float(sys.argv[5]), sys.argv[6]))
