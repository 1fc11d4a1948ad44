"""Step 5, the full reconciliation: everything is read from Kafka and judged anew.

It trusts no memory of earlier runs, holds all it has read (bare, without what was said), and counts as a difference
what is merely under way: run it when the bus is quiet. `incremental` is the same judge on a bus at work, every minute.
"""

from collections.abc import Iterable
from datetime import UTC, datetime

from sqlalchemy import select

from alertbus.broker.consumer import read_all
from alertbus.chronicle import tables
from alertbus.chronicle.views import same_exercise, view
from alertbus.model.base import Word
from alertbus.policy.policy import Policy
from alertbus.reconcile.evidence import READ, Evidence
from alertbus.reconcile.holdings import ledger_rows
from alertbus.reconcile.judge import Discrepancy, DiscrepancyKind, Holdings, judge
from alertbus.reconcile.mistaken import ClaimsRead
from alertbus.sql.database import Database, Transaction


class Reconciliation(Word):
    """What does not agree, in lists by `judge.DiscrepancyKind`: obligation ids, but statements in `unidentified`, and statements
    and cases in `mistaken`.
    """

    difference: int
    """How many obligations and alerts stand in any of the lists but `undelivered`."""
    owed: int
    """How many obligations there should be."""
    missing: tuple[str, ...] = ()
    extra: tuple[str, ...] = ()
    unrecorded: tuple[str, ...] = ()
    unledgered: tuple[str, ...] = ()
    unreceipted: tuple[str, ...] = ()
    unidentified: tuple[str, ...] = ()
    mistaken: tuple[str, ...] = ()
    undelivered: tuple[str, ...] = ()


async def reconcile(
    bootstrap: str, engine: Database, policy: Policy, exercise: str | None = None, *, now: datetime | None = None
) -> Reconciliation:
    """Compare what is owed at `now` with notices, chronicle, ledger and receipts: of reality, or of one exercise.

    `now` None is this moment, or in an exercise the latest that its alerts and ticks have reached.
    """
    evidence, claims = Evidence(exercise), ClaimsRead(exercise, policy)
    async for record in read_all(bootstrap, READ):
        evidence.take(record)
        claims.take(record)
    async with view(engine) as connection:
        holdings = Holdings(await _recorded(connection, exercise), await ledger_rows(connection))
    moment = now or (evidence.clock if exercise else datetime.now(UTC))
    return compare(evidence, policy, moment, holdings, claims.mistaken(moment))


def compare(
    evidence: Evidence, policy: Policy, now: datetime, holdings: Holdings, mistaken: frozenset[Discrepancy] = frozenset()
) -> Reconciliation:
    """Judge all of the evidence at once. `mistaken` is what is wrong about who is who."""
    judgement = judge(evidence, policy, now, holdings)
    faults = judgement.faults | mistaken
    return Reconciliation(difference=differing(faults), owed=judgement.owed.total(), **by_sort(faults))


def differing(faults: Iterable[Discrepancy]) -> int:
    """Count what differs, each thing once; late by itself is no difference."""
    return len({fault.id for fault in faults if fault.sort is not DiscrepancyKind.UNDELIVERED})


def by_sort(faults: Iterable[Discrepancy]) -> dict[str, tuple[str, ...]]:
    found: dict[str, set[str]] = {sort.value: set() for sort in DiscrepancyKind}
    for fault in faults:
        found[fault.sort.value].add(fault.id)
    return {sort: tuple(sorted(ids)) for sort, ids in found.items()}


async def _recorded(connection: Transaction, exercise: str | None) -> dict[str, str]:
    owed = tables.obligation.c
    rows = await connection.execute(select(owed.id, owed.alert_id).where(same_exercise(owed.exercise, exercise)))
    return {row.id: row.alert_id for row in rows}
