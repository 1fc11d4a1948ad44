"""Three low-grade notices about the same child within three months are one high concern: worked out from data alone, in any order."""

import random
from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from typing import Any, NamedTuple

import pytest
from alertbus_police.patterns import THREE_GREENS, THREE_MONTHS
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from alertbus.model import ids
from alertbus.model.alert import AcceptedAlert
from alertbus.model.events import AlertReachedCase, CaseChanged, Tick
from alertbus.model.item import Item, ItemState
from alertbus.plugin.manager import Plugins
from alertbus.policy.load import load_policy
from tests.items_played import SOCIAL_CARE, START, PlayedCase, a_family, a_statement, at, end_of, held

POLICY = load_policy(additions=Plugins.load().additions)
RULE = THREE_GREENS.name
DAY = timedelta(days=1)


def a_case() -> PlayedCase:
    return PlayedCase.of(policy=POLICY)


def a_ppn(name: str, moment: datetime, grade: str = "green", children: Sequence[str] = ("ada",), **more: Any) -> AcceptedAlert:
    """A notice of the police about these children of the family, and about their mother."""
    people = [{"role": "child", "person": {"label": child}} for child in children]
    said = a_statement(name, moment, "ppn", source="police", details={"incident": {"grade": grade}}, children=people, **more)
    return said.with_people((("id-mother",), *((f"id-{child}",) for child in children)))


def says(played: PlayedCase, *ppns: AcceptedAlert) -> PlayedCase:
    for one in ppns:
        played.until(one.at)
        played.reach(one)
    return played


def test_the_third_within_three_months_asks_social_care_to_treat_them_as_one_high_concern() -> None:
    played = says(a_case(), a_ppn("P-1", at("2026-01-07")), a_ppn("P-2", at("2026-02-11"), "low"))
    assert played.all_of(RULE) == []

    says(played, a_ppn("P-3", at("2026-04-07", "16:00")))

    item = played.one(RULE)
    assert (item.agency, item.role, item.due, item.state) == (SOCIAL_CARE, "team_manager", end_of("2026-04-08"), ItemState.OPEN)
    told = {(one.obligation.agency, one.obligation.role): one.action for one in played.told_of(item)}
    assert set(told) == {(SOCIAL_CARE, "team_manager"), (SOCIAL_CARE, "duty_manager")}
    assert all("one high concern" in action for action in told.values())


def test_nobody_decides_for_the_manager_and_what_they_record_closes_it() -> None:
    played = says(a_case(), *(a_ppn(f"P-{n}", at("2026-01-07") + n * DAY) for n in range(3)))
    played.say("M-1", at("2026-01-09", "18:00"), details=held("strategy", s47=False))

    assert played.one(RULE).state is ItemState.MET


def test_what_nobody_recorded_is_told_to_the_next_and_to_who_works_with_the_family() -> None:
    played = says(a_case(), *(a_ppn(f"P-{n}", at("2026-01-07") + n * DAY) for n in range(3)))
    played.until(at("2026-01-14"))

    item = played.one(RULE)
    assert item.state is ItemState.MISSED
    told = {one.obligation.agency for one in played.told_of(item) if one.obligation.kind == "lapse"}
    assert {SOCIAL_CARE, "health_visiting", "school"} <= told


@pytest.mark.parametrize(
    "ppns",
    [
        [("2026-01-07", "green", ["ada"]), ("2026-01-08", "green", ["ada"])],
        [("2026-01-07", "green", ["ada"]), ("2026-01-08", "green", ["ben"]), ("2026-01-09", "green", ["ada"])],
        [("2026-01-07", "green", []), ("2026-01-08", "green", []), ("2026-01-09", "green", [])],
        [("2026-01-07", "green", ["ada"]), ("2026-01-08", "amber", ["ada"]), ("2026-01-09", "green", ["ada"])],
        [("2026-01-07", "green", ["ada"]), ("2026-01-08", "green", ["ada"]), ("2026-04-10", "green", ["ada"])],
    ],
    ids=["two", "two children", "about the mother alone", "one is not low", "93 days"],
)
def test_less_than_that_is_no_pattern(ppns: list[tuple[str, str, list[str]]]) -> None:
    played = says(a_case(), *(a_ppn(f"P-{n}", at(day), grade, who) for n, (day, grade, who) in enumerate(ppns)))

    assert played.all_of(RULE) == []


def test_one_that_is_taken_back_takes_the_concern_back_with_it() -> None:
    played = a_case()
    ppns = [a_ppn(f"P-{n}", at("2026-01-07") + n * DAY) for n in range(3)]
    says(played, *ppns)
    says(played, a_ppn("P-1-back", at("2026-01-08"), action="withdrawn", amends="P-1", told=at("2026-01-09", "15:00"), first_at=ppns[1].at))

    assert played.one(RULE).state is ItemState.VOID


