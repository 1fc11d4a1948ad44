"""Every bad source read by the bus's own caller of sources, in a process of its own, because some of them never end.

Writes one line of JSON for each: what became of each message, and how long another source's message took meanwhile.
"""

import asyncio
import copy
import json
import os
import time
from importlib import import_module
from pathlib import Path
from types import ModuleType
from typing import Any

from alertbus import logs, unheard
from alertbus.intake.source_calls import SourceAway, SourceBroke, SourceCalls
from alertbus.plugin import Ignored
from alertbus.plugin.kit import damage
from alertbus.plugin.manager import Plugins, offer
from tests.contract.bad_plugins.good_sources import LINES, Lines

LIMIT_S = 0.5
FEW = 12
NEVER_ENDS = "source_loops_when_missing"


def messages(bad: ModuleType) -> list[bytes]:
    spoiled = [raw for _, raw in damage.spoiled(bad.samples[0])]
    return [*bad.samples, *spoiled[:: max(1, len(spoiled) // FEW)], b"", b"Wintergreen \xff"]


async def became(calls: SourceCalls, source: Any, raw: bytes) -> str:
    """The outcome as the sender would be told it."""
    try:
        found = await calls.read(source, raw, {})
    except (SourceBroke, SourceAway) as fault:
        return f"{type(fault).__name__}: {fault}"
    if isinstance(found, Ignored):
        return f"ignored: {found.reason}"
    return f"{type(found).__name__}: " + " ".join(f"{one.path} {one.expected}" for one in found if not hasattr(one, "subjects"))


async def tried(name: str) -> dict[str, Any]:
    bad = import_module(f"tests.contract.bad_plugins.{name}")
    source, other = copy.copy(bad.source), Lines()
    source.name, other.name = "bad", "other"
    plugins = Plugins({"bad": offer(sources=[source]), "other": offer(sources=[other])})
    calls, others = SourceCalls(plugins, limit_s=LIMIT_S), SourceCalls(plugins)
    slowest, outcomes = 0.0, []
    for raw in messages(bad)[: 3 if name in {"source_sleeps", NEVER_ENDS} else None]:
        reading = asyncio.create_task(became(calls, source, raw))
        await asyncio.sleep(0)
        began = time.monotonic()
        meanwhile = await became(others, other, LINES)
        slowest = max(slowest, time.monotonic() - began)
        outcomes.append(await reading)
        assert meanwhile == "list: ", meanwhile
    return {"name": name, "slowest": slowest, "outcomes": outcomes}


def main(told: int) -> None:
    found = sorted(path.stem for path in Path(__file__).parent.glob("source_*.py"))
    for name in [*(each for each in found if each != NEVER_ENDS), NEVER_ENDS]:
        os.write(told, json.dumps(asyncio.run(tried(name))).encode() + b"\n")


if __name__ == "__main__":
    out = os.dup(1)
    with unheard.nothing_heard() as heard:  # as a part of the bus runs
        logs.configure("json", "info", "gateway", stream=heard)
        main(out)
        os._exit(0)  # a plugin that loops keeps its thread
