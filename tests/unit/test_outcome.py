"""What follows from an attempt: the table of answers, and the laws of waiting and of giving up."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from alertbus.delivery.outcome import (
    ACCEPTED,
    HANDED_OVER,
    RULES,
    Act,
    Backoff,
    FollowUp,
    Health,
    Limits,
    Outcome,
    Reason,
    Trouble,
    decide,
    from_status,
    read_retry_after,
)

NOW = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)
LIMITS = Limits()

NEVER_GIVEN_UP = [trouble for trouble, rule in RULES.items() if rule.attempts is None]
DEFINITE = [trouble for trouble, rule in RULES.items() if rule.attempts is not None]

waits = st.timedeltas(timedelta(0), timedelta(days=1000))
chances = st.floats(0, 1, exclude_max=True)


def decided(outcome: Outcome, attempts: int = 1, chance: float = 0.5) -> FollowUp:
    return decide(outcome, attempts, random=lambda: chance, limits=LIMITS)


@pytest.mark.parametrize(
    ("status", "trouble"),
    [
        *((code, None) for code in (200, 201, 202, 204, 299)),
        pytest.param(409, None, id="409 has it already"),
        *((code, Trouble.BUSY) for code in (408, 425, 429, 503)),
        *((code, Trouble.SERVER_ERROR) for code in (500, 501, 502, 504, 599)),
        *((code, Trouble.NOT_LET_IN) for code in (401, 403, 404, 405, 407, 421)),
        *((code, Trouble.REFUSED) for code in (400, 402, 406, 411, 412, 413, 414, 415, 422, 426, 431, 451, 499)),
        pytest.param(410, Trouble.GONE, id="410 asks to be left alone"),
        *((code, Trouble.UNUSUAL) for code in (100, 199, 300, 301, 302, 307, 308, 304, 600, 999, 0)),
    ],
)
def test_an_http_answer_is_read_as(status: int, trouble: Trouble | None) -> None:
    assert from_status(status, None, NOW) == Outcome(trouble)


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        ("120", 120),
        (" 0 ", 0),
        ("Mon, 02 Mar 2026 09:01:30 GMT", 90),
        pytest.param("Mon, 02 Mar 2026 08:59:00 GMT", None, id="a moment that is past"),
        pytest.param("-5", None, id="below nothing"),
        pytest.param("1.5", None, id="a fraction"),
        pytest.param("soon", None, id="a word"),
        pytest.param("", None, id="nothing"),
        pytest.param("²", None, id="a digit that is none"),
        pytest.param(None, None, id="no header"),
        pytest.param("9" * 400, 10**8, id="longer than any number"),
    ],
)
def test_retry_after_is_read_as(text: str | None, seconds: int | None) -> None:
    assert read_retry_after(text, NOW) == (None if seconds is None else timedelta(seconds=seconds))


@given(st.text(max_size=60))
def test_no_retry_after_of_a_stranger_breaks_us(text: str) -> None:
    wish = read_retry_after(text, NOW)
    assert wish is None or wish >= timedelta(0)


def test_only_a_busy_or_broken_system_is_asked_for_its_wish() -> None:
    assert from_status(429, "7", NOW) == Outcome(Trouble.BUSY, timedelta(seconds=7))
    assert from_status(500, "7", NOW) == Outcome(Trouble.SERVER_ERROR, timedelta(seconds=7))
    assert from_status(422, "7", NOW) == Outcome(Trouble.REFUSED)


def test_every_class_of_error_has_a_rule() -> None:
    assert set(RULES) == set(Trouble)
    refused = {Trouble.REFUSED, Trouble.REFUSED_IN_REPLY, Trouble.REFUSED_LATER, Trouble.GIVEN_UP}
    assert set(DEFINITE) == refused | {Trouble.NOT_LET_IN, Trouble.DIFFERENT, Trouble.UNSENDABLE}


@pytest.mark.parametrize(
    ("outcome", "attempts", "expected"),
    [
        (ACCEPTED, 1, (Act.SETTLE, Reason.ACCEPTED, Health.ALIVE, True, False)),
        (HANDED_OVER, 9, (Act.SETTLE, Reason.HANDED_OVER, Health.ALIVE, True, False)),
        (Outcome(Trouble.REFUSED), 1, (Act.GIVE_UP, Reason.REFUSED, Health.ALIVE, True, False)),
        (Outcome(Trouble.DIFFERENT), 1, (Act.GIVE_UP, Reason.REFUSED, Health.ALIVE, True, False)),
        (Outcome(Trouble.UNSENDABLE), 1, (Act.GIVE_UP, Reason.REFUSED, Health.UNKNOWN, True, False)),
        (Outcome(Trouble.NOT_LET_IN), 1, (Act.RETRY, Reason.MAY_BE_MENDED, Health.DOWN, True, False)),
        (Outcome(Trouble.NOT_LET_IN), 5, (Act.GIVE_UP, Reason.REFUSED_OFTEN, Health.DOWN, True, False)),
        (Outcome(Trouble.GONE), 1, (Act.DISABLE, Reason.ADDRESS_GONE, Health.DOWN, True, False)),
        (Outcome(Trouble.CUT), 1, (Act.RETRY, Reason.ON_THE_WAY, Health.DOWN, False, False)),
        (Outcome(Trouble.CUT), 5, (Act.RETRY, Reason.ON_THE_WAY, Health.DOWN, True, False)),
        (Outcome(Trouble.FOLDER), 1, (Act.RETRY, Reason.ON_THE_WAY, Health.DOWN, True, False)),
        (Outcome(Trouble.UNUSUAL), 1, (Act.RETRY, Reason.ON_THE_WAY, Health.DOWN, True, False)),
        (Outcome(Trouble.BUSY, timedelta(9)), 1, (Act.RETRY, Reason.ASKED_TO_WAIT, Health.DOWN, False, False)),
        (Outcome(Trouble.PLUGIN), 1, (Act.RETRY, Reason.CANNOT_BE_MADE, Health.UNKNOWN, True, False)),
        (Outcome(Trouble.PLUGIN), 3, (Act.RETRY, Reason.CANNOT_BE_MADE, Health.UNKNOWN, True, True)),
        (Outcome(Trouble.CHANNEL), 3, (Act.RETRY, Reason.CANNOT_BE_MADE, Health.UNKNOWN, True, True)),
    ],
    ids=lambda value: f"{value[0]} {value[1]}" if isinstance(value, tuple) else "",
)
def test_what_follows(outcome: Outcome, attempts: int, expected: tuple[object, ...]) -> None:
    """Expected: what to do, why, what it says of the agency's system, whether it is told, whether it moves to a lane of its own."""
    decision = decided(outcome, attempts)

    assert (decision.act, decision.reason, decision.health, decision.told, decision.own_lane) == expected
    assert (decision.wait is None) == (decision.act in {Act.SETTLE, Act.GIVE_UP})


