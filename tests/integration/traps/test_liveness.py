"""A worker that lives while its work does not, and a broker that goes away and comes back."""

import asyncio
import os
import signal
from typing import Any

import psutil
import pytest

from alertbus.broker import topics
from alertbus.stream.liveness import WorkStoodStill
from alertbus.stream.recovery import SeekFirst
from alertbus.stream.worker import StreamWorker
from tests.integration.traps.bus import Bus
from tests.integration.traps.twists import Gate, Twist, arrange_again, before_processing

pytestmark = pytest.mark.kafka

SOON_S = 6.0
"""Instead of a minute."""


def hangs_at(topic: str) -> Twist:
    return before_processing(topic, Gate())


def reads_no_more(worker: StreamWorker) -> None:
    """The reader's task is cancelled by nobody knows whom when the first record comes, and the engine says nothing."""
    hand_over = worker.app.reader._hand_over

    def ends(self: Any, tp: Any, records: Any) -> None:
        if tp.topic in self.lanes:
            raise asyncio.CancelledError
        hand_over(self, tp, records)

    worker.app.reader._hand_over = ends  # type: ignore[method-assign]


@pytest.mark.parametrize("twist", [hangs_at(topics.PERSON_EVENTS), reads_no_more], ids=["processing-hangs", "the-reader-died"])
async def test_a_worker_whose_work_does_not_move_is_stopped_and_the_next_one_does_it(bus: Bus, twist: Twist) -> None:
    family = bus.family()
    async with bus.worker(twist=twist, stuck_s=SOON_S) as dead_inside:
        alerts = await bus.alert(family, 3)
        stuck = await dead_inside.until_failed()
        assert isinstance(stuck, WorkStoodStill)
        assert {topic for topic, _ in stuck.places} <= set(topics_of_the_stream())
        # That it stops here, too, shows that an orderly stop does not wait for work that hangs.

    async with bus.worker() as again:
        await bus.until_told(alerts)
        await bus.caught_up()
        assert again.failed == []


async def test_a_group_that_is_arranged_again_and_again_while_nobody_comes_to_work_is_no_progress(
    bus: Bus, monkeypatch: pytest.MonkeyPatch
) -> None:
    generations: set[int] = set()

    async def thrown_out(_: SeekFirst, generation_id: int) -> None:
        generations.add(generation_id)
        arrange_again(worker.stream)

    async with bus.worker(stuck_s=SOON_S) as worker:
        monkeypatch.setattr(SeekFirst, "_go_on", thrown_out)
        arrange_again(worker.stream)
        stuck = await worker.until_failed()
        assert isinstance(stuck, WorkStoodStill)
        assert stuck.places == (("recovery", 0),)
    assert len(generations) > 2


async def test_an_event_loop_that_is_blocked_is_noticed_from_outside_it(bus: Bus) -> None:
    family = bus.family()
    async with bus.child(twist="blocks the loop", stuck_s=SOON_S) as blocked:
        alerts = await bus.alert(family)
        assert await blocked.ends() == 70

    async with bus.worker():
        await bus.until_told(alerts)
        await bus.caught_up()


async def test_a_worker_with_nothing_to_do_and_one_without_partitions_are_left_alone(bus: Bus) -> None:
    async with bus.worker(stuck_s=SOON_S) as idle:
        await bus.caught_up()
        await asyncio.sleep(SOON_S + 2)  # nothing happens, and that is the point
        assert idle.failed == []
        assert await idle.stream._work_left() == {}

        idle.stream._partitions_assigned({})  # as for one worker more than there are partitions
        assert await idle.stream._work_left() == {}


@pytest.mark.parametrize("how", [signal.SIGKILL, signal.SIGTERM], ids=["killed", "stopped"])
async def test_when_the_broker_comes_back_the_worker_goes_on_or_ends_and_nothing_is_lost(bus: Bus, how: signal.Signals) -> None:
    """Under load. While the broker is away longer than the limit, nothing counts as stuck."""
    folder = bus.new_folder()
    families = [bus.family() for _ in range(4)]
    ended = []
    before = [name for family in families for name in await bus.alert(family, 25)]
    supervised = asyncio.create_task(supervise(bus, folder, ended))
    try:
        await bus.until_told(before[:1])
        pid = bus.kafka.pid
        assert pid is not None
        os.kill(pid, how)
        await asyncio.to_thread(psutil.wait_procs, [psutil.Process(pid)], 30)
        await asyncio.sleep(SOON_S + 2)  # away for longer than the limit
        await bus.kafka.start()
        after = [name for family in families for name in await bus.alert(family, 25)]
        await bus.until_told([*before, *after])
        await bus.caught_up()
    finally:
        supervised.cancel()
        await asyncio.wait({supervised})
    assert set(ended) <= {70}


async def supervise(bus: Bus, folder: Any, ended: list[int]) -> None:
    """Start a worker again whenever it ends, as whoever supervises does."""
    while True:
        try:
            async with bus.child(folder, stuck_s=SOON_S) as child:
                ended.append(await child.lives())
        except AssertionError:
            continue  # ended before it had partitions


def topics_of_the_stream() -> tuple[str, ...]:
    return topics.ALERTS, topics.PERSON_EVENTS, topics.CASE_EVENTS
