"""What people answer reaches its case beside the receipt, or neither is counted; and each says what it may, by name, and takes it back in time."""

from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from alertbus.chronicle import queries
from alertbus.chronicle.answers import InboxItem
from alertbus.chronicle.tables import ObligationState
from alertbus.intake.acknowledgements import TooLateToUndo
from alertbus.intake.answer_bodies import Acknowledgement, ActedOn, AnswerTakenBack
from alertbus.intake.callers import Caller
from alertbus.intake.completion import GRACE
from alertbus.model.errors import InvalidInput, NotFound
from alertbus.model.events import RECEIPT_GIVEN, Answered
from alertbus.model.receipt import Intent, Receipt, Stage
from alertbus.model.rights import Right
from alertbus.sql.engine import make_engine, metadata
from alertbus.wire.reading import understand
from alertbus.wire.words import TABLE, words
from tests.story import Arrived
from tests.town import CutShort, Town

T0 = datetime(2026, 3, 2, 9, tzinfo=UTC)
HV = Caller("hv", "health_visiting", frozenset({Right.RECEIVE}), sources=())
SCHOOL = Caller("school", "school", frozenset({Right.RECEIVE}), sources=())
PNC = {"system": "pnc", "value": "1995/0004242F"}
CASE = {
    "id": "c-1",
    "people": [{"key": "man", "identifiers": [PNC]}, {"key": "child"}],
    "children": ["child"],
    "links": [{"person": "man", "relation": "father"}, {"person": "child", "relation": "child"}],
    "involvements": [{"agency": agency} for agency in ("childrens_social_care", "health_visiting", "school")],
}
PPN = {
    "id": "P-1",
    "source": "police.a",
    "kind": "ppn",
    "occurred_at": "2026-03-02T08:00:00Z",
    "recorded_at": "2026-03-02T08:30:00Z",
    "subjects": [{"person": {"identifiers": [PNC]}}],
    "severity": "high",
}
ACTING = Acknowledgement(by="Jo Bloggs", intent=Intent.ACTING)


@pytest.fixture
async def town(tmp_path: Path) -> AsyncIterator[Town]:
    engine = make_engine(f"sqlite:///{tmp_path / 'bus.db'}")
    async with engine.begin() as connection:
        await connection.run_sync(metadata.create_all)
    town = Town(engine, T0)
    await town.put(CASE)
    await town.state(PPN)
    yield town
    await engine.dispose()


async def owed(town: Town, agency: str = "health_visiting") -> InboxItem:
    (item,) = [one for one in await queries.inbox(town.engine, agency, now=town.now) if one.obligation.kind == "ppn"]
    return item


def written(town: Town, type_: str) -> list[Any]:
    stood = [Arrived(r.topic, 0, 0, r.key, r.value, r.headers) for r in town.wire.records.values()]
    return [found.word for found in (understand(one, words(*TABLE)) for one in stood) if found.type == type_]


def heard(town: Town) -> dict[str, Answered]:
    """What the case has heard, by receipt."""
    return {answer.receipt_id: answer for answer in written(town, Answered.type)}


def receipts(town: Town) -> dict[str, Receipt]:
    return {one.id: one for one in written(town, RECEIPT_GIVEN)}


async def test_an_answer_stands_as_a_receipt_and_on_its_case_and_both_say_the_same(town: Town) -> None:
    item = await owed(town)
    receipt = await town.answers.acknowledge(
        item.obligation.id, Acknowledgement(by="Jo Bloggs", intent=Intent.PASSING_ON, to="Sam Field"), HV
    )
    await town.flow()

    (answer,) = heard(town).values()
    assert receipts(town) == {receipt.id: receipt}
    said = (receipt.id, receipt.obligation_id, receipt.case_id, receipt.alert_id, receipt.agency, receipt.at)
    assert said == (answer.receipt_id, answer.obligation_id, answer.case_id, answer.alert_id, answer.agency, answer.at)
    assert (answer.by, answer.intent, answer.to, answer.acted, answer.undoes) == ("Jo Bloggs", Intent.PASSING_ON, "Sam Field", False, None)


async def test_an_answer_counts_though_the_gateways_clock_was_set_back_behind_what_it_answers(town: Town) -> None:
    """An answer is to what was put before it: dated before that, it would be heard and never count."""
    item = await owed(town)
    town.now -= timedelta(minutes=4)

    receipt = await town.answers.acknowledge(item.obligation.id, ACTING, HV)

    (answer,) = heard(town).values()
    assert answer.at == receipt.at == item.obligation.since


