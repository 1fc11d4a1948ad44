"""The incremental reconciler: however a bus's records are cut into runs, it comes to what the full reconciliation says."""

import asyncio
import random
import tempfile
import zlib
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from sqlalchemy import delete, insert, select, text, update

from alertbus.broker import topics
from alertbus.broker.faults import RecordsSkipped
from alertbus.broker.producer import Producer
from alertbus.broker.record import Record
from alertbus.broker.topics import ensure_topics
from alertbus.chronicle import tables as chronicle
from alertbus.chronicle.projector import TOPICS, apply, read
from alertbus.chronicle.rebuild import make_tables, replay
from alertbus.chronicle.views import same_exercise, view
from alertbus.delivery.ledger.ledger import Ledger
from alertbus.delivery.ledger.tables import ledger
from alertbus.model import watchdog
from alertbus.model.alert import AcceptedAlert, Action, Severity
from alertbus.model.case import Case
from alertbus.model.errors import Unavailable
from alertbus.model.events import AlertReachedCase, CaseChanged, Tick
from alertbus.model.notice import Notice
from alertbus.model.receipt import Stage
from alertbus.plugin.kit.samples import CANARIES
from alertbus.reach.notices import notices_for
from alertbus.reach.reduce_case import CaseState, reduce_case
from alertbus.reconcile import tables as memory
from alertbus.reconcile.evidence import Evidence
from alertbus.reconcile.full import Reconciliation, compare, reconcile
from alertbus.reconcile.holdings import ledger_rows
from alertbus.reconcile.incremental import FORGET_AFTER, IncrementalReconciler, reconcile_incrementally
from alertbus.reconcile.judge import DiscrepancyKind, Holdings
from alertbus.reconcile.memory import Memory, TurnLost, forget
from alertbus.reconcile.results import IncrementalReconciliation, incremental_reconciliation, latest_run
from alertbus.reconcile.schedule import reconciling
from alertbus.sql.database import Database
from alertbus.sql.engine import make_engine, metadata
from tests.story import LATER, POLICY, T0, Arrived, Log, a_case, a_notice, a_receipt, accepted, bus, hours
from tests.worlds import DAY_0, Found, World, worlds

MINUTE = timedelta(minutes=1)


@pytest.fixture
async def engine(url: str) -> AsyncIterator[Database]:
    engine = make_engine(url)
    await make_tables(engine)
    async with engine.begin() as connection:
        await connection.run_sync(metadata.create_all, tables=[ledger])
    yield engine
    await engine.dispose()


@dataclass
class Bench:
    """A bus of which the test decides what has happened: its topics, its database, and the world's clock."""

    engine: Database
    log: Log = field(default_factory=Log)
    now: datetime = LATER
    recheck: int = 0
    """How much is judged although nothing touched it: none, so that what touches what is seen."""
    known: int = 0
    """So many records are on the topics already."""

    def __post_init__(self) -> None:
        self.reconciler = IncrementalReconciler(self.engine, POLICY, lambda: self.now, recheck=self.recheck)

    async def source(self, starts: Mapping[tuple[str, int], int]) -> AsyncIterator[Arrived]:
        for record in self.log.records[: self.known]:
            if record.offset >= starts.get((record.topic, record.partition), 0):
                yield record

    async def run(
        self, *, after: timedelta = timedelta(0), grace_s: float = 60.0, exercise: str | None = None
    ) -> IncrementalReconciliation:
        self.known, self.now = len(self.log.records), self.now + after
        await self.reconciler.run(self.source, grace_s)
        return await incremental_reconciliation(self.engine, self.now, grace_s, exercise)

    async def project(self, upto: int | None = None) -> None:
        records = [record for record in self.log.records[:upto] if record.topic in TOPICS]
        async with self.engine.begin() as connection:
            await apply(connection, read(records))

    async def deliver(self, notices: Sequence[Notice], state: str = "accepted", *, receipts: bool = True) -> None:
        await Ledger(self.engine).record(notices, self.now)
        await self.settle(notices, state)
        for notice in notices if receipts else ():
            self.log.receipt(a_receipt(notice, Stage.ACCEPTED))

    async def settle(self, notices: Sequence[Notice], state: str, *, tried: bool = False) -> None:
        """`tried`: only notices that delivery has not done with."""
        chosen = ledger.c.notice_id.in_([notice.id for notice in notices])
        if tried:
            chosen &= ledger.c.done_at.is_(None)
        done = None if state in {"waiting", "leased", "failed"} else self.now
        async with self.engine.begin() as connection:
            await connection.execute(update(ledger).where(chosen).values(state=state, done_at=done))

    async def all_done(self, notices: Sequence[Notice]) -> None:
        await self.deliver(notices)
        await self.project()

    async def full(self, exercise: str | None = None, now: datetime | None = None) -> Reconciliation:
        """The full answer about the records that are known."""
        evidence = Evidence(exercise)
        for record in self.log.records[: self.known]:
            evidence.take(record)
        async with view(self.engine) as connection:
            owed = chronicle.obligation.c
            rows = await connection.execute(select(owed.id, owed.alert_id).where(same_exercise(owed.exercise, exercise)))
            projected = Holdings({row.id: row.alert_id for row in rows}, await ledger_rows(connection))
        return compare(evidence, POLICY, now or (evidence.clock if exercise else self.now), projected)