def test_each_further_one_within_three_months_asks_again() -> None:
    played = says(a_case(), *(a_ppn(f"P-{n}", at("2026-01-07") + n * DAY) for n in range(4)))

    assert [one.opened_at for one in played.all_of(RULE)] == [at("2026-01-09"), at("2026-01-10")]


class Plain(NamedTuple):
    """A notice in plain words, for a count that shares no code with the bus."""

    name: str
    moment: datetime
    grade: str
    children: tuple[str, ...]
    told: datetime


def from_scratch(ppns: Iterable[Plain]) -> set[str]:
    """The names of the notices at which somebody must be asked."""
    low = [one for one in ppns if one.grade in {"green", "low"}]
    order = {one.name: (one.moment, one.told, ids.alert_id(None, "police", one.name)) for one in low}

    def before(one: Plain, child: str) -> int:
        span = timedelta(days=THREE_MONTHS)
        return sum(order[other.name] < order[one.name] and child in other.children and one.moment - other.moment <= span for other in low)

    return {one.name for one in low if any(before(one, child) >= 2 for child in one.children)}


@st.composite
def ppns(draw: st.DrawFn, days: int, most: int) -> list[Plain]:
    found = []
    for number in range(draw(st.integers(0, most))):
        moment = START + timedelta(hours=draw(st.integers(0, days * 24)), minutes=number)
        who = draw(st.sampled_from([(), ("ada",), ("ada",), ("ben",), ("ada", "ben")]))
        told = moment + timedelta(hours=draw(st.sampled_from([0, 0, 5, 40])))
        found.append(Plain(f"P-{number}", moment, draw(st.sampled_from(["green", "green", "low", "amber"])), who, told))
    return found


def as_stated(one: Plain) -> AcceptedAlert:
    return a_ppn(one.name, one.moment, one.grade, one.children, told=one.told)


def asked_at(items: Iterable[Item]) -> set[str]:
    return {one.id for one in items if one.rule == RULE and one.state is not ItemState.VOID}


def wanted_of(plain: Iterable[Plain]) -> set[str]:
    alerts = {one.name: as_stated(one).alert_id for one in plain}
    return {ids.item_id("case-1", RULE, alerts[name], "") for name in from_scratch(plain)}


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(ppns(20, 9), st.integers(0, 10**6))
def test_in_any_order_and_with_any_repetition_the_same_is_asked_as_a_count_from_scratch_says(plain: list[Plain], seed: int) -> None:
    end = START + timedelta(days=22)
    events: list[Any] = [CaseChanged(case=a_family()), Tick(case_id="case-1", since=START - 7 * DAY, at=end)]
    for one in map(as_stated, plain):
        events += [AlertReachedCase(case_id="case-1", via=ids_[0], alert=one) for ids_ in one.people]
    shuffled = random.Random(seed)
    events += shuffled.sample(events, k=len(events) // 3)
    shuffled.shuffle(events)
    played, again = PlayedCase(policy=POLICY), PlayedCase(policy=POLICY)
    for event in events:
        played.event(event)
    for event in events:
        again.event(event)

    assert asked_at(played.state.items.values()) == wanted_of(plain)
    assert again.state == played.state, "a replay of the same events gives the same"


@settings(max_examples=10, deadline=None, suppress_health_check=[HealthCheck.too_slow], phases=[Phase.explicit, Phase.generate])
@given(ppns(400, 15))
def test_over_a_year_too_though_the_state_forgets_what_is_over(plain: list[Plain]) -> None:
    played = a_case()
    for one in sorted(map(as_stated, plain), key=lambda one: one.at):
        says(played, one)
    played.until(START + timedelta(days=420))

    assert asked_at(played.items.values()) == wanted_of(plain)
    assert len(played.state.facts) <= 40


def test_the_pattern_is_data_and_a_county_may_say_otherwise(tmp_path: Any) -> None:
    """An operator's file has the last word, field by field; and null leaves it out."""
    from importlib.resources import files

    shipped = (files("alertbus.policy") / "default.yaml").read_text()
    own = tmp_path / "policy.yaml"
    own.write_text(shipped.replace("\nitems:\n", f"\nitems:\n  {RULE}: {{within: {{hours: 4}}}}\n"))
    assert load_policy(own, Plugins.load().additions).items[RULE].within.hours == 4  # type: ignore[union-attr]
    assert load_policy(own, Plugins.load().additions).items[RULE].opens == POLICY.items[RULE].opens

    own.write_text(shipped.replace("\nitems:\n", f"\nitems:\n  {RULE}: null\n"))
    assert RULE not in load_policy(own, Plugins.load().additions).items