@pytest.mark.parametrize("said", ["acknowledged", "not_ours", "acted", "undone"])
async def test_cut_short_at_any_moment_an_answer_is_completed_without_its_caller_and_stands_once(town: Town, said: str) -> None:
    """The order is audit, question, receipt, case: after the receipt stands, the case hears of it though nobody asks again."""
    given = await town.answers.acknowledge((await owed(town)).obligation.id, ACTING, HV) if said == "undone" else None
    await town.flow()
    already = set(receipts(town))

    async def answer() -> Receipt:
        one = (await owed(town)).obligation.id
        match said:
            case "acted":
                return await town.answers.acted(one, ActedOn(by="Jo Bloggs", what="visited"), HV)
            case "undone" if given is not None:
                return await town.answers.undo(one, given.id, AnswerTakenBack(by="Jo Bloggs"), HV)
            case "not_ours":
                return await town.answers.acknowledge(one, Acknowledgement(by="Jo Bloggs", intent=Intent.NOT_OURS, note="moved"), HV)
            case _:
                return await town.answers.acknowledge(one, ACTING, HV)

    ends, cut = 0, True
    while cut:
        town.wire.ends_at = ends
        try:
            await answer()
        except CutShort:
            ends += 1
        else:
            cut = False
        town.wire.ends_at = None
        await town.flow()
        await town.completion.complete()
        town.now += GRACE
        await town.completion.complete()
        await town.flow()
        assert set(heard(town)) == set(receipts(town))  # both, or neither
        assert await town.completion.complete() == 0
    assert ends >= 3  # it was cut between all of them
    assert len(set(receipts(town)) - already) == 1


