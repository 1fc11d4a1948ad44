"""The whole bus in numbers, for a person or a machine that asks: `GET /-/progress`, and `alertbus status` where no gateway answers."""

import asyncio
from typing import Any

from alertbus.chronicle import queries
from alertbus.chronicle.reviews import owner_of
from alertbus.operations.gauges import Vitals, last_arrival_s
from alertbus.operations.progress import stalled, summary
from alertbus.operations.undelivered import undelivered
from alertbus.reconcile.results import latest_run


async def overview(vitals: Vitals, front_door: str) -> dict[str, Any]:
    """How far behind each group is, what is undelivered and in quarantine, the watchdog, the chronicle, the latest reconciliation, and what
    waits for a person: how much, the oldest, and whose it is to decide; `front_door` is the policy's.

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
    waiting = status.oldest_review
    return summary(groups) | {
        "stalled": stalled(groups, arrival, every),
        "watchdog": {"interval_s": every, "last_arrival_s": arrival},
        "undelivered": [one.model_dump(mode="json") for one in late],
        "quarantine": sum(kept.values()),
        "chronicle": status.model_dump(mode="json", exclude={"progress"}),
        "review": {
            "open": status.review,
            "by_reason": status.review_by_reason,
            "oldest": waiting and waiting.model_dump(mode="json") | {"owner": owner_of(waiting.reason, front_door)},
        },
        "reconcile": reconciled and reconciled.shown(now),
    }
