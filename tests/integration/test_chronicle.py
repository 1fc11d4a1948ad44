"""The chronicle's promises, the same on SQLite and on PostgreSQL, and from a real Kafka."""

import asyncio
import io
import json
import logging
import random
import sys
import threading
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Sequence
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
import structlog
from sqlalchemy import select, text

from alertbus import logs
from alertbus.broker import topics
from alertbus.broker.consumer import read_all
from alertbus.broker.producer import Producer
from alertbus.broker.record import Record
from alertbus.broker.topics import ensure_topics
from alertbus.chronicle import inbox_order, queries, tables
from alertbus.chronicle.chronology import chronology_of
from alertbus.chronicle.derive import derive_obligation
from alertbus.chronicle.projector import TOPICS, ChronicleBehind, apply, read
from alertbus.chronicle.rebuild import digest, make_tables, replay
from alertbus.chronicle.recent_obligations import RecentObligations
from alertbus.chronicle.tables import TABLES, ObligationState
from alertbus.chronicle.views import latest_case, view
from alertbus.chronicle.worker import project, run_chronicle
from alertbus.model.alert import Action, Narrative, Referrer, SaidBy, Severity
from alertbus.model.errors import DatabaseUnavailable, InvalidInput, NotFound
from alertbus.model.events import (
    RECEIPT_GIVEN,
    ReviewNeeded,
    ReviewReason,
)
from alertbus.model.notice import Deed, Notice
from alertbus.model.receipt import Intent, Receipt, Stage
from alertbus.plugin.kit.samples import CANARIES, sample_alert
from alertbus.rebuild.plan import rebuild
from alertbus.run.bootstrap import Wiring
from alertbus.settings import Settings
from alertbus.sql.database import Database
from alertbus.sql.engine import make_engine, metadata
from alertbus.sql.rebuild import unfinished
from tests.story import LATER, T0, Arrived, Log, a_case, a_notice, a_receipt, accepted, hours, story


@pytest.fixture
async def engine(url: str) -> AsyncIterator[Database]:
    engine = make_engine(url)
    await make_tables(engine)
    yield engine
    await engine.dispose()


async def put(engine: Database, records: Sequence[Arrived]) -> int:
    async with engine.begin() as connection:
        return await apply(connection, read(records))


async def empty(engine: Database) -> None:
    async with engine.begin() as connection:
        await connection.run_sync(metadata.drop_all, tables=TABLES)
        await connection.run_sync(metadata.create_all, tables=TABLES)


def interleaved(records: Sequence[Arrived], seed: int) -> list[Arrived]:
    """The same records, partitions mixed at random, each in its own order."""
    dice = random.Random(seed)
    queues: dict[tuple[str, int], list[Arrived]] = {}
    for record in records:
        queues.setdefault((record.topic, record.partition), []).append(record)
    order = [place for place, queue in queues.items() for _ in queue]
    dice.shuffle(order)
    return [queues[place].pop(0) for place in order]


async def test_how_topics_interleave_and_what_comes_twice_changes_nothing(engine: Database) -> None:
    log = story()
    await put(engine, log.records)
    expected = await digest(engine)

    for seed in range(3):
        dice = random.Random(seed)
        records = interleaved(log.records, seed)
        await empty(engine)
        at = 0
        while at < len(records):
            size = dice.randint(1, 200)
            await put(engine, records[max(0, at - dice.randint(0, 50)) : at + size])
            at += size

        assert await digest(engine) == expected


async def test_digest_is_the_same_on_both_databases_and_sees_every_change(engine: Database, tmp_path: Path) -> None:
    log = story()
    await put(engine, log.records)
    other = make_engine(f"sqlite:///{tmp_path}/other.db")
    await make_tables(other)
    await put(other, log.records)

    assert await digest(engine) == await digest(other)

    async with other.begin() as connection:
        one = "(SELECT min(id) FROM chronicle_obligation)"
        await connection.execute(text(f"UPDATE chronicle_obligation SET role = 'somebody' WHERE id = {one}"))
    assert await digest(engine) != await digest(other)
    await other.dispose()


async def test_crash_between_rows_and_offsets_changes_nothing(engine: Database) -> None:
    records = story().records
    assert await put(engine, records[:300]) == 300
    before = await digest(engine)

    assert await put(engine, records[:300]) == 0
    assert await digest(engine) == before


