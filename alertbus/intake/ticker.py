"""Time passing on real cases: whoever was to begin today is told today what stands today.

An exercise's clock is moved by whoever plays it.
"""

import asyncio

import structlog

from alertbus.broker.faults import BrokerFault
from alertbus.intake.cases import CaseIntake
from alertbus.model.errors import BusError
from alertbus.waiting import pause

WAKE_S = 15.0
"""How often cases are looked for on which something has begun: late by this much at most (ours)."""

log = structlog.get_logger("alertbus.intake")


async def tick(cases: CaseIntake, stopping: asyncio.Event) -> None:
    """Until `stopping`. Trouble is logged and tried again: nothing due is forgotten."""
    while not stopping.is_set():
        try:
            await cases.wake()
        except (BusError, BrokerFault) as fault:
            log.warning("ticks wait", code=getattr(fault, "code", "broker_fault"))
        await pause(stopping, WAKE_S)
