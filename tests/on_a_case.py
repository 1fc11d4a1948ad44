"""A case as the case stage works it out, event by event, in memory: for tests of what follows from one."""

import json
from collections.abc import Iterable
from datetime import datetime
from pathlib import Path
from typing import Any

from alertbus.model.alert import AcceptedAlert, Alert
from alertbus.model.briefing import KIND
from alertbus.model.case import Case
from alertbus.model.details import Details
from alertbus.model.events import AlertReachedCase, CaseChanged, Tick
from alertbus.model.notice import Notice
from alertbus.policy.load import load_policy
from alertbus.policy.policy import Policy
from alertbus.reach.follow import follow
from alertbus.reach.notices import notices_for
from alertbus.reach.reduce_case import CaseEvent, CaseState
from alertbus.reach.roster import BEGINNING
from alertbus.rehearsal.scenario import load_scenario

POLICY = load_policy()
CHILD_BI = Path(__file__).parents[1] / "alertbus/scenarios/child-bi"


class OnACase:
    """What was told on one case: `own` are its briefings, `told` the notices about alerts, `asked` what is asked because of time."""

    def __init__(self, policy: Policy = POLICY) -> None:
        self.policy, self.state = policy, CaseState()
        self.own: list[Notice] = []
        self.told: list[Notice] = []
        self.asked: list[Notice] = []
        self.now = BEGINNING

    def do(self, event: CaseEvent) -> list[Notice]:
        """Work out one event; give the briefings that it makes necessary."""
        before = self.state
        outcome = follow(before, event, self.policy)
        self.state = outcome.after
        briefings = [one for one in outcome.notices if one.obligation.kind == KIND and one.step is None]
        self.own += briefings
        self.asked += [one for one in outcome.notices if one not in briefings]
        self.told += [told.notice for told in notices_for(outcome.owed, before, outcome.after, self.policy)]
        return briefings

    def until(self, at: datetime) -> list[Notice]:
        """Let time pass."""
        assert self.state.case is not None
        since, self.now = self.now, at
        return self.do(Tick(case_id=self.state.case.id, since=since, at=at))

    def reach(self, statement: AcceptedAlert) -> list[Notice]:
        assert self.state.case is not None
        via = next(one[0] for one in statement.people if one)
        return self.do(AlertReachedCase(case_id=self.state.case.id, via=via, alert=statement))


def known_by_key(case: Case) -> Case:
    """The case with an id for each person, made of the key, and with the links that go without saying."""
    people = tuple(person.model_copy(update={"person_ids": (f"id-{person.key}",)}) for person in case.people)
    return case.model_copy(update={"people": people}).with_implied_links()


def said(alert: Alert) -> AcceptedAlert:
    """The alert as accepted when it was recorded, about whom it names by key."""
    people = tuple((f"id-{one.person.key}",) if one.person.key else () for one in (*alert.subjects, *alert.children))
    return AcceptedAlert.of(alert, alert.recorded_at).with_people(people)


def child_bi(policy: Policy = POLICY, *, leave_out: Iterable[str] = ()) -> OnACase:
    """The review's whole timeline, each event after the tick to its moment, as a replay plays it."""
    scenario = load_scenario(CHILD_BI, "x1")
    stated: dict[str, Any] = {}
    for line in (CHILD_BI / "events.jsonl").read_text(encoding="utf-8").splitlines():
        event = json.loads(line)
        stated[event["id"]] = event.get("details") or {}
    played = OnACase(policy)
    case = known_by_key(scenario.cases[0]).model_copy(update={"version": 1, "stated_version": 1})
    played.do(CaseChanged(case=case))
    for one in scenario.events:
        if one.id in set(leave_out):
            continue
        played.until(one.alert.recorded_at)
        whole = one.alert.details.model_dump(by_alias=True, exclude_unset=True) | stated[one.id]
        statement = said(one.alert.model_copy(update={"details": Details.model_validate(whole)}))
        if any(statement.people):
            played.reach(statement)
    return played
