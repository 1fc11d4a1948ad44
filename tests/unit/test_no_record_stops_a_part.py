"""No record stops a part: whatever the model takes goes through projection, rebuild, every question and every export; and whatever bytes
stand on a topic are set aside, each alone, by whoever meets them.
"""

import asyncio
import contextlib
import functools
import itertools
import json
import shutil
import tempfile
from collections.abc import AsyncIterator, Sequence
from datetime import UTC, date, datetime
from typing import Any

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from sqlalchemy import create_engine, func, select, text
from sqlalchemy.exc import OperationalError

from alertbus.broker import topics
from alertbus.broker.envelope import encode
from alertbus.broker.producer import Producer
from alertbus.broker.record import Record
from alertbus.chronicle import inbox_order, projector, queries, tables
from alertbus.chronicle.answers import AgencyTold, ChronologyEntry
from alertbus.chronicle.chronology import chronology_of
from alertbus.chronicle.formats import FORMATS
from alertbus.chronicle.rebuild import ChronicleRestore
from alertbus.chronicle.reviews import review_items
from alertbus.delivery import rebuild as delivery
from alertbus.delivery.arrivals import Arrivals
from alertbus.delivery.ledger.ledger import Ledger
from alertbus.delivery.ledger.tables import ledger
from alertbus.directory import rebuild as directory
from alertbus.intake import rebuild as gateway
from alertbus.model.alert import KINDS, Action, Severity
from alertbus.model.events import NOTICE_OWED, AlertAboutPerson, AlertReachedCase, CaseChanged, LinkChanged, PersonRevised, Tick
from alertbus.model.notice import Deed, Message, Notice
from alertbus.plugin.kit.samples import sample_notice, sample_obligation
from alertbus.plugin.manager import Plugins
from alertbus.policy.load import load_policy
from alertbus.quarantine import entry
from alertbus.reach import reduce_person as person
from alertbus.reach.notices import notices_for
from alertbus.reach.reduce_case import EMPTY, reduce_case
from alertbus.rebuild.plan import PASSES, Loading
from alertbus.reconcile.evidence import READ, finding_of, written_at
from alertbus.reconcile.mistaken import ClaimsRead
from alertbus.sql.database import Database
from alertbus.sql.engine import make_engine, metadata
from alertbus.staff import rebuild as staff
from alertbus.stream.stages import CaseStage, Identify, PersonStage
from alertbus.wire.reading import understand
from alertbus.wire.words import TABLE, word_on
from tests import any_word
from tests.story import Arrived, Log, a_case, a_notice, accepted

POLICY = load_policy()
NOW = datetime(2026, 11, 29, 12, tzinfo=UTC)
PLUGINS = Plugins.load()

QUICK = settings(
    max_examples=40, deadline=None, suppress_health_check=list(HealthCheck), phases=[Phase.explicit, Phase.generate, Phase.shrink]
)


@functools.cache
def empty_database() -> str:
    made = create_engine(f"sqlite:///{tempfile.mkdtemp()}/empty.db")
    metadata.create_all(made)
    made.dispose()
    return str(made.url.database)


@contextlib.asynccontextmanager
async def database() -> AsyncIterator[Database]:
    with tempfile.TemporaryDirectory() as folder:
        shutil.copyfile(empty_database(), f"{folder}/bus.db")
        engine = make_engine(f"sqlite:///{folder}/bus.db")
        try:
            yield engine
        finally:
            await engine.dispose()


a_log = st.lists(
    st.sampled_from(sorted(any_word.BY_TYPE)).flatmap(lambda type_: st.tuples(st.just(type_), any_word.BY_TYPE[type_])),
    min_size=1,
    max_size=12,
)


def log_of(words: Sequence[tuple[str, Any]]) -> list[Arrived]:
    log = Log()
    for type_, word in words:
        log.add(TABLE[type_].topic, "k", type_, word)
    return log.records


async def projected(engine: Database, records: Sequence[Arrived]) -> None:
    async with engine.begin() as connection:
        await projector.apply(connection, projector.read([one for one in records if one.topic in projector.TOPICS]))


