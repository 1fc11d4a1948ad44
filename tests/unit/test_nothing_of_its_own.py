"""The bus states nothing of its own: a law on the pure reducers, over any family, any alerts and any order in which they come.

What comes out is notices and nothing else; each goes to an agency on the case; every word in one is the sender's, the case file's or a
fixed template. No status, plan, certainty or relation is ever changed, and no words are ever read for what they say.
"""

import itertools
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from alertbus.model.alert import KINDS, AcceptedAlert, Action, Alert, Severity
from alertbus.model.case import Case
from alertbus.model.events import AlertAboutPerson, AlertReachedCase, CaseChanged, LinkChanged, Tick
from alertbus.model.ids import person_ref
from alertbus.model.notice import Deed, Notice
from alertbus.model.person import Person
from alertbus.policy.load import load_policy
from alertbus.reach.notices import notices_for
from alertbus.reach.owed import Owed
from alertbus.reach.reduce_case import EMPTY, reduce_case
from alertbus.reach.reduce_person import PersonState, reduce_person

POLICY = load_policy()
T0 = datetime(2026, 3, 2, 9, tzinfo=UTC)
EVERY_KIND = (*sorted(KINDS), "never_heard_of")
SAFETY = tuple(kind for kind, rule in POLICY.kinds.items() if rule.respond_within.hours is not None)
"""Kinds that are answered within hours, nights and weekends counted."""

LAW = settings(max_examples=40, deadline=None, suppress_health_check=list(HealthCheck))

RELATIONS = ("mother", "grandmother of the children", "mother's new partner", "father", "stepfather", "uncle by marriage")
STATUSES = (None, "child_in_need", "child_protection", "closed", "early_help")
WORDS = (
    "She says that she did not know she was pregnant.",
    "He may be the father; the neighbour heard it so.",
    "Declined the blood test and the home visit, as is her right.",
    "BLOOD everywhere, she SCREAMED and the child was terrified!!",
    "The grandmother collects them on Fridays.",
    "Denied. The fracture was explained by a fall.",
    "No reply on three visits.",
)
AGENCIES = (
    {"agency": "childrens_social_care"},
    {"agency": "gp"},
    {"agency": "school"},
    {"agency": "police"},
    {"agency": "health_visiting"},
    {"agency": "housing", "scope": "plan_partner"},
    {"agency": "probation", "scope": "adult_linked", "adult": "person-3"},
    {"agency": "a_charity"},
)

FIXED = {
    "",
    "The sender has taken this back. What you were told of this matter no longer stands.",
    "This is no longer yours. The concern itself still stands, and goes to whoever works with the family now.",
    "This was not about your case. What you were told does not concern this family.",
    "There is safeguarding information that concerns you. Ring the contact given.",
    "Ring the contact given.",
}
"""What may stand in place of a kind's own template."""

REASON = re.compile(
    r"(?P<who>[^→]+) → (?P<relation>[^→]+)( → the children's case)? → you, (?P<agency>[A-Za-z' ]+) \([a-z ]+\)(, since \d{4}-\d\d-\d\d)?"
    r"(; your own agency stated this)?"
)
NOT_NAMED = {"a child", "a sibling", "an adult", "somebody", "a person not named"}
NOT_SAID = {"child", "linked to the children", "linked to this case"}
KEY_OF = {person_ref("case-1", f"person-{n}"): f"person-{n}" for n in range(5)} | {f"person-{n}": f"person-{n}" for n in range(5)}
"""Who is meant by a reference, with an agency that may know who it is and with one that may not."""


@dataclass(frozen=True)
class World:
    versions: tuple[Case, ...]
    statements: tuple[AcceptedAlert, ...]
    order: tuple[int, ...]
    """In which order versions and statements come, the last as a tick."""


