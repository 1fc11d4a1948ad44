"""One alert followed through every stage, with times: when each had it, how many cases and agencies, and where it stands still.

For who operates: the flow without the content. No case, no kind, no person, no name, and not the reason why an agency is told. An agency
that is told on two cases has two lines, which nothing tells apart but their times.
"""

import asyncio
from collections.abc import Collection, Iterable, Sequence
from datetime import datetime, timedelta

from aiokafka import AIOKafkaConsumer, TopicPartition
from aiokafka.errors import KafkaError
from pydantic import AwareDatetime
from sqlalchemy import select

from alertbus.broker.access import client_arguments
from alertbus.broker.consumer import read_at
from alertbus.broker.faults import BrokerFault
from alertbus.broker.producer import partition_for, quiet_kafka_loggers
from alertbus.broker.record import Received
from alertbus.broker.topics import ALERTS, CASE_EVENTS, NOTICES, partition_counts
from alertbus.chronicle import tables
from alertbus.chronicle.answers import AlertStatus, ObligationStatus
from alertbus.chronicle.tables import ANSWERED
from alertbus.chronicle.views import answered
from alertbus.delivery.ledger.tables import ledger
from alertbus.model.base import Word
from alertbus.model.errors import BusError
from alertbus.model.events import AlertReachedCase
from alertbus.model.notice import lane_of
from alertbus.model.receipt import Stage
from alertbus.sql.database import Database
from alertbus.sql.engine import database_faults, reading
from alertbus.wire.reading import moment, understand
from alertbus.wire.words import words

LIMIT_S = 5.0
"""Seconds for the broker's own times. Without them the rest is shown."""

MOST_READ = 2_000
"""Records of `case-events` that are looked through for one alert. Chosen: a minute of a county's busiest hour."""

MOST_TIMED = 40
"""Notices whose time on the broker is asked, one by one."""


class FollowedAgency(Word):
    """One obligation on its way: times and state, and nothing of what it is."""

    agency: str
    state: str
    overdue: bool
    answer_due: AwareDatetime | None
    decided_at: AwareDatetime | None
    """When its notice stood on the broker; None where that is not known."""
    taken_at: AwareDatetime | None
    """When delivery had it in its ledger."""
    sent_at: AwareDatetime | None
    accepted_at: AwareDatetime | None
    """When the agency's system took it."""
    answered_at: AwareDatetime | None
    """When a named person answered. The name is for who holds the case."""
    attempts: int
    trouble: str | None
    """The class of the latest error."""
    on_fallback: str | None


class FollowedAlert(Word):
    """An alert on its way. Every time may be None: it has not come so far, or nobody knows."""

    alert_id: str
    exercise: bool
    matches: int
    """How many alerts have the reference; this is the latest."""
    statements: tuple[AwareDatetime, ...]
    """When each statement was accepted."""
    on_broker_at: AwareDatetime | None
    reached_at: AwareDatetime | None
    """When the first stage had found whom it is about, and on which cases."""
    cases: int
    in_review: int
    """Questions about it that a person was asked."""
    agencies: tuple[FollowedAgency, ...]
    broker_asked: bool
    """False: the broker did not say, so that the times which it alone has are missing."""


async def followed(engine: Database, bootstrap: str, status: AlertStatus) -> FollowedAlert:
    """Put together what is known of an alert's way. Raises `DatabaseUnavailable`, and nothing for a broker that is away."""
    rows, places, accepted_offset = await asyncio.gather(
        _ledger_rows(engine, status.alert_id), _notice_places(engine, status.obligations), _accepted_offset(engine, status.alert_id)
    )
    first = min(one.accepted_at for one in status.statements)
    on_broker = reached = None
    decided: dict[str, datetime] = {}
    try:
        async with asyncio.timeout(LIMIT_S):
            counts = await partition_counts(bootstrap)
            keys = [(ALERTS, status.alert_id.encode(), accepted_offset), *((NOTICES, lane.encode(), at) for _, lane, at in places)]
            records = await read_at(bootstrap, [(topic, partition_for(key, counts[topic]), at) for topic, key, at in keys])
            on_broker, *told = [_written(one, key) for one, (_, key, _) in zip(records, keys, strict=True)]
            decided = {owed: at for (owed, _, _), at in zip(places, told, strict=True) if at is not None}
            reached = await _reached(bootstrap, counts[CASE_EVENTS], status, first) if status.cases else None
        broker_asked = True
    except (TimeoutError, BusError, BrokerFault, KafkaError, OSError, KeyError):
        broker_asked = False
    return FollowedAlert(
        alert_id=status.alert_id,
        exercise=status.exercise is not None,
        matches=status.matches,
        statements=tuple(sorted(one.accepted_at for one in status.statements)),
        on_broker_at=on_broker,
        reached_at=reached,
        cases=len(status.cases),
        in_review=len(status.review),
        agencies=tuple(_on_its_way(one, rows, decided) for one in status.obligations),
        broker_asked=broker_asked,
    )


