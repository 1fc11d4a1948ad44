"""Who is asked next while nobody by name has answered: each step at its moment, once, to the right role, and none after an answer."""

from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest

from alertbus.model import ids
from alertbus.model.case import Case
from alertbus.model.events import AlertReachedCase, CaseChanged, ItemEscalated
from alertbus.model.item import ItemState, ItemStep, StepKind
from alertbus.model.notice import Deed, Notice
from alertbus.model.receipt import Intent
from alertbus.policy.policy import Policy
from alertbus.reach.kept import OwnObligation
from alertbus.reach.own_notices import own_notice
from alertbus.reach.standing import PRUNE_EVERY, REMEMBERED
from tests.asked import MONDAY, POLICY, Machine, a_case, answered, not_delivered, reached, said, shown, ticked

HOUR, DAY = timedelta(hours=1), timedelta(days=1)


def asked(*agencies: Any, policy: Policy = POLICY, at: datetime = MONDAY, **stated: Any) -> tuple[Machine, list[Notice]]:
    """A case with these agencies on which one alert arrives, and the notices of that."""
    machine = Machine(policy)
    machine.follow(CaseChanged(case=a_case(*agencies)))
    return machine, machine.follow(reached(said(1, at, **stated)))


def test_ppn_13_nobody_answers_and_every_role_of_the_chain_is_told_in_turn_until_nobody_is_left() -> None:
    machine, (first,) = asked("school", kind="restraining_order_breach")

    machine.until(MONDAY + 30 * DAY)

    assert shown(machine.notices) == [
        ("reminder", "designated_safeguarding_lead", "Mon 02 11:00"),
        ("next", "team_manager", "Mon 02 13:00"),
        ("next", "duty_manager", "Mon 02 17:00"),
        ("duty_lead", "duty_lead", "Mon 02 21:00"),
    ]
    assert {one.obligation.id for one in machine.notices} == {first.obligation.id}
    last = machine.items[-1]
    assert (last.id, last.rule, last.state, last.unowned, last.next) == (first.obligation.id, "answer", ItemState.MISSED, True, None)
    assert [step.kind for step in last.steps] == ["reminder", "next", "next", "duty_lead", "unowned"]
    assert last.at == datetime(2026, 3, 3, 1, tzinfo=UTC)


def test_every_step_says_who_was_asked_before_and_when() -> None:
    machine, _ = asked("school", kind="restraining_order_breach")

    machine.until(MONDAY + DAY)

    assert machine.steps[-1].because.endswith(
        "you, school (duty lead); asked before: designated safeguarding lead at 2026-03-02 09:00, designated safeguarding lead at "
        "2026-03-02 11:00 (reminder), team manager at 2026-03-02 13:00, duty manager at 2026-03-02 17:00"
    )


def test_a_step_is_the_agencys_own_notice_for_another_role_and_says_no_more() -> None:
    machine, (first,) = asked("school", kind="restraining_order_breach")

    for step in machine.until(MONDAY + DAY):
        assert step.deed is Deed.ESCALATE
        assert step.obligation.model_copy(update={"role": first.obligation.role}) == first.obligation
        changed = {"id", "deed", "obligation", "recipient", "because", "step"}
        assert step.model_dump(exclude=changed) == first.model_dump(exclude=changed)


def test_an_item_says_who_is_next_and_when() -> None:
    machine, _ = asked("school", kind="restraining_order_breach")

    machine.until(MONDAY + 2 * HOUR)

    item = machine.items[-1]
    assert item.state is ItemState.OPEN
    assert item.next is not None
    assert (item.next.role, item.next.at) == ("team_manager", MONDAY + 4 * HOUR)


def test_who_acts_ends_the_steps_and_an_answer_in_time_leaves_no_item() -> None:
    machine, (first,) = asked("school", kind="restraining_order_breach")

    machine.follow(answered(first, MONDAY + HOUR))

    assert machine.until(MONDAY + 30 * DAY) == []
    assert machine.items == []


