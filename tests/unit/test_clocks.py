"""Clocks that are moved, and workers that are watched without asking anybody for the time."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from alertbus.delivery.heartbeats import Heartbeats, Steady

NOON = datetime(2026, 3, 2, 12, tzinfo=UTC)


@given(st.lists(st.tuples(st.floats(0, 3600), st.integers(-(10**6), 10**6)), max_size=20))
def test_a_steady_clock_goes_on_from_its_start_however_the_wall_clock_is_moved(steps: list[tuple[float, int]]) -> None:
    wall, passed = [NOON], [100.0]
    steady = Steady(lambda: wall[0], lambda: passed[0])
    for seconds, jump in steps:
        before = steady()
        passed[0] += seconds
        wall[0] += timedelta(seconds=seconds + jump)
        assert steady() >= before
    assert abs((steady() - NOON).total_seconds() - (passed[0] - 100.0)) < 1e-3


@given(st.lists(st.floats(0.01, 3.3), min_size=1, max_size=50))
def test_a_worker_whose_beat_changes_is_never_dead(gaps: list[float]) -> None:
    watch, moment = Heartbeats(10.0), 0.0
    for beat, gap in enumerate(gaps):
        moment += gap
        assert watch.dead({"other": beat}, moment) == []


@given(st.integers(0, 9), st.floats(0, 9.99), st.floats(10, 1e6))
def test_a_worker_whose_beat_stands_still_for_the_whole_patience_is_dead_and_not_before(beat: int, early: float, late: float) -> None:
    watch = Heartbeats(10.0)
    assert watch.dead({"other": beat}, 0.0) == []
    assert watch.dead({"other": beat}, early) == []
    assert watch.dead({"other": beat}, late) == ["other"]


def test_whoever_holds_nothing_for_a_while_is_watched_from_the_start_again() -> None:
    watch, beats = Heartbeats(10.0), iter([{"other": 1}, {}, {"other": 1}, {"other": 1}])

    def at(moments: list[float]) -> Iterator[list[str]]:
        for moment in moments:
            yield watch.dead(next(beats), moment)

    assert list(at([0.0, 9.0, 11.0, 21.0])) == [[], [], [], ["other"]]
