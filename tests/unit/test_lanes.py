"""Each plugin's object has threads of its own: what hangs keeps those, and is not called while it keeps them all."""

import asyncio
import threading
from collections.abc import Iterator

import pytest

from alertbus.plugin.lanes import LaneFull, PluginLane

PATIENCE_S = 30.0


@pytest.fixture
def go() -> Iterator[threading.Event]:
    event = threading.Event()
    yield event
    event.set()


async def test_what_a_call_gives_or_raises_comes_back() -> None:
    lane = PluginLane("fire")

    assert await lane.call(divmod, 7, 2, limit_s=PATIENCE_S) == (3, 1)
    with pytest.raises(ZeroDivisionError):
        await lane.call(divmod, 7, 0, limit_s=PATIENCE_S)
    with pytest.raises(SystemExit):
        await lane.call(exit, limit_s=PATIENCE_S)


async def test_a_lane_that_hangs_is_not_called_until_one_comes_back(go: threading.Event) -> None:
    lane = PluginLane("fire", threads=2)
    stuck = await asyncio.gather(*(lane.call(go.wait, PATIENCE_S, limit_s=0.05) for _ in range(2)), return_exceptions=True)

    assert [type(one) for one in stuck] == [TimeoutError, TimeoutError]
    with pytest.raises(LaneFull) as full:
        await lane.call(divmod, 7, 2, limit_s=PATIENCE_S)
    assert full.value.hangs

    go.set()
    async with asyncio.timeout(PATIENCE_S):
        while True:
            try:
                assert await lane.call(divmod, 7, 2, limit_s=PATIENCE_S) == (3, 1)
                break
            except LaneFull:
                await asyncio.sleep(0.001)


async def test_one_that_hangs_leaves_the_other_thread_to_the_rest(go: threading.Event) -> None:
    lane = PluginLane("fire", threads=2)
    stuck = asyncio.create_task(lane.call(go.wait, PATIENCE_S, limit_s=PATIENCE_S))
    await asyncio.sleep(0)

    assert [await lane.call(divmod, n, 2, limit_s=PATIENCE_S) for n in (4, 5)] == [(2, 0), (2, 1)]
    go.set()
    assert await stuck


async def test_only_so_many_wait_and_whoever_gives_up_waiting_makes_room(go: threading.Event) -> None:
    lane = PluginLane("fire", threads=1, waiting=2)
    first = asyncio.create_task(lane.call(go.wait, PATIENCE_S, limit_s=PATIENCE_S))
    await asyncio.sleep(0)
    waiting = [asyncio.create_task(lane.call(divmod, 7, 2, limit_s=PATIENCE_S)) for _ in range(2)]
    await asyncio.sleep(0)

    with pytest.raises(LaneFull) as full:
        await lane.call(divmod, 7, 2, limit_s=PATIENCE_S)
    assert not full.value.hangs

    waiting[0].cancel()
    go.set()
    assert (await first, await waiting[1]) == (True, (3, 1))
    assert await lane.call(divmod, 9, 2, limit_s=PATIENCE_S) == (4, 1)


async def test_no_lane_has_more_threads_than_its_own(go: threading.Event) -> None:
    lane = PluginLane("fire of this test", threads=2)
    calls = [asyncio.create_task(lane.call(go.wait, PATIENCE_S, limit_s=PATIENCE_S)) for _ in range(8)]
    await asyncio.sleep(0)

    assert len([one for one in threading.enumerate() if one.name == "plugin fire of this test"]) == 2
    go.set()
    assert await asyncio.gather(*calls) == [True] * 8
