"""Working days: every published vector, and the laws they follow."""

import json
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from structlog.testing import capture_logs

from alertbus.model.calendar import (
    add_working_days,
    bank_holidays,
    bank_holidays_by_rule,
    calendar_finding,
    easter_sunday,
    end_of_working_day,
    is_working_day,
    listed_years,
)
from alertbus.model.case import UK

VECTORS = json.loads((Path(__file__).parents[1] / "data/identifiers/test-vectors.json").read_text())["workingDays"]
DAYS = st.dates(date(1975, 1, 1), date(2150, 6, 30))
"""Before, on and after the shipped list."""

PROCLAIMED = {2012: 3, 2020: 2, 2022: 4, 2023: 1}
"""Listed years with holidays made or moved for that year alone (jubilees, VE Day, a funeral, a coronation) → days that differ from the rule."""


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


# Beyond the shipped list.


@pytest.mark.parametrize("year", listed_years())
def test_the_rule_gives_every_listed_holiday_but_those_made_for_one_year(year: int) -> None:
    assert len(bank_holidays(year) ^ bank_holidays_by_rule(year)) == PROCLAIMED.get(year, 0)


@pytest.mark.parametrize(
    ("start", "count", "due"),
    [
        pytest.param(date(2028, 12, 29), 1, date(2029, 1, 2), id="New Year after the list's end"),
        pytest.param(date(2029, 12, 24), 1, date(2029, 12, 27), id="Christmas"),
        pytest.param(date(2030, 5, 3), 1, date(2030, 5, 7), id="early May"),
        pytest.param(date(2030, 4, 18), 1, date(2030, 4, 23), id="Easter"),
        pytest.param(date(2032, 12, 24), 1, date(2032, 12, 29), id="Christmas on a Saturday: Monday and Tuesday in its place"),
        pytest.param(date(2033, 12, 23), 1, date(2033, 12, 28), id="Christmas on a Sunday: Monday is Boxing Day, Tuesday in its place"),
        pytest.param(date(2033, 12, 31), 1, date(2034, 1, 3), id="New Year on a Sunday"),
        pytest.param(date(2009, 12, 24), 1, date(2009, 12, 29), id="before the list begins"),
        pytest.param(date(2040, 6, 1), 1, date(2040, 6, 4), id="an ordinary weekend"),
    ],
)
def test_the_holidays_that_return_are_known_for_every_year(start: date, count: int, due: date) -> None:
    assert add_working_days(start, count) == due


@pytest.mark.parametrize(
    "day",
    [date(1818, 3, 22), date(1943, 4, 25), date(1954, 4, 18), date(1981, 4, 19), date(2029, 4, 1), date(2038, 4, 25), date(2049, 4, 18)],
    ids=str,
)
def test_easter_falls_on_its_published_day(day: date) -> None:
    assert easter_sunday(day.year) == day


@given(st.integers(1753, 4099))
def test_easter_is_a_sunday_between_22_march_and_25_april(year: int) -> None:
    easter = easter_sunday(year)

    assert easter.weekday() == 6
    assert date(year, 3, 22) <= easter <= date(year, 4, 25)


@given(st.integers(1978, 2999))
def test_by_rule_a_year_has_eight_holidays_and_none_on_a_weekend(year: int) -> None:
    days = bank_holidays_by_rule(year)

    assert len(days) == 8
    assert [day for day in days if day.weekday() > 4 or day.year != year] == []


@given(day=DAYS, count=st.integers(1, 30), closed=st.frozensets(st.integers(0, 60), max_size=5))
def test_a_day_that_is_added_never_makes_an_answer_due_sooner_and_never_on_that_day(day: date, count: int, closed: frozenset[int]) -> None:
    also = frozenset(day + timedelta(days=n) for n in closed)

    due = add_working_days(day, count, also)

    assert due >= add_working_days(day, count)
    assert due not in also


@pytest.mark.parametrize(
    ("today", "warns"),
    [
        pytest.param(date(2026, 11, 29), False, id="two years before its end"),
        pytest.param(date(2028, 9, 30), False, id="a clock that starts today ends on the list"),
        pytest.param(date(2028, 10, 1), True, id="a clock that starts today may end beyond it"),
        pytest.param(date(2035, 1, 1), True, id="long after"),
    ],
)
def test_a_person_is_warned_before_clocks_reach_beyond_the_list(today: date, warns: bool) -> None:
    finding = calendar_finding(today)

    assert finding.warning is warns
    assert "listed to 2028" in finding.text
    assert ("policy" in finding.text) is warns


def test_the_log_says_once_for_a_year_that_it_is_worked_out_by_rule() -> None:
    bank_holidays.cache_clear()

    with capture_logs() as said:
        for month in range(1, 13):
            is_working_day(date(2071, month, 1))
            is_working_day(date(2026, month, 1))

    assert [(entry["log_level"], entry["year"], entry["list_ends"]) for entry in said] == [("warning", 2071, 2028)]
