"""The reconciler on a bus at work: each run reads what is new, and judges only what that touches, what time touches,
and what did not agree before. The judge and what it judges by are those of the full reconciliation (`judge`, `scratch`).

What agreed and was not touched since is not judged again, but for a patrol: a few at each run, in turn, held against
the database once more. So a row that vanishes from the ledger years later is found within some rounds of the patrol,
and what a run costs does not grow with what the bus has done before.
"""

import asyncio
import time
from collections import defaultdict
from collections.abc import AsyncIterator, Callable, Collection, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import NamedTuple

import structlog
from sqlalchemy import case as when
from sqlalchemy import delete, func, select, update
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from alertbus.broker.consumer import Received, read_all
from alertbus.broker.faults import RecordsSkipped
from alertbus.chronicle import tables as chronicle
from alertbus.chronicle.views import view
from alertbus.model.errors import Unavailable
from alertbus.policy.policy import Policy
from alertbus.reconcile import tables
from alertbus.reconcile.evidence import BEGINNING, READ, Dossier, Evidence
from alertbus.reconcile.fold import Findings, fold, touch
from alertbus.reconcile.holdings import LEDGER, NOT_WATCHDOGS, has_ledger, projected
from alertbus.reconcile.judge import STILL_TRIED, judge
from alertbus.reconcile.memory import REALITY, Memory, cases_about, dossiers, note_reached, reached
from alertbus.reconcile.results import GRACE_S, Standing, remember, standing, standings, unknown, write_standings
from alertbus.sql.engine import upsert
from alertbus.waiting import eventually

log = structlog.stdlib.get_logger(__name__)

CHUNK = 2_000
"""Records in one transaction: short, because on SQLite nobody else writes meanwhile (ours)."""

PAGE = 200
"""Alerts judged at once (ours)."""

PATROL = 200
"""Matters judged anew at each run although nothing touched them (ours)."""

PATROL_ROWS = 2_000
"""The chronicle's obligations looked at on a patrol for alerts that nobody has heard of (ours)."""

FORGET_AFTER = timedelta(days=7)
"""When an exercise's matters that agreed are forgotten: rehearsals come often, each with ids of its own (ours)."""

Records = AsyncIterator[Received]
Source = Callable[[Mapping[tuple[str, int], int]], Records]
"""Gives the records from these offsets on, as far as there are now."""


class Ran(NamedTuple):
    """What a run did: how many records it read and alerts it judged, and how long it took."""

    records: int
    judged: int
    took_s: float


async def follow(
    bootstrap: str,
    engine: AsyncEngine,
    policy: Policy,
    *,
    grace_s: float = GRACE_S,
    clock: Callable[[], datetime] = lambda: datetime.now(UTC),
    patience_s: float = 0.0,
) -> Ran:
    """Make one run and keep what it found. Raises `Unavailable` when another process is at it for all of `patience_s`."""
    return await Follower(engine, policy, clock).run(lambda starts: read_all(bootstrap, READ, starts=starts), grace_s, patience_s)