def test_an_answer_that_comes_late_closes_the_item_as_missed_even_when_nobody_was_left_to_ask() -> None:
    machine, (first,) = asked("school", kind="restraining_order_breach")
    machine.until(MONDAY + 20 * DAY)

    machine.follow(answered(first, MONDAY + 20 * DAY + HOUR))

    last = machine.items[-1]
    assert (last.state, last.unowned, last.closed_at) == (ItemState.MISSED, False, MONDAY + 20 * DAY + HOUR)
    assert last.closed_by == f"r-A. Person-{last.closed_at.isoformat()}"


@pytest.mark.parametrize("days", [60, 900])
def test_an_answer_ends_what_nobody_owned_even_when_the_alert_is_long_forgotten(days: int) -> None:
    machine, (first,) = asked("school", kind="restraining_order_breach")
    machine.until(MONDAY + days * DAY)
    machine.follow(reached(said(2, MONDAY + days * DAY, kind="other")))
    assert first.obligation.alert_id not in machine.state.alerts
    assert machine.items[-1].id != first.obligation.id or machine.items[-1].unowned
    at = MONDAY + days * DAY + HOUR

    machine.follow(answered(first, at, Intent.PASSING_ON, to="B. Other"))
    assert [one for one in machine.items if one.id == first.obligation.id][-1].unowned
    machine.follow(answered(first, at + HOUR, by="B. Other"))

    last = [one for one in machine.items if one.id == first.obligation.id][-1]
    assert (last.state, last.unowned, last.closed_at) == (ItemState.MISSED, False, at + HOUR)
    machine.until(at + 2 * HOUR)
    assert machine.state.unowned == {}


@pytest.mark.parametrize("undone_first", [False, True])
def test_an_answer_to_what_is_long_forgotten_can_be_taken_back_in_time_and_it_is_loud_again(undone_first: bool) -> None:
    machine, (first,) = asked("school", kind="restraining_order_breach")
    at = MONDAY + 60 * DAY
    machine.until(at)
    assert first.obligation.alert_id not in machine.state.alerts
    answer = answered(first, at)
    undo = answered(first, at + timedelta(minutes=4), receipt_id="u-1", undoes=answer.receipt_id)
    machine.follow(*((undo, answer) if undone_first else (answer, undo)), answer, undo)

    last = [one for one in machine.items if one.id == first.obligation.id][-1]
    assert (last.unowned, last.closed_at, last.closed_by) == (True, None, None)
    machine.until(at + DAY)
    assert list(machine.state.unowned) == [first.obligation.id]
    machine.follow(answered(first, at + DAY, by="B. Other"))
    assert [one for one in machine.items if one.id == first.obligation.id][-1].closed_at == at + DAY


def test_who_else_acts_on_what_is_long_forgotten_still_does_when_one_takes_their_answer_back() -> None:
    machine, (first,) = asked("school", kind="restraining_order_breach")
    at = MONDAY + 60 * DAY
    machine.until(at)
    answer, other = answered(first, at), answered(first, at + timedelta(minutes=1), by="B. Other")
    machine.follow(answer, other, answered(first, at + timedelta(minutes=4), receipt_id="u-1", undoes=answer.receipt_id))
    last = [one for one in machine.items if one.id == first.obligation.id][-1]
    assert (last.unowned, last.closed_by) == (False, other.receipt_id)


def test_what_nobody_owned_is_over_when_its_agency_leaves_however_long_ago_it_was_asked() -> None:
    machine, (first,) = asked("school", "gp", kind="restraining_order_breach")[0], asked("school", kind="restraining_order_breach")[1]
    machine.until(MONDAY + 60 * DAY)
    assert len(machine.state.unowned) == 2
    known = machine.state.case
    assert known is not None
    left = a_case("gp").learned(known, MONDAY + 61 * DAY)

    machine.follow(CaseChanged(case=left))

    assert [one.agency for one in machine.state.unowned.values()] == ["gp"]
    last = [one for one in machine.items if one.id == first.obligation.id][-1]
    assert (last.unowned, last.closed_by) == (False, None)