@pytest.fixture
def bench(engine: Database) -> Bench:
    return Bench(engine)


def lists(found: Reconciliation) -> dict[str, object]:
    return {"difference": found.difference, "owed": found.owed} | {sort.value: getattr(found, sort.value) for sort in DiscrepancyKind}


def a_day(log: Log) -> list[Notice]:
    return bus(
        log,
        [a_case()],
        [
            accepted("T-1", hours(1)),
            accepted("T-2", hours(2)),
            accepted("T-1", hours(3), action=Action.AMENDED, severity=Severity.CRITICAL),
            accepted("T-2", hours(4), action=Action.WITHDRAWN),
        ],
        until=hours(5),
    )


# The law


def written(world: World) -> tuple[Log, list[Notice]]:
    """What a bus writes about a world in the order of its time."""
    cases, alerts = world
    log, notices, states = Log(DAY_0), [], dict.fromkeys(cases, CaseState())

    def decide(case_id: str, event: AlertReachedCase | CaseChanged | Tick) -> None:
        before = states[case_id]
        states[case_id], owed = reduce_case(before, event, POLICY)
        for told in notices_for(owed, before, states[case_id], POLICY):
            notices.append(told.notice)
            log.notice(notices[-1])
            log.receipt(a_receipt(notices[-1], Stage.ACCEPTED))

    happened: list[tuple[datetime, Case | Found | None]] = [(c.known_at or T0, c) for versions in cases.values() for c in versions]
    happened += [(found.when, found) for found in alerts]
    happened += [(DAY_0 + timedelta(days=days), None) for days in range(0, 200, 20)]
    for at, what in sorted(happened, key=lambda one: one[0]):
        before, log.at = log.at, at
        for case_id in cases:
            decide(case_id, Tick(case_id=case_id, since=before, at=at))
        if isinstance(what, Case):
            log.case(what)
            decide(what.id, CaseChanged(case=what))
        elif what is not None:
            log.alert(what.statement)
            log.identified(what.statement)
            for case_id in cases:
                log.reached(what.statement, case_id)
                decide(case_id, AlertReachedCase(case_id=case_id, via="id-mother", alert=what.statement))
    return log, notices


def mishandled(log: Log, dice: random.Random) -> Log:
    """The same with up to three records lost, most likely notices or receipts, some written twice, and perhaps in any order."""
    likely = [n for n, record in enumerate(log.records) if record.topic in {topics.NOTICES, topics.RECEIPTS}]
    lost = {dice.choice(dice.choice([likely, range(len(log.records))]) or [0]) for _ in range(dice.randint(0, 3))}
    order = list(range(len(log.records)))
    if dice.random() < 0.3:
        dice.shuffle(order)
    told = Log()
    for number in order:
        record = log.records[number]
        told.at = datetime.fromtimestamp(record.timestamp / 1000, UTC)
        for _ in range(0 if number in lost else dice.choice([1, 1, 1, 2])):
            told.raw(record.topic, (record.key or b"").decode(), record.value or b"", record.headers)
    return told


