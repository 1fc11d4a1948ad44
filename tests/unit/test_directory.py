"""Who is who, on a real SQLite file: the same for everybody who asks, never a guess, and cases that remember what was known."""

import asyncio
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
from sqlalchemy import distinct, func, select

from alertbus.directory import tables
from alertbus.directory.candidates import alike
from alertbus.directory.case_register import CaseRegister
from alertbus.directory.claims import one_of
from alertbus.directory.directory import Directory, Match
from alertbus.directory.exercise_clocks import ExerciseClocks
from alertbus.model.alert import AcceptedAlert
from alertbus.model.case import Case
from alertbus.model.errors import NotFound, VersionConflict
from alertbus.model.events import ReviewReason
from alertbus.model.person import Person
from alertbus.plugin.kit.samples import sample_alert
from alertbus.policy.identity_rules import IdentityRules
from alertbus.sql.database import Database
from alertbus.sql.engine import make_engine, metadata

T0 = datetime(2026, 3, 2, 9, tzinfo=UTC)
ANNA = {"name": {"given": "Anna", "family": "Muster"}, "born": "1990-01-31"}
HOME = {"addresses": [{"postcode": "NN1 1AA"}]}
NHS = [{"system": "nhs_number", "value": "9434765919"}]
PNC = [{"system": "pnc", "value": "1981/0000034U"}]
CRN = [{"system": "crn", "value": "X123456"}]


@pytest.fixture
async def engine(tmp_path: Path) -> AsyncIterator[Database]:
    made = make_engine(f"sqlite:///{tmp_path / 'directory.db'}")
    async with made.begin() as connection:
        await connection.run_sync(metadata.create_all)
    yield made
    await made.dispose()


@pytest.fixture
def directory(engine: Database) -> Directory:
    return Directory(engine)


@pytest.fixture
def cases(engine: Database) -> CaseRegister:
    return CaseRegister(engine)


def person(**stated: Any) -> Person:
    return Person.model_validate(stated)


def statement(*people: Person, exercise: str | None = None, **stated: Any) -> AcceptedAlert:
    """An alert about these people; of its own unless it is given an id."""
    stated = {"id": f"a-{uuid4()}"} | stated
    alert = sample_alert(subjects=[{"person": one} for one in people], children=[], exercise=exercise, **stated)
    return AcceptedAlert.of(alert, T0)


async def identify(directory: Directory, exercise: str | None = None, **stated: Any) -> Match:
    said = statement(person(**stated), exercise=exercise)
    await directory.refresh([said])
    (match,) = await directory.identify(said)
    return match


def same(left: Case | None, right: Case | None) -> bool:
    """As it would be sent: who has been looked up in it makes no difference."""
    return left is not None and right is not None and left.model_dump_json(by_alias=True) == right.model_dump_json(by_alias=True)


async def how_many(engine: Database) -> int:
    async with engine.reading() as connection:
        return (await connection.execute(select(func.count(distinct(tables.held.c.person_id))))).scalar_one()


def case(case_id: str = "case-1", **stated: Any) -> Case:
    body = {"id": case_id, "people": [{"key": "mother", **ANNA, **HOME}], "links": [{"person": "mother", "relation": "mother"}]}
    return Case.model_validate({**body, **stated})


def on(recorded: Case, key: str) -> tuple[str, ...]:
    return recorded.person(key).person_ids


# Somebody.


