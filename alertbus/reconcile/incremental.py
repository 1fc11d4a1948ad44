"""Step 5 of the incremental reconciliation, one run on a bus at work. It reads what is new, and judges only the alerts
that the new touches, those that time touches, and those that did not agree before. The judge and the oracle are those of
the full reconciliation.

An alert that agreed and was not touched since is not judged again, except in its turn: each run rechecks a few of them
against the database. So a row that vanishes from the ledger years later is found within some rounds, and the cost of a
run does not grow with what the bus has done before.
"""

import time
from collections import defaultdict
from collections.abc import AsyncIterator, Callable, Collection, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import NamedTuple

import structlog
from sqlalchemy import case as when
from sqlalchemy import delete, func, literal, select, update

from alertbus.broker.consumer import read_all
from alertbus.broker.faults import RecordsSkipped
from alertbus.broker.record import Received
from alertbus.chronicle import tables as chronicle
from alertbus.chronicle.views import view
from alertbus.delivery.ledger.tables import ledger
from alertbus.model.errors import Unavailable
from alertbus.policy.policy import Policy
from alertbus.reconcile import tables
from alertbus.reconcile.breaks import Breaks
from alertbus.reconcile.evidence import BEGINNING, READ, AlertEvidence, Evidence
from alertbus.reconcile.holdings import NOT_WATCHDOGS, has_ledger, holdings_of
from alertbus.reconcile.judge import STILL_TRIED, judge
from alertbus.reconcile.memory import REALITY, Memory, alerts_known, cases_about, note_reached, pieces, reached
from alertbus.reconcile.new_evidence import Findings, take_in_alerts, take_in_the_rest, take_in_versions, touch
from alertbus.reconcile.results import GRACE_S, MARK_BELOW, AlertVerdict, remember, unknown, verdicts_before, verdicts_now, write_verdicts
from alertbus.sql.database import Database, Transaction
from alertbus.sql.engine import upsert
from alertbus.waiting import eventually

log = structlog.stdlib.get_logger(__name__)

READ_TOGETHER = 10_000
"""Records read before what they say is written. Chosen: an alert's records lie on several topics, and with 2,000 each dossier was read,
packed and written six times; 10,000 findings are some 10 MB."""

WRITTEN_TOGETHER = 100
"""Alerts, or versions of cases, in one transaction. Chosen short, because on SQLite nobody else writes meanwhile: some 20 ms."""

CHUNK = 2_000
"""Rows of the ledger looked at in one transaction."""

PAGE = 50
"""Alerts judged at once. Chosen: some 50 ms in which the process does nothing else."""

LOOKED_THROUGH = 200
"""Records read at once. Chosen: some 15 ms in which the process does nothing else."""

RECHECK_ALERTS = 200
"""Alerts judged anew at each run although nothing touched them. Chosen: at one run a minute, 288,000 a day."""

RECHECK_OBLIGATIONS = 2_000
"""Obligations of the chronicle looked through at each run for alerts that the memory does not know. Chosen: one cheap query."""

FORGET_AFTER = timedelta(days=7)
"""When the evidence of an exercise that agreed is dropped. Chosen: rehearsals come often, each with ids of its own."""

Records = AsyncIterator[Received]
RecordsFrom = Callable[[Mapping[tuple[str, int], int]], Records]
"""Gives the records from these offsets on, as far as there are now."""


class RunSummary(NamedTuple):
    """What a run did: how many records it read and alerts it judged, and how long it took."""

    records: int
    judged: int
    took_s: float


async def reconcile_incrementally(
    bootstrap: str,
    engine: Database,
    policy: Policy,
    *,
    grace_s: float = GRACE_S,
    clock: Callable[[], datetime] = lambda: datetime.now(UTC),
    patience_s: float = 0.0,
    share: float = 1.0,
) -> RunSummary:
    """Make one run and keep what it found. It works for at most this `share` of the time.

    Raises `Unavailable` when another process is at it for all of `patience_s`.
    """
    return await IncrementalReconciler(engine, policy, clock, share=share).run(
        lambda starts: read_all(bootstrap, READ, starts=starts), grace_s, patience_s
    )


