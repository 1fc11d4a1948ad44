"""Meetings, conferences, visits and agreed actions that are due, each with its requirement."""

from datetime import timedelta

import pytest

from alertbus.model.events import ItemDecision
from alertbus.model.item import ItemState
from tests.items_played import (
    PLAN,
    SOCIAL_CARE,
    STRATEGY_WITH_ENQUIRY,
    VISIT,
    PlayedCase,
    a_family,
    action,
    at,
    conference,
    end_of,
    held,
    seeing,
    steps,
)


def test_clk_01_a_child_found_alone_starts_a_clock_for_a_strategy_discussion_the_same_day() -> None:
    played = PlayedCase.of()
    played.say("M-1", at("2026-01-08"), "missing_child_incident", source="police")
    played.say("M-2", at("2026-01-09"), "missing_child_incident", source="police")
    played.say("D-1", at("2026-01-09", "17:00"), details={"meeting": {"type": "strategy", "state": "cancelled"}})

    assert played.one("strategy_discussion", source_id="M-1").state is ItemState.MISSED
    decided = played.one("strategy_discussion", source_id="M-2")
    assert (decided.state, decided.closed_by) == (ItemState.MET, "D-1"), "a recorded decision not to hold one closes it"


def test_clk_02_a_strategy_meeting_that_was_announced_and_not_held_is_told_to_everybody_who_heard_of_it() -> None:
    played = PlayedCase.of()
    played.say("M-1", at("2026-01-12"), "meeting", details={"meeting": {"type": "strategy", "state": "announced"}})

    item = played.until(at("2026-01-14")).one("strategy_meeting")
    assert (item.due, item.state) == (end_of("2026-01-13"), ItemState.MISSED)
    told = {(notice.obligation.agency, notice.obligation.due is not None) for notice in played.told_of(item)}
    assert told == {(SOCIAL_CARE, True), ("police", False), ("school", False), ("health_visiting", False)}, "one answers, the others know"
    played.say("M-2", at("2026-01-26"), "meeting", details=held("strategy"))
    assert played.one("strategy_meeting").closed_by == "M-2"


@pytest.mark.parametrize(
    ("meeting", "due"),
    [("2026-12-14", "2027-01-07"), ("2020-11-30", "2020-12-21"), ("2021-10-05", "2021-10-26")],
)
def test_clk_03_a_conference_is_due_fifteen_working_days_after_the_strategy_meeting(meeting: str, due: str) -> None:
    known = at(meeting) - timedelta(days=10)
    played = PlayedCase.of(a_family(known_at=known), clock=known - timedelta(days=1))
    played.say("M-1", at(meeting), "meeting", details=STRATEGY_WITH_ENQUIRY)

    assert played.one("initial_conference").due == end_of(due)


def test_clk_03_whoever_owes_the_conference_is_reminded_on_the_tenth_day() -> None:
    played = PlayedCase.of()
    played.say("M-1", at("2026-01-12"), "meeting", details=STRATEGY_WITH_ENQUIRY)

    item = played.until(at("2026-01-26", "09:00")).one("initial_conference")
    assert steps(item) == [("reminder", "social_worker", at("2026-01-26", "09:00"))]
    (notice,) = played.told_of(item)
    assert notice.obligation.due is None, "a reminder asks for no answer of its own"
    assert notice.step is not None
    played.say("C-1", at("2026-02-02", "23:00"), "conference_outcome", details=conference())
    assert played.one("initial_conference").state is ItemState.MET


def test_clk_03_a_meeting_that_decided_on_no_enquiry_opens_no_clock() -> None:
    played = PlayedCase.of()
    played.say("M-1", at("2026-01-12"), "meeting", details=held("strategy", s47=False))
    played.say("M-2", at("2026-01-13"), "meeting", details=held("strategy"))

    assert played.all_of("initial_conference") == []


def test_clk_04_the_outcome_of_a_conference_opens_a_clock_for_the_first_meeting_of_the_plan() -> None:
    played = PlayedCase.of()
    played.say("C-1", at("2026-01-12"), "conference_outcome", details=conference())
    played.say("C-2", at("2026-01-12"), "conference_outcome", details=conference(outcome="no_further_action"))
    played.say("M-1", at("2026-01-30"), "meeting", details=held("child_in_need"))

    item = played.one("first_plan_meeting")
    assert (item.due, item.state, item.closed_by) == (end_of("2026-01-26"), ItemState.MISSED, "M-1")


def test_clk_05_eight_weeks_without_a_meeting_of_the_plan_are_told_to_worker_manager_and_agencies() -> None:
    played = PlayedCase.of(a_family(episodes=PLAN))
    played.say("M-1", at("2026-01-12"), "meeting", details=held("child_in_need"))
    played.say("M-2", at("2026-03-09"), "meeting", details=held("child_in_need"))

    assert played.one("plan_meeting", source_id="M-1").state is ItemState.MET
    item = played.until(at("2026-05-05")).one("plan_meeting", source_id="M-2")
    assert (item.due, item.state) == (end_of("2026-05-04"), ItemState.MISSED)
    assert {notice.obligation.agency for notice in played.told_of(item)} == {SOCIAL_CARE, "police", "school", "health_visiting"}


