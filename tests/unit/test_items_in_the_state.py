"""What a case's state keeps because of items, and what an event costs: the state is small, and most alerts are none of its business."""

from datetime import timedelta

import pytest

from alertbus.model.alert import Action
from alertbus.model.events import AlertReachedCase, CaseChanged, ItemDecision, Tick
from alertbus.model.item import ItemState
from alertbus.reach.facts import concerns_items
from alertbus.reach.items import CHASED, KEPT, known_until, next_item_moment
from tests.items_played import START, VISIT, PlayedCase, a_family, a_statement, at, end_of, seeing

PLAN = [{"type": "child_in_need_plan", "from": "2026-01-05"}]


def test_after_a_thousand_contacts_the_state_holds_those_of_four_weeks() -> None:
    played = PlayedCase.of(a_family(episodes=PLAN))
    for day in range(1000):
        played.say(f"V-{day}", START + timedelta(days=day, hours=1), details=seeing("ada"))

    state = played.state
    assert len(state.facts) <= KEPT.days + 2
    assert len(state.items) <= 2 * (KEPT.days + 3) + 2, "of each day the visit, and that the case is not silent"
    written = sum(len(one.model_dump_json()) for part in (state.facts, state.items, state.own) for one in part.values())
    assert written < 100_000
    assert len(played.items) > 2000, "though every one of them was given out"


def test_what_was_never_recorded_leaves_the_state_after_a_year_with_everything_that_it_rests_on() -> None:
    played = PlayedCase.of()
    played.say("P-1", at("2026-01-09"), "ppn", source="police")
    played.until(at("2026-06-01"))
    assert [fact.source_id for fact in played.state.facts.values()] == ["P-1"]
    played.until(at("2026-01-12") + CHASED + timedelta(days=2))
    played.say("V-1", at("2027-02-01"), details=VISIT)

    assert not [item for item in played.state.items.values() if item.rule == "ppn_face_to_face"]
    assert [fact.source_id for fact in played.state.facts.values()] == ["V-1"]
    assert not [own for own in played.state.own.values() if own.rule == "ppn_face_to_face"]
    assert played.one("ppn_face_to_face").closed_by is None


def test_an_old_statement_that_comes_again_after_it_was_forgotten_opens_nothing() -> None:
    played = PlayedCase.of()
    ppn = played.say("P-1", at("2026-01-09"), "ppn", source="police")
    played.say("V-1", at("2026-01-12"), details=VISIT)
    played.until(at("2026-03-09"))
    played.say("V-2", at("2026-03-10"), details=VISIT)
    assert "P-1" not in {fact.source_id for fact in played.state.facts.values()}
    again = ppn.model_copy(update={"people_version": 1})
    items, notices = played.reach(again)

    assert (items, notices) == ([], []), "the visit that closed it is forgotten too: it would look as if it never came"


def test_a_repeated_event_gives_out_again_what_it_gave() -> None:
    played = PlayedCase.of()
    ppn = a_statement("P-1", at("2026-01-09"), "ppn", source="police")
    first = played.event(AlertReachedCase(case_id="case-1", via="id-mother", alert=ppn))
    again = played.event(AlertReachedCase(case_id="case-1", via="id-mother", alert=ppn))
    assert again == first
    assert played.event(AlertReachedCase(case_id="case-1", via="id-ada", alert=ppn)) == ([], []), "it was dealt with when it first came"

    tick = Tick(case_id="case-1", since=at("2026-01-09"), at=at("2026-01-13"))
    _, told = played.event(tick)
    _, told_again = played.event(tick)
    assert [notice.id for notice in told] == [notice.id for notice in told_again]
    assert [notice.obligation.role for notice in told] == ["team_manager"]

    known = a_family()
    items, notices = played.event(CaseChanged(case=known))
    assert {item.id for item in items} == set(played.state.items)
    assert [notice.id for notice in notices] == [notice.id for notice in told]