# What happens to the records is drawn by `dice`, which cannot be shrunk.
@settings(max_examples=60, deadline=None, phases=(Phase.explicit, Phase.reuse, Phase.generate), suppress_health_check=list(HealthCheck))
@given(world=worlds(), seed=st.integers(0, 10**9))
async def test_however_records_are_cut_into_runs_the_last_says_what_the_full_reconciliation_says(world: World, seed: int) -> None:
    dice = random.Random(seed)
    log, notices = written(world)
    told = mishandled(log, dice)
    ends = [*sorted(dice.randint(0, len(told.records)) for _ in range(dice.randint(1, 4))), len(told.records)]
    with tempfile.TemporaryDirectory() as folder:
        engine = make_engine(f"sqlite:///{folder}/bus.db")
        try:
            async with engine.begin() as connection:
                await connection.run_sync(metadata.create_all)
            bench = Bench(engine, told, now=DAY_0)
            for bench.known in ends:
                latest_record = max((r.timestamp for r in told.records[: bench.known]), default=0)
                bench.now = max(bench.now, datetime.fromtimestamp(latest_record / 1000, UTC)) + timedelta(days=dice.choice([0, 0, 1, 30]))
                some = dice.sample(notices, dice.randint(0, len(notices)))
                await Ledger(engine).record(some, bench.now)
                state = dice.choice(["waiting", "accepted", "cancelled"])  # what is done stays done, unless it is tried again
                await bench.settle(dice.sample(notices, dice.randint(0, len(notices))), state, tried=state != "waiting")
                await bench.project(bench.known)
                await bench.reconciler.run(bench.source)

            assert lists(await incremental_reconciliation(engine, bench.now, 0.0)) == lists(await bench.full())
        finally:
            await engine.dispose()


# What is found, and in which list


async def test_bus_that_did_its_work_agrees_and_is_not_judged_again(bench: Bench) -> None:
    await bench.all_done(a_day(bench.log))

    first = await bench.run()
    await bench.run(after=MINUTE)

    assert first.model_copy(update={"at": None}) == IncrementalReconciliation(difference=0, owed=6)
    found = await latest_run(bench.engine)
    assert found is not None
    assert (found.records, found.judged, found.difference, found.owed) == (0, 0, 0, 6)


@pytest.mark.parametrize("sort", sorted(set(DiscrepancyKind) - {DiscrepancyKind.UNDELIVERED, DiscrepancyKind.MISTAKEN}))
@pytest.mark.parametrize("earlier", [False, True], ids=["at first", "in a later run"])
async def test_every_sort_of_loss_is_found_and_named_in_its_list(bench: Bench, sort: DiscrepancyKind, earlier: bool) -> None:
    if earlier:
        others = a_case("case-0", people=[{"key": key, "person_ids": [f"q-{key}"]} for key in ("adult", "child")])
        said = accepted("T-0", hours(0)).with_people((("q-adult",), ("q-child",)))
        await bench.all_done(bus(bench.log, [others], [said], until=hours(1)))
        assert (await bench.run()).difference == 0
    bench.log.at = bench.now
    before = len(bench.log.records)
    notices = a_day(bench.log)
    for notice in notices:
        bench.log.receipt(a_receipt(notice, Stage.ACCEPTED))
    lost = notices[0]
    culprit = lost.obligation.id

    def lose(which: Callable[[Arrived], bool]) -> None:
        kept = Log(bench.now)
        for number, record in enumerate(bench.log.records):
            if number < before or not which(record):
                kept.raw(record.topic, (record.key or b"").decode(), record.value or b"", record.headers)
        bench.log = kept

    match sort:
        case DiscrepancyKind.MISSING:
            lose(lambda record: record.topic in {topics.NOTICES, topics.RECEIPTS} and culprit.encode() in (record.value or b""))
            notices = [notice for notice in notices if notice.obligation.id != culprit]
        case DiscrepancyKind.EXTRA:
            stray = a_notice("n-stray", culprit := "owed-stray", alert_id=lost.obligation.alert_id)
            bench.log.notice(stray)
            bench.log.receipt(a_receipt(stray, Stage.ACCEPTED))
            notices.append(stray)
        case DiscrepancyKind.UNIDENTIFIED:
            culprit = (gone := accepted("T-9", hours(6))).statement_id
            bench.log.alert(gone)
        case DiscrepancyKind.UNRECEIPTED:
            lose(lambda record: record.topic == topics.RECEIPTS and f'"{lost.id}"'.encode() in (record.value or b""))
        case _:
            pass
    await bench.deliver([notice for notice in notices if sort is not DiscrepancyKind.UNLEDGERED or notice.id != lost.id], receipts=False)
    await bench.project()
    if sort is DiscrepancyKind.UNRECORDED:
        async with bench.engine.begin() as connection:
            await connection.execute(delete(chronicle.obligation).where(chronicle.obligation.c.id == culprit))

    soon = await bench.run(after=timedelta(seconds=10))
    later = await bench.run(after=MINUTE)

    if earlier:
        assert (soon.difference, soon.under_way) == (0, (culprit,))
    assert (later.difference, getattr(later, sort.value), later.under_way) == (1, (culprit,), ())
    assert lists(later) == lists(await bench.full())


