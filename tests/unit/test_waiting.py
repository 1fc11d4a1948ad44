"""Waiting for a stop, and for something to come true."""

import asyncio

import pytest

from alertbus.waiting import eventually, pause


async def test_a_pause_ends_when_it_is_told_to_stop() -> None:
    stop = asyncio.Event()
    asyncio.get_running_loop().call_soon(stop.set)

    async with asyncio.timeout(30):
        await pause(stop, 3600)


@pytest.mark.parametrize("seconds", [0.0, -1.0, 0.001])
async def test_a_pause_ends_by_itself_and_a_negative_one_at_once(seconds: float) -> None:
    async with asyncio.timeout(30):
        await pause(asyncio.Event(), seconds)


async def test_a_pause_that_is_cancelled_does_not_swallow_it() -> None:
    waiting = asyncio.create_task(pause(asyncio.Event(), 3600))
    asyncio.get_running_loop().call_soon(waiting.cancel)

    with pytest.raises(asyncio.CancelledError):
        await waiting


async def test_eventually_asks_until_the_answer_is_yes() -> None:
    answers = iter([False, False, True])

    async def holds() -> bool:
        return next(answers)

    assert await eventually(holds, within_s=30, every_s=0)


async def test_eventually_asks_once_at_least_and_says_no_when_the_time_is_over() -> None:
    asked = 0

    async def holds() -> bool:
        nonlocal asked
        asked += 1
        return False

    assert not await eventually(holds, within_s=0, every_s=0)
    assert asked == 1