def test_a_tick_at_which_nothing_is_due_gives_out_nothing_and_leaves_the_state_as_it_is() -> None:
    played = PlayedCase.of()
    played.say("P-1", at("2026-01-09"), "ppn", source="police")
    before = played.state
    items, notices = played.event(Tick(case_id="case-1", since=at("2026-01-09"), at=at("2026-01-11")))

    assert (items, notices) == ([], [])
    assert played.state.items is before.items
    assert played.state.facts is before.facts


def test_the_next_moment_is_when_something_will_be_due_and_never_one_that_has_passed() -> None:
    played = PlayedCase.of()
    played.say("P-1", at("2026-01-09"), "ppn", source="police")
    assert next_item_moment(played.state, played.policy) == end_of("2026-01-12")
    played.until(at("2026-01-20"))
    moment = next_item_moment(played.state, played.policy)

    assert moment is not None
    assert moment > known_until(played.state)
    assert PlayedCase().state.case is None
    assert next_item_moment(PlayedCase().state, played.policy) is None


def test_a_reminder_that_was_not_due_in_its_time_is_waited_for_no_longer() -> None:
    played = PlayedCase.of()
    played.say("M-1", at("2026-01-12"), details={"meeting": {"type": "strategy", "state": "held", "s47": True}})
    conference = played.say("C-1", at("2026-01-20"), "conference_outcome", details={"conference": {"type": "initial"}})
    played.until(at("2026-01-28"))
    played.amend(conference, at("2026-01-29"), action=Action.WITHDRAWN)

    assert played.one("initial_conference").steps == ()
    assert next_item_moment(played.state, played.policy) == end_of("2026-02-02")


def test_a_plan_that_begins_later_opens_its_clocks_when_its_day_has_come() -> None:
    later = [{"type": "child_in_need_plan", "from": "2026-02-02"}]
    played = PlayedCase.of(a_family(episodes=later))
    assert played.items == {}
    assert next_item_moment(played.state, played.policy) == at("2026-02-02", "00:00")
    played.until(at("2026-02-02", "00:00"))

    assert {item.opened_at for item in played.all_of("visit")} == {at("2026-02-02", "00:00")}


@pytest.mark.parametrize("kind", ["domestic_abuse_incident", "threat_to_staff", "prisoner_recall", "other", "school_concern", "birth"])
def test_an_alert_that_no_rule_asks_for_is_none_of_their_business(kind: str) -> None:
    played = PlayedCase.of()
    alert = a_statement("A-1", at("2026-01-09"), kind, source="police")

    assert not concerns_items(alert, played.state.facts, played.policy)
    assert played.reach(alert) == ([], [])
    assert played.state.facts == {}


def test_an_alert_of_any_kind_concerns_them_once_something_waits_for_it() -> None:
    played = PlayedCase.of()
    alert = a_statement("A-1", at("2026-01-09"), "birth", source="health_visiting")
    played.say("I-1", at("2026-01-08"), details={"instruction": {"what": "consult", "when": ["birth"]}})

    assert concerns_items(alert, played.state.facts, played.policy)
    assert not concerns_items(a_statement("A-2", at("2026-01-09"), "other"), played.state.facts, played.policy)


def test_a_correction_of_what_they_rest_on_concerns_them_whatever_it_says() -> None:
    played = PlayedCase.of()
    visit = played.say("V-1", at("2026-01-09"), details=VISIT)
    taken_back = a_statement("V-1w", at("2026-01-09"), action=Action.WITHDRAWN, amends="V-1", told=at("2026-01-10"))

    assert visit.alert_id == taken_back.alert_id
    assert concerns_items(taken_back, played.state.facts, played.policy)


def test_a_decision_that_arrives_before_its_item_counts_when_the_item_is_there() -> None:
    ahead, plain = PlayedCase.of(), PlayedCase.of()
    ppn = a_statement("P-1", at("2026-01-09"), "ppn", source="police")
    plain.reach(ppn)
    item = plain.one("ppn_face_to_face")
    ahead.decide(item, ItemDecision.SUSPENDED, at("2026-01-10"))
    ahead.reach(ppn)

    assert ahead.one("ppn_face_to_face").state is ItemState.SUSPENDED
