"""A person who sees that something is late, or will be, has the next of its chain told by one action (CLK-12)."""

import random
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from alertbus.intake.by_name import later
from alertbus.intake.item_escalations import impossible
from alertbus.model.alert import AcceptedAlert
from alertbus.model.base import INSTANT
from alertbus.model.events import AlertReachedCase, CaseChanged, ItemEscalated, Tick
from alertbus.model.item import ANSWER, Item, ItemState
from alertbus.model.notice import Notice
from alertbus.model.receipt import Intent
from alertbus.plugin.wording import deed_line
from alertbus.policy.load import load_policy
from alertbus.reach.reduce_case import CaseEvent
from tests.asked import MONDAY, Machine, answered, reached, said
from tests.asked import a_case as an_asked_case
from tests.items_played import SOCIAL_CARE, a_family, a_statement, at, end_of

POLICY = load_policy()
AGREED = {"meeting": {"type": "child_in_need"}, "action": {"what": "strategy meeting", "state": "agreed"}}
HELD = {"meeting": {"type": "strategy", "state": "held"}}
ENQUIRY = {"meeting": {"type": "strategy", "state": "held", "s47": True}}


def arrived(statement: AcceptedAlert) -> AlertReachedCase:
    return AlertReachedCase(case_id="case-1", via="id-mother", alert=statement)


def a_played(*statements: AcceptedAlert) -> Machine:
    machine = Machine(POLICY)
    machine.follow(CaseChanged(case=a_family()))
    for one in statements:
        machine.until(one.at)
        machine.follow(arrived(one))
    return machine


def standing(machine: Machine, rule: str) -> Item:
    return [item for item in machine.items if item.rule == rule][-1]


def answer_of(machine: Machine, item: Item) -> Item:
    """The item of the answer that is asked for because of another."""
    return [one for one in machine.items if one.id == item.obligation_id][-1]


def escalation(item: Item, moment: datetime, by: str = "Hazel Visitor", agency: str = "health_visiting", **seen: Any) -> ItemEscalated:
    about = {"case_id": item.case_id, "item_id": item.id, "alert_id": item.alert_id or item.id}
    looked = max([item.opened_at, *(step.at for step in item.steps)])
    return ItemEscalated.model_validate({**about, "by": by, "agency": agency, "seen": looked, "at": moment, **seen})


def told(notices: list[Notice], item: Item) -> list[tuple[str, str, datetime]]:
    """Who was told of an item: the kind of the step, the role, and when."""
    mine = (one for one in notices if one.obligation.source_id == item.id and one.step is not None)
    return [(one.step.kind.value, one.obligation.role, one.step.at) for one in mine if one.step is not None]


def a_missed_meeting() -> tuple[Machine, Item]:
    machine = a_played(a_statement("CB-1", at("2026-02-02"), "meeting", details=AGREED))
    machine.until(at("2026-02-04", "08:00"))
    return machine, standing(machine, "strategy_meeting")


def test_clk_12_an_agreed_action_that_was_not_recorded_goes_to_the_next_of_the_chain_by_one_action_of_another_agency() -> None:
    machine, item = a_missed_meeting()
    assert (item.state, item.agency) == (ItemState.MISSED, SOCIAL_CARE)

    notices = machine.follow(escalation(item, at("2026-02-04", "09:30")))
    assert told(notices, item) == [("escalated", "duty_manager", at("2026-02-04", "09:30"))]
    (notice,) = [one for one in notices if one.step and one.step.kind == "escalated"]
    assert (notice.step and notice.step.by, notice.step and notice.step.by_agency) == ("Hazel Visitor", "health_visiting")
    assert "escalated by Hazel Visitor (health visiting)" in notice.because
    assert deed_line(notice, withdrawn="") == (
        "Escalated to you: Hazel Visitor (health visiting) has had this brought to you as duty manager, because it is late or will be."
    )
    asked = answer_of(machine, item)
    assert [(step.kind, step.role, step.by) for step in asked.steps][-1] == ("escalated", "duty_manager", "Hazel Visitor")
    later = [(kind, role, moment) for kind, role, moment in told(machine.until(at("2026-02-07")), item) if kind != "reminder"]
    assert later == [("duty_lead", "duty_lead", at("2026-02-06", "09:00"))], "a full working day from then on, and the next opening"


