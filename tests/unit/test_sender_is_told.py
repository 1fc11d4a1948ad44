"""What the case holder answers to an alert goes back to whoever stated it, without being asked (HYP-09)."""

from datetime import timedelta
from typing import Any

import pytest

from alertbus.model.briefing import WHO_HAS_IT
from alertbus.model.case import Case
from alertbus.model.details import Details
from alertbus.model.events import CaseChanged
from alertbus.model.notice import Deed, Notice
from alertbus.model.receipt import Intent
from tests.asked import MONDAY, POLICY, Machine, a_case, answered, reached, said

HOUR = timedelta(hours=1)
SOCIAL_CARE = "childrens_social_care"


def stated(case: Case | None = None, kind: str = "ppn", **more: Any) -> tuple[Machine, Notice]:
    """A case on which the police stated an alert, and the notice of it to the social worker."""
    machine = Machine()
    case = case or a_case("police", SOCIAL_CARE, "school")
    told = machine.follow(CaseChanged(case=case), reached(said(1, kind=kind, **more)))
    return machine, next(one for one in told if one.obligation.role == "social_worker")


def back(machine: Machine) -> list[Notice]:
    return [one for one in machine.notices if one.obligation.kind == WHO_HAS_IT]


def test_hyp_09_ooh_07_who_stated_it_is_told_by_name_and_state_that_somebody_acts() -> None:
    machine, asked = stated()
    machine.follow(answered(asked, MONDAY + HOUR, by="Sam Field"))

    (told,) = back(machine)
    assert (told.obligation.agency, told.obligation.source_id, told.deed, told.obligation.due) == ("police", "A-1", Deed.DELIVER, None)
    assert told.summary == "Children's social care (social worker): Sam Field acts on it, 10:00 on 2 March 2026."
    assert told.narrative == ()
    assert "ex" not in told.summary.split()


def test_the_same_answer_heard_again_tells_nobody_anew() -> None:
    machine, asked = stated()
    for _ in range(2):
        machine.follow(answered(asked, MONDAY + HOUR))

    assert len({one.id for one in back(machine)}) == 1


@pytest.mark.parametrize(
    ("intent", "more", "words"),
    [
        (Intent.PASSING_ON, {"to": "Jo Lake"}, "A. Person has passed it on to Jo Lake"),
        (Intent.NOT_OURS, {}, "A. Person says that it is not theirs"),
        (Intent.ACTING, {"acted": True}, "A. Person has acted on it"),
    ],
)
def test_hyp_09_what_is_said_is_told_as_it_is(intent: Intent, more: dict[str, Any], words: str) -> None:
    machine, asked = stated()
    machine.follow(answered(asked, MONDAY + HOUR, intent, **more))

    assert words in back(machine)[0].summary


def test_an_answer_that_is_taken_back_is_told_too_and_one_that_was_taken_back_before_it_came_never_was() -> None:
    machine, asked = stated()
    given, undone = (
        answered(asked, MONDAY + HOUR),
        answered(asked, MONDAY + HOUR * 1.05, undoes=f"r-A. Person-{(MONDAY + HOUR).isoformat()}"),
    )
    machine.follow(given, undone)
    assert [("taken back" in one.summary) for one in back(machine)] == [False, True]

    other, _ = stated()
    other.follow(undone, given)
    assert back(other) == []


def adult_linked() -> Case:
    return a_case({"agency": "police", "scope": "adult_linked", "adult": "ex"}, SOCIAL_CARE)


@pytest.mark.parametrize(
    "case",
    [
        pytest.param(a_case(SOCIAL_CARE, "school"), id="on no case"),
        pytest.param(adult_linked(), id="for an adult"),
        pytest.param(a_case({"agency": "police", "to": "2026-03-01"}, SOCIAL_CARE), id="has left"),
        pytest.param(a_case({"agency": "police", "children": ["child"]}, SOCIAL_CARE), id="with some of the children"),
    ],
)
def test_who_does_not_work_with_the_family_learns_nothing_by_it(case: Case) -> None:
    machine, asked = stated(case)
    machine.follow(answered(asked, MONDAY + HOUR))

    assert back(machine) == []


def test_not_25_it_is_what_the_case_holder_says_alone_and_of_the_kinds_that_the_policy_names() -> None:
    machine, _ = stated()
    school = next(one for one in machine.notices if one.obligation.agency == "school")
    machine.follow(answered(school, MONDAY + HOUR))
    assert back(machine) == []

    other, asked = stated(kind="drug_intelligence")
    assert not POLICY.kind_rule("drug_intelligence").tells_sender
    other.follow(answered(asked, MONDAY + HOUR))
    assert back(other) == []


def test_after_it_was_withdrawn_nothing_more_is_told_of_it() -> None:
    machine, asked = stated()
    taken_back = said(2, MONDAY + HOUR, action="withdrawn", amends="A-1", kind="ppn", details=Details())
    machine.follow(reached(taken_back), answered(asked, MONDAY + 2 * HOUR))

    assert back(machine) == []