class IncrementalReconciler:
    """One process's runs. `clock` is the world's; `recheck` is how many alerts that agreed a run judges anew."""

    def __init__(
        self, engine: Database, policy: Policy, clock: Callable[[], datetime], *, recheck: int = RECHECK_ALERTS, share: float = 1.0
    ) -> None:
        self._engine, self._policy, self._clock, self._recheck_size = engine, policy, clock, recheck
        self._breaks = Breaks(share)
        self._memory = Memory(engine, clock)

    async def run(self, source: RecordsFrom, grace_s: float = GRACE_S, patience_s: float = 0.0) -> RunSummary:
        began = time.perf_counter()
        self._breaks.begin()
        await self._memory.prepare()
        await self._wait_for_turn(patience_s)
        try:
            records = await self.read(source)
            # The database is looked at as it was before the last records were read: what it holds, they explain.
            async with view(self._engine) as connection:
                records += await self.read(source, first=connection)
                judged = await self.judge(connection)
            ran = RunSummary(records, judged, time.perf_counter() - began)
            async with self._memory.turn() as connection:
                await remember(connection, self._clock(), grace_s, records=ran.records, judged=ran.judged, took_s=ran.took_s)
        finally:
            await self._memory.end_turn()
        return ran

    async def read(self, source: RecordsFrom, *, first: Transaction | None = None) -> int:
        """Read what is new into the memory and return how many records there were.

        `first` is a database view that is opened, by one query, before any of them is read.
        """
        if first is not None:
            await first.execute(select(chronicle.progress).limit(1))
        count = 0
        async with self._memory.turn() as connection:
            starts = await reached(connection)
        try:
            findings = Findings()
            async for record in source(starts):
                findings.take(record)
                count += 1
                if count % LOOKED_THROUGH == 0:
                    await self._breaks.rest()
                if count % READ_TOGETHER == 0:
                    await self._take_in(findings)
                    findings = Findings()
            await self._take_in(findings)
        except RecordsSkipped as skipped:  # the topics are others, or were cut: what is remembered says nothing of them
            log.warning("the reconciler begins anew: its place in the topics is gone", topic=skipped.topic, partition=skipped.partition)
            await self._memory.clear()
            return await self.read(source)
        return count

    async def judge(self, connection: Transaction) -> int:
        """Judge the alerts that are due, by the database as `connection` sees it. Return how many."""
        now = self._clock()
        delivers = await has_ledger(connection)
        if delivers:
            await self._touch_from_ledger(connection)
        await self._make_due_by_time(now, delivers=delivers)
        rechecked = await self._recheck(connection, now)
        judged, last = 0, ""
        while page := await self._due(last):
            judged += await self._judge_page(connection, page, now)
            last = page[-1]
            await self._breaks.rest()
        for again in pieces(rechecked, PAGE):
            judged += await self._judge_page(connection, again, now, rechecked=True)
            await self._breaks.rest()
        await self._forget(now)
        return judged

    async def _wait_for_turn(self, patience_s: float) -> None:
        if not await eventually(self._memory.take_turn, patience_s, 0.2):
            raise Unavailable("another process reconciles just now; its result is in `alertbus status`. Try again in a minute")

    async def _take_in(self, findings: Findings) -> None:
        """How far it reaches is written last. What is read again after a crash changes nothing."""
        for some in pieces(sorted(findings.about_alerts), WRITTEN_TOGETHER):
            async with self._memory.turn() as connection:
                await take_in_alerts(connection, {alert_id: findings.about_alerts[alert_id] for alert_id in some})
            await self._breaks.rest()
        for versions in pieces(findings.versions, WRITTEN_TOGETHER):
            async with self._memory.turn() as connection:
                await take_in_versions(connection, versions)
            await self._breaks.rest()
        if findings.reached:
            async with self._memory.turn() as connection:
                await take_in_the_rest(connection, findings)

    async def _touch_from_ledger(self, seen: Transaction) -> None:
        place = ("ledger", 0)
        while True:
            async with self._memory.turn() as connection:
                last = (await reached(connection)).get(place, 0)
                query = select(ledger.c.seq, ledger.c.alert_id, ledger.c.recorded_at).where(ledger.c.seq > last, NOT_WATCHDOGS)
                rows = (await seen.execute(query.order_by(ledger.c.seq).limit(CHUNK))).all()
                if not rows:
                    return
                await touch(connection, {row.alert_id: (row.recorded_at, None) for row in rows})
                await note_reached(connection, {place: rows[-1].seq})

    async def _make_due_by_time(self, now: datetime, *, delivers: bool) -> None:
        """Make due the alerts whose next moment has come, and those of which delivery tries other notices than it did.

        It has finished with some, or an operator had a refused one tried again.
        """
        alert, of = tables.alert, tables.exercise
        stirred = when((alert.c.stirred < alert.c.wakes_at, alert.c.wakes_at), else_=alert.c.stirred)
        async with self._memory.turn() as connection:
            begun = (alert.c.exercise == REALITY) & (alert.c.wakes_at <= now)
            await connection.execute(update(alert).where(begun).values(due=True, stirred=stirred, wakes_at=None))
            for name, clock in (await connection.execute(select(of.c.exercise, of.c.clock).where(of.c.clock > of.c.woken_to))).all():
                begun = (alert.c.exercise == name) & (alert.c.wakes_at <= clock)
                await connection.execute(update(alert).where(begun).values(due=True, stirred=now, wakes_at=None))
                await connection.execute(update(of).where(of.c.exercise == name).values(woken_to=clock))
            if delivers:
                open_rows = ledger.c.done_at.is_(None) & ledger.c.state.in_(sorted(STILL_TRIED))
                mark = (func.sum(ledger.c.seq * ledger.c.seq) % MARK_BELOW).label("mark")
                found = select(ledger.c.alert_id, mark).where(open_rows).group_by(ledger.c.alert_id).subquery()
                theirs = select(found.c.mark).where(found.c.alert_id == alert.c.alert_id).scalar_subquery()
                none = literal(0, literal_execute=True)  # in the statement's own text, or the index of those that are tried is not used
                for concerned in (alert.c.tried > none, alert.c.alert_id.in_(select(found.c.alert_id))):
                    await connection.execute(update(alert).where(concerned, alert.c.tried != func.coalesce(theirs, 0)).values(due=True))

    async def _due(self, after: str) -> Sequence[str]:
        alert = tables.alert.c
        query = select(alert.alert_id).where(alert.due, alert.alert_id > after).order_by(alert.alert_id).limit(PAGE)
        async with view(self._engine) as connection:
            return (await connection.execute(query)).scalars().all()

    async def _recheck(self, seen: Transaction, now: datetime) -> Sequence[str]:
        """Give the next alerts in turn that are not due anyway; and make due the alerts that only the chronicle knows."""
        alert = tables.alert.c
        settled = select(alert.alert_id).where(~alert.due, alert.dossier.is_not(None)).order_by(alert.alert_id).limit(self._recheck_size)
        async with self._memory.turn() as connection:
            after = await _rechecked_to(connection, "matters")
            chosen = (await connection.execute(settled.where(alert.alert_id > after))).scalars().all()
            await _note_rechecked(connection, "matters", chosen[-1] if chosen and len(chosen) == self._recheck_size else "")
            owed = chronicle.obligation.c
            after = await _rechecked_to(connection, "chronicle")
            query = select(owed.id, owed.alert_id, owed.exercise).where(owed.id > after).order_by(owed.id).limit(RECHECK_OBLIGATIONS)
            rows = (await seen.execute(query)).all()
            await _note_rechecked(connection, "chronicle", rows[-1].id if len(rows) == RECHECK_OBLIGATIONS else "")
            unheard_of = await unknown(connection, {row.alert_id for row in rows})
            await touch(connection, {row.alert_id: (now, row.exercise) for row in rows if row.alert_id in unheard_of})
        return chosen

    async def _judge_page(self, seen: Transaction, page: Sequence[str], now: datetime, *, rechecked: bool = False) -> int:
        if not page:
            return 0
        async with view(self._engine) as connection:
            found = [one for one in (await alerts_known(connection, page)).values() if one is not None]
            before = await verdicts_before(connection, page)
            clocks = await _clocks(connection, {one.exercise for one in found if one.exercise})
            groups: dict[str | None, list[AlertEvidence]] = defaultdict(list)
            for one in found:
                groups[one.exercise].append(one)
            rows: list[AlertVerdict] = []
            for exercise, group in groups.items():
                moment = clocks.get(exercise, BEGINNING) if exercise else now
                held = await holdings_of(seen, [one.alert_id for one in group])
                judgement = judge(await _evidence(connection, exercise, group), self._policy, moment, held)
                rows += verdicts_now(group, before, judgement, held, now, rechecked=rechecked)
        async with self._memory.turn() as connection:
            await write_verdicts(connection, rows, before)
        return len(found)

    async def _forget(self, now: datetime) -> None:
        """Drop the evidence of exercises' alerts that agreed some time ago; their ids stay."""
        alert = tables.alert.c
        over = (alert.exercise != REALITY) & ~alert.due & (alert.tried == 0) & alert.faults.is_(None) & alert.dossier.is_not(None)
        old = select(alert.alert_id).where(over, alert.stirred < now - FORGET_AFTER).limit(PAGE)
        async with self._memory.turn() as connection:
            if alerts := (await connection.execute(old)).scalars().all():
                theirs = tables.alert.c.alert_id.in_(alerts)
                await connection.execute(update(tables.alert).where(theirs).values(dossier=None, wakes_at=None))
                await connection.execute(delete(tables.alert_person).where(tables.alert_person.c.alert_id.in_(alerts)))


async def _evidence(connection: Transaction, exercise: str | None, group: Sequence[AlertEvidence]) -> Evidence:
    people = {person_id for one in group for person_id in one.persons}
    named = {told.case_id for one in group for told in one.told.values()}
    return Evidence(exercise, group, await cases_about(connection, people, named, exercise or REALITY))


async def _clocks(connection: Transaction, exercises: Collection[str]) -> dict[str, datetime]:
    of = tables.exercise.c
    rows = await connection.execute(select(of.exercise, of.clock).where(of.exercise.in_(exercises)))
    return {row.exercise: row.clock for row in rows}


async def _rechecked_to(connection: Transaction, what: str) -> str:
    found = await connection.execute(select(tables.recheck.c.after).where(tables.recheck.c.what == what))
    return found.scalar_one_or_none() or ""


async def _note_rechecked(connection: Transaction, what: str, after: str) -> None:
    await connection.execute(upsert(tables.recheck, connection.dialect.name, update=["after"]), [{"what": what, "after": after}])