async def test_crash_before_the_rows_leaves_no_trace(engine: Database) -> None:
    records = story().records

    async def die() -> None:
        async with engine.begin() as connection:
            await apply(connection, read(records))
            raise ConnectionError

    with pytest.raises(ConnectionError):
        await die()

    assert (await queries.status(engine, LATER)).progress == {}
    assert await put(engine, records) == len(records)


async def test_records_that_do_not_follow_are_refused_whole(engine: Database) -> None:
    log = Log()
    for n in range(9):
        log.alert(accepted(f"T-{n}"))
    last = max(log.records, key=lambda record: record.offset)

    with pytest.raises(ChronicleBehind, match=r"topic 'alertbus.alerts', partition \d: expected offset 0, found [1-9]"):
        await put(engine, [last])

    async with engine.begin() as connection:
        assert await apply(connection, read([last]), starts={(last.topic, last.partition)}) == 1  # a log that begins later


async def test_two_workers_at_once_miss_nothing_of_each_other(engine: Database) -> None:
    log = Log()
    notices = [a_notice(f"n-{n}", case_id=f"case-{n % 5}") for n in range(60)]
    for notice in notices:
        log.notice(notice)
        log.receipt(a_receipt(notice, Stage.ACKNOWLEDGED))
    told = [record for record in log.records if record.topic == topics.NOTICES]
    answered = [record for record in log.records if record.topic == topics.RECEIPTS]

    await asyncio.gather(put(engine, told), put(engine, answered))

    states = (await queries.status(engine, LATER)).obligations
    assert states[ObligationState.ACKNOWLEDGED] == 60


async def test_record_that_is_no_word_of_ours_is_counted_and_stops_nobody(engine: Database) -> None:
    log = Log()
    log.raw(topics.ALERTS, "k", b"Zeb Quillfeather")
    log.add(topics.NOTICES, "k", "uk.alertbus.notice.unheard-of.v1", accepted())
    log.add(topics.RECEIPTS, "k", RECEIPT_GIVEN, accepted())
    log.add(topics.CASE_EVENTS, "k", "uk.alertbus.worker.changed.v1", accepted())
    log.alert(accepted("A\0B"))

    assert await put(engine, log.records) == 5

    found = await queries.status(engine, LATER)
    assert (found.unreadable, found.alerts) == (3, 1)


async def put_as_the_worker_does(engine: Database, records: Sequence[Arrived]) -> None:
    await project(engine, read(records), RecentObligations())


@pytest.mark.parametrize("write", [put, put_as_the_worker_does])
async def test_a_record_that_the_database_will_not_have_is_set_aside_alone_and_what_comes_after_it_is_there(
    engine: Database, write: Callable[[Database, Sequence[Arrived]], Awaitable[Any]]
) -> None:
    too_long_for_an_index = random.Random(1).randbytes(20_000).hex()
    log = Log()
    log.alert(accepted("T-1"))
    log.notice(a_notice("n-1", too_long_for_an_index))
    log.notice(a_notice("n-2", "owed"))
    log.alert(accepted("T-2"))

    await write(engine, log.records)
    found = await queries.status(engine, LATER)

    refused = engine.dialect.name == "postgresql"
    assert (found.alerts, sum(found.obligations.values()), found.unreadable) == (2, 2 - refused, int(refused))
    assert sum(found.progress.values()) == 4


async def test_an_obligation_whose_ids_hold_what_postgresql_refuses_in_text_is_shown_and_answered(engine: Database) -> None:
    log = Log()
    notice = a_notice("n\0-1", "owed\0")
    log.notice(notice)
    log.receipt(a_receipt(notice, Stage.ACKNOWLEDGED, by="R.\0 Postholder"))
    log.alert(accepted("T-1"))
    for record in log.records:
        await put(engine, [record])

    (item,) = await queries.inbox(engine, now=LATER, state=inbox_order.ALL)

    assert (item.state, item.acknowledged_by) == (ObligationState.ACKNOWLEDGED, "R.\ufffd Postholder")
    assert (await queries.status(engine, LATER)).unreadable == 0


# Where an obligation stands


