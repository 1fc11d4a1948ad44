"""Accepting alerts: each statement once, on the broker's disks before anybody is told that it is accepted.

In this order: keys known → already accepted? → record acknowledged by the broker → row in `gateway_accepted` → answer.
A crash before the row lets the same record be written again, which its id makes harmless. What arrives while one batch
is being written waits for the next: one round trip to the broker and one to the database for all of them, and two
statements of one matter keep their order.
"""

import asyncio
import hashlib
from collections.abc import Callable, Collection, Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from operator import itemgetter
from typing import Self

from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncEngine

from alertbus.broker.producer import Record
from alertbus.directory.directory import Directory
from alertbus.intake.publisher import Publisher, check_sizes
from alertbus.intake.tables import accepted as accepted_table
from alertbus.model import watchdog
from alertbus.model.alert import AcceptedAlert, Action, Alert
from alertbus.model.errors import BusError, Fault, InvalidInput, Unavailable
from alertbus.model.events import ReviewReason
from alertbus.sql.engine import database_faults, reading, upsert
from alertbus.wire import records

BATCH = 200
"""Alerts written together at most, so that no caller waits for a thousand others."""
WAITING = 2_000
"""Alerts that may wait; beyond that callers are told to come back instead of filling the memory."""


@dataclass(frozen=True, slots=True)
class Accepted:
    """`id` is the matter's. `repeated`: this statement was accepted before; `differs`: with other content, so a human is asked."""

    id: str
    repeated: bool = False
    differs: bool = False


@dataclass(frozen=True, slots=True)
class _Stated:
    """An alert with what is worked out from it, once."""

    alert: Alert
    alert_id: str
    statement_id: str
    digest: str

    @classmethod
    def of(cls, alert: Alert) -> Self:
        return cls(alert, alert.alert_id, alert.statement_id, digest_of(alert))


@dataclass(frozen=True, slots=True, eq=False)
class _Job:
    """Alerts that stand or fall together, and where their sender waits."""

    stated: tuple[_Stated, ...]
    several: bool
    answer: asyncio.Future[list[Accepted]]


@dataclass(slots=True)
class _Batch:
    """What is found out about a batch on its way: known statements, and what must be written."""

    digests: dict[str, str]
    span: dict[str, tuple[datetime, datetime]]
    """By matter, when its first and its last statement so far count."""
    out: list[Record] = field(default_factory=list)
    rows: list[dict[str, object]] = field(default_factory=list)


