"""What a rebuild writes is what stood before: laws of each room's part, against the live one on a real SQLite file."""

import asyncio
import base64
import contextlib
import functools
import itertools
import json
import random
import shutil
import tempfile
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from types import SimpleNamespace
from typing import Any
from unittest.mock import patch
from uuid import UUID

import pytest
from hypothesis import HealthCheck, Phase, example, given, settings
from hypothesis import strategies as st
from sqlalchemy import Table, create_engine, select

from alertbus.audit import tables as audit_tables
from alertbus.broker import topics
from alertbus.chronicle import projector
from alertbus.delivery import rebuild as delivery
from alertbus.delivery.ledger.ledger import Ledger
from alertbus.delivery.ledger.rows import Settlement
from alertbus.delivery.ledger.tables import LedgerState, inbox_message, ledger
from alertbus.delivery.nudges.nudge_tables import nudge_count, nudged
from alertbus.directory import rebuild as directory
from alertbus.directory import tables
from alertbus.directory.case_register import CaseRegister
from alertbus.directory.directory import Directory
from alertbus.directory.doubts import doubt_case_id
from alertbus.directory.exercise_clocks import ExerciseClocks
from alertbus.directory.who_is_who import WhoIsWhoRegister
from alertbus.intake import rebuild as gateway
from alertbus.intake.alerts import digest_of, row_of
from alertbus.intake.messages import row_of as row_of_raw
from alertbus.model.alert import AcceptedAlert, Alert
from alertbus.model.case import Case
from alertbus.model.events import NOTICE_OWED, AlertAboutPerson, MessageKept, PersonRevised
from alertbus.model.identity import PersonMerged, PersonSplit
from alertbus.model.notice import ENDINGS, Deed, Notice
from alertbus.model.person import Person
from alertbus.model.receipt import Receipt, Stage
from alertbus.model.team import Team
from alertbus.operations.plugin_tables import plugin_memory
from alertbus.plugin.kit.samples import CANARIES, sample_alert, sample_notice, sample_obligation
from alertbus.plugin.manager import Plugins, offer
from alertbus.rebuild import plan as rebuild
from alertbus.reconcile.mistaken import ClaimsRead
from alertbus.sql.database import Database
from alertbus.sql.engine import make_engine, metadata
from alertbus.staff import rebuild as staff
from alertbus.staff.tables import standing_team
from alertbus.staff.team_register import TeamRegister
from alertbus.stream.stages import Identify
from alertbus.wire import records
from alertbus.wire.reading import Understood, understand
from alertbus.wire.records import _record, receipt_given
from alertbus.wire.words import DELIVERY, GATEWAY, STREAM, Words, words
from tests.story import POLICY

T0 = datetime(2026, 3, 2, 9, tzinfo=UTC)


@dataclass
class Stood:
    """A record as it stands on its topic."""

    topic: str
    key: bytes
    value: bytes
    headers: Sequence[tuple[str, bytes]]
    timestamp: int = int(T0.timestamp() * 1000)
    partition: int = 0
    offset: int = 0


def stood(written: Any, at: datetime = T0, offset: int = 0) -> Stood:
    return Stood(written.topic, written.key, written.value, written.headers, int(at.timestamp() * 1000), 0, offset)


def read(words: Words, found: Sequence[Stood]) -> list[Understood]:
    understood = [understand(one, words) for one in found]
    assert not [one.error for one in understood if one.error]
    return understood


async def contents(engine: Database, *which: Table) -> dict[str, list[str]]:
    async with engine.reading() as connection:
        return {t.name: sorted(repr(tuple(row)) for row in await connection.execute(select(t))) for t in which}


async def fresh(folder: str, name: str) -> Database:
    """A database with every table: a copy, because making them takes as long as a whole example."""
    target = f"{folder}/{name}.db"
    shutil.copyfile(empty_database(), target)
    return make_engine(f"sqlite:///{target}")


@contextlib.asynccontextmanager
async def two() -> AsyncIterator[tuple[Database, Database]]:
    """One database to live in, and one to restore into."""
    with tempfile.TemporaryDirectory() as folder:
        one, other = await fresh(folder, "live"), await fresh(folder, "restored")
        try:
            yield one, other
        finally:
            await one.dispose()
            await other.dispose()


