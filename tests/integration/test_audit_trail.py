"""The audit trail on a real broker: one unbroken chain, however many write it and whenever one of them dies."""

import asyncio
from collections.abc import AsyncIterator
from datetime import UTC, datetime
from pathlib import Path

import pytest
from sqlalchemy import delete, select, update

from alertbus.audit import tables
from alertbus.audit.anchor import Anchor, anchored
from alertbus.audit.chain import AuditedDeed, AuditEntry, AuditRecord, Break, ChainFault, Head, next_record
from alertbus.audit.keys import keys_in
from alertbus.audit.trail import Trail, records, verify
from alertbus.broker.consumer import read_all
from alertbus.broker.envelope import encode
from alertbus.broker.producer import Producer
from alertbus.broker.topics import AUDIT, ensure_topics
from alertbus.sql.engine import make_engine, migrate
from alertbus.wire.words import AUDIT as AUDITED_BY

pytestmark = pytest.mark.kafka


@pytest.fixture
async def producer(kafka: str) -> AsyncIterator[Producer]:
    await ensure_topics(kafka)
    producer = Producer(kafka)
    await producer.start()
    yield producer
    await producer.stop()


@pytest.fixture(params=["sqlite", "postgresql"])
def empty(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    return f"sqlite:///{tmp_path}/bus.db" if request.param == "sqlite" else str(request.getfixturevalue("postgres_database"))


@pytest.fixture
async def url(empty: str) -> str:
    await migrate(empty)
    return empty


@pytest.fixture
def chain(topic_prefix: str) -> str:
    """A chain of this test alone: the topic is shared."""
    return topic_prefix.replace("-", "_")


def now() -> datetime:
    return datetime.now(UTC)


async def append(trail: Trail, chain: str, reason: str = "mended") -> AuditRecord:
    return await trail.append(chain, AuditedDeed.REDRIVE_DONE, by="A. Person", reason=reason, about=["id"], places=["alertbus.alerts/0/0"])


async def breaks(kafka: str, url: str, chain: str) -> list[Break]:
    engine = make_engine(url)
    try:
        return [one for one in (await verify(kafka, engine))[1] if one.chain == chain]
    finally:
        await engine.dispose()


async def write(producer: Producer, record: AuditRecord, value: bytes | None = None) -> None:
    headers, data = encode(
        type=AuditRecord.type, source=AUDITED_BY, id=record.hash, time=record.at, subject=record.chain, data=value or record.as_bytes()
    )
    await (await producer.send(AUDIT, key=record.chain, value=data, headers=headers))


async def test_many_writers_at_once_make_one_unbroken_chain(kafka: str, producer: Producer, url: str, chain: str) -> None:
    engines = [make_engine(url) for _ in range(4)]  # as in four processes
    trails = [Trail(kafka, engine, producer, now) for engine in engines]
    try:
        await asyncio.gather(*(append(trails[n % 4], chain, f"reason {n}") for n in range(16)))
        written = [record for record in await records(kafka) if record.chain == chain]
    finally:
        await asyncio.gather(*(trail.close() for trail in trails))
        for engine in engines:
            await engine.dispose()

    assert [record.number for record in written] == list(range(1, 17))
    assert {record.reason for record in written} == {f"reason {n}" for n in range(16)}
    assert await breaks(kafka, url, chain) == []


async def test_records_written_together_follow_each_other_and_are_told_apart(kafka: str, producer: Producer, url: str, chain: str) -> None:
    engine = make_engine(url)
    trail = Trail(kafka, engine, producer, now)
    said = [AuditEntry(AuditedDeed.CASE_READ, by="a-system", reason="read", about=(f"c{n}",), caller="a-system") for n in range(5)]
    try:
        await append(trail, chain)
        together = await trail.append_all(chain, said)
        await append(trail, chain)
    finally:
        await trail.close()
        await engine.dispose()

    assert [(one.number, one.about, one.caller) for one in together] == [(n + 2, (f"c{n}",), "a-system") for n in range(5)]
    assert await breaks(kafka, url, chain) == []


async def test_a_writer_that_died_before_it_noted_its_record_and_a_lost_database_break_nothing(
    kafka: str, producer: Producer, url: str, chain: str
) -> None:
    engine = make_engine(url)
    trail = Trail(kafka, engine, producer, now)
    try:
        await append(trail, chain)
        async with engine.reading() as connection:
            noted = (await connection.execute(select(tables.head))).one()._asdict()
        await append(trail, chain)
        async with engine.begin() as connection:  # as if the second had never been noted
            await connection.execute(update(tables.head).values(**noted))
        await append(trail, chain)
        async with engine.begin() as connection:
            await connection.execute(delete(tables.head))
        last = await append(trail, chain)
    finally:
        await trail.close()
        await engine.dispose()

    assert last.number == 4
    assert await breaks(kafka, url, chain) == []


async def test_a_chain_that_is_keyed_and_anchored_holds_and_one_made_anew_without_the_key_does_not(
    kafka: str, producer: Producer, url: str, chain: str, tmp_path: Path
) -> None:
    keys, file, engine = keys_in("a1" * 32), tmp_path / "anchor", make_engine(url)
    trail = Trail(kafka, engine, producer, now, keys, Anchor(file, None, now))
    forger = Trail(kafka, engine, producer, now)  # may write topic and database, and has no key
    try:
        for _ in range(3):
            await append(trail, chain)
        await trail.close()
        held = [one for one in (await verify(kafka, engine, keys, anchored(file)))[1] if one.chain == chain]
        await append(forger, chain)
        forged = [one for one in (await verify(kafka, engine, keys, anchored(file)))[1] if one.chain == chain]
    finally:
        await forger.close()
        await engine.dispose()

    assert held == []
    assert sorted(anchored(file)) == [(chain, 1), (chain, 3)]
    assert [(one.fault, one.number) for one in forged] == [(ChainFault.UNKEYED, 4)]


async def test_a_record_altered_on_the_topic_is_found_with_its_place(kafka: str, producer: Producer, url: str, chain: str) -> None:
    engine = make_engine(url)
    trail = Trail(kafka, engine, producer, now)
    try:
        first = await append(trail, chain)
    finally:
        await trail.close()
        await engine.dispose()
    second = next_record(Head(1, first.hash), chain, AuditEntry(AuditedDeed.REDRIVE_DONE, by="A. Person", reason="none of it"), now())
    await write(producer, second, second.as_bytes().replace(b"A. Person", b"B. Person"))
    [place] = [
        f"{r.topic}/{r.partition}/{r.offset}"
        async for r in read_all(kafka, [AUDIT])
        if b"B. Person" in (r.value or b"") and chain.encode() == r.key
    ]

    assert await breaks(kafka, url, chain) == [Break(chain, place, ChainFault.ALTERED, 2)]


async def test_a_chain_that_the_database_knows_to_be_longer_was_cut_off(kafka: str, producer: Producer, url: str, chain: str) -> None:
    engine = make_engine(url)
    trail = Trail(kafka, engine, producer, now)
    try:
        await append(trail, chain)
        async with engine.begin() as connection:
            await connection.execute(update(tables.head).values(number=2))
    finally:
        await trail.close()
        await engine.dispose()

    assert await breaks(kafka, url, chain) == [Break(chain, chain, ChainFault.CUT_OFF, 2)]
