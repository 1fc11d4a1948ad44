"""Times: one instant, in every form in which HMPPS services write it, is read as that instant."""

import json
from collections.abc import Callable
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path

import pytest
from alertbus_hmpps import Hmpps
from alertbus_hmpps.moments import moment
from hypothesis import given
from hypothesis import strategies as st

from alertbus.plugin.wording import UK

CASES = Path(__file__).parent / "data" / "cases"

INSTANTS = st.timedeltas(timedelta(0), timedelta(days=40_500)).map(lambda later: datetime(1990, 1, 2, tzinfo=UTC) + later)
"""From 1990 to 2100: the years that the bus takes for possible."""
OFFSETS = st.integers(-14 * 60, 14 * 60).map(lambda minutes: timezone(timedelta(minutes=minutes)))
HOURS = st.integers(-12, 14).map(lambda hours: timezone(timedelta(hours=hours)))

TO_THE_MICROSECOND: dict[str, Callable[[datetime], str]] = {
    "offset": lambda t: t.isoformat(),
    "offset without its colon": lambda t: t.strftime("%Y-%m-%dT%H:%M:%S.%f%z"),
    "nine digits": lambda t: t.strftime("%Y-%m-%dT%H:%M:%S.%f") + "777" + t.strftime("%z"),
    "the zone's name after the offset": lambda t: t.isoformat() + "[Europe/London]",
    "a zone that must be understood": lambda t: t.isoformat() + "[!Europe/London]",
    "a zone and a calendar": lambda t: t.isoformat() + "[Europe/London][u-ca=iso8601]",
    "small z": lambda t: t.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.%fz"),
    "small t and z": lambda t: t.astimezone(UTC).strftime("%Y-%m-%dt%H:%M:%S.%fz"),
    "Z and the zone's name": lambda t: t.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ[UTC]"),
    "a blank between day and time": lambda t: t.isoformat(" "),
    "a comma before the fraction": lambda t: t.isoformat(timespec="microseconds").replace(".", ","),
}


@given(instant=INSTANTS, offset=OFFSETS, form=st.sampled_from(sorted(TO_THE_MICROSECOND)))
def test_an_instant_is_itself_in_every_form(instant: datetime, offset: timezone, form: str) -> None:
    assert moment(TO_THE_MICROSECOND[form](instant.astimezone(offset))) == instant


@given(instant=INSTANTS, offset=HOURS)
def test_whole_hours_do_for_an_offset(instant: datetime, offset: timezone) -> None:
    local = instant.astimezone(offset)

    assert moment(local.strftime("%Y-%m-%dT%H:%M:%S.%f%z")[:-2]) == instant


@given(INSTANTS)
def test_milliseconds_and_seconds_since_1970_are_read_as_number_and_as_text(instant: datetime) -> None:
    milliseconds = int((instant - datetime(1970, 1, 1, tzinfo=UTC)) / timedelta(milliseconds=1))
    cut = instant.replace(microsecond=instant.microsecond // 1000 * 1000)

    assert {moment(form) for form in (milliseconds, str(milliseconds), float(milliseconds))} == {cut}
    assert {moment(form) for form in (milliseconds // 1000, str(milliseconds // 1000))} == {cut.replace(microsecond=0)}


@given(INSTANTS)
def test_without_offset_it_is_local_time_in_britain(instant: datetime) -> None:
    local = instant.astimezone(UK)
    if local.fold:
        return  # the second of the hour that comes twice: what is written does not say which

    written = local.replace(tzinfo=None).isoformat()

    assert moment(written) == moment(f"{written}[Europe/London]") == instant


def test_a_fraction_of_a_second_since_1970_is_kept() -> None:
    """How Jackson writes an Instant when nobody has told it otherwise."""
    assert moment(1718115286.123456) == datetime(2024, 6, 11, 14, 14, 46, 123456, tzinfo=UTC)
    assert moment("1718115286.123456789") == datetime(2024, 6, 11, 14, 14, 46, 123456, tzinfo=UTC)


@pytest.mark.parametrize(
    "value",
    [
        *(None, True, False, 0, -1, 7, 10**30, float("inf"), float("nan"), 1e300, [], {}, [2024, 6, 11, 15, 14]),
        *("0", "1718115286123456", "1e12", "2024-06-11", "11/06/2024 15:14", "2024-06-11T25:00:00Z", "2024-06-11T15:14:46+1"),
        "2024-06-11T15:14:46[Asia/Tokyo]",
        "2024-06-11T15:14:46+01:00[",
        "٢٠٢٤-06-11T15:14:46Z",
        "1989-12-31T23:59:59Z",
        "2101-01-01T00:00:00Z",
    ],
    ids=repr,
)
def test_what_is_no_time_is_not_guessed(value: object) -> None:
    assert moment(value) is None


@given(st.text(max_size=60) | st.integers() | st.floats() | st.booleans())
def test_anything_at_all_is_a_time_or_none(value: object) -> None:
    read = moment(value)

    assert read is None or read.tzinfo is not None


@pytest.mark.parametrize(
    "written",
    ["2026-06-19T18:35:59.442+01:00[Europe/London]", "2026-06-19T17:35:59.442z", 1781890559442, "1781890559442", 1781890559.442],
    ids=repr,
)
def test_case_16_a_high_risk_registration_is_told_however_its_time_is_written(written: object) -> None:
    message = json.loads((CASES / "16-time-with-a-zone-name.json").read_text(encoding="utf-8"))

    outcome = Hmpps().parse(json.dumps({**message, "occurredAt": written}).encode(), {})

    assert isinstance(outcome, list)
    assert outcome[0].occurred_at == datetime(2026, 6, 19, 17, 35, 59, 442000, tzinfo=UTC)