@pytest.mark.parametrize(
    ("first", "second"),
    [
        pytest.param({"identifiers": NHS}, {"identifiers": NHS}, id="an identifier"),
        pytest.param(
            {"identifiers": NHS}, {"identifiers": [{"system": "NHS", "value": "943 476 5919"}]}, id="an identifier in another form"
        ),
        pytest.param(
            {"identifiers": NHS, **ANNA},
            {"identifiers": NHS, "name": {"given": "Someone", "family": "Else"}},
            id="an identifier, other names",
        ),
        pytest.param({**ANNA, **HOME}, {**ANNA, **HOME}, id="name, birth date and address"),
        pytest.param(
            {**ANNA, **HOME},
            {"name": {"given": "ANNA", "family": "muster."}, "born": "1990-01-31", "addresses": [{"postcode": "nn1 1aa"}]},
            id="name and address in another form",
        ),
        pytest.param(
            {"name": {"given": "Ren\u00e9e", "family": "Moss"}, "born": "1990-01-31", **HOME},
            {"name": {"given": "Rene\u0301e", "family": "Moss"}, "born": "1990-01-31", **HOME},
            id="an accent in another form",
        ),
        pytest.param(
            {**ANNA, "addresses": [{"postcode": "NN1 1AA"}, {"uprn": "15578000"}]},
            {**ANNA, "addresses": [{"uprn": "0015578000", "postcode": "MK1 1AA"}]},
            id="one of several addresses",
        ),
        pytest.param({"identifiers": [*NHS, *PNC]}, {"identifiers": PNC}, id="any one of several identifiers"),
    ],
)
async def test_what_is_certain_finds_the_same_person(directory: Directory, first: dict[str, Any], second: dict[str, Any]) -> None:
    one, other = await identify(directory, **first), await identify(directory, **second)

    assert len(one.person_ids) == 1
    assert other == one == Match(one.person_ids)


@pytest.mark.parametrize(
    ("first", "second"),
    [
        pytest.param({"identifiers": NHS}, {"identifiers": PNC}, id="other identifiers"),
        pytest.param(
            {"identifiers": [{"system": "uprn", "value": "7"}], **ANNA, **HOME},
            {"identifiers": [{"system": "uprn", "value": "7"}]},
            id="a house",
        ),
        pytest.param(
            {"identifiers": [{"system": "la_child_id", "value": "7"}, *NHS]},
            {"identifiers": [{"system": "la_child_id", "value": "7"}, *PNC]},
            id="an authority's own number, which another authority uses too",
        ),
        pytest.param({**ANNA, **HOME}, {"name": ANNA["name"], **HOME}, id="no birth date"),
        pytest.param({**ANNA, **HOME}, {"name": {"family": "Muster"}, "born": "1990-01-31", **HOME}, id="no given name"),
        pytest.param({**ANNA, **HOME}, {**ANNA, "born": "1991-01-31", **HOME}, id="another birth date"),
    ],
)
async def test_what_is_not_certain_joins_nobody(directory: Directory, first: dict[str, Any], second: dict[str, Any]) -> None:
    one, other = await identify(directory, **first), await identify(directory, **second)

    assert set(one.person_ids).isdisjoint(other.person_ids)


async def test_twins_are_two_and_a_human_is_asked_whether_one_was_meant(directory: Directory, engine: Database) -> None:
    anna = await identify(directory, **ANNA, **HOME)
    berta = await identify(directory, **{**ANNA, "name": {"given": "Berta", "family": "Muster"}}, **HOME)

    assert anna.person_ids != berta.person_ids
    assert (anna.unsure, berta.unsure, berta.alike) == (None, ReviewReason.UNSURE_MATCH, anna.person_ids)
    assert await how_many(engine) == 2


async def test_the_same_name_and_birth_date_alone_are_another_person_and_a_human_is_asked(directory: Directory) -> None:
    first = await identify(directory, **ANNA, **HOME)
    second = await identify(directory, **ANNA)
    third = await identify(directory, **ANNA, addresses=[{"postcode": "MK9 9ZZ"}])

    assert len({*first.person_ids, *second.person_ids, *third.person_ids}) == 3
    assert (second.unsure, second.alike) == (ReviewReason.UNSURE_MATCH, first.person_ids)
    assert (third.unsure, set(third.alike)) == (ReviewReason.UNSURE_MATCH, {*first.person_ids, *second.person_ids})


async def test_who_was_unsure_once_is_asked_about_again_until_somebody_decides(directory: Directory) -> None:
    await identify(directory, **ANNA, **HOME)

    assert (await identify(directory, **ANNA)).unsure is ReviewReason.UNSURE_MATCH
    assert (await identify(directory, **ANNA)).unsure is ReviewReason.UNSURE_MATCH


