"""Items as a law: in any order and with any repetition of what was stated, decided and ticked, they are what a computation that shares no
code with the reducers makes of the same facts, over scenarios that nobody has seen.
"""

import random
from collections.abc import Mapping
from datetime import datetime, timedelta
from importlib.resources import files
from typing import Any

import pytest
import yaml
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from alertbus.model import ids
from alertbus.model.alert import AcceptedAlert
from alertbus.model.case import Case
from alertbus.model.events import AlertReachedCase, CaseChanged, ItemDecided, ItemDecision, Tick
from alertbus.model.item import Item
from alertbus.reach.items import KEPT
from tests.facts_from_scratch import ALWAYS, NEVER, Family, Key, Owed, Said, Span, Stop
from tests.items_from_scratch import FromScratch
from tests.items_played import SOCIAL_CARE, START, PlayedCase, a_family, a_statement

WRITTEN: Mapping[str, Any] = yaml.safe_load((files("alertbus.policy") / "default.yaml").read_text(encoding="utf-8"))
CASE_KNOWN = START - timedelta(days=7)

DETAILS: list[dict[str, Any]] = [
    {},
    {},
    {"contact": {"mode": "visit"}},
    {"contact": {"mode": "visit", "seen": ["ada"]}},
    {"contact": {"mode": "visit", "seen": ["ada", "ben"]}},
    {"contact": {"mode": "telephone"}},
    {"contact": {"mode": "cancelled"}},
    {"contact": {"mode": "no_reply"}},
    {"meeting": {"type": "strategy", "state": "announced"}},
    {"meeting": {"type": "strategy", "state": "held", "s47": True}},
    {"meeting": {"type": "strategy", "state": "cancelled"}},
    {"meeting": {"type": "child_in_need"}, "action": {"what": "strategy meeting", "state": "agreed"}},
    {"meeting": {"type": "core_group", "state": "held", "attended": ["mother"]}},
    {"conference": {"type": "initial", "outcome": "child_in_need"}},
    {"conference": {"type": "initial", "outcome": "child_protection", "conditions": ["return if"]}},
    {"conference": {"type": "review", "outcome": "child_protection"}},
    {"action": {"what": "Locks", "owner": "Housing", "due": "2026-01-14", "state": "agreed"}},
    {"action": {"what": "locks", "state": "done"}},
    {"action": {"what": "Assessment", "state": "done"}},
    {"request": {"what": "a move", "to": "housing", "state": "asked"}},
    {"request": {"what": "A  move", "to": "housing", "state": "answered"}},
    {"instruction": {"what": "Visit", "within_hours": 24}},
    {"instruction": {"what": "assessment", "within_days": 6}},
    {"instruction": {"what": "consult", "when": ["school_concern", "ppn"]}},
    {"question": {"what": "Who is he?", "state": "open"}},
    {"question": {"what": "who is he?", "state": "closed", "reason": "he said"}},
    {"consent": {"plan": "child_in_need", "state": "withdrawn"}},
    {"consent": {"plan": "child_in_need", "state": "given"}},
    {"handover": {"role": "social_worker", "interim": True}},
    {"handover": {"role": "social_worker", "from": "SW1", "to": "SW2"}},
    {"status_change": {"to": "closed", "reason": "r", "basis": "b", "effective": "2026-01-20"}},
    {"status_change": {"to": "child_in_need", "reason": "r"}},
]
KINDS = ["other", "other", "other", "ppn", "ppn", "missing_child_incident", "nspcc_concern", "school_concern", "non_engagement",
         "worker_change", "drug_intelligence", "threat_to_staff", "prisoner_release"]  # fmt: skip
SOURCES = [SOCIAL_CARE, SOCIAL_CARE, SOCIAL_CARE, "police", "housing", "school"]


@st.composite
def matters(draw: st.DrawFn, number: int, days: int) -> list[tuple[Said, AcceptedAlert]]:
    """One alert: raised, and now and then amended or withdrawn."""
    happened = START + timedelta(hours=draw(st.integers(0, days * 24)), minutes=number)
    told = happened + timedelta(hours=draw(st.sampled_from([0, 0, 0, 3, 30, 80])))
    kind, source = draw(st.sampled_from(KINDS)), draw(st.sampled_from(SOURCES))
    about = draw(st.sampled_from(["mother", "mother", "mother", "partner"]))
    details = draw(st.sampled_from(DETAILS))
    if number == 0 and draw(st.booleans()):
        kind, about = "death", "ben"
    history = draw(st.integers(0, 19)) == 0
    actions = ["raised", *draw(st.lists(st.sampled_from(["amended", "withdrawn"]), max_size=2 if draw(st.integers(0, 3)) == 0 else 0))]
    first, found = told, []
    for place, action in enumerate(actions):
        if place:
            told += timedelta(hours=draw(st.integers(1, 60)))
            details = draw(st.sampled_from(DETAILS)) if action == "amended" else details
        name = f"S-{number}" + (f"-{place}" if place else "")
        stated = {"source": source, "action": action, "details": details, "about": about, "told": told, "history": history}
        if place:
            stated |= {"amends": f"S-{number}", "first_at": first}
        accepted = a_statement(name, happened, kind, **stated)
        found.append((Said(f"S-{number}", action, kind, source, happened, told, first, about, details, history), accepted))
    return found