def test_clk_12_the_same_escalation_again_and_a_second_person_who_saw_the_same_have_nobody_told_twice() -> None:
    machine, item = a_missed_meeting()
    first = escalation(item, at("2026-02-04", "09:30"))
    once = machine.follow(first)
    again = machine.follow(first)
    other = machine.follow(escalation(item, at("2026-02-04", "09:31"), "Sam Teacher", "school", seen=first.seen))

    assert {one.id for one in again} <= {one.id for one in once}
    assert told(other, item) == []
    later = machine.until(at("2026-02-07"))
    assert [role for _, role, _ in told(later, item)] == ["team_manager", "duty_lead"], "a reminder, then the lead, and nobody again"


def test_clk_12_who_has_seen_that_the_next_was_told_escalates_to_the_one_after() -> None:
    machine, item = a_missed_meeting()
    machine.follow(escalation(item, at("2026-02-04", "09:30")))
    notices = machine.follow(escalation(item, at("2026-02-04", "10:00"), "Sam Teacher", "school", seen=at("2026-02-04", "09:30")))
    assert told(notices, item) == [("escalated", "duty_lead", at("2026-02-04", "10:00"))]


def test_clk_12_what_a_manager_said_they_act_on_and_nobody_recorded_can_be_escalated_all_the_same() -> None:
    machine, item = a_missed_meeting()
    (lapse,) = [one for one in machine.notices if one.obligation.id == item.obligation_id and one.step and one.step.kind == "next"]
    machine.follow(answered(lapse, at("2026-02-04", "09:00")))
    assert told(machine.until(at("2026-02-20")), item) == [], "nobody is asked while somebody acts"

    notices = machine.follow(escalation(item, at("2026-02-20", "11:00"), seen=at("2026-02-04", "09:00")))
    assert told(notices, item) == [("escalated", "duty_manager", at("2026-02-20", "11:00"))]
    asked = answer_of(machine, item)
    assert (asked.closed_at, asked.state) == (None, ItemState.OPEN)
    machine.follow(arrived(a_statement("CB-2", at("2026-02-21"), "meeting", details=HELD)))
    assert told(machine.until(at("2026-03-20")), item) == [], "it was recorded"


def test_clk_12_what_will_be_late_is_brought_to_the_manager_before_it_is() -> None:
    machine = a_played(a_statement("M-1", at("2026-02-02"), "meeting", details=ENQUIRY))
    machine.until(at("2026-02-17"))
    item = standing(machine, "initial_conference")
    assert (item.state, [step.kind for step in item.steps]) == (ItemState.OPEN, ["reminder"])

    notices = machine.follow(escalation(item, at("2026-02-17", "10:00"), "Sam Teacher", "school"))
    (notice,) = [one for one in notices if one.step and one.step.kind == "escalated"]
    assert (notice.obligation.role, notice.obligation.due, notice.step and notice.step.by) == (
        "team_manager", end_of("2026-02-18"), "Sam Teacher",
    )  # fmt: skip
    assert "Not recorded in time" not in notice.title
    raised = standing(machine, "initial_conference")
    assert (raised.state, raised.obligation_id) == (ItemState.OPEN, notice.obligation.id)
    chased = told(machine.until(at("2026-02-20")), item)
    assert [(kind, role) for kind, role, _ in chased] == [("reminder", "team_manager"), ("next", "duty_manager")], "nobody answered"
    machine.until(at("2026-02-24"))
    lapsed = standing(machine, "initial_conference")
    assert (lapsed.due, lapsed.state) == (end_of("2026-02-23"), ItemState.MISSED), "it lapses all the same, and asks anew"
    assert lapsed.obligation_id != raised.obligation_id
    assert raised.obligation_id not in machine.state.own, "whoever was asked before is asked by the lapse now"