@given(st.sampled_from(NEVER_GIVEN_UP), st.integers(1, 10**9), st.none() | waits, chances)
def test_trouble_on_the_way_is_never_given_up_and_its_wait_is_capped(
    trouble: Trouble, attempts: int, wish: timedelta | None, chance: float
) -> None:
    decision = decided(Outcome(trouble, wish), attempts, chance)

    assert decision.act in {Act.RETRY, Act.DISABLE}
    assert decision.wait is not None
    assert timedelta(0) <= decision.wait <= LIMITS.backoff.cap + LIMITS.backoff.longest_wish


@given(st.sampled_from(DEFINITE), st.none() | waits, chances)
def test_a_definite_refusal_is_given_up_after_its_limit_and_stays_given_up(trouble: Trouble, wish: timedelta | None, chance: float) -> None:
    limit = RULES[trouble].attempts
    assert limit is not None
    acts = [decided(Outcome(trouble, wish), attempts, chance).act for attempts in range(1, limit + 3)]

    assert acts == [Act.RETRY] * (limit - 1) + [Act.GIVE_UP] * 3


@given(st.sampled_from(NEVER_GIVEN_UP), st.integers(1, 10**9), chances)
def test_once_told_trouble_stays_told(trouble: Trouble, attempts: int, chance: float) -> None:
    outcome = Outcome(trouble)
    assert decided(outcome, attempts + 1, chance).told >= decided(outcome, attempts, chance).told


@given(st.integers(1, 10**9), waits, chances)
def test_a_wish_within_the_limit_is_kept(attempts: int, wish: timedelta, chance: float) -> None:
    backoff = Backoff()
    assert backoff.wait(attempts, wish, lambda: chance) >= min(wish, backoff.longest_wish)


@given(st.integers(1, 10**9), chances)
def test_the_jitter_is_full_and_its_ceiling_doubles_up_to_the_cap(attempts: int, chance: float) -> None:
    backoff = Backoff()
    ceiling = min(backoff.cap, backoff.base * 2 ** min(attempts - 1, 20))

    assert backoff.wait(attempts, None, lambda: 0.0) == timedelta(0)
    assert backoff.wait(attempts, None, lambda: chance) <= ceiling
    assert backoff.wait(attempts, None, lambda: 0.5) == ceiling / 2