def test_clk_05_no_meeting_of_a_plan_is_due_once_the_plan_is_over() -> None:
    played = PlayedCase.of(a_family(episodes=[{"type": "child_in_need_plan", "from": "2026-01-05", "to": "2026-02-01"}]))
    played.say("M-1", at("2026-01-12"), "meeting", details=held("child_in_need"))

    item = played.until(at("2026-05-05")).one("plan_meeting")
    assert (item.state, item.steps) == (ItemState.VOID, ())


def test_clk_06_the_time_from_a_referral_to_the_strategy_meeting_is_measured() -> None:
    played = PlayedCase.of()
    played.say("N-1", at("2026-01-11", "20:00"), "nspcc_concern", source="nspcc")  # a Sunday
    played.say("M-1", at("2026-01-13"), "meeting", details=held("strategy"))

    item = played.one("referral_to_strategy")
    assert (item.due, item.state, item.closed_at) == (end_of("2026-01-12"), ItemState.MISSED, at("2026-01-13"))


def test_clk_07_each_child_has_a_clock_of_their_own() -> None:
    played = PlayedCase.of(a_family(episodes=PLAN))
    played.say("V-1", at("2026-01-12"), details=seeing("ada"))
    played.until(at("2026-04-01"))

    assert played.one("visit", child="ben").due == end_of("2026-03-30"), "from the beginning of the plan"
    assert played.one("visit", child="ben").state is ItemState.MISSED
    assert played.one("visit", child="ada", source_id="V-1").due == end_of("2026-04-06")
    assert played.one("visit", child="ada", source_id=None).state is ItemState.MET


def test_clk_07_the_warning_comes_before_the_school_holidays_if_they_begin_while_it_is_open() -> None:
    plan = [{"type": "child_in_need_plan", "from": "2026-06-01"}]
    played = PlayedCase.of(a_family(known_at=at("2026-06-01", "00:00"), episodes=plan))
    item = played.until(at("2026-09-01")).one("visit", child="ada")

    assert item.due == end_of("2026-08-24")
    assert steps(item)[0] == ("reminder", "social_worker", at("2026-07-15", "09:00")), (
        "a week before 22 July, not ten weeks after the start"
    )


def test_clk_08_a_managers_deadline_in_days_lapses_to_worker_and_manager() -> None:
    played = PlayedCase.of()
    asked = {"instruction": {"what": "assessment", "within_days": 42, "to": "social_worker", "by": "HOS1"}}
    played.say("I-1", at("2026-01-08"), "worker_change", details=asked)
    played.say("V-1", at("2026-01-20"), details=VISIT)

    item = played.until(at("2026-02-20")).one("instruction")
    assert (item.due, item.state, item.role) == (end_of("2026-02-19"), ItemState.MISSED, "social_worker"), "a visit is no assessment"
    assert [step.role for step in item.steps] == ["team_manager"]


def test_clk_09_three_months_without_compliance_raise_what_the_conference_set_as_its_condition() -> None:
    played = PlayedCase.of()
    said = conference(conditions=["A further conference if the family does not work with the plan."])
    played.say("C-1", at("2026-01-12"), "conference_outcome", details=said)

    item = played.until(at("2026-05-01")).one("return_if")
    assert (item.due, item.state) == (end_of("2026-04-13"), ItemState.MISSED)
    assert [notice.obligation.role for notice in played.told_of(item)] == ["team_manager"]


def test_clk_09_a_meeting_that_the_family_attended_is_compliance() -> None:
    played = PlayedCase.of()
    said = conference(conditions=["A further conference if the family does not work with the plan."])
    played.say("C-1", at("2026-01-12"), "conference_outcome", details=said)
    played.say("M-1", at("2026-02-02"), "meeting", details=held("child_in_need", attended=["mother"]))

    assert played.one("return_if").state is ItemState.MET


def test_clk_10_a_condition_of_a_conference_is_reported_when_an_event_may_meet_it() -> None:
    played = PlayedCase.of()
    played.say("E-0", at("2026-01-09"), "non_engagement")
    said = conference(conditions=["A further conference if the family does not work with the plan."])
    played.say("C-1", at("2026-01-12"), "conference_outcome", details=said)
    assert played.all_of("conference_condition") == [], "what came before the conference is not against its condition"
    played.say("E-1", at("2026-01-19"), "non_engagement")

    item = played.one("conference_condition")
    assert (item.source_id, item.due) == ("E-1", end_of("2026-01-26"))
    assert {notice.obligation.role for notice in played.told_of(item)} == {"social_worker", "team_manager"}


