"""Who sees what of what is owed by a time: `GET /v1/items` and `alertbus items`, asked of the chronicle on SQLite."""

from collections.abc import AsyncIterator, Sequence
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest

from alertbus.chronicle.inbox_order import EVERYTHING
from alertbus.chronicle.item_queries import ItemsAsked, item_owed, items_owed
from alertbus.chronicle.item_sight import ItemShown, ItemSight
from alertbus.chronicle.next_asked import first_step
from alertbus.chronicle.projector import apply, read
from alertbus.chronicle.rebuild import make_tables
from alertbus.model import watchdog
from alertbus.model.alert import Severity
from alertbus.model.errors import InvalidInput, NotFound
from alertbus.model.item import ItemState, ItemStep, StepKind
from alertbus.model.receipt import Stage
from alertbus.plugin.kit.samples import sample_obligation
from alertbus.policy.neutral import TITLE, neutral
from alertbus.sql.database import Database
from alertbus.sql.engine import make_engine
from tests.story import POLICY, Log, a_case, a_notice, a_receipt, an_item, hours, unowned

NOW = hours(48)
HOLDER = ItemSight("childrens_social_care", None)


def seen_by(agency: str) -> ItemSight:
    return ItemSight(agency)


@pytest.fixture
async def engine(tmp_path: Path) -> AsyncIterator[Database]:
    engine = make_engine(f"sqlite:///{tmp_path}/bus.db")
    await make_tables(engine)
    yield engine
    await engine.dispose()


async def told(engine: Database, log: Log) -> None:
    async with engine.begin() as connection:
        await apply(connection, read(log.records))


async def owed(engine: Database, sight: ItemSight, asked: ItemsAsked = ItemsAsked.OPEN, **given: Any) -> list[ItemShown]:
    return await items_owed(engine, POLICY, sight, asked, **{"now": NOW, **given})


def named(items: Sequence[ItemShown]) -> list[str]:
    return [one.id for one in items]


def a_family(log: Log) -> None:
    """One case: a school that serves one of two children, the probation officer of an adult, a midwife who has left, and social care."""
    log.case(
        a_case(
            people=[{"key": "adult"}, {"key": "one"}, {"key": "other"}],
            children=["one", "other"],
            links=[{"person": "adult", "relation": "ex_partner"}],
            involvements=[
                {"agency": "childrens_social_care"},
                {"agency": "health_visiting"},
                {"agency": "school.123456", "children": ["one"]},
                {"agency": "probation", "scope": "adult_linked", "adult": "adult"},
                {"agency": "midwifery", "to": "2026-01-05"},
            ],
        )
    )


async def test_clk_12_every_agency_that_works_with_the_children_sees_the_state_of_an_agreed_action(engine: Database) -> None:
    log = Log()
    a_family(log)
    action = {"rule": "action", "title": "Agreed action", "kind": "conference_outcome", "agency": "police", "role": "safeguarding_officer"}
    log.item(an_item("action", ItemState.MISSED, hours(30), **action, next=ItemStep(kind=StepKind.NEXT, role="sergeant", at=hours(60))))
    await told(engine, log)

    for agency in ("health_visiting", "school.123456", "childrens_social_care"):
        (shown,) = await owed(engine, seen_by(agency))
        assert (shown.title, shown.agency, shown.state, shown.overdue) == ("Agreed action", "police", "missed", True)
        assert (shown.due, shown.kind, shown.alert_id, shown.source_id, shown.next) == (None, None, None, None, None)
    assert [one.due for one in await owed(engine, seen_by("police"))] == [hours(24)]  # who owes it knows by when
    assert [(one.kind, one.source_id, one.next and one.next.role) for one in await owed(engine, HOLDER)] == [
        ("conference_outcome", "T-1", "sergeant")
    ]


@pytest.mark.parametrize(("withheld", "due"), [((), hours(24)), (("plan",), None)], ids=["the plan is shown", "it is not"])
async def test_a_day_that_stands_in_the_plan_is_seen_by_who_may_see_the_plan(
    engine: Database, withheld: tuple[str, ...], due: datetime | None
) -> None:
    log = Log()
    a_family(log)
    log.notice(a_notice("n", "o", agency="health_visiting", alert_id="T-1", withheld=withheld))
    of_it = {"alert_id": "T-1", "kind": sample_obligation().kind}
    log.item(an_item("action", ItemState.OPEN, hours(2), rule="action", agency="police", role="safeguarding_officer", **of_it))
    log.item(an_item("visit", ItemState.OPEN, hours(2), rule="visit", alert_id="T-1"))
    await told(engine, log)

    shown = {one.id: one.due for one in await owed(engine, seen_by("health_visiting")) if one.rule != "answer"}

    assert shown == {"action": due, "visit": hours(24)}


