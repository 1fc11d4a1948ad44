"""Accepting alerts: each statement once, on the broker's disks before anybody is told that it is accepted.

In this order: keys known → already accepted? → record acknowledged by the broker → row in `gateway_accepted` → answer.
A crash before the row lets the same record be written again, which its id makes harmless. What arrives while one batch
is being written waits for the next: one round trip to the broker and one to the database for all of them, and two
statements of one alert keep their order.
"""

import asyncio
import hashlib
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from functools import partial
from operator import itemgetter
from types import MappingProxyType
from typing import Self

from sqlalchemy import select

from alertbus.broker.record import Record
from alertbus.directory.directory import Directory
from alertbus.intake.acting import acting, by_itself, signed
from alertbus.intake.kinds_at_the_door import KindsAtTheDoor
from alertbus.intake.media import media_in
from alertbus.intake.moments import impossible_moments, is_old_news
from alertbus.intake.publisher import Publisher, check_sizes
from alertbus.intake.referrers import named_referrers
from alertbus.intake.remembered import Remembered, recall, remember
from alertbus.intake.reserved import reserved_words
from alertbus.intake.status_faults import status_faults
from alertbus.intake.tables import accepted as accepted_table
from alertbus.model.alert import AcceptedAlert, Action, Alert
from alertbus.model.details import misshapen
from alertbus.model.errors import BusError, Fault, InvalidInput, Unavailable
from alertbus.model.events import ReviewReason
from alertbus.plugin.case_rules import AlertKind
from alertbus.policy.human_range import AS_SHIPPED, HumanRange
from alertbus.sql.database import Database
from alertbus.sql.engine import database_faults, reading
from alertbus.wire import records

BATCH = 200
"""Alerts written together at most, so that no caller waits for a thousand others."""
WAITING = 2_000
"""Alerts that may wait; beyond that callers are told to come back instead of filling the memory."""

_ASKED_AT_ONCE = 500
"""Ids in one question to the database: SQLite takes 999 of them in its oldest form."""


@dataclass(frozen=True, slots=True)
class Accepted:
    """One statement's outcome. `id` is its alert's. `repeated`: accepted before; `differs`: with other content, so a human is asked."""

    id: str
    repeated: bool = False
    differs: bool = False


@dataclass(frozen=True, slots=True)
class _Statement:
    """One statement with its ids and its digest, worked out once."""

    alert: Alert
    alert_id: str
    statement_id: str
    digest: str

    @classmethod
    def of(cls, alert: Alert) -> Self:
        return cls(alert, alert.alert_id, alert.statement_id, digest_of(alert))


@dataclass(frozen=True, slots=True, eq=False)
class _Submission:
    """Alerts that stand or fall together, and where their sender waits."""

    statements: tuple[_Statement, ...]
    several: bool
    caller: str | None
    answer: asyncio.Future[list[Accepted]]


@dataclass(slots=True)
class _Batch:
    """What a batch needs on its way: what is remembered, and the records and rows to be written."""

    remembered: Remembered
    out: list[Record] = field(default_factory=list)
    rows: list[dict[str, object]] = field(default_factory=list)


