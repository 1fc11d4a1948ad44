"""What is owed before a planned discharge, and a year after a conference that led to no plan."""

import pytest

from alertbus.model.item import ItemState
from tests.items_played import SOCIAL_CARE, PlayedCase, at, conference, end_of, held, steps

WARD = "health_visiting"


def discharge(state: str = "agreed", due: str | None = "2026-01-16") -> dict[str, object]:
    return {"action": {"what": "discharge", "owner": "health visiting", "state": state, **({"due": due} if due else {})}}


def test_clk_06_hyp_08_a_discharge_that_is_planned_before_the_strategy_meeting_is_asked_about_at_once() -> None:
    played = PlayedCase.of()
    played.say("R-1", at("2026-01-11", "10:00"), "concealed_pregnancy_concern", source=WARD)
    assert played.all_of("discharge_before_strategy") == []
    played.say("A-1", at("2026-01-12", "09:00"), source=WARD, details=discharge())

    item = played.one("discharge_before_strategy")
    assert (item.agency, item.due, item.state) == (SOCIAL_CARE, end_of("2026-01-12"), ItemState.OPEN)
    assert {one.obligation.role for one in played.told_of(item)} == {"social_worker", "team_manager"}
    lapsed = played.until(at("2026-01-13")).one("discharge_before_strategy")
    told = {(one.obligation.agency, one.obligation.role) for one in played.told_of(lapsed) if one.step is None or one.step.kind == "next"}
    assert {agency for agency, _ in told} == {SOCIAL_CARE, "police", "school", WARD}, "the ward hears that it was not held"
    played.say("M-1", at("2026-01-13", "15:00"), "meeting", details=held("strategy"))
    assert (played.one("discharge_before_strategy").state, played.one("discharge_before_strategy").closed_by) == (ItemState.MISSED, "M-1")


def test_clk_06_a_discharge_that_was_planned_before_the_referral_is_waited_for_until_its_day() -> None:
    played = PlayedCase.of()
    played.say("A-1", at("2026-01-12", "09:00"), source=WARD, details=discharge())
    played.say("R-1", at("2026-01-13", "10:00"), "concealed_pregnancy_concern", source=WARD)

    assert played.one("discharge_before_strategy").due == end_of("2026-01-16")
    played.say("M-1", at("2026-01-15"), "meeting", details=held("strategy"))
    assert played.one("discharge_before_strategy").state is ItemState.MET


@pytest.mark.parametrize(
    "said",
    [
        pytest.param({"details": held("strategy")}, id="the meeting was held"),
        pytest.param({"details": discharge("dropped")}, id="the discharge is off"),
        pytest.param({"details": {"action": {"what": "strategy meeting", "state": "dropped"}}}, id="decided not to hold one"),
    ],
)
def test_clk_06_what_was_decided_closes_it_whoever_states_it(said: dict[str, object]) -> None:
    played = PlayedCase.of()
    played.say("M-0", at("2026-01-11"), "meeting", details={"meeting": {"type": "strategy", "state": "announced"}})
    played.say("A-1", at("2026-01-12", "09:00"), source=WARD, details=discharge())
    played.say("D-1", at("2026-01-12", "13:00"), source=WARD, **said)

    assert played.one("discharge_before_strategy").state is ItemState.MET


def test_a_discharge_after_the_meeting_or_without_a_referral_asks_for_nothing() -> None:
    played = PlayedCase.of()
    played.say("A-0", at("2026-01-10", "09:00"), source=WARD, details=discharge())
    played.say("A-9", at("2026-01-10", "10:00"), source=WARD, details=discharge("done"))
    played.say("R-1", at("2026-01-11"), "concealed_pregnancy_concern", source=WARD)
    played.say("M-1", at("2026-01-11", "15:00"), "meeting", details=held("strategy"))
    played.say("A-1", at("2026-01-12", "09:00"), source=WARD, details=discharge())

    assert played.all_of("discharge_before_strategy") == []


def test_aud_03_a_year_after_a_conference_without_a_plan_somebody_is_asked_what_has_become_of_the_children() -> None:
    played = PlayedCase.of()
    played.say("C-1", at("2026-02-02"), "conference_outcome", details=conference(outcome="child_in_need"))
    item = played.one("outcome_follow_up")
    assert (item.due, item.role, item.state) == (end_of("2027-02-02"), "team_manager", ItemState.OPEN)

    reminded = played.until(at("2027-01-20")).one("outcome_follow_up")
    assert [(kind, role) for kind, role, _ in steps(reminded)] == [("reminder", "team_manager")]
    assert played.until(at("2027-02-03")).one("outcome_follow_up").state is ItemState.MISSED
    played.say("F-1", at("2027-02-10"), source="police", details={"action": {"what": "Twelve-month follow-up", "state": "done"}})
    assert played.one("outcome_follow_up").closed_by == "F-1"


@pytest.mark.parametrize("details", [conference(outcome="child_protection"), conference(type="review", outcome="child_in_need")])
def test_aud_03_of_a_conference_that_led_to_a_plan_and_of_a_review_nobody_is_asked_that(details: dict[str, object]) -> None:
    played = PlayedCase.of()
    played.say("C-1", at("2026-02-02"), "conference_outcome", details=details)

    assert played.all_of("outcome_follow_up") == []
