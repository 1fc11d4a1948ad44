"""A chronology in numbers: each alert once, what was taken back not at all, nothing left out of the chart or put into it."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from alertbus.chronicle.answers import ChronologyEntry
from alertbus.chronicle.chronology_counts import MOST_PERIODS, counts_of, standing_entries, tally
from alertbus.chronicle.themes import THEMES, Theme, theme_of
from alertbus.desk.chart import chart_of
from alertbus.model.alert import KINDS, Action
from tests.unit.test_formats import entry

AT = datetime(2026, 3, 2, 9, tzinfo=UTC)
DAYS = st.datetimes(datetime(1990, 1, 2), datetime(2099, 12, 30))  # noqa: DTZ001  hypothesis takes them so; a zone is given below


def said(alert: str, days: float = 0, **more: Any) -> ChronologyEntry:
    at = AT + timedelta(days=days)
    return entry(**{"alert_id": alert, "statement_id": f"{alert} {at} {more.get('action')}", "occurred_at": at, "recorded_at": at} | more)


def test_CHR_03_every_kind_has_a_theme_and_one_that_nobody_knows_is_not_lost() -> None:  # noqa: N802  the id is written so
    assert {kind for kind in KINDS if theme_of(kind) is Theme.OTHER} == {"other"}
    assert theme_of("plugins_own_kind") is Theme.OTHER
    assert theme_of("other", contact=True) is Theme.CONTACT
    assert set(THEMES) == set(Theme)


def test_an_alert_is_counted_once_by_the_statement_that_was_recorded_last_and_not_once_taken_back() -> None:
    changed = said("a", 40, action=Action.AMENDED)
    entries = [said("a"), changed, said("b"), said("b", 1, action=Action.WITHDRAWN), said("c", children=("kid", "baby"))]

    assert [one.alert_id for one in standing_entries(entries)] == ["c", "a"]
    assert standing_entries(entries)[-1] is changed
    counted = tally(entries, [("kid", "Zoë"), ("baby", "Siân"), ("other", "Max")])
    assert counted.themes == (("Safety of staff", 2),)
    assert counted.children == (("Zoë", 1), ("Siân", 1), ("Max", 0))
    assert counted.several_children == 1


def test_CHR_10_contacts_that_did_not_take_place_are_counted_by_period() -> None:  # noqa: N802
    visit = said("a", kind="other", details={"contact": {"mode": "visit"}})
    refused = said("b", kind="other", details={"contact": {"mode": "visit", "refused": "the bedroom"}})
    missed = [
        said(f"m{n}", 40, kind="non_engagement", details={"contact": {"mode": mode}}) for n, mode in enumerate(("no_reply", "cancelled"))
    ]
    without = said("w", 40, kind="non_engagement", details={})

    took_place, did_not = counts_of([visit, refused, *missed, without], []).contacts

    assert took_place.counts == (2, 0)
    assert did_not.counts == (1, 3)


def test_CHR_11_a_period_without_anything_is_silent_and_stands_in_the_chart() -> None:  # noqa: N802
    counts = counts_of([said("a"), said("b", 100)], [AT + timedelta(days=65)])

    assert [one.name for one in counts.periods] == ["Mar 2026", "Apr 2026", "May 2026", "Jun 2026"]
    assert counts.silent == (False, True, False, False)
    assert counts.missed.counts == (0, 0, 1, 0)
    assert [one.silent for one in chart_of(counts).columns] == [False, True, False, False]
    assert "Nothing was stated in 1 of 4 periods" in chart_of(counts).described


def test_nothing_gives_an_empty_chart_and_no_fault() -> None:
    counts = counts_of([], [])

    assert (counts.periods, counts.lanes, counts.most) == ((), (), 0)
    assert chart_of(counts).columns == ()


@given(
    st.lists(
        st.tuples(DAYS, st.sampled_from(sorted(KINDS)), st.sampled_from(("gp", "police"))),
        max_size=25,
    ),
    st.lists(DAYS, max_size=5),
    st.booleans(),
)
def test_law_the_numbers_of_a_chart_are_all_and_only_what_was_stated(
    stated: list[tuple[datetime, str, str]], late: list[datetime], by_agency: bool
) -> None:
    entries = [
        entry(
            alert_id=f"a{n}",
            statement_id=f"s{n}",
            occurred_at=at.replace(tzinfo=UTC),
            recorded_at=at.replace(tzinfo=UTC),
            kind=kind,
            agency=agency,
        )
        for n, (at, kind, agency) in enumerate(stated)
    ]

    counts = counts_of(entries, [at.replace(tzinfo=UTC) for at in late], agency=str.title if by_agency else None)

    assert sum(lane.total for lane in counts.lanes) == len(entries)
    assert counts.missed.total == len(late)
    assert len(counts.periods) <= MOST_PERIODS
    assert all(len(lane.counts) == len(counts.periods) for lane in counts.every)
    assert counts.silent == tuple(not any(lane.counts[n] for lane in (*counts.lanes, counts.missed)) for n in range(len(counts.periods)))
    drawn = sum(mark.number for lane in chart_of(counts).lanes for mark in lane.marks)
    assert drawn == len(entries) + len(late)


@pytest.mark.parametrize("days", [1, 90, 400, 2_000, 10_000])
def test_periods_follow_each_other_and_hold_the_first_day_and_the_last(days: int) -> None:
    counts = counts_of([said("a"), said("b", days)], [])

    assert [one.first for one in counts.periods] == sorted({one.first for one in counts.periods})
    assert counts.periods[0].first <= AT.date()
    assert sum(lane.counts[-1] for lane in counts.lanes) >= 1