@functools.cache
def empty_database() -> str:
    made = create_engine(f"sqlite:///{tempfile.mkdtemp()}/empty.db")
    metadata.create_all(made)
    made.dispose()
    return str(made.url.database)


# The directory

IDENTIFIERS = [{"system": "crn", "value": f"X00000{n}"} for n in range(4)]
NAMES: list[dict[str, Any]] = [{}, {"name": {"given": "Anna", "family": "Muster"}, "born": "1990-01-31"}]
PLACES: list[dict[str, Any]] = [{}, {"addresses": [{"postcode": "NN1 1AA"}]}]
KEYS = ["anna", "ben", "cleo"]

a_person = st.builds(
    lambda identifiers, name, place: {"identifiers": identifiers} | name | place,
    st.lists(st.sampled_from(IDENTIFIERS), max_size=2, unique_by=lambda found: found["value"]),
    st.sampled_from(NAMES),
    st.sampled_from(PLACES),
)
a_case = st.builds(
    lambda name, exercise, people, later, agency: {
        "id": f"{name}{exercise or ''}",
        "exercise": exercise,
        "people": [{"key": key} | said for key, said in people.items()],
        "links": [{"person": key, "relation": "relative", "from": later} for key in people],
        "involvements": [{"agency": agency}],
    },
    st.sampled_from(["ash", "birch"]),
    st.sampled_from([None, None, "drill"]),
    st.dictionaries(st.sampled_from(KEYS), a_person, min_size=1),
    st.sampled_from(["2026-01-01", "2026-03-02T09:03:00Z", "2027-01-01"]),
    st.sampled_from(["school", "gp"]),
)
an_alert = st.builds(
    lambda exercise, people: {"exercise": exercise, "people": people},
    st.sampled_from([None, None, "drill"]),
    st.lists(st.builds(lambda said, key: said | ({"key": key} if key else {}), a_person, st.sampled_from([None, None, *KEYS])), min_size=1),
)
a_pointer = st.one_of(
    st.builds(lambda number: {"identifier": number}, st.sampled_from(IDENTIFIERS)),
    st.builds(lambda case_id, key: {"case_id": case_id, "key": key}, st.sampled_from(["ash", "birch"]), st.sampled_from(KEYS)),
)
said_of_who = st.tuples(
    st.sampled_from(["merged", "merged", "split", "taken back"]),
    st.sampled_from(["m1", "m2"]),
    st.lists(a_pointer, min_size=2, max_size=3, unique_by=str),
)
a_step = st.one_of(
    st.tuples(st.just("case"), a_case),
    st.tuples(st.just("case"), a_case),
    st.tuples(st.just("unpublished"), a_case),
    st.tuples(st.just("alert"), an_alert),
    st.tuples(st.just("alert"), an_alert),
    st.tuples(st.sampled_from(["amended", "withdrawn"]), an_alert),
    st.tuples(st.just("who is who"), said_of_who),
    st.tuples(st.just("clock"), st.none()),
)


