"""Alerts over HTTP at a steady rate, whatever becomes of them: open loop, so that a slow bus does not slow its own measurement.

An alert's clock starts when its turn comes by the timetable, not when the client got round to sending it: a stall then counts against every
alert that should have been sent during it (the omission that Gil Tene calls coordinated).
"""

import asyncio
import time
from collections.abc import Sequence
from dataclasses import dataclass

import httpx

from alertbus.model.alert import Alert
from alertbus.model.errors import BusError

CONNECTIONS = 50


class NotAccepted(BusError):
    code = "bench_not_accepted"


@dataclass(frozen=True, slots=True)
class Sent:
    """One alert on its way, in seconds of the monotonic clock."""

    alert_id: str
    scheduled: float
    sent: float
    accepted: float
    """When its 202 was read."""


async def steady(url: str, alerts: Sequence[Alert], per_s: float) -> list[Sent]:
    """Send each alert at its own moment, and return when all are answered. Raises `NotAccepted` on any answer but 202."""
    bodies = [alert.model_dump_json(by_alias=True, exclude_defaults=True).encode() for alert in alerts]
    limits = httpx.Limits(max_connections=CONNECTIONS, max_keepalive_connections=CONNECTIONS)
    async with httpx.AsyncClient(base_url=url, limits=limits, timeout=60.0, trust_env=False) as client:

        async def one(body: bytes, scheduled: float) -> Sent:
            sent = time.monotonic()
            answer = await client.post("/v1/alerts", content=body, headers={"content-type": "application/json"})
            accepted = time.monotonic()
            if answer.status_code != httpx.codes.ACCEPTED:
                raise NotAccepted(f"the gateway answered {answer.status_code} where 202 was due")
            return Sent(answer.json()["id"], scheduled, sent, accepted)

        async with asyncio.TaskGroup() as under_way:
            tasks = []
            began = time.monotonic()
            for number, body in enumerate(bodies):
                scheduled = began + number / per_s
                if (early := scheduled - time.monotonic()) > 0:
                    await asyncio.sleep(early)
                tasks.append(under_way.create_task(one(body, scheduled)))
    return [task.result() for task in tasks]
