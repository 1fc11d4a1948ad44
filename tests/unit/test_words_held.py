"""Free text is held back from a case that it must not reach, the template goes at once, and a person decides about the words (NOT-01, NOT-17)."""

import contextlib
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select

from alertbus.broker import topics
from alertbus.chronicle import projector, tables
from alertbus.chronicle.alert_sight import AlertSight
from alertbus.chronicle.chronology import chronology_of
from alertbus.chronicle.formats import FORMATS
from alertbus.chronicle.queries import alert_status
from alertbus.chronicle.rebuild import ChronicleRestore
from alertbus.chronicle.reviews import ReviewState
from alertbus.directory import rebuild as directory_rebuild
from alertbus.directory.rebuild import DirectoryRestore
from alertbus.intake.decisions import AlreadyDecided
from alertbus.intake.held_words import pieces_held
from alertbus.model.errors import InvalidInput
from alertbus.model.identity import ReviewOutcome
from alertbus.model.notice import Deed, Notice
from alertbus.model.screening import Clue
from alertbus.policy.minimise import HELD, WORDS_WAIT
from alertbus.reconcile.evidence import Evidence
from alertbus.reconcile.full import Reconciliation, compare
from alertbus.reconcile.judge import Holdings
from alertbus.reconcile.memory import packed, unpacked
from alertbus.sql.engine import make_engine, metadata
from alertbus.wire.reading import understand
from alertbus.wire.words import TABLE, words
from tests.story import Arrived
from tests.town import HOLDER, POLICY, CutShort, Town

T0 = datetime(2026, 3, 2, 9, tzinfo=UTC)
PNC = {"system": "pnc", "value": "1995/0004242F"}
NHS_A, NHS_B = ({"system": "nhs_number", "value": v} for v in ("9845990290", "9959195651"))
MAN = {"name": {"given": "Zeb", "family": "Quagmire"}, "identifiers": [PNC]}
MOTHER_A = {
    "name": {"given": "Wrenna", "family": "Quillfeather"},
    "born": "1990-05-02",
    "identifiers": [NHS_A],
    "addresses": [{"lines": ["14 Canary Lane"], "postcode": "NN15 7QZ"}],
}
MOTHER_B = {"name": {"given": "Anna", "family": "Muster"}, "identifiers": [NHS_B]}
WORDS = "He was shouting in the street."


def family(case_id: str, mother: dict[str, Any], *agencies: str) -> dict[str, Any]:
    return {
        "id": case_id,
        "people": [{"key": "man"} | MAN, {"key": "mother"} | mother],
        "links": [{"person": "man", "relation": "partner"}, {"person": "mother", "relation": "mother"}],
        "involvements": [{"agency": agency} for agency in agencies or ("childrens_social_care", "health_visiting", "housing")],
    }


def ppn(*people: dict[str, Any], text: str = WORDS, **stated: Any) -> dict[str, Any]:
    return {
        "id": "ppn-1",
        "source": "police.northants",
        "kind": "ppn",
        "occurred_at": T0,
        "recorded_at": T0,
        "subjects": [{"person": one} for one in people],
        "narrative": [{"text": text}],
    } | stated


@pytest.fixture
async def town(tmp_path: Path) -> AsyncIterator[Town]:
    engine = make_engine(f"sqlite:///{tmp_path / 'bus.db'}")
    async with engine.begin() as connection:
        await connection.run_sync(metadata.create_all)
    town = Town(engine, T0)
    await town.put(family("a", MOTHER_A))
    await town.put(family("b", MOTHER_B))
    yield town
    await engine.dispose()


def texts(notices: list[Notice]) -> list[list[str]]:
    return [[piece.text for piece in notice.narrative] for notice in notices]


async def test_not_17_words_about_somebody_of_another_family_do_not_reach_this_one_and_its_own_has_them(town: Town) -> None:
    await town.state(ppn(MAN, MOTHER_A, details={"incident": {"home_conditions": "Canary mess", "reference": "INC-7"}}))

    assert texts(town.notices("health_visiting", "a")) == [[WORDS]]
    (told,) = town.notices("health_visiting", "b")
    assert (told.narrative, told.deed) == ((), Deed.DELIVER)
    assert told.details == {"incident": {"reference": "INC-7"}}
    assert (HELD in told.withheld, told.summary.endswith(WORDS_WAIT), bool(told.action)) == (True, True, True)
    (item,) = await town.asked()
    assert (item.owner, item.case_id, item.clues) == ("mash", "b", ("person in subjects[1]",))
    assert "Canary" not in str([n.model_dump_json() for n in town.notices("childrens_social_care", "b")])