async def rebuilt(engine: Database, records: Sequence[Arrived]) -> Loading:
    """Every room's part, as `alertbus audit rebuild` does it."""
    deliveries = delivery.DeliveryRestore({}, PLUGINS, [], lambda: NOW)
    restores = [ChronicleRestore(), directory.DirectoryRestore(), staff.StaffRestore(), gateway.GatewayRestore(), deliveries]
    words = projector.WORDS, directory.WORDS, staff.WORDS, gateway.WORDS, delivery.WORDS
    loading = Loading(engine, restores)
    for pass_ in PASSES:
        batch = [understand(one, {k: v for some in words for k, v in some.items()}) for one in records if one.topic in pass_]
        await loading.write(loading.read(batch))
    for restore in restores:
        await restore.finish(engine)
    return loading


async def asked_everything(engine: Database) -> None:
    """Every question that a screen asks, and every export."""
    await queries.status(engine, NOW)
    for exercise in (None, "x1", inbox_order.EVERYTHING):
        after: str | None = None
        while items := await queries.inbox(engine, None, None, exercise, now=NOW, limit=1, after=after):
            items[0].model_dump_json()
            after = items[0].cursor
    await review_items(engine, NOW, POLICY.front_door, state=None)
    async with engine.reading() as connection:
        cases = set((await connection.execute(select(tables.case_version.c.case_id))).scalars())
        stated = set((await connection.execute(select(tables.alert.c.alert_id))).scalars())
    for alert_id in stated:
        (await queries.alert_status(engine, alert_id, now=NOW)).model_dump_json()
    for case_id in cases:
        entries = await chronology_of(engine, case_id)
        for written in FORMATS.values():
            assert written(case_id, entries)


@QUICK
@given(a_log)
def test_whatever_the_model_takes_goes_through_projection_every_question_and_every_export(words: list[tuple[str, Any]]) -> None:
    async def law() -> None:
        records = log_of(words)
        async with database() as engine:
            await projected(engine, records)
            await asked_everything(engine)

    asyncio.run(law())


@QUICK
@given(a_log)
def test_whatever_the_model_takes_goes_through_a_rebuild_of_every_room(words: list[tuple[str, Any]]) -> None:
    async def law() -> None:
        async with database() as engine:
            await rebuilt(engine, log_of(words))
            await asked_everything(engine)

    asyncio.run(law())


@settings(QUICK, max_examples=150)
@given(any_word.notices, st.sampled_from(sorted(PLUGINS.adapters)))
def test_whatever_notice_the_model_takes_every_plugin_renders(notice: Notice, name: str) -> None:
    assert isinstance(PLUGINS.render(notice, PLUGINS.adapters[name]), Message)


@pytest.mark.parametrize("edge", any_word.EDGES, ids=str)
def test_the_first_and_the_last_moment_of_the_calendar_are_in_every_export_and_from_every_plugin(edge: datetime) -> None:
    told = AgencyTold(agency="gp", role="gp", state=tables.ObligationState.SEEN, since=edge, acknowledged_by="R.", acknowledged_at=edge)
    said = {"statement_id": "s", "alert_id": "a", "agency": "police", "source": "police", "source_id": "1", "kind": "ppn", "told": (told,)}
    entry_ = ChronologyEntry(occurred_at=edge, recorded_at=edge, action=Action.RAISED, severity=Severity.HIGH, **said)
    for written in FORMATS.values():
        assert f"{edge.year:04}" in written("case-1", [entry_])
    owed = {"since": edge, "due": edge}
    for name, kind, deed in itertools.product(PLUGINS.adapters, sorted(KINDS), Deed):
        when = {"occurred_at": edge, "recorded_at": edge, "obligation": sample_obligation(kind=kind, **owed), "deed": deed}
        for review_on in (None, date.min, date.max):
            assert PLUGINS.render(sample_notice(**when, review_on=review_on), PLUGINS.adapters[name]).body


@settings(QUICK, max_examples=100)
@given(
    st.lists(
        st.one_of(any_word.BY_TYPE[CaseChanged.type], any_word.BY_TYPE[AlertReachedCase.type], any_word.BY_TYPE[Tick.type]), max_size=6
    )
)
def test_whatever_a_case_is_told_its_reducer_decides(events: list[Any]) -> None:
    before = EMPTY
    for event in events:
        after, said = reduce_case(before, event, POLICY)
        for told in notices_for(said, before, after, POLICY):
            Notice.model_validate_json(told.json)
        before = after


