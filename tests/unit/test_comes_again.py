"""An alert that is over and comes to its case again, by a link or a merge of two people, tells and chases nobody anew (DESIGN section 6)."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from alertbus.model.alert import AcceptedAlert
from alertbus.model.case import Link
from alertbus.model.events import AlertAboutPerson, AlertReachedCase, CaseChanged, LinkChanged
from alertbus.model.item import ItemState
from alertbus.model.notice import Notice
from alertbus.model.receipt import Intent
from alertbus.policy.policy import Policy
from alertbus.reach.comes_again import KEPT_BEYOND
from alertbus.reach.prepared_notices import PreparedNotices
from alertbus.reach.reduce_person import PersonState, reduce_person
from alertbus.reach.standing import PRUNE_EVERY, REMEMBERED
from tests.asked import MONDAY, POLICY, Machine, a_case, answered, reached, said, ticked

HOUR, DAY = timedelta(hours=1), timedelta(days=1)
QUIET = "missing_school"


def again(*statements: AcceptedAlert) -> AlertReachedCase:
    """All that a person's state remembers of an alert, as a changed link brings it."""
    return AlertReachedCase(case_id="c1", via="id-ex", alert=statements[-1], others=statements[:-1])


def told(kind: str = "restraining_order_breach") -> tuple[Machine, AcceptedAlert, Notice]:
    """A case on which one alert has been told to a school."""
    machine, statement = Machine(), said(1, kind=kind)
    machine.follow(CaseChanged(case=a_case("school")))
    (notice,) = machine.follow(reached(statement))
    return machine, statement, notice


def withdrawal(of: AcceptedAlert, at: datetime, version: int = 0) -> AcceptedAlert:
    taken = said(2, at, kind=of.alert.kind, amends=of.alert.id, action="withdrawn")
    return taken.model_copy(update={"first_at": of.at, "people_version": version})


@pytest.mark.parametrize("days", [1, 20, 60])
@pytest.mark.parametrize("version", [0, 7])
def test_what_was_answered_and_taken_back_is_not_chased_when_a_merge_brings_it_again(days: int, version: int) -> None:
    machine, statement, notice = told()
    machine.follow(answered(notice, MONDAY + HOUR))
    taken = withdrawal(statement, MONDAY + 6 * HOUR)
    machine.follow(reached(taken))
    machine.until(MONDAY + days * DAY)
    known = {one.id for one in machine.notices}
    assert statement.alert_id not in machine.state.alerts, "it is over, and forgotten"

    machine.follow(again(statement, withdrawal(statement, MONDAY + 6 * HOUR, version)))
    machine.until(MONDAY + (days + 30) * DAY)

    assert {one.id for one in machine.notices} == known


def test_an_answer_to_what_was_over_is_remembered_with_it() -> None:
    machine, statement, notice = told()
    taken = withdrawal(statement, MONDAY + 6 * HOUR)
    machine.follow(reached(taken))
    machine.until(MONDAY + 2 * DAY)
    machine.follow(answered(notice, MONDAY + HOUR))  # said before it was taken back, and late to arrive
    machine.until(MONDAY + 20 * DAY)
    known = {one.id for one in machine.notices}

    machine.follow(again(statement, taken))

    assert {one.id for one in machine.notices} == known


def test_what_nobody_owned_has_one_item_when_its_alert_comes_again_and_an_answer_ends_it_once() -> None:
    machine, statement, notice = told()
    machine.until(MONDAY + 60 * DAY)
    for number in range(2, 2 + PRUNE_EVERY):
        machine.follow(reached(said(number, MONDAY + 60 * DAY, kind="other")))
    machine.follow(again(statement))
    known, at = len(machine.items), MONDAY + 61 * DAY

    machine.follow(answered(notice, at))

    closed = [one for one in machine.items[known:] if one.id == notice.obligation.id]
    assert [(one.state, one.closed_at, one.unowned) for one in closed] == [(ItemState.MISSED, at, False)]
    assert notice.obligation.id not in machine.state.unowned