def test_one_agencys_answer_never_answers_for_another() -> None:
    machine, told = asked("school", "gp", kind="restraining_order_breach")

    machine.follow(answered(told[0], MONDAY + HOUR))

    assert {one.obligation.agency for one in machine.until(MONDAY + 30 * DAY)} == {told[1].obligation.agency}


@pytest.mark.parametrize("intent", [Intent.PASSING_ON, Intent.NOT_OURS])
def test_passing_on_and_not_ours_stop_nothing(intent: Intent) -> None:
    silent, _ = asked("school", kind="restraining_order_breach")
    machine, (first,) = asked("school", kind="restraining_order_breach")

    machine.follow(answered(first, MONDAY + HOUR, intent, to="B. Other" if intent is Intent.PASSING_ON else None))

    assert shown(machine.until(MONDAY + 30 * DAY)) == shown(silent.until(MONDAY + 30 * DAY))


def test_what_was_passed_on_is_answered_when_that_person_acts() -> None:
    machine, (first,) = asked("school", kind="restraining_order_breach")
    machine.follow(answered(first, MONDAY + HOUR, Intent.PASSING_ON, to="B. Other"))
    machine.until(MONDAY + 3 * HOUR)

    machine.follow(answered(first, MONDAY + 3 * HOUR, by="B. Other"))

    assert shown(machine.until(MONDAY + 30 * DAY)) == []


def test_who_acts_and_then_passes_it_on_acts_no_more_and_it_is_asked_again_from_then() -> None:
    machine, (first,) = asked("school", kind="restraining_order_breach")
    machine.follow(answered(first, MONDAY + HOUR), answered(first, MONDAY + 3 * HOUR, Intent.PASSING_ON, to="B. Other"))

    machine.until(MONDAY + 10 * HOUR)

    assert shown(machine.notices) == [
        ("reminder", "designated_safeguarding_lead", "Mon 02 14:00"),
        ("next", "team_manager", "Mon 02 16:00"),
    ]


@pytest.mark.parametrize("undone_first", [True, False])
def test_an_answer_that_is_taken_back_was_never_given_whatever_arrives_first(undone_first: bool) -> None:
    silent, _ = asked("school", kind="restraining_order_breach")
    machine, (first,) = asked("school", kind="restraining_order_breach")
    given = answered(first, MONDAY + HOUR)
    undo = answered(first, MONDAY + HOUR + timedelta(minutes=4), receipt_id="r-undo", undoes=given.receipt_id)

    machine.follow(*((undo, given) if undone_first else (given, undo)))

    assert shown(machine.until(MONDAY + 30 * DAY)) == shown(silent.until(MONDAY + 30 * DAY))


def holding(kind: str = "restraining_order_breach", **within: int) -> Policy:
    """The shipped policy, in which an answer to that kind holds only for a time."""
    kinds = {**POLICY.kinds, kind: POLICY.kinds[kind].model_validate({**POLICY.kinds[kind].model_dump(), "acting_for": within})}
    return POLICY.model_copy(update={"kinds": kinds})


def test_ppn_02_who_acts_and_never_says_what_was_done_is_reminded_and_then_the_steps_start_again() -> None:
    machine, (first,) = asked("school", policy=holding(hours=24), kind="restraining_order_breach")
    machine.follow(answered(first, MONDAY + HOUR))

    machine.until(MONDAY + 2 * DAY)

    assert shown(machine.notices) == [
        ("reminder", "designated_safeguarding_lead", "Tue 03 10:00"),
        ("next", "team_manager", "Tue 03 14:00"),
        ("next", "duty_manager", "Tue 03 18:00"),
        ("duty_lead", "duty_lead", "Tue 03 22:00"),
    ]


