"""The shipped rules for who holds a case, for consent, requests, links and questions, each with its requirement."""

from datetime import timedelta

import pytest

from alertbus.model.events import CaseChanged
from alertbus.model.item import ItemState
from tests.items_played import CALL, PLAN, SOCIAL_CARE, VISIT, PlayedCase, a_family, at, conference, end_of, held, seeing

# Who holds the case.


def test_tur_04_holding_a_case_in_the_interim_has_an_end_and_its_lapse_is_told_to_the_manager() -> None:
    played = PlayedCase.of()
    interim = {"handover": {"role": "social_worker", "from": "SW2", "to": "SW3", "interim": True}}
    played.say("W-1", at("2026-01-12"), "worker_change", details=interim)
    item = played.until(at("2026-01-27")).one("interim_holding")
    assert (item.due, item.state) == (end_of("2026-01-26"), ItemState.MISSED)
    assert [step.role for step in item.steps] == ["team_manager"]

    played.say("W-2", at("2026-01-28"), "worker_change", details={"handover": {"role": "team_manager", "from": "TM1", "to": "TM2"}})
    assert played.one("interim_holding").closed_by is None, "another role has changed hands"
    played.say("W-3", at("2026-01-30"), "worker_change", details={"handover": {"role": "social_worker", "from": "SW3", "to": "SW4"}})
    assert played.one("interim_holding").closed_by == "W-3"


def test_tur_11_an_allocation_starts_a_clock_for_the_first_contact_with_each_child() -> None:
    played = PlayedCase.of()
    played.say("W-1", at("2026-01-12"), "worker_change", details={"handover": {"role": "social_worker", "from": "SW1", "to": "SW2"}})
    played.say("V-1", at("2026-01-20"), details=seeing("ada"))
    played.until(at("2026-02-01"))

    assert {(item.child, item.state) for item in played.all_of("first_contact")} == {("ada", ItemState.MET), ("ben", ItemState.MISSED)}


def test_sta_07_an_event_against_a_planned_change_of_status_puts_it_to_a_person() -> None:
    played = PlayedCase.of()
    planned = {"status_change": {"to": "closed", "reason": "no concerns", "basis": "review", "effective": "2026-02-02"}}
    played.say("S-1", at("2026-01-12"), "case_status_change", details=planned)
    played.say("P-1", at("2026-01-20"), "ppn", source="police")

    item = played.one("planned_change")
    assert (item.source_id, item.due) == ("P-1", end_of("2026-01-21"))
    assert {notice.obligation.role for notice in played.told_of(item)} == {"social_worker", "team_manager"}
    played.say("S-2", at("2026-01-21"), "case_status_change", details={"status_change": {"to": "child_in_need", "reason": "the incident"}})
    assert played.one("planned_change").state is ItemState.MET


def test_sta_07_an_event_after_the_planned_day_is_not_against_it() -> None:
    played = PlayedCase.of()
    planned = {"status_change": {"to": "closed", "reason": "no concerns", "basis": "review", "effective": "2026-02-02"}}
    played.say("S-1", at("2026-01-12"), "case_status_change", details=planned)
    played.say("P-1", at("2026-02-02"), "ppn", source="police")

    assert played.all_of("planned_change") == []


def test_sta_11_three_months_without_a_step_of_the_plan_are_told_to_the_manager() -> None:
    played = PlayedCase.of(a_family(episodes=PLAN))
    played.say("C-1", at("2026-01-20"), details=VISIT)
    item = played.until(at("2026-04-07")).one("stale_case")

    assert (item.due, item.state) == (end_of("2026-04-06"), ItemState.MISSED), "a visit is contact and no step"
    played.say("M-1", at("2026-04-10"), "meeting", details=held("child_in_need"))
    assert played.one("stale_case", source_id="M-1").due == end_of("2026-07-10")


def test_eng_15_four_weeks_of_silence_on_an_open_case_are_told_to_the_manager() -> None:
    played = PlayedCase.of(a_family(episodes=PLAN))
    played.say("C-1", at("2026-01-20"), details=CALL)
    played.say("X-1", at("2026-01-25"), details={"contact": {"mode": "no_reply"}})
    item = played.until(at("2026-02-20")).one("silent_case", source_id="C-1")

    assert (item.due, item.state) == (end_of("2026-02-17"), ItemState.MISSED), "nobody was reached on 25 January"
    assert [notice.obligation.role for notice in played.told_of(item)] == ["team_manager"]