async def test_what_was_answered_before_cases_were_told_is_told_once_and_a_county_of_it_bit_by_bit(
    town: Town, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("alertbus.intake.completion.AT_ONCE", 2)
    one = (await owed(town)).obligation.id
    for n in range(5):
        await town.answers.acknowledge(one, Acknowledgement(by=f"Reader {'ABCDE'[n]}", intent=Intent.ACTING), HV)
    for record in [r for r in town.wire.records.values() if dict(r.headers)["ce_type"] == Answered.type.encode()]:
        del town.wire.records[dict(record.headers)["ce_id"].decode()]
    await town.flow()
    assert not heard(town)

    told = []
    for _ in range(8):
        told.append(await town.completion.complete())
        await town.flow()
        town.now += GRACE
    assert set(heard(town)) == set(receipts(town))
    assert (sum(told), max(told)) == (5, 2)


async def test_while_the_chronicle_is_behind_an_answer_is_not_written_again_and_again(town: Town) -> None:
    town.wire.ends_at = 2
    with pytest.raises(CutShort):
        await town.answers.acknowledge((await owed(town)).obligation.id, ACTING, HV)
    town.wire.ends_at = None
    await town.flow()

    told = []
    for _ in range(20):  # nobody reads the topics meanwhile
        told.append(await town.completion.complete())
        town.now += GRACE
    assert sum(told) == 1


async def test_the_same_answer_again_is_the_same_receipt_at_the_same_moment(town: Town) -> None:
    one = (await owed(town)).obligation.id
    first = await town.answers.acknowledge(one, ACTING, HV)
    await town.flow()
    town.now += timedelta(minutes=3)
    again = await town.answers.acknowledge(one, ACTING, HV)

    assert first == again


async def test_ppn_02_what_was_done_answers_it_without_an_acknowledgement_and_stands_beside_one(town: Town) -> None:
    one = (await owed(town)).obligation.id
    await town.answers.acted(one, ActedOn(by="Jo Bloggs", what="visited, both children seen"), HV)
    await town.flow()

    item = await owed(town)
    assert (item.state, item.acknowledged_by, item.acted_by, item.acted_at) == (ObligationState.ACKNOWLEDGED, "Jo Bloggs", "Jo Bloggs", T0)
    (receipt,) = [r for r in item.receipts if r.stage is Stage.ACTED]
    assert receipt.note == "visited, both children seen"
    assert heard(town)[receipt.id].acted


async def test_an_answer_is_taken_back_by_a_colleague_in_time_and_the_same_one_given_again_counts(town: Town) -> None:
    one = (await owed(town)).obligation.id
    receipt = await town.answers.acknowledge(one, ACTING, HV)
    await town.flow()
    town.now += timedelta(minutes=5)
    undone = await town.answers.undo(one, receipt.id, AnswerTakenBack(by="Sam Field", note="pressed by mistake"), HV)
    await town.flow()
    taken_back = await owed(town)
    town.now += timedelta(days=1)
    repeated = await town.answers.undo(one, receipt.id, AnswerTakenBack(by="Sam Field"), HV)
    anew = await town.answers.acknowledge(one, ACTING, HV)
    await town.flow()

    assert (taken_back.state, taken_back.acknowledged_by) == (ObligationState.OWED, None)
    assert (heard(town)[undone.id].undoes, undone.by, undone.stage) == (receipt.id, "Sam Field", Stage.UNDONE)
    assert repeated == undone
    assert anew.id != receipt.id
    assert (await owed(town)).state is ObligationState.ACKNOWLEDGED
    assert [entry.reason for _, _, entry in town.wire.deeds if entry.about[0] == one][:2] == ["answered as acting", "answered as undone"]


async def test_after_the_time_for_it_an_answer_stands(town: Town) -> None:
    one = (await owed(town)).obligation.id
    receipt = await town.answers.acknowledge(one, ACTING, HV)
    await town.flow()
    town.now += timedelta(minutes=5, seconds=1)

    with pytest.raises(TooLateToUndo, match="within 5 minutes"):
        await town.answers.undo(one, receipt.id, AnswerTakenBack(by="Jo Bloggs"), HV)


async def test_nobody_takes_back_another_agencys_answer_nor_what_is_none(town: Town, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("alertbus.intake.patience.PATIENCE_S", 0.1)
    one, other = (await owed(town)).obligation.id, (await owed(town, "school")).obligation.id
    receipt = await town.answers.acknowledge(one, ACTING, HV)
    await town.flow()

    for obligation, caller in ((one, SCHOOL), (other, SCHOOL), (other, HV)):
        with pytest.raises(NotFound):
            await town.answers.undo(obligation, receipt.id, AnswerTakenBack(by="Jo Bloggs"), caller)
    assert [r.stage for r in receipts(town).values()] == [Stage.ACKNOWLEDGED]


async def test_one_agencys_answer_answers_for_no_other(town: Town) -> None:
    await town.answers.acknowledge((await owed(town)).obligation.id, ACTING, HV)
    await town.flow()

    assert (await owed(town)).state is ObligationState.ACKNOWLEDGED
    assert (await owed(town, "school")).state is ObligationState.OWED
    with pytest.raises(NotFound):
        await town.answers.acted((await owed(town, "school")).obligation.id, ActedOn(by="Jo Bloggs", what="visited"), HV)


@pytest.mark.parametrize(
    ("said", "path"),
    [
        ({"intent": "passing_on"}, "to"),
        ({"intent": "passing_on", "to": " "}, "to"),
        ({"intent": "passing_on", "to": "the\nteam"}, "to"),
        ({"intent": "passing_on", "to": " jo bloggs "}, "to"),
        ({"intent": "acting", "to": "Sam Field"}, "to"),
        ({"intent": "not_ours", "note": "  "}, "note"),
    ],
)
async def test_what_is_passed_on_goes_to_a_named_person_and_what_is_not_ours_has_a_reason(town: Town, said: Any, path: str) -> None:
    with pytest.raises(InvalidInput) as refused:
        await town.answers.acknowledge((await owed(town)).obligation.id, Acknowledgement(by="Jo Bloggs", **said), HV)

    assert [fault.path for fault in refused.value.faults] == [path]
    assert not receipts(town)


async def test_in_an_exercise_an_answer_counts_by_the_exercises_clock(town: Town) -> None:
    await town.put(
        CASE
        | {
            "id": "c-x",
            "exercise": "x1",
            "people": [{"key": "m", "identifiers": [PNC]}, {"key": "c"}],
            "children": ["c"],
            "links": [{"person": "m", "relation": "father"}, {"person": "c", "relation": "child"}],
        }
    )
    await town.state(PPN | {"id": "P-X", "exercise": "x1"})
    (item,) = [
        one for one in await queries.inbox(town.engine, "health_visiting", exercise="x1", now=town.now) if one.obligation.kind == "ppn"
    ]
    at_first = await town.answers.acknowledge(item.obligation.id, ACTING, HV)
    await town.cases.advance_exercise("x1", datetime(2026, 6, 1, tzinfo=UTC))
    later = await town.answers.acted(item.obligation.id, ActedOn(by="Jo Bloggs", what="visited"), HV)

    assert at_first.at == item.obligation.since
    assert later.at == datetime(2026, 6, 1, tzinfo=UTC)
    assert heard(town)[later.id].at == later.at


async def test_an_amendment_that_changes_nothing_keeps_the_answer_and_one_that_does_asks_anew(town: Town) -> None:
    receipt = await town.answers.acknowledge((await owed(town)).obligation.id, ACTING, HV)
    town.now += timedelta(hours=1)
    amended = PPN | {"action": "amended", "amends": "P-1", "recorded_at": "2026-03-02T10:00:00Z"}
    await town.state(amended | {"id": "P-2"})
    same = await owed(town)
    await town.state(amended | {"id": "P-3", "severity": "critical", "recorded_at": "2026-03-02T10:01:00Z"})
    other = await owed(town)

    assert (same.state, same.acknowledged_by) == (ObligationState.ACKNOWLEDGED, receipt.by)
    assert (other.state, other.acknowledged_by) == (ObligationState.OWED, None)