async def test_what_is_mended_is_no_difference_any_more(bench: Bench) -> None:
    notices = a_day(bench.log)
    await bench.deliver(notices)
    assert (await bench.run(after=MINUTE)).difference == 6  # the chronicle has seen nothing

    await bench.project()

    assert (await bench.run(after=MINUTE)).difference == 0


async def test_what_becomes_owed_by_time_alone_is_missed_when_its_time_comes(bench: Bench) -> None:
    bench.now = hours(10)
    case = a_case(involvements=[{"agency": "gp"}, {"agency": "school", "from": hours(48)}])
    await bench.all_done(bus(bench.log, [case], [accepted(kind="threat_to_staff")], until=hours(1)))
    assert (await bench.run()).difference == 0

    assert (await bench.run(after=hours(48) - bench.now)).difference == 0  # owed now: under way
    found = await bench.run(after=MINUTE)

    assert (found.difference, found.owed, len(found.missing)) == (1, 2, 1)


async def test_exercise_is_judged_by_itself_and_in_its_own_time(bench: Bench) -> None:
    drill = a_case("case-drill", exercise="drill", involvements=[{"agency": "gp"}, {"agency": "school", "from": hours(100)}])
    await bench.all_done(bus(bench.log, [drill], [accepted(exercise="drill", kind="threat_to_staff")], until=hours(1)))
    await bench.all_done(bus(bench.log, [a_case()], [accepted("T-7")], until=hours(1)))
    assert lists(await bench.run(exercise="drill")) == lists(await bench.full("drill"))
    assert (await bench.run()).difference == 0

    bench.log.add(topics.CASE_EVENTS, "case-drill", Tick.type, Tick(case_id="case-drill", since=hours(1), at=hours(120)))
    await bench.run()
    found = await bench.run(after=MINUTE, exercise="drill")

    assert (found.difference, found.owed, len(found.missing)) == (1, 2, 1)
    assert lists(found) == lists(await bench.full("drill"))
    assert (await bench.run()).difference == 0
    of_all = await latest_run(bench.engine)
    assert of_all is not None
    assert (of_all.difference, of_all.exercises_difference) == (0, 1)


async def test_version_of_a_case_has_the_alerts_of_its_people_judged_again(bench: Bench) -> None:
    first = a_case(known_at=hours(0), involvements=[{"agency": "gp", "known_at": hours(0)}])
    await bench.all_done(bus(bench.log, [first], [accepted(at=hours(1), kind="threat_to_staff")], until=hours(2)))
    assert (await bench.run()).difference == 0

    bench.log.case(first.model_copy(update={"version": 2, "known_at": hours(48), "involvements": ()}))
    await bench.run()
    found = await bench.run(after=MINUTE)

    assert (found.difference, len(found.extra)) == (1, 1)


async def test_delivery_that_ends_without_a_receipt_is_seen_although_no_record_says_so(bench: Bench) -> None:
    notices = a_day(bench.log)
    await bench.deliver([notice for notice in notices if notice.id != notices[0].id])
    await bench.deliver(notices[:1], "failed", receipts=False)
    await bench.project()
    tried = await bench.run()
    assert (tried.difference, tried.undelivered) == (0, (notices[0].obligation.id,))

    await bench.settle(notices[:1], "accepted")

    assert (await bench.run(after=timedelta(seconds=10))).under_way == (notices[0].obligation.id,)
    assert (await bench.run(after=MINUTE)).unreceipted == (notices[0].obligation.id,)


@pytest.mark.parametrize("others_done", [False, True], ids=["nothing else was tried", "another is done meanwhile"])
async def test_refused_notice_that_is_tried_again_is_seen_although_no_record_says_so(bench: Bench, *, others_done: bool) -> None:
    notices = a_day(bench.log)
    await bench.deliver(notices)
    await bench.settle(notices[:1], "refused")
    await bench.settle(notices[1:2], "failed" if others_done else "accepted")
    await bench.project()
    await bench.run()

    await bench.settle(notices[:1], "waiting")
    await bench.settle(notices[1:2], "accepted")

    assert (await bench.run()).undelivered == (notices[0].obligation.id,)


