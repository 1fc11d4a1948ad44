"""The moments of cases: each is given out once, when it has come and not before, whatever else is expected meanwhile."""

from datetime import UTC, datetime, timedelta
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from alertbus.stream import due_cases
from alertbus.stream.due_cases import AGAIN, DueCases

NOON = datetime(2026, 3, 2, 12, tzinfo=UTC)
CASES = [(partition, key) for partition in (0, 1) for key in (b"one", b"two", b"three")]


def at(seconds: float) -> datetime:
    return NOON + timedelta(seconds=seconds)


steps = st.lists(
    st.one_of(
        st.tuples(st.just("expect"), st.sampled_from(CASES), st.none() | st.integers(0, 20)),
        st.tuples(st.just("take"), st.integers(0, 25), st.integers(1, 4)),
    ),
    max_size=60,
)


@given(steps)
def test_clk_02_each_moment_is_given_out_once_when_it_has_come_and_none_is_forgotten(steps: list[Any]) -> None:
    due, waiting, under_way = DueCases(), dict[Any, int](), dict[Any, int]()
    for step in (*steps, ("take", 100, 1000)):
        if step[0] == "expect":
            _, case, moment = step
            due.expect(case, None if moment is None else at(moment))
            if moment is None or under_way.get(case) != moment:
                under_way.pop(case, None)
                waiting.pop(case, None)
                if moment is not None:
                    waiting[case] = moment
        else:
            _, now, most = step
            found = due.take(at(now), most)
            come = sorted((moment, case) for case, moment in waiting.items() if moment <= now)
            assert [(moment, case) for case, moment in found] == [(at(moment), case) for moment, case in come[:most]]
            for _, case in come[:most]:
                under_way[case] = waiting.pop(case)
        assert due.earliest() == (at(min(waiting.values())) if waiting else None)


def test_of_what_has_come_urgent_cases_are_given_out_first_and_none_before_its_moment() -> None:
    due = DueCases()
    for second, case in enumerate(CASES):
        due.expect(case, at(second), urgent=case == CASES[4])

    assert [case for case, _ in due.take(at(3), 2)] == CASES[:2]
    assert [case for case, _ in due.take(at(4), 2)] == [CASES[4], CASES[2]]


def test_what_had_come_before_the_clock_was_set_back_waits_for_its_moment_again() -> None:
    due = DueCases()
    for second, case in enumerate(CASES):
        due.expect(case, at(second))
    assert len(due.take(at(5), 1)) == 1

    assert due.take(at(1), 9) == [(CASES[1], at(1))]
    assert due.earliest() == at(2)
    assert due.take(at(5), 9) == [(case, at(second)) for second, case in enumerate(CASES)][2:]


def test_a_moment_is_not_given_out_again_while_its_tick_is_under_way() -> None:
    due = DueCases()
    due.expect(CASES[0], at(1))
    assert due.take(at(2), 9) == [(CASES[0], at(1))]

    due.expect(CASES[0], at(1))

    assert due.take(at(10**6), 9) == []


def test_a_tick_that_came_to_nothing_is_given_out_again_later_and_later_each_time() -> None:
    due, gaps, last = DueCases(), [], at(1)
    due.expect(CASES[0], at(1))
    for _ in range(12):
        now = due.earliest()
        assert now is not None
        assert due.take(now - timedelta(microseconds=1), 9) == []
        assert due.take(now, 9) == [(CASES[0], at(1))]
        gaps.append(now - last)
        last = now
        due.returned(CASES[0], now)

    assert gaps[:4] == [timedelta(), AGAIN, AGAIN * 2, AGAIN * 4]
    assert gaps[-1] == timedelta(hours=1)


def test_the_return_of_somebody_elses_tick_is_not_that_of_ours() -> None:
    due = DueCases()
    due.expect(CASES[0], at(1))
    due.take(at(2), 9)

    due.returned(CASES[0], at(1.5))
    due.returned(CASES[1], at(2))

    assert due.earliest() is None


def test_when_the_moment_has_moved_on_nothing_of_the_earlier_one_is_left() -> None:
    due = DueCases()
    due.expect(CASES[0], at(1))
    due.take(at(2), 9)
    due.expect(CASES[0], at(5))
    due.returned(CASES[0], at(2))

    assert due.take(at(4), 9) == []
    assert due.take(at(5), 9) == [(CASES[0], at(5))]


def test_a_case_whose_moment_changes_all_the_time_takes_no_more_room() -> None:
    due = DueCases()
    for number in range(20 * due_cases._STALE):
        due.expect(CASES[0], at(number))

    assert len(due) == 1
    assert len(due._heap) <= due_cases._STALE + 2
    assert due.take(at(10**6), 9) == [(CASES[0], at(20 * due_cases._STALE - 1))]
