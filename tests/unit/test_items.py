"""What holds for every rule of items: what is taken back, amended or history, who is told of a lapse, and in what words."""

from datetime import date
from typing import Any

import pytest

from alertbus.model.alert import Action
from alertbus.model.briefing import LAPSE
from alertbus.model.case import in_uk
from alertbus.model.events import CaseChanged, Tick
from alertbus.model.item import ItemState
from alertbus.policy.within import Within
from tests.items_played import SOCIAL_CARE, VISIT, PlayedCase, a_family, at, end_of, steps

PLAN = [{"type": "child_in_need_plan", "from": "2026-01-05"}]


def held(meeting: str, **more: Any) -> dict[str, Any]:
    return {"meeting": {"type": meeting, "state": "held", **more}}


def conference(kind: str = "initial", outcome: str = "child_in_need", **more: Any) -> dict[str, Any]:
    return {"conference": {"type": kind, "outcome": outcome, **more}}


def action(what: str, state: str = "agreed", **more: Any) -> dict[str, Any]:
    return {"action": {"what": what, "state": state, **more}}


STRATEGY_WITH_ENQUIRY = held("strategy", s47=True)


# What holds for every rule.


def test_not_26_after_a_childs_death_no_clock_runs_for_that_child() -> None:
    played = PlayedCase.of(a_family(episodes=PLAN))
    played.say("D-1", at("2026-01-20"), "death", source="police", about="ben")
    played.until(at("2026-06-01"))

    assert played.one("visit", child="ben").state is ItemState.VOID
    assert played.one("visit", child="ben").closed_at == at("2026-01-20")
    assert played.one("visit", child="ada").state is ItemState.MISSED
    assert not any(item.child == "ben" for item in played.state.items.values())


def test_a_statement_that_is_taken_back_makes_its_item_void_and_ends_what_its_lapse_asked() -> None:
    played = PlayedCase.of()
    ppn = played.say("P-1", at("2026-01-09"), "ppn", source="police")
    item = played.until(at("2026-01-14")).one("ppn_face_to_face")
    assert item.obligation_id is not None
    played.amend(ppn, at("2026-01-15"), action=Action.WITHDRAWN)

    assert played.one("ppn_face_to_face").state is ItemState.VOID
    assert played.state.own[item.obligation_id].ended_at == at("2026-01-15")


def test_a_visit_that_is_taken_back_opens_again_what_it_had_closed() -> None:
    played = PlayedCase.of()
    played.say("P-1", at("2026-01-09"), "ppn", source="police")
    visit = played.say("V-1", at("2026-01-12"), details=VISIT)
    assert played.until(at("2026-01-14")).one("ppn_face_to_face").state is ItemState.MET
    played.amend(visit, at("2026-01-15"), action=Action.WITHDRAWN)

    item = played.one("ppn_face_to_face")
    assert (item.state, item.closed_by) == (ItemState.MISSED, None)
    assert steps(item) == [("next", "team_manager", at("2026-01-15"))], "told when it became known, not as of a day when it was met"


def test_an_amendment_that_says_that_an_action_is_done_closes_it() -> None:
    played = PlayedCase.of()
    agreed = action("New locks", owner="housing", due="2026-01-20")
    said = played.say("A-1", at("2026-01-12"), details=agreed)
    played.amend(said, at("2026-01-16"), details=action("New locks", "done", owner="housing", due="2026-01-20"))

    item = played.one("action")
    assert (item.state, item.closed_at) == (ItemState.MET, at("2026-01-16"))


def test_an_amendment_that_gives_more_time_moves_what_is_due() -> None:
    played = PlayedCase.of()
    said = played.say("A-1", at("2026-01-12"), details=action("New locks", due="2026-01-20"))
    lapsed = played.until(at("2026-01-21")).one("action")
    played.amend(said, at("2026-01-22"), details=action("New locks", due="2026-02-20"))

    item = played.one("action")
    assert (item.id, item.due, item.state) == (lapsed.id, end_of("2026-02-20"), ItemState.OPEN)
    assert played.state.own[lapsed.obligation_id or ""].ended_at is not None