def test_ppn_02_what_was_done_ends_it_for_good() -> None:
    machine, (first,) = asked("school", policy=holding(hours=24), kind="restraining_order_breach")
    machine.follow(answered(first, MONDAY + HOUR), answered(first, MONDAY + 5 * HOUR, acted=True))

    assert machine.until(MONDAY + 9 * DAY) == []


def test_what_is_withdrawn_asks_nobody_any_more() -> None:
    machine, _ = asked("school", kind="restraining_order_breach")
    machine.until(MONDAY + 5 * HOUR)

    told = machine.follow(reached(said(1, MONDAY + 6 * HOUR, kind="restraining_order_breach", action="withdrawn")))

    assert [one.deed for one in told] == [Deed.WITHDRAW]
    assert machine.until(MONDAY + 9 * DAY) == []
    assert (machine.items[-1].state, machine.items[-1].closed_at) == (ItemState.VOID, MONDAY + 6 * HOUR)


def amended(at: datetime, text: str) -> AlertReachedCase:
    stated = {"kind": "restraining_order_breach", "action": "amended", "amends": "A-1"}
    return reached(said(1, at, narrative=[{"text": text}], id="A-1.2", **stated))


def test_an_amendment_that_changes_something_asks_anew_whoever_had_answered() -> None:
    machine, (first,) = asked("school", kind="restraining_order_breach")
    machine.follow(answered(first, MONDAY + HOUR))

    machine.follow(amended(MONDAY + 2 * HOUR, "It was worse."))

    assert shown(machine.until(MONDAY + 7 * HOUR)) == [
        ("reminder", "designated_safeguarding_lead", "Mon 02 13:00"),
        ("next", "team_manager", "Mon 02 15:00"),
    ]


def test_an_amendment_that_changes_nothing_leaves_an_answer_standing() -> None:
    machine, (first,) = asked("school", kind="restraining_order_breach")
    machine.follow(answered(first, MONDAY + HOUR))

    machine.follow(amended(MONDAY + 2 * HOUR, "What was seen, number 1."))

    assert machine.until(MONDAY + 9 * DAY) == []


def test_end_03_who_has_left_the_case_is_asked_no_more() -> None:
    machine, _ = asked({"agency": "school", "to": "2026-03-02T12:00:00Z"}, kind="restraining_order_breach")

    assert [kind for kind, *_ in shown(machine.until(MONDAY + 9 * DAY))] == ["reminder"]
    assert machine.items[-1].closed_at is not None


def test_nobody_is_asked_what_their_own_agency_said() -> None:
    machine, _ = asked("police", kind="restraining_order_breach")

    assert machine.until(MONDAY + 9 * DAY) == []


def with_team(chain: tuple[str, ...]) -> Policy:
    school = POLICY.agencies["school"].model_validate({**POLICY.agencies["school"].model_dump(), "teams": {"East": {"chain": chain}}})
    return POLICY.model_copy(update={"agencies": {**POLICY.agencies, "school": school}})


def test_ppn_13_a_team_may_have_a_chain_of_its_own() -> None:
    policy = with_team(("head_teacher", "trust_lead"))
    east, _ = asked({"agency": "school", "team": "East"}, policy=policy, kind="restraining_order_breach")
    west, _ = asked({"agency": "school", "team": "West"}, policy=policy, kind="restraining_order_breach")

    assert [role for _, role, _ in shown(east.until(MONDAY + 9 * DAY))][1:] == ["head_teacher", "trust_lead", "duty_lead"]
    assert [role for _, role, _ in shown(west.until(MONDAY + 9 * DAY))][1:] == ["team_manager", "duty_manager", "duty_lead"]


def test_what_reached_nobody_goes_to_the_next_person_at_once_and_the_case_holder_is_told() -> None:
    machine, (first,) = asked("school", kind="restraining_order_breach")

    told = machine.follow(not_delivered(first, MONDAY + timedelta(minutes=5)))

    assert [(one.obligation.agency, one.obligation.role, one.step and one.step.kind) for one in told] == [
        ("school", "team_manager", "not_delivered"),
        ("childrens_social_care", "social_worker", None),
    ]
    assert told[0].because.endswith("; not reached: designated safeguarding lead (unreachable)")
    assert [step for step in shown(machine.until(MONDAY + 9 * DAY)) if step[1] == "team_manager"] == []


