"""The one idea as a law: for any order and any repetition of the same inputs, what is owed equals the join computed from scratch."""

import itertools
import random
from collections import defaultdict
from datetime import datetime, timedelta
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from alertbus.model.alert import AcceptedAlert, Action, Alert
from alertbus.model.case import Case
from alertbus.model.events import AlertAboutPerson, AlertReachedCase, CaseChanged, Tick
from alertbus.model.notice import Deed
from alertbus.reach import standing as standing_alerts
from alertbus.reach.reduce_case import CaseState, reduce_case
from alertbus.reach.reduce_person import PersonState, reduce_person
from alertbus.reach.roster import BEGINNING
from alertbus.reach.sameness import tells_the_same
from alertbus.reach.standing import PRUNE_EVERY, REMEMBERED, standing_order
from alertbus.reconcile.oracle import ever_stood, obligations_from_scratch, statements_by_alert, with_words
from tests.worlds import END, POLICY, Found, Machine, World, decisions, inputs_of, moment, released, sent_by_a_jumping_clock, worlds


@settings(max_examples=250, deadline=None, suppress_health_check=list(HealthCheck))
@given(world=worlds(), data=st.data())
def test_in_any_order_and_with_any_repetition_what_is_owed_is_the_join_from_scratch(world: World, data: st.DataObject) -> None:
    cases, alerts = world
    with pytest.MonkeyPatch.context() as patch:
        for kept in ("SETTLE", "REMEMBERED"):
            patch.setattr(standing_alerts, kept, timedelta(days=40_000))  # any order at all: nothing is forgotten as over
        machine = Machine()
        waiting = inputs_of(cases, alerts)
        decided = data.draw(decisions(cases, alerts))
        waiting += [(made.case_id, made) for made in decided]
        waiting += data.draw(st.lists(st.sampled_from(waiting), max_size=5))
        while waiting:
            key, event = waiting.pop(data.draw(st.integers(0, len(waiting) - 1)))
            waiting += machine.take(key, event)
        for case_id in cases:
            machine.take(case_id, Tick(case_id=case_id, since=BEGINNING, at=END))

    latest = {case_id: versions[-1] for case_id, versions in cases.items()}
    expected = obligations_from_scratch([found.statement for found in alerts], latest, POLICY, END, released(decided))

    last = {one: entries[-1] for one, entries in machine.read().items()}
    assert {one for one, entry in last.items() if not entry.deed.ends} == {one for one, due in expected.items() if due.stands()}
    assert expected.keys() <= last.keys()
    said = statements_by_alert([f.statement for f in alerts])
    for one, due in expected.items():
        if due.stands():
            here = [*said[due.alert_id], *with_words(said[due.alert_id], due.case_id, released(decided))]
            stood = {s.statement_id: s for s in ever_stood(here)}
            wanted = stood[due.read[-1][1] or ""]
            assert last[one].statement.statement_id in stood
            assert standing_order(wanted) <= standing_order(last[one].statement) or tells_the_same(last[one].statement, wanted)


@settings(max_examples=250, deadline=None, suppress_health_check=list(HealthCheck))
@given(world=worlds(), chance=st.randoms(use_true_random=False), clock=st.randoms(use_true_random=False))
def test_however_the_lanes_are_read_and_the_clock_jumps_nothing_is_taken_back_that_does_not_stand(
    world: World, chance: random.Random, clock: random.Random
) -> None:
    machine = Machine()
    machine.read_lanes(sent_by_a_jumping_clock(*world, clock), chance)

    for entries in machine.read().values():
        stands = False
        for entry in entries:
            assert stands or not entry.deed.ends
            stands = not entry.deed.ends
            by_the_sender = entry.ended_by is not None and entry.ended_by.alert.action is Action.WITHDRAWN
            assert (entry.deed is Deed.WITHDRAW) is by_the_sender
            assert (entry.ended_at is not None) is entry.deed.ends


@settings(max_examples=150, deadline=None, suppress_health_check=list(HealthCheck))
@given(world=worlds())
def test_in_the_gateways_order_whatever_becomes_owed_is_said_when_it_does(
    world: World,
) -> None:
    cases, alerts = world
    machine = Machine()
    timeline: list[tuple[datetime, int, list[tuple[str, Any]]]] = []
    for case_id, versions in cases.items():
        for number, case in enumerate(versions):
            assert case.known_at is not None
            timeline.append((case.known_at, 0, inputs_of({case_id: versions[: number + 1]}, [])))
    timeline += [(found.when, 1, inputs_of({}, [found])) for found in alerts]
    before = BEGINNING
    timeline = [*sorted(timeline, key=lambda entry: entry[:2]), (END, 2, [])]
    for at, together in itertools.groupby(timeline, key=lambda entry: entry[0]):
        waiting = [event for _, _, sent in together for event in sent]
        for case_id in cases:
            machine.take(case_id, Tick(case_id=case_id, since=before, at=at))
        while waiting:
            waiting += machine.take(*waiting.pop(0))
        known = {case_id: [v for v in versions if v.known_at and v.known_at <= at][-1:] for case_id, versions in cases.items()}
        standing = {case_id: versions[0] for case_id, versions in known.items() if versions}
        owed = obligations_from_scratch([found.statement for found in alerts if found.when <= at], standing, POLICY, at)

        told = {entry.obligation.id for entry in machine.said if not entry.deed.ends}
        assert {obligation for obligation, due in owed.items() if due.since > before} <= told
        before = at


