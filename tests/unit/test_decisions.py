"""Deciding a doubt: what follows for the directory, the front door and the record, wherever it is cut short."""

from collections.abc import AsyncIterator, Coroutine, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from alertbus.audit.chain import AuditedDeed, AuditEntry
from alertbus.broker import topics
from alertbus.broker.record import Record
from alertbus.chronicle import tables as _chronicle
from alertbus.chronicle.projector import apply, read
from alertbus.chronicle.reviews import ReviewItem, ReviewState, proposals_about, review_item, review_items
from alertbus.directory.case_register import CaseRegister
from alertbus.directory.directory import Directory
from alertbus.directory.doubts import doubt_case_id
from alertbus.intake.acknowledgements import AnswerIntake
from alertbus.intake.by_name import Audited
from alertbus.intake.callers import Caller
from alertbus.intake.cases import CaseIntake
from alertbus.intake.decisions import AlreadyDecided, DecisionIntake
from alertbus.intake.people import PeopleIntake, StatedOfPeople
from alertbus.intake.side_by_side import side_by_side
from alertbus.intake.who import WhoIsWhoIntake
from alertbus.model.alert import AcceptedAlert
from alertbus.model.case import Case
from alertbus.model.errors import InvalidInput, NotFound
from alertbus.model.events import RECEIPT_GIVEN, ReviewReason
from alertbus.model.identity import PersonMerged, PersonSplit, ReviewOutcome
from alertbus.model.receipt import Receipt, Stage
from alertbus.model.rights import Right
from alertbus.plugin.kit.samples import sample_alert, sample_notice, sample_obligation
from alertbus.policy.identity_rules import IdentityRules
from alertbus.sql.database import Database
from alertbus.sql.engine import make_engine, metadata
from alertbus.wire import records
from tests.story import Arrived, Log

T0 = datetime(2026, 3, 2, 9, tzinfo=UTC)
FRONT_DOOR = "mash"
HOLDER = Caller("desk", "childrens_social_care", frozenset(Right), ("childrens_social_care",))
AT = {"addresses": [{"lines": ["1 High St"], "postcode": "NN2 2BB"}]}
NHS_1, NHS_2 = ({"system": "nhs_number", "value": v} for v in ("9845990290", "9959195651"))
ANA = {"name": {"given": "Ana", "family": "Pek"}, "born": "1987-05-17"} | AT
ANNA = {"name": {"given": "Anna", "family": "Pek"}, "born": "1987-05-17"} | AT


class CutShort(Exception):
    """The process ended here."""


class Wire:
    """A broker and an audit that keep what they are given, and that end the process at the given step."""

    def __init__(self) -> None:
        self.records: dict[str, Record] = {}
        self.deeds: list[tuple[str, AuditedDeed, dict[str, Any]]] = []
        self.steps, self.ends_at = 0, 10_000

    def step(self) -> None:
        self.steps += 1
        if self.steps >= self.ends_at:
            raise CutShort

    async def send(self, *written: Record) -> None:
        self.step()
        for record in written:
            self.records[dict(record.headers)["ce_id"].decode()] = record

    async def within(self, work: Coroutine[Any, Any, Any]) -> Any:
        return await work

    async def append_all(self, chain: str, entries: Sequence[AuditEntry]) -> None:
        self.step()
        self.deeds += [(chain, one.deed, {"by": one.by, "reason": one.reason, "about": [*one.about]}) for one in entries]

    def of(self, type_: str) -> list[Record]:
        return [r for r in self.records.values() if dict(r.headers)["ce_type"].decode() == type_]