@dataclass
class Live:
    """A directory at work, and what it left on the topics. A case left unpublished is told to Kafka only as changed."""

    engine: Database
    log: list[Stood] = field(default_factory=list)
    moment: datetime = T0
    raised: list[Alert] = field(default_factory=list)
    found: dict[str, AcceptedAlert] = field(default_factory=dict)
    """Statements as they were last found to be about somebody."""

    async def step(self, what: str, said: Any) -> None:
        self.moment += timedelta(minutes=1)
        cases, clocks = CaseRegister(self.engine), ExerciseClocks(self.engine)
        if what in {"case", "unpublished"}:
            recorded = await cases.record(Case.model_validate(said), self.moment, None)
            if recorded.publish:
                self._wrote(records.case_changed(recorded.case, self.moment))
                if what == "case":
                    self._wrote(records.case_recorded(recorded.case, self.moment))
                    await cases.published(recorded.case)
        elif what in {"alert", "amended", "withdrawn"}:
            await self._alert(what, said)
        elif what == "who is who":
            await self._who_is_who(*said)
        elif what == "clock":
            before, told = await clocks.of_exercise("drill")
            for case_id in told:
                self._wrote(records.ticked(case_id, before or datetime.min.replace(tzinfo=UTC), self.moment))
            if told:
                await clocks.advance("drill", self.moment)
        await self._publish(cases, said["id"] if what == "unpublished" else "")
        await self._identify_again(cases)
        await self._publish(cases, said["id"] if what == "unpublished" else "")

    async def quiet(self) -> None:
        """Publish what a gateway that died has left, and identify again whoever must be."""
        cases = CaseRegister(self.engine)
        await self._publish(cases, "")
        await self._identify_again(cases)
        await self._publish(cases, "")

    async def _identify_again(self, cases: CaseRegister) -> None:
        """Every statement about somebody revised, as the stream of their alerts would ask for it, until nobody is."""
        rounds = itertools.count()
        while revisions := await cases.revisions():
            assert next(rounds) < 20, "who somebody is does not come to rest"
            await cases.revised(revisions)
            about = {one.person_id: one.version for one in revisions}
            for found in [*self.found.values()]:
                versions = [about[p] for ids in found.people for p in ids if p in about]
                if versions and max(versions) > found.people_version:
                    await self._stage(records.identify_again(found, max(versions)))

    async def _publish(self, cases: CaseRegister, but: str) -> None:
        for other in await cases.unpublished():  # of which the people turned out to be others
            if other.case.id != but:
                self._wrote(records.case_changed(other.case, self.moment))
                self._wrote(records.case_recorded(other.case, self.moment))
                await cases.published(other.case)

    async def _who_is_who(self, what: str, name: str, people: Any) -> None:
        kind = PersonSplit if what == "split" else PersonMerged
        said = kind(id=name, source="prison.hmpps", at=self.moment, people=people, taken_back=what == "taken back")
        register = WhoIsWhoRegister(self.engine)
        accepted = await register.accept(said, self.moment)
        self._wrote(records.about_who_is_who(accepted.said))
        await register.published([accepted.said])

    async def _alert(self, what: str, said: Any) -> None:
        people = Directory(self.engine)
        await people.refresh()
        known = await people.known_keys([p["key"] for p in said["people"] if p.get("key")], said["exercise"])
        accepted = [p for p in said["people"] if not p.get("key") or known[p["key"]] == 1 or (known[p["key"]] == 0 and p["identifiers"])]
        if not accepted:
            return  # the gateway lets nothing else in
        stated = {"id": str(self.moment), "exercise": said["exercise"], "action": "raised"}
        if what != "alert":
            earlier = [alert for alert in self.raised if alert.exercise == said["exercise"]]
            if not earlier:
                return
            stated |= {"id": earlier[-1].id, "action": what}
        alert = sample_alert(**stated, recorded_at=self.moment, subjects=[{"person": p} for p in accepted], children=[], kind="other")
        if what == "alert":
            self.raised.append(alert)
        await self._stage(records.alert_accepted(AcceptedAlert.of(alert, self.moment)))

    async def _stage(self, written: Any) -> None:
        stage = Identify(Directory(self.engine), POLICY, lambda: self)  # type: ignore[arg-type, return-value]
        await stage({0: [stood(written, self.moment)]})  # type: ignore[list-item]

    async def queue_all(self, made: Sequence[Any]) -> Any:
        """In place of the producer: what the stage writes stands on its topic at once."""
        for one in made:
            self._wrote(one)
        return SimpleNamespace(acknowledged=None)

    def _wrote(self, written: Any) -> None:
        if isinstance(word := understand(stood(written), words(AlertAboutPerson.type)).word, AlertAboutPerson):
            self.found[word.alert.statement_id] = word.alert
        self.log.append(stood(written, self.moment))


def known(one: Stood) -> bool:
    return dict(one.headers).get("ce_type", b"").decode() in {type_ for _, type_ in directory.WORDS}