class _LedgerLine(Word):
    obligation_id: str
    recorded_at: AwareDatetime
    attempts: int
    error_class: str | None
    done: bool
    fallback: str | None


async def _ledger_rows(engine: Database, alert_id: str) -> list[_LedgerLine]:
    row = ledger.c
    query = select(row.obligation_id, row.recorded_at, row.attempts, row.error_class, row.done_at, row.fallback)
    with database_faults():
        async with reading(engine) as connection:
            found = (await connection.execute(query.where(row.alert_id == alert_id).order_by(row.seq))).all()
    names = ("obligation_id", "recorded_at", "attempts", "error_class", "done", "fallback")
    return [_LedgerLine.model_validate(dict(zip(names, (*one[:4], one[4] is not None, one[5]), strict=True))) for one in found]


async def _notice_places(engine: Database, owed: Sequence[ObligationStatus]) -> list[tuple[str, str, int]]:
    """Give of each obligation its id, the key of its lane, and the offset of its first notice."""
    lanes = {one.id: lane_of(one.agency, one.case_id) for one in owed[:MOST_TIMED]}
    notice = tables.notice.c
    query = select(notice.obligation_id, notice.position).where(notice.obligation_id.in_(lanes)).order_by(notice.position.desc())
    rows = await answered(engine, lambda connection: list(connection.execute(query)))
    first = {row.obligation_id: row.position for row in rows}
    return [(one, lane, first[one]) for one, lane in lanes.items() if one in first]


async def _accepted_offset(engine: Database, alert_id: str) -> int:
    query = select(tables.alert.c.position).where(tables.alert.c.alert_id == alert_id).order_by(tables.alert.c.position).limit(1)
    return int(await answered(engine, lambda connection: connection.execute(query).scalar_one()))


async def _reached(bootstrap: str, partitions: int, status: AlertStatus, since: datetime) -> datetime | None:
    """Look for the first record by which the alert arrived at a case: among those that were written soon after it was accepted."""
    quiet_kafka_loggers()
    places = sorted({TopicPartition(CASE_EVENTS, partition_for(case.encode(), partitions)) for case in status.cases})
    consumer = AIOKafkaConsumer(**client_arguments(bootstrap), enable_auto_commit=False, client_id="alertbus-follow")
    try:
        await consumer.start()
        ends = await consumer.end_offsets(places)
        found = await consumer.offsets_for_times(dict.fromkeys(places, round((since - timedelta(seconds=1)).timestamp() * 1000)))
        starts = {where: place.offset for where, place in found.items() if place is not None and place.offset < ends[where]}
        arrivals = [await _arrival(consumer, where, start, ends[where], status.alert_id) for where, start in sorted(starts.items())]
        return min((at for at in arrivals if at is not None), default=None)
    finally:
        await consumer.stop()


async def _arrival(consumer: AIOKafkaConsumer, where: TopicPartition, start: int, end: int, alert_id: str) -> datetime | None:
    consumer.assign([where])
    consumer.seek(where, start)
    read = 0
    while read < MOST_READ:
        batch: list[Received] = (await consumer.getmany(where, timeout_ms=500, max_records=MOST_READ)).get(where, [])
        for record in batch:
            read += 1
            if (at := _arrives(record, alert_id)) is not None:
                return at
        if not batch or batch[-1].offset + 1 >= end:
            break
    return None


_ARRIVALS = words(AlertReachedCase.type)


def _arrives(record: Received, alert_id: str) -> datetime | None:
    understood = understand(record, _ARRIVALS)
    word = understood.word
    return understood.written_at if isinstance(word, AlertReachedCase) and word.alert.alert_id == alert_id else None


def _written(record: Received | None, key: bytes) -> datetime | None:
    """When the record was written, if it is the one: the chronicle may have been rebuilt from another log."""
    return None if record is None or record.key != key else moment(record.timestamp)


def _on_its_way(one: ObligationStatus, rows: Iterable[_LedgerLine], decided: dict[str, datetime]) -> FollowedAgency:
    own = [row for row in rows if row.obligation_id == one.id]
    latest = own[-1] if own else None
    is_answered = one.state in ANSWERED and one.acknowledged_at is not None
    return FollowedAgency(
        agency=one.agency,
        state=one.state,
        overdue=one.overdue,
        answer_due=one.due,
        decided_at=decided.get(one.id),
        taken_at=own[0].recorded_at if own else None,
        sent_at=_first(one, {Stage.SENT, Stage.ACCEPTED}),
        accepted_at=_first(one, {Stage.ACCEPTED}),
        answered_at=one.acknowledged_at if is_answered else None,
        attempts=latest.attempts if latest else 0,
        trouble=latest.error_class if latest and (not latest.done or one.state == "refused") else None,
        on_fallback=latest.fallback if latest else None,
    )


def _first(one: ObligationStatus, stages: Collection[Stage]) -> datetime | None:
    return min((receipt.at for receipt in one.receipts if receipt.stage in stages), default=None)
