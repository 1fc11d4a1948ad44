"""The whole bus in numbers, for a person or a machine that asks: `GET /-/progress`, and `alertbus status` where no gateway answers."""

import asyncio
from typing import Any

from alertbus.chronicle import queries
from alertbus.chronicle.reviews import owner_of
from alertbus.chronicle.tick_times import tick_times
from alertbus.directory.outbox import unheard
from alertbus.intake.ignored import ignored_counts
from alertbus.model.calendar import calendar_finding
from alertbus.model.case import UK
from alertbus.operations.gauges import Vitals, last_arrival_s
from alertbus.operations.progress import stalled, summary
from alertbus.operations.undelivered import undelivered
from alertbus.reconcile.results import latest_run
from alertbus.sql.engine import reading


async def overview(vitals: Vitals, front_door: str) -> dict[str, Any]:
    """How far behind each group is, what is undelivered, in quarantine and ignored, the watchdog, how late ticks are, the chronicle, and
    the latest reconciliation.

    `review` says what waits for a person: how much, the oldest, and whose it is to decide; `front_door` is the policy's.
    `pending` counts records that a group has not processed, and what the directory has decided and not yet published (`unpublished`).
    Counts and times only; nothing in it is about anybody. `stalled` says that something has waited for longer than it
    should, or that the watchdog is overdue. Raises `BrokerUnavailable`, `BrokerFault` or `DatabaseUnavailable`.
    """
    now, every = vitals.now(), vitals.watchdog_interval_s
    groups, status, arrival, reconciled, late, kept = await asyncio.gather(
        vitals.progress.groups(now),
        queries.status(vitals.engine, now),
        last_arrival_s(vitals),
        latest_run(vitals.engine),
        undelivered(vitals.engine),
        vitals.depth.by_disposition(),
    )
    async with reading(vitals.engine) as connection:  # asked last: what has just been identified may wait here
        waiting = await unheard(connection)
    behind, oldest = summary(groups), status.oldest_review
    return behind | {
        "pending": behind["pending"] + waiting,
        "unpublished": waiting,
        "stalled": stalled(groups, arrival, every),
        "watchdog": {"interval_s": every, "last_arrival_s": arrival},
        "clock": (await tick_times(vitals.engine, now))._asdict(),
        "undelivered": [one.model_dump(mode="json") for one in late],
        "quarantine": sum(kept.values()),
        "ignored": [one.model_dump(mode="json") for one in await ignored_counts(vitals.engine)],
        "bank_holidays": calendar_finding(now.astimezone(UK).date())._asdict(),
        "chronicle": status.model_dump(mode="json", exclude={"progress"}),
        "review": {
            "open": status.review,
            "by_reason": status.review_by_reason,
            "oldest": oldest and oldest.model_dump(mode="json") | {"owner": owner_of(oldest.reason, front_door)},
        },
        "reconcile": reconciled and reconciled.shown(now),
    }