@st.composite
def versions_of_a_case(draw: st.DrawFn) -> tuple[Case, ...]:
    people = [
        {"key": f"person-{n}", "label": f"Label {n}", "name": {"given": f"Given {n}", "family": "Quill"}, "person_ids": [f"p-{n}"]}
        for n in range(5)
    ]
    versions = []
    for number in range(1, 1 + draw(st.integers(1, 2))):
        links = [
            {"person": f"person-{n}", "relation": draw(st.sampled_from(RELATIONS)), "certainty": draw(st.sampled_from(CERTAINTIES))}
            for n in range(2, 5)
        ]
        case = Case.model_validate(
            {
                "id": "case-1",
                "version": number,
                "status": draw(st.sampled_from(STATUSES)),
                "contact": "Duty desk, 01632 960123",
                "people": people,
                "children": ["person-0", "person-1"],
                "links": links,
                "involvements": draw(st.lists(st.sampled_from(AGENCIES), min_size=2, unique_by=lambda one: one["agency"])),
            }
        )
        versions.append(case.with_implied_links())
    return tuple(versions)


CERTAINTIES = ("confirmed", "putative", "reported")


@st.composite
def what_is_stated(draw: st.DrawFn, number: int, kinds: Sequence[str] = EVERY_KIND) -> AcceptedAlert:
    about = draw(st.lists(st.integers(0, 4), min_size=1, max_size=3, unique=True))
    words = draw(st.lists(st.sampled_from(WORDS), max_size=3, unique=True))
    at = T0 + timedelta(hours=number)
    alert = Alert.model_validate(
        {
            "id": f"a-{number}",
            "amends": draw(st.sampled_from([None, *(f"a-{earlier}" for earlier in range(number))])),
            "source": draw(st.sampled_from(["police.force", "school", "nspcc", "ambulance"])),
            "kind": draw(st.sampled_from(kinds)),
            "action": draw(st.sampled_from([*Action, Action.RAISED, Action.RAISED])),
            "occurred_at": at,
            "recorded_at": at,
            "subjects": [{"role": f"part_{n}", "person": {"key": f"person-{n}"}} for n in about],
            "narrative": [
                {"text": text, "said_by": draw(st.sampled_from(["child", "professional"])), "observed_first_hand": draw(st.booleans())}
                for text in words
            ],
            "severity": draw(st.sampled_from(Severity)),
        }
    )
    return AcceptedAlert.of(alert, at).with_people(tuple((f"p-{n}",) for n in about))


@st.composite
def worlds(draw: st.DrawFn, kinds: Sequence[str] = EVERY_KIND) -> World:
    versions = draw(versions_of_a_case())
    statements = tuple(draw(what_is_stated(number, kinds)) for number in range(draw(st.integers(1, 4))))
    return World(versions, statements, tuple(draw(st.permutations(range(len(versions) + len(statements))))))


@dataclass(frozen=True)
class Told:
    """What came out of one event: the notices with what they are owed for, and the case as it stands in the reducer after it."""

    event: Any
    owed: tuple[Owed, ...]
    notices: tuple[Notice, ...]
    case: Case | None


def played(world: World) -> Iterator[Told]:
    events: list[Any] = [CaseChanged(case=case) for case in world.versions]
    events += [AlertReachedCase(case_id="case-1", via=said.people[0][0], alert=said) for said in world.statements]
    chosen = [events[n] for n in world.order] + [Tick(case_id="case-1", since=T0, at=T0 + timedelta(days=400))]
    state = EMPTY
    for event in chosen:
        before = state
        state, owed = reduce_case(state, event, POLICY)
        yield Told(event, tuple(owed), tuple(told.notice for told in notices_for(owed, before, state, POLICY)), state.case)


def told_in(world: World) -> list[tuple[Owed, Notice, Case]]:
    return [(owed, notice, told.case) for told in played(world) for owed, notice in zip(told.owed, told.notices, strict=True) if told.case]


CASE_AGENCIES = ("childrens_social_care", "gp", "police")


