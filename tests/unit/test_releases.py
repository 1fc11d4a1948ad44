"""A release that is ahead is told again before its day; who heard of one without proof is confirmed or not; a recall ends both."""

from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest

from alertbus.model.custody import CustodyState, custody_on
from alertbus.model.events import CaseChanged
from alertbus.model.item import ItemState, StepKind
from alertbus.model.notice import Notice
from alertbus.policy.load import load_policy
from tests.asked import MONDAY, Machine, a_case, answered, reached, said, ticked

POLICY = load_policy()
DAY = timedelta(days=1)
ON = (MONDAY + 20 * DAY).date()
"""A Sunday, twenty days on: 22 March 2026."""


def released(*, at: datetime = MONDAY, on: date = ON, number: int = 1, confirmed: bool | None = True, **stated: Any) -> Any:
    details = {"release": {"date": on.isoformat(), "confirmed": confirmed}}
    return reached(said(number, at, kind="prisoner_release", source=stated.pop("source", "probation"), details=details, **stated))


def machine(*agencies: Any, **stated: Any) -> Machine:
    made = Machine(POLICY)
    made.follow(CaseChanged(case=a_case(*(agencies or ("school", "childrens_social_care")), **stated)))
    return made


def near(notices: list[Notice]) -> list[tuple[str, str]]:
    return [(f"{one.step.at:%d %b %H:%M}", one.obligation.agency) for one in notices if one.step and one.step.kind is StepKind.RELEASE_NEAR]


def test_pri_01_everybody_who_was_told_of_a_release_is_told_again_fourteen_seven_and_one_day_before_it() -> None:
    bus = machine()
    told = bus.follow(released())
    bus.follow(*(answered(one, MONDAY + timedelta(hours=1)) for one in told))

    found = near(bus.until(MONDAY + 30 * DAY))

    expected = [(day, agency) for day in ("08 Mar 09:00", "15 Mar 09:00", "21 Mar 09:00") for agency in ("childrens_social_care", "school")]
    assert found == expected


def test_pri_01_a_release_heard_of_late_is_not_told_for_the_days_that_had_passed() -> None:
    bus = machine("school")
    bus.follow(released(on=(MONDAY + 5 * DAY).date()))

    assert near(bus.until(MONDAY + 30 * DAY)) == [("06 Mar 09:00", "school")]


@pytest.mark.parametrize("ending", ["withdrawn", "amended to a later day", "left"])
def test_pri_01_what_is_taken_back_or_moved_is_not_told_again_for_the_old_day(ending: str) -> None:
    agencies: list[Any] = [{"agency": "school", "to": (MONDAY + 9 * DAY).date().isoformat()} if ending == "left" else "school"]
    bus = machine(*agencies)
    bus.follow(released())
    bus.until(MONDAY + 10 * DAY)
    at = MONDAY + 10 * DAY
    if ending == "withdrawn":
        bus.follow(reached(said(9, at, kind="prisoner_release", source="probation", action="withdrawn", amends="A-1")))
    elif ending == "amended to a later day":
        bus.follow(released(at=at, on=(MONDAY + 40 * DAY).date(), number=9, action="amended", amends="A-1"))

    found = near(bus.until(MONDAY + 60 * DAY))

    after = [("28 Mar 09:00", "school"), ("04 Apr 08:00", "school"), ("10 Apr 08:00", "school")]  # in UTC: clocks go forward on the 29th
    assert found == (after if ending.startswith("amended") else [])


def test_a_reminder_of_a_release_says_what_the_notice_said_and_asks_for_nothing_anew() -> None:
    bus = machine("school")
    (first,) = bus.follow(released())
    bus.until(MONDAY + 10 * DAY)

    again = next(one for one in bus.notices if one.step and one.step.kind is StepKind.RELEASE_NEAR)

    changed = {"id", "deed", "step"}
    assert again.model_dump(exclude=changed) == first.model_dump(exclude=changed)
    assert {one.kind for item in bus.items for one in item.steps}.isdisjoint({StepKind.RELEASE_NEAR})


