"""Raising the watchdog's alert, through the same door as everybody's, once in every interval (`model.watchdog`).

Every gateway raises it, and those of one interval are one alert, because they have one id. The rows that its alerts leave in
`gateway_accepted` are deleted after a while.
"""

import asyncio
from datetime import timedelta

import structlog
from sqlalchemy import delete

from alertbus.broker.faults import BrokerFault
from alertbus.intake.intake import Intake
from alertbus.intake.tables import accepted
from alertbus.model import watchdog
from alertbus.model.errors import BusError
from alertbus.sql.engine import database_faults
from alertbus.waiting import pause

REMEMBERED = 60
"""How many intervals back the rows of its alerts are looked for and deleted. Chosen: a longer stop leaves one row, which is harmless."""

log = structlog.get_logger("alertbus.gateway")


async def run_watchdog(intake: Intake, every: timedelta, stopping: asyncio.Event) -> None:
    """Raise the alert at once and when each interval begins, until `stopping`. Trouble is logged, and the next interval tries again."""
    knows_case = False
    while every and not stopping.is_set():
        try:
            if not knows_case:
                await intake.cases.put(watchdog.its_case(), by_watchdog=True)
                knows_case = True
            await raise_alert(intake, every)
        except (BusError, BrokerFault) as fault:
            knows_case = False  # its database may be another one by now
            log.warning("the watchdog could not raise its alert", code=getattr(fault, "code", "broker_fault"))
        now = intake.now()
        wait = watchdog.interval_start(now, every) + every - now
        await pause(stopping, wait.total_seconds())


async def raise_alert(intake: Intake, every: timedelta) -> None:
    """State this interval's alert; once it is durable, delete the rows of those before it."""
    now = intake.now()
    await intake.alerts.accept([watchdog.its_alert(now, every)], by_watchdog=True)
    before = [watchdog.its_alert(now - n * every, every).alert_id for n in range(1, REMEMBERED + 1)]
    with database_faults():
        async with intake.engine.begin() as connection:
            await connection.execute(delete(accepted).where(accepted.c.alert_id.in_(before)))