class Follower:
    """One process's part in it. `clock` is the world's; `patrol` is how many matters one takes in."""

    def __init__(self, engine: AsyncEngine, policy: Policy, clock: Callable[[], datetime], *, patrol: int = PATROL) -> None:
        self._engine, self._policy, self._clock, self._patrol_size = engine, policy, clock, patrol
        self._memory = Memory(engine, clock)

    async def run(self, source: Source, grace_s: float = GRACE_S, patience_s: float = 0.0) -> Ran:
        began = time.perf_counter()
        await self._memory.prepare()
        await self._wait_for_turn(patience_s)
        try:
            records = await self.read(source)
            # The database is looked at as it was before the last records were read: what it holds, they explain.
            async with view(self._engine) as connection:
                records += await self.read(source, first=connection)
                judged = await self.judge(connection)
            ran = Ran(records, judged, time.perf_counter() - began)
            async with self._memory.turn() as connection:
                await remember(connection, self._clock(), grace_s, records=ran.records, judged=ran.judged, took_s=ran.took_s)
        finally:
            await self._memory.end_turn()
        return ran

    async def read(self, source: Source, *, first: AsyncConnection | None = None) -> int:
        """Take in what is new. `first` is looked at before any record. Answers how many there were."""
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
                if count % CHUNK == 0:
                    await self._fold(findings)
                    findings = Findings()
            await self._fold(findings)
        except RecordsSkipped as skipped:  # the topics are others, or were cut: what is remembered says nothing of them
            log.warning("the reconciler begins anew: its place in the topics is gone", topic=skipped.topic, partition=skipped.partition)
            await self._memory.clear()
            return await self.read(source)
        return count

    async def judge(self, connection: AsyncConnection) -> int:
        """Judge what is due, by the database as `connection` sees it. Answers how many alerts."""
        now = self._clock()
        ledger = await has_ledger(connection)
        if ledger:
            await self._touch_from_ledger(connection)
        await self._wake(now, ledger=ledger)
        patrol = await self._patrol(connection, now)
        judged, last = 0, ""
        while page := await self._due(last):
            judged += await self._judge_page(connection, page, now)
            last = page[-1]
            await asyncio.sleep(0)  # the process has other work
        judged += await self._judge_page(connection, patrol, now, on_patrol=True)
        await self._forget(now)
        return judged

    async def _wait_for_turn(self, patience_s: float) -> None:
        if not await eventually(self._memory.take_turn, patience_s, 0.2):
            raise Unavailable("another process reconciles just now; its result is in `alertbus status`. Try again in a minute")

    async def _fold(self, findings: Findings) -> None:
        if findings.reached:
            async with self._memory.turn() as connection:
                await fold(connection, findings)

    async def _touch_from_ledger(self, seen: AsyncConnection) -> None:
        place = ("ledger", 0)
        while True:
            async with self._memory.turn() as connection:
                last = (await reached(connection)).get(place, 0)
                query = select(LEDGER.c.seq, LEDGER.c.alert_id, LEDGER.c.recorded_at).where(LEDGER.c.seq > last, NOT_WATCHDOGS)
                rows = (await seen.execute(query.order_by(LEDGER.c.seq).limit(CHUNK))).all()
                if not rows:
                    return
                await touch(connection, {row.alert_id: (row.recorded_at, None) for row in rows})
                await note_reached(connection, {place: rows[-1].seq})

    async def _wake(self, now: datetime, *, ledger: bool) -> None:
        """Make due what time has changed, and what delivery has got on with."""
        matter, of = tables.matter, tables.exercise
        stirred = when((matter.c.stirred < matter.c.wakes_at, matter.c.wakes_at), else_=matter.c.stirred)
        async with self._memory.turn() as connection:
            begun = (matter.c.exercise == REALITY) & (matter.c.wakes_at <= now)
            await connection.execute(update(matter).where(begun).values(due=True, stirred=stirred, wakes_at=None))
            for name, clock in (await connection.execute(select(of.c.exercise, of.c.clock).where(of.c.clock > of.c.woken_to))).all():
                begun = (matter.c.exercise == name) & (matter.c.wakes_at <= clock)
                await connection.execute(update(matter).where(begun).values(due=True, stirred=now, wakes_at=None))
                await connection.execute(update(of).where(of.c.exercise == name).values(woken_to=clock))
            if ledger:
                theirs = (LEDGER.c.alert_id == matter.c.alert_id) & LEDGER.c.state.in_(sorted(STILL_TRIED))
                tried = select(func.count()).select_from(LEDGER).where(theirs).correlate(matter).scalar_subquery()
                await connection.execute(update(matter).where(matter.c.tried > 0, matter.c.tried != tried).values(due=True))

    async def _due(self, after: str) -> Sequence[str]:
        matter = tables.matter.c
        query = select(matter.alert_id).where(matter.due, matter.alert_id > after).order_by(matter.alert_id).limit(PAGE)
        async with view(self._engine) as connection:
            return (await connection.execute(query)).scalars().all()

    async def _patrol(self, seen: AsyncConnection, now: datetime) -> Sequence[str]:
        """The next matters in turn that are not due anyway; and make due what the chronicle alone has heard of."""
        matter = tables.matter.c
        settled = select(matter.alert_id).where(~matter.due, matter.dossier.is_not(None)).order_by(matter.alert_id).limit(self._patrol_size)
        async with self._memory.turn() as connection:
            after = await _place(connection, "matters")
            chosen = (await connection.execute(settled.where(matter.alert_id > after))).scalars().all()
            await _go_on(connection, "matters", chosen[-1] if chosen and len(chosen) == self._patrol_size else "")
            owed = chronicle.obligation.c
            after = await _place(connection, "chronicle")
            query = select(owed.id, owed.alert_id, owed.exercise).where(owed.id > after).order_by(owed.id).limit(PATROL_ROWS)
            rows = (await seen.execute(query)).all()
            await _go_on(connection, "chronicle", rows[-1].id if len(rows) == PATROL_ROWS else "")
            unheard_of = await unknown(connection, {row.alert_id for row in rows})
            await touch(connection, {row.alert_id: (now, row.exercise) for row in rows if row.alert_id in unheard_of})
        return chosen

    async def _judge_page(self, seen: AsyncConnection, page: Sequence[str], now: datetime, *, on_patrol: bool = False) -> int:
        if not page:
            return 0
        async with view(self._engine) as connection:
            found = [one for one in (await dossiers(connection, page)).values() if one is not None]
            before = await standing(connection, page)
            clocks = await _clocks(connection, {one.exercise for one in found if one.exercise})
            groups: dict[str | None, list[Dossier]] = defaultdict(list)
            for one in found:
                groups[one.exercise].append(one)
            rows: list[Standing] = []
            for exercise, group in groups.items():
                moment = clocks.get(exercise, BEGINNING) if exercise else now
                held = await projected(seen, [one.alert_id for one in group])
                judgement = judge(await _evidence(connection, exercise, group), self._policy, moment, held)
                rows += standings(group, before, judgement, held, now, on_patrol=on_patrol)
        async with self._memory.turn() as connection:
            await write_standings(connection, rows, before)
        return len(found)

    async def _forget(self, now: datetime) -> None:
        """Keep only the ids of an exercise's matters that agreed some time ago."""
        matter = tables.matter.c
        over = (matter.exercise != REALITY) & ~matter.due & (matter.tried == 0) & matter.faults.is_(None) & matter.dossier.is_not(None)
        old = select(matter.alert_id).where(over, matter.stirred < now - FORGET_AFTER).limit(PAGE)
        async with self._memory.turn() as connection:
            if alerts := (await connection.execute(old)).scalars().all():
                theirs = tables.matter.c.alert_id.in_(alerts)
                await connection.execute(update(tables.matter).where(theirs).values(dossier=None, wakes_at=None))
                await connection.execute(delete(tables.matter_person).where(tables.matter_person.c.alert_id.in_(alerts)))


async def _evidence(connection: AsyncConnection, exercise: str | None, group: Sequence[Dossier]) -> Evidence:
    people = {person_id for one in group for person_id in one.persons}
    named = {told.case_id for one in group for told in one.told.values()}
    return Evidence(exercise, group, await cases_about(connection, people, named, exercise or REALITY))


async def _clocks(connection: AsyncConnection, exercises: Collection[str]) -> dict[str, datetime]:
    of = tables.exercise.c
    rows = await connection.execute(select(of.exercise, of.clock).where(of.exercise.in_(exercises)))
    return {row.exercise: row.clock for row in rows}


async def _place(connection: AsyncConnection, what: str) -> str:
    found = await connection.execute(select(tables.patrol.c.after).where(tables.patrol.c.what == what))
    return found.scalar_one_or_none() or ""


async def _go_on(connection: AsyncConnection, what: str, after: str) -> None:
    await connection.execute(upsert(tables.patrol, connection.dialect.name, update=["after"]), [{"what": what, "after": after}])