async def test_numbers_given_together_are_one_persons_and_whoever_was_found_by_either_keeps_their_id(directory: Directory) -> None:
    by_nhs, by_pnc = await identify(directory, identifiers=NHS), await identify(directory, identifiers=PNC)

    both = await identify(directory, identifiers=[*NHS, *PNC, *CRN])

    assert set(both.person_ids) == {*by_nhs.person_ids, *by_pnc.person_ids}
    assert both.unsure is None
    assert {*(await identify(directory, identifiers=CRN)).person_ids} == {*both.person_ids}


async def test_an_alerts_numbers_that_lead_to_people_of_two_cases_are_about_both_join_nobody_and_a_human_is_asked(
    directory: Directory, cases: CaseRegister
) -> None:
    north = await cases.record(case("north", people=[{"key": "mother", "identifiers": NHS}]), T0, None)
    south = await cases.record(case("south", people=[{"key": "mother", "identifiers": PNC}]), T0, None)

    both = await identify(directory, identifiers=[*NHS, *PNC])

    assert set(both.person_ids) == {*on(north.case, "mother"), *on(south.case, "mother")}
    assert both.unsure is ReviewReason.UNSURE_MATCH
    assert await identify(directory, identifiers=NHS) == Match(on(north.case, "mother"))
    assert await cases.unpublished() == await CaseRegister(cases._engine).unpublished()
    assert (await cases.get("north")).version == (await cases.get("south")).version == 1


async def test_a_number_learned_with_a_known_one_finds_the_person_alone(directory: Directory) -> None:
    known = await identify(directory, identifiers=NHS)

    await identify(directory, identifiers=[*NHS, *PNC])

    assert await identify(directory, identifiers=PNC) == known


@pytest.mark.parametrize("stated", [{}, {"label": "a man"}, {"name": {"family": "Muster"}}, HOME, {"born": "1990-01-31"}], ids=str)
async def test_somebody_who_could_never_be_found_again_is_nobody(directory: Directory, engine: Database, stated: dict[str, Any]) -> None:
    assert await identify(directory, **stated) == Match(())
    assert await how_many(engine) == 0


async def test_people_of_one_alert_are_decided_on_in_their_order(directory: Directory) -> None:
    people = [person(identifiers=NHS), person(label="a man"), person(identifiers=PNC), person(identifiers=NHS)]

    found = [match.person_ids for match in await directory.identify(statement(*people))]

    assert found[0] == found[3] != found[2]
    assert found[1] == ()


async def test_an_exercise_and_what_is_real_know_nobody_of_each_other(directory: Directory) -> None:
    real = await identify(directory, identifiers=NHS)
    first, second = await identify(directory, "first", identifiers=NHS), await identify(directory, "second", identifiers=NHS)

    assert len({*real.person_ids, *first.person_ids, *second.person_ids}) == 3


async def test_ids_tell_nothing_of_the_person(engine: Database, tmp_path: Path) -> None:
    other = make_engine(f"sqlite:///{tmp_path / 'other.db'}")
    async with other.begin() as connection:
        await connection.run_sync(metadata.create_all)

    here, there = await identify(Directory(engine), identifiers=NHS), await identify(Directory(other), identifiers=NHS)
    await other.dispose()

    assert here.person_ids != there.person_ids


async def test_names_and_addresses_are_not_kept_in_the_table_by_which_people_are_found(directory: Directory, engine: Database) -> None:
    await identify(directory, name={"given": "Kanarienvogel", "family": "Muster"}, born="1931-02-03", addresses=[{"postcode": "ZZ9 9ZZ"}])

    async with engine.reading() as connection:
        rows = [str(row) for row in await connection.execute(select(tables.claim))]
    assert rows
    assert not [word for word in ("kanarienvogel", "1931", "zz9") if word in "".join(rows).lower()]


