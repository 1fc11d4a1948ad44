"""What /metrics says of the whole bus, and what it leaves out when it cannot know."""

from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from prometheus_client import generate_latest
from sqlalchemy import select

from alertbus.audit.chain import AuditedDeed, AuditEntry, Head, next_record
from alertbus.broker import topics
from alertbus.broker.producer import Producer
from alertbus.broker.record import Record
from alertbus.broker.topics import ensure_topics
from alertbus.chronicle.projector import apply, read
from alertbus.chronicle.tables import tick_minute
from alertbus.chronicle.tick_times import tick_times
from alertbus.model import ids
from alertbus.operations.gauges import Vitals, measured, without_agencies
from alertbus.operations.quarantine_depth import QuarantineDepth
from alertbus.plugin.kit.samples import sample_notice
from alertbus.quarantine.entry import Disposition, refused
from alertbus.sql.engine import make_engine, migrate
from alertbus.wire import records
from alertbus.wire.words import GATEWAY, STREAM
from tests.story import Arrived, Log, unowned

pytestmark = pytest.mark.kafka

NOW = datetime(2026, 11, 24, 3, 0, tzinfo=UTC)


def vitals(bootstrap: str, engine: Any) -> Vitals:
    return Vitals(bootstrap, engine, lambda: NOW, watchdog_interval_s=60)


async def test_every_subject_is_measured_and_a_watchdog_that_never_arrived_is_infinitely_late(kafka: str, tmp_path: Path) -> None:
    await ensure_topics(kafka)
    url = f"sqlite:///{tmp_path}/bus.db"
    await migrate(url)
    engine = make_engine(url)
    try:
        text = generate_latest(await measured(vitals(kafka, engine))).decode()
    finally:
        await engine.dispose()

    for subject in ("progress", "delivery", "items", "clock", "quarantine", "watchdog"):
        assert f'alertbus_measured{{subject="{subject}"}} 1.0' in text
    assert "alertbus_watchdog_last_arrival_age_seconds +Inf" in text
    assert "alertbus_watchdog_interval_seconds 60.0" in text
    assert 'alertbus_oldest_unprocessed_seconds{group="alertbus-delivery"}' in text
    assert 'alertbus_quarantine_entries{disposition="poison"}' in text
    assert "alertbus_items_overdue 0.0" in text
    assert "alertbus_unowned_oldest_seconds 0.0" in text


async def test_what_nobody_owns_is_counted_by_agency_and_an_exercise_is_not(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path}/bus.db"
    await migrate(url)
    engine = make_engine(url)
    log = Log()
    log.item(unowned("one", NOW - timedelta(hours=2)))
    log.item(unowned("two", NOW - timedelta(hours=1), agency="gp"))
    log.item(unowned("rehearsed", NOW - timedelta(hours=9), exercise="drill"))
    try:
        async with engine.begin() as connection:
            await apply(connection, read(log.records))
        text = generate_latest(await measured(vitals("127.0.0.1:1", engine))).decode()
        summed = generate_latest(without_agencies(await measured(vitals("127.0.0.1:1", engine)))).decode()
    finally:
        await engine.dispose()

    assert 'alertbus_unowned{agency="health_visiting"} 1.0' in text
    assert 'alertbus_unowned{agency="gp"} 1.0' in text
    assert "alertbus_unowned_oldest_seconds 7200.0" in text
    assert "alertbus_items_open 2.0" in text
    assert "alertbus_items_overdue 2.0" in text
    assert "alertbus_unowned 2.0" in summed


async def test_of_the_ticks_of_the_last_minutes_it_is_told_how_late_the_latest_was_and_an_exercises_are_not_counted(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path}/bus.db"
    await migrate(url)
    engine = make_engine(url)

    def ticked(offset: int, written_at: datetime, late: timedelta, by: str = STREAM) -> Arrived:
        made = records.ticked("case-1", written_at - late - timedelta(microseconds=1), written_at, by=by)
        return Arrived(made.topic, 0, offset, made.key, made.value, made.headers, round(written_at.timestamp() * 1000))

    lately, before = NOW - timedelta(seconds=90), NOW - timedelta(minutes=20)
    said = [
        *(ticked(0, before, timedelta(hours=9)), ticked(1, lately, timedelta(seconds=2)), ticked(2, lately, timedelta(seconds=75))),
        *(ticked(3, lately, timedelta(days=40), by=GATEWAY), ticked(4, lately + timedelta(seconds=31), timedelta(seconds=1))),
    ]
    try:
        none_yet = generate_latest(await measured(vitals("127.0.0.1:1", engine))).decode()
        for some in (said[:2], said[1:]):  # what is read twice is one tick
            async with engine.begin() as connection:
                await apply(connection, read(some))
        text = generate_latest(await measured(vitals("127.0.0.1:1", engine))).decode()
        kept = await tick_times(engine, NOW)
        async with engine.begin() as connection:
            await apply(connection, read([ticked(5, NOW + timedelta(days=8), timedelta())]))
            minutes = (await connection.execute(select(tick_minute.c.worst_ms))).scalars().all()
    finally:
        await engine.dispose()

    assert "alertbus_tick_worst_seconds 0.0" in none_yet
    assert "alertbus_tick_worst_seconds 75.0" in text
    assert "alertbus_ticks_lately 3.0" in text
    assert kept == (3, 75.0)
    assert minutes == [0], "a week is kept"


async def test_without_broker_and_database_the_figures_are_left_out_and_that_is_said(tmp_path: Path) -> None:
    engine = make_engine("postgresql+psycopg://bus:canary@127.0.0.1:1/bus")
    try:
        text = generate_latest(await measured(vitals("127.0.0.1:1", engine))).decode()
    finally:
        await engine.dispose()

    for subject in ("progress", "delivery", "items", "clock", "quarantine", "watchdog"):
        assert f'alertbus_measured{{subject="{subject}"}} 0.0' in text
    assert "alertbus_oldest_unprocessed_seconds" not in text
    assert "canary" not in text


async def test_the_depth_of_quarantine_falls_when_an_entry_is_put_back(kafka: str, monkeypatch: pytest.MonkeyPatch) -> None:
    await ensure_topics(kafka)
    monkeypatch.setattr("alertbus.operations.quarantine_depth._FRESH_S", 0.0)
    depth, producer = QuarantineDepth(kafka), Producer(kafka)
    before = (await depth.by_disposition())[Disposition.REFUSED]
    notice = sample_notice(id=ids.event_id("notice", kafka))
    entry = refused(notice, "refused", by="/alertbus/delivery", at=NOW, attempt=1, version="health 0.1.0")
    done = next_record(
        Head(),
        "test_depth",
        AuditEntry(AuditedDeed.REDRIVE_DONE, by="A. Person", reason="mended", about=(ids.event_id("refused", notice.id, "1"),), places=()),
        NOW,
    )

    await producer.start()
    try:
        await producer.send_all([entry, entry])  # the second after a crash
        risen = (await depth.by_disposition())[Disposition.REFUSED]
        await producer.send_all([Record(topics.AUDIT, b"test_depth", done.as_bytes())])
        fallen = (await depth.by_disposition())[Disposition.REFUSED]
    finally:
        await producer.stop()

    assert (risen - before, fallen - before) == (1, 0)