def a_case(**stated: Any) -> Case:
    return Case.model_validate(
        {
            "id": "case-1",
            "version": 1,
            "people": [{"key": "child", "person_ids": ["p-0"]}, {"key": "mother", "person_ids": ["p-2"]}],
            "children": ["child"],
            "links": [{"person": "child", "relation": "child"}, {"person": "mother", "relation": "mother"}],
            "involvements": [{"agency": agency} for agency in CASE_AGENCIES],
            **stated,
        }
    )


def one_alert(kind: str, name: str, at: datetime, **stated: Any) -> AcceptedAlert:
    said = {"id": name, "source": "a_force", "kind": kind, "occurred_at": at, "recorded_at": at, "subjects": [{"person": {"key": "x"}}]}
    return AcceptedAlert.of(Alert.model_validate(said | stated), at).with_people((("p-2",),))


# Nothing is decided.


@LAW
@given(world=worlds())
def test_not_07_no_threshold_and_no_plan_is_decided_the_case_stays_as_it_was_last_stated(world: World) -> None:
    """However grave or many the alerts: status, episodes, links and involvements are those of the file's latest version, to the letter."""
    latest: Case | None = None
    for told in played(world):
        if isinstance(told.event, CaseChanged) and (latest is None or latest.version <= told.event.case.version):
            latest = told.event.case
        assert told.case == latest
        for notice in told.notices:
            assert notice.case_status in {None, *(case.status for case in world.versions)}


@LAW
@given(times=st.lists(st.integers(0, 300), min_size=1, max_size=6, unique=True), severity=st.sampled_from(Severity))
def test_not_08_whoever_does_not_engage_is_neither_closed_nor_stepped_up(times: list[int], severity: Severity) -> None:
    """However often and however long ago: each refusal is told as it was stated, nothing follows from their number, nothing ends by itself."""
    case = a_case(status="child_in_need")
    state, _ = reduce_case(EMPTY, CaseChanged(case=case), POLICY)
    told: list[Owed] = []
    for number, hours in enumerate(sorted(times)):
        said = one_alert("non_engagement", f"n-{number}", T0 + timedelta(hours=hours), severity=severity)
        state, owed = reduce_case(state, AlertReachedCase(case_id=case.id, via="p-2", alert=said), POLICY)
        told += owed
    for day in (1, 30, 400):
        state, owed = reduce_case(state, Tick(case_id=case.id, since=T0, at=T0 + timedelta(days=day)), POLICY)
        told += owed

    assert state.case == case
    assert {one.deed for one in told} == {Deed.DELIVER}
    assert {one.obligation.severity for one in told} == {severity}
    assert {one.obligation.kind for one in told} == {"non_engagement"}
    assert len({one.obligation.id for one in told}) == len(times) * len(CASE_AGENCIES)


def test_not_08_a_change_of_plan_is_told_with_the_question_of_consent_and_claims_no_basis_for_the_plan() -> None:
    """Consent is not among what the bus is told, so it may not be taken for given (review 3.46)."""
    for kind in ("case_status_change", "non_engagement"):
        assert "consent" in POLICY.kind_rule(kind).action
    assert [basis for basis in POLICY.lawful_basis.values() if "plan" in basis.lower() or "consent" in basis.lower()] == []


# Only agencies are told.


@LAW
@given(world=worlds())
def test_not_03_whoever_is_told_is_an_agency_on_the_case_and_never_one_of_the_family(world: World) -> None:
    allowed = {i.agency for case in world.versions for i in case.involvements} | {POLICY.front_door}
    people = {word for case in world.versions for p in case.people for word in (p.key, p.label, *p.person_ids)}

    for owed, notice, _ in told_in(world):
        assert notice.obligation.agency in allowed
        assert people.isdisjoint({notice.obligation.agency, notice.obligation.role, notice.recipient})
        assert owed.decision.agency == notice.obligation.agency


def test_not_03_the_bus_knows_no_way_to_reach_a_person() -> None:
    """Neither telephone nor mail: whoever is to be told something by a person is told by a person."""
    assert set(Person.model_fields) == {"key", "label", "name", "born", "identifiers", "addresses"}