# Several who ask at once.


async def test_two_who_meet_the_same_new_person_at_once_make_one(engine: Database) -> None:
    asked = [Directory(engine) for _ in range(6)]

    matches = await asyncio.gather(*(identify(one, identifiers=NHS, **ANNA, **HOME) for one in asked))

    assert len({match.person_ids for match in matches}) == 1
    assert {match.unsure for match in matches} == {None}
    assert await how_many(engine) == 1


async def test_who_asks_twice_is_answered_the_same_from_memory_or_not(engine: Database, directory: Directory) -> None:
    first = await identify(directory, identifiers=NHS)

    assert await identify(directory, identifiers=NHS) == await identify(Directory(engine), identifiers=NHS) == first
    assert await how_many(engine) == 1


async def test_looking_somebody_up_writes_nothing(directory: Directory, engine: Database) -> None:
    assert (
        await directory.look_up([person(identifiers=NHS), person(**ANNA, **HOME), person(key="mother"), person()], None) == [Match(())] * 4
    )
    assert await how_many(engine) == 0

    known = await identify(directory, identifiers=NHS)
    assert await directory.look_up([person(identifiers=[*NHS, *PNC])], None) == [known]


# Keys and cases.


async def test_a_case_names_by_number_whom_an_alert_met_first(directory: Directory, cases: CaseRegister) -> None:
    met = await identify(directory, identifiers=PNC)

    recorded = await cases.record(case(people=[{"key": "mother", "identifiers": [*NHS, *PNC]}]), T0, None)

    assert on(recorded.case, "mother") == met.person_ids
    assert await identify(directory, identifiers=NHS) == met


async def test_a_key_leads_to_the_person_of_the_case(directory: Directory, cases: CaseRegister) -> None:
    recorded = await cases.record(case(), T0, None)

    assert await identify(directory, key="mother") == Match(on(recorded.case, "mother"))
    assert await directory.known_keys(["mother", "father"], None) == {"mother": 1, "father": 0}


async def test_among_real_cases_a_key_is_one_persons_within_its_case_only(directory: Directory, cases: CaseRegister) -> None:
    north = await cases.record(case("north", people=[{"key": "mother"}]), T0, None)
    south = await cases.record(case("south", people=[{"key": "mother"}]), T0, None)

    assert on(north.case, "mother") != on(south.case, "mother")
    assert await directory.known_keys(["mother"], None) == {"mother": 2}


async def test_not_17_a_key_that_two_families_use_leads_to_neither_and_a_human_is_asked(directory: Directory, cases: CaseRegister) -> None:
    north = await cases.record(case("north", people=[{"key": "mother"}]), T0, None)
    assert await identify(directory, key="mother") == Match(on(north.case, "mother"))
    south = await cases.record(case("south", people=[{"key": "mother", "identifiers": NHS}]), T0, None)

    both = {*on(north.case, "mother"), *on(south.case, "mother")}
    assert await identify(directory, key="mother") == Match((), ReviewReason.KEY_UNKNOWN, tuple(sorted(both)))
    assert await identify(directory, key="mother", identifiers=NHS) == Match(on(south.case, "mother"))
    assert await directory.look_up([person(key="mother")], None) == [Match(())]


async def test_a_key_and_a_number_given_together_are_one_persons(directory: Directory, cases: CaseRegister) -> None:
    known = await identify(directory, identifiers=NHS)
    recorded = await cases.record(case(people=[{"key": "mother"}]), T0, None)

    found = await identify(directory, key="mother", identifiers=NHS)

    assert {*found.person_ids} == {*known.person_ids, *on(recorded.case, "mother")}
    assert {*(await cases.get("case-1")).person("mother").person_ids} == {*found.person_ids}  # told of what was said under the number