def test_what_reached_nobody_twice_goes_on_to_the_duty_lead() -> None:
    machine, (first,) = asked("school", kind="restraining_order_breach")
    notice = first
    for minutes in (5, 10, 15):
        (notice, *_) = machine.follow(not_delivered(notice, MONDAY + timedelta(minutes=minutes)))

    assert [role for _, role, _ in shown(machine.notices)] == ["team_manager", "duty_manager", "duty_lead"]
    assert machine.follow(not_delivered(notice, MONDAY + timedelta(minutes=20))) == []


def test_what_goes_on_to_somebody_has_one_id_by_whatever_path_and_whoever_wrote_it() -> None:
    """Also that of before the steps, when delivery wrote such notices: nobody is told twice across an upgrade."""
    machine, (first,) = asked("school", kind="restraining_order_breach")
    owing = first.obligation

    told = machine.follow(not_delivered(first, MONDAY + timedelta(minutes=5)))

    holder = ids.not_reached_id(owing.id, "childrens_social_care")
    expected = [(owing.id, "team_manager"), (holder, "social_worker")]
    assert [one.id for one in told] == [ids.escalation_id(one, owing.since.isoformat(), role) for one, role in expected]


def test_the_case_holder_learns_who_was_not_reached_and_nothing_of_what_was_said() -> None:
    machine, (first,) = asked("school", kind="restraining_order_breach")

    holder = machine.follow(not_delivered(first, MONDAY + timedelta(minutes=5)))[-1]

    assert "school (designated safeguarding lead) was not reached (unreachable)" in holder.because
    said_there = holder.model_dump_json()
    for hidden in (first.title, first.summary, owing_source(first), *(one.text for one in first.narrative)):
        assert hidden not in said_there
    assert (holder.obligation.kind, holder.narrative, holder.people, holder.children, dict(holder.details)) == ("other", (), (), (), {})


def owing_source(notice: Notice) -> str:
    return notice.obligation.source_id


def test_where_the_case_holder_itself_was_not_reached_the_front_door_is_told() -> None:
    machine, told = asked("childrens_social_care", kind="restraining_order_breach")

    assert machine.follow(not_delivered(told[0], MONDAY + timedelta(minutes=5)))[-1].obligation.agency == POLICY.front_door


def test_what_was_answered_or_is_over_goes_to_nobody_when_it_was_not_delivered() -> None:
    machine, (first,) = asked("school", kind="restraining_order_breach")
    machine.follow(answered(first, MONDAY + timedelta(minutes=3)))

    assert machine.follow(not_delivered(first, MONDAY + timedelta(minutes=5))) == []


def test_an_agency_nobody_has_entered_is_missed_all_the_same() -> None:
    machine, (first,) = asked("youth_club", kind="meeting")

    told = machine.follow(not_delivered(first, MONDAY + timedelta(minutes=5)))

    assert "youth club (duty officer) was not reached" in told[-1].because


def test_the_watchdogs_notice_asks_nobody() -> None:
    machine, _ = asked("alertbus_watchdog", kind="restraining_order_breach")

    assert [one for one in machine.until(MONDAY + 20 * DAY) if one.obligation.agency == "alertbus_watchdog"] == []


SUNDAY_AT_3 = datetime(2026, 3, 1, 3, tzinfo=UTC)


