"""Working days: every published vector, and the laws they follow."""

import json
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from alertbus.model.calendar import add_working_days, end_of_working_day, is_working_day
from alertbus.model.case import UK

VECTORS = json.loads((Path(__file__).parents[1] / "data/identifiers/test-vectors.json").read_text())["workingDays"]
DAYS = st.dates(date(2013, 1, 1), date(2028, 6, 30))
"""Years whose bank holidays are known."""


@pytest.mark.parametrize("vector", [pytest.param(v, id=f"{v['what']} from {v['start']}") for v in VECTORS["vectors"]])
def test_published_vector_falls_due_on_its_day(vector: dict[str, Any]) -> None:
    start = date.fromisoformat(vector["start"])

    assert add_working_days(start, vector["workingDays"]).isoformat() == vector["due"]


def test_the_vectors_are_of_our_calendar_and_rule() -> None:
    assert (VECTORS["calendar"], VECTORS["rule"]) == ("england-and-wales", "day of the trigger is day 0")
    assert len(VECTORS["vectors"]) == 7


@pytest.mark.parametrize(
    ("day", "works"),
    [
        pytest.param(date(2026, 12, 24), True, id="Christmas Eve, a Thursday"),
        pytest.param(date(2026, 12, 25), False, id="Christmas Day"),
        pytest.param(date(2026, 12, 26), False, id="a Saturday"),
        pytest.param(date(2026, 12, 27), False, id="a Sunday"),
        pytest.param(date(2026, 12, 28), False, id="Boxing Day in lieu"),
        pytest.param(date(2027, 3, 26), False, id="Good Friday"),
        pytest.param(date(2026, 11, 30), True, id="St Andrew's Day: a holiday in Scotland only"),
        pytest.param(date(2026, 3, 17), True, id="St Patrick's Day: a holiday in Northern Ireland only"),
        pytest.param(date(2022, 9, 19), False, id="a holiday made for one year"),
    ],
)
def test_weekends_and_the_bank_holidays_of_england_and_wales_do_not_count(day: date, works: bool) -> None:
    assert is_working_day(day) is works


@given(day=DAYS, count=st.integers(1, 60))
def test_the_day_due_is_a_working_day_with_as_many_before_it_as_were_given(day: date, count: int) -> None:
    due = add_working_days(day, count)

    between = (day + timedelta(days=n) for n in range(1, (due - day).days + 1))
    assert is_working_day(due)
    assert sum(is_working_day(each) for each in between) == count


@given(day=DAYS, first=st.integers(0, 30), second=st.integers(0, 30))
def test_days_given_in_two_parts_are_the_days_given_at_once(day: date, first: int, second: int) -> None:
    assert add_working_days(add_working_days(day, first), second) == add_working_days(day, first + second)


@given(day=DAYS)
def test_no_days_given_is_the_same_day_even_at_a_weekend(day: date) -> None:
    assert add_working_days(day, 0) == day


@pytest.mark.parametrize(
    ("moment", "count", "due"),
    [
        pytest.param(datetime(2026, 11, 3, 9, tzinfo=UTC), 1, "2026-11-04T23:59:59+00:00", id="winter"),
        pytest.param(datetime(2026, 7, 1, 9, tzinfo=UTC), 1, "2026-07-02T23:59:59+01:00", id="summer"),
        pytest.param(datetime(2026, 7, 1, 23, 30, tzinfo=UTC), 1, "2026-07-03T23:59:59+01:00", id="past midnight here, not yet in UTC"),
        pytest.param(datetime(2026, 7, 3, 23, 30, tzinfo=UTC), 1, "2026-07-06T23:59:59+01:00", id="Saturday here, still Friday in UTC"),
        pytest.param(datetime(2026, 11, 3, 9, tzinfo=UTC), 0, "2026-11-03T23:59:59+00:00", id="the same day"),
    ],
)
def test_an_answer_is_owed_by_the_end_of_the_uk_day(moment: datetime, count: int, due: str) -> None:
    assert end_of_working_day(moment, count).isoformat() == due
    assert end_of_working_day(moment, count).tzinfo is UK


def test_past_the_list_of_holidays_weekends_still_count() -> None:
    assert add_working_days(date(2040, 6, 1), 1) == date(2040, 6, 4)