async def test_within_an_exercise_a_key_is_one_persons_in_every_case(directory: Directory, cases: CaseRegister) -> None:
    north = await cases.record(case("north", people=[{"key": "mother"}], exercise="x1"), T0, None)
    south = await cases.record(case("south", people=[{"key": "mother"}], exercise="x1"), T0, None)
    other = await cases.record(case("other", people=[{"key": "mother"}], exercise="x2"), T0, None)

    assert on(north.case, "mother") == on(south.case, "mother") != on(other.case, "mother")
    assert await directory.known_keys(["mother"], "x1") == {"mother": 1}
    assert await directory.known_keys(["mother"], None) == {"mother": 0}
    assert await identify(directory, "x1", key="mother") == Match(on(north.case, "mother"))


@pytest.mark.parametrize(
    ("key", "others"),
    [
        pytest.param("kid_a", "kid_A", id="capitals"),
        pytest.param("kid_1", "kidx1", id="an underscore stands for itself"),
        pytest.param("mother", "grand.mother", id="the end of another key"),
        pytest.param("a", "b:a", id="after a colon"),
    ],
)
async def test_keys_that_look_alike_are_two(directory: Directory, cases: CaseRegister, key: str, others: str) -> None:
    recorded = await cases.record(case(people=[{"key": key}, {"key": others}], links=[], exercise="x1"), T0, None)

    assert await directory.known_keys([key, others], "x1") == {key: 1, others: 1}
    assert await identify(directory, "x1", key=key) == Match(on(recorded.case, key))
    assert await identify(directory, "x1", key=others) == Match(on(recorded.case, others))


async def test_an_unknown_key_is_nobody_and_a_human_is_asked(directory: Directory, engine: Database) -> None:
    assert await identify(directory, key="mother") == Match((), ReviewReason.KEY_UNKNOWN)
    assert await identify(directory, key="mother", label="Mother") == Match((), ReviewReason.KEY_UNKNOWN)
    assert await how_many(engine) == 0
    assert len((await identify(directory, key="mother", identifiers=NHS)).person_ids) == 1


# Versions of a case.


async def test_a_case_is_recorded_whole_with_its_people_found_and_its_links_dated(cases: CaseRegister) -> None:
    recorded = await cases.record(case(children=["child"], people=[{"key": "mother"}, {"key": "child"}]), T0, None)

    assert (recorded.before, recorded.unlinked, recorded.publish) == (None, (), True)
    assert (recorded.case.version, recorded.case.known_at) == (1, T0)
    assert [(link.person, link.relation, link.known_at) for link in recorded.case.links] == [
        ("mother", "mother", T0),
        ("child", "child", T0),
    ]
    assert all(len(p.person_ids) == 1 for p in recorded.case.people)
    assert same(await cases.get("case-1"), recorded.case)


async def test_the_same_content_again_is_no_new_version(cases: CaseRegister) -> None:
    first = await cases.record(case(), T0, None)
    await cases.published(first.case)

    again = await cases.record(case(), T0 + timedelta(days=1), None)

    assert same(again.case, first.case)
    assert (again.before, again.publish) == (None, False)


async def test_the_same_content_again_is_sent_again_while_it_was_not_published(cases: CaseRegister) -> None:
    first = await cases.record(case(), T0, None)

    again = await cases.record(case(), T0 + timedelta(days=1), None)

    (waiting,) = await cases.unpublished()
    assert same(again.case, first.case)
    assert same(waiting.case, first.case)
    assert (again.publish, waiting.publish) == (True, True)
    await cases.published(first.case)
    assert await cases.unpublished() == []


async def test_other_content_is_the_next_version_and_people_stay_who_they_are(cases: CaseRegister) -> None:
    first = await cases.record(case(), T0, None)

    second = await cases.record(case(status="child_in_need"), T0 + timedelta(days=1), None)

    assert same(second.before, first.case)
    assert (second.case.version, second.publish) == (2, True)
    assert on(second.case, "mother") == on(first.case, "mother")
    assert [link.known_at for link in second.case.links] == [T0]


