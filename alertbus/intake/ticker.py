"""Time on real cases: an agency that joins a case today is told today what stands. Whoever plays an exercise moves its clock."""

import asyncio

import structlog

from alertbus.broker.faults import BrokerFault
from alertbus.intake.cases import CaseIntake
from alertbus.model.errors import BusError
from alertbus.waiting import pause

WAKE_S = 15.0
"""Seconds between two searches for cases on which something has begun. Chosen: an agency is told at most this late."""

log = structlog.get_logger("alertbus.intake")


async def run_ticker(cases: CaseIntake, stopping: asyncio.Event) -> None:
    """Tick due cases until `stopping`. Trouble is logged and tried again: nothing due is forgotten."""
    while not stopping.is_set():
        try:
            await cases.wake()
        except (BusError, BrokerFault) as fault:
            log.warning("ticks wait", code=getattr(fault, "code", "broker_fault"))
        await pause(stopping, WAKE_S)