async def answers(engine: Database, log: Sequence[Stood]) -> dict[str, Any]:
    """What the directory says of everybody: who is one person, under which of the ids that anybody has been told."""
    told = b"".join(one.value for one in log)
    people = Directory(engine)
    asked = [Person.model_validate({"identifiers": [number]}) for number in IDENTIFIERS]
    asked += [Person.model_validate(name | place) for name in NAMES for place in PLACES] + [Person(key=key) for key in KEYS]
    said: dict[str, Any] = {}
    for exercise in (None, "drill"):
        matches = await people.look_up(asked, exercise)
        said[f"{exercise}"] = [[one for one in match.person_ids if one.encode() in told] for match in matches]
        said[f"{exercise} keys"] = await people.known_keys(KEYS, exercise)
    async with engine.reading() as connection:
        of = tables.mention.c
        standing = select(of.mention_id, of.person_ids, of.facts).where(of.ended_at.is_(None)).order_by(of.mention_id)
        rows = (await connection.execute(standing)).all()
        said["facts"] = [(row.mention_id, row.facts) for row in rows]
        said["one person"] = [
            (row.mention_id, [other.mention_id for other in rows if set(row.person_ids.split()) & set(other.person_ids.split())])
            for row in rows
        ]
        claim = tables.claim.c
        counts = claim.until.is_(None) | claim.mention_id.startswith("case/")  # what an alert claimed once and no longer does says nothing
        claims = select(claim.scope, claim.system, claim.value, claim.mention_id, claim.since, claim.until).where(counts)
        said["claims"] = sorted(repr(tuple(row)) for row in await connection.execute(claims))
        when = select(of.mention_id, of.said_at).where(of.ended_at.is_(None), of.kind != "case")  # of cases nothing hangs on it
        said["said at"] = sorted(repr(tuple(row)) for row in await connection.execute(when))
    return said


async def restored_directory(engine: Database, log: Sequence[Stood], order: random.Random, size: int) -> None:
    part = directory.DirectoryRestore()
    async with engine.begin() as connection:
        await part.begin(connection)
    for topic in (topics.PERSON_EVENTS, topics.CASES, topics.CASE_EVENTS, topics.REVIEW):
        lanes: dict[bytes, list[Stood]] = {}
        for one in log:
            if one.topic == topic:
                lanes.setdefault(one.key, []).append(one)
        mixed = sorted(lanes)
        order.shuffle(mixed)  # how partitions interleave makes no difference; within one the order stands
        found = read(directory.WORDS, [one for key in mixed for one in lanes[key] if known(one)])
        for start in range(0, len(found), size):
            rows = part.read(found[start : start + size])
            async with engine.begin() as connection:
                await part.write(connection, rows)
    await part.finish(engine)


def _ash(case_id: str = "ash", /, **people: list[int]) -> tuple[str, Any]:
    """A step: the case `ash`, or another, with these people on it, by key, each with these numbers."""
    on_it = [{"key": key, "identifiers": _crns(*numbers)} for key, numbers in people.items()]
    links = [{"person": key, "relation": "relative", "from": "2026-01-01"} for key in people]
    return "case", {"id": case_id, "exercise": None, "people": on_it, "links": links, "involvements": [{"agency": "school"}]}


def _about(*people: dict[str, Any]) -> tuple[str, Any]:
    return "alert", {"exercise": None, "people": [{"identifiers": []} | one for one in people]}


def _crns(*numbers: int) -> list[dict[str, str]]:
    return [{"system": "crn", "value": f"X00000{number}"} for number in numbers]


_MERGED = "who is who", ("merged", "m1", [{"identifier": _crns(3)[0]}, {"case_id": "ash", "key": "ben"}])
_CLEO, _BEN = {"case_id": "birch", "key": "cleo"}, {"identifier": _crns(1)[0]}


def _parted(*people: Any) -> tuple[str, Any]:
    return "who is who", ("split", "m2", list(people))


def _of_three(*ben: dict[str, Any]) -> list[tuple[str, Any]]:
    """Steps: three people, of whom one is on no case of the others, are merged; ben of them, so pointed at, and cleo are parted again."""
    merged = ("merged", "m1", [{"case_id": "ash", "key": "anna"}, _CLEO, *ben])
    return [_ash(anna=[]), _ash("birch", ben=[1], cleo=[]), ("who is who", merged), _parted(_BEN, _CLEO)]


