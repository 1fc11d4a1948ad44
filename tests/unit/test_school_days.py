"""The next school day of a setting, by its own calendar: what a designated safeguarding lead must know before it (STANDARDS section 6)."""

from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from alertbus.model.alert import AcceptedAlert, Alert
from alertbus.model.calendar import is_working_day
from alertbus.model.case import UK, Case
from alertbus.model.events import AlertReachedCase, CaseChanged
from alertbus.policy.load import load_policy
from alertbus.policy.policy import Policy
from alertbus.policy.school_days import OPENS, SchoolCalendar, calendar_of, next_school_start
from alertbus.reach.follow import follow
from alertbus.reach.notices import notices_for
from alertbus.reach.prepared_notices import PreparedNotices, WrittenNotice
from alertbus.reach.reduce_case import EMPTY

NONE: frozenset[date] = frozenset()
CALENDAR = SchoolCalendar.model_validate(
    {
        "opens": "08:40",
        "closed": ["2026-11-27"],
        "terms": [
            {"first": "2026-09-02", "last": "2026-10-23"},
            {"first": "2026-11-02", "last": "2026-12-18"},
            {"first": "2027-01-04", "last": "2027-03-25"},
        ],
    }
)


@pytest.mark.parametrize(
    ("moment", "start"),
    [
        pytest.param("2026-11-24T20:15", "2026-11-25T08:40", id="an evening"),
        pytest.param("2026-11-25T03:00", "2026-11-25T08:40", id="the small hours: the same morning"),
        pytest.param("2026-11-25T08:40", "2026-11-26T08:40", id="as the day begins: the next one"),
        pytest.param("2026-11-26T20:15", "2026-11-30T08:40", id="before a day of training and a weekend"),
        pytest.param("2026-10-23T15:30", "2026-11-02T08:40", id="a half-term holiday"),
        pytest.param("2026-12-24T23:00", "2027-01-04T08:40", id="Christmas"),
        pytest.param("2026-08-10T12:00", "2026-09-02T08:40", id="the summer holidays"),
        pytest.param("2027-03-25T18:00", "2027-03-30T08:40", id="beyond the last term: the next working day, over Easter"),
    ],
)
def test_int_03_it_is_the_next_day_on_which_the_children_come(moment: str, start: str) -> None:
    at = datetime.fromisoformat(moment).replace(tzinfo=UK)

    assert next_school_start(at, CALENDAR, NONE) == datetime.fromisoformat(start).replace(tzinfo=UK)


@pytest.mark.parametrize(
    ("moment", "day"),
    [
        ("2026-12-24T20:00", "2026-12-29"),
        ("2026-11-27T20:00", "2026-11-30"),
        ("2026-11-27T07:00", "2026-11-27"),
        ("2026-08-10T12:00", "2026-08-11"),
    ],
)
def test_where_no_calendar_is_known_the_next_working_day_counts(moment: str, day: str) -> None:
    at = datetime.fromisoformat(moment).replace(tzinfo=UK)

    assert next_school_start(at, None, NONE) == datetime.combine(date.fromisoformat(day), OPENS, UK)


def test_a_holiday_of_the_policy_is_none_of_its_days() -> None:
    at = datetime(2026, 11, 24, 20, tzinfo=UK)

    assert next_school_start(at, CALENDAR, frozenset({date(2026, 11, 25)})).date() == date(2026, 11, 26)


@given(st.datetimes(datetime(2026, 8, 1), datetime(2027, 4, 30)), st.booleans())  # noqa: DTZ001  given their zone below
def test_it_is_always_ahead_on_a_working_day_and_none_lies_between(naive: datetime, known: bool) -> None:
    moment, calendar = naive.replace(tzinfo=UTC), CALENDAR if known else None
    start = next_school_start(moment, calendar, NONE)

    assert start > moment
    assert is_working_day(start.astimezone(UK).date())
    earlier = start - timedelta(days=1)
    assert not (earlier > moment and (calendar.is_school_day(earlier.date(), NONE) if calendar else is_working_day(earlier.date())))


def test_a_setting_has_its_own_calendar_else_that_of_all_schools() -> None:
    own, of_all = CALENDAR.model_copy(update={"closed": NONE}), CALENDAR
    known = {"school": of_all, "school.123456": own}

    assert calendar_of("school.123456", known) is own
    assert calendar_of("school.654321", known) is of_all
    assert calendar_of("school_northfield", known) is of_all
    assert calendar_of("schoolhouse", known) is None
    assert calendar_of("nursery", known) is None