def test_clk_11_an_agreed_action_has_an_owner_a_day_and_a_state_and_its_lapse_is_told_to_the_plan() -> None:
    played = PlayedCase.of()
    agreed = action("Risk assessment", owner="childrens_social_care", due="2026-01-20")
    played.say("A-1", at("2026-01-12"), details=agreed)

    item = played.until(at("2026-01-21")).one("action")
    assert (item.agency, item.due, item.state) == (SOCIAL_CARE, end_of("2026-01-20"), ItemState.MISSED)
    told = {notice.obligation.agency for notice in played.told_of(item)}
    assert told == {SOCIAL_CARE, "police", "school", "health_visiting", "housing"}, "but nobody who acts for an adult"
    played.say("A-2", at("2026-01-25"), details=action("risk  assessment", "done"))
    assert (played.one("action").state, played.one("action").closed_by) == (ItemState.MISSED, "A-2")


def test_clk_11_the_owner_who_is_on_the_case_owes_the_action_and_for_any_other_the_case_holder_does() -> None:
    played = PlayedCase.of()
    played.say("A-1", at("2026-01-12"), details=action("New locks", owner="Housing", due="2026-01-20"))
    played.say("A-2", at("2026-01-12"), details=action("A group", owner="a charity", due="2026-01-20"))

    assert [(item.source_id, item.agency, item.role) for item in played.all_of("action")] == sorted(
        [("A-1", "housing", "duty_officer"), ("A-2", SOCIAL_CARE, "social_worker")],
        key=lambda row: next(item.id for item in played.all_of("action") if item.source_id == row[0]),
    )


def test_clk_12_an_agreed_strategy_meeting_is_an_item_until_it_is_held() -> None:
    played = PlayedCase.of()
    said = held("child_in_need") | action("strategy meeting", owner="childrens_social_care")
    played.say("M-1", at("2026-02-25"), "meeting", details=said)

    item = played.until(at("2026-03-01")).one("strategy_meeting")
    assert (item.due, item.state) == (end_of("2026-02-26"), ItemState.MISSED)
    assert played.all_of("action") == [], "it is not chased twice"
    assert played.until(at("2026-07-01")).one("strategy_meeting").overdue_since == end_of("2026-02-26")


def test_clk_12_an_action_without_a_day_is_open_and_never_late() -> None:
    played = PlayedCase.of()
    played.say("A-1", at("2026-01-12"), details=action("Ask about a nursery place"))

    item = played.until(at("2026-12-01")).one("action")
    assert (item.due, item.state, item.next) == (None, ItemState.OPEN, None)


def test_clk_13_a_request_to_police_for_a_meeting_is_answered_or_late_and_why_has_a_code() -> None:
    played = PlayedCase.of()
    asked = {"request": {"what": "officer for a strategy meeting today", "to": "police", "due": "2026-01-12"}}
    played.say("R-1", at("2026-01-12"), severity="critical", details=asked)
    item = played.until(at("2026-01-13")).one("request")
    assert (item.agency, item.state) == ("police", ItemState.MISSED)
    played.decide(item, ItemDecision.REASON_GIVEN, at("2026-01-13"), "police")

    assert played.one("request").reason == "police"
    assert {"form", "police", "other"} <= set(played.policy.reason_codes)


def test_clk_14_a_lapse_has_the_reason_unknown_until_a_person_gives_a_code() -> None:
    played = PlayedCase.of()
    played.say("M-1", at("2026-01-08"), "missing_child_incident", source="police")
    assert played.one("visit_same_day").reason is None, "there is none before it has lapsed"
    item = played.until(at("2026-01-09")).one("visit_same_day")
    assert item.reason == "unknown"
    played.decide(item, ItemDecision.REASON_GIVEN, at("2026-01-10"), "workload")
    played.decide(item, ItemDecision.REASON_GIVEN, at("2026-01-11"), "worker_absent")

    assert played.one("visit_same_day").reason == "worker_absent"


def test_clk_15_a_person_stops_a_clock_with_a_reason_and_lets_it_run_again() -> None:
    played = PlayedCase.of(a_family(episodes=PLAN))
    played.say("M-1", at("2026-01-12"), "meeting", details=held("child_in_need"))
    item = played.one("plan_meeting")
    played.decide(item, ItemDecision.SUSPENDED, at("2026-02-02"))

    stopped = played.until(at("2026-04-01")).one("plan_meeting")
    assert (stopped.state, stopped.reason, stopped.suspended_at) == (ItemState.SUSPENDED, "closed_doors", at("2026-02-02"))
    assert (stopped.next, played.told_of(stopped)) == (None, [])
    played.decide(item, ItemDecision.RESUMED, at("2026-04-06"))
    running = played.one("plan_meeting")
    assert (running.state, running.due) == (ItemState.OPEN, end_of("2026-05-11")), "nine weeks later than 9 March"
    assert played.until(at("2026-05-12")).one("plan_meeting").state is ItemState.MISSED


def test_clk_15_working_days_that_stood_still_do_not_end_on_a_weekend() -> None:
    played = PlayedCase.of()
    played.say("P-1", at("2026-01-12"), "ppn", source="police")
    played.decide(played.one("ppn_face_to_face"), ItemDecision.SUSPENDED, at("2026-01-12", "13:00"))
    played.decide(played.one("ppn_face_to_face"), ItemDecision.RESUMED, at("2026-01-16", "13:00"))

    assert played.one("ppn_face_to_face").due == end_of("2026-01-19"), "Tuesday and four days are a Saturday"