answers = st.lists(st.tuples(st.integers(1, 4000), st.sampled_from(list(Intent))), max_size=3)


@given(
    answers=answers,
    taken_back=st.none() | st.integers(1, 4000),
    later=st.lists(st.integers(5000, 90_000), min_size=1, max_size=3, unique=True).map(sorted),
    version=st.integers(0, 2),
    busy=st.integers(0, PRUNE_EVERY),
)
def test_however_often_and_late_an_alert_comes_again_nothing_new_is_told_of_it(
    answers: list[tuple[int, Intent]], taken_back: int | None, later: list[int], version: int, busy: int
) -> None:
    machine, statement, notice = told()
    minute = timedelta(minutes=1)
    said_of = [(at, answered(notice, MONDAY + at * minute, intent, by=f"P {n}", to="B. Other")) for n, (at, intent) in enumerate(answers)]
    statements = [statement]
    if taken_back is not None:
        statements.append(withdrawal(statement, MONDAY + taken_back * minute))
        said_of.append((taken_back, reached(statements[-1])))  # type: ignore[arg-type]
    for at, event in sorted(said_of, key=lambda one: one[0]):
        machine.until(MONDAY + at * minute)
        machine.follow(event)
    once = Machine(machine.policy, machine.state, list(machine.notices), list(machine.items))
    for at in later:
        for one in (machine, once):
            one.until(MONDAY + at * minute)
            for number in range(busy):
                one.follow(reached(said(at * 10 + number, MONDAY + at * minute, kind="other")))
        newer = [one.model_copy(update={"people_version": version}) for one in statements]
        machine.follow(again(*newer))
    for one in (machine, once):
        one.until(MONDAY + 200 * DAY)

    assert {one.id for one in machine.notices} == {one.id for one in once.notices}


def test_what_nobody_can_bring_again_any_more_is_kept_no_longer() -> None:
    machine = Machine()
    machine.follow(CaseChanged(case=a_case("gp")))
    rule, held = POLICY.kind_rule("other"), []
    for number in range(150):
        at = MONDAY + number * 5 * DAY
        machine.until(at)
        (notice,) = machine.follow(reached(said(number, at)))
        machine.follow(answered(notice, at + HOUR))
        held.append(len(machine.state.over))

    waits = max(rule.meets_later_days, rule.stands.days or 0)
    assert 0 < max(held) <= (waits + KEPT_BEYOND.days) / 5 + PRUNE_EVERY


def test_the_quick_way_leaves_to_the_long_one_what_the_case_has_known_before() -> None:
    machine, statement, notice = told()
    machine.follow(answered(notice, MONDAY + HOUR), reached(withdrawal(statement, MONDAY + 6 * HOUR)))
    machine.until(MONDAY + 2 * DAY)
    assert statement.alert_id in machine.state.over

    assert PreparedNotices(POLICY).tell(machine.state, again(statement)) is None


def test_a_persons_changed_link_brings_nothing_that_no_case_could_still_meet() -> None:
    rule, statement = POLICY.kind_rule("other"), said(1)
    waits = timedelta(days=max(rule.meets_later_days, rule.stands.days or 0))
    stated = AlertAboutPerson(person_id="id-ex", alert=statement)

    def brought(known_at: datetime) -> int:
        state, *_ = reduce_person(PersonState(), stated, POLICY)
        link = Link(person="ex", relation="ex-partner", known_at=known_at)
        _, reached_cases, _ = reduce_person(state, LinkChanged(person_id="id-ex", case_id="c1", version=2, links=(link,)), POLICY)
        return len(reached_cases)

    assert [brought(MONDAY + waits + days * DAY) for days in (0, REMEMBERED.days - 1, REMEMBERED.days + 2)] == [1, 1, 0]
    assert (MONDAY.tzinfo, isinstance(POLICY, Policy), ticked(MONDAY).at) == (UTC, True, MONDAY)