@pytest.mark.parametrize("agency", ["probation", "midwifery", "housing"])
async def test_who_acts_for_an_adult_has_left_or_never_was_there_sees_what_it_owes_itself_and_nothing_else(
    engine: Database, agency: str
) -> None:
    log = Log()
    a_family(log)
    log.item(an_item("of social care"))
    log.item(an_item("its own", agency=agency, role="officer"))
    await told(engine, log)

    assert named(await owed(engine, seen_by(agency))) == ["its own"]
    with pytest.raises(NotFound):
        await item_owed(engine, POLICY, seen_by(agency), "of social care", now=NOW)


async def test_a_setting_is_told_which_child_only_of_those_it_serves(engine: Database) -> None:
    log = Log()
    a_family(log)
    for child in ("one", "other"):
        log.item(an_item(f"visit {child}", rule="visit", child=child))
    await told(engine, log)

    assert {one.id: one.child for one in await owed(engine, seen_by("school.123456"))} == {"visit one": "one", "visit other": None}
    assert {one.id: one.child for one in await owed(engine, seen_by("health_visiting"))} == {"visit one": "one", "visit other": "other"}


async def test_what_another_agency_has_been_asked_to_answer_is_seen_by_who_holds_the_case_alone(engine: Database) -> None:
    log = Log()
    a_family(log)
    log.item(unowned("answer", hours(30)))
    log.notice(a_notice("n", "not asked again yet", agency="health_visiting", due=hours(72)))
    await told(engine, log)

    assert named(await owed(engine, seen_by("school.123456"))) == []
    assert named(await owed(engine, seen_by("health_visiting"))) == named(await owed(engine, HOLDER)) == ["answer", "not asked again yet"]


async def test_an_agency_reads_of_the_alert_what_its_own_notice_says_and_no_more(engine: Database) -> None:
    log = Log()
    a_family(log)
    of_birth = {"kind": "birth", "title": "A birth", "alert_id": "alert-1", "agency": "probation", "role": "officer", "rule": "answer"}
    log.item(an_item("asked", ItemState.MISSED, hours(30), **of_birth, obligation_id="asked"))
    notice = a_notice("n", "asked", agency="probation", alert_id="alert-1", title=TITLE)
    log.notice(notice.model_copy(update={"obligation": neutral(notice.obligation)}))
    await told(engine, log)

    (shown,) = await owed(engine, seen_by("probation"))

    assert (shown.title, shown.kind, shown.source_id) == (TITLE, "other", "alert-1")
    assert "birth" not in shown.model_dump_json()


async def test_an_answer_without_a_step_is_listed_once_and_as_an_item_from_its_first_step_on(engine: Database) -> None:
    log = Log()
    a_family(log)
    notice = a_notice("n", "owed", agency="health_visiting", since=hours(0), due=hours(100))
    log.notice(notice)
    await told(engine, log)
    (before,) = await owed(engine, seen_by("health_visiting"))
    assert (before.rule, before.state, before.steps) == ("answer", "open", ())
    assert before.next == ItemStep(kind=StepKind.REMINDER, role=notice.obligation.role, at=hours(50))

    reminded = ItemStep(kind=StepKind.REMINDER, role="health_visitor", at=hours(50))
    health = {"rule": "answer", "agency": "health_visiting", "role": "health_visitor", "due": hours(100), "obligation_id": "owed"}
    log.item(an_item("owed", ItemState.OPEN, hours(50), **health, steps=(reminded,)))
    await told(engine, log)
    (after,) = await owed(engine, seen_by("health_visiting"))
    assert (after.id, after.steps) == ("owed", (reminded,))
    assert after == await item_owed(engine, POLICY, seen_by("health_visiting"), "owed", now=NOW)

    log.receipt(a_receipt(notice, Stage.ACKNOWLEDGED, hours(60)))
    log.item(an_item("owed", ItemState.MET, hours(60), **health, steps=(reminded,), closed_at=hours(60), closed_by="receipt"))
    await told(engine, log)
    assert await owed(engine, seen_by("health_visiting")) == []
    assert [one.closed_by for one in await owed(engine, seen_by("health_visiting"), ItemsAsked.ALL)] == ["receipt"]


