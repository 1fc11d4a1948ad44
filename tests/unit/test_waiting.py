"""Waiting for a stop, and for something to come true."""

import asyncio
import contextlib

import pytest

from alertbus.policy.load import load_policy
from alertbus.reconcile import schedule
from alertbus.sql.engine import make_engine
from alertbus.waiting import ended, eventually, pause


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


async def test_a_task_that_swallows_a_cancellation_ends_all_the_same() -> None:
    """As a loop does that opens and closes a Kafka client at each turn: the client's own stop swallows what comes meanwhile."""
    turns = 0

    async def work() -> None:
        nonlocal turns
        while True:
            turns += 1
            with contextlib.suppress(asyncio.CancelledError):
                await asyncio.sleep(3600)
            await asyncio.sleep(3600)

    task = asyncio.create_task(work())
    await asyncio.sleep(0)
    async with asyncio.timeout(30):
        await ended(task)

    assert task.done()
    assert turns == 1


async def test_a_task_that_has_failed_has_ended() -> None:
    async def fails() -> None:
        raise ValueError

    task = asyncio.create_task(fails())
    await asyncio.sleep(0)
    async with asyncio.timeout(30):
        await ended(task)


async def test_the_chronicle_ends_though_its_reconciler_swallows_a_cancellation(monkeypatch: pytest.MonkeyPatch) -> None:
    """Broker and database away at once: the chronicle had ended its work, waited for this task for good, and was never started again."""
    begun = asyncio.Event()

    async def swallows(*_args: object, **_named: object) -> None:
        begun.set()
        with contextlib.suppress(asyncio.CancelledError):
            await asyncio.sleep(3600)

    async def nothing(_engine: object) -> None:
        return None

    monkeypatch.setattr(schedule, "reconcile_incrementally", swallows)
    monkeypatch.setattr(schedule, "latest_run", nothing)
    engine = make_engine("sqlite://")

    async def chronicle() -> None:
        async with schedule.reconciling("nowhere:1", engine, load_policy(), 3600):
            await begun.wait()

    done, _ = await asyncio.wait({asyncio.create_task(chronicle())}, timeout=20)
    await engine.dispose()
    assert done