class AlertIntake:
    """The one door for alerts into Kafka. Any number of processes may each have one over the same database."""

    def __init__(
        self,
        engine: Database,
        publisher: Publisher,
        directory: Directory,
        now: Callable[[], datetime],
        allowed: HumanRange = AS_SHIPPED,
        kinds: Mapping[str, AlertKind] = MappingProxyType({}),
    ) -> None:
        """`kinds` are those that plugins offer."""
        self._kinds = KindsAtTheDoor(kinds)
        self._engine, self._publisher, self._directory, self._now, self._allowed = engine, publisher, directory, now, allowed
        self._waiting: list[_Submission] = []
        self._writing: asyncio.Task[None] | None = None
        self._accepted_late: set[str] = set()

    async def accept(self, alerts: Sequence[Alert], *, several: bool = True, by_watchdog: bool = False) -> list[Accepted]:
        """Accept all of them or none, in their order. Raises `InvalidInput` with every fault (paths begin `alerts[i].` when `several`),
        moments, references and media that cannot be among them, and `Unavailable` when they are not durable in time: sent again they have
        no second effect.

        `by_watchdog`: the watchdog itself speaks, and may say what only the bus may (`reserved`).
        """
        alerts, misread = await self._kinds.read(alerts, several=several)
        if faults := [*misread, *_content_faults(alerts, self._now(), self._allowed, several=several, by_watchdog=by_watchdog)]:
            raise InvalidInput(faults)
        if sum(len(submission.statements) for submission in self._waiting) >= WAITING:
            raise Unavailable(f"{WAITING} alerts wait to be written. Send it again in a moment.")
        submission = _Submission(tuple(map(_Statement.of, alerts)), several, acting(), asyncio.get_running_loop().create_future())
        self._waiting.append(submission)
        if self._writing is None or self._writing.done():
            self._writing = asyncio.create_task(self._write_waiting(), context=by_itself())
        return await submission.answer

    def refused(self, alert: Alert) -> list[Fault]:
        """Name what would be refused of the alert, whoever is in it: for who is shown it before they send."""
        (alert,), misread = self._kinds.read_here([alert])
        return [*misread, *_content_faults([alert], self._now(), self._allowed, several=False, by_watchdog=False)]

    async def knows(self, alert_id: str) -> bool:
        """Say whether any statement of the alert was accepted, which the chronicle may not show yet."""
        return bool(await self.known([alert_id]))

    async def known(self, alert_ids: Collection[str]) -> frozenset[str]:
        """Those of which any statement was accepted."""
        found: set[str] = set()
        wanted = sorted(set(alert_ids))
        with database_faults():
            async with reading(self._engine) as connection:
                for first in range(0, len(wanted), _ASKED_AT_ONCE):
                    some = wanted[first : first + _ASKED_AT_ONCE]
                    query = select(accepted_table.c.alert_id).where(accepted_table.c.alert_id.in_(some)).distinct()
                    found.update((await connection.execute(query)).scalars())
        return frozenset(found)

    async def as_news(self, alerts: Sequence[Alert]) -> list[Alert]:
        """Give the alerts of a source's message with those as `history` that are too old to be told now (`moments.OLD_NEWS`).

        One that was accepted when it was news stays as it was said: the same message again is the same statement.
        """
        now = self._now()
        old = {n: _Statement.of(alert) for n, alert in enumerate(alerts) if not alert.history and is_old_news(alert, now)}
        known = (await self._recall({one.statement_id for one in old.values()})).digests if old else {}
        return [
            alert.model_copy(update={"history": True}) if n in old and known.get(old[n].statement_id) != old[n].digest else alert
            for n, alert in enumerate(alerts)
        ]

    async def _recall(self, statements: Collection[str], corrected: Collection[str] = ()) -> Remembered:
        """What is remembered of these. Raises `DatabaseUnavailable`."""
        with database_faults():
            return await self._engine.read(partial(recall, statements=statements, corrected=corrected))

    async def _write_waiting(self) -> None:
        while self._waiting:
            submissions, size = [], 0
            while self._waiting and size < BATCH:
                size += len(self._waiting[0].statements)
                submissions.append(self._waiting.pop(0))
            await self._answer_all(submissions)

    async def _answer_all(self, submissions: Sequence[_Submission]) -> None:
        given_up = asyncio.Event()
        try:
            outcomes = await self._publisher.within(self._write(submissions, given_up))
        except Exception as error:  # noqa: BLE001  every sender in the batch must hear of it
            given_up.set()
            outcomes = [error] * len(submissions)
        for submission, outcome in zip(submissions, outcomes, strict=True):
            if submission.answer.done():
                continue
            if isinstance(outcome, Exception):
                submission.answer.set_exception(outcome)
            else:
                submission.answer.set_result(outcome)

    async def _write(self, submissions: Sequence[_Submission], given_up: asyncio.Event) -> list[list[Accepted] | Exception]:
        outcomes: list[list[Accepted] | Exception] = []
        stated = [one for submission in submissions for one in submission.statements]
        with database_faults():
            known_keys = await self._known_keys(one.alert for one in stated)
        corrected = {one.alert_id for one in stated if one.alert.action is not Action.RAISED}
        batch = _Batch(await self._recall({one.statement_id for one in stated}, corrected))
        for submission in submissions:
            try:
                outcomes.append(self._decide(submission, known_keys, batch))
            except BusError as fault:
                outcomes.append(fault)
        if batch.out:
            await self._publisher.durable(batch.out)
        if batch.rows:
            batch.rows.sort(key=itemgetter("statement_id"))  # in one order, or two gateways could wait for each other
            with database_faults():
                await self._engine.write(partial(remember, rows=batch.rows))
        if given_up.is_set():  # the senders were answered 503 meanwhile: the one that comes again is answered 202, as if it were the first
            self._accepted_late.update(str(row["statement_id"]) for row in batch.rows)
        return outcomes

    def _decide(self, submission: _Submission, known_keys: dict[tuple[str | None, str], int], batch: _Batch) -> list[Accepted]:
        faults = [fault for i, one in enumerate(submission.statements) for fault in _key_faults(one.alert, known_keys, submission, i)]
        if faults:
            raise InvalidInput(faults)
        written: list[tuple[Record, dict[str, object] | None]] = []
        answers = [self._decide_one(one, batch, written) for one in submission.statements]
        check_sizes([record for record, _ in written])
        batch.out += signed((record for record, _ in written), submission.caller)
        for _, row in written:
            if row is not None:
                batch.rows.append(row)
                batch.remembered.digests[str(row["statement_id"])] = str(row["digest"])
        return answers

    def _decide_one(self, one: _Statement, batch: _Batch, written: list[tuple[Record, dict[str, object] | None]]) -> Accepted:
        alert, alert_id, statement_id, digest = one.alert, one.alert_id, one.statement_id, one.digest
        now = self._now()
        here = next((row for _, row in written if row and row["statement_id"] == statement_id), None)
        known = str(here["digest"]) if here else batch.remembered.digests.get(statement_id)
        if known == digest and statement_id in self._accepted_late:
            self._accepted_late.discard(statement_id)
            return Accepted(alert_id)
        if known == digest:
            return Accepted(alert_id, repeated=True)
        if known is not None:
            reason = ReviewReason.REPEATED_DIFFERENTLY
            asked = records.review_needed(alert_id, reason, now, statement_id, digest, alert_id=alert_id, source=alert.source)
            written.append((asked, None))
            return Accepted(alert_id, repeated=True, differs=True)
        first_at, latest_at = batch.remembered.span.get(alert_id, (None, None))
        accepted = AcceptedAlert.of(alert, now, first_at if alert.action is not Action.RAISED else None, latest_at)
        batch.remembered.span[alert_id] = (min(accepted.at, first_at or accepted.at), max(accepted.at, latest_at or accepted.at))
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