@settings(QUICK, max_examples=100)
@given(st.lists(st.one_of(*(any_word.BY_TYPE[one.type] for one in (AlertAboutPerson, LinkChanged, PersonRevised))), max_size=6))
def test_whatever_a_person_is_told_of_their_reducer_decides(events: list[Any]) -> None:
    state = person.EMPTY
    for event in events:
        state, _, _ = person.reduce_person(state, event, POLICY)


# Whatever bytes.

_TYPES = sorted(any_word.BY_TYPE)
_JSONS = st.one_of(
    st.binary(max_size=40),
    st.just(b"[" * 900 + b"]" * 900),
    st.just(b'{"version":' + b"9" * 5_000 + b"}"),
    st.builds(lambda n: b'{"case":' * n + b"1" + b"}" * n, st.integers(1, 900)),
    any_word.JSON.map(lambda value: json.dumps(value).encode()),
)


@st.composite
def any_bytes(draw: st.DrawFn, topic: str) -> Arrived:
    """A record of anybody's: no event, an event of ours with another's data, ours with a byte changed."""
    type_ = draw(st.sampled_from(_TYPES))
    value = draw(_JSONS)
    if draw(st.booleans()):
        value = log_of([(type_, draw(any_word.BY_TYPE[type_]))])[0].value or b""
        at = draw(st.integers(0, max(0, len(value) - 1)))
        value = value[:at] + draw(st.binary(max_size=2)) + value[at + 1 :]
    headers, _ = encode(type=type_, source="/test", id="1", time=NOW, subject="x", data=b"")
    ours = draw(st.sampled_from(["whole", "changed", "none"]))
    if ours == "changed":
        place = draw(st.integers(0, len(headers) - 1))
        odd = st.sampled_from([b"9999-12-31T23:59:59-14:00", b"\xff", b"", b"0001-01-01T00:00:00+14:00"])
        headers[place] = (headers[place][0], draw(st.one_of(odd, st.binary(max_size=8))))
    if ours == "none":
        headers = draw(st.lists(st.tuples(st.text(max_size=5), st.binary(max_size=5)), max_size=3))
    key = draw(st.one_of(st.none(), st.just(b"k"), st.binary(max_size=6)))
    stamp = draw(st.sampled_from([0, -1, 2**62, -(2**62), 253_402_300_799_000]))
    return Arrived(topic, 0, 0, key, draw(st.sampled_from([value, None])), headers, stamp)


@st.composite
def topics_of_anybodys(draw: st.DrawFn) -> list[Arrived]:
    found: list[Arrived] = []
    ends: dict[str, int] = {}
    for topic in draw(st.lists(st.sampled_from([spec.name for spec in topics.TOPICS]), min_size=1, max_size=8)):
        record = draw(any_bytes(topic))
        record.offset = ends.get(topic, 0)
        ends[topic] = record.offset + 1
        found.append(record)
    return found


class Written(Producer):
    """A producer that keeps what it is given."""

    def __init__(self) -> None:
        super().__init__("nowhere:1")
        self.records: list[Record] = []

    async def send_all(self, records: Sequence[Record]) -> None:  # type: ignore[override]
        self.records += records


@QUICK
@given(topics_of_anybodys())
def test_whatever_bytes_stand_on_any_topic_stop_neither_the_chronicle_nor_a_rebuild_nor_what_is_asked_then(records: list[Arrived]) -> None:
    async def law() -> None:
        async with database() as live, database() as again:
            await projected(live, records)
            await asked_everything(live)
            await rebuilt(again, records)
            await asked_everything(again)

    asyncio.run(law())


@settings(QUICK, max_examples=150)
@given(st.sampled_from(READ).flatmap(any_bytes))
def test_whatever_bytes_are_evidence_or_none_and_break_no_reconciliation_and_no_stage(record: Arrived) -> None:
    finding_of(record)
    written_at(record)
    ClaimsRead(None, POLICY).take(record)
    entry.read(record.headers, record.value)
    for stage in (Identify, PersonStage, CaseStage):
        found = understand(record, stage.WORDS)
        if found.fault is not None:
            assert entry.poisoned(record, found.fault, by="/alertbus/stream", at=found.written_at).topic == topics.QUARANTINE


