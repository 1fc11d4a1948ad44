"""The review's own story (CHILD BI) played through the reducers: every clock of `child-bi-expected.json` comes out as worked out by hand."""

import json
from collections.abc import Mapping
from datetime import UTC, datetime
from importlib.resources import files
from pathlib import Path
from typing import Any

import pytest

from alertbus.model.alert import AcceptedAlert
from alertbus.model.case import Case, in_uk
from alertbus.model.events import AlertReachedCase, CaseChanged, Tick
from alertbus.model.item import Item, ItemState
from alertbus.model.notice import Notice
from alertbus.policy.load import load_policy
from alertbus.reach.follow import follow
from alertbus.reach.reduce_case import CaseState
from alertbus.rehearsal.scenario import Scenario, load_scenario

EXPECTED: Mapping[str, Any] = json.loads((Path(__file__).parents[1] / "data" / "child-bi-expected.json").read_text(encoding="utf-8"))
AFTERWARDS = datetime(2022, 6, 1, tzinfo=UTC)


def on_the_bus(case: Case) -> Case:
    """The case with an id of the directory's for each person."""
    people = tuple(person.model_copy(update={"person_ids": (f"id-{person.key}",)}) for person in case.people)
    return case.with_implied_links().model_copy(update={"version": 1, "people": people})


def played(scenario: Scenario, *, repeated: bool) -> tuple[dict[str, Item], dict[str, Notice]]:
    policy, state, now = load_policy(), CaseState(), datetime(2016, 1, 1, tzinfo=UTC)
    case = on_the_bus(scenario.cases[0])
    items: dict[str, Item] = {}
    notices: dict[str, Notice] = {}

    def happen(event: CaseChanged | Tick | AlertReachedCase) -> None:
        nonlocal state
        for _ in range(1 + repeated):
            outcome = follow(state, event, policy)
            state = outcome.after
            items.update({item.id: item for item in outcome.items})
            notices.update({notice.id: notice for notice in outcome.notices})

    happen(CaseChanged(case=case))
    for event in scenario.events:
        alert = event.alert
        happen(Tick(case_id=case.id, since=now, at=alert.recorded_at))
        now = alert.recorded_at
        accepted = AcceptedAlert.of(alert, now)
        people = tuple((f"id-{one.person.key or one.person.label}",) for one in accepted.everybody)
        for via in sorted({person_id for ids in people for person_id in ids} & {f"id-{person.key}" for person in case.people}):
            happen(AlertReachedCase(case_id=case.id, via=via, alert=accepted.with_people(people)))
    happen(Tick(case_id=case.id, since=now, at=AFTERWARDS))
    return items, notices


@pytest.fixture(scope="module")
def told() -> tuple[dict[str, Item], dict[str, Notice]]:
    folder = Path(str(files("alertbus.scenarios") / "child-bi"))
    return played(load_scenario(folder, "x1"), repeated=False)


@pytest.mark.parametrize("clock", EXPECTED["clocks"], ids=lambda clock: f"{clock['event']}-{clock['clock']}")
def test_each_clock_of_the_review_is_met_or_missed_as_worked_out_by_hand(
    clock: Mapping[str, str], told: tuple[dict[str, Item], Any]
) -> None:
    (item,) = [one for one in told[0].values() if (one.rule, one.source_id) == (clock["clock"], clock["event"])]
    assert item.due is not None
    assert (in_uk(item.due).date().isoformat(), item.state) == (clock["due"], clock["state"])
    if "closed_by" in clock:
        assert item.closed_by == clock["closed_by"]


def test_tur_11_the_children_were_first_seen_two_months_after_the_second_worker_had_the_case(told: tuple[dict[str, Item], Any]) -> None:
    seen = [one for one in told[0].values() if (one.rule, one.source_id) == ("first_contact", "CB-036")]
    assert {(one.child, one.state, one.closed_by) for one in seen} == {
        (child, ItemState.MISSED, "CB-048") for child in ("sibling_1", "sibling_2", "sibling_3", "sibling_4")
    }


def test_not_26_no_clock_runs_for_the_child_after_his_death(told: tuple[dict[str, Item], dict[str, Notice]]) -> None:
    died = datetime(2021, 11, 14, tzinfo=UTC)
    his = [one for one in told[0].values() if one.child == "child_bi"]
    assert his
    assert all(step.at < died for one in his for step in one.steps)
    assert not [one for one in his if one.state is ItemState.OPEN]


def test_no_lapse_is_told_before_its_time_and_each_is_told_once(told: tuple[dict[str, Item], dict[str, Notice]]) -> None:
    lapses = [one for one in told[1].values() if one.obligation.kind == "lapse" and one.step and one.step.at == one.obligation.since]
    by_item = {one.id: one for one in told[0].values()}
    chasing = [one for one in lapses if one.obligation.due is not None]
    assert len({one.obligation.id for one in chasing}) == len(chasing) > len(EXPECTED["clocks"]) // 2
    for notice in chasing:
        due = by_item[notice.obligation.source_id].due
        assert due is not None
        assert notice.obligation.since >= due


def test_the_same_events_twice_over_give_the_same_items_and_notices(told: tuple[dict[str, Item], dict[str, Notice]]) -> None:
    folder = Path(str(files("alertbus.scenarios") / "child-bi"))
    assert played(load_scenario(folder, "x1"), repeated=True) == told