class Desk:
    """A gateway's inside with a directory at work beside it; its clock is a minute further at each look."""

    def __init__(self, engine: Database) -> None:
        self.engine, self.moment, self.wire, self.offsets = engine, T0, Wire(), 0
        self.directory = Directory(engine, IdentityRules(), FRONT_DOOR)
        self.register = CaseRegister(engine)
        self.began_anew()

    def began_anew(self) -> None:
        """A process of its own: nothing in memory of what the one before did."""
        self.wire.ends_at = 10_000
        publisher: Any = self.wire
        nothing: Any = None  # no plugin reads an answer here
        cases = CaseIntake(self.engine, publisher, IdentityRules(), self.now)
        people = WhoIsWhoIntake(self.engine, publisher, cases, self.now)
        audited = Audited(publisher, publisher)
        self.cases = cases
        self.decisions = DecisionIntake(
            self.engine, publisher, people, AnswerIntake(self.engine, publisher, nothing, audited, self.now), audited, FRONT_DOOR, self.now
        )
        self.people = PeopleIntake(self.engine, people, audited, self.now)

    def now(self) -> datetime:
        self.moment += timedelta(minutes=1)
        return self.moment

    async def case(self, case_id: str, **people: dict[str, Any]) -> Case:
        stated = [{"key": key} | one for key, one in people.items()]
        links = [{"person": key, "relation": "relative"} for key in people]
        return await self.cases.put(Case.model_validate({"id": case_id, "people": stated, "links": links}))

    async def doubt(self, *people: dict[str, Any], alert_id: str = "A-1") -> list[ReviewItem]:
        """An alert about these people; gives the questions that it raises, as the stream would ask them."""
        alert = sample_alert(id=alert_id, subjects=[{"person": one} for one in people], children=[], recorded_at=self.now())
        statement = AcceptedAlert.of(alert, self.now())
        await self.directory.refresh([statement])
        for match in await self.directory.identify(statement, self.now()):
            if match.unsure:
                await self.wire.send(records.review_of_statement(statement, match.unsure, (*match.person_ids, *match.alike)))
        await self.wire.send(records.alert_accepted(statement))
        await self.projected()
        return await review_items(self.engine, self.now(), FRONT_DOOR, alert_id=statement.alert_id)

    async def projected(self) -> None:
        """Let the chronicle read what stands on the topics."""
        found = []
        for record in self.wire.records.values():
            if record.topic in {topics.REVIEW, topics.ALERTS}:
                found.append(Arrived(record.topic, self.offsets, 0, b"k", record.value, record.headers))
                self.offsets += 1  # a partition for each, so that what is read again is new
        async with self.engine.begin() as connection:
            await apply(connection, read(found), starts={(r.topic, r.partition) for r in found})

    async def item(self, item_id: str) -> ReviewItem:
        return await review_item(self.engine, item_id, self.now(), FRONT_DOOR)

    async def decide(self, item: ReviewItem, outcome: ReviewOutcome, person_id: str | None = None, by: str = "Jo Okafor") -> ReviewItem:
        decided = await self.decisions.decide(item.id, outcome, person_id, by=by, caller=HOLDER)
        await self.projected()
        return decided

    async def on(self, case_id: str, key: str) -> set[str]:
        return set((await self.register.get(case_id)).person(key).person_ids)

    async def front_door_is_on(self, item: ReviewItem) -> bool:
        return any(one.to is None for one in (await self.register.get(doubt_case_id(item.alert_id or ""))).involvements)


@pytest.fixture
async def desk(tmp_path: Path) -> AsyncIterator[Desk]:
    engine = make_engine(f"sqlite:///{tmp_path / 'bus.db'}")
    async with engine.begin() as connection:
        await connection.run_sync(metadata.create_all)
    yield Desk(engine)
    await engine.dispose()


@pytest.fixture
async def item(desk: Desk) -> ReviewItem:
    await desk.case("fam", mother=ANA)
    [asked] = await desk.doubt(ANNA)
    assert asked.reason is ReviewReason.UNSURE_MATCH
    assert await desk.front_door_is_on(asked)
    return asked


async def test_the_same_joins_the_two_and_the_front_door_is_asked_no_more(desk: Desk, item: ReviewItem) -> None:
    candidate = item.candidates[0]

    decided = await desk.decide(item, ReviewOutcome.SAME, candidate)

    assert await desk.on("fam", "mother") == {candidate, item.in_question}
    assert not await desk.front_door_is_on(item)
    assert (decided.state, decided.by, decided.person_id) == (ReviewState.DECIDED, "Jo Okafor", candidate)
    assert await desk.item(item.id) == decided.model_copy(update={"age_s": (await desk.item(item.id)).age_s - 60})
    [record] = desk.wire.of("uk.alertbus.review.decided.v1")
    assert record.key == (item.alert_id or "").encode()