def test_ooh_01_what_is_urgent_goes_to_the_desk_that_is_open_and_again_to_the_day_team_at_opening() -> None:
    machine, _ = asked("childrens_social_care", at=SUNDAY_AT_3, kind="missing_child_incident")

    machine.until(MONDAY + HOUR)

    (at_once,) = [
        one for one in machine.steps if one.step and one.step.kind == "out_of_hours" and one.obligation.id == machine.steps[0].obligation.id
    ][:1]
    assert (at_once.obligation.role, at_once.step and at_once.step.at) == ("emergency_duty_team", SUNDAY_AT_3)
    opening = [one for one in machine.steps if one.step and one.step.kind == "opening"]
    assert {(one.obligation.role, one.step and one.step.at) for one in opening} == {("social_worker", MONDAY), ("team_manager", MONDAY)}
    assert all("emergency duty team at 2026-03-01 03:00 (out of hours)" in one.because for one in opening)


def test_ooh_01_what_is_urgent_waits_for_no_opening() -> None:
    machine, _ = asked("childrens_social_care", at=SUNDAY_AT_3, kind="missing_child_incident")

    machine.until(SUNDAY_AT_3 + 5 * HOUR)

    assert ("next", "team_manager", "Sun 01 07:00") in shown(machine.steps)


def test_ppn_07_the_steps_of_what_is_not_urgent_wait_for_the_opening() -> None:
    machine, _ = asked("childrens_social_care", at=SUNDAY_AT_3, kind="other")

    machine.until(MONDAY + 20 * DAY)

    times = [one.step.at.astimezone(UTC) for one in machine.steps if one.step]
    assert times
    assert all(9 <= at.hour < 17 and at.weekday() < 5 for at in times)


def test_ppn_07_over_christmas_a_step_waits_for_the_first_working_day() -> None:
    eve = datetime(2026, 12, 24, 15, tzinfo=UTC)
    machine, _ = asked("childrens_social_care", at=eve, kind="other")

    machine.until(eve + 20 * DAY)

    assert machine.steps[0].step is not None
    assert machine.steps[0].step.at.date() == date(2026, 12, 29)


def test_what_is_told_again_after_a_mistake_is_asked_from_then_on() -> None:
    machine, (first,) = asked("school", kind="restraining_order_breach")
    known = machine.state.case
    assert known is not None
    people = [one.model_dump() for one in known.people]
    without = Case.model_validate({**known.as_stated().model_dump(by_alias=True), "people": people, "links": []})
    mistaken = without.with_implied_links().learned(known, MONDAY + HOUR)
    restated = {**known.as_stated().model_dump(by_alias=True), "people": people}
    mended = Case.model_validate(restated).learned(mistaken, MONDAY + 10 * HOUR)

    machine.follow(CaseChanged(case=mistaken))
    assert shown(machine.until(MONDAY + 9 * HOUR)) == []
    (again,) = machine.follow(CaseChanged(case=mended))

    assert (again.obligation.id, again.obligation.since) == (first.obligation.id, MONDAY + 10 * HOUR)
    assert shown(machine.until(MONDAY + 15 * HOUR)) == [
        ("reminder", "designated_safeguarding_lead", "Mon 02 21:00"),
        ("next", "team_manager", "Mon 02 23:00"),
    ]


def owing(machine: Machine, **stated: Any) -> OwnObligation:
    """An obligation of the bus's own, as a lapse makes one, and the case with it."""
    body = {"id": "own-1", "alert_id": "own-1", "case_id": "c1", "agency": "school", "role": "team_manager", "kind": "lapse"}
    times = {"since": MONDAY, "due": MONDAY + 4 * HOUR, "severity": "high", "source": "alertbus", "source_id": "own-1"}
    texts = {
        "title": "Not recorded in time: a visit",
        "summary": "A visit: due by Monday.",
        "action": "Say what was done.",
        "rule": "visit",
    }
    own = OwnObligation.model_validate({"obligation": {**body, **times}, "chain": ("team_manager", "duty_manager"), **texts, **stated})
    machine.state = machine.state.model_copy(update={"own": {"own-1": own}})
    return own


