"""Step 4 of the incremental reconciliation, its results: the verdict on each alert, since when it differs, and the answer to a caller.

A discrepancy that has lasted as long as the grace is a difference. A younger one is merely under way: a notice written a
moment ago that the ledger does not have yet.
"""

from collections import Counter
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import orjson
from pydantic import AwareDatetime
from sqlalchemy import bindparam, inspect, select, update

from alertbus.chronicle.views import view
from alertbus.model.base import Word
from alertbus.reconcile import tables
from alertbus.reconcile.evidence import BEGINNING, AlertEvidence
from alertbus.reconcile.full import Reconciliation, by_sort, differing
from alertbus.reconcile.judge import STILL_TRIED, Discrepancy, DiscrepancyKind, Holdings, Judgement
from alertbus.reconcile.memory import AT_ONCE, REALITY, insert_new, pieces
from alertbus.sql.database import Database, Transaction
from alertbus.sql.engine import upsert

GRACE_S = 60.0
"""How long work under way may take before it counts as a difference. Chosen: long enough for a worker that
has to start again."""

MARK_BELOW = 2**31 - 1
"""`AlertVerdict.tried` stays below this: the largest value of its column."""


class IncrementalReconciliation(Reconciliation):
    """As the full answer, but the lists hold what has differed for the grace or longer; what is younger is under way."""

    under_way: tuple[str, ...] = ()
    at: AwareDatetime | None = None
    """When the latest run ended; None before the first."""


class LatestRun(Word):
    """The latest run in numbers, for metrics. `exercises` are all of them together."""

    at: AwareDatetime
    difference: int
    under_way: int
    undelivered: int
    owed: int
    exercises_difference: int
    exercises_under_way: int
    grace_s: float
    records: int
    """How many the run read."""
    judged: int
    """How many alerts the run judged."""
    took_s: float

    def age_s(self, now: datetime) -> float:
        return max(0.0, (now - self.at).total_seconds())

    def shown(self, now: datetime) -> dict[str, Any]:
        return self.model_dump(mode="json") | {"age_s": round(self.age_s(now), 1)}


@dataclass(frozen=True, slots=True)
class AlertVerdict:
    """The verdict on one alert when it was judged: how much is owed, and what does not agree."""

    alert_id: str
    exercise: str
    owed: int
    tried: int = 0
    """Which of its notices delivery still tried: the squares of their rows' numbers, added up below `MARK_BELOW`."""
    faults: Mapping[Discrepancy, datetime] | None = None
    """Each with since when."""
    wakes_at: datetime | None = None
    judged_at: datetime | None = None

    @property
    def row(self) -> dict[str, Any]:
        lasting = [[fault.sort, fault.id, since.isoformat()] for fault, since in sorted((self.faults or {}).items())]
        return {
            "judged": self.alert_id,
            "due": any(fault.sort is not DiscrepancyKind.UNDELIVERED for fault in self.faults or {}),
            "wakes_at": self.wakes_at,
            "judged_at": self.judged_at,
            "owed": self.owed,
            "tried": self.tried,
            "faults": orjson.dumps(lasting) if lasting else None,
        }


async def verdicts_before(connection: Transaction, alerts: Collection[str]) -> dict[str, AlertVerdict]:
    """Give the last verdicts on these alerts, which must be few enough for one query (`AT_ONCE`)."""
    alert = tables.alert.c
    query = select(alert.alert_id, alert.exercise, alert.owed, alert.faults).where(alert.alert_id.in_(alerts))
    return {
        row.alert_id: AlertVerdict(row.alert_id, row.exercise, row.owed, faults=_faults(row.alert_id, row.faults))
        for row in await connection.execute(query)
    }


def verdicts_now(
    alerts: Iterable[AlertEvidence],
    before: Mapping[str, AlertVerdict],
    judgement: Judgement,
    holdings: Holdings,
    now: datetime,
    *,
    rechecked: bool,
) -> list[AlertVerdict]:
    """Give the verdicts of a judgement. A discrepancy that was there before is as old as it was.

    A new one is as old as what last happened to its alert; found by a recheck, where nothing happened, as old as now.
    """
    ledger = (holdings.ledger or {}).values()
    tried: Counter[str] = Counter()
    for row in ledger:
        if row.state in STILL_TRIED:
            tried[row.alert_id] = (tried[row.alert_id] + row.seq * row.seq) % MARK_BELOW
    moved: dict[str, datetime] = {}
    for row in ledger:
        moved[row.alert_id] = max(row.since, moved.get(row.alert_id, row.since))
    faults: dict[str, list[Discrepancy]] = {}
    for fault in judgement.faults:
        faults.setdefault(fault.alert_id, []).append(fault)
    found = []
    for one in alerts:
        known = before[one.alert_id].faults or {}
        happened = now if rechecked else min(now, max(one.touched_at, moved.get(one.alert_id, BEGINNING)))
        since = {fault: known.get(fault, happened) for fault in faults.get(one.alert_id, ())}
        owed, wakes_at = judgement.owed[one.alert_id], judgement.wakes.get(one.alert_id)
        found.append(AlertVerdict(one.alert_id, one.exercise or REALITY, owed, tried[one.alert_id], since, wakes_at, now))
    return found