async def test_different_keeps_them_apart_even_when_they_are_written_exactly_alike_later(desk: Desk, item: ReviewItem) -> None:
    await desk.decide(item, ReviewOutcome.DIFFERENT)

    await desk.case("fam", mother=ANNA)

    assert item.in_question not in await desk.on("fam", "mother")
    assert not await desk.front_door_is_on(item)


@pytest.mark.parametrize("first", [ReviewOutcome.SAME, ReviewOutcome.DIFFERENT])
async def test_a_decision_that_is_taken_back_leaves_the_doubt_as_it_was_and_asks_the_front_door_again(
    desk: Desk, item: ReviewItem, first: ReviewOutcome
) -> None:
    before = await desk.on("fam", "mother")
    await desk.decide(item, first, item.candidates[0] if first is ReviewOutcome.SAME else None)

    again = await desk.decide(item, ReviewOutcome.REOPENED, by="A. N. Other")
    assert (again.state, await desk.on("fam", "mother"), await desk.front_door_is_on(item)) == (ReviewState.OPEN, before, True)

    await desk.decide(item, ReviewOutcome.SAME, item.candidates[0])
    assert await desk.on("fam", "mother") == {item.candidates[0], item.in_question}
    assert not await desk.front_door_is_on(item)


async def test_seen_changes_nothing_about_who_is_who_and_leaves_the_front_doors_clock_running(desk: Desk, item: ReviewItem) -> None:
    before = await desk.on("fam", "mother")

    await desk.decide(item, ReviewOutcome.SEEN)

    assert (await desk.item(item.id)).state is ReviewState.DECIDED
    assert (await desk.on("fam", "mother"), await desk.front_door_is_on(item)) == (before, True)


@pytest.mark.parametrize("outcome", [ReviewOutcome.SAME, ReviewOutcome.DIFFERENT, ReviewOutcome.SEEN])
@pytest.mark.parametrize("heard", [True, False], ids=["chronicle reads on", "chronicle is behind"])
async def test_cut_short_at_any_step_the_same_call_again_ends_the_same(
    desk: Desk, item: ReviewItem, outcome: ReviewOutcome, *, heard: bool
) -> None:
    candidate = item.candidates[0] if outcome is ReviewOutcome.SAME else None
    decided = None
    for ends_at in range(1, 40):
        desk.began_anew()
        desk.wire.steps, desk.wire.ends_at = 0, ends_at
        try:
            decided = await desk.decisions.decide(item.id, outcome, candidate, by="Jo Okafor", caller=HOLDER)
        except CutShort:
            if heard:
                await desk.projected()
            continue
        break
    assert decided is not None
    await desk.projected()

    stands = await desk.item(item.id)
    assert (stands.outcome, stands.person_id, stands.decided_at) == (outcome, candidate, decided.decided_at)
    joined = await desk.on("fam", "mother") == {*item.candidates, item.in_question}
    assert joined is (outcome is ReviewOutcome.SAME)
    assert await desk.front_door_is_on(item) is (outcome is ReviewOutcome.SEEN)
    if outcome is not ReviewOutcome.SEEN:
        assert len(desk.wire.of("uk.alertbus.review.decided.v1")) == 1
    assert await desk.register.unpublished() == []


async def test_who_decides_otherwise_is_told_who_decided_and_how_to_reopen(desk: Desk, item: ReviewItem) -> None:
    await desk.decide(item, ReviewOutcome.DIFFERENT)

    for _ in ("the chronicle has read it", "it has not"):
        with pytest.raises(AlreadyDecided, match=r"'different' by Jo Okafor .*alertbus review decide .* reopen"):
            await desk.decisions.decide(item.id, ReviewOutcome.SAME, item.candidates[0], by="A. N. Other", caller=HOLDER)
        async with desk.engine.begin() as connection:
            await connection.execute(_chronicle.review_decision.delete())
    same_again = await desk.decisions.decide(item.id, ReviewOutcome.DIFFERENT, by="A. N. Other", caller=HOLDER)
    assert same_again.by == "Jo Okafor"


