"""A flood of calls without a known token is cut short by where it comes from, is logged at its beginning, and keeps nobody else out."""

import io
import json
import logging
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import pytest
import structlog

from alertbus import logs
from alertbus.gateway.logins import ADDRESSES, MOST, RefusedLogins, TooManyRefused
from alertbus.model.errors import WhoAreYou

T0 = datetime(2026, 11, 29, tzinfo=UTC)
REFUSAL = WhoAreYou("send a token")


@pytest.fixture
def log_text() -> Iterator[io.StringIO]:
    stream = io.StringIO()
    before = logging.getLogger().handlers[:], logging.getLogger().level
    logs.configure("json", "DEBUG", "gateway", stream=stream)
    yield stream
    logging.getLogger().handlers[:], level = before
    logging.getLogger().setLevel(level)
    structlog.reset_defaults()


def test_calls_beyond_ten_in_a_minute_are_told_when_to_come_again_and_the_next_minute_is_another(log_text: io.StringIO) -> None:
    logins = RefusedLogins()

    answers = [logins.note("10.0.0.7", T0 + timedelta(seconds=n), REFUSAL) for n in range(MOST + 2)]
    other = logins.note("10.0.0.8", T0 + timedelta(seconds=11), REFUSAL)
    later = logins.note("10.0.0.7", T0 + timedelta(seconds=60), REFUSAL)

    assert [answer is REFUSAL for answer in answers] == [True] * MOST + [False] * 2
    assert [answer.retry_after_s for answer in answers if isinstance(answer, TooManyRefused)] == [50, 49]
    assert (other, later) == (REFUSAL, REFUSAL)
    lines = [json.loads(line) for line in log_text.getvalue().splitlines()]
    assert [(line["url_host"], line["count"]) for line in lines] == [
        *(("10.0.0.7", n + 1) for n in range(MOST)),
        ("10.0.0.8", 1),
        ("10.0.0.7", 1),
    ]


def test_a_clock_that_is_set_back_begins_a_minute_of_its_own() -> None:
    logins = RefusedLogins()
    for _ in range(MOST + 1):
        logins.note("10.0.0.7", T0, REFUSAL)

    assert logins.note("10.0.0.7", T0 - timedelta(hours=1), REFUSAL) is REFUSAL


def test_what_is_remembered_is_bounded_however_many_addresses_call() -> None:
    logins = RefusedLogins()
    for number in range(ADDRESSES + 500):
        logins.note(f"10.0.{number // 256}.{number % 256}", T0, REFUSAL)

    assert len(logins._of) == ADDRESSES
