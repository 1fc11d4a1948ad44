"""What a gateway does again and again: it finishes what it, or another that died, has begun, and anchors the audit."""

import asyncio
from collections.abc import Awaitable, Callable

import structlog

from alertbus.audit.anchor import STEADY
from alertbus.broker.faults import BrokerFault
from alertbus.intake.completion import LOOK_S
from alertbus.intake.intake import Intake
from alertbus.model.errors import BusError
from alertbus.waiting import pause

TEAMS_S = 15.0
"""Seconds between two searches for teams whose latest version is not on Kafka yet. Chosen."""

REPUBLISH_S = 1.0
"""Seconds between two searches for cases whose people turned out to be others. Chosen: a family is told at most this late that an alert
was not about them, or was."""

log = structlog.get_logger("alertbus.intake")


async def run_finishing(intake: Intake, stopping: asyncio.Event) -> None:
    """Go on until `stopping`. Trouble is logged and tried again: nothing that was begun is forgotten."""
    await asyncio.gather(
        _repeat(intake.people.republish, REPUBLISH_S, stopping, "cases wait to be published again"),
        _repeat(intake.completion.complete, LOOK_S, stopping, "answers wait to be told to their cases"),
        _repeat(intake.teams.republish, TEAMS_S, stopping, "teams wait to be published again"),
        _repeat(intake.audited.anchor, STEADY.total_seconds(), stopping, "the audit is not anchored"),
    )


async def _repeat(work: Callable[[], Awaitable[int]], every_s: float, stopping: asyncio.Event, trouble: str) -> None:
    while not stopping.is_set():
        try:
            await work()
        except (BusError, BrokerFault) as fault:
            log.warning(trouble, code=getattr(fault, "code", "broker_fault"))
        await pause(stopping, every_s)