@pytest.mark.parametrize(
    "wrong",
    [
        {"terms": []},
        {"terms": [{"first": "2026-12-18", "last": "2026-11-02"}]},
        {"terms": [{"first": "2026-11-02", "last": "2029-12-18"}]},
        {"terms": [{"first": "2026-11-02", "last": "2026-12-18"}], "opens": "08:40+01:00"},
    ],
)
def test_dates_that_cannot_be_a_calendar_are_refused(wrong: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match=r"term|opens|at least"):
        SchoolCalendar.model_validate(wrong)


def policy(**calendars: SchoolCalendar) -> Policy:
    return load_policy().model_copy(update={"school_calendars": {name.replace("__", "."): one for name, one in calendars.items()}})


CASE = Case.model_validate(
    {
        "id": "c1",
        "people": [
            {"key": "man", "person_ids": ["id-man"]},
            {"key": "child", "name": {"given": "Wrenna"}, "born": "2018-05-01", "person_ids": ["id-child"]},
        ],
        "children": ["child"],
        "links": [{"person": "man", "relation": "stepfather"}],
        "involvements": [
            {"agency": name} for name in ("childrens_social_care", "health_visiting", "school", "school.123456", "school.654321")
        ],
    }
).learned(None, datetime(2026, 9, 1, tzinfo=UTC))


def reached(number: int, kind: str, at: datetime) -> AlertReachedCase:
    stated = {
        "id": f"a{number}",
        "source": "police.north",
        "kind": kind,
        "occurred_at": at,
        "recorded_at": at,
        "subjects": [{"person": {"label": "him"}}],
    }
    return AlertReachedCase(
        case_id="c1", via="id-man", alert=AcceptedAlert.of(Alert.model_validate(stated), at).with_people((("id-man",),))
    )


@pytest.mark.parametrize("kind", ["domestic_abuse_incident", "ppn"])
def test_int_03_a_school_owes_its_answer_before_its_own_next_school_day_and_nobody_else_does(kind: str) -> None:
    ours, friday = policy(school__123456=CALENDAR), datetime(2026, 10, 23, 21, tzinfo=UTC)
    state = follow(EMPTY, CaseChanged(case=CASE), ours).after
    owed = {one.obligation.agency: one.obligation.due for one in follow(state, reached(1, kind, friday), ours).owed}

    ordinary = datetime(2026, 10, 26, 23, 59, 59, tzinfo=UK)
    monday = datetime(2026, 10, 26, 8, 30, tzinfo=UK)
    at_school = {"school.123456": datetime(2026, 11, 2, 8, 40, tzinfo=UK), "school": monday, "school.654321": monday}
    others = {"childrens_social_care": ordinary, "health_visiting": ordinary}
    assert owed == others | (at_school if kind == "domestic_abuse_incident" else dict.fromkeys(at_school, ordinary))


def test_a_prepared_notice_is_due_when_the_long_way_says() -> None:
    ours, at = policy(school__123456=CALENDAR), datetime(2026, 11, 24, 13, tzinfo=UTC)
    state = follow(EMPTY, CaseChanged(case=CASE), ours).after
    prepared = PreparedNotices(ours)
    prepared.tell(state, reached(1, "domestic_abuse_incident", at))
    second = reached(2, "domestic_abuse_incident", at + timedelta(hours=2))
    long_way = follow(state, second, ours)

    told = prepared.tell(state, second)

    assert told is not None
    assert told[1] == [WrittenNotice.of(one) for one in notices_for(long_way.owed, state, long_way.after, ours)]
    assert {one.obligation.due for one in long_way.owed if one.obligation.agency == "school.123456"} == {
        datetime(2026, 11, 25, 8, 40, tzinfo=UK)
    }


def test_the_shipped_policy_names_a_sector_that_it_has() -> None:
    shipped = load_policy()

    assert shipped.kind_rule("domestic_abuse_incident").before_school_day == {"education"}
    with pytest.raises(ValueError, match="before_school_day: no agency is of sector circus"):
        Policy.model_validate(
            {**shipped.model_dump(), "kinds": {"ppn": {**shipped.kinds["ppn"].model_dump(), "before_school_day": ["circus"]}}}
        )
