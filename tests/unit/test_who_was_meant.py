"""Who was meant, found anew: a statement identified again, and a person on a case who gains or loses an id."""

from datetime import UTC, datetime, timedelta
from itertools import permutations
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from alertbus.model.alert import AcceptedAlert, Alert
from alertbus.model.case import Case
from alertbus.model.events import AlertAboutPerson, AlertReachedCase, CaseChanged, LinkChanged, PersonRevised
from alertbus.model.notice import Deed
from alertbus.policy.load import load_policy
from alertbus.reach.join import decide
from alertbus.reach.owed import Owed
from alertbus.reach.reduce_case import CaseState, reduce_case
from alertbus.reach.reduce_person import PersonState, reduce_person
from alertbus.reconcile.oracle import obligations_from_scratch

POLICY = load_policy()
T0 = datetime(2026, 3, 2, 12, tzinfo=UTC)


def day(number: float) -> datetime:
    return T0 + timedelta(days=number)


def flag(*people: str, version: int = 0, since: dict[str, datetime] | None = None, **stated: Any) -> AcceptedAlert:
    body = {
        "id": "V-1",
        "source": "police",
        "kind": "violent_person_flag",
        "occurred_at": T0,
        "recorded_at": T0,
        "subjects": [{"person": {"label": "He"}}],
    }
    found = AcceptedAlert.of(Alert.model_validate({**body, **stated}), T0).with_people((people,))
    return found.model_copy(update={"people_version": version, "people_since": since or {}})


def family(name: str, *ids: str, joined_at: dict[str, datetime] | None = None, version: int = 1, agency: str = "gp") -> Case:
    return Case.model_validate(
        {
            "id": name,
            "version": version,
            "people": [{"key": "him", "person_ids": ids, "joined_at": joined_at or {}}],
            "links": [{"person": "him", "relation": "father"}],
            "involvements": [{"agency": agency}],
        }
    )


def reached(state: CaseState, *statements: AcceptedAlert, via: str = "p-one") -> tuple[CaseState, list[Owed]]:
    said: list[Owed] = []
    for statement in statements:
        state, more = reduce_case(state, AlertReachedCase(case_id="c", via=via, alert=statement), POLICY)
        said += more
    return state, said


def deeds(said: list[Owed]) -> list[tuple[str, Deed]]:
    return [(entry.obligation.agency, entry.deed) for entry in said]


def test_the_family_of_whom_it_never_was_hears_that_it_is_taken_back_and_the_other_is_told() -> None:
    wrong, right = CaseState(case=family("c", "p-one")), CaseState(case=family("c", "p-two"))
    first, again = flag("p-one"), flag("p-two", version=3, since={"p-two": day(5)})

    wrong, told = reached(wrong, first)
    wrong, taken_back = reached(wrong, again)
    right, nothing = reached(right, first)
    right, news = reached(right, again, via="p-two")

    assert (deeds(told), deeds(taken_back)) == ([("gp", Deed.DELIVER)], [("gp", Deed.CORRECT)])
    assert (deeds(nothing), deeds(news)) == ([], [("gp", Deed.DELIVER)])
    assert news[0].obligation.since == day(5)


def test_through_whomever_it_arrives_a_higher_version_is_not_the_same_again() -> None:
    state, _ = reached(CaseState(case=family("c", "p-one")), flag("p-one"))

    state, taken_back = reached(state, flag("p-two", version=1, since={"p-two": day(5)}), via="p-two")
    _, more = reached(state, flag("p-two", version=1, since={"p-two": day(5)}), flag("p-one"), via="p-one")

    assert deeds(taken_back) == [("gp", Deed.CORRECT)]
    assert more == []


@pytest.mark.parametrize("order", list(permutations(range(3))), ids=lambda order: "-".join(map(str, order)))
def test_of_the_copies_of_a_statement_the_highest_version_stands_whatever_the_order(order: tuple[int, ...]) -> None:
    copies = [flag("p-one"), flag("p-two", version=1, since={"p-two": day(1)}), flag("p-three", version=2, since={"p-three": day(2)})]
    person, case = PersonState(), CaseState()
    for number in order:
        person, *_ = reduce_person(person, AlertAboutPerson(person_id="p-one", alert=copies[number]), POLICY)
        case, _ = reached(case, copies[number])

    assert person.alerts[copies[0].alert_id].statements == case.alerts[copies[0].alert_id].statements == (copies[2],)


def test_a_person_no_longer_meant_passes_the_correction_on_and_never_the_mistake() -> None:
    link = LinkChanged(person_id="p-one", case_id="c", version=1, links=family("c", "p-one").links)
    state, *_ = reduce_person(PersonState(), link, POLICY)
    corrected = flag("p-two", version=1, since={"p-two": day(1)})

    state, on, _ = reduce_person(state, AlertAboutPerson(person_id="p-one", alert=corrected), POLICY)
    _, late, _ = reduce_person(state, AlertAboutPerson(person_id="p-one", alert=flag("p-one")), POLICY)

    assert [(arrival.case_id, arrival.alert) for arrival in (*on, *late)] == [("c", corrected)] * 2


