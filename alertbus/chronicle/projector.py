"""From Kafka's records to the chronicle's rows: `read` has no side effects, `apply` writes rows and progress together.

Records of one partition come in order. How the topics interleave makes no difference, and a record applied twice
changes nothing.
"""

from collections import defaultdict
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import Any

import orjson
import structlog
from sqlalchemy import Connection, Table, text

from alertbus.broker import topics
from alertbus.broker.groups import CHRONICLE, GROUPS
from alertbus.broker.record import Partition, Received
from alertbus.chronicle import tables
from alertbus.chronicle.case_agencies import settle_case_agencies
from alertbus.chronicle.derive import NoticeHead, ReceiptHead, make_storable
from alertbus.chronicle.item_rows import item_row, write_items
from alertbus.chronicle.kept_counts import count_arrivals
from alertbus.chronicle.obligation_rows import write_obligations
from alertbus.chronicle.open_questions import settle_reviews
from alertbus.chronicle.recent_obligations import RecentObligations, stored
from alertbus.chronicle.tick_times import tick_row, write_ticks
from alertbus.chronicle.told_answers import settle_answers
from alertbus.model import watchdog
from alertbus.model.alert import AcceptedAlert
from alertbus.model.case import Case
from alertbus.model.errors import BusError
from alertbus.model.events import (
    ALERT_ACCEPTED,
    CASE_RECORDED,
    NOTICE_OWED,
    RECEIPT_GIVEN,
    AlertReachedCase,
    Answered,
    ReviewNeeded,
    Tick,
)
from alertbus.model.identity import ReviewDecided
from alertbus.model.item import Item
from alertbus.model.notice import Notice
from alertbus.model.receipt import ANSWERS, Receipt
from alertbus.sql import locks
from alertbus.sql.apart import together_or_apart
from alertbus.sql.compiled import CompiledStatement
from alertbus.sql.database import Transaction
from alertbus.sql.engine import upsert
from alertbus.wire.reading import UNKNOWN_TYPE, Understood, understand
from alertbus.wire.words import STREAM, TABLE, words

TOPICS = tuple(GROUPS[CHRONICLE])

log = structlog.stdlib.get_logger(__name__)

ContentRow = dict[str, Any]
Coordinates = tuple[str, int, int]
"""Topic, partition and offset of a record."""


class ChronicleBehind(BusError):
    """Records before these are not in the chronicle, because it was dropped, restored or is being rebuilt. Replay, then go on."""

    code = "chronicle_behind"
    retriable = True


@dataclass(slots=True)  # not frozen, as `Envelope`
class Fact:
    """One record, read: the row it makes, if any, and the obligation that it says something about."""

    topic: str
    partition: int
    offset: int
    table: Table | None = None
    row: ContentRow = field(default_factory=dict, repr=False)
    notice: NoticeHead | None = field(default=None, repr=False)

    @property
    def obligation_id(self) -> str | None:
        """The obligation that a notice or receipt is about, as it is stored."""
        return self.row.get("obligation_id")


def read(records: Iterable[Received]) -> list[Fact]:
    """Read what the records say."""
    return [fact_of(understand(record, WORDS)) for record in records]


async def apply(
    connection: Transaction,
    facts: Sequence[Fact],
    *,
    starts: Collection[Partition] = (),
    recent: RecentObligations | None = None,
    derived: bool = True,
) -> int:
    """Write the facts as `write_facts` does. One that cannot be written is set aside: a row of `chronicle_unreadable` in its place, and the
    others go on.
    """
    new = 0

    async def write(some: Sequence[Fact]) -> None:
        nonlocal new
        new += await connection.run_sync(write_facts, some, starts=starts, recent=recent, derived=derived)

    async def refused(fact: Fact, error: str) -> None:
        await write([set_aside((fact.topic, fact.partition, fact.offset), error)])

    await together_or_apart(connection, facts, write, refused)
    return new


async def derive(connection: Transaction, touched: Sequence[str]) -> None:
    """Work out anew these obligations, each from all its notices and receipts. One that cannot be is left out, and logged."""

    async def write(some: Sequence[str]) -> None:
        await connection.run_sync(derive_again, some)

    async def refused(obligation_id: str, error: str) -> None:
        log.error("an obligation cannot be worked out, and is not shown", obligation_id=obligation_id, reason=error)

    await together_or_apart(connection, touched, write, refused)


def derive_again(connection: Connection, touched: Sequence[str]) -> None:
    """Work out these obligations from what the database holds."""
    write_obligations(connection, list(stored(connection, touched).values()))


