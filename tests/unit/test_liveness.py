"""When work counts as stuck: time is an input, and so is what was seen."""

from collections.abc import Sequence

from hypothesis import given
from hypothesis import strategies as st

from alertbus.stream.liveness import Look, Place, Standstills, since_when, stuck

LIMIT = 60.0

places = st.tuples(st.sampled_from(["alerts", "case-events"]), st.integers(0, 2))
left = st.none() | st.dictionaries(places, st.integers(0, 3), max_size=4)
looks = st.lists(st.tuples(st.floats(0.1, 50.0), left), max_size=30).map(
    lambda steps: [Look(sum(step for step, _ in steps[: n + 1]), seen) for n, (_, seen) in enumerate(steps)]
)


def after(seen: Sequence[Look]) -> Standstills:
    standing: Standstills = {}
    for look in seen:
        standing = since_when(standing, look)
    return standing


def stood_still(seen: Sequence[Look], place: Place) -> float:
    """From the last look backwards: for how long the place had something left to do and was where it is."""
    first = last = seen[-1]
    for look in reversed(seen):
        if look.left is None or last.left is None or look.left.get(place, -1) != last.left.get(place, -2):
            break
        first = look
    return last.at - first.at


@given(looks)
def test_a_place_is_stuck_when_it_had_something_to_do_and_did_not_move_in_every_look_for_the_limit(seen: list[Look]) -> None:
    found = stuck(after(seen), seen[-1].at, LIMIT) if seen else []

    everywhere = {place for look in seen for place in look.left or {}}
    assert found == sorted(place for place in everywhere if stood_still(seen, place) >= LIMIT)


@given(looks)
def test_a_broker_that_does_not_answer_starts_every_clock_again(seen: list[Look]) -> None:
    at = seen[-1].at if seen else 0.0
    silence = Look(at + 1, None)

    assert since_when(after(seen), silence) == {}
    for look in seen:
        later = Look(silence.at + LIMIT - 1, look.left)
        assert stuck(since_when(since_when(after(seen), silence), later), later.at, LIMIT) == []


@given(looks, places, st.integers(0, 3))
def test_one_place_that_moves_does_not_excuse_another(seen: list[Look], place: Place, position: int) -> None:
    busy = [Look(n * 10.0, {place: position, ("busy", 0): n}) for n in range(8)]

    assert stuck(after(busy), busy[-1].at, LIMIT) == [place]


def test_a_worker_with_nothing_to_do_is_never_stuck() -> None:
    idle = [Look(n * 1000.0, {}) for n in range(5)]

    assert stuck(after(idle), idle[-1].at, LIMIT) == []