DELIVERED = a_notice("n-1", "owed")
AMENDED = a_notice("n-2", "owed", deed=Deed.AMEND, since=hours(10), due=hours(20))
WITHDRAWN = a_notice("n-3", "owed", deed=Deed.WITHDRAW)
NOT_THEIRS = a_notice("n-3", "owed", deed=Deed.NO_LONGER_YOURS)
MISTAKEN = a_notice("n-3", "owed", deed=Deed.CORRECT)
ESCALATED = a_notice("n-4", "owed", deed=Deed.ESCALATE)
AGAIN = a_notice("n-5", "owed", since=hours(30))


@pytest.mark.parametrize(
    ("notices", "answers", "state"),
    [
        pytest.param([DELIVERED], [], ObligationState.OWED, id="nothing came back"),
        pytest.param([DELIVERED], [(Stage.ACCEPTED, 2), (Stage.SENT, 1)], ObligationState.ACCEPTED, id="accepted beats sent"),
        pytest.param([DELIVERED], [(Stage.SENT, 2), (Stage.ACCEPTED, 1)], ObligationState.ACCEPTED, id="whatever their clocks say"),
        pytest.param([DELIVERED], [(Stage.SEEN, 1), (Stage.ACCEPTED, 2)], ObligationState.SEEN, id="seen beats accepted"),
        pytest.param([DELIVERED], [(Stage.ACKNOWLEDGED, 1), (Stage.SEEN, 2)], ObligationState.ACKNOWLEDGED, id="acknowledged beats seen"),
        pytest.param([DELIVERED], [(Stage.SENT, 1), (Stage.FAILED, 2)], ObligationState.FAILED, id="a failure is shown"),
        pytest.param([DELIVERED], [(Stage.FAILED, 1), (Stage.ACCEPTED, 2)], ObligationState.ACCEPTED, id="until an attempt gets through"),
        pytest.param([DELIVERED], [(Stage.REFUSED, 3), (Stage.SENT, 2)], ObligationState.REFUSED, id="a refusal is shown"),
        pytest.param([DELIVERED], [(Stage.FAILED, 1), (Stage.COPIED, 2)], ObligationState.FAILED, id="a copy is no delivery"),
        pytest.param([DELIVERED], [(Stage.REFUSED, 1), (Stage.COPIED, 2)], ObligationState.REFUSED, id="a copy hides no refusal"),
        pytest.param([DELIVERED], [(Stage.COPIED, 1)], ObligationState.FAILED, id="where a copy had to be made its own channel failed"),
        pytest.param(
            [DELIVERED], [(Stage.FAILED, 1), (Stage.ACCEPTED, 2), (Stage.COPIED, 3)], ObligationState.ACCEPTED, id="nor is a copy a failure"
        ),
        pytest.param([DELIVERED], [(Stage.SEEN, 1), (Stage.FAILED, 2)], ObligationState.SEEN, id="who has seen it has it"),
        pytest.param([DELIVERED, ESCALATED], [(Stage.SEEN, 1)], ObligationState.ESCALATED, id="seen is no answer to an escalation"),
        pytest.param([DELIVERED, ESCALATED], [(Stage.ACKNOWLEDGED, 1)], ObligationState.ACKNOWLEDGED, id="acknowledged is one"),
        pytest.param([DELIVERED, WITHDRAWN], [(Stage.ACKNOWLEDGED, 1)], ObligationState.WITHDRAWN, id="withdrawn is over"),
        pytest.param([DELIVERED, NOT_THEIRS], [(Stage.SEEN, 1)], ObligationState.WITHDRAWN, id="so is what is no longer theirs"),
        pytest.param([DELIVERED, MISTAKEN], [], ObligationState.WITHDRAWN, id="and what never was"),
        pytest.param([DELIVERED, AMENDED], [(Stage.ACKNOWLEDGED, 9)], ObligationState.OWED, id="an amendment asks anew"),
        pytest.param([DELIVERED, AMENDED], [(Stage.ACKNOWLEDGED, 11)], ObligationState.ACKNOWLEDGED, id="and is answered"),
        pytest.param([DELIVERED, WITHDRAWN, AGAIN], [], ObligationState.OWED, id="told again after it was taken back"),
    ],
)
def test_state_follows_from_notices_and_receipts(notices: list[Notice], answers: list[tuple[Stage, int]], state: ObligationState) -> None:
    receipts = [a_receipt(DELIVERED, stage, hours(at)) for stage, at in answers]

    assert derive_obligation(notices, receipts).state is state
    assert derive_obligation(notices, receipts[::-1]).state is state