class AlertIntake:
    """The one door for alerts into Kafka. Any number of processes may each have one over the same database."""

    def __init__(self, engine: AsyncEngine, publisher: Publisher, directory: Directory, now: Callable[[], datetime]) -> None:
        self._engine, self._publisher, self._directory, self._now = engine, publisher, directory, now
        self._waiting: list[_Job] = []
        self._working: asyncio.Task[None] | None = None
        self._late: set[str] = set()

    async def accept(self, alerts: Sequence[Alert], *, several: bool = True, watching: bool = False) -> list[Accepted]:
        """All of them or none. Raises `InvalidInput` with every fault (paths begin `alerts[i].` when `several`).

        `watching`: the watchdog itself speaks, to which its exercise is reserved.
        """
        if not watching and any(watchdog.is_reserved(exercise=alert.exercise) for alert in alerts):
            raise InvalidInput([Fault("exercise", "the name of an exercise; this one is the bus's own", "reserved")])
        if sum(len(job.stated) for job in self._waiting) >= WAITING:
            raise Unavailable(f"{WAITING} alerts wait to be written. Send it again in a moment.")
        job = _Job(tuple(map(_Stated.of, alerts)), several, asyncio.get_running_loop().create_future())
        self._waiting.append(job)
        if self._working is None or self._working.done():
            self._working = asyncio.create_task(self._work())
        return await job.answer

    async def knows(self, alert_id: str) -> bool:
        query = select(accepted_table.c.alert_id).where(accepted_table.c.alert_id == alert_id).limit(1)
        with database_faults():
            async with reading(self._engine) as connection:
                return (await connection.execute(query)).first() is not None

    async def _work(self) -> None:
        while self._waiting:
            jobs, size = [], 0
            while self._waiting and size < BATCH:
                size += len(self._waiting[0].stated)
                jobs.append(self._waiting.pop(0))
            await self._answer(jobs)

    async def _answer(self, jobs: Sequence[_Job]) -> None:
        told = asyncio.Event()
        try:
            outcomes = await self._publisher.within(self._process(jobs, told))
        except Exception as error:  # noqa: BLE001  every sender in the batch must hear of it
            told.set()
            outcomes = [error] * len(jobs)
        for job, outcome in zip(jobs, outcomes, strict=True):
            if job.answer.done():
                continue
            if isinstance(outcome, Exception):
                job.answer.set_exception(outcome)
            else:
                job.answer.set_result(outcome)

    async def _process(self, jobs: Sequence[_Job], told: asyncio.Event) -> list[list[Accepted] | Exception]:
        outcomes: list[list[Accepted] | Exception] = []
        with database_faults():
            stated = [one for job in jobs for one in job.stated]
            known_keys = await self._known_keys(one.alert for one in stated)
            batch = await self._batch(stated)
        for job in jobs:
            try:
                outcomes.append(self._decide(job, known_keys, batch))
            except BusError as fault:
                outcomes.append(fault)
        if batch.out:
            await self._publisher.durable(batch.out)
        if batch.rows:
            batch.rows.sort(key=itemgetter("statement_id"))  # in one order, or two gateways could wait for each other
            with database_faults():
                async with self._engine.begin() as connection:
                    await connection.execute(upsert(accepted_table, connection.dialect.name), batch.rows)
        if told.is_set():  # the senders were told 503 meanwhile: the one that comes again hears 202, as if it were the first
            self._late.update(str(row["statement_id"]) for row in batch.rows)
        return outcomes

    def _decide(self, job: _Job, known_keys: dict[tuple[str | None, str], int], batch: _Batch) -> list[Accepted]:
        faults = [fault for i, one in enumerate(job.stated) for fault in _key_faults(one.alert, known_keys, job, i)]
        if faults:
            raise InvalidInput(faults)
        written: list[tuple[Record, dict[str, object] | None]] = []
        answers = [self._one(one, batch, written) for one in job.stated]
        check_sizes([record for record, _ in written])
        for record, row in written:
            batch.out.append(record)
            if row is not None:
                batch.rows.append(row)
                batch.digests[str(row["statement_id"])] = str(row["digest"])
        return answers

    def _one(self, one: _Stated, batch: _Batch, written: list[tuple[Record, dict[str, object] | None]]) -> Accepted:
        alert, alert_id, statement_id, digest = one.alert, one.alert_id, one.statement_id, one.digest
        now = self._now()
        here = next((row for _, row in written if row and row["statement_id"] == statement_id), None)
        known = str(here["digest"]) if here else batch.digests.get(statement_id)
        if known == digest and statement_id in self._late:
            self._late.discard(statement_id)
            return Accepted(alert_id)
        if known == digest:
            return Accepted(alert_id, repeated=True)
        if known is not None:
            reason = ReviewReason.REPEATED_DIFFERENTLY
            about = {"alert_id": alert_id, "source": alert.source}
            written.append((records.review_needed(alert_id, reason, now, statement_id, digest, **about), None))
            return Accepted(alert_id, repeated=True, differs=True)
        first_at, latest_at = batch.span.get(alert_id, (None, None))
        accepted = AcceptedAlert.of(alert, now, first_at if alert.action is not Action.RAISED else None, latest_at)
        batch.span[alert_id] = (min(accepted.at, first_at or accepted.at), max(accepted.at, latest_at or accepted.at))
        written.append((records.alert_accepted(accepted), row_of(accepted, digest)))
        return Accepted(alert_id)

    async def _known_keys(self, alerts: Iterable[Alert]) -> dict[tuple[str | None, str], int]:
        wanted: dict[str | None, set[str]] = {}
        for alert in alerts:
            keys = {entry.person.key for entry in (*alert.subjects, *alert.children) if entry.person.key}
            if keys:
                wanted.setdefault(alert.exercise, set()).update(keys)
        found: dict[tuple[str | None, str], int] = {}
        for exercise, keys in wanted.items():
            counts = await self._directory.known_keys(sorted(keys), exercise)
            found |= {(exercise, key): count for key, count in counts.items()}
        return found

    async def _batch(self, stated: Collection[_Stated]) -> _Batch:
        table = accepted_table.c
        statements = {one.statement_id for one in stated}
        corrected = {one.alert_id for one in stated if one.alert.action is not Action.RAISED}
        async with reading(self._engine) as connection:
            query = select(table.statement_id, table.digest).where(table.statement_id.in_(statements))
            digests = {row.statement_id: row.digest for row in await connection.execute(query)}
            span = {}
            if corrected:
                ends = select(table.alert_id, func.min(table.at).label("first"), func.max(table.at).label("last"))
                rows = await connection.execute(ends.where(table.alert_id.in_(corrected)).group_by(table.alert_id))
                span = {row.alert_id: (row.first, row.last) for row in rows}
        return _Batch(digests, span)


def digest_of(alert: Alert) -> str:
    """What tells the same statement sent again from another one under its name."""
    return hashlib.sha256(alert.model_dump_json(exclude_defaults=True).encode()).hexdigest()


def row_of(accepted: AcceptedAlert, digest: str) -> dict[str, object]:
    """The row that remembers a statement, as its record on `alertbus.alerts` tells it."""
    return {
        "statement_id": accepted.statement_id,
        "alert_id": accepted.alert_id,
        "digest": digest,
        "at": accepted.at,
        "first_at": accepted.first_at,
    }


def _key_faults(alert: Alert, known_keys: dict[tuple[str | None, str], int], job: _Job, number: int) -> Iterable[Fault]:
    prefix = f"alerts[{number}]." if job.several else ""
    entries = [(f"subjects[{i}]", entry) for i, entry in enumerate(alert.subjects)]
    entries += [(f"children[{i}]", entry) for i, entry in enumerate(alert.children)]
    for path, entry in entries:
        person = entry.person
        if not person.key:
            continue
        count = known_keys[alert.exercise, person.key]
        where = f"{prefix}{path}.person.key"
        if count == 0 and not person.identifiers:  # with an identifier of their own they are found without the key
            yield Fault(where, "the key of somebody in an imported case; import the case first", "key_unknown")
        if count > 1:
            yield Fault(where, "a key that only one person has; several cases use this one, give an identifier", "key_ambiguous")