@example([_about({"identifiers": _crns(2)}, {"identifiers": _crns(1, 2)}), _ash(anna=[1], ben=[1])], 0, 1).via(
    "an alert that turns out to be about several people had met the case of none"
)
@example(
    [
        _ash(anna=[]),
        _ash(anna=[2, 1], ben=[2, 1], cleo=[]),
        _about({"key": "cleo"}, {"identifiers": _crns(1)}),
        _ash(cleo=[2, 1]),
        _ash(anna=[], cleo=[]),
    ],
    0,
    1,
).via("each of an alert's people is somebody else, and all together are the same")
@example([_ash(ben=[]), _MERGED, _about({"key": "ben", "identifiers": _crns(1)})], 0, 1).via(
    "the number that a merge gives somebody contradicts an alert's"
)
@example(_of_three(_BEN), 0, 1).via("of three whom a merge made one, two are parted: which of them the third is, is open")
@example(_of_three({"case_id": "birch", "key": "ben"}), 0, 1).via("two are parted by other marks than those by which they were merged")
@example([_ash("birch", ben=[3], cleo=[3]), _parted({"case_id": "birch", "key": "ben"}, _CLEO), _ash(anna=[3])], 0, 1).via(
    "a number leads to two who are not one: which of them somebody with it is, is open"
)
@settings(
    max_examples=25, deadline=None, suppress_health_check=[HealthCheck.too_slow], phases=[Phase.explicit, Phase.reuse, Phase.generate]
)
@given(st.lists(a_step, max_size=10), st.integers(0, 2**32), st.integers(1, 5))
def test_the_directory_and_the_register_of_cases_come_back_row_by_row(steps: list[tuple[str, Any]], order: int, size: int) -> None:
    async def law() -> None:
        async with two() as (one, other):
            live = Live(one)
            for what, said in steps:
                await live.step(what, said)
            await restored_directory(other, live.log, random.Random(order), size)
            which = (tables.about, tables.case_version, tables.unlinked_person)
            restored, stood_before = await contents(other, *which), await contents(one, *which)
            for name, rows in stood_before.items():
                assert (sorted({*restored[name]} - {*rows}), sorted({*rows} - {*restored[name]})) == ([], []), name
            again, before = await answers(other, live.log), await answers(one, live.log)
            for what in before:
                found = [pair for pair in itertools.zip_longest(list(again[what]), list(before[what])) if pair[0] != pair[1]]
                assert found == [], what
            await live.quiet()
            for exercise in (None, "drill"):  # and by the claims alone nobody is taken for another
                claims = ClaimsRead(exercise, POLICY)
                for record in live.log:
                    claims.take(record)
                assert sorted(claims.mistaken(live.moment)) == []

    drawn = random.Random(order)  # the ids that are given, too, so that what fails once fails again
    with patch("alertbus.directory.claims.uuid4", lambda: UUID(int=drawn.getrandbits(128))):
        asyncio.run(law())


async def test_what_is_found_out_after_a_rebuild_counts_as_later_than_all_that_was_decided_before_it(engine: Database) -> None:
    """Otherwise nobody who was decided before would be identified again: the streams take the higher version for the later."""
    alert = AcceptedAlert.of(sample_alert(), T0).with_people((("1",),)).model_copy(update={"people_version": 4})
    log = [stood(one) for one in records.alert_about_people(alert, ["1"])]
    log.append(stood(records.person_revised(PersonRevised(person_id="2", version=7, at=T0))))

    await restored_directory(engine, log, random.Random(1), 10)

    people = Directory(engine)
    await people.refresh()
    assert people.version == 7


async def test_the_front_doors_case_of_a_doubt_comes_back_and_claims_nobody(engine: Database) -> None:
    people = [{"key": "person-0", "person_ids": ["1"]}]
    doubt = Case.model_validate({"id": doubt_case_id("a"), "version": 1, "known_at": T0, "people": people})

    await restored_directory(
        engine, [stood(records.case_changed(doubt, T0)), stood(records.case_recorded(doubt, T0))], random.Random(1), 10
    )

    found = await contents(engine, tables.case_version, tables.mention, tables.claim, tables.held)
    assert {name: len(rows) for name, rows in found.items() if rows} == {"directory_case": 1}


# The gateway


