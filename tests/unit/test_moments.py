"""The intake's sense of time: what no alert can state of when it was, and when a source's message is too old to be told."""

from datetime import UTC, datetime, timedelta
from typing import Any, get_args

import pytest
from hypothesis import given
from hypothesis import strategies as st

from alertbus.intake.moments import AHEAD, CLOCKS_DIFFER, EARLIEST, OLD_NEWS, impossible_moments, is_old_news
from alertbus.intake.out_of_range import _dated, out_of_range
from alertbus.model.alert import KINDS, Alert
from alertbus.model.base import FIRST, LAST, Word
from alertbus.model.case import Case
from alertbus.model.events import Tick
from alertbus.model.identity import PersonMerged, PersonSplit
from alertbus.policy.human_range import HumanRange

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


# The human range: every moment and day that is stated, in whatever field, of whatever word.

FAR = ["9999-12-31T23:59:59Z", "9999-12-31", "2200-01-01", "1066-10-14", "0001-01-01", "0001-01-01T00:00:00Z"]


@pytest.mark.parametrize("far", FAR)
@pytest.mark.parametrize(
    ("path", "said"),
    [
        ("review_on", lambda day: {"review_on": day[:10]}),
        ("details.release.date", lambda day: {"details": {"release": {"date": day[:10]}}}),
        ("occurred_at", lambda day: {"occurred_at": day if "T" in day else f"{day}T00:00:00Z", "kind": "meeting"}),
        ("recorded_at", lambda day: {"recorded_at": day if "T" in day else f"{day}T00:00:00Z"}),
    ],
)
@pytest.mark.parametrize("exercise", [None, "x1"])
def test_whatever_an_alert_dates_beyond_a_human_life_is_named_at_its_path(path: str, said: Any, far: str, exercise: str | None) -> None:
    alert = Alert.model_validate(stated(timedelta(0)).model_dump() | said(far) | {"exercise": exercise})

    assert [where for where, _ in faults(alert)] == [path]


CASE: dict[str, Any] = {"id": "c-1", "people": [{"key": "child"}]}


@pytest.mark.parametrize("far", [day for day in FAR if day > "1900"])
@pytest.mark.parametrize(
    ("path", "said"),
    [
        ("people[0].born", lambda day: {"people": [{"key": "child", "born": day[:10]}]}),
        ("people[0].died", lambda day: {"people": [{"key": "child", "died": day[:10]}]}),
        ("links[0].to", lambda day: {"links": [{"person": "child", "relation": "child", "to": day}]}),
        ("involvements[0].from", lambda day: {"involvements": [{"agency": "gp", "from": day}]}),
        ("episodes[0].from", lambda day: {"episodes": [{"type": "cp", "children": ["child"], "from": day}]}),
    ],
)
def test_whatever_a_case_dates_beyond_a_human_life_is_named_at_its_path(path: str, said: Any, far: str) -> None:
    found = list(out_of_range(Case.model_validate(CASE | said(far)), HumanRange(), NOW))

    assert [(fault.path, fault.code) for fault in found] == [(path, "moment_too_late")]
    assert far not in found[0].expected


@pytest.mark.parametrize("born", ["1900-01-01", "1911-05-05", "2027-06-01"])
def test_the_oldest_person_the_placeholder_and_the_child_to_come_are_within_it(born: str) -> None:
    case = Case.model_validate(CASE | {"people": [{"key": "child", "born": born}]})

    assert list(out_of_range(case, HumanRange(), NOW)) == []


def test_how_far_is_the_policys_to_say() -> None:
    alert = stated(timedelta(0), review_on="2036-01-01")

    assert list(impossible_moments(alert, NOW, HumanRange(years_ahead=10))) == []
    assert [fault.path for fault in impossible_moments(alert, NOW, HumanRange(years_ahead=9))] == ["review_on"]


@pytest.mark.parametrize(("moment", "read"), [("9999-12-31T23:59:59-14:00", LAST), ("0001-01-01T00:00:00+14:00", FIRST)])
def test_a_moment_that_utc_does_not_have_is_read_as_the_end_of_the_calendar_which_the_door_refuses(moment: str, read: datetime) -> None:
    alert = Alert.model_validate(stated(timedelta(0)).model_dump() | {"occurred_at": moment})
    case = Case.model_validate(CASE | {"involvements": [{"agency": "gp", "from": moment}]})
    tick = Tick.model_validate({"case_id": "c-1", "since": moment, "at": moment})

    assert {alert.occurred_at, case.involvements[0].from_, tick.since, tick.at} == {read}
    assert [path for path, _ in faults(alert)] == ["occurred_at"]
    assert [fault.path for fault in out_of_range(case, HumanRange(), NOW)] == ["involvements[0].from"]


def dated_in_schema(schema: Any) -> set[str]:
    """The names of all properties, at any depth, whose JSON is a day or a moment."""
    found = set()
    for model in (schema, *schema.get("$defs", {}).values()):
        for name, field in model.get("properties", {}).items():
            forms = [field, *field.get("anyOf", ())]
            if any(form.get("format") in {"date", "date-time"} for form in forms):
                found.add(name)
    return found


@pytest.mark.parametrize("word", [Alert, Case, PersonMerged, PersonSplit])
def test_no_field_that_holds_a_day_or_a_moment_is_overlooked_now_or_later(word: type[Word]) -> None:
    found, waiting = set(), [word]
    while waiting:
        one = waiting.pop()
        for name, shown in _dated(one):
            found.add(shown)
            waiting += [inner for inner in _words_in(one.model_fields[name].annotation) if inner not in waiting]

    assert dated_in_schema(word.model_json_schema()) <= found


def _words_in(annotation: Any) -> list[type[Word]]:
    if isinstance(annotation, type) and issubclass(annotation, Word):
        return [annotation]
    return [inner for argument in get_args(annotation) for inner in _words_in(argument)]