async def test_what_is_not_the_items_is_refused_in_words_that_say_what_to_do(desk: Desk, item: ReviewItem) -> None:
    stranger = "00000000-0000-4000-8000-000000000000"
    refusals: list[tuple[Any, ...]] = [
        (item.id, ReviewOutcome.SAME, stranger, "Jo Okafor", "alertbus review show"),
        (item.id, ReviewOutcome.SAME, None, "Jo Okafor", "alertbus review show"),
        (item.id, ReviewOutcome.SEEN, stranger, "Jo Okafor", "only `same` names a candidate"),
        (item.id, ReviewOutcome.REOPENED, None, "Jo Okafor", "nothing was decided"),
        (item.id, ReviewOutcome.DIFFERENT, None, "root", "the name of the person"),
    ]
    for item_id, outcome, person_id, by, words in refusals:
        with pytest.raises(InvalidInput, match=words):
            await desk.decisions.decide(item_id, outcome, person_id, by=by, caller=HOLDER)
    with pytest.raises(NotFound, match="alertbus review list"):
        await desk.decisions.decide("none", ReviewOutcome.SEEN, by="Jo Okafor", caller=HOLDER)
    assert desk.wire.deeds == []


async def test_a_question_that_is_not_about_who_is_who_can_only_be_seen(desk: Desk) -> None:
    await desk.wire.send(records.review_needed("m-1", ReviewReason.NOT_UNDERSTOOD, T0, source="hmpps", raw_ref="m-1"))
    await desk.projected()
    [asked] = await review_items(desk.engine, desk.now(), FRONT_DOOR)

    with pytest.raises(InvalidInput, match="`seen`"):
        await desk.decide(asked, ReviewOutcome.DIFFERENT)
    await desk.decide(asked, ReviewOutcome.SEEN)

    assert (await desk.item(asked.id)).state is ReviewState.DECIDED


async def test_vpf_05_who_decides_about_a_proposed_flag_has_decided_for_that_person_and_may_take_it_back(desk: Desk) -> None:
    threats = [AcceptedAlert.of(sample_alert(id=f"T-{n}", recorded_at=desk.now()), desk.now()) for n in range(3)]
    for threat in threats:
        await desk.wire.send(records.alert_accepted(threat), records.flag_proposed(threat, "p-him"))
    await desk.wire.send(records.flag_proposed(threats[0], "p-her"))
    await desk.projected()

    def about(items: list[ReviewItem], person: str) -> list[tuple[ReviewState, str | None]]:
        return [(item.state, item.note) for item in items if item.person_ids == (person,)]

    [first, hers] = await review_items(desk.engine, desk.now(), FRONT_DOOR)
    assert {first.alert_id, hers.alert_id} == {threats[0].alert_id}
    his = first if first.person_ids == ("p-him",) else hers
    await desk.decide(his, ReviewOutcome.SEEN)
    mark = f"settled with {his.id}"
    every = await review_items(desk.engine, desk.now(), FRONT_DOOR, state=None)
    assert about(every, "p-him") == [(ReviewState.DECIDED, None), (ReviewState.DECIDED, mark), (ReviewState.DECIDED, mark)]
    assert about(every, "p-her") == [(ReviewState.OPEN, None)]

    await desk.decide(await desk.item(his.id), ReviewOutcome.REOPENED)
    again = await review_items(desk.engine, desk.now(), FRONT_DOOR)
    assert [item.alert_id for item in again if item.person_ids == ("p-him",)] == [threats[0].alert_id]
    assert len(await proposals_about(desk.engine, "p-him", desk.now(), FRONT_DOOR)) == len(threats)