def test_clk_12_what_nobody_is_reminded_of_can_be_brought_to_the_manager_from_the_day_it_was_agreed() -> None:
    machine = a_played(a_statement("M-1", at("2026-02-02"), "meeting", details=AGREED))
    item = standing(machine, "strategy_meeting")
    assert (item.state, item.steps) == (ItemState.OPEN, ())

    notices = machine.follow(escalation(item, at("2026-02-03", "10:00"), "Sam Teacher", "school", seen=item.opened_at))
    assert told(notices, item) == [("escalated", "team_manager", at("2026-02-03", "10:00"))]
    lapsed = told(machine.until(at("2026-02-04", "10:00")), item)
    assert ("next", "team_manager", end_of("2026-02-03")) in lapsed, "and it lapses all the same"


def test_clk_12_an_answer_that_an_agency_owes_itself_is_escalated_by_who_waits_for_it() -> None:
    machine = Machine()
    machine.follow(CaseChanged(case=an_asked_case("school")), reached(said(1, kind="restraining_order_breach")))
    machine.until(MONDAY + timedelta(hours=2))
    item = standing(machine, ANSWER)
    at_once = MONDAY + timedelta(hours=2, minutes=1)

    notices = machine.follow(escalation(item, at_once, "Sam Teacher", "school"))
    steps = [(one.step.kind.value, one.obligation.id) for one in notices if one.step is not None]
    assert steps == [("escalated", item.id)]
    machine.follow(answered(notices[0], at_once + timedelta(minutes=1), Intent.ACTING))
    assert standing(machine, ANSWER).closed_at == at_once + timedelta(minutes=1)


@dataclass
class Watched:
    """A case in time, and people who look at what the chronicle shows of it, which may be some records behind."""

    rule: str
    now: datetime
    machine: Machine = field(default_factory=lambda: Machine(POLICY), repr=False)
    topic: list[CaseEvent] = field(default_factory=list, repr=False)
    shown: list[dict[str, Item]] = field(default_factory=lambda: [{}], repr=False)
    """By offset, the items as they stood before it was read."""
    escalated: list[ItemEscalated] = field(default_factory=list)

    def _repr_pretty_(self, printer: Any, _cycle: bool) -> None:
        printer.text(f"{self.rule}, escalated {[(str(one.seen), str(one.at)) for one in self.escalated]}")

    def read(self, event: CaseEvent) -> list[Notice]:
        self.topic.append(event)
        found = self.machine.follow(event)
        self.shown.append({item.id: item for item in self.machine.items})
        return found

    def until(self, moment: datetime) -> None:
        while (due := self.machine.state.next_at) is not None and due <= moment:
            self.read(Tick(case_id="case-1", since=due - INSTANT, at=due))
        self.now = moment

    def somebody_escalates(self, behind: int, wrong_by: timedelta) -> None:
        """As the gateway takes it, by a clock that may be wrong."""
        shown = self.shown[max(1, len(self.shown) - 1 - behind)]
        item = next((one for one in reversed(shown.values()) if one.rule == self.rule), None)
        asked = shown.get(item.obligation_id or "") if item is not None else None
        rule = POLICY.items[self.rule]
        last = None if asked is None else POLICY.duty_lead(asked.agency)
        if item is None or impossible(item, asked, early=not rule.warns, last=last) is not None:
            return
        seen = max([item.opened_at, *(step.at for one in (item, asked) if one is not None for step in one.steps)])
        moment = later(self.now + wrong_by, seen, asked.closed_at if asked is not None else None)
        self.escalated.append(escalation(item, moment, f"Person {len(self.escalated)}", seen=seen))
        self.read(self.escalated[-1])
        now = standing(self.machine, self.rule)
        chased = [step_at for kind, _, step_at in told(self.machine.notices, item) if kind != "reminder" and step_at > seen]
        assert chased or now.closed_at is not None or now.state is ItemState.VOID, "somebody pressed it, and nobody was told"


