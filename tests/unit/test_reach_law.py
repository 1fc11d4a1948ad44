"""The one idea as a law: for any order and any repetition of the same inputs, what is owed equals the join computed from scratch."""

import itertools
import random
from collections import defaultdict
from collections.abc import Iterable, Mapping
from datetime import UTC, date, datetime, timedelta
from typing import Any, NamedTuple

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from alertbus.model.alert import AcceptedAlert, Action, Alert
from alertbus.model.case import Case, Link
from alertbus.model.events import AlertAboutPerson, AlertReachedCase, CaseChanged, LinkChanged, Tick, WordsDecided
from alertbus.model.notice import Deed
from alertbus.policy.load import load_policy
from alertbus.reach import standing as standing_alerts
from alertbus.reach.owed import Owed
from alertbus.reach.reduce_case import CaseState, reduce_case
from alertbus.reach.reduce_person import PersonState, reduce_person
from alertbus.reach.roster import BEGINNING
from alertbus.reach.sameness import tells_the_same
from alertbus.reach.standing import PRUNE_EVERY, REMEMBERED, standing_order
from alertbus.reconcile.oracle import ever_stood, obligations_from_scratch, statements_by_alert, with_words

POLICY = load_policy()
DAY_0 = datetime(2026, 3, 2, 9, tzinfo=UTC)
END = DAY_0 + timedelta(days=800)
PEOPLE = ("mother", "stepfather", "grandmother", "child")
IDS = (*(f"id-{person}" for person in PEOPLE), "id-stranger")
KINDS = (
    "threat_to_staff",
    "violent_person_flag",
    "ppn",
    "other",
    "nspcc_concern",
    "conference_outcome",
    "prisoner_release",
    "never_heard_of",
)
AGENCIES = (
    ("childrens_social_care", "children_case", None),
    ("gp", "children_case", None),
    ("school", "children_case", None),
    ("police", "children_case", None),
    ("housing", "plan_partner", None),
    ("probation", "adult_linked", "stepfather"),
    ("gp", "adult_linked", "stepfather"),
    ("prison", "children_case", None),
    ("school.123", "children_case", None),
    ("school.999", "children_case", None),
)

LEVELS = st.sampled_from(["agency", "agency", "agency", "worker"])


def moment(days: int, hours: int = 0) -> datetime:
    return DAY_0 + timedelta(days=days, hours=hours)


days = st.integers(0, 120)
bare_day = st.one_of(st.none(), days.map(lambda n: DAY_0.date() + timedelta(days=n)))


@st.composite
def spells(draw: st.DrawFn) -> dict[str, date | None]:
    begins, ends = draw(bare_day), draw(bare_day)
    if begins and ends and ends < begins:
        begins, ends = ends, begins
    return {"from": begins, "to": ends}


@st.composite
def who_is_who(draw: st.DrawFn, before: Case | None, at: datetime) -> list[dict[str, Any]]:
    """The people of a case with the directory's ids: a later version may give somebody another's id, from then on, or take one away."""
    people = []
    for key in PEOPLE:
        person_ids = list(before.person(key).person_ids) if before else [f"id-{key}"]
        joined_at = dict(before.person(key).joined_at) if before else {}
        found = draw(st.sampled_from([None, None, None, *IDS])) if before else None
        if found and found in person_ids:
            person_ids.remove(found)
            joined_at.pop(found, None)
        elif found:
            person_ids.append(found)
            joined_at[found] = at
        people.append({"key": key, "person_ids": person_ids, "joined_at": joined_at})
    return people


@st.composite
def histories_of_a_case(draw: st.DrawFn, case_id: str) -> list[Case]:
    """One to three versions of a case, each a free rewriting of who is linked, who is involved and who is who."""
    versions: list[Case] = []
    for at in sorted(draw(st.lists(days, min_size=1, max_size=3, unique=True))):
        linked = draw(st.lists(st.sampled_from(PEOPLE), unique=True, max_size=4))
        involved = draw(st.lists(st.sampled_from(AGENCIES), unique=True, max_size=5))
        snapshot = Case.model_validate(
            {
                "id": case_id,
                "people": draw(who_is_who(versions[-1] if versions else None, moment(at))),
                "children": ["child"] if draw(st.booleans()) else [],
                "links": [{"person": key, "relation": "someone", **draw(spells())} for key in linked],
                "involvements": [
                    {"agency": a, "scope": s, "adult": adult, "level": draw(LEVELS), **draw(spells())} for a, s, adult in involved
                ],
                "restrictions": draw(st.sampled_from([[], [{"must_not_learn": "stepfather", "kinds": ["ppn"]}]])),
            }
        ).with_implied_links()
        versions.append(snapshot.learned(versions[-1] if versions else None, moment(at)))
    return versions


class Found(NamedTuple):
    """A statement at the moment at which its persons were found, and to whom it is sent: to everybody whom the alert was ever about. Whoever
    is found later is first sent what was stated before, so that nobody has an alert without its withdrawal, nor the other way round.
    """

    when: datetime
    statement: AcceptedAlert
    to: tuple[str, ...]