def test_a_tick_that_skips_weeks_or_comes_twice_gives_each_reminder_once_by_its_id() -> None:
    bus, other = machine("school"), machine("school")
    for one in (bus, other):
        one.follow(released())
    bus.until(MONDAY + 60 * DAY)

    other.follow(ticked(MONDAY + 60 * DAY, since=MONDAY))
    repeated = other.follow(ticked(MONDAY + 60 * DAY, since=MONDAY))

    ids = [
        {one.id for one in notices if one.step and one.step.kind is StepKind.RELEASE_NEAR}
        for notices in (bus.notices, other.notices, repeated)
    ]
    assert len(ids[0]) == len(POLICY.release_reminders)
    assert ids[0] == ids[1] == ids[2]


def test_pri_06_a_release_to_a_case_with_a_child_under_one_says_so_to_who_works_with_the_family_and_not_to_who_acts_for_him() -> None:
    baby = {
        "people": [{"key": k, "person_ids": [f"id-{k}"]} for k in ("mother", "ex")]
        + [{"key": "child", "person_ids": ["id-child"], "born": "2026-01-05"}]
    }
    acting = {"agency": "probation", "scope": "adult_linked", "adult": "ex"}
    infant = POLICY.kinds["prisoner_release"].infant

    told = {
        one.obligation.agency: one.action
        for one in machine("school", "childrens_social_care", acting, **baby).follow(released(source="prison"))
        if one.obligation.kind == "prisoner_release"
    }
    older = machine("school").follow(released())

    assert infant
    assert [infant in told[agency] for agency in ("school", "childrens_social_care", "probation")] == [True, True, False]
    assert infant not in older[0].action


def test_pri_04_who_heard_of_a_release_makes_probation_owe_a_confirmation_and_only_its_word_about_him_is_one() -> None:
    probation = {"agency": "probation", "scope": "adult_linked", "adult": "ex"}
    bus = machine("school", "childrens_social_care", probation)
    bus.follow(released(confirmed=False, source="school"))
    item = next(one for one in bus.items if one.rule == "release_confirmation")
    assert (item.agency, item.state, f"{item.due:%d %b}") == ("probation", ItemState.OPEN, "03 Mar")

    about_another = said(
        2, MONDAY + timedelta(hours=2), kind="prisoner_release", source="probation", details={"release": {"confirmed": True}}
    )
    bus.follow(reached(about_another.with_people((("id-mother",),))))
    assert [one.state for one in bus.items if one.id == item.id][-1] is ItemState.OPEN

    bus.follow(released(at=MONDAY + timedelta(hours=3), number=3))
    assert [one.state for one in bus.items if one.id == item.id][-1] is ItemState.MET


def test_pri_05_a_recall_ends_the_reminders_of_a_release_that_was_ahead_and_the_case_knows_that_he_is_in_custody() -> None:
    bus = machine("school")
    bus.follow(released())
    bus.until(MONDAY + 3 * DAY)

    bus.follow(reached(said(7, MONDAY + 3 * DAY, kind="prisoner_recall", source="probation")))

    assert near(bus.until(MONDAY + 30 * DAY)) == []
    custody = custody_on(date(2026, 4, 1), bus.state.movements.values(), ["id-ex"])
    assert (custody.state, custody.since, custody.source) == (CustodyState.IN_CUSTODY, date(2026, 3, 5), "probation")


def test_pri_06_where_he_is_is_still_known_when_the_alert_is_long_over() -> None:
    bus = machine("school")
    bus.follow(reached(said(7, MONDAY, kind="prisoner_recall", source="probation")))

    bus.until(MONDAY + 900 * DAY)
    bus.follow(ticked(datetime(2030, 1, 1, tzinfo=UTC), since=MONDAY))

    assert "A-7" not in {one.standing.alert.id for one in bus.state.alerts.values()}
    assert custody_on(date(2030, 1, 1), bus.state.movements.values(), ["id-ex"]).state is CustodyState.IN_CUSTODY


def test_pri_07_a_release_raises_the_review_of_a_status_that_rested_on_his_custody() -> None:
    bus = machine("childrens_social_care")
    stepped = {"status_change": {"to": "child_in_need", "reason": "He is in prison.", "basis": "section 17", "rests_on": "custody"}}
    bus.follow(reached(said(1, MONDAY, kind="case_status_change", source="childrens_social_care", details=stepped)))
    assert [one.rule for one in bus.items if one.rule == "status_on_custody"] == []

    bus.follow(released(at=MONDAY + DAY, number=2))

    (item,) = [one for one in bus.items if one.rule == "status_on_custody"]
    assert (item.agency, item.state) == ("childrens_social_care", ItemState.OPEN)