@pytest.mark.parametrize(
    ("expected", "fits"),
    [
        pytest.param(None, True, id="whatever stands"),
        pytest.param(1, True, id="the version that stands"),
        pytest.param(0, False, id="none yet"),
        pytest.param(2, False, id="a version to come"),
    ],
)
async def test_a_change_to_a_version_that_does_not_stand_is_refused(cases: CaseRegister, expected: int | None, fits: bool) -> None:
    first = await cases.record(case(), T0, 0)

    if fits:
        assert (await cases.record(case(status="x"), T0, expected)).case.version == 2
    else:
        with pytest.raises(VersionConflict, match='If-Match: "1"'):
            await cases.record(case(status="x"), T0, expected)
        assert same(await cases.get("case-1"), first.case)


async def test_a_change_to_a_version_after_which_only_who_somebody_is_was_found_is_taken(directory: Directory, cases: CaseRegister) -> None:
    """Who keeps a case file is not refused because an alert has shown that its mother was known by another number."""
    mother = {"key": "mother", "identifiers": CRN}
    child = {"key": "child"}
    await cases.record(case(people=[mother, child]), T0, 0)
    for numbers in (PNC, [*CRN, *PNC]):
        await identify(directory, identifiers=numbers)
    found = await cases.get("case-1")
    assert (found.version, found.stated_version) == (2, 1)

    changed = await cases.record(case(people=[mother, child], status="x"), T0, 1)

    assert (changed.case.version, changed.case.stated_version) == (3, 3)
    for expected in (1, 2, 4):
        with pytest.raises(VersionConflict):
            await cases.record(case(people=[mother, child], status="y"), T0, expected)


async def test_of_two_who_change_the_same_version_at_once_one_is_refused(engine: Database, cases: CaseRegister) -> None:
    await cases.record(case(), T0, None)

    answers = await asyncio.gather(*(CaseRegister(engine).record(case(status=s), T0, 1) for s in ("a", "b", "c")), return_exceptions=True)

    assert sorted(type(a).__name__ for a in answers) == ["Recorded", "VersionConflict", "VersionConflict"]
    assert (await cases.get("case-1")).version == 2


async def test_a_case_nobody_recorded_is_not_found(cases: CaseRegister) -> None:
    with pytest.raises(NotFound):
        await cases.get("case-1")


async def test_whom_a_key_means_in_an_exercise_is_for_case_files_to_say_whatever_an_alert_by_it_claims(
    directory: Directory, cases: CaseRegister
) -> None:
    """Where the contradicting alert counted too, it was taken for somebody else at every look, again and again."""
    recorded = await cases.record(case(exercise="drill", people=[{"key": "mother", "identifiers": CRN}]), T0, 0)
    other = await identify(directory, "drill", key="mother", identifiers=[{"system": "crn", "value": "X654321"}])

    assert not set(other.person_ids) & set(on(recorded.case, "mother"))
    assert (await directory.known_keys(["mother"], "drill")) == {"mother": 1}
    assert set(on(recorded.case, "mother")) <= set((await identify(directory, "drill", key="mother")).person_ids)


async def test_no_look_up_by_marks_reads_the_whole_table(engine: Database) -> None:
    """Of a million people one look-up took more than two seconds where it did."""
    marks = [("nhs_number", "9434765919"), ("pnc", "1981/0000034U"), ("block", "a"), ("block", "b")]
    query = select(tables.claim.c.mention_id).where(one_of("", marks), tables.claim.c.until.is_(None)).group_by(tables.claim.c.mention_id)
    said = str(query.compile(engine.engine, compile_kwargs={"literal_binds": True}))

    async with engine.reading() as connection:
        plan = [row[3] for row in await connection.exec_driver_sql(f"EXPLAIN QUERY PLAN {said}")]

    reads = [step for step in plan if "directory_claim" in step]
    assert reads
    assert [step for step in reads if "scope=? AND system=? AND value=?" not in step] == []


