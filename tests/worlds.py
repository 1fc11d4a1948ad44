"""Cases and alerts over two years, drawn at random, what a gateway sends of them, and the two reducers that read it: for laws."""

import random
from collections import defaultdict
from collections.abc import Iterable, Mapping
from datetime import UTC, date, datetime, timedelta
from typing import Any, NamedTuple

from hypothesis import strategies as st

from alertbus.model.alert import AcceptedAlert, Action, Alert
from alertbus.model.case import Case, Link
from alertbus.model.events import AlertAboutPerson, CaseChanged, LinkChanged, WordsDecided
from alertbus.policy.load import load_policy
from alertbus.reach.owed import Owed
from alertbus.reach.reduce_case import CaseState, reduce_case
from alertbus.reach.reduce_person import PersonState, reduce_person
from alertbus.reach.roster import BEGINNING

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

    def read_lanes(self, sender: list[tuple[str, Any]], chance: random.Random) -> None:
        """Take all that is sent, each key's in its order, and the keys in any order."""
        lanes: dict[str, list[Any]] = defaultdict(list)
        while ready := [*([""] if sender else []), *(key for key, lane in lanes.items() if lane)]:
            if key := chance.choice(ready):
                for case_id, arrival in self.take(key, lanes[key].pop(0)):
                    lanes[case_id].append(arrival)
            else:
                key, event = sender.pop(0)
                lanes[key].append(event)

    def read(self) -> dict[str, list[Owed]]:
        """What the agencies have read, by obligation: the ledger drops a notice whose id it knows."""
        found: dict[str, list[Owed]] = defaultdict(list)
        known: set[str] = set()
        for entry in self.said:
            if entry.notice_id not in known:
                known.add(entry.notice_id)
                found[entry.obligation.id].append(entry)
        return found