@pytest.mark.parametrize("stuck", [Stage.REFUSED, Stage.FAILED])
def test_a_copy_told_of_in_the_old_form_hides_no_trouble_either(stuck: Stage) -> None:
    trouble = a_receipt(DELIVERED, stuck, hours(1))
    told = a_receipt(DELIVERED, Stage.ACCEPTED, hours(2)).model_dump(mode="json", exclude={"channel"}) | {"detail": "fallback:inbox"}
    copy = Receipt.model_validate_json(json.dumps(told))

    assert derive_obligation([DELIVERED], [trouble, copy]).state == stuck
    assert (copy.stage, copy.channel, copy.detail) == (Stage.COPIED, "inbox", None)


def test_amendment_brings_its_own_due_time_and_what_is_told_again_its_own_beginning() -> None:
    amended = derive_obligation([DELIVERED, AMENDED], [])
    again = derive_obligation([DELIVERED, WITHDRAWN, AGAIN], [])

    assert (amended.since, amended.row["due"], amended.latest.id) == (T0, hours(20), "n-2")
    assert again.since == hours(30)


def test_first_acknowledgement_is_the_one_that_counts() -> None:
    first = a_receipt(DELIVERED, Stage.ACKNOWLEDGED, hours(1), by="First Reader")
    second = a_receipt(DELIVERED, Stage.ACKNOWLEDGED, hours(2), by="Second Reader", intent=Intent.PASSING_ON)

    found = derive_obligation([DELIVERED], [second, first])

    assert (found.acknowledged_by, found.acknowledged_at) == ("First Reader", hours(1))
    assert found.acknowledged_intent is Intent.ACTING


# What may be asked


async def test_inbox_is_overdue_first_then_by_severity_then_by_age_page_by_page(engine: Database) -> None:
    log = Log()
    expected = ["late-low", "young-critical", "old-high", "young-high", "done"]
    late, done = (
        a_notice("late-low", severity=Severity.LOW, due=hours(1)),
        a_notice("done", severity=Severity.LOW, due=hours(1)),
    )
    for notice in (
        a_notice("young-high", severity=Severity.HIGH, since=hours(5), due=hours(90)),
        done,
        a_notice("old-high", severity=Severity.HIGH, since=hours(4)),
        late,
        a_notice("young-critical", severity=Severity.CRITICAL, since=hours(6), due=hours(50)),
        a_notice("drill", exercise="drill"),
        a_notice("elsewhere", agency="gp"),
    ):
        log.notice(notice)
    log.receipt(a_receipt(done, Stage.ACKNOWLEDGED, hours(0.5)))
    await put(engine, log.records)
    now = hours(48)

    async def asked(**more: Any) -> list[str]:
        return [item.notice.id for item in await queries.inbox(engine, "health_visiting", now=now, **{"exercise": None, **more})]

    assert await asked() == expected
    assert await asked(state=inbox_order.OPEN) == expected[:-1]
    assert await asked(state="acknowledged") == ["done"]
    assert await asked(exercise="drill") == ["drill"]
    assert set(await asked(exercise=inbox_order.EVERYTHING, state=inbox_order.ALL)) == {*expected, "drill"}

    paged: list[str] = []
    after = None
    while page := await queries.inbox(engine, "health_visiting", None, None, now=now, limit=2, after=after):
        paged += [item.notice.id for item in page]
        after = page[-1].cursor
    assert paged == expected

    first = (await queries.inbox(engine, now=now, limit=1))[0]
    assert (first.notice, first.overdue, first.receipts) == (late, True, ())
    assert await queries.obligation(engine, "owed-late-low", now=now) == first


@pytest.mark.parametrize("cursor", ["", "x", "0~1~yesterday~id", "0~9~2026-01-05T12:00:00Z~id", "0~1~2026-01-05~id"])
async def test_cursor_of_somebody_elses_making_is_refused_by_name(engine: Database, cursor: str) -> None:
    with pytest.raises(InvalidInput, match="after: expected the cursor"):
        await queries.inbox(engine, now=T0, after=cursor)


async def test_unknown_state_is_refused_with_those_there_are(engine: Database) -> None:
    with pytest.raises(InvalidInput, match="state: expected open, all, owed, sent"):
        await queries.inbox(engine, state="lost", now=T0)