@pytest.mark.parametrize(
    ("meant", "on_case", "begins"),
    [
        pytest.param(flag("p-one"), family("c", "p-one"), 0, id="known from the start"),
        pytest.param(flag("p-one", version=1, since={"p-one": day(4)}), family("c", "p-one"), 4, id="found to be meant later"),
        pytest.param(flag("p-one"), family("c", "p-one", joined_at={"p-one": day(3)}), 3, id="joined on the case later"),
        pytest.param(
            flag("p-one", version=1, since={"p-one": day(4)}), family("c", "p-one", joined_at={"p-one": day(9)}), 9, id="the later of both"
        ),
        pytest.param(
            flag("p-one", "p-two", version=1, since={"p-two": day(4)}),
            family("c", "p-two", "p-one", joined_at={"p-one": day(9)}),
            4,
            id="of several ids the earliest",
        ),
        pytest.param(
            flag("p-one", "p-two", version=1, since={"p-two": day(4)}),
            family("c", "p-one", "p-two"),
            0,
            id="an older id keeps what it gave",
        ),
    ],
)
def test_who_is_who_today_makes_nothing_owed_in_the_past(meant: AcceptedAlert, on_case: Case, begins: int) -> None:
    (decision,) = decide(meant, on_case, POLICY)
    (due,) = obligations_from_scratch([meant], {"c": on_case}, POLICY, day(99)).values()

    assert decision.since == due.since == day(begins)


def test_a_merge_tells_who_had_missed_it_and_takes_nothing_back_from_who_had_it() -> None:
    before = family("c", "p-one")
    merged = family("c", "p-one", "p-two", joined_at={"p-two": day(7)}, version=2).model_copy(update={"known_at": day(7)})
    had, _ = reached(CaseState(case=before), flag("p-one"))
    missed, _ = reached(CaseState(case=before), flag("p-two"))

    _, of_who_had_it = reduce_case(had, CaseChanged(case=merged), POLICY)
    _, of_who_missed_it = reduce_case(missed, CaseChanged(case=merged), POLICY)

    assert of_who_had_it == []
    assert [(entry.deed, entry.obligation.since) for entry in of_who_missed_it] == [(Deed.DELIVER, day(7))]


def revised(version: int) -> PersonRevised:
    return PersonRevised(person_id="p-one", version=version, at=day(3))


def test_what_was_identified_before_the_directory_learned_better_is_identified_again() -> None:
    old, new = flag("p-one", version=2), flag("p-one", id="V-2", version=5)
    state = PersonState()
    for statement in (old, new):
        state, _, again = reduce_person(state, AlertAboutPerson(person_id="p-one", alert=statement), POLICY)
        assert again == []

    state, reached, asked = reduce_person(state, revised(5), POLICY)
    after_an_older, _, nothing = reduce_person(state, revised(4), POLICY)
    _, _, repeated = reduce_person(state, revised(5), POLICY)

    assert (state.version, reached, asked, repeated) == (5, [], [old], [old])
    assert (after_an_older, nothing) == (state, [])


def test_what_arrives_from_before_the_correction_is_kept_and_passed_on_and_identified_again() -> None:
    link = LinkChanged(person_id="p-one", case_id="c", version=1, links=family("c", "p-one").links)
    state, *_ = reduce_person(PersonState(version=5), link, POLICY)

    state, reached, asked = reduce_person(state, AlertAboutPerson(person_id="p-one", alert=flag("p-one", version=4)), POLICY)
    _, _, no_more = reduce_person(state, AlertAboutPerson(person_id="p-one", alert=flag("p-two", version=5)), POLICY)

    assert list(state.alerts) == [flag().alert_id]
    assert [arrival.case_id for arrival in reached] == ["c"]
    assert ([one.people_version for one in asked], no_more) == ([4], [])


@given(st.lists(st.tuples(st.booleans(), st.integers(1, 9)), max_size=12))
def test_asking_ends_when_each_statement_is_identified_at_the_version_that_asked(events: list[tuple[bool, int]]) -> None:
    state = PersonState()
    for is_statement, version in events:
        event = AlertAboutPerson(person_id="p-one", alert=flag("p-one", version=version)) if is_statement else revised(version)
        waiting: list[AlertAboutPerson | PersonRevised] = [event]
        for _ in range(2):  # an event, and what it asked, answered: then all is quiet
            asked = []
            for one in waiting:
                state, _, again = reduce_person(state, one, POLICY)
                asked += again
            found = [statement.model_copy(update={"people_version": state.version}) for statement in asked]
            waiting = [AlertAboutPerson(person_id="p-one", alert=statement) for statement in found]
        assert waiting == []