@pytest.mark.parametrize(
    ("text", "clue"),
    [
        ("He goes on about Wrenna Quillfeather.", "name in narrative[0]"),
        ("Quillfeather, Wrenna rang us.", "name in narrative[0]"),
        ("Her NHS number is 984 599 0290.", "nhs_number in narrative[0]"),
        ("He was seen at 14 Canary Lane.", "address in narrative[0]"),
        ("He was seen in NN15 7QZ.", "postcode in narrative[0]"),
    ],
)
async def test_not_17_words_that_name_somebody_of_another_family_are_held_with_what_was_found_by_class(
    town: Town, text: str, clue: str
) -> None:
    await town.state(ppn(MAN, text=text))

    assert texts(town.notices("health_visiting", "a")) == [[text]]
    assert texts(town.notices("health_visiting", "b")) == [[]]
    (item,) = await town.asked()
    assert item.clues == (clue,)
    assert not [canary for canary in ("Wrenna", "9845990290", "Canary", "7QZ") if canary in item.model_dump_json()]


@pytest.mark.parametrize("text", ["Anna Muster let him in.", WORDS, "Nobody Knownhere saw him at 99 Nowhere Street, ZZ1 1ZZ."])
async def test_words_about_our_own_family_or_about_nobody_known_are_told_at_once(town: Town, text: str) -> None:
    await town.state(ppn(MAN, MOTHER_B, text=text))

    assert texts(town.notices("health_visiting", "b")) == [[text]]
    assert [item.case_id for item in await town.asked()] == ["a"]


async def test_not_17_a_namesake_on_this_case_is_our_own(town: Town) -> None:
    await town.put(family("b", MOTHER_B | {"name": MOTHER_A["name"]}))
    await town.state(ppn(MAN, text="Wrenna Quillfeather let him in."))

    assert texts(town.notices("health_visiting", "b")) == [["Wrenna Quillfeather let him in."]]
    assert await town.asked() == []


async def test_not_17_a_case_to_which_he_is_linked_later_does_not_get_the_words_either(town: Town) -> None:
    await town.state(ppn(MAN, MOTHER_A, kind="violent_person_flag"))
    await town.later(2)
    await town.put(family("c", MOTHER_B | {"identifiers": []}))

    (told,) = town.notices("health_visiting", "c")
    assert (told.narrative, HELD in told.withheld) == ((), False)  # health reads no threat's words: nothing of theirs is held
    (told,) = town.notices("childrens_social_care", "c")
    assert (told.narrative, HELD in told.withheld, told.flag is not None) == ((), True, True)


async def test_not_17_when_an_alerts_persons_are_found_anew_its_words_are_looked_through_anew(town: Town) -> None:
    text = "He was with Late Comer."
    await town.state(ppn(MAN, text=text, kind="ppn"))
    await town.put({"id": "c", "people": [{"key": "mother", "name": {"given": "Late", "family": "Comer"}}]})
    other_number = {"identifiers": [{"system": "pnc", "value": "2012/0052494Q"}]}
    people = [{"key": "man"} | MAN | other_number, {"key": "mother"} | MOTHER_A]

    await town.put(family("a", MOTHER_A) | {"people": people})
    await town.put(family("b", MOTHER_B, "childrens_social_care", "health_visiting", "housing", "gp"))

    assert texts(town.notices("health_visiting", "b"))[0] == [text], "it went out when nobody of that name was known"
    assert texts(town.notices("gp", "b")) == [[]]
    assert [item.case_id for item in await town.asked()] == ["b"]


async def test_a_safety_alerts_template_action_and_flag_never_wait(town: Town) -> None:
    await town.state(ppn(MAN, MOTHER_A, kind="threat_to_staff"))

    for agency in ("childrens_social_care", "health_visiting"):
        (told,) = town.notices(agency, "b")
        assert told.summary.startswith("A person linked to this family has threatened staff.")
        assert (told.flag or "").startswith("THREAT TO STAFF: Read before any visit.")
        assert told.action.startswith("Read before any visit.")


@pytest.mark.parametrize("stated", [{"source": "nspcc.helpline", "kind": "nspcc_concern"}, {"referrer": {"anonymous": True}}])
async def test_not_01_ano_01_hints_at_a_caller_are_held_from_every_case_before_delivery(town: Town, stated: dict[str, Any]) -> None:
    await town.state(ppn(MOTHER_A, text="I am her aunt and they are left alone.", **stated))

    assert texts(town.notices("health_visiting", "a")) == [[]]
    assert [item.clues for item in await town.asked()] == [("caller in narrative[0]",)]


