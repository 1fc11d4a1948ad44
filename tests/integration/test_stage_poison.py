"""A record that its stage cannot decide is that record's end in the stream, not the worker's; trouble with the database is not the record's."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

import pytest

from alertbus.broker import topics
from alertbus.broker.envelope import encode
from alertbus.broker.producer import Producer, Queued
from alertbus.broker.record import Record
from alertbus.directory.directory import Directory
from alertbus.model.alert import AcceptedAlert, Alert
from alertbus.model.errors import DatabaseUnavailable
from alertbus.model.events import ALERT_ACCEPTED
from alertbus.policy.load import load_policy
from alertbus.quarantine.entry import read
from alertbus.sql.engine import make_engine, migrate
from alertbus.stream.stages import Identify

CANARY = "Canary"
NUMBERS = ("9990000018", "9990000026", "9990000034")
"""Valid, and of the range that is never given to anybody."""


class Collecting(Producer):
    """A producer that keeps what it is given."""

    def __init__(self) -> None:
        super().__init__("nowhere:1")
        self.records: list[Record] = []

    async def queue_all(self, records: Sequence[Record]) -> Queued:
        self.records += records
        return Queued()


@dataclass
class Incoming:
    key: bytes
    value: bytes
    headers: list[tuple[str, bytes]]
    offset: int
    topic: str = topics.ALERTS
    partition: int = 0
    timestamp: int = 1_700_000_000_000


def incoming(offset: int, nhs_number: str) -> Incoming:
    at = datetime(2026, 11, 24, tzinfo=UTC)
    alert = Alert.model_validate(
        {
            "id": f"a-{offset}",
            "source": "police",
            "kind": "other",
            "occurred_at": at,
            "recorded_at": at,
            "subjects": [{"person": {"label": CANARY, "identifiers": [{"system": "nhs_number", "value": nhs_number}]}}],
        }
    )
    accepted = AcceptedAlert.of(alert, at)
    value = accepted.model_dump_json(by_alias=True).encode()
    headers, data = encode(type=ALERT_ACCEPTED, source="/test", id=accepted.statement_id, time=at, subject=accepted.alert_id, data=value)
    return Incoming(accepted.alert_id.encode(), data, headers, offset)


async def test_what_the_database_will_not_store_goes_to_quarantine_and_its_neighbours_go_on(postgres_database: str) -> None:
    await migrate(postgres_database)
    engine, producer = make_engine(postgres_database), Collecting()
    stage = Identify(Directory(engine), load_policy(None), lambda: producer)
    try:
        async with engine.begin() as connection:
            await connection.exec_driver_sql(f"ALTER TABLE directory_claim ADD CONSTRAINT refuses CHECK (value <> '{NUMBERS[1]}')")
        await stage({0: [incoming(n, number) for n, number in enumerate(NUMBERS)]})
    finally:
        await engine.dispose()

    [entry] = [read(r.headers, r.value) for r in producer.records if r.topic == topics.QUARANTINE]
    assert entry is not None
    assert (entry.topic, entry.partition, entry.offset) == (topics.ALERTS, 0, 1)
    assert sum(record.topic == topics.PERSON_EVENTS for record in producer.records) == 2
    assert CANARY not in str(entry)


async def test_a_database_that_does_not_answer_is_no_records_fault_and_nothing_is_quarantined() -> None:
    engine, producer = make_engine("postgresql+psycopg://bus:x@127.0.0.1:1/bus"), Collecting()
    stage = Identify(Directory(engine), load_policy(None), lambda: producer)
    try:
        with pytest.raises(DatabaseUnavailable):
            await stage({0: [incoming(1, NUMBERS[0])]})
    finally:
        await engine.dispose()

    assert producer.records == []