async def test_the_same_is_refused_and_the_front_door_stays_asked_where_numbers_contradict(desk: Desk) -> None:
    await desk.case("fam", mother=ANA | {"identifiers": [NHS_1]})
    [item] = await desk.doubt(ANA | {"identifiers": [NHS_2]})
    before = await desk.on("fam", "mother")

    for _ in range(2):
        with pytest.raises(InvalidInput, match="numbers allow"):
            await desk.decide(item, ReviewOutcome.SAME, item.candidates[0])

    [shown] = (await side_by_side(desk.engine, item, IdentityRules(), may_see=False)).candidates
    assert (shown.contradicts, "NHS number: different" in shown.differs) == (True, True)
    assert (await desk.on("fam", "mother"), await desk.front_door_is_on(item)) == (before, True)
    assert (await desk.item(item.id)).state is ReviewState.OPEN
    with pytest.raises(InvalidInput, match="nothing was decided"):
        await desk.decide(item, ReviewOutcome.REOPENED)
    await desk.decide(item, ReviewOutcome.DIFFERENT)


async def test_the_front_door_stays_asked_until_everybody_of_the_alert_is_decided(desk: Desk) -> None:
    other = {"name": {"given": "Jon", "family": "Smith"}, "born": "1990-02-03"} | AT
    await desk.case("fam", mother=ANA, father=other)
    first, second = await desk.doubt(ANNA, other | {"name": {"given": "John", "family": "Smith"}})

    await desk.decide(first, ReviewOutcome.DIFFERENT)
    assert await desk.front_door_is_on(first)
    await desk.decide(second, ReviewOutcome.SAME, second.candidates[0])
    assert not await desk.front_door_is_on(first)


async def test_the_front_doors_own_decision_is_its_answer_and_another_agencys_is_not(desk: Desk, item: ReviewItem) -> None:
    owed = sample_obligation(id="o-1", alert_id=item.alert_id, case_id=doubt_case_id(item.alert_id or ""), agency=FRONT_DOOR, due=None)
    log = Log()
    log.notice(sample_notice(id="n-1", obligation=owed))
    async with desk.engine.begin() as connection:
        await apply(connection, read(log.records), starts={(r.topic, r.partition) for r in log.records})

    await desk.decide(item, ReviewOutcome.DIFFERENT)
    assert desk.wire.of(RECEIPT_GIVEN) == []
    hub = Caller("hub", FRONT_DOOR, frozenset({Right.RECEIVE}), ())
    for _ in range(2):
        await desk.decisions.decide(item.id, ReviewOutcome.DIFFERENT, by="A. N. Other", caller=hub)

    [receipt] = [Receipt.model_validate_json(record.value or b"") for record in desk.wire.of(RECEIPT_GIVEN)]
    assert (receipt.stage, receipt.by, receipt.obligation_id) == (Stage.ACKNOWLEDGED, "Jo Okafor", "o-1")


async def test_that_nobody_is_linked_is_settled_with_the_doubt_and_open_again_with_it(desk: Desk, item: ReviewItem) -> None:
    asked = records.review_needed(
        item.alert_id or "", ReviewReason.NOBODY_LINKED, T0, alert_id=item.alert_id, person_ids=(item.in_question or "",)
    )
    await desk.wire.send(asked)
    await desk.projected()

    async def states() -> set[ReviewState]:
        every = await review_items(desk.engine, desk.now(), FRONT_DOOR, state=None, reasons=[ReviewReason.NOBODY_LINKED])
        return {one.state for one in every}

    await desk.decide(item, ReviewOutcome.SAME, item.candidates[0])
    settled = await states()
    await desk.decide(item, ReviewOutcome.REOPENED)
    again = await states()
    await desk.decide(item, ReviewOutcome.DIFFERENT)

    assert (settled, again, await states()) == ({ReviewState.DECIDED}, {ReviewState.OPEN}, {ReviewState.OPEN})


async def test_every_decision_is_audited_on_the_chain_of_who_made_it_before_and_after(desk: Desk, item: ReviewItem) -> None:
    await desk.decisions.decide(item.id, ReviewOutcome.SEEN, by=" Jo Okafor ", note="rang the GP", caller=HOLDER)

    assert [(chain, deed) for chain, deed, _ in desk.wire.deeds] == [
        ("childrens_social_care", AuditedDeed.REVIEW_BEGUN),
        ("childrens_social_care", AuditedDeed.REVIEW_DONE),
    ]
    assert desk.wire.deeds[0][2] == {"by": "Jo Okafor", "reason": "rang the GP", "about": [item.id]}