async def test_what_nobody_must_answer_by_a_time_and_what_is_answered_or_taken_back_is_no_answer_owed(engine: Database) -> None:
    log = Log()
    a_family(log)
    log.notice(a_notice("a", agency="health_visiting", due=None))
    answered = a_notice("b", agency="health_visiting", due=hours(72))
    log.notice(answered)
    log.receipt(a_receipt(answered, Stage.ACKNOWLEDGED))
    await told(engine, log)

    assert await owed(engine, HOLDER, ItemsAsked.ALL) == []


async def test_late_ones_and_those_nobody_owns_can_be_asked_for_and_an_exercise_is_apart(engine: Database) -> None:
    log = Log()
    a_family(log)
    log.item(an_item("in time", due=hours(72)))
    log.item(an_item("late", ItemState.MISSED, hours(24)))
    log.item(an_item("recorded late", ItemState.MISSED, hours(25), closed_at=hours(25)))
    log.item(unowned("unowned", hours(30), due=hours(20)))
    log.item(unowned("rehearsed", hours(30), due=hours(20), exercise="drill"))
    log.notice(a_notice("n", "late, no step", agency="health_visiting", due=hours(30)))
    log.notice(a_notice("m", "of a drill", agency="health_visiting", due=hours(30), exercise="drill"))
    await told(engine, log)

    assert named(await owed(engine, HOLDER, ItemsAsked.OVERDUE, exercise=None)) == ["unowned", "late", "late, no step"]
    assert named(await owed(engine, HOLDER, ItemsAsked.UNOWNED, exercise=None)) == ["unowned"]
    assert named(await owed(engine, HOLDER, ItemsAsked.UNOWNED)) == ["rehearsed", "unowned"]
    assert named(await owed(engine, HOLDER, exercise="drill")) == ["rehearsed", "of a drill"]
    assert named(await owed(engine, HOLDER, exercise=None)) == ["unowned", "late", "late, no step", "in time"]
    drill = (await owed(engine, HOLDER, exercise="drill"))[1]
    assert (drill.overdue, drill.state) == (False, "open"), "late by the wall clock, and an exercise has a time of its own"


async def test_pages_follow_each_other_without_a_gap_and_without_repeating(engine: Database) -> None:
    log = Log()
    a_family(log)
    for n in range(7):
        log.item(an_item(f"item {n}", due=None if n == 3 else hours(n // 2)))
        log.notice(a_notice(f"n{n}", f"owed {n}", agency="health_visiting", due=hours(n)))
    await told(engine, log)
    every = named(await owed(engine, HOLDER))
    assert (len(every), every[-1]) == (14, "item 3")

    for sight in (HOLDER, seen_by("health_visiting")):
        found: list[str] = []
        after = None
        while page := await owed(engine, sight, limit=3, after=after):
            found += named(page)
            after = page[-1].id
        assert found == every
    with pytest.raises(InvalidInput):
        await owed(engine, HOLDER, after="not a cursor")


async def test_who_holds_some_cases_sees_those_whole(engine: Database) -> None:
    log = Log()
    for case_id in ("north-1", "north_2", "south-1"):
        log.case(a_case(case_id))
        log.item(an_item(f"of {case_id}", case_id=case_id, agency="police"))
    await told(engine, log)

    north = ItemSight(None, ("north-",))
    assert named(await owed(engine, north)) == ["of north-1"]
    assert named(await owed(engine, ItemSight(None, ()))) == []
    assert named(await owed(engine, ItemSight("gp", ()), case_id="south-1", exercise=EVERYTHING)) == ["of south-1"]
    assert (await owed(engine, north))[0].kind == "strategy_meeting"


def test_the_first_step_waits_for_the_opening_as_the_step_itself_does_and_a_safety_kind_does_not() -> None:
    evening = {"agency": "childrens_social_care", "since": hours(6), "due": hours(10), "severity": Severity.MEDIUM}

    waits, does_not = (first_step(sample_obligation(kind=kind, **evening), POLICY) for kind in ("ppn", "threat_to_staff"))

    assert waits is not None
    assert does_not is not None
    assert (waits.at, does_not.at) == (hours(21), hours(8)), "nine in the morning, and halfway"


def test_of_the_bus_s_own_agency_nobody_is_asked_first() -> None:
    assert first_step(sample_obligation(agency=watchdog.AGENCY, since=hours(0), due=hours(4)), POLICY) is None