@QUICK
@given(st.lists(any_bytes(topics.NOTICES), min_size=1, max_size=6))
def test_whatever_bytes_stand_among_the_notices_each_is_in_the_ledger_or_in_quarantine(records: list[Arrived]) -> None:
    async def law() -> None:
        producer = Written()
        for offset, record in enumerate(records):
            record.offset = offset
        async with database() as engine:
            await Arrivals(Ledger(engine), producer, lambda: NOW)(records)
            async with engine.reading() as connection:
                taken = (await connection.execute(select(func.count()).select_from(ledger))).scalar_one()
        readable = sum(understand(record, word_on(topics.NOTICES, NOTICE_OWED)).fault is None for record in records)
        assert (len(producer.records), taken > 0) == (len(records) - readable, readable > 0)

    asyncio.run(law())


@pytest.mark.parametrize("moment", ["9999-12-31T23:59:59-14:00", "0001-01-01T00:00:00+14:00"])
async def test_a_moment_that_utc_does_not_have_was_once_accepted_and_is_shown_all_the_same(moment: str) -> None:
    log = Log()
    log.case(a_case())
    log.alert(accepted())
    log.reached(accepted(), "case-1")
    log.notice(a_notice("n-1", alert_id=accepted().alert_id))
    for record in log.records:
        record.value = (
            (record.value or b"").replace(b"2026-01-05T12:00:00Z", moment.encode()).replace(b"2020-11-18T14:05:00Z", moment.encode())
        )
    assert sum(moment.encode() in (record.value or b"") for record in log.records) == 3

    async with database() as live, database() as again:
        await projected(live, log.records)
        await rebuilt(again, log.records)
        for engine in (live, again):
            await asked_everything(engine)
            found = await queries.status(engine, NOW)
            assert (found.alerts, sum(found.obligations.values()), found.unreadable) == (1, 1, 0)


# What cannot be stored is set aside alone; what is no record's fault is not.

REFUSED = "CREATE TRIGGER refused BEFORE INSERT ON {} WHEN NEW.case_id = 'case-2' BEGIN SELECT RAISE(ABORT, 'refused'); END"
"""A database that will not have one row."""


async def refusing(engine: Database, table: str) -> None:
    async with engine.begin() as connection:
        await connection.execute(text(REFUSED.format(table)))


@pytest.mark.parametrize("version", [10**10, 10**40, int("9" * 4_000)])
def test_a_version_that_no_database_can_hold_is_no_version(version: int) -> None:
    log = Log()
    log.case(a_case("case-2").model_copy(update={"version": version}))

    assert understand(log.records[0], projector.WORDS).fault == "ValidationError"


async def test_a_record_that_cannot_be_stored_is_set_aside_alone_and_counted() -> None:
    log = Log()
    log.case(a_case("case-1"))
    log.case(a_case("case-2"))
    log.alert(accepted())
    log.case(a_case("case-3"))

    async with database() as engine:
        await refusing(engine, "chronicle_case_version")
        await projected(engine, log.records)
        found = await queries.status(engine, NOW)
        async with engine.reading() as connection:
            cases = set((await connection.execute(select(tables.case_version.c.case_id))).scalars())
            [aside] = (await connection.execute(select(tables.unreadable))).all()

    assert (cases, found.unreadable, found.alerts) == ({"case-1", "case-3"}, 1, 1)
    assert (aside.topic, aside.error) == (topics.CASES, "IntegrityError")
    assert sum(found.progress.values()) == 4


async def test_a_rebuild_sets_aside_what_one_room_cannot_take_and_goes_on() -> None:
    log = Log()
    log.case(a_case("case-1"))
    log.case(a_case("case-2"))
    log.notice(a_notice("n-1", "owed"))

    async with database() as engine:
        await refusing(engine, "directory_case")
        loading = await rebuilt(engine, log.records)
        found = await queries.status(engine, NOW)

    assert [place[0] for place in loading.aside] == [topics.CASES]
    assert (found.unreadable, found.cases, sum(found.obligations.values())) == (1, 2, 1)


async def test_trouble_with_the_database_is_no_records_fault_and_sets_nothing_aside() -> None:
    log = Log()
    log.case(a_case("case-1"))

    async with database() as engine:
        async with engine.begin() as connection:
            await connection.execute(text("DROP TABLE chronicle_case_version"))
        with pytest.raises(OperationalError):
            await projected(engine, log.records)
        assert (await queries_unreadable(engine)) == 0


async def queries_unreadable(engine: Database) -> int:
    async with engine.reading() as connection:
        return int((await connection.execute(select(func.count()).select_from(tables.unreadable))).scalar_one())