@st.composite
def watched(draw: st.DrawFn, rule: str) -> Watched:
    """A story of one item from its opening: time, people who escalate it, and perhaps its record."""
    opens = a_statement("M-1", at("2026-02-02"), "meeting", details=AGREED if rule == "strategy_meeting" else ENQUIRY)
    case = Watched(rule, opens.at)
    case.read(CaseChanged(case=a_family()))
    case.read(arrived(opens))
    for place in range(draw(st.integers(2, 10))):
        what = draw(st.sampled_from(["time", "time", "looks", "looks", "looks", "closes"]))
        if what == "time":
            case.until(case.now + timedelta(minutes=draw(st.one_of(st.integers(0, 3), st.integers(0, 8 * 24 * 60))), seconds=17))
        elif what == "looks":
            case.somebody_escalates(draw(st.integers(0, 3)), timedelta(seconds=draw(st.sampled_from([0, 0, -40, 40]))))
        elif place > 4:
            closing = {**HELD, "conference": {"type": "initial", "outcome": "none"}}
            case.read(arrived(a_statement(f"M-{place}", case.now, "meeting", details=closing)))
    return case


@pytest.mark.parametrize("rule", ["strategy_meeting", "initial_conference"])
@settings(max_examples=60, deadline=None, suppress_health_check=list(HealthCheck))
@given(data=st.data())
def test_clk_12_whoever_looks_and_whenever_each_action_tells_somebody_and_of_those_who_saw_the_same_one_is_enough(
    rule: str, data: st.DataObject
) -> None:
    case = data.draw(watched(rule))
    case.until(at("2026-03-20"))

    item = standing(case.machine, rule)
    steps = [(one.obligation.id, one.obligation.role) for one in case.machine.notices if _is_step(one, item)]
    assert len(steps) == len(set(steps)), "somebody is told twice"
    by = [one.step.by for one in case.machine.notices if _is_step(one, item) and one.step is not None and one.step.kind == "escalated"]
    saw = {one.by: one.seen for one in case.escalated}
    assert len(by) == len({saw[one] for one in by if one is not None}), "two who saw the same, or one of them twice, moved it twice"


@pytest.mark.parametrize("rule", ["strategy_meeting", "initial_conference"])
@settings(max_examples=60, deadline=None, suppress_health_check=list(HealthCheck))
@given(data=st.data(), seed=st.integers(0, 2**32))
def test_clk_12_what_is_read_again_or_was_sent_at_the_same_time_in_another_order_tells_the_same_people(
    rule: str, data: st.DataObject, seed: int
) -> None:
    case = data.draw(watched(rule))
    case.until(at("2026-03-20"))

    dice, topic = random.Random(seed), list(case.topic)
    last = [place for place, one in enumerate(topic) if isinstance(one, ItemEscalated)][-2:]
    if len(last) == 2 and last[1] == last[0] + 1 and case.escalated[-2].seen == case.escalated[-1].seen:  # nobody has seen what came of one
        topic[last[0] : last[1] + 1] = [topic[last[1]], topic[last[0]]]
    back_from = dice.randint(0, len(topic))
    back_to = dice.randint(0, back_from)
    other = Machine(POLICY)
    other.follow(*topic[:back_from], *topic[back_to:])

    item = standing(case.machine, rule)
    assert _told(other, item) == _told(case.machine, item)


def _is_step(notice: Notice, item: Item) -> bool:
    return notice.obligation.source_id == item.id and notice.step is not None and notice.step.kind != "reminder"


def _told(machine: Machine, item: Item) -> list[object]:
    """Where the item stands, and everybody who was told of it, each as often as they were; by whose doing is for who came first."""
    found = machine.state.items.get(item.id)
    stands = None if found is None else (found.state, found.due, found.closed_at, found.obligation_id)
    return [stands, *sorted((one.obligation.id, one.obligation.role) for one in machine.notices if one.obligation.source_id == item.id)]