@st.composite
def cases(draw: st.DrawFn) -> list[tuple[Case, Family]]:
    """A case in one version or two: on a plan or not, with agencies that leave, with a partner who is linked later."""
    versions: list[tuple[Case, Family]] = []
    for version in range(1, 2 + draw(st.booleans())):
        known = CASE_KNOWN if version == 1 else START + timedelta(hours=draw(st.integers(1, 15 * 24)))
        plain = a_family(known_at=CASE_KNOWN)
        people = {one.person: one.known_at or ALWAYS for one in plain.links}
        links = [one.model_dump(by_alias=True) for one in plain.links]
        relations: dict[str, str] = {}
        if version == 2 and draw(st.booleans()):
            links.append({"person": "partner", "relation": "partner of the mother", "known_at": known})
            people["partner"], relations["partner"] = known, "partner of the mother"
        gone = draw(st.sampled_from([None, None, "housing", SOCIAL_CARE]))
        left = (START + timedelta(days=draw(st.integers(1, 20)))).date()
        involved, agencies = [], {}
        for one in plain.involvements:
            ends = left if one.agency == gone else None
            involved.append(one.model_dump(by_alias=True) | {"to": ends})
            until = NEVER if ends is None else datetime.combine(ends, datetime.max.time(), START.tzinfo)
            agencies[one.agency] = (str(one.scope), Span(CASE_KNOWN, until))
        plans, episodes = [], []
        for children in draw(st.sampled_from([[], [()], [("ada",), ("ben",)]])):
            begins, ends = START.date(), draw(st.sampled_from([None, (START + timedelta(days=12)).date()]))
            episodes.append({"type": "child_in_need_plan", "children": children, "from": begins, "to": ends, "known_at": CASE_KNOWN})
            until = NEVER if ends is None else datetime.combine(ends, datetime.max.time(), START.tzinfo)
            plans.append((children, Span(datetime.combine(begins, datetime.min.time(), START.tzinfo), until)))
        case = a_family(version=version, links=links, involvements=involved, episodes=episodes).model_copy(update={"known_at": known})
        versions.append((case, Family(("ada", "ben"), people, relations, agencies, plans)))
    return versions


@st.composite
def decisions(draw: st.DrawFn, said: list[tuple[Said, AcceptedAlert]], days: int) -> list[tuple[Stop, ItemDecided]]:
    """Clocks that are stopped and let run again, of items that may or may not be there."""
    found: list[tuple[Stop, ItemDecided]] = []
    for place in range(draw(st.integers(0, 4))):
        rule = draw(st.sampled_from(["ppn_face_to_face", "action", "instruction", "strategy_meeting", "request", "initial_conference"]))
        of, accepted = draw(st.sampled_from(said))
        what = draw(st.sampled_from([ItemDecision.SUSPENDED, ItemDecision.RESUMED]))
        at = START + timedelta(hours=draw(st.integers(0, days * 24)), seconds=place)
        item = ids.item_id("case-1", rule, accepted.alert_id, "")
        decided = ItemDecided(case_id="case-1", item_id=item, decision=what, reason="closed_doors", by="T. Manager", at=at)
        found.append((Stop(rule, of.alert, str(what), "closed_doors", at), decided))
    return found


def compared(item: Item) -> tuple[Any, ...]:
    lapses = [step.at for step in item.steps if step.kind == "next"]
    return (item.due, str(item.state), item.closed_by, item.closed_at, item.agency, lapses[0] if lapses else None)


def wanted(owed: Owed, rule: str) -> tuple[Any, ...]:
    told = WRITTEN["items"][rule].get("tells")
    return (owed.due, owed.state, owed.closed_by, owed.closed_at, owed.agency, owed.lapsed_at if told else None)