def test_a_case_dated_before_an_alert_was_over_meets_it_though_another_case_came_from_after_it() -> None:
    """The clock was set back between two cases' changes: the first one, dated weeks later, must not make the person forget."""

    def known(case_id: str, at: datetime) -> Case:
        return Case.model_validate(
            {
                "id": case_id,
                "people": [{"key": "mother", "person_ids": ["id-mother"]}],
                "links": [{"person": "mother", "relation": "mother"}],
                "involvements": [{"agency": "gp"}],
            }
        ).learned(None, at)

    alert = Alert.model_validate(
        {
            "id": "a",
            "source": "police",
            "kind": "other",
            "occurred_at": moment(0),
            "recorded_at": moment(0),
            "subjects": [{"person": {"key": "mother"}}],
        }
    )
    found = Found(moment(0), AcceptedAlert.of(alert, moment(0)).with_people((("id-mother",),)), ("id-mother",))
    machine = Machine()
    ahead, back = known("c1", moment(28 + 30)), known("c2", moment(28))
    waiting = inputs_of({}, [found]) + inputs_of({"c1": [ahead]}, []) + inputs_of({"c2": [back]}, [])
    while waiting:
        waiting += machine.take(*waiting.pop(0))

    assert [(entry.obligation.case_id, entry.deed) for entry in machine.said] == [("c2", Deed.DELIVER)]


@pytest.mark.parametrize("kind", ["other", "ppn"])
def test_a_person_after_three_years_of_an_alert_a_day_holds_no_more_than_after_one(kind: str) -> None:
    rule, state, held = POLICY.kind_rule(kind), PersonState(), []
    for number in range(3 * 365):
        alert = Alert.model_validate(
            {
                "id": f"a{number}",
                "source": "police",
                "kind": kind,
                "occurred_at": moment(number),
                "recorded_at": moment(number),
                "subjects": [{"person": {"key": "mother"}}],
            }
        )
        statement = AcceptedAlert.of(alert, moment(number)).with_people((("id-mother",),))
        state, *_ = reduce_person(state, AlertAboutPerson(person_id="id-mother", alert=statement), POLICY)
        held.append(len(state.alerts))

    bound = max(rule.meets_later_days, rule.stands.days or 0) + REMEMBERED.days + PRUNE_EVERY
    assert max(held[365:]) <= max(held[:365]) <= bound


def test_an_alert_through_several_of_its_people_is_said_once() -> None:
    case = Case.model_validate(
        {
            "id": "c1",
            "people": [{"key": key, "person_ids": [f"id-{key}"]} for key in ("mother", "child")],
            "links": [{"person": key, "relation": "someone"} for key in ("mother", "child")],
            "involvements": [{"agency": "gp"}],
        }
    ).learned(None, moment(0))
    alert = Alert.model_validate(
        {
            "id": "a",
            "source": "police",
            "kind": "other",
            "occurred_at": moment(1),
            "recorded_at": moment(1),
            "subjects": [{"person": {"key": "mother"}}],
        }
    )
    statement = AcceptedAlert.of(alert, moment(1)).with_people((("id-mother",),))
    state, _ = reduce_case(CaseState(), CaseChanged(case=case), POLICY)

    state, first = reduce_case(state, AlertReachedCase(case_id="c1", via="id-mother", alert=statement), POLICY)
    state, second = reduce_case(state, AlertReachedCase(case_id="c1", via="id-child", alert=statement), POLICY)
    _, again = reduce_case(state, AlertReachedCase(case_id="c1", via="id-mother", alert=statement), POLICY)

    assert [o.obligation.agency for o in first] == ["gp"]
    assert second == []
    assert [o.notice_id for o in again] == [o.notice_id for o in first]


def test_who_joins_late_reads_the_matter_in_the_order_in_which_it_was_said() -> None:
    statements = []
    for number, action in enumerate(("raised", "amended", "amended")):
        alert = Alert.model_validate(
            {
                "id": f"a{number}",
                "source": "police",
                "kind": "threat_to_staff",
                "action": action,
                "amends": "a0" if number else None,
                "occurred_at": moment(number),
                "recorded_at": moment(number),
                "subjects": [{"person": {"key": "mother"}}],
                "narrative": [{"text": f"This is what was known on day {number}."}],
            }
        )
        statements.append(AcceptedAlert.of(alert, moment(number), moment(0) if number else None).with_people((("id-mother",),)))
    case = Case.model_validate(
        {
            "id": "c1",
            "people": [{"key": "mother", "person_ids": ["id-mother"]}],
            "links": [{"person": "mother", "relation": "mother"}],
            "involvements": [{"agency": agency} for agency in ("gp", "school", "housing", "midwifery", "health_visiting")],
        }
    ).learned(None, moment(5))
    state = CaseState()
    for statement in statements:
        state, _ = reduce_case(state, AlertReachedCase(case_id="c1", via="id-mother", alert=statement), POLICY)

    _, said = reduce_case(state, CaseChanged(case=case), POLICY)

    read: dict[str, list[Any]] = defaultdict(list)
    for entry in said:
        read[entry.obligation.agency].append((entry.deed, entry.statement.alert.id))
    assert set(map(tuple, read.values())) == {((Deed.DELIVER, "a0"), (Deed.AMEND, "a1"), (Deed.AMEND, "a2"))}