async def test_ledger_row_of_something_nobody_ever_said_is_extra(bench: Bench) -> None:
    await bench.all_done(a_day(bench.log))
    assert (await bench.run()).difference == 0

    await Ledger(bench.engine).record([a_notice("n-stray", "owed-stray", alert_id="never-said")], bench.now)

    await bench.run()
    assert (await bench.run(after=MINUTE)).extra == ("owed-stray",)


@pytest.mark.parametrize("table", [ledger, chronicle.obligation], ids=["ledger", "chronicle"])
async def test_row_that_vanishes_after_all_agreed_is_found_by_the_recheck(bench: Bench, table: Any) -> None:
    bench.reconciler = IncrementalReconciler(bench.engine, POLICY, lambda: bench.now, recheck=1)
    notices = a_day(bench.log)
    await bench.all_done(notices)
    assert (await bench.run()).difference == 0

    async with bench.engine.begin() as connection:
        await connection.execute(delete(table))
    for _ in range(4):  # a round of the two alerts, and the grace
        found = await bench.run(after=MINUTE)

    assert found.difference == 6
    assert lists(found) == lists(await bench.full())


async def test_row_of_the_chronicle_alone_is_found_by_the_recheck(bench: Bench) -> None:
    await bench.all_done(a_day(bench.log))
    assert (await bench.run()).difference == 0

    async with bench.engine.begin() as connection:
        row = (await connection.execute(select(chronicle.obligation).limit(1))).one()._asdict()
        await connection.execute(insert(chronicle.obligation).values({**row, "id": "owed-stray", "alert_id": "never-said"}))

    await bench.run()
    assert (await bench.run(after=MINUTE)).extra == ("owed-stray",)


# The memory


async def test_memory_that_was_dropped_is_made_anew_from_the_beginning(bench: Bench) -> None:
    await bench.all_done(a_day(bench.log))
    first = await bench.run()

    await forget(bench.engine)
    again = await bench.run()

    assert again == first
    found = await latest_run(bench.engine)
    assert found is not None
    assert found.records == len(bench.log.records)


async def test_topics_that_were_made_anew_are_read_from_their_beginning(bench: Bench) -> None:
    await bench.all_done(a_day(bench.log))
    await bench.run()
    asked: list[Mapping[tuple[str, int], int]] = []

    async def source(starts: Mapping[tuple[str, int], int]) -> AsyncIterator[Arrived]:
        asked.append(starts)
        if len(asked) == 1:
            raise RecordsSkipped(topics.ALERTS, 0, starts[topics.ALERTS, 0], 0)
        async for record in bench.source(starts):
            yield record

    ran = await bench.reconciler.run(source)

    assert (asked[1], ran.records) == ({}, len(bench.log.records))
    assert (await incremental_reconciliation(bench.engine, bench.now)).difference == 0


async def test_only_one_at_a_time_reconciles_and_a_dead_ones_turn_runs_out(bench: Bench) -> None:
    memory_of_another = Memory(bench.engine, lambda: bench.now)
    await memory_of_another.prepare()
    assert await memory_of_another.take_turn()

    with pytest.raises(Unavailable, match="another process reconciles"):
        await bench.run()

    await bench.run(after=timedelta(minutes=2))
    with pytest.raises(TurnLost):
        async with memory_of_another.turn():
            pass


async def test_exercise_long_over_is_forgotten_but_for_its_ids(bench: Bench) -> None:
    drill = a_case("case-drill", exercise="drill")
    notices = bus(bench.log, [drill], [accepted(exercise="drill")], until=hours(1))
    await bench.all_done(notices)
    await bench.run()

    found = await bench.run(after=FORGET_AFTER + MINUTE, exercise="drill")
    bench.log.receipt(a_receipt(notices[0], Stage.ACKNOWLEDGED, bench.now))
    await bench.run()

    assert (found.difference, found.owed) == (0, 3)
    async with view(bench.engine) as connection:
        assert (await connection.execute(select(memory.alert.c.dossier, memory.alert.c.due))).all() == [(None, False)]
        assert (await connection.execute(select(memory.alert_person))).all() == []