@pytest.mark.parametrize(
    "said",
    [
        {},
        {"action": "amended", "severity": "low"},
        {"occurred_at": "2026-06-01T10:00:00+01:00", "details": {"extra": [1, 0.1, 1e-7, {"ä": None}], "status": "open"}},
        {"exercise": "drill", "review_on": "2026-09-01", "family_informed": False},
    ],
)
def test_a_statement_is_known_again_by_its_record(said: dict[str, Any]) -> None:
    alert = Alert.model_validate_json(sample_alert().model_copy(update={}).model_dump_json())
    alert = Alert.model_validate(alert.model_dump(mode="json") | said)
    accepted = AcceptedAlert.of(alert, T0, T0 - timedelta(days=1))

    rows = gateway.GatewayRestore().read(read(gateway.WORDS, [stood(records.alert_accepted(accepted))]))

    assert rows.accepted == [row_of(accepted, digest_of(alert))]


def test_a_raw_message_is_whole_again_and_nothing_of_it_stands_outside_the_value() -> None:
    said = " ".join(CANARIES).encode() + b"\x00\xff"
    kept = MessageKept(
        ref="r", source="hmpps", received_at=T0, media_type=CANARIES[0], reason="not_understood", digest="d", body=base64.b64encode(said)
    )
    written = records.message_kept(kept)

    rows = gateway.GatewayRestore().read(read(gateway.WORDS, [stood(written)]))

    assert rows.raw == [row_of_raw(kept)]
    assert rows.raw[0]["body"] == said
    outside = repr((written.key, written.headers, understand(stood(written), gateway.WORDS)))
    assert [word for word in CANARIES if word in outside] == []


# Delivery


def notice(name: str, deed: Deed = Deed.DELIVER, owed: str = "") -> Notice:
    obligation = sample_obligation(id=owed or f"owed-{name}", agency="school", case_id="case-1", due=None)
    return sample_notice(id=name, obligation=obligation, deed=deed, flag=None)


def of_notice(one: Notice, offset: int) -> Stood:
    value = one.model_dump_json(by_alias=True, exclude_defaults=True).encode()
    return stood(_record(NOTICE_OWED, "school/case-1", one.id, T0, value, by=STREAM), T0, offset)


COLUMNS = ("notice_id", "obligation_id", "lane", "deed", "sector", "role", "notice", "state", "error_class", "failed_at", "done_at")


async def ledger_of(engine: Database, *columns: str) -> list[Any]:
    async with engine.reading() as connection:
        return [tuple(row) for row in await connection.execute(select(*(ledger.c[c] for c in columns)).order_by(ledger.c.seq))]


async def restored_ledger(
    engine: Database, notices: Sequence[Notice], receipts: Sequence[Receipt], taken_up_to: int | None, size: int = 100
) -> None:
    committed = {} if taken_up_to is None else {(topics.NOTICES, 0): taken_up_to}
    part = delivery.DeliveryRestore(committed, Plugins({}), ["school"], lambda: T0)
    found = read(
        delivery.WORDS, [of_notice(one, n) for n, one in enumerate(notices)] + [stood(receipt_given(r, by=DELIVERY)) for r in receipts]
    )
    for start in range(0, len(found), size):
        rows = part.read(found[start : start + size])
        async with engine.begin() as connection:
            await part.write(connection, rows)
    await part.finish(engine)


ends = st.sampled_from(["accepted", "refused", "failing", "failing, then accepted", "untouched"])


@settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.lists(ends, min_size=1, max_size=6), st.integers(1, 4), st.booleans())
def test_the_ledger_comes_back_from_what_it_told(story: list[str], size: int, twice: bool) -> None:
    async def law() -> None:
        async with two() as (one, other):
            book, told, moment = Ledger(one), [], T0
            notices = [notice(f"n{n}") for n in range(len(story))]
            await book.record(notices, moment)
            for end in story:
                moment += timedelta(minutes=1)
                if end == "untouched":
                    break  # the lane waits behind it
                [leased] = await book.lease("me", moment, 1)
                if end.startswith("failing"):
                    trouble = Settlement(leased, LedgerState.WAITING, error="too_slow", retry_at=moment, told=True)
                    told += await book.settle([trouble], moment)
                    if end == "failing":
                        break
                    [leased] = await book.lease("me", moment, 1)
                state = LedgerState.REFUSED if end == "refused" else LedgerState.ACCEPTED
                told += await book.settle([Settlement(leased, state, error="refused" if end == "refused" else None)], moment)

            await restored_ledger(other, notices, told * (2 if twice else 1), len(notices), size)

            assert await ledger_of(other, *COLUMNS) == await ledger_of(one, *COLUMNS)

    asyncio.run(law())


