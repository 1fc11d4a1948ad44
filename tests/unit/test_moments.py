"""The intake's sense of time: what no alert can state of when it was, and when a source's message is too old to be told."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from alertbus.intake.moments import AHEAD, CLOCKS_DIFFER, EARLIEST, OLD_NEWS, impossible_moments, is_old_news
from alertbus.model.alert import KINDS, Alert

NOW = datetime(2026, 11, 29, 12, tzinfo=UTC)
KIND = st.sampled_from(sorted(KINDS))
PASSED = st.timedeltas(timedelta(0), timedelta(days=365 * 30))


def stated(occurred: timedelta | datetime, recorded: timedelta | datetime | None = None, **changed: Any) -> Alert:
    """An alert by how long ago it happened and was recorded; negative for the future."""
    recorded = occurred if recorded is None else recorded
    occurred_at = occurred if isinstance(occurred, datetime) else NOW - occurred
    recorded_at = recorded if isinstance(recorded, datetime) else NOW - recorded
    person = {"identifiers": [{"system": "pnc", "value": "1975/0002828P"}]}
    said = {"id": "1", "source": "police", "kind": "threat_to_staff", "subjects": [{"person": person}]}
    return Alert.model_validate(said | {"occurred_at": occurred_at, "recorded_at": recorded_at} | changed)


def faults(alert: Alert) -> list[tuple[str, str]]:
    return [(fault.path, fault.code) for fault in impossible_moments(alert, NOW)]


# Moments that cannot be.


@pytest.mark.parametrize(
    ("alert", "found"),
    [
        pytest.param(
            stated(timedelta(days=1), datetime(2031, 1, 1, tzinfo=UTC)), [("recorded_at", "moment_in_future")], id="recorded in 2031"
        ),
        pytest.param(
            stated(datetime(2099, 1, 1, tzinfo=UTC), timedelta(0), kind="prisoner_release"),
            [("occurred_at", "moment_in_future")],
            id="a release of 2099",
        ),
        pytest.param(
            stated(datetime(1970, 1, 1, tzinfo=UTC)),
            [("occurred_at", "moment_too_early"), ("recorded_at", "moment_too_early")],
            id="no time",
        ),
        pytest.param(
            stated(datetime(1989, 12, 31, tzinfo=UTC), timedelta(0)), [("occurred_at", "moment_too_early")], id="happened in 1989"
        ),
        pytest.param(stated(-CLOCKS_DIFFER), [], id="a clock that is as far ahead as clocks may be"),
        pytest.param(
            stated(-CLOCKS_DIFFER - timedelta(seconds=1)),
            [("occurred_at", "moment_in_future"), ("recorded_at", "moment_in_future")],
            id="a clock that is a second further ahead",
        ),
        pytest.param(stated(timedelta(days=-30), timedelta(0), kind="meeting"), [], id="a meeting next month"),
        pytest.param(
            stated(timedelta(0), kind="prisoner_release", details={"release": {"date": "2027-02-01"}}), [], id="a release that is to come"
        ),
        pytest.param(stated(datetime(2099, 1, 1, tzinfo=UTC), exercise="x1"), [], id="an exercise in its own time"),
        pytest.param(stated(datetime(1952, 1, 1, tzinfo=UTC), exercise="x1"), [], id="an exercise of long ago"),
    ],
)
def test_a_moment_that_cannot_be_is_named_at_its_path(alert: Alert, found: list[tuple[str, str]]) -> None:
    assert faults(alert) == found


@given(kind=KIND, occurred=PASSED, recorded=PASSED)
def test_what_has_passed_since_1990_is_never_refused(kind: str, occurred: timedelta, recorded: timedelta) -> None:
    assert faults(stated(occurred, recorded, kind=kind)) == []


@given(kind=KIND, ahead=st.timedeltas(CLOCKS_DIFFER + timedelta(microseconds=1), timedelta(days=20_000)))
def test_whatever_the_kind_nothing_was_recorded_in_the_future(kind: str, ahead: timedelta) -> None:
    assert ("recorded_at", "moment_in_future") in faults(stated(-ahead, kind=kind))
    assert (("occurred_at", "moment_in_future") in faults(stated(-ahead, kind=kind))) is (kind not in AHEAD)


@given(before=st.timedeltas(timedelta(microseconds=1), timedelta(days=30_000)))
def test_a_fault_says_what_to_do_and_not_what_was_sent(before: timedelta) -> None:
    for fault in impossible_moments(stated(EARLIEST - before, NOW), NOW):
        assert "give when it was told" in fault.expected
        assert (EARLIEST - before).isoformat() not in fault.expected


# Old news.

MONTHS = timedelta(days=60)


@pytest.mark.parametrize(
    ("alert", "old"),
    [
        pytest.param(stated(datetime(2010, 1, 1, tzinfo=UTC), kind="prisoner_release"), True, id="a release of 2010"),
        pytest.param(stated(MONTHS, timedelta(0), kind="prisoner_release"), True, id="a release of two months ago, published today"),
        pytest.param(stated(MONTHS, timedelta(0), kind="school_concern"), False, id="a concern of two months ago, told today"),
        pytest.param(stated(MONTHS, kind="school_concern"), True, id="a concern told two months ago"),
        pytest.param(stated(MONTHS, kind="violent_person_flag"), True, id="a flag of two months ago"),
        pytest.param(stated(MONTHS, action="amended"), True, id="an amendment of two months ago"),
        pytest.param(stated(MONTHS, action="withdrawn"), False, id="a withdrawal of two months ago: what it takes back may still stand"),
        pytest.param(stated(OLD_NEWS), False, id="four weeks to the second"),
        pytest.param(stated(OLD_NEWS + timedelta(microseconds=1)), True, id="an instant older"),
        pytest.param(
            stated(MONTHS, kind="prisoner_release", details={"release": {"date": "2026-12-24"}}),
            False,
            id="told long ago of a release to come",
        ),
        pytest.param(
            stated(MONTHS, kind="prisoner_release", details={"release": {"date": "2026-10-01"}}), True, id="a release day long past"
        ),
        pytest.param(stated(MONTHS, exercise="x1"), False, id="an exercise"),
    ],
)
def test_a_message_is_old_when_nothing_in_it_is_of_the_last_four_weeks(alert: Alert, old: bool) -> None:
    assert is_old_news(alert, NOW) is old


@given(kind=KIND, ago=st.timedeltas(timedelta(0), OLD_NEWS))
def test_nothing_that_happened_in_the_last_four_weeks_is_old(kind: str, ago: timedelta) -> None:
    assert not is_old_news(stated(ago, kind=kind), NOW)


@given(kind=KIND, ago=PASSED, later=PASSED)
def test_what_is_old_stays_old(kind: str, ago: timedelta, later: timedelta) -> None:
    alert = stated(ago, kind=kind)

    assert is_old_news(alert, NOW + later) or not is_old_news(alert, NOW)