@LAW
@given(world=worlds(), relation=st.sampled_from(RELATIONS))
def test_not_22_what_somebody_is_to_the_family_changes_neither_who_is_told_nor_how_urgently(world: World, relation: str) -> None:
    """A new partner is told nothing, and nobody is weighed: with every relation another, the same agencies owe the same answers by then."""
    renamed = tuple(
        case.model_copy(update={"links": tuple(link.model_copy(update={"relation": relation}) for link in case.links)})
        for case in world.versions
    )

    def owing(world: World) -> list[Any]:
        return [(one.obligation, one.deed, one.at) for told in played(world) for one in told.owed]

    assert owing(World(renamed, world.statements, world.order)) == owing(world)


@LAW
@given(world=worlds())
def test_not_09_what_the_reducers_give_is_arrivals_and_notices_and_nothing_else(world: World) -> None:
    """No referral, no decision, no message of another sort has a form in which it could be given."""
    state = PersonState()
    for case in world.versions:
        links = tuple(link for link in case.links if link.person == "person-3")
        event = LinkChanged(person_id="p-3", case_id=case.id, version=case.version, links=links)
        state, arrivals, again = reduce_person(state, event, POLICY)
        assert ({type(one) for one in arrivals}, again) in ((set(), []), ({AlertReachedCase}, []))
    for said in world.statements:
        state, arrivals, again = reduce_person(state, AlertAboutPerson(person_id="p-3", alert=said), POLICY)
        assert again == []
        assert {type(one) for one in arrivals} <= {AlertReachedCase}
        assert all(one in world.statements for arrival in arrivals for one in (arrival.alert, *arrival.others))
    assert {type(one) for told in played(world) for one in told.owed} <= {Owed}


# Every word is somebody's.


@LAW
@given(world=worlds())
def test_not_13_every_word_of_a_notice_is_the_senders_the_files_or_a_templates(world: World) -> None:
    """So no agency, parent or relative can be given a label that nobody gave them, such as disguised compliance."""
    labels = {p.label for case in world.versions for p in case.people}
    names = {p.name.full for case in world.versions for p in case.people if p.name}
    relations = {link.relation for case in world.versions for link in case.links}
    parts = {subject.role for said in world.statements for subject in said.everybody}
    for owed, notice, _ in told_in(world):
        rules = [POLICY.kind_rule(said.alert.kind) for said in world.statements]
        own = POLICY.kind_rule(owed.statement.alert.kind)
        assert notice.title in {own.title, "Safeguarding information"}
        assert notice.summary in {own.summary, *FIXED}
        assert notice.action in {own.action, *FIXED}
        assert notice.flag in {None, *(f"{rule.title.upper()}: {rule.action}" for rule in rules if rule.flag)}
        assert notice.contact in {None, "Duty desk, 01632 960123"}
        assert notice.details == {}
        for person in (*notice.children, *notice.people):
            assert person.role in parts | {None}
            assert person.label in labels | NOT_NAMED | {None}
            assert person.relation in relations | {None}
        reason = REASON.fullmatch(notice.because)
        assert reason is not None, notice.because
        assert reason["who"] in labels | names | NOT_NAMED
        assert reason["relation"].removeprefix("putative ") in relations | NOT_SAID


@LAW
@given(world=worlds())
def test_not_21_a_relative_is_what_the_file_says_and_carries_no_mark(world: World) -> None:
    for _, notice, case in told_in(world):
        stated = {link.person: set() for version in world.versions for link in version.links}
        for version in (*world.versions, case):
            for link in version.links:
                stated[link.person].add(link.relation)
        for person in (*notice.children, *notice.people):
            assert person.relation is None or person.relation in stated[KEY_OF[person.ref]]
        assert "protective" not in notice.model_dump_json()