def test_eng_15_a_case_that_is_not_open_is_not_silent() -> None:
    ended = [{"type": "child_in_need_plan", "from": "2026-01-05", "to": "2026-01-10"}]
    played = PlayedCase.of(a_family(episodes=ended)).until(at("2026-06-01"))

    assert {item.state for item in played.all_of("silent_case")} == {ItemState.VOID}
    assert played.notices == {}


# Engagement and consent.


def test_eng_02_the_third_contact_missed_in_a_row_asks_worker_and_manager_for_a_decision() -> None:
    played = PlayedCase.of()
    missed = {"contact": {"mode": "cancelled"}}
    played.say("X-1", at("2026-01-06"), details=missed)
    played.say("X-2", at("2026-01-07"), details={"contact": {"mode": "no_reply"}})
    played.say("V-1", at("2026-01-08"), details=VISIT)
    played.say("X-3", at("2026-01-09"), details=missed)
    played.say("X-4", at("2026-01-12"), details=missed)
    assert played.all_of("missed_meetings") == [], "a visit between them begins the row anew"
    played.say("X-5", at("2026-01-13"), details=missed)
    played.say("X-6", at("2026-01-14"), details=missed)

    item = played.one("missed_meetings")
    assert (item.source_id, item.due) == ("X-5", end_of("2026-01-20"))
    assert {notice.obligation.role for notice in played.told_of(item)} == {"social_worker", "team_manager"}
    assert all("cease" in notice.action and "strategy meeting" in notice.action for notice in played.told_of(item)), "both options (NOT-08)"


def test_eng_02_a_visit_that_is_taken_back_had_not_ended_the_row_though_its_first_were_weeks_ago() -> None:
    played, missed = PlayedCase.of(), {"contact": {"mode": "cancelled"}}
    played.say("X-1", at("2026-01-05", "09:02"), details=missed)
    played.say("X-2", at("2026-01-05", "09:12"), details=missed)
    played.say("X-3", at("2026-02-02", "09:03"), details=missed)
    played.say("V-1", at("2026-02-02", "08:13"), details=VISIT, told=at("2026-02-02", "09:13"))
    assert played.one("missed_meetings").state is ItemState.VOID, "the visit was before the third"

    played.say("V-2", at("2026-02-02", "08:13"), details=VISIT, told=at("2026-02-02", "10:13"), amends="V-1", action="withdrawn")
    assert played.one("missed_meetings").state is ItemState.OPEN


@pytest.mark.parametrize("before", [(), ("N-1", "N-2", "V-0")], ids=["nothing before", "two missed and a visit before"])
def test_eng_02_a_row_that_was_missed_stays_missed_though_the_row_ended_and_weeks_have_passed(before: tuple[str, ...]) -> None:
    played, missed = PlayedCase.of(), {"contact": {"mode": "no_reply"}}
    for day, name in enumerate((*before, "X-1", "X-2", "X-3", "V-1"), start=5):
        played.say(name, at(f"2026-01-{day:02}"), details=VISIT if name.startswith("V") else missed)
    assert played.until(at("2026-02-01")).one("missed_meetings").state is ItemState.MISSED

    for week in range(1, 13):
        played.say(f"O-{week}", at("2026-02-02") + timedelta(weeks=week), details=VISIT)
    item = played.until(at("2026-05-20")).one("missed_meetings")

    assert (item.state, item.source_id) == (ItemState.MISSED, "X-3")


def test_eng_03_a_withdrawal_of_consent_asks_for_a_decision_by_a_day() -> None:
    played = PlayedCase.of()
    played.say("N-1", at("2026-01-12"), "non_engagement", details={"consent": {"plan": "child_in_need", "state": "withdrawn"}})
    item = played.one("consent_decision")
    assert item.due == end_of("2026-01-19")

    played.say("S-1", at("2026-01-15"), "case_status_change", details={"status_change": {"to": "closed", "reason": "r", "basis": "b"}})
    assert played.one("consent_decision").state is ItemState.MET


# Requests, links and questions.