async def test_watchdog_costs_nothing_and_is_not_judged(bench: Bench) -> None:
    case = watchdog.its_case().model_copy(update={"version": 1})
    people = (case.people[0].model_copy(update={"person_ids": ("p-adult",)}),)
    alert = watchdog.its_alert(T0, MINUTE)
    raised = AcceptedAlert.of(alert, T0).with_people((("p-adult",),))
    notices = bus(bench.log, [case.model_copy(update={"people": people})], [raised])
    assert notices
    bench.log.receipt(a_receipt(notices[0], Stage.ACCEPTED))
    await Ledger(bench.engine).record(notices, bench.now)

    for exercise in (None, watchdog.EXERCISE):
        assert lists(await bench.run(after=MINUTE, exercise=exercise)) == lists(Reconciliation(difference=0, owed=0))
        assert (await bench.full(exercise)).difference == 0
    async with view(bench.engine) as connection:
        for table in (memory.alert, memory.case_version, memory.tick):
            assert (await connection.execute(select(table))).all() == []


async def test_memory_holds_no_word_of_what_was_said_and_nobodys_name(bench: Bench) -> None:
    await bench.all_done(a_day(bench.log))
    await bench.run()
    names = [*CANARIES, "Ex-Partner 2", "ex_partner", "T-1"]

    async with view(bench.engine) as connection:
        for table in memory.TABLES:
            for row in await connection.execute(select(table)):
                for cell in row:
                    packed = isinstance(cell, bytes) and table in {memory.alert, memory.case_version} and not cell.startswith(b"[")
                    said = str(zlib.decompress(cell) if packed else cell)
                    assert [name for name in names if name in said] == []


# From Kafka


async def publish(bootstrap: str, log: Log) -> None:
    await ensure_topics(bootstrap)
    producer = Producer(bootstrap)
    await producer.start()
    await producer.send_all([Record(r.topic, r.key or b"", r.value or b"", r.headers) for r in log.records])
    await producer.stop()


@pytest.mark.kafka
async def test_full_and_incremental_read_all_they_judge_by_from_kafka(kafka: str, engine: Database, topic_prefix: str) -> None:
    exercise = f"{topic_prefix}-drill"
    log = Log()
    notices = bus(log, [a_case(f"{topic_prefix}-case", exercise=exercise)], [accepted(f"{topic_prefix}-1", exercise=exercise)])
    everybody = tuple(sorted({notice.obligation.id for notice in notices}))
    await publish(kafka, log)

    async def both(grace_s: float = 0.0) -> list[Reconciliation]:
        await reconcile_incrementally(kafka, engine, POLICY)
        return [
            await reconcile(kafka, engine, POLICY, exercise),
            await incremental_reconciliation(engine, datetime.now(UTC), grace_s, exercise),
        ]

    for behind in await both():
        assert (behind.owed, behind.unrecorded, behind.unledgered, behind.difference) == (3, everybody, everybody, 3)
    assert (await both(grace_s=600.0))[1].difference == 0
    await replay(kafka, engine)
    async with engine.begin() as connection:
        await connection.execute(text("DROP TABLE ledger"))
    for clean in await both():
        assert lists(clean) == lists(Reconciliation(difference=0, owed=3))
    async with engine.begin() as connection:
        await connection.run_sync(metadata.create_all, tables=[ledger])
    await Ledger(engine).record(notices[1:], T0)
    await forget(engine)
    for found in await both():
        assert (found.unledgered, found.difference) == ((notices[0].obligation.id,), 1)


@pytest.mark.kafka
async def test_beside_the_chronicle_it_runs_at_the_start_and_again_and_its_failures_stop_nothing(kafka: str, engine: Database) -> None:
    await ensure_topics(kafka)

    async def later_than(moment: datetime | None) -> datetime:
        while True:
            found = await latest_run(engine)
            if found is not None and (moment is None or found.at > moment):
                return found.at
            await asyncio.sleep(0.05)

    async with asyncio.timeout(60), reconciling(kafka, engine, POLICY, 0.2):
        first = await later_than(None)
        async with engine.begin() as connection:
            await connection.execute(text("DROP TABLE reconcile_case_person"))
            await connection.execute(text("DROP TABLE chronicle_progress"))
        await asyncio.sleep(0.5)
        await make_tables(engine)
        await later_than(first)


async def test_set_to_nothing_it_never_runs(engine: Database) -> None:
    async with reconciling("127.0.0.1:9", engine, POLICY, 0):
        await asyncio.sleep(0)
    assert await latest_run(engine) is None
