"""Where a prisoner is, by what prison and probation stated, in whatever order it comes."""

from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from alertbus.model.alert import AcceptedAlert
from alertbus.model.custody import Custody, CustodyState, Movement, custody_on, is_under_one
from alertbus.plugin.kit.samples import sample_alert

MONDAY = date(2026, 3, 2)
RECALL, RELEASE, AT_LARGE = "prisoner_recall", "prisoner_release", "unlawfully_at_large"


def moved(
    name: str, kind: str, day: date, *, stated: date | None = None, ahead: bool = False, action: str = "raised", **more: Any
) -> Movement:
    said_on = stated or day
    alert = sample_alert(
        id=name,
        source=more.pop("source", "probation"),
        kind=kind,
        action=action,
        occurred_at=datetime(said_on.year, said_on.month, said_on.day, 12, tzinfo=UTC),
        recorded_at=datetime(said_on.year, said_on.month, said_on.day, 12, tzinfo=UTC),
        details={"release": {"date": day.isoformat()} | more} if ahead or kind == RELEASE else {},
        children=[],
    )
    statement = AcceptedAlert.of(alert, alert.recorded_at).with_people((("him",),))
    found = Movement.stated_by(statement)
    assert found is not None
    return found


def on(day: date, *movements: Movement) -> Custody:
    return custody_on(day, movements, {"him", "his other id"})


def test_not_11_pri_06_of_whom_nothing_was_said_nobody_knows_where_he_is() -> None:
    assert on(MONDAY) == Custody(state=CustodyState.NOT_STATED)
    assert custody_on(MONDAY, [moved("1", RECALL, MONDAY)], {"somebody else"}) == Custody()


def test_pri_05_a_recall_puts_him_in_custody_from_its_day_by_its_source() -> None:
    recall = moved("1", RECALL, MONDAY, source="prison.hmpps")

    assert on(MONDAY, recall) == Custody(state=CustodyState.IN_CUSTODY, since=MONDAY, stated_on=MONDAY, source="prison")
    assert on(MONDAY - timedelta(days=1), recall).state is CustodyState.NOT_STATED


def test_pri_01_a_release_ahead_says_that_he_is_in_custody_until_its_day_and_at_liberty_from_then_on() -> None:
    release = moved("1", RELEASE, MONDAY + timedelta(days=20), stated=MONDAY, confirmed=True)

    before, then = on(MONDAY, release), on(MONDAY + timedelta(days=20), release)

    assert (before.state, before.since, before.release_on) == (CustodyState.IN_CUSTODY, None, MONDAY + timedelta(days=20))
    assert (before.source, before.release_confirmed) == ("probation", True)
    assert (then.state, then.since, then.release_on) == (CustodyState.AT_LIBERTY, MONDAY + timedelta(days=20), None)


def test_pri_04_an_unconfirmed_release_is_said_to_be_so() -> None:
    release = moved("1", RELEASE, MONDAY + timedelta(days=5), stated=MONDAY, confirmed=False, source="school.north")

    assert (on(MONDAY, release).release_confirmed, on(MONDAY, release).source) == (False, "school")


def test_pri_05_a_recall_ends_a_release_that_is_still_ahead_unless_that_was_stated_later() -> None:
    ahead = MONDAY + timedelta(days=9)
    old, recall = moved("1", RELEASE, ahead, stated=MONDAY), moved("2", RECALL, MONDAY + timedelta(days=2))
    new = moved("3", RELEASE, ahead, stated=MONDAY + timedelta(days=3))

    assert on(MONDAY + timedelta(days=4), old, recall).release_on is None
    assert on(MONDAY + timedelta(days=4), old, recall, new).release_on == ahead


def test_pri_02_whoever_left_without_leave_is_unlawfully_at_large_until_he_is_recalled() -> None:
    gone, back = moved("1", AT_LARGE, MONDAY), moved("2", RECALL, MONDAY + timedelta(days=1))

    assert on(MONDAY, gone, back).state is CustodyState.UNLAWFULLY_AT_LARGE
    assert on(MONDAY + timedelta(days=1), gone, back).state is CustodyState.IN_CUSTODY


def test_a_movement_that_was_taken_back_never_was() -> None:
    recall, release = moved("1", RECALL, MONDAY), moved("2", RELEASE, MONDAY + timedelta(days=1))
    withdrawn = moved("2", RELEASE, MONDAY + timedelta(days=1), action="withdrawn")

    assert on(MONDAY + timedelta(days=2), recall, release).state is CustodyState.AT_LIBERTY
    assert on(MONDAY + timedelta(days=2), recall, withdrawn).state is CustodyState.IN_CUSTODY


some_movements = st.lists(
    st.builds(
        lambda number, kind, day, stated: moved(f"{number}", kind, MONDAY + timedelta(days=day), stated=MONDAY + timedelta(days=stated)),
        st.integers(0, 99),
        st.sampled_from([RECALL, RELEASE, AT_LARGE]),
        st.integers(-5, 5),
        st.integers(-5, 5),
    ),
    max_size=6,
    unique_by=lambda one: one.alert_id,
)


@given(movements=some_movements, day=st.integers(-7, 7), data=st.data())
def test_the_order_in_which_movements_come_makes_no_difference(movements: list[Movement], day: int, data: st.DataObject) -> None:
    shuffled = data.draw(st.permutations(movements))

    assert on(MONDAY + timedelta(days=day), *movements) == on(MONDAY + timedelta(days=day), *shuffled)


@given(movements=some_movements, day=st.integers(-7, 7))
def test_nobody_is_said_to_be_somewhere_without_a_source_and_nobody_at_liberty_without_a_day(movements: list[Movement], day: int) -> None:
    found = on(MONDAY + timedelta(days=day), *movements)

    assert (found.source is None) == (found.state is CustodyState.NOT_STATED)
    assert found.state is not CustodyState.AT_LIBERTY or found.since is not None


@pytest.mark.parametrize(
    ("born", "under"),
    [
        (None, False),
        (date(2026, 3, 2), True),
        (date(2026, 3, 3), False),  # not born yet
        (date(2025, 3, 3), True),
        (date(2025, 3, 2), False),
        (date(2024, 2, 29), False),
    ],
)
def test_pri_06_who_is_under_one(born: date | None, *, under: bool) -> None:
    assert is_under_one(born, MONDAY) is under