@st.composite
def matters(draw: st.DrawFn, number: int) -> list[Found]:
    """One alert: raised, amended, withdrawn and raised again in any order, about the same people or others, in the same words or others,
    each recorded when it was stated or before. In the order in which their persons were found.
    """
    kind, agency = draw(st.sampled_from(KINDS)), draw(st.sampled_from(["police", "school", "school.123.dsl", "nspcc", "probation"]))
    at = moment(draw(days), number)
    people = draw(who_it_is_about())
    statements: list[AcceptedAlert] = []
    for place in range(draw(st.integers(1, 4))):
        if place:
            at += timedelta(days=draw(st.integers(1, 40)))
            people = draw(who_it_is_about()) if draw(st.integers(0, 3)) == 0 else people
        recorded = at - timedelta(days=draw(st.sampled_from([0, 0, 0, 10, 30])))
        subjects, children = people
        alert = Alert.model_validate(
            {
                "id": f"a{number}-{place}",
                "amends": f"a{number}-0" if place else None,
                "source": agency,
                "kind": draw(st.sampled_from([kind, kind, kind, *KINDS])) if place else kind,
                "action": draw(st.sampled_from(["amended", "amended", "withdrawn", "raised"] if place else ["raised", "raised", *Action])),
                "occurred_at": draw(st.sampled_from([recorded, DAY_0])),
                "recorded_at": recorded,
                "subjects": [{"person": {"key": key}} for key in subjects],
                "children": [{"person": {"key": key}} for key in children],
                "severity": draw(st.sampled_from(["medium", "medium", "high"])),
                "review_on": draw(st.sampled_from([None, None, (at + timedelta(days=20)).date()])),
                "history": draw(st.sampled_from([False, False, False, True])),
                "details": {"conference_invite": draw(st.sampled_from([False, False, True]))},
                "narrative": draw(st.sampled_from([[], [], [{"text": "x"}], [{"text": "x", "said_by": "child"}]])),
            }
        )
        first = statements[0].at if statements and alert.action is not Action.RAISED else None
        found = tuple((f"id-{key}",) for key in (*subjects, *children))
        statements.append(AcceptedAlert.of(alert, at, first).with_people(found))
    copies = sorted((copy for statement in statements for copy in draw(identified(statement))), key=lambda copy: copy[0])
    ever: dict[str, None] = {}
    latest: dict[str, AcceptedAlert] = {}
    sent = []
    for when, copy in copies:
        new = tuple({person: None for person_ids in copy.people for person in person_ids if person not in ever})
        ever |= dict.fromkeys(new)
        latest.pop(copy.statement_id, None)
        sent += [Found(when, other, new) for other in latest.values() if new]
        sent.append(Found(when, copy, tuple(ever)))
        latest[copy.statement_id] = copy
    return sent


def who_it_is_about() -> st.SearchStrategy[tuple[list[str], list[str]]]:
    """Subjects and children."""
    return st.tuples(st.lists(st.sampled_from(PEOPLE), unique=True, min_size=1, max_size=3), st.sampled_from([[], ["child"]]))


@st.composite
def identified(draw: st.DrawFn, statement: AcceptedAlert) -> list[tuple[datetime, AcceptedAlert]]:
    """The statement as its persons were first found, and perhaps as they were found once or twice more, later, to be others."""
    copies = [(statement.at, statement)]
    for offset in sorted(draw(st.sampled_from([[], [], [5], [30], [2, 60]]))):
        when, last = statement.at + timedelta(days=offset), copies[-1][1]
        found = tuple(tuple(draw(st.lists(st.sampled_from(IDS), max_size=2, unique=True))) for _ in statement.people)
        before = {person_id for person_ids in last.people for person_id in person_ids}
        new = {person_id for person_ids in found for person_id in person_ids} - before
        kept = {person_id: since for person_id, since in last.people_since.items() if person_id not in new}
        since = kept | dict.fromkeys(new, when)
        copies.append((when, statement.model_copy(update={"people": found, "people_version": len(copies), "people_since": since})))
    return copies


@st.composite
def decisions(draw: st.DrawFn, cases: Mapping[str, list[Case]], alerts: list[Found]) -> list[WordsDecided]:
    """What persons decided about the words of some statements on some cases, some of it twice or by two at once."""
    found = []
    for said in draw(st.lists(st.sampled_from(alerts), max_size=4)):
        of = said.statement
        made = WordsDecided(
            case_id=draw(st.sampled_from(sorted(cases))),
            alert_id=of.alert_id,
            statement_id=of.statement_id,
            released=draw(st.sampled_from([True, True, False])),
            at=of.at + timedelta(days=draw(st.sampled_from([0, 1, 15, 200]))),
        )
        found.append(made)
    return found


def released(made: Iterable[WordsDecided]) -> dict[tuple[str, str], datetime]:
    found: dict[tuple[str, str], datetime] = {}
    for one in made:
        if one.released:
            where = (one.case_id, one.statement_id)
            found[where] = min(one.at, found.get(where, one.at))
    return found