def write_facts(
    connection: Connection,
    facts: Sequence[Fact],
    *,
    starts: Collection[Partition] = (),
    recent: RecentObligations | None = None,
    derived: bool = True,
) -> int:
    """Write the facts and how far they reach, within the caller's transaction. Return how many were new.

    Facts below the progress are passed over. Raises `ChronicleBehind` when a fact does not follow what is already there, and what the
    database raises for a fact that it will not have: nothing of it must be committed then. `starts` are the partitions whose first fact
    here is the first there is: with no progress yet it may stand at any offset. `recent` saves reading obligations again from one call to
    the next. Without `derived` the obligations are left as they are: whoever loads everything derives each once, at the end.
    """
    if connection.dialect.name == "postgresql":  # on SQLite the engine's transactions are one at a time
        connection.execute(_LOCK, {"key": locks.CHRONICLE})
    known = progress(connection)
    new, reached = _not_yet_seen(facts, known, starts)
    if not new:
        return 0
    if recent is None:
        recent = RecentObligations(0)
    recent.begin(known)
    by_table: dict[Table, list[ContentRow]] = defaultdict(list)
    said: dict[str, list[NoticeHead | ReceiptHead]] = defaultdict(list)
    for fact in new:
        if fact.table is not None:
            by_table[fact.table].append(fact.row)
        if fact.obligation_id is not None:
            said[fact.obligation_id].append(fact.notice or ReceiptHead.of(fact.row))
    written = {table: _write_rows(connection, table, rows) for table, rows in by_table.items()}
    settle_reviews(connection, by_table)
    settle_answers(connection, by_table)
    settle_case_agencies(connection, by_table)
    if said and derived:
        all_new = all(written[table] == len(by_table[table]) for table in (tables.notice, tables.receipt) if table in written)
        write_obligations(connection, recent.with_new(connection, said, all_new=all_new))
    _REACH.execute(connection, [{"topic": t, "partition": p, "next": n} for (t, p), n in sorted(reached.items())])
    recent.end(known | reached)
    return len(new)


_LOCK = text("SELECT pg_advisory_xact_lock(:key)")
_INSERT = {table: CompiledStatement(partial(upsert, table)) for table in tables.CONTENT if table is not tables.item}
_REACH = CompiledStatement(partial(upsert, tables.progress, update=["next"], newer="next"))


def _write_rows(connection: Connection, table: Table, rows: Sequence[ContentRow]) -> int:
    if table is tables.item:
        return write_items(connection, rows)
    if table is tables.tick_minute:
        return write_ticks(connection, rows)
    count_arrivals(connection, table, rows)
    return _INSERT[table].execute(connection, rows)


def progress(connection: Connection) -> dict[Partition, int]:
    """Read the offset to come next of every partition of which something was written."""
    rows = connection.exec_driver_sql("SELECT topic, partition, next FROM chronicle_progress").all()
    return {(topic, partition): following for topic, partition, following in rows}


def _not_yet_seen(
    facts: Sequence[Fact], known: Mapping[Partition, int], starts: Collection[Partition]
) -> tuple[list[Fact], dict[Partition, int]]:
    reached: dict[Partition, int] = {}
    new = []
    for fact in facts:
        where = (fact.topic, fact.partition)
        following = reached.get(where, known.get(where, fact.offset if where in starts else 0))
        if fact.offset < following:
            continue
        if fact.offset > following:
            raise ChronicleBehind(
                f"topic '{fact.topic}', partition {fact.partition}: expected offset {following}, found {fact.offset}; "
                "replay the topics, then go on"
            )
        reached[where] = fact.offset + 1
        new.append(fact)
    return new, reached


def fact_of(understood: Understood) -> Fact:
    """Read one record. One that is not an event of the bus, or makes no row, becomes a row of `chronicle_unreadable`, and nothing else."""
    record = understood.record
    where = (record.topic, record.partition, record.offset)
    if isinstance(understood.word, Tick) and understood.source == STREAM:  # an exercise's come from whoever plays it
        return Fact(*where, tables.tick_minute, tick_row(understood.word, understood.written_at))
    reader = _READERS.get(understood.type)
    if reader is not None and understood.word is not None:
        try:
            fact = reader(where, understood.data, understood.word)
            make_storable(fact.row)
            return _unless_watchdog(fact)
        except Exception as fault:  # noqa: BLE001  making a row touches nothing but the record: whatever goes wrong is wrong with it
            return set_aside(where, type(fault).__name__)
    if understood.error is None and _is_anothers(record.topic, understood.type):
        return Fact(*where)
    return set_aside(where, understood.error or UNKNOWN_TYPE)


def set_aside(where: Coordinates, error: str) -> Fact:
    """A record that is not in the chronicle, with the class of what is wrong with it. `alertbus status` counts these."""
    topic, partition, offset = where
    log.warning("a record is passed over; status counts it", topic=topic, partition=partition, offset=offset, reason=error)
    return Fact(*where, tables.unreadable, {"topic": topic, "partition": partition, "offset": offset, "error": error})


