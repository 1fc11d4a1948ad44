"""What a Public Protection Notice and a manager's instruction ask for: due when, owed by whom, closed by what, told to whom."""

from datetime import timedelta

from alertbus.model.briefing import LAPSE
from alertbus.model.item import ItemState
from tests.items_played import CALL, SOCIAL_CARE, VISIT, PlayedCase, action, at, end_of, steps


def test_ppn_03_a_notice_without_a_face_to_face_response_is_told_to_the_team_manager() -> None:
    played = PlayedCase.of()
    played.say("P-1", at("2026-01-09"), "ppn", source="police")  # a Friday

    item = played.until(at("2026-01-12", "23:00")).one("ppn_face_to_face")
    assert (item.agency, item.role, item.due, item.state) == (SOCIAL_CARE, "social_worker", end_of("2026-01-12"), ItemState.OPEN)
    assert item.next is not None
    assert (item.next.role, item.next.at) == ("team_manager", end_of("2026-01-12"))
    assert played.told_of(item) == []

    item = played.until(at("2026-01-13", "00:00")).one("ppn_face_to_face")
    assert item.state is ItemState.MISSED
    assert steps(item) == [("next", "team_manager", end_of("2026-01-12"))]
    (notice,) = played.told_of(item)
    assert (notice.obligation.agency, notice.obligation.role, notice.obligation.kind) == (SOCIAL_CARE, "team_manager", LAPSE)
    own = played.state.own[notice.obligation.id]
    assert own.chain == ("team_manager", "duty_manager"), "after them the next manager is asked"


def test_ppn_04_the_time_from_the_notice_to_the_first_visit_stands_on_the_item() -> None:
    played = PlayedCase.of()
    played.say("P-1", at("2026-01-09"), "ppn", source="police")
    played.say("V-1", at("2026-01-13", "10:30"), details=VISIT)

    item = played.one("ppn_face_to_face")
    assert (item.state, item.closed_by, item.closed_at) == (ItemState.MISSED, "V-1", at("2026-01-13", "10:30"))
    assert item.closed_at is not None
    assert item.closed_at - item.opened_at == timedelta(days=3, hours=22, minutes=30)


def test_ppn_05_a_telephone_call_stops_no_visit_clock() -> None:
    played = PlayedCase.of()
    played.say("M-1", at("2026-01-08"), "missing_child_incident", source="police")
    played.say("C-1", at("2026-01-08", "15:00"), details=CALL)

    item = played.until(at("2026-01-09")).one("visit_same_day")
    assert (item.state, item.due, item.closed_by) == (ItemState.MISSED, end_of("2026-01-08"), None)


def test_ppn_05_a_visit_does_though_it_is_recorded_after_the_day() -> None:
    played = PlayedCase.of()
    played.say("M-1", at("2026-01-08"), "missing_child_incident", source="police")
    played.say("V-1", at("2026-01-08", "17:00"), details=VISIT, told=at("2026-01-10"))

    item = played.one("visit_same_day")
    assert (item.state, item.closed_at) == (ItemState.MET, at("2026-01-08", "17:00")), "it was met; only its record came late"
    (own,) = [one for one in played.state.own.values() if one.obligation.source_id == item.id]
    assert own.ended_at == at("2026-01-10"), "whoever was asked meanwhile is asked no further"


def test_ppn_05_another_agencys_visit_is_no_response_of_social_care() -> None:
    played = PlayedCase.of()
    played.say("P-1", at("2026-01-09"), "ppn", source="police")
    played.say("V-1", at("2026-01-10"), details=VISIT, source="health_visiting")

    assert played.one("ppn_face_to_face").state is ItemState.OPEN


def test_ppn_06_a_managers_instruction_lapses_after_its_hours_to_that_manager_and_one_above() -> None:
    played = PlayedCase.of()
    asked = {"instruction": {"what": "visit", "within_hours": 24, "to": "social_worker", "by": "TM2"}}
    played.say("I-1", at("2026-01-09", "16:00"), details=asked)  # a Friday: hours run through the weekend

    item = played.until(at("2026-01-10", "16:00")).one("instruction")
    assert (item.due, item.state) == (at("2026-01-10", "16:00"), ItemState.MISSED)
    assert played.state.own[item.obligation_id or ""].chain == ("team_manager", "duty_manager")
    played.say("V-1", at("2026-01-15"), details=VISIT)
    item = played.one("instruction")
    assert (item.state, item.closed_by) == (ItemState.MISSED, "V-1")


def test_ppn_07_the_clock_of_a_notice_between_the_holidays_ends_on_the_next_working_day() -> None:
    played = PlayedCase.of()
    played.say("P-1", at("2026-12-24"), "ppn", source="police")
    assert played.one("ppn_face_to_face").due == end_of("2026-12-29")
    played.say("P-2", at("2027-03-25"), "ppn", source="police")
    assert played.one("ppn_face_to_face", source_id="P-2").due == end_of("2027-03-30")


def test_ppn_12_a_conditional_instruction_is_raised_to_the_worker_and_the_manager_by_the_next_such_event() -> None:
    played = PlayedCase.of()
    asked = {"instruction": {"what": "consult about a conference", "when": ["school_concern"], "by": "TM1"}}
    played.say("I-1", at("2026-01-06"), details=asked)
    assert played.all_of("instruction") == []
    played.say("D-1", at("2026-01-07"), "domestic_abuse_incident", source="police")
    assert played.all_of("conditional_instruction") == [], "another kind does not raise it"

    played.say("S-1", at("2026-01-08"), "school_concern", source="school")
    played.say("S-2", at("2026-01-09"), "school_concern", source="school")

    item = played.one("conditional_instruction")
    assert (item.source_id, item.due) == ("S-1", end_of("2026-01-09"))
    assert {notice.obligation.role for notice in played.told_of(item)} == {"social_worker", "team_manager"}
    assert {notice.obligation.since for notice in played.told_of(item)} == {at("2026-01-08")}
    played.say("A-1", at("2026-01-09"), details=action("Consult about a conference", "done"))
    assert played.one("conditional_instruction").state is ItemState.MET


def test_ppn_12_an_event_that_arrived_before_its_instruction_still_raises_it() -> None:
    played = PlayedCase.of()
    instruction = {"instruction": {"what": "consult", "when": ["school_concern"]}}
    played.until(at("2026-01-08", "12:01"))
    played.say("S-1", at("2026-01-08", "12:01"), "school_concern", source="school")
    assert "S-1" not in {fact.source_id for fact in played.state.facts.values()}, "nothing waits for it yet"
    played.say("I-1", at("2026-01-08", "12:00"), details=instruction)

    assert played.one("conditional_instruction").source_id == "S-1"