async def test_released_words_reach_who_was_told_and_may_read_them_as_an_amendment_and_who_comes_later_with_their_first_notice(
    town: Town,
) -> None:
    await town.state(ppn(MAN, MOTHER_A))
    (item,) = await town.asked()
    await town.later(3)

    decided = await town.decide(item, ReviewOutcome.RELEASE)

    assert (decided.state, decided.outcome, decided.by) == (ReviewState.DECIDED, ReviewOutcome.RELEASE, "Jo Okafor")
    told = town.notices("health_visiting", "b")
    assert [(n.deed, [p.text for p in n.narrative], HELD in n.withheld) for n in told] == [
        (Deed.DELIVER, [], True),
        (Deed.AMEND, [WORDS], False),
    ]
    assert len({n.obligation.id for n in told}) == 1
    assert [n.deed for n in town.notices("housing", "b")] == [Deed.DELIVER], "it may not read the words, and is not asked anew"
    assert len(town.notices("health_visiting", "a")) == 1
    await town.later(1)
    await town.put(family("b", MOTHER_B, "childrens_social_care", "health_visiting", "housing", "gp"))
    assert [(n.deed, [p.text for p in n.narrative]) for n in town.notices("gp", "b")] == [(Deed.DELIVER, [WORDS])]
    assert [deed for _, deed, _ in town.wire.deeds] == ["review_begun", "review_done"]


async def test_kept_words_go_to_nobody_not_to_newcomers_either(town: Town) -> None:
    await town.state(ppn(MAN, MOTHER_A))
    (item,) = await town.asked()

    await town.decide(item, ReviewOutcome.KEEP)
    await town.put(family("b", MOTHER_B, "childrens_social_care", "health_visiting", "housing", "gp"))

    assert texts(town.notices("health_visiting", "b") + town.notices("gp", "b")) == [[], []]
    assert [one.id for one in await town.asked()] == [item.id]


async def test_the_same_decision_again_changes_nothing_and_another_is_refused(town: Town) -> None:
    await town.state(ppn(MAN, MOTHER_A))
    (item,) = await town.asked()
    await town.decide(item, ReviewOutcome.RELEASE)
    told = len(town.wire.records)

    await town.later(1)
    await town.decide(item, ReviewOutcome.RELEASE)

    assert len(town.wire.records) == told
    with pytest.raises(AlreadyDecided):
        await town.decide(item, ReviewOutcome.KEEP)
    for outcome in (ReviewOutcome.REOPENED, ReviewOutcome.SEEN, ReviewOutcome.SAME):
        with pytest.raises(InvalidInput):
            await town.decide(item, outcome)


@pytest.mark.parametrize("outcome", [ReviewOutcome.RELEASE, ReviewOutcome.KEEP])
@pytest.mark.parametrize("steps", range(5))
async def test_a_decision_that_was_cut_short_anywhere_is_taken_up_by_the_same_call(town: Town, outcome: ReviewOutcome, steps: int) -> None:
    await town.state(ppn(MAN, MOTHER_A))
    (item,) = await town.asked()
    town.wire.ends_at = steps
    with contextlib.suppress(CutShort):
        await town.decisions.decide(item.id, outcome, by="Jo Okafor", caller=HOLDER)
    town.wire.ends_at = None
    await town.flow()
    await town.later(1)

    await town.decide(item, outcome)

    expected = [[], [WORDS]] if outcome is ReviewOutcome.RELEASE else [[]]
    assert texts(town.notices("health_visiting", "b")) == expected
    (decided,) = await town.asked()
    assert (decided.state, decided.outcome) == (ReviewState.DECIDED, outcome)


async def found_by_reconciling(town: Town, *, without: str = "") -> Reconciliation:
    """What the reconciler says of the topics as they are, or of them without one notice. It reads what it remembers once through its memory."""
    evidence = Evidence(None)
    for record in town.wire.records.values():
        if dict(record.headers)["ce_id"].decode() != without:
            evidence.take(Arrived(record.topic, 0, 0, record.key, record.value, record.headers))
    remembered = [unpacked(one.alert_id, "", packed(one), one.touched_at) for one in evidence.alerts]
    async with town.engine.reading() as connection:
        rows = await connection.execute(select(tables.obligation.c.id, tables.obligation.c.alert_id))
        holdings = Holdings({row.id: row.alert_id for row in rows}, None)
    return compare(Evidence(None, remembered, evidence.cases), POLICY, town.now, holdings)


