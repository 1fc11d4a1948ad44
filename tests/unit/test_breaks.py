"""What is not urgent takes at most its share of the time (DESIGN section 18: nobody's message waits for a comparison)."""

from hypothesis import given
from hypothesis import strategies as st

from alertbus.reconcile.breaks import LONGEST_S, Breaks


@given(st.floats(0.05, 1.0), st.lists(st.floats(0.0, 10.0), min_size=1, max_size=20))
async def test_pieces_of_work_take_their_share_of_the_time_and_no_rest_is_longer_than_the_longest(
    share: float, pieces: list[float]
) -> None:
    now, rested = 0.0, []

    async def sleep(seconds: float) -> None:
        nonlocal now
        rested.append(seconds)
        now += seconds

    breaks = Breaks(share, clock=lambda: now, sleep=sleep)
    breaks.begin()
    for piece in pieces:
        now += piece
        await breaks.rest()

    assert all(0 <= rest <= LONGEST_S for rest in rested)
    short = [(piece, rest) for piece, rest in zip(pieces, rested, strict=True) if rest < LONGEST_S]
    assert all(piece <= share * (piece + rest) + 1e-9 for piece, rest in short)


async def test_whoever_has_all_of_the_time_only_lets_the_others_of_its_process_have_a_turn() -> None:
    rested: list[float] = []

    async def sleep(seconds: float) -> None:
        rested.append(seconds)

    await Breaks(1.0, sleep=sleep).rest()

    assert rested == [0.0]