def test_pri_03_an_overdue_request_is_told_to_who_was_asked_to_who_asked_and_to_the_manager() -> None:
    played = PlayedCase.of()
    asked = {"request": {"what": "Is the family to be moved?", "to": "housing", "due": "2026-01-20"}}
    played.say("R-1", at("2026-01-12"), details=asked)

    item = played.until(at("2026-01-21")).one("request")
    assert (item.agency, item.due, item.state) == ("housing", end_of("2026-01-20"), ItemState.MISSED)
    told = {(n.obligation.agency, n.obligation.role) for n in played.told_of(item)}
    assert told == {("housing", "team_manager"), (SOCIAL_CARE, "social_worker")}
    played.say(
        "R-2",
        at("2026-01-22"),
        source="housing",
        details={"request": {"what": "is the family to be moved?", "to": "housing", "state": "answered"}},
    )
    assert played.one("request").closed_by == "R-2"


def test_lnk_05_a_link_to_a_partner_asks_police_for_what_they_hold() -> None:
    linked = at("2026-01-12", "10:00")
    played = PlayedCase.of()
    played.until(linked)
    family = a_family()
    link = {"person": "partner", "relation": "mother's new partner", "known_at": linked.isoformat()}
    links = [*(one.model_dump(by_alias=True) for one in family.links), link]
    played.event(CaseChanged(case=a_family(version=2, links=links).model_copy(update={"known_at": linked})))
    item = played.one("partner_information")
    assert (item.agency, item.role, item.child) == ("police", "safeguarding_unit", None)
    assert item.due == end_of("2026-01-19")
    assert {notice.obligation.agency for notice in played.told_of(item)} == {"police"}

    played.say("D-1", at("2026-01-14"), "drug_intelligence", source="police")
    assert played.one("partner_information").state is ItemState.OPEN, "what police state of the mother is no answer about him"
    played.say("D-2", at("2026-01-15"), "drug_intelligence", source="police", about="partner")
    assert (played.one("partner_information").state, played.one("partner_information").closed_by) == (ItemState.MET, "D-2")


def test_con_10_an_open_question_outlives_a_change_of_worker_until_somebody_closes_it_with_a_reason() -> None:
    played = PlayedCase.of()
    question = {"what": "Is Mother pregnant?"}
    played.say("Q-1", at("2026-01-12"), details={"question": question})
    played.say("W-1", at("2026-02-12"), "worker_change", details={"handover": {"role": "social_worker", "from": "SW1", "to": "SW2"}})
    played.say("Q-2", at("2026-03-12"), source="school", details={"question": {**question, "state": "closed"}})
    item = played.until(at("2026-06-01")).one("open_question")
    assert (item.due, item.state) == (None, ItemState.OPEN), "closed without a reason it is still open"
    assert item.id in played.state.items

    played.say("Q-3", at("2026-06-12"), source="health_visiting", details={"question": {**question, "state": "closed", "reason": "asked"}})
    assert played.one("open_question").closed_by == "Q-3"


def test_not_23_a_flags_review_date_is_an_item_of_the_agency_that_stated_it() -> None:
    played = PlayedCase.of()
    flag = played.say("F-1", at("2026-01-12"), "violent_person_flag", source="police", review_on="2026-03-01")
    item = played.until(at("2026-03-02")).one("flag_review")
    assert (item.agency, item.due, item.state) == ("police", end_of("2026-03-01"), ItemState.MISSED)

    played.amend(flag, at("2026-03-03"), review_on="2026-09-01")
    assert (played.one("flag_review").due, played.one("flag_review").state) == (end_of("2026-09-01"), ItemState.OPEN)


def test_standards_12_reviews_of_a_child_protection_plan_are_due_after_three_and_six_months() -> None:
    played = PlayedCase.of(a_family(episodes=PLAN))
    played.say("C-1", at("2026-01-12"), "conference_outcome", details=conference(outcome="child_protection"))
    played.say("C-2", at("2026-04-10"), "conference_outcome", details=conference("review", "child_protection"))

    assert [(item.due, item.state) for item in played.all_of("review_conference")] == [
        (end_of("2026-04-13"), ItemState.MET),
        (end_of("2026-10-09"), ItemState.OPEN),
    ]
