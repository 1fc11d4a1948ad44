"""What a bus costs that has nothing to do: each part's share of a processor over some time, and its memory.

Set as it is shipped: every minute the bus compares itself with what it owes, and sends its watchdog alert the whole way. Before, it has
carried some alerts, so that everything is loaded and connected. The supervisor of `alertbus up` is not there.
"""

import asyncio
import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from alertbus.bench.figures import median_of
from alertbus.bench.process import ProcessMemory, memory_with_share
from alertbus.bench.whole_bus import WholeBus, database_name, whole_bus
from alertbus.run.bootstrap import PARTS

SETTLING_S = 10.0
"""Before it is measured: what the last alert left to be done later is done then."""

AS_SHIPPED = {"ALERTBUS_WATCHDOG_INTERVAL_S": "60"}
CLIENT = "client"


@dataclass(frozen=True, slots=True)
class IdleBus:
    """By process: the four parts, the receivers, the broker, and the database where it has a server of its own."""

    database: str
    seconds: float
    cpu_percent: Mapping[str, float]
    """Of one processor."""
    memory: Mapping[str, ProcessMemory]
    most_of_a_part: float
    """The largest share of one of our four parts, in percent of a processor."""
    memory_mib: float | None
    """Resident memory of the bus in all: parts and broker, by PSS where the kernel gives it, and without database and receivers."""


async def idle_bus(
    folder: Path, *, seconds: float, runs: int, families: int, database: str | None = None, database_pid: int | None = None
) -> IdleBus:
    """Look at a bus with these families for so long, and so many times. The medians."""
    async with whole_bus(folder, families=families, database=database, database_pid=database_pid, settings=AS_SHIPPED) as bus:
        await asyncio.sleep(SETTLING_S)
        return median_of([await _looked_at(bus, seconds, database_name(database)) for _ in range(runs)])


async def _looked_at(bus: WholeBus, seconds: float, database: str) -> IdleBus:
    used, began = bus.cpu(), time.monotonic()
    await asyncio.sleep(seconds)
    took = time.monotonic() - began
    share = {name: round(100 * (after - used[name]) / took, 2) for name, after in bus.cpu().items() if name != CLIENT}
    for process in bus.processes.values():
        process.alive()
    pids = {name: process.pid for name, process in bus.processes.items()} | {"broker": bus.broker.pid}
    memory = {name: memory_with_share(pid) for name, pid in pids.items() if pid is not None}
    ours = [memory[name].pss or memory[name].rss for name in (*PARTS, "broker") if name in memory]
    return IdleBus(
        database=database,
        seconds=round(took, 1),
        cpu_percent=share,
        memory=memory,
        most_of_a_part=max(share[name] for name in PARTS),
        memory_mib=round(sum(one for one in ours if one is not None), 1) if all(ours) else None,
    )