def by_key(items: Mapping[str, Item], expected: Mapping[Key, Owed], alerts: Mapping[str, str]) -> dict[Key, Item]:
    """The items under the keys of the computation from scratch, by their ids."""
    found: dict[Key, Item] = {}
    for rule, cause, child in expected:
        if cause.startswith("case, "):
            what = "child_on_open_case" if child else "open_case"
            opened = f"{what}, {cause.removeprefix('case, ')}"
        elif cause.startswith("link of "):
            opened = next(
                (f"link, {one.opened_at.astimezone(ALWAYS.tzinfo).isoformat()}" for one in items.values() if one.rule == rule), ""
            )
        elif cause.endswith(" then"):
            opening = WRITTEN["items"][rule]["opens"][0]
            opened = f"{alerts[cause.removesuffix(' then')]}, {opening.get('kinds_in') or opening.get('before') or ''}"
        else:
            opened = alerts[cause]
        one = items.get(ids.item_id("case-1", rule, opened, child))
        if one is not None:
            found[rule, cause, child] = one
    return found


SHORT = 20
"""Days of a scenario that is played in any order: shorter than what is over stays in state."""


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large])
@given(st.data())
def test_in_any_order_and_with_any_repetition_items_are_what_a_computation_from_scratch_finds(data: st.DataObject) -> None:
    versions = data.draw(cases())
    said = [pair for n in range(data.draw(st.integers(1, 9))) for pair in data.draw(matters(n, SHORT - 8))]
    decided = data.draw(decisions(said, SHORT - 2))
    end = START + timedelta(days=SHORT)
    assert end - START < KEPT
    events: list[Any] = [CaseChanged(case=case) for case, _ in versions] + [made for _, made in decided]
    alerts = [accepted for _, accepted in said]
    for one in alerts:
        others = tuple(other for other in alerts if other.alert_id == one.alert_id and other is not one)
        events += [AlertReachedCase(case_id="case-1", via=via, alert=one, others=others) for via in ("id-mother", "id-ada")]
    ticked = sorted({START + timedelta(hours=hour) for hour in data.draw(st.lists(st.integers(0, SHORT * 24), max_size=5))} | {end})
    events += [Tick(case_id="case-1", since=since, at=at) for since, at in zip([CASE_KNOWN, *ticked], ticked, strict=False)]
    shuffled = random.Random(data.draw(st.integers(0, 10**6)))
    events += shuffled.sample(events, k=len(events) // 3)
    shuffled.shuffle(events)

    played = PlayedCase()
    for event in events:
        played.event(event)

    expected = FromScratch(WRITTEN, versions[-1][1], [one for one, _ in said], [stop for stop, _ in decided], end).all()
    found = by_key(played.state.items, expected, {one.alert: accepted.alert_id for one, accepted in said})
    assert {key: compared(item) for key, item in found.items()} == {key: wanted(owed, key[0]) for key, owed in expected.items()}
    matched = {item.id for item in found.values()}
    assert {str(item.state) for item in played.state.items.values() if item.id not in matched} <= {"void"}
    chased = {found[key].obligation_id for key, owed in expected.items() if owed.chased and WRITTEN["items"][key[0]].get("tells")}
    assert {one for one, own in played.state.own.items() if own.ended_at is None} == chased
    assert {one: played.items[one] for one in played.state.items} == dict(played.state.items), "what was given out last is what stands"


@pytest.mark.parametrize("seed", range(3))
@settings(max_examples=6, deadline=None, suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large])
@given(data=st.data())
def test_over_a_year_every_clock_is_met_or_missed_as_computed_from_scratch_though_the_state_forgets(seed: int, data: st.DataObject) -> None:
    (case, family), *_ = data.draw(cases())
    said = [pair for n in range(data.draw(st.integers(5, 25))) for pair in data.draw(matters(n + seed, 300))]
    end = START + timedelta(days=330)
    played = PlayedCase.of(case)
    for _, accepted in sorted(said, key=lambda pair: pair[1].at):
        played.until(accepted.at)
        played.reach(accepted)
    played.until(end)

    expected = FromScratch(WRITTEN, family, [one for one, _ in said], [], end).all()
    found = by_key(played.items, expected, {one.alert: accepted.alert_id for one, accepted in said})
    assert {key: compared(item) for key, item in found.items()} == {key: wanted(owed, key[0]) for key, owed in expected.items()}
    told = {notice.obligation.id: notice.obligation.since for notice in played.notices.values()}
    lapsed = {item.obligation_id: step.at for item in played.items.values() for step in item.steps if step.kind == "next"}
    assert all(one in told and told[one] <= at for one, at in lapsed.items()), "each lapse is told, no later than as of its own moment"