@pytest.mark.parametrize("kind", ["ppn", "other", "violent_person_flag"])
async def test_the_reconciler_agrees_with_a_release_and_misses_the_amendment_that_is_lost(town: Town, kind: str) -> None:
    await town.state(ppn(MAN, MOTHER_A, kind=kind))
    (item,) = await town.asked()
    await town.later(2)
    assert (await found_by_reconciling(town)).difference == 0
    await town.decide(item, ReviewOutcome.RELEASE)

    assert (await found_by_reconciling(town)).difference == 0
    amended = town.notices("childrens_social_care", "b")[-1]
    assert amended.deed is Deed.AMEND
    assert (await found_by_reconciling(town, without=amended.id)).missing == (amended.obligation.id,)
    await town.later(60)
    await town.put(family("b", MOTHER_B, "childrens_social_care", "health_visiting", "housing", "gp"))
    assert (await found_by_reconciling(town)).difference == 0


async def test_a_rebuilt_chronicle_and_directory_hold_and_release_the_same_words(town: Town, tmp_path: Path) -> None:
    """Everything again from the topics: what a text names is found as before, and the chronology shows what was released."""
    await town.state(ppn(MAN, text="He goes on about Wrenna Quillfeather."))
    await town.state(ppn(MAN, MOTHER_A, id="ppn-2"))
    for item in (await town.asked())[:1]:
        await town.decide(item, ReviewOutcome.RELEASE)
    before = [one.model_dump() for one in await chronology_of(town.engine, "b")]
    engine = make_engine(f"sqlite:///{tmp_path / 'again.db'}")
    async with engine.begin() as connection:
        await connection.run_sync(metadata.create_all)
    again = Town(engine, town.now)
    restores: list[tuple[Any, Any]] = [(ChronicleRestore(), projector.WORDS), (DirectoryRestore(), directory_rebuild.WORDS)]
    for restore, said in restores:
        async with engine.begin() as connection:
            await restore.begin(connection)
        for topic in (topics.PERSON_EVENTS, topics.CASES, topics.CASE_EVENTS, topics.ALERTS, topics.REVIEW, topics.NOTICES):
            stood = [
                Arrived(record.topic, offset, 0, record.key, record.value, record.headers)
                for offset, record in enumerate(r for r in town.wire.records.values() if r.topic == topic)
            ]
            rows = restore.read([understand(one, said) for one in stood])
            async with engine.begin() as connection:
                await restore.write(connection, rows)
        await restore.finish(engine)

    assert [one.model_dump() for one in await chronology_of(engine, "b")] == before
    again.wire.records = dict(town.wire.records)
    again._done = set(again.wire.records)
    await again.state(ppn(MAN, id="ppn-3", text="Wrenna Quillfeather again."))
    found = [r for r in again.wire.records.values() if r.topic == topics.PERSON_EVENTS][-1]
    assert [one.clue for one in understand(again._stood(found), words(*TABLE)).word.alert.reveals] == [Clue.NAME]
    await engine.dispose()


async def test_an_alert_that_is_over_can_still_be_released_when_somebody_decides_weeks_later(town: Town) -> None:
    await town.state(ppn(MAN, MOTHER_A, kind="other"))
    for number in range(20):
        await town.later(1)
        await town.state(ppn(MAN, kind="other", id=f"other-{number}", occurred_at=town.now, recorded_at=town.now))
    (item,) = await town.asked()
    await town.put(family("b", MOTHER_B, "childrens_social_care", "health_visiting", "housing", "gp"))

    await town.decide(item, ReviewOutcome.RELEASE)

    about_it = [n for n in town.notices("health_visiting", "b") if n.obligation.alert_id == item.alert_id]
    assert texts(about_it) == [[], [WORDS]]
    assert item.alert_id not in {n.obligation.alert_id for n in town.notices("gp", "b")}, "they came when it was over: it is not theirs"
    for number in range(20, 40):
        await town.later(3)
        await town.tick("b")
        await town.state(ppn(MAN, kind="other", id=f"other-{number}", occurred_at=town.now, recorded_at=town.now))
    (state,) = [s for (_, key), s in town.cases_table._recent.items() if key == b"b"]
    assert item.alert_id not in state.alerts, "decided and over, and nobody is asked any more: it is forgotten"