async def test_who_shares_most_with_somebody_is_compared_first_however_common_the_name(engine: Database, cases: CaseRegister) -> None:
    """More people share a part of the name than are compared: whoever also shares birthday and place is among those who are."""
    for number in range(3):
        many = [
            {"key": f"p{number}-{n}", "name": {"given": "Annabel", "family": "Mustard"}, "born": f"19{n + 30}-05-05"} for n in range(25)
        ]
        await cases.record(case(f"many-{number}", people=many, links=[]), T0, 0)
    await cases.record(case("z-last", people=[{"key": "anna", **ANNA, **HOME}], links=[]), T0, 0)

    async with engine.reading() as connection:
        found = await alike(connection, person(**ANNA, **HOME), "", IdentityRules())

    assert set(found) == {"case/z-last/anna"}


# Who was taken off.


async def test_who_was_taken_off_is_named_until_that_is_published(cases: CaseRegister) -> None:
    two = case(
        people=[{"key": "mother"}, {"key": "ex"}],
        links=[{"person": "mother", "relation": "mother"}, {"person": "ex", "relation": "ex-partner"}],
    )
    first = await cases.record(two, T0, None)
    gone = on(first.case, "ex")

    second = await cases.record(case(people=[{"key": "mother"}]), T0, None)
    third = await cases.record(case(people=[{"key": "mother"}], status="x"), T0, None)

    assert (first.unlinked, second.unlinked, third.unlinked) == ((), gone, gone)
    await cases.published(second.case)  # too late: a later version stands, which has yet to say it
    assert [r.unlinked for r in await cases.unpublished()] == [gone]
    await cases.published(third.case)
    assert (await cases.record(case(people=[{"key": "mother"}], status="y"), T0, None)).unlinked == ()


async def test_who_comes_back_before_that_was_published_was_never_off(cases: CaseRegister) -> None:
    both = case(people=[{"key": "mother"}], links=[{"person": "mother", "relation": "mother"}])
    first = await cases.record(both, T0, None)
    assert (await cases.record(case(people=[{"key": "mother"}], links=[]), T0, None)).unlinked == on(first.case, "mother")

    assert (await cases.record(both, T0, None)).unlinked == ()


async def test_who_is_linked_by_another_relation_was_not_taken_off(cases: CaseRegister) -> None:
    await cases.record(case(), T0, None)

    assert (await cases.record(case(links=[{"person": "mother", "relation": "aunt"}]), T0, None)).unlinked == ()


async def test_cases_are_found_by_their_people_within_what_is_real_or_one_exercise(directory: Directory, cases: CaseRegister) -> None:
    north = await cases.record(case("north", people=[{"key": "a", "identifiers": NHS}], links=[]), T0, None)
    await cases.record(case("south", people=[{"key": "b", "identifiers": PNC}], links=[]), T0, None)
    await cases.record(case("rehearsed", people=[{"key": "a", "identifiers": NHS}], links=[], exercise="x1"), T0, None)
    ids = (await identify(directory, identifiers=NHS)).person_ids

    assert [found.id for found in await cases.of_people(ids, None)] == [north.case.id]
    assert await cases.of_people(ids, "x1") == []
    assert await cases.of_people([], None) == []


# An exercise's clock.


async def test_an_exercises_clock_never_goes_back(engine: Database, cases: CaseRegister) -> None:
    for name, exercise in (("b", "x1"), ("a", "x1"), ("c", "x2"), ("d", None)):
        await cases.record(case(name, exercise=exercise), T0, None)
    clocks = ExerciseClocks(engine)
    later, latest = T0 + timedelta(days=1), T0 + timedelta(days=2)

    assert await clocks.of_exercise("x1") == (None, ["a", "b"])
    for moment, stands_at in ((later, later), (latest, latest), (T0, latest)):
        await clocks.advance("x1", moment)
        assert await clocks.of_exercise("x1") == (stands_at, ["a", "b"])
    assert await clocks.of_exercise("x2") == (None, ["c"])


async def test_a_clock_may_be_set_before_its_cases_come(engine: Database) -> None:
    clocks = ExerciseClocks(engine)

    await clocks.advance("x1", T0)

    assert await clocks.of_exercise("x1") == (T0, [])