@LAW
@given(world=worlds())
def test_not_12_nothing_is_surer_than_it_was_stated_and_no_words_replace_others(world: World) -> None:
    """What is reported stays reported, hearsay stays hearsay, and a denial stands beside what it denies."""
    for owed, notice, _ in told_in(world):
        pieces = {
            (piece.text, piece.said_by, piece.observed_first_hand) for said in (owed.statement, owed.of) for piece in said.alert.narrative
        }
        assert {(e.text, e.said_by, e.observed_first_hand) for e in notice.narrative} <= pieces
        sure = {link.person for case in world.versions for link in case.links if link.certainty == "confirmed"}
        for person in notice.people:
            assert person.certainty in {"putative", "reported"} or KEY_OF[person.ref] in sure


# No words are read for what they say.


@LAW
@given(world=worlds(), by=st.integers(1, len(WORDS) - 1))
def test_not_15_what_is_said_decides_nothing(world: World, by: int) -> None:
    """Other words, and the same agencies are told the same by the same time: nothing follows from what a family chose, or how it is put."""

    def all_but_the_words(world: World) -> list[Any]:
        return [notice.model_copy(update={"narrative": len(notice.narrative)}) for told in played(world) for notice in told.notices]

    def said_otherwise(said: AcceptedAlert) -> AcceptedAlert:
        others = [WORDS[(WORDS.index(piece.text) + by) % len(WORDS)] for piece in said.alert.narrative]
        narrative = tuple(piece.model_copy(update={"text": text}) for piece, text in zip(said.alert.narrative, others, strict=True))
        return said.model_copy(update={"alert": said.alert.model_copy(update={"narrative": narrative})})

    otherwise = World(world.versions, tuple(map(said_otherwise, world.statements)), world.order)

    assert all_but_the_words(otherwise) == all_but_the_words(world)


@LAW
@given(world=worlds())
def test_not_06_words_stand_in_the_order_in_which_they_were_said_however_vivid(world: World) -> None:
    for owed, notice, _ in told_in(world):
        said = [piece.text for piece in owed.of.alert.narrative]
        shown = [excerpt.text for excerpt in notice.narrative]
        if set(shown) <= set(said):
            assert shown == [text for text in said if text in shown]


@pytest.mark.parametrize("said", list(itertools.permutations(("She SCREAMED!!", "He came at six.", "Blood!"))))
def test_not_06_whatever_the_order_in_which_it_was_said_it_is_shown_in_that_order(said: tuple[str, ...]) -> None:
    alert = one_alert("ppn", "s-1", T0, narrative=[{"text": text} for text in said])
    told = told_in(World((a_case(),), (alert,), (0, 1)))

    shown = [[excerpt.text for excerpt in notice.narrative] for _, notice, _ in told]
    assert list(said) in shown
    assert all(one in ([], list(said)) for one in shown)


# Safety first.


@LAW
@given(world=worlds(SAFETY), alone=st.integers(2, 12))
def test_not_25_a_safety_alert_is_told_alone_and_at_once_however_many_there_are(world: World, alone: int) -> None:
    """Every event gives its own notices, when it comes, to everybody who is there: none waits for another, none is put with another."""
    case = world.versions[-1]
    kinds = [said.alert.kind for said in world.statements] * alone
    working = {i.agency for i in case.involvements if i.scope == "children_case"}
    state, _ = reduce_case(EMPTY, CaseChanged(case=case), POLICY)
    for number, kind in enumerate(kinds):
        said = one_alert(kind, f"s-{number}", T0)
        before = state
        state, owed = reduce_case(state, AlertReachedCase(case_id=case.id, via="p-2", alert=said), POLICY)
        notices = [told.notice for told in notices_for(owed, before, state, POLICY)]

        assert working <= {notice.obligation.agency for notice in notices}
        assert {notice.obligation.alert_id for notice in notices} <= {said.alert_id}
        assert len({notice.obligation.id for notice in notices}) == len(notices)
        assert {one.at for one in owed} <= {T0}
