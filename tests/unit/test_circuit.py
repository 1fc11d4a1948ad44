"""The circuit of an agency: what opens it, what it lets through, what closes it."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from alertbus.delivery.circuit import Circuit, CircuitLimits, CircuitState

NOW = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)
LIMITS = CircuitLimits(failures=3, first=timedelta(seconds=2), longest=timedelta(seconds=10))


def later(seconds: float) -> datetime:
    return NOW + timedelta(seconds=seconds)


def opened(at: datetime = NOW) -> Circuit:
    circuit = Circuit()
    for _ in range(LIMITS.failures):
        circuit = circuit.failed(at, LIMITS)
    return circuit


def test_a_closed_circuit_lets_everything_through() -> None:
    assert Circuit().room(NOW, 8) == 8
    assert Circuit().left(NOW, LIMITS) == Circuit()


def test_so_many_failures_in_a_row_open_it() -> None:
    circuit = Circuit().failed(NOW, LIMITS).failed(NOW, LIMITS)
    assert circuit.state is CircuitState.CLOSED

    circuit = circuit.failed(NOW, LIMITS)
    assert (circuit.state, circuit.until) == (CircuitState.OPEN, later(2))
    assert circuit.room(later(1.9), 8) == 0


def test_a_success_between_starts_the_count_again() -> None:
    circuit = Circuit().failed(NOW, LIMITS).failed(NOW, LIMITS).succeeded()
    assert circuit == Circuit()


def test_after_the_open_time_one_goes_out_to_see() -> None:
    circuit = opened()
    assert circuit.room(later(2), 8) == 1

    probing = circuit.left(later(2), LIMITS)
    assert probing.state is CircuitState.PROBING
    assert probing.room(later(3), 8) == 0
    assert probing.succeeded() == Circuit()


def test_a_probe_that_never_reports_does_not_keep_it_shut() -> None:
    probing = opened().left(later(2), LIMITS)
    assert probing.room(later(2) + LIMITS.probe, 8) == 1


def test_a_probe_that_failed_for_a_reason_of_ours_lets_the_next_one_go_at_once() -> None:
    probing = opened().left(later(2), LIMITS).unanswered(later(3))
    assert probing.room(later(3), 8) == 1
    assert Circuit().unanswered(NOW) == Circuit()


def test_each_failed_probe_doubles_the_rest_up_to_the_longest() -> None:
    circuit = opened()
    rests = []
    for _ in range(5):
        assert circuit.until is not None
        at = circuit.until
        circuit = circuit.left(at, LIMITS).failed(at, LIMITS)
        assert circuit.until is not None
        rests.append((circuit.until - at).total_seconds())
    assert rests == [4, 8, 10, 10, 10]


def test_news_of_messages_that_left_before_it_opened_does_not_prolong_it() -> None:
    circuit = opened()
    assert circuit.failed(later(1), LIMITS) == circuit


def test_a_wish_to_wait_is_kept_and_the_longer_opening_stands() -> None:
    assert Circuit().asked_to_wait(later(60)).room(later(59), 8) == 0
    assert Circuit().asked_to_wait(later(60)).asked_to_wait(later(30)).until == later(60)
    assert opened().asked_to_wait(later(1)).until == later(2)


EVENTS = st.lists(st.tuples(st.sampled_from(["left", "failed", "succeeded", "wish", "ours"]), st.integers(0, 20)))


@given(EVENTS)
def test_whatever_happens_it_lets_one_through_in_the_end_and_one_answer_closes_it(
    events: list[tuple[str, int]],
) -> None:
    """A circuit delays, it never drops: no sequence of events shuts an agency out for ever."""
    circuit, now = Circuit(), NOW
    for name, seconds in events:
        now += timedelta(seconds=seconds)
        match name:
            case "left" if circuit.room(now, 8) > 0:
                circuit = circuit.left(now, LIMITS)
            case "failed":
                circuit = circuit.failed(now, LIMITS)
            case "succeeded":
                circuit = circuit.succeeded()
            case "wish":
                circuit = circuit.asked_to_wait(now + timedelta(seconds=seconds))
            case "ours":
                circuit = circuit.unanswered(now)
        assert 0 <= circuit.room(now, 8) <= 8
    assert circuit.room(now + max(LIMITS.probe, LIMITS.longest, timedelta(seconds=20)), 8) >= 1
    assert circuit.succeeded().room(now, 8) == 8


@pytest.mark.parametrize("wanted", [0, 1, 5])
def test_it_never_gives_more_room_than_is_wanted(wanted: int) -> None:
    assert opened().room(later(2), wanted) <= wanted
    assert Circuit().room(NOW, wanted) == wanted