async def test_alert_is_found_by_the_buss_id_and_by_its_senders(engine: Database) -> None:
    log = Log()
    raised = accepted("OUR-1", hours(1))
    notice = a_notice("n-1", alert_id=raised.alert_id, due=hours(2))
    log.alert(raised)
    log.alert(accepted("OUR-1", hours(5), action=Action.AMENDED, severity=Severity.CRITICAL))
    log.alert(accepted("OUR-1", hours(0), source="nspcc"))  # another sender's, and older
    log.reached(raised, "case-1")
    log.reached(raised, "case-2")
    log.notice(notice)
    log.receipt(a_receipt(notice, Stage.SEEN, hours(3)))
    await put(engine, log.records)

    by_ours = await queries.alert_status(engine, raised.alert_id, now=hours(4))
    by_theirs = await queries.alert_status(engine, "OUR-1", now=hours(4))

    assert by_ours.matches == 1
    assert by_theirs == by_ours.model_copy(update={"matches": 2})
    assert [s.action for s in by_ours.statements] == [Action.RAISED, Action.AMENDED]
    assert (by_ours.severity, by_ours.cases) == (Severity.CRITICAL, ("case-1", "case-2"))
    (owed,) = by_ours.obligations
    assert (owed.agency, owed.state, owed.overdue) == ("health_visiting", ObligationState.SEEN, True)
    assert [receipt.stage for receipt in owed.receipts] == [Stage.SEEN]
    with pytest.raises(NotFound):
        await queries.alert_status(engine, "never said")


async def test_statements_are_all_that_was_stated_of_an_alert(engine: Database) -> None:
    log = Log()
    first, later = accepted(), accepted(at=hours(5), action=Action.AMENDED, severity=Severity.CRITICAL)
    log.alert(first)
    log.alert(later)
    await put(engine, log.records)

    stated = [first.with_people(()), later.with_people(())]
    assert await queries.statements(engine, "T-1") == stated
    assert await queries.statements(engine, first.alert_id) == stated
    with pytest.raises(NotFound):
        await queries.statements(engine, "never said")


async def test_chronology_has_history_that_told_nobody_and_every_word_of_it(engine: Database) -> None:
    log = Log()
    log.case(a_case())
    old = accepted("OLD", T0 - timedelta(days=900), history=True)
    new = accepted("NEW", T0, narrative=(Narrative(text="'Mum's friend'\n said  so", said_by=SaidBy.CHILD),))
    for alert in (new, old):
        log.alert(alert)
        log.reached(alert, "case-1")
    notice = a_notice("n-1", alert_id=new.alert_id)
    log.notice(notice)
    log.receipt(a_receipt(notice, Stage.ACKNOWLEDGED, hours(1)))
    log.alert(accepted("OTHER CASE"))
    await put(engine, log.records)

    first, second = await chronology_of(engine, "case-1")

    assert (first.source_id, first.history, first.told) == ("OLD", True, ())
    assert first.narrative == old.alert.narrative
    assert (second.source_id, second.narrative, second.do_not_reveal_source) == ("NEW", new.alert.narrative, True)
    assert second.about == ("Ex-Partner 2", "Child")
    (told,) = second.told
    assert (told.agency, told.state, told.acknowledged_by) == ("health_visiting", ObligationState.ACKNOWLEDGED, "R. Postholder")


async def test_not_26_chronology_says_that_somebody_has_died(engine: Database) -> None:
    log = Log()
    case = a_case()
    people = [p.model_copy(update={"died": T0.date()}) if p.key in case.children else p for p in case.people]
    log.case(case.model_copy(update={"people": tuple(people)}))
    stated = accepted()
    log.alert(stated)
    log.reached(stated, "case-1")
    await put(engine, log.records)

    (entry,) = await chronology_of(engine, "case-1")

    assert entry.about == ("Ex-Partner 2", f"Child (died {T0.date()})")


async def test_not_01_chronology_does_not_tell_who_spoke_of_an_anonymous_call(engine: Database) -> None:
    log = Log()
    log.case(a_case())
    spoken = (Narrative(text="He hit her.", said_by=SaidBy.PARENT, observed_first_hand=True),)
    called = accepted(referrer=Referrer(anonymous=True), narrative=spoken)
    log.alert(called)
    log.reached(called, "case-1")
    await put(engine, log.records)

    (entry,) = await chronology_of(engine, "case-1")

    assert entry.narrative == (Narrative(text="He hit her."),)