async def test_words_of_what_was_corrected_since_do_not_overtake_the_correction(town: Town) -> None:
    first = await town.state(ppn(MAN, MOTHER_A))
    (item,) = await town.asked()
    await town.later(1)
    corrected = ppn(MAN, MOTHER_A, text="He was singing.", action="amended", recorded_at=town.now)
    await town.state(corrected, first.at)

    await town.decide(item, ReviewOutcome.RELEASE)

    assert texts(town.notices("health_visiting", "b")) == [[], []]
    (of_correction,) = await town.asked(ReviewState.OPEN)
    await town.decide(of_correction, ReviewOutcome.RELEASE)
    assert texts(town.notices("health_visiting", "b")) == [[], [], ["He was singing."]]


async def test_words_do_not_overtake_a_correction_that_its_sender_recorded_at_the_same_moment(town: Town) -> None:
    first = await town.state(ppn(MAN, MOTHER_A))
    (item,) = await town.asked()
    await town.later(1)
    await town.state(ppn(MAN, MOTHER_A, text="He was singing.", action="amended"), first.at)
    await town.later(1)

    await town.decide(item, ReviewOutcome.RELEASE)

    assert texts(town.notices("health_visiting", "b")) == [[], []]


async def test_a_withdrawal_repeats_no_held_words_and_a_release_after_it_tells_nobody(town: Town) -> None:
    first = await town.state(ppn(MAN, MOTHER_A))
    (item,) = await town.asked()
    await town.later(1)
    reason = "It was not Wrenna Quillfeather."
    await town.state(ppn(MAN, MOTHER_A, text=reason, action="withdrawn", recorded_at=town.now), first.at)

    await town.decide(item, ReviewOutcome.RELEASE)

    told = town.notices("health_visiting", "b")
    assert [(n.deed, n.narrative) for n in told] == [(Deed.DELIVER, ()), (Deed.WITHDRAW, ())]
    assert texts(town.notices("health_visiting", "a")) == [[WORDS], [reason]]
    assert len(await town.asked(ReviewState.OPEN)) == 1


async def test_not_17_the_chronology_of_the_other_case_has_the_words_only_when_they_are_released(town: Town) -> None:
    await town.state(ppn(MAN, MOTHER_A, details={"incident": {"home_conditions": "Canary mess", "reference": "INC-7"}}))
    (item,) = await town.asked()
    (before,) = await chronology_of(town.engine, "b")
    (own,) = await chronology_of(town.engine, "a")

    assert (own.words_held, [p.text for p in own.narrative]) == (False, [WORDS])
    assert (before.words_held, before.narrative, before.details) == (True, (), {"incident": {"reference": "INC-7"}})
    for name, written in FORMATS.items():
        assert WORDS not in written("b", [before])
        assert "Canary" not in written("b", [before])
        assert name == "json" or "held" in written("b", [before])
    await town.decide(item, ReviewOutcome.RELEASE)
    (after,) = await chronology_of(town.engine, "b")
    assert (after.words_held, [p.text for p in after.narrative]) == (False, [WORDS])


async def test_who_decides_sees_the_words_with_what_was_found_and_the_sender_hears_of_no_question(town: Town) -> None:
    stated = await town.state(ppn(MAN, text="He goes on about Wrenna Quillfeather.", details={"flag": {"precautions": ["Two to visit"]}}))
    (item,) = await town.asked()

    pieces = await pieces_held(town.engine, item)

    assert [(p.where, p.text, p.clues) for p in pieces] == [
        ("narrative[0]", "He goes on about Wrenna Quillfeather.", ("name",)),
        ("details.flag.precautions[0]", "Two to visit", ()),
    ]
    sender = AlertSight(agencies=frozenset(), sources=(stated.alert.source,), areas=())
    assert (await alert_status(town.engine, stated.alert_id, sight=sender)).review == ()


async def test_an_exercises_people_are_nobodys_and_its_release_counts_by_its_own_clock(town: Town) -> None:
    for case_id, mother in (("drill-a", MOTHER_A), ("drill-b", MOTHER_B)):
        await town.put(family(case_id, mother) | {"exercise": "drill"})
    await town.later(400)
    long_ago = T0 + timedelta(days=1)
    await town.state(ppn(MAN, MOTHER_A, exercise="drill", occurred_at=long_ago, recorded_at=long_ago))
    (item,) = await town.asked()

    await town.decide(item, ReviewOutcome.RELEASE)

    assert item.case_id == "drill-b"
    assert texts(town.notices("health_visiting", "b")) == []
    told = town.notices("health_visiting", "drill-b")
    assert texts(told) == [[], [WORDS]]
    assert told[1].obligation.since < T0 + timedelta(days=2)