World = tuple[dict[str, list[Case]], list[Found]]


@st.composite
def worlds(draw: st.DrawFn) -> World:
    cases = {case_id: draw(histories_of_a_case(case_id)) for case_id in draw(st.sampled_from([["c1"], ["c1", "c2"]]))}
    alerts = [found for number in range(draw(st.integers(1, 3))) for found in draw(matters(number))]
    return cases, alerts


def inputs_of(cases: Mapping[str, list[Case]], alerts: Iterable[Found]) -> list[tuple[str, Any]]:
    """Everything that enters the two reducers, as (key, event): what the gateway and `identify` send."""
    sent: list[tuple[str, Any]] = []
    for versions in cases.values():
        before: Case | None = None
        for case in versions:
            sent.append((case.id, CaseChanged(case=case)))
            linked_before = (before.person(link.person).person_ids for link in before.links) if before else ()
            links: dict[str, list[Link]] = {person: [] for persons in linked_before for person in persons}
            for link in case.links:
                for person in case.person(link.person).person_ids:
                    links.setdefault(person, []).append(link)
            sent += [
                (person, LinkChanged(person_id=person, case_id=case.id, version=case.version, links=tuple(now)))
                for person, now in links.items()
            ]
            before = case
    for found in alerts:
        sent += [(person, AlertAboutPerson(person_id=person, alert=found.statement)) for person in found.to]
    return sent


def sent_by_a_jumping_clock(cases: Mapping[str, list[Case]], alerts: list[Found], clock: random.Random) -> list[tuple[str, Any]]:
    """The same facts in the order in which they happened, dated as a gateway dates them whose clock is set to and fro by days."""
    happened: list[tuple[datetime, int, Case | Found]] = [(found.when, 1, found) for found in alerts]
    happened += [(case.known_at or BEGINNING, 0, case) for versions in cases.values() for case in versions]
    dated: dict[str, list[Case]] = defaultdict(list)
    spans: dict[str, list[datetime]] = defaultdict(list)
    accepted: dict[str, AcceptedAlert] = {}
    found_at: dict[tuple[str, datetime], datetime] = {}
    sent: list[tuple[str, Any]] = []
    for true, _, fact in sorted(happened, key=lambda entry: entry[:2]):
        at = true + timedelta(days=clock.choice((0, 0, 0, -15, 15)))
        if isinstance(fact, Case):
            known = inputs_of({fact.id: dated[fact.id]}, [])
            stated = fact.as_stated().model_copy(update={"people": fact.people})
            dated[fact.id].append(stated.learned(dated[fact.id][-1] if dated[fact.id] else None, at))
            sent += inputs_of({fact.id: dated[fact.id]}, [])[len(known) :]
            continue
        said = fact.statement
        if said.statement_id not in accepted:
            span = spans[said.alert_id]
            first_at = min(span) if span and said.alert.action is not Action.RAISED else None
            accepted[said.statement_id] = AcceptedAlert.of(said.alert, at, first_at, max(span) if span else None)
            span.append(accepted[said.statement_id].at)
        found_at[said.statement_id, true] = at
        since = {person: found_at[said.statement_id, moment] for person, moment in said.people_since.items()}
        who = {"people": said.people, "people_version": said.people_version, "people_since": since}
        sent += inputs_of({}, [Found(at, accepted[said.statement_id].model_copy(update=who), fact.to)])
    return sent


class Machine:
    """The two reducers joined as the stream joins them, with whatever order the test chooses."""

    def __init__(self) -> None:
        self.people: dict[str, PersonState] = defaultdict(PersonState)
        self.cases: dict[str, CaseState] = defaultdict(CaseState)
        self.said: list[Owed] = []

    def take(self, key: str, event: Any) -> list[tuple[str, Any]]:
        if isinstance(event, AlertAboutPerson | LinkChanged):
            self.people[key], reached, _ = reduce_person(self.people[key], event, POLICY)
            return [(arrival.case_id, arrival) for arrival in reached]
        self.cases[key], said = reduce_case(self.cases[key], event, POLICY)
        self.said += said
        return []

    def read(self) -> dict[str, list[Owed]]:
        """What the agencies have read, by obligation: the ledger drops a notice whose id it knows."""
        found: dict[str, list[Owed]] = defaultdict(list)
        known: set[str] = set()
        for entry in self.said:
            if entry.notice_id not in known:
                known.add(entry.notice_id)
                found[entry.obligation.id].append(entry)
        return found


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
    sender = sent_by_a_jumping_clock(*world, clock)
    lanes: dict[str, list[Any]] = defaultdict(list)
    while ready := [*([""] if sender else []), *(key for key, lane in lanes.items() if lane)]:
        if key := chance.choice(ready):
            for case_id, arrival in machine.take(key, lanes[key].pop(0)):
                lanes[case_id].append(arrival)
        else:
            key, event = sender.pop(0)
            lanes[key].append(event)

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