async def test_chronology_names_nobody_of_another_family(engine: Database) -> None:
    log = Log()
    log.case(a_case())
    shared = accepted().with_people((("p-adult",), ("p-child-of-others",)))
    log.alert(shared)
    log.reached(shared, "case-1")
    await put(engine, log.records)

    (entry,) = await chronology_of(engine, "case-1")

    assert (entry.about, entry.others) == (("Ex-Partner 2",), 1)


async def test_alert_about_somebody_taken_off_the_case_leaves_its_chronology(engine: Database) -> None:
    log = Log()
    log.case(a_case())
    mistaken = accepted().with_people((("p-adult",), ()))
    log.alert(mistaken)
    log.reached(mistaken, "case-1")
    notice = a_notice("n-1", "owed", alert_id=mistaken.alert_id)
    log.notice(notice)
    await put(engine, log.records)
    assert len(await chronology_of(engine, "case-1")) == 1

    log.case(a_case(version=2, people=[{"key": "child", "person_ids": ["p-child"]}], links=[]))
    await put(engine, log.records)
    assert len(await chronology_of(engine, "case-1")) == 1  # an agency still holds it

    log.notice(a_notice("n-2", "owed", deed=Deed.WITHDRAW, alert_id=mistaken.alert_id))
    await put(engine, log.records)
    assert await chronology_of(engine, "case-1") == []


async def test_every_version_of_a_case_is_kept(engine: Database) -> None:
    log = Log()
    log.case(a_case(status="open"))
    log.case(a_case(version=2, status="closed"))
    await put(engine, log.records)

    versions = tables.case_version.c
    async with view(engine) as connection:
        assert (await latest_case(connection, "case-1")).status == "closed"
        bodies = await connection.execute(select(versions.body).where(versions.case_id == "case-1").order_by(versions.version))
        assert [json.loads(body)["status"] for body in bodies.scalars()] == ["open", "closed"]
        with pytest.raises(NotFound):
            await latest_case(connection, "case-9")
    with pytest.raises(NotFound):
        await chronology_of(engine, "case-9")


async def test_every_question_for_review_is_kept_with_its_reason_and_its_alert(engine: Database) -> None:
    log = Log()
    for n in (3, 1, 2):
        log.review(ReviewNeeded(id=f"r-{n}", reason=ReviewReason.NOT_OURS, at=hours(n), alert_id=f"a-{n}"))
    log.review(ReviewNeeded(id="r-0", reason=ReviewReason.UNKNOWN_KIND, at=T0, alert_id="a-1"))
    await put(engine, log.records)

    asked = tables.review.c
    async with view(engine) as connection:
        kept = (await connection.execute(select(asked.id, asked.reason, asked.alert_id, asked.at).order_by(asked.at, asked.id))).all()

    assert kept == [("r-0", "unknown_kind", "a-1", T0), *((f"r-{n}", "not_ours", f"a-{n}", hours(n)) for n in (1, 2, 3))]
    assert (await queries.status(engine, LATER)).review == 4


async def test_status_counts_reality_and_exercises_apart(engine: Database) -> None:
    log = Log()
    log.alert(accepted())
    log.alert(accepted(at=hours(1), action=Action.WITHDRAWN))
    log.alert(accepted(exercise="drill"))
    log.case(a_case())
    log.notice(a_notice("old", since=hours(1), due=hours(2)))
    log.notice(a_notice("older-but-drill", exercise="drill"))
    await put(engine, log.records)

    found = await queries.status(engine, hours(3))
    drill = await queries.status(engine, hours(3), "drill")

    assert (found.alerts, found.statements, found.cases, found.overdue) == (1, 2, 1, 1)
    assert found.oldest_unanswered is not None
    assert (found.oldest_unanswered.obligation_id, found.oldest_unanswered.age_s) == ("owed-old", 7200)
    assert (drill.alerts, drill.cases, drill.obligations[ObligationState.OWED]) == (1, 0, 1)
    assert sum(found.progress.values()) == len(log.records)


# From Kafka