@pytest.fixture
async def engine(tmp_path: Path) -> Any:
    made = await fresh(str(tmp_path), "bus")
    yield made
    await made.dispose()


@pytest.mark.parametrize("deed", sorted(ENDINGS))
async def test_what_was_cancelled_unsent_is_told_and_never_leaves_after_a_rebuild(engine: Database, tmp_path: Path, deed: Deed) -> None:
    pair = [notice("tell", owed="same"), notice("take-back", deed, owed="same")]
    book = Ledger(engine)
    await book.record(pair, T0)
    told = await book.receipts_to_publish(T0)
    other = await fresh(str(tmp_path), "other")

    await restored_ledger(other, pair, told, None)

    assert {receipt.stage for receipt in told} == {Stage.CANCELLED}
    assert await ledger_of(other, *COLUMNS) == await ledger_of(engine, *COLUMNS)
    assert await Ledger(other).lease("me", T0, 10) == []
    await other.dispose()


@pytest.mark.parametrize(
    ("taken_up_to", "states"),
    [(0, {LedgerState.CANCELLED}), (1, {LedgerState.WAITING}), (2, {LedgerState.WAITING}), (None, {LedgerState.WAITING})],
)
async def test_a_pair_that_nobody_told_of_is_cancelled_only_if_delivery_cannot_have_tried(
    engine: Database, taken_up_to: int | None, states: set[LedgerState]
) -> None:
    pair = [notice("tell", owed="same"), notice("take-back", Deed.NO_LONGER_YOURS, owed="same")]

    await restored_ledger(engine, pair, [], taken_up_to)

    assert {state for (state,) in await ledger_of(engine, "state")} == states


async def test_an_agencys_own_receipt_leaves_its_notice_owed(engine: Database) -> None:
    one = notice("n")
    seen = Receipt(
        id="r", notice_id="n", obligation_id=one.obligation.id, alert_id="a", case_id="case-1", agency="school", stage=Stage.ACCEPTED, at=T0
    )
    part = delivery.DeliveryRestore({}, Plugins({}), [], lambda: T0)

    rows = part.read(read(delivery.WORDS, [stood(records.receipt_given(seen, by=GATEWAY))]))

    assert rows == delivery.LedgerChanges()


async def test_a_message_that_cannot_be_rendered_any_more_is_owed_again_and_nothing_of_it_is_logged(
    engine: Database, caplog: pytest.LogCaptureFixture
) -> None:
    class Broken:
        name = sector = "education"
        contract, formats = 1, ("text/plain",)

        def render(self, found: Notice) -> Any:
            raise ValueError(repr(found))

    one = sample_notice(id="n", sector="education", flag=None)
    owed = one.obligation
    got = Receipt(
        id="r",
        notice_id="n",
        obligation_id=owed.id,
        alert_id=owed.alert_id,
        case_id=owed.case_id,
        agency=owed.agency,
        stage=Stage.ACCEPTED,
        at=T0,
    )
    part = delivery.DeliveryRestore({}, Plugins({"broken": offer(adapters=[Broken()])}), [], lambda: T0)
    async with engine.begin() as connection:
        await part.write(connection, part.read(read(delivery.WORDS, [of_notice(one, 0), stood(receipt_given(got, by=DELIVERY))])))

    await part.finish(engine)

    assert (part.in_inbox, part.owed_again) == (0, 1)
    assert [leased.notice_id for leased in await Ledger(engine).lease("me", T0, 10)] == ["n"]
    assert [word for word in CANARIES if word in caplog.text] == []


# The staff


def a_team(**said: Any) -> Team:
    people = [{"name": "R. Postholder"}, {"name": "Q. Standin"}]
    whole = {"id": "health_visiting.north", "agency": "health_visiting", "name": "North team", "members": people}
    return Team.model_validate(whole | said)