async def write_verdicts(connection: Transaction, after: Sequence[AlertVerdict], before: Mapping[str, AlertVerdict]) -> None:
    alert = tables.alert
    names = ("due", "wakes_at", "judged_at", "owed", "tried", "faults")
    values: dict[str, Any] = {name: bindparam(f"new_{name}", type_=alert.c[name].type) for name in names}
    rows = [{key if key == "judged" else f"new_{key}": value for key, value in one.row.items()} for one in after]
    if rows:
        await connection.execute(update(alert).where(alert.c.alert_id == bindparam("judged")).values(values), rows)
    grown: Counter[str] = Counter()
    for one in after:
        grown[one.exercise] += one.owed - before[one.alert_id].owed
    exercise = tables.exercise
    await insert_new(connection, exercise, ({"exercise": name, "clock": BEGINNING, "woken_to": BEGINNING, "owed": 0} for name in grown))
    for name, more in grown.items():
        await connection.execute(update(exercise).where(exercise.c.exercise == name).values(owed=exercise.c.owed + more))


async def unknown(connection: Transaction, alerts: Collection[str]) -> set[str]:
    """Give those of the alerts that the memory does not know."""
    found: set[str] = set()
    for some in pieces(sorted(alerts), AT_ONCE):
        found |= set((await connection.execute(select(tables.alert.c.alert_id).where(tables.alert.c.alert_id.in_(some)))).scalars())
    return set(alerts) - found


async def incremental_reconciliation(
    engine: Database, now: datetime, grace_s: float = GRACE_S, exercise: str | None = None
) -> IncrementalReconciliation:
    """Give what the memory holds of reality, or of one exercise, judged by this grace."""
    async with view(engine) as connection:
        owed = await connection.execute(select(tables.exercise.c.owed).where(tables.exercise.c.exercise == (exercise or REALITY)))
        faults = await _all_faults(connection, tables.alert.c.exercise == (exercise or REALITY))
        last = await _latest(connection)
        return _outcome(faults, owed.scalar_one_or_none() or 0, now - timedelta(seconds=grace_s), last.at if last else None)


async def latest_run(engine: Database) -> LatestRun | None:
    """Give the latest run's numbers; None before the first, or when there is no memory."""
    async with view(engine) as connection:
        if not await connection.run_sync(lambda c: inspect(c).has_table(tables.result.name)):
            return None
        return await _latest(connection)


async def remember(connection: Transaction, now: datetime, grace_s: float, *, records: int, judged: int, took_s: float) -> None:
    """Keep the run's result for `latest_run`."""
    old = now - timedelta(seconds=grace_s)
    reality = _outcome(await _all_faults(connection, tables.alert.c.exercise == REALITY), 0, old)
    exercises = _outcome(await _all_faults(connection, tables.alert.c.exercise != REALITY), 0, old)
    owed = await connection.execute(select(tables.exercise.c.owed).where(tables.exercise.c.exercise == REALITY))
    found = LatestRun(
        at=now,
        difference=reality.difference,
        under_way=len(reality.under_way),
        undelivered=len(reality.undelivered),
        owed=owed.scalar_one_or_none() or 0,
        exercises_difference=exercises.difference,
        exercises_under_way=len(exercises.under_way),
        grace_s=grace_s,
        records=records,
        judged=judged,
        took_s=round(took_s, 3),
    )
    row = {"id": 1, "at": now, "body": found.model_dump_json().encode()}
    await connection.execute(upsert(tables.result, connection.dialect.name, update=["at", "body"]), [row])


def _outcome(faults: Mapping[Discrepancy, datetime], owed: int, old: datetime, at: datetime | None = None) -> IncrementalReconciliation:
    lasting = {fault for fault, since in faults.items() if since <= old or fault.sort is DiscrepancyKind.UNDELIVERED}
    lists = by_sort(lasting)
    known = {one for sort, ids in lists.items() if sort != DiscrepancyKind.UNDELIVERED for one in ids}
    under_way = {fault.id for fault in faults.keys() - lasting} - known
    return IncrementalReconciliation(difference=differing(lasting), owed=owed, **lists, under_way=tuple(sorted(under_way)), at=at)


async def _all_faults(connection: Transaction, which: Any) -> dict[Discrepancy, datetime]:
    alert = tables.alert.c
    rows = await connection.execute(select(alert.alert_id, alert.faults).where(which, alert.faults.is_not(None)))
    return {fault: since for row in rows for fault, since in _faults(row.alert_id, row.faults).items()}


def _faults(alert_id: str, body: bytes | None) -> dict[Discrepancy, datetime]:
    lasting = orjson.loads(body) if body else []
    return {Discrepancy(alert_id, DiscrepancyKind(sort), one): datetime.fromisoformat(since) for sort, one, since in lasting}


async def _latest(connection: Transaction) -> LatestRun | None:
    body = (await connection.execute(select(tables.result.c.body))).scalar_one_or_none()
    return LatestRun.model_validate_json(body) if body else None