def test_an_obligation_of_the_bus_itself_takes_the_same_steps() -> None:
    machine = Machine()
    machine.follow(CaseChanged(case=a_case("school")))
    owing(machine)
    machine.follow(ticked(MONDAY))

    machine.until(MONDAY + 10 * DAY)

    assert [role for _, role, _ in shown(machine.steps)] == ["team_manager", "duty_manager", "duty_lead"]
    assert {one.obligation.id for one in machine.steps} == {"own-1"}
    assert "asked before: team manager at 2026-03-02 09:00" in machine.steps[-1].because
    assert machine.items[-1].unowned


def test_an_obligation_of_the_bus_itself_that_is_over_or_answered_asks_nobody() -> None:
    for ended in (True, False):
        machine = Machine()
        machine.follow(CaseChanged(case=a_case("school")))
        own = owing(machine, **({"ended_at": MONDAY + HOUR} if ended else {}))
        if not ended:
            notice = own_notice(own, a_case("school"), POLICY, ItemStep(kind=StepKind.NEXT, role="team_manager", at=MONDAY), "n", "")
            machine.follow(answered(notice, MONDAY + HOUR))
        machine.follow(ticked(MONDAY))

        assert machine.until(MONDAY + 10 * DAY) == []
        assert machine.state.own == {}


def test_what_was_put_before_the_case_heard_of_answers_is_not_asked_for_after_an_upgrade() -> None:
    machine, _ = asked("school", kind="violent_person_flag")
    machine.state = machine.state.model_copy(update={"chased_from": None, "next_at": None})

    machine.follow(ticked(MONDAY + 30 * DAY))

    assert machine.steps == []
    machine.follow(reached(said(2, MONDAY + 31 * DAY, kind="other")))
    assert shown(machine.until(MONDAY + 50 * DAY))


def test_a_case_after_a_thousand_answered_alerts_holds_those_of_the_last_days() -> None:
    machine = Machine()
    machine.follow(CaseChanged(case=a_case("gp")))
    held = []
    for number in range(1000):
        at = MONDAY + number * HOUR
        machine.until(at)
        (told,) = machine.follow(reached(said(number, at)))
        machine.follow(answered(told, at + timedelta(minutes=1)))
        held.append(len(machine.state.alerts))

    most = 6 * 24 + PRUNE_EVERY  # an answer is due in two working days, which may hold a weekend and a bank holiday's
    assert max(held[500:]) <= max(held[:500]) + 4 * 24 <= most + 4 * 24
    assert len(machine.state.answers) <= len(machine.state.alerts)


def test_a_case_after_years_of_alerts_that_nobody_answers_holds_those_that_a_late_answer_may_end() -> None:
    machine = Machine()
    machine.follow(CaseChanged(case=a_case("gp")))
    for number in range(200):
        machine.until(MONDAY + number * 5 * DAY)
        machine.follow(reached(said(number, MONDAY + number * 5 * DAY)))

    assert len(machine.state.alerts) <= (REMEMBERED.days + 10) / 5 + PRUNE_EVERY


def test_clk_12_whoever_an_escalation_told_is_not_told_again_when_the_answer_before_it_is_taken_back() -> None:
    machine, (first,) = asked("school", kind="restraining_order_breach")
    owing, at = first.obligation, MONDAY + timedelta(minutes=10)
    answer = answered(first, at)
    by = {"agency": "childrens_social_care", "by": "B. Other", "seen": at}
    escalated = ItemEscalated(case_id=owing.case_id, item_id=owing.id, alert_id=owing.alert_id, at=at + timedelta(minutes=2), **by)
    machine.follow(answer, escalated)
    told = [(one.id, one.obligation.role) for one in machine.notices if one.deed is Deed.ESCALATE]
    assert len(told) == 1

    machine.follow(answered(first, at + timedelta(minutes=4), receipt_id="u-1", undoes=answer.receipt_id))
    machine.until(MONDAY + 20 * DAY)

    later = [(one.id, one.obligation.role) for one in machine.notices if one.deed is Deed.ESCALATE and one.step is not None]
    chased = [role for one, role in later if role != owing.role]
    assert told[0] in later
    assert len(chased) == len(set(chased)) > 1