def test_history_opens_nothing_and_closes_nothing() -> None:
    played = PlayedCase.of()
    played.say("P-1", at("2026-01-09"), "ppn", source="police", history=True)
    assert {item.kind for item in played.items.values()} == {LAPSE}, "only what the case itself opens"
    assert played.state.facts == {}


def test_an_item_of_a_case_that_nobody_holds_is_owed_by_nobody() -> None:
    family = a_family()
    others = [one.model_dump(by_alias=True) for one in family.involvements if one.agency != SOCIAL_CARE]
    played = PlayedCase.of(a_family(involvements=others))
    played.say("P-1", at("2026-01-09"), "ppn", source="police")

    assert played.until(at("2026-02-01")).items == {}


def test_a_family_that_is_taken_off_the_case_leaves_its_items_void() -> None:
    played = PlayedCase.of()
    played.say("P-1", at("2026-01-09"), "ppn", source="police")
    known = at("2026-01-10")
    stranger = {"people": [{"key": "other", "person_ids": ["id-other"]}], "children": ["other"]}
    links = [{"person": "other", "relation": "child", "known_at": known.isoformat()}]
    emptied = a_family(version=2, involvements=[{"agency": SOCIAL_CARE}], links=links, **stranger).model_copy(update={"known_at": known})
    played.event(CaseChanged(case=emptied))

    assert played.one("ppn_face_to_face").state is ItemState.VOID


def test_one_tick_over_years_gives_out_each_step_dated_by_its_own_moment() -> None:
    played = PlayedCase.of(a_family(episodes=PLAN))
    played.say("M-1", at("2026-01-12"), "meeting", details=STRATEGY_WITH_ENQUIRY)

    played.event(Tick(case_id="case-1", since=at("2026-01-12"), at=at("2029-01-01")))

    assert steps(played.one("initial_conference")) == [
        ("reminder", "social_worker", at("2026-01-26", "09:00")),
        ("next", "team_manager", end_of("2026-02-02")),
    ]
    assert all(notice.obligation.since < at("2026-06-01") for notice in played.notices.values())


def test_the_notice_of_a_lapse_says_nothing_of_the_family() -> None:
    played = PlayedCase.of()
    words = "Canary Sawtooth of 9 Marigold Row"
    played.say("A-1", at("2026-01-12"), details=action(words, due="2026-01-20"), narrative=[{"text": words}])
    played.say("R-1", at("2026-01-12"), details={"request": {"what": words, "to": "housing", "due": "2026-01-20"}})
    played.say("I-1", at("2026-01-12"), details={"instruction": {"what": words, "within_hours": 24, "by": "Sawtooth"}})
    played.until(at("2026-02-12"))

    assert len(played.notices) >= 3
    written = [notice.model_dump_json() for notice in played.notices.values()]
    written += [item.model_dump_json() for item in played.items.values()]
    written += [own.model_dump_json() for own in played.state.own.values()]
    assert not [text for text in written if "Sawtooth" in text or "Marigold" in text or "mother" in text.lower()]


def test_an_agency_that_may_not_see_plans_is_not_told_which_rule_lapsed() -> None:
    played = PlayedCase.of()
    played.say("A-1", at("2026-01-12"), details=action("Risk assessment", due="2026-01-20"))
    item = played.until(at("2026-01-21")).one("action")

    (notice,) = played.told_of(item, "housing")
    assert notice.title == "Something on this case was not recorded in time"
    assert "action" not in notice.summary.lower()


@pytest.mark.parametrize(
    ("day", "days", "due"),
    [("2026-12-14", 15, "2027-01-07"), ("2026-12-24", 1, "2026-12-29"), ("2027-03-25", 1, "2027-03-30"), ("2026-11-02", 45, "2027-01-07")],
)
def test_standards_12_working_days_are_those_of_england_and_wales(day: str, days: int, due: str) -> None:
    assert in_uk(Within(working_days=days).after(at(day), frozenset())).date() == date.fromisoformat(due)