async def test_candidates_are_compared_for_everybody_and_their_names_shown_to_who_may_read_case_files(desk: Desk, item: ReviewItem) -> None:
    seen = await side_by_side(desk.engine, item, IdentityRules(), may_see=True)
    compared = await side_by_side(desk.engine, item, IdentityRules(), may_see=False)

    [candidate] = seen.candidates
    assert seen.in_question is not None
    assert seen.in_question.person is not None
    assert (seen.in_question.person.shown, candidate.places[0].person and candidate.places[0].person.shown) == ("Anna Pek", "Ana Pek")
    assert (candidate.cases, candidate.places[0].key) == (("fam",), "mother")
    assert "date of birth: same" in candidate.agrees
    text = compared.model_dump_json()
    assert compared.candidates[0].agrees == candidate.agrees
    assert not any(word in text for word in ("Anna", "Pek", "1987", "NN2", "High"))


async def test_two_ids_of_one_person_are_one_candidate_and_a_number_from_any_place_contradicts(desk: Desk) -> None:
    prison = [{"identifiers": [{"system": "prison_number", "value": v}]} for v in ("G7574EC", "B6273AG")]
    await desk.case("fam", mother=ANA)
    [first] = await desk.doubt(ANNA | prison[0])
    await desk.decide(first, ReviewOutcome.SAME, first.candidates[0])

    [second] = await desk.doubt(ANNA | prison[1] | {"name": {"given": "Annah", "family": "Pek"}}, alert_id="A-2")

    assert len(second.candidates) == 2
    [candidate] = (await side_by_side(desk.engine, second, IdentityRules(), may_see=True)).candidates
    assert (candidate.contradicts, [place.case_id for place in candidate.places]) == (True, ["fam", None])


# People, apart from any item


def pair(**more: Any) -> StatedOfPeople:
    return StatedOfPeople.model_validate(
        {"people": [{"case_id": "one", "key": "m"}, {"case_id": "two", "key": "m"}], "by": "Jo Okafor"} | more
    )


async def test_people_are_merged_split_and_merged_again_and_the_last_word_counts(desk: Desk) -> None:
    await desk.case("one", m={"identifiers": [{"system": "crn", "value": "X123456"}]})
    await desk.case("two", m={"identifiers": [{"system": "pnc", "value": "1995/0004242F"}]})

    async def one_person() -> bool:
        return await desk.on("one", "m") == await desk.on("two", "m")

    for kind, taken_back, expected in (
        (PersonMerged, False, True),
        (PersonMerged, False, True),
        (PersonSplit, False, False),
        (PersonMerged, False, True),
        (PersonMerged, True, False),
        (PersonMerged, False, True),
    ):
        desk.began_anew()
        await desk.people.state(kind, pair(taken_back=taken_back), "childrens_social_care", HOLDER)
        assert await one_person() is expected

    assert {deed for _, deed, _ in desk.wire.deeds} == {AuditedDeed.WHO_IS_WHO_BEGUN, AuditedDeed.WHO_IS_WHO_DONE}


async def test_somebody_who_is_on_no_case_is_refused_and_a_number_nobody_has_waits(desk: Desk) -> None:
    await desk.case("one", m={"identifiers": [{"system": "crn", "value": "X123456"}]})

    with pytest.raises(NotFound, match="alertbus cases show"):
        await desk.people.state(PersonMerged, pair(), "mash", HOLDER)
    with pytest.raises(NotFound, match="taken back"):
        await desk.people.state(PersonMerged, pair(taken_back=True), "mash", HOLDER)
    number = {"identifier": {"system": "pnc", "value": "1995/0004242F"}}
    outcome = await desk.people.state(PersonMerged, pair(people=[{"case_id": "one", "key": "m"}, number]), "mash", HOLDER)

    assert (outcome.waits, outcome.repeated) == (True, False)