def digest_of(alert: Alert) -> str:
    """Give what tells a statement sent again from another one under its name: a hash of all that it states."""
    return hashlib.sha256(alert.model_dump_json(exclude_defaults=True).encode()).hexdigest()


def row_of(accepted: AcceptedAlert, digest: str) -> dict[str, object]:
    """Give the row that remembers a statement: it follows from the record on `alertbus.alerts` alone."""
    return {
        "statement_id": accepted.statement_id,
        "alert_id": accepted.alert_id,
        "digest": digest,
        "at": accepted.at,
        "first_at": accepted.first_at,
    }


def _content_faults(alerts: Sequence[Alert], now: datetime, allowed: HumanRange, *, several: bool, by_watchdog: bool) -> list[Fault]:
    return [
        Fault(f"alerts[{n}].{fault.path}" if several else fault.path, fault.expected, fault.code)
        for n, alert in enumerate(alerts)
        for fault in (*(() if by_watchdog else reserved_words(alert)), *content_faults(alert, now, allowed))
    ]


def content_faults(alert: Alert, now: datetime, allowed: HumanRange) -> Iterator[Fault]:
    """What is wrong with an alert that its model allows, whoever states it."""
    yield from misshapen(alert.details)
    yield from status_faults(alert)
    yield from impossible_moments(alert, now, allowed)
    yield from named_referrers(alert)
    yield from media_in(alert)


def _key_faults(alert: Alert, known_keys: dict[tuple[str | None, str], int], submission: _Submission, number: int) -> Iterable[Fault]:
    prefix = f"alerts[{number}]." if submission.several else ""
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