def _is_anothers(topic: str, type_: str) -> bool:
    """True for a word of the bus that says nothing to the chronicle, on its own topic; on `case-events` for whatever reducers write."""
    word = TABLE.get(type_)
    return topic == topics.CASE_EVENTS or (word is not None and word.topic == topic and type_ not in _READERS)


def _unless_watchdog(fact: Fact) -> Fact:
    """The watchdog leaves no row: a year of it would be half a million alerts that nobody must answer (`model.watchdog`)."""
    row, notice = fact.row, fact.notice
    exercise = notice.obligation.exercise if notice else row.get("exercise")
    is_its = watchdog.is_reserved(exercise=exercise, case_id=row.get("case_id"))
    return Fact(fact.topic, fact.partition, fact.offset) if is_its else fact


def _alert(where: Coordinates, data: bytes, accepted: AcceptedAlert) -> Fact:
    said = accepted.alert
    row = {
        "statement_id": accepted.statement_id,
        "alert_id": accepted.alert_id,
        "source": said.source,
        "source_id": said.amends or said.id,
        "agency": said.agency,
        "kind": said.kind,
        "action": said.action,
        "severity": said.severity,
        "occurred_at": said.occurred_at,
        "recorded_at": said.recorded_at,
        "accepted_at": accepted.accepted_at,
        "at": accepted.at,
        "history": said.history,
        "exercise": said.exercise,
        "body": data,
        "position": where[2],
    }
    return Fact(*where, tables.alert, row)


def _reached(where: Coordinates, _data: bytes, arrival: AlertReachedCase) -> Fact:
    row = {
        "statement_id": arrival.alert.statement_id,
        "case_id": arrival.case_id,
        "alert_id": arrival.alert.alert_id,
        "people": orjson.dumps(arrival.alert.people),
        "reveals": orjson.dumps([one.model_dump(mode="json") for one in arrival.alert.reveals]) if arrival.alert.reveals else None,
    }
    return Fact(*where, tables.alert_case, row)


def _case(where: Coordinates, data: bytes, case: Case) -> Fact:
    row = {
        "case_id": case.id,
        "version": case.version,
        "exercise": case.exercise,
        "known_at": case.known_at,
        "body": data,
    }
    return Fact(*where, tables.case_version, row)


def _notice(where: Coordinates, data: bytes, notice: Notice) -> Fact:
    row = {"notice_id": notice.id, "obligation_id": notice.obligation.id, "deed": notice.deed, "body": data, "position": where[2]}
    return Fact(*where, tables.notice, row, NoticeHead.of(notice, where[2]))


def _receipt(where: Coordinates, _data: bytes, receipt: Receipt) -> Fact:
    return Fact(*where, tables.receipt, receipt.model_dump() | {"told": False if receipt.stage in ANSWERS else None})


def _answered(where: Coordinates, _data: bytes, answer: Answered) -> Fact:
    return Fact(*where, tables.answered, {"receipt_id": answer.receipt_id})


def _item(where: Coordinates, data: bytes, item: Item) -> Fact:
    return Fact(*where, tables.item, item_row(item, data, where[2]))


def _review(where: Coordinates, data: bytes, needed: ReviewNeeded) -> Fact:
    row = {"id": needed.id, "reason": needed.reason, "at": needed.at, "alert_id": needed.alert_id, "body": data}
    of = {"statement_id": needed.statement_id, "person_id": next(iter(needed.person_ids), None)}
    return Fact(*where, tables.review, row | of | {"open": True})


def _review_decision(where: Coordinates, data: bytes, decided: ReviewDecided) -> Fact:
    row = {"review_id": decided.id, "at": decided.at, "outcome": decided.outcome, "by": decided.by, "body": data}
    return Fact(*where, tables.review_decision, row)


WORDS = words(
    *(ALERT_ACCEPTED, AlertReachedCase.type, Answered.type, CASE_RECORDED, NOTICE_OWED, RECEIPT_GIVEN, Item.type),
    *(ReviewNeeded.type, ReviewDecided.type, Tick.type),
)
"""What the chronicle reads."""

_READERS: Mapping[str, Callable[[Coordinates, bytes, Any], Fact]] = {
    ALERT_ACCEPTED: _alert,
    AlertReachedCase.type: _reached,
    Answered.type: _answered,
    CASE_RECORDED: _case,
    NOTICE_OWED: _notice,
    RECEIPT_GIVEN: _receipt,
    Item.type: _item,
    ReviewNeeded.type: _review,
    ReviewDecided.type: _review_decision,
}
