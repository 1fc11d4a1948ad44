"""The lane's five invariants, over arrivals with repeats and holes, and processing that fails or is cut short at any point."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, field

from hypothesis import given
from hypothesis import strategies as st

from alertbus.broker.faults import RecordsSkipped
from alertbus.stream import lane as lane_module
from alertbus.stream.lane import AHEAD, BATCH, Lane, Lanes


@dataclass
class Log:
    """What happened, in order: processed and acknowledged offsets, and why the worker was told to stop."""

    processed: list[int] = field(default_factory=list)
    acknowledged: list[int] = field(default_factory=list)
    failed: list[BaseException] = field(default_factory=list)


@dataclass
class Arrived:
    offset: int
    log: Log

    def acknowledge(self) -> None:
        assert self.offset in self.log.processed, "acknowledged before it was processed"
        self.log.acknowledged.append(self.offset)


async def drain() -> None:
    for _ in range(50):
        await asyncio.sleep(0)


async def feed(offsets: Sequence[int], cursor: int, *, fails_at: int | None = None) -> Log:
    log = Log()

    async def process(_: int, batch: Sequence[Arrived]) -> None:
        await asyncio.sleep(0)
        for arrived in batch:
            if arrived.offset == fails_at:
                raise RuntimeError("the broker went away")
            log.processed.append(arrived.offset)
        await asyncio.sleep(0)

    lane = Lane("topic", 3, cursor, process, log.failed.append)
    for offset in offsets:
        await lane.take(Arrived(offset, log))
    await drain()
    lane.close()
    return log


streams = st.tuples(st.integers(0, 50), st.lists(st.integers(-3, 3), max_size=60))


@given(stream=streams)
def test_records_are_acknowledged_in_order_from_the_cursor_without_a_hole(stream: tuple[int, list[int]]) -> None:
    cursor, steps = stream
    offsets: list[int] = []
    at = cursor
    for step in steps:  # mostly the next one, sometimes a repeat, sometimes a hole
        at = max(0, at + (1 if step >= 0 else step)) if step < 3 else at + 2
        offsets.append(at)

    log = asyncio.run(feed(offsets, cursor))

    assert log.acknowledged == list(range(cursor, cursor + len(log.acknowledged)))
    reachable = cursor
    for offset in offsets:
        if offset > reachable:
            break
        reachable += offset == reachable
    assert log.processed[: reachable - cursor] == list(range(cursor, cursor + len(log.processed[: reachable - cursor])))
    if any(offset > reachable for offset in offsets):
        assert [type(error) for error in log.failed] == [RecordsSkipped]
    else:
        assert log.acknowledged == list(range(cursor, reachable))


@given(length=st.integers(1, 700), fails_at=st.integers(0, 700))
def test_when_processing_fails_nothing_of_its_batch_and_nothing_after_it_is_acknowledged(length: int, fails_at: int) -> None:
    log = asyncio.run(feed(range(length), 0, fails_at=fails_at))

    if fails_at < length:
        assert len(log.failed) == 1
        assert all(offset < fails_at for offset in log.acknowledged)
        assert len(log.acknowledged) % BATCH == 0 or len(log.acknowledged) < fails_at
    else:
        assert log.acknowledged == list(range(length))
        assert log.failed == []


async def test_a_hole_names_the_partition_what_was_expected_and_what_was_found() -> None:
    log = await feed([5, 6, 9], 5)

    assert len(log.failed) == 1
    skipped = log.failed[0]
    assert isinstance(skipped, RecordsSkipped)
    assert (skipped.topic, skipped.partition, skipped.expected, skipped.found) == ("topic", 3, 7, 9)
    assert all(offset < 7 for offset in log.acknowledged)


async def test_a_lane_that_was_taken_away_acknowledges_nothing_more() -> None:
    log = Log()
    proceed = asyncio.Event()

    async def process(_: int, batch: Sequence[Arrived]) -> None:
        log.processed += [arrived.offset for arrived in batch]
        await proceed.wait()

    lanes = Lanes("topic", process, log.failed.append)
    lanes.assign({0: 0})
    await lanes.take(0, Arrived(0, log))
    await drain()
    lanes.assign({})
    proceed.set()
    await drain()

    assert log.processed == [0]
    assert log.acknowledged == []
    assert log.failed == []


async def test_a_full_lane_makes_its_agent_wait_until_there_is_room() -> None:
    log = Log()
    proceed = asyncio.Event()

    async def process(_: int, batch: Sequence[Arrived]) -> None:
        await proceed.wait()
        log.processed += [arrived.offset for arrived in batch]

    lane = Lane("topic", 0, 0, process, log.failed.append)
    feeding = asyncio.create_task(_feed_all(lane, [Arrived(n, log) for n in range(AHEAD + 2 * BATCH)]))
    await drain()
    assert not feeding.done()

    proceed.set()
    await feeding
    for _ in range(100):
        await drain()

    assert log.acknowledged == list(range(AHEAD + 2 * BATCH))
    lane.close()


async def _feed_all(lane: "lane_module.Lane[Arrived]", arrivals: list[Arrived]) -> None:
    for arrival in arrivals:
        await lane.take(arrival)


async def test_records_of_a_partition_that_is_not_ours_are_left_to_its_owner() -> None:
    log = Log()

    async def process(_: int, batch: Sequence[Arrived]) -> None:
        log.processed += [arrived.offset for arrived in batch]

    lanes = Lanes("topic", process, log.failed.append)
    lanes.assign({1: 0})
    await lanes.take(2, Arrived(0, log))
    await drain()

    assert log == Log()
    lanes.close()
