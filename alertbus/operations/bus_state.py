"""The whole bus as somebody on call is shown it, subject by subject: what cannot be asked just now is None, and the rest comes all the
same, within a few seconds. Counts and times only; nothing in it is about anybody.
"""

import asyncio
from collections.abc import Awaitable, Mapping
from datetime import datetime
from typing import Any, TypeVar

from pydantic import AwareDatetime
from sqlalchemy import func, select

from alertbus.broker import groups, topics
from alertbus.broker.faults import BrokerFault
from alertbus.chronicle import queries
from alertbus.chronicle.answers import Status
from alertbus.chronicle.tick_times import TickTimes, tick_times
from alertbus.delivery.ledger.tables import LedgerState, ledger
from alertbus.directory.outbox import unheard
from alertbus.model import watchdog
from alertbus.model.base import Word
from alertbus.model.errors import BusError
from alertbus.operations.gauges import Vitals, last_arrival_s
from alertbus.operations.progress import Lag, TopicFlow
from alertbus.operations.undelivered import Undelivered, undelivered
from alertbus.reconcile.results import LatestRun, latest_run
from alertbus.sql.database import Database
from alertbus.sql.engine import database_faults, reading

T = TypeVar("T")

LIMIT_S = 3.0
"""Seconds that one subject may take. Chosen: whoever is woken waits no longer for a page; a broker that answers at all is quicker."""


class StageState(Word):
    """One station on the way of an alert. None: not known just now."""

    name: str
    """`intake`, `stream`, `delivery` or `chronicle`."""
    pending: int | None
    oldest_s: float | None
    """How long the oldest has waited; 0 when nothing waits."""
    came: int | None
    """How many records came during the last five minutes."""


class OnTheWay(Word):
    """What the ledger has and no agency's system has taken yet."""

    notices: int
    failed: int
    """Those of which their case has been told that they cannot be delivered."""
    agencies: int
    oldest_s: float | None


class BusState(Word):
    """How the bus is at `at`."""

    at: AwareDatetime
    unknown: tuple[str, ...]
    """The subjects that could not be asked."""
    stages: tuple[StageState, ...]
    on_the_way: OnTheWay | None
    undelivered: tuple[Undelivered, ...] | None
    watchdog_interval_s: int
    watchdog_last_arrival_s: float | None
    """None where none ever came, or where `watchdog` is unknown."""
    ticks: int | None
    tick_worst_s: float | None
    quarantine: Mapping[str, int] | None
    """By disposition."""
    chronicle: Mapping[str, Any] | None
    """The chronicle in numbers, as `alertbus status` has them, without the id of anything."""
    reconcile: Mapping[str, Any] | None
    """The latest run; None where there was none, or where `reconcile` is unknown."""


async def bus_state(vitals: Vitals) -> BusState:
    """Ask everything at the same time. Never raises for a broker or a database that is away."""
    now = vitals.now()
    asked: dict[str, Awaitable[Any]] = {
        "progress": _flow(vitals, now),
        "intake": _unheard(vitals.engine),
        "delivery": _on_the_way(vitals.engine, now),
        "undelivered": undelivered(vitals.engine),
        "watchdog": last_arrival_s(vitals),
        "clock": tick_times(vitals.engine, now),
        "quarantine": vitals.depth.by_disposition(),
        "chronicle": queries.status(vitals.engine, now),
        "reconcile": latest_run(vitals.engine),
    }
    answers = await asyncio.gather(*map(_within, asked.values()))
    known = {subject: answer for subject, (answered, answer) in zip(asked, answers, strict=True) if answered}
    flow: tuple[dict[str, Lag], dict[str, TopicFlow]] = known.get("progress") or ({}, {})
    ticks: TickTimes | None = known.get("clock")
    late: list[Undelivered] | None = known.get("undelivered")
    kept, status, run = known.get("quarantine"), known.get("chronicle"), known.get("reconcile")
    return BusState(
        at=now,
        unknown=tuple(subject for subject in asked if subject not in known),
        stages=tuple(_stages(*flow, known.get("intake"))),
        on_the_way=known.get("delivery"),
        undelivered=None if late is None else tuple(late),
        watchdog_interval_s=vitals.watchdog_interval_s,
        watchdog_last_arrival_s=known.get("watchdog"),
        ticks=ticks.ticks if ticks else None,
        tick_worst_s=ticks.worst_s if ticks else None,
        quarantine=None if kept is None else {disposition.value: count for disposition, count in kept.items()},
        chronicle=None if status is None else _numbers(status),
        reconcile=_shown(run, now) if run else None,
    )


async def _within(asked: Awaitable[T]) -> tuple[bool, T | None]:
    try:
        async with asyncio.timeout(LIMIT_S):
            return True, await asked
    except (TimeoutError, BusError, BrokerFault):
        return False, None


async def _flow(vitals: Vitals, now: datetime) -> tuple[dict[str, Lag], dict[str, TopicFlow]]:
    return await vitals.progress.groups(now), await vitals.progress.topics(now)


async def _unheard(engine: Database) -> int:
    with database_faults():
        async with reading(engine) as connection:
            return await unheard(connection)


async def _on_the_way(engine: Database, now: datetime) -> OnTheWay:
    row = ledger.c
    query = select(
        func.count(),
        func.count().filter(row.state == LedgerState.FAILED.value),
        func.count(row.agency.distinct()),
        func.min(row.recorded_at, type_=row.recorded_at.type),
    ).where(row.done_at.is_(None), row.agency != watchdog.AGENCY)
    with database_faults():
        async with reading(engine) as connection:
            count, failed, agencies, oldest = (await connection.execute(query)).one()
    return OnTheWay(notices=count, failed=failed, agencies=agencies, oldest_s=None if oldest is None else _age(oldest, now))


def _stages(lags: Mapping[str, Lag], flows: Mapping[str, TopicFlow], unpublished: int | None) -> list[StageState]:
    accepted = flows.get(topics.ALERTS)
    # Alerts wait on the topic, and are the next stage's; what the gateway itself owes is what the directory has decided.
    stages = [StageState(name="intake", pending=unpublished, oldest_s=None, came=accepted.came if accepted else None)]
    for name, group in (("stream", groups.STREAM), ("delivery", groups.DELIVERY), ("chronicle", groups.CHRONICLE)):
        lag = lags.get(group)
        oldest = None if lag is None else lag.oldest_s or 0.0
        stages.append(StageState(name=name, pending=lag.pending if lag else None, oldest_s=oldest, came=lag.came if lag else None))
    return stages


def _numbers(status: Status) -> dict[str, Any]:
    """Without ids: one leads to a family for whoever may see families, and to nobody else it says anything."""
    found = status.model_dump(mode="json", exclude={"progress"})
    for oldest in (found["oldest_unanswered"], found["items"]["oldest_unowned"]):
        if oldest is not None:
            del oldest["obligation_id"]
    if found["oldest_review"] is not None:
        del found["oldest_review"]["id"]
    return found


def _shown(run: LatestRun, now: datetime) -> dict[str, Any]:
    return run.shown(now)


def _age(since: datetime, now: datetime) -> float:
    return max(0.0, (now - since).total_seconds())
