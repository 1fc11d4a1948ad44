"""The review's own story when nobody answers anything: every obligation goes through its chain, step by step, and ends where it is loud."""

from collections import defaultdict
from datetime import UTC, datetime, timedelta
from functools import cache
from pathlib import Path

import alertbus
from alertbus.model.alert import AcceptedAlert
from alertbus.model.case import Case
from alertbus.model.events import AlertReachedCase, CaseChanged
from alertbus.model.item import ANSWER, Item, ItemState, StepKind
from alertbus.model.notice import Deed, Notice
from alertbus.rehearsal.scenario import Scenario, load_scenario
from tests.asked import POLICY, Machine

SCENARIO = load_scenario(Path(alertbus.__file__).parent / "scenarios/child-bi", "nobody-answers")
END = datetime(2022, 6, 1, tzinfo=UTC)


def with_ids(case: Case) -> Case:
    """The case with an id for each of its people, as the directory would give it."""
    people = tuple(one.model_copy(update={"person_ids": (one.key,)}) for one in case.people)
    return case.model_copy(update={"people": people}).learned(None, END)


def found(statement: AcceptedAlert) -> AcceptedAlert:
    return statement.with_people(tuple((one.person.key,) if one.person.key else () for one in statement.everybody))


@cache
def played() -> tuple[Scenario, Machine]:
    """The whole scenario, with a tick at every moment that its case names."""
    machine, (case,) = Machine(), SCENARIO.cases
    machine.follow(CaseChanged(case=with_ids(case)))
    for event in SCENARIO.events:
        at = event.alert.recorded_at
        machine.until(at - timedelta(microseconds=1))
        statement = found(AcceptedAlert.of(event.alert, at))
        for via in dict.fromkeys(one for ids in statement.people for one in ids):
            machine.follow(AlertReachedCase(case_id=case.id, via=via, alert=statement))
            break
    machine.until(END)
    return SCENARIO, machine


def of_alerts(machine: Machine) -> dict[str, list[Notice]]:
    """What was told of each obligation of an alert, in order."""
    notices: dict[str, list[Notice]] = defaultdict(list)
    for one in machine.notices:
        if one.obligation.source != "alertbus":
            notices[one.obligation.id].append(one)
    return notices


def last_items(machine: Machine) -> dict[str, Item]:
    return {one.id: one for one in machine.items if one.rule == ANSWER}


def test_ppn_13_every_obligation_of_a_kind_with_a_chain_shows_each_step_with_its_time_and_ends_unowned() -> None:
    _, machine = played()
    items, chased = last_items(machine), 0
    for one, notices in of_alerts(machine).items():
        owing = notices[0].obligation
        chain = POLICY.kind_rule(owing.kind).chain
        if not chain or owing.due is None or items[one].closed_at is not None:
            continue
        chased += 1
        after = chain[chain.index(owing.role) + 1 :] if owing.role in chain else chain
        steps = [step for step in items[one].steps if step.kind in {StepKind.NEXT, StepKind.DUTY_LEAD, StepKind.UNOWNED}]
        assert [step.role for step in steps] == [*after, "duty_lead", None]
        assert [step.at for step in steps] == sorted({step.at for step in steps})
        assert steps[0].at >= owing.due
        assert items[one].unowned
        assert items[one].state is ItemState.MISSED
    assert chased > 100


def test_what_is_not_unowned_in_the_end_is_over() -> None:
    _, machine = played()
    told = of_alerts(machine)
    for one, item in last_items(machine).items():
        if one not in told or item.unowned:
            continue
        assert item.closed_at is not None, "a chased answer is unowned, or it is over"
        assert told[one][-1].deed.ends or item.state in {ItemState.VOID, ItemState.MISSED}


def test_each_step_but_the_last_is_a_notice_of_that_moment() -> None:
    _, machine = played()
    told = of_alerts(machine)
    for one, item in last_items(machine).items():
        if one in told:
            steps = {(notice.step.kind, notice.obligation.role, notice.step.at) for notice in told[one] if notice.step is not None}
            assert steps >= {(step.kind, step.role, step.at) for step in item.steps if step.role is not None}


def test_not_02_no_step_goes_to_an_agency_that_was_not_told() -> None:
    _, machine = played()
    for notices in of_alerts(machine).values():
        assert notices[0].deed is not Deed.ESCALATE
        assert len({one.obligation.agency for one in notices}) == 1
