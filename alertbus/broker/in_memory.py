"""A stand-in broker for machines without Java: the mock cluster inside librdkafka, in a process of its own.

It keeps nothing when it stops and little while it runs; every topic has 4 partitions, and a group only one member.
Good enough to see the bus work; never for a real alert. Run as `python -m alertbus.broker.in_memory` it is that process.
"""

import asyncio
import os
import subprocess
import sys
import threading
from pathlib import Path

from alertbus.broker import child
from alertbus.broker.faults import BrokerFault

BANNER = (
    "NOTHING IS KEPT. This is an in-memory stand-in for Kafka: every alert, case and acknowledgement is gone when it "
    "stops, and the oldest are dropped when there are many. Do not put a real alert in. For a broker that keeps its "
    "records: apt-get install default-jre-headless maven, then start again."
)

_START_LIMIT_S = 20.0
_BY_HAND = "Run it by hand to see why: python -m alertbus.broker.in_memory"


class MemoryBroker:
    """Same interface as `LocalKafka`. Every start is a new, empty broker on a new port."""

    keeps_nothing = True
    password_file = None

    def __init__(self) -> None:
        self._bootstrap = ""
        self._child: subprocess.Popen[bytes] | None = None

    @property
    def bootstrap(self) -> str:
        if not self._bootstrap:
            raise BrokerFault("the in-memory broker has no port yet", "Start it first.")
        return self._bootstrap

    @property
    def pid(self) -> int | None:
        return self._child.pid if self._child is not None else None

    @property
    def alive(self) -> bool:
        return self._child is not None and self._child.poll() is None

    async def start(self) -> None:
        if self.alive:
            return
        root = str(Path(__file__).parents[2])
        env = {**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, (root, os.environ.get("PYTHONPATH"))))}
        running = self._child = child.spawn(
            [sys.executable, "-m", "alertbus.broker.in_memory"], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, env=env
        )
        assert running.stdout is not None
        try:
            async with asyncio.timeout(_START_LIMIT_S):
                line = await asyncio.to_thread(running.stdout.readline)
        except BaseException as late:
            running.kill()  # ends the readline too
            await self.stop()
            if isinstance(late, TimeoutError):
                raise BrokerFault(f"the in-memory broker did not start in {_START_LIMIT_S:.0f} s", _BY_HAND) from late
            raise
        self._bootstrap = line.decode().strip()
        if not self._bootstrap:
            await self.stop()
            raise BrokerFault("the in-memory broker ended while starting", _BY_HAND)

    async def stop(self) -> None:
        if self._child is not None:
            await child.stop(self._child, grace_s=2.0)
            self._child = None


def _serve() -> None:
    from confluent_kafka import Producer

    holder = Producer({"test.mock.num.brokers": 1, "log_level": 0})
    node = next(iter(holder.list_topics(timeout=10).brokers.values()))
    print(f"{node.host}:{node.port}", flush=True)  # noqa: T201  the parent reads it
    threading.Event().wait()


if __name__ == "__main__":
    _serve()