async def teams_restored(engine: Database, *versions: Team) -> None:
    part = staff.StaffRestore()
    for one in versions:
        async with engine.begin() as connection:
            await part.write(connection, part.read(read(staff.WORDS, [stood(records.team_recorded(one, T0))])))
    await part.finish(engine)


async def test_the_register_of_teams_is_written_again_as_it_was_whatever_the_order_of_versions(engine: Database) -> None:
    register = TeamRegister(engine)
    first = (await register.record(a_team(), T0, None)).team
    second = (await register.record(a_team(deputy="Q. Standin"), T0, 1)).team
    await register.published(second)
    async with engine.reading() as connection:
        before = [tuple(row) for row in await connection.execute(select(standing_team))]

    for order in ((first, second), (second, first), (second, second)):
        async with engine.begin() as connection:
            await connection.execute(standing_team.delete())
        await teams_restored(engine, *order)
        async with engine.reading() as connection:
            assert [tuple(row) for row in await connection.execute(select(standing_team))] == before
    again = await register.record(a_team(deputy="Q. Standin"), T0, None)
    assert (again.team.version, again.publish) == (2, False), "the same content is known again"


async def test_a_message_is_put_back_into_the_inbox_addressed_to_who_answered_when_it_was_accepted(engine: Database) -> None:
    away = {"who": "R. Postholder", "from": T0.date().isoformat(), "to": T0.date().isoformat(), "cover": "Q. Standin"}
    await teams_restored(engine, a_team(absences=[away]))
    plugins, one = Plugins({}), sample_notice(id="n")
    owed = one.obligation
    known = {"notice_id": "n", "obligation_id": owed.id, "alert_id": owed.alert_id, "case_id": owed.case_id, "agency": owed.agency}
    got = Receipt(id="r", **known, stage=Stage.ACCEPTED, at=T0)
    part = delivery.DeliveryRestore({}, plugins, [], lambda: T0 + timedelta(days=30))
    async with engine.begin() as connection:
        await part.write(connection, part.read(read(delivery.WORDS, [of_notice(one, 0), stood(receipt_given(got, by=DELIVERY))])))

    await part.finish(engine)

    async with engine.reading() as connection:
        [body] = (await connection.execute(select(inbox_message.c.body))).scalars()
    assert json.loads(body)["recipient"] == "Q. Standin"
    assert json.loads(body)["answering"][-1] == "Q. Standin answers (covers for R. Postholder)."


# All of it


def test_every_table_is_rebuilt_by_some_room_or_is_known_to_hold_nothing_but_memory() -> None:
    rebuilt = set(itertools.chain.from_iterable(rebuild.TABLES.values()))
    memory = {table.name for table in rebuild.MEMORY}
    memory |= {"rebuild_unfinished", "watchdog_arrival", "delivery_beat"}  # said again by whoever lives
    memory |= {plugin_memory.name}  # counts of what plugins printed; and a plugin that was set aside is told of by whoever sets it aside
    memory |= {"gateway_ignored"}  # counts of what left nothing on any topic
    memory |= {nudged.name, nudge_count.name}  # without them whoever has an address is nudged once more
    memory |= {audit_tables.head.name}  # a writer who finds no head reads the chain
    memory |= {
        name for name in metadata.tables if name.startswith("desk_")
    }  # users and sessions are of this database alone (decision 0027)

    assert {table.name for table in rebuilt} | memory == set(metadata.tables)


def test_every_topic_that_a_room_is_rebuilt_from_is_read() -> None:
    wanted = {topic for room in (projector, directory, staff, gateway, delivery) for topic, _ in room.WORDS}

    assert wanted - set(itertools.chain.from_iterable(rebuild.PASSES)) == set()


def test_a_record_that_is_no_word_of_ours_says_its_class_and_nothing_else() -> None:
    junk = Stood(topics.ALERTS, b"k", " ".join(CANARIES).encode(), [])

    found = understand(junk, gateway.WORDS)

    assert (found.word, found.error) == (None, "EnvelopeFault")
    assert [word for word in CANARIES if word in repr(found)] == []