async def publish(bootstrap: str, log: Log) -> None:
    await ensure_topics(bootstrap)
    producer = Producer(bootstrap)
    await producer.start()
    await producer.send_all([Record(r.topic, r.key or b"", r.value or b"", r.headers) for r in log.records])
    await producer.stop()


async def projected(bootstrap: str, engine: Database, group: str, done: Callable[[], Any]) -> None:
    """Run a worker until `done` answers yes."""
    stop = asyncio.Event()
    worker = asyncio.create_task(run_chronicle(bootstrap, engine, stop, group=group))
    try:
        async with asyncio.timeout(60):
            while not await done():
                assert not worker.done(), worker.result()
                await asyncio.sleep(0.05)
    finally:
        stop.set()
        await worker


@pytest.mark.kafka
async def test_rebuilt_restarted_and_dropped_chronicles_are_the_same(kafka: str, engine: Database, topic_prefix: str) -> None:
    log = story(f"{topic_prefix}-")
    await publish(kafka, log)

    async def all_there() -> bool:
        ends = Counter([f"{record.topic}/{record.partition}" async for record in read_all(kafka, TOPICS)])
        return (await queries.status(engine, LATER)).progress == ends

    await projected(kafka, engine, topic_prefix, all_there)
    assert await replay(kafka, engine) == 0
    live = await digest(engine)
    entries = await chronology_of(engine, f"{topic_prefix}-case-1")
    assert len(entries) == 19
    assert {one.state for entry in entries for one in entry.told} >= {ObligationState.ACKNOWLEDGED, ObligationState.WITHDRAWN}
    async with engine.begin() as connection:
        await connection.run_sync(metadata.create_all, tables=[unfinished])
    counted: list[tuple[int, int]] = []
    wiring = Wiring(Settings(), kafka, engine)
    done = await rebuild(wiring, lambda *counts: counted.append(counts), only_chronicle=True)
    assert counted[-1] == (done.records, done.records)
    assert await digest(engine) == live

    await empty(engine)  # while nobody runs: whoever starts next finds the group's offsets ahead of the tables
    await projected(kafka, engine, topic_prefix, all_there)
    assert await digest(engine) == live

    async def dropped_and_there() -> bool:
        if not dropped:
            await empty(engine)  # under a worker that runs: its next records do not follow
            await publish(kafka, log)  # everything once more, which changes nothing
            dropped.append(True)
        return await all_there()

    dropped: list[bool] = []
    await projected(kafka, engine, topic_prefix, dropped_and_there)
    assert await digest(engine) == live


# Silence


@pytest.fixture
def lines() -> Iterator[io.StringIO]:
    """Log as production does, and put everything back."""
    root, out = logging.getLogger(), io.StringIO()
    before = (root.handlers[:], root.level, sys.excepthook, threading.excepthook, sys.unraisablehook)
    logs.configure("json", "DEBUG", "test", stream=out)
    structlog.configure(cache_logger_on_first_use=False)
    yield out
    root.handlers[:], level, sys.excepthook, threading.excepthook, sys.unraisablehook = before
    root.setLevel(level)
    structlog.reset_defaults()


async def test_nothing_about_a_person_is_logged_or_raised(engine: Database, lines: io.StringIO) -> None:
    log = story()
    log.raw(topics.NOTICES, "k", json.dumps({"name": list(CANARIES)}).encode())
    log.add(topics.RECEIPTS, "k", RECEIPT_GIVEN, sample_alert())
    said = []
    await put(engine, log.records)
    async with engine.begin() as connection:
        await connection.run_sync(metadata.drop_all, tables=TABLES)
    for attempt in (put(engine, log.records), queries.inbox(engine, "Zeb Quillfeather", now=T0)):
        try:
            await attempt
        except Exception as fault:
            logging.getLogger("alertbus.chronicle").exception("failed")
            said.append(f"{fault!r} {fault}")

    written = lines.getvalue()
    assert len(said) == 2
    assert "status counts it" in written
    assert [word for word in CANARIES if word in written or word in " ".join(said)] == []


async def test_database_that_is_away_is_told_as_such(tmp_path: Path) -> None:
    away = make_engine("postgresql+psycopg://bus:secret@127.0.0.1:9/bus")

    with pytest.raises(DatabaseUnavailable):
        await queries.inbox(away, now=T0)
    await away.dispose()
