"""The lanes' five invariants, over records with repeats and holes, and processing that fails or is cut short at any point."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field

import pytest
from hypothesis import given
from hypothesis import strategies as st

from alertbus.broker.faults import RecordsSkipped
from alertbus.stream import lane
from alertbus.stream.lane import AHEAD, BATCH, IN_FLIGHT, Lanes


@dataclass(frozen=True)
class Arrived:
    offset: int


@dataclass
class Log:
    """What happened: processed offsets by partition, in order, and why the worker was told to stop."""

    processed: dict[int, list[int]] = field(default_factory=dict)
    failed: list[BaseException] = field(default_factory=list)

    def note(self, work: Mapping[int, Sequence[Arrived]]) -> None:
        for partition, records in work.items():
            self.processed.setdefault(partition, []).extend(record.offset for record in records)


async def drain() -> None:
    for _ in range(200):
        await asyncio.sleep(0)


async def until(holds: Callable[[], bool]) -> None:
    """Return when it holds."""
    async with asyncio.timeout(5):
        while not holds():  # noqa: ASYNC110 - what is looked at cannot tell us when it changes
            await asyncio.sleep(0)


async def feed(
    offsets: Mapping[int, Sequence[int]], cursors: Mapping[int, int], *, fails_at: int | None = None, late: bool = False
) -> tuple[Log, dict[int, int]]:
    """Play the offsets into lanes, a few at a time; give what was processed and how far each lane may be committed."""
    log = Log()
    lanes: Lanes[Arrived]

    async def process(work: Mapping[int, Sequence[Arrived]]) -> Callable[[], Awaitable[None]]:
        fails = any(record.offset == fails_at for records in work.values() for record in records)
        if fails and not late:
            raise RuntimeError("it could not be decided")
        await asyncio.sleep(0)

        async def durable() -> None:
            await asyncio.sleep(0)
            assert all(lanes.reached().get(p, records[0].offset) <= records[0].offset for p, records in work.items()), (
                "acknowledged too soon"
            )
            if fails:
                raise RuntimeError("the broker went away")
            log.note(work)

        return durable

    lanes = Lanes("topic", process, log.failed.append)
    lanes.assign(cursors)
    for start in range(0, max(map(len, offsets.values()), default=0), 7):
        for partition, some in offsets.items():
            lanes.take(partition, [Arrived(offset) for offset in some[start : start + 7]])
        await asyncio.sleep(0)
    await drain()
    reached = lanes.reached()
    lanes.close()
    return log, reached


def _walk(cursor: int, steps: Sequence[int]) -> list[int]:
    """Mostly the next one, sometimes a repeat, sometimes a hole."""
    offsets, at = [], cursor
    for step in steps:
        at = max(0, at + (1 if step >= 0 else step)) if step < 3 else at + 2
        offsets.append(at)
    return offsets


walks = st.tuples(st.integers(0, 50), st.lists(st.integers(-3, 3), max_size=60))


@given(one=walks, two=walks)
def test_records_are_acknowledged_in_order_from_the_cursor_without_a_hole(one: tuple[int, list[int]], two: tuple[int, list[int]]) -> None:
    cursors = {3: one[0], 5: two[0]}
    offsets = {3: _walk(*one), 5: _walk(*two)}

    log, reached = asyncio.run(feed(offsets, cursors))

    holes = []
    for partition, cursor in cursors.items():
        done = log.processed.get(partition, [])
        assert done == list(range(cursor, cursor + len(done)))
        reachable = cursor
        for offset in offsets[partition]:
            if offset > reachable:
                holes.append(partition)
                break
            reachable += offset == reachable
        if not log.failed:
            assert reached[partition] == reachable == cursor + len(done)
    assert [type(error) for error in log.failed] == [RecordsSkipped] * bool(holes)
    assert bool(reached) is not bool(holes), "after a hole nothing at all may be committed"


@given(length=st.integers(1, 700), fails_at=st.integers(0, 700), late=st.booleans())
def test_when_deciding_or_writing_fails_nothing_more_is_acknowledged(length: int, fails_at: int, late: bool) -> None:
    log, reached = asyncio.run(feed({0: range(length)}, {0: 0}, fails_at=fails_at, late=late))

    if fails_at < length:
        assert len(log.failed) == 1
        assert reached == {}
        assert all(offset < fails_at for offset in log.processed.get(0, []))
    else:
        assert (log.processed[0], reached, log.failed) == (list(range(length)), {0: length}, [])


async def test_a_hole_names_the_partition_what_was_expected_and_what_was_found() -> None:
    log, _ = await feed({3: [5, 6, 9]}, {3: 5})

    assert len(log.failed) == 1
    skipped = log.failed[0]
    assert isinstance(skipped, RecordsSkipped)
    assert (skipped.topic, skipped.partition, skipped.expected, skipped.found) == ("topic", 3, 7, 9)


class Held:
    """Lanes whose processing waits until it may go on."""

    def __init__(self, cursors: Mapping[int, int]) -> None:
        self.log = Log()
        self.may_go_on = asyncio.Event()
        self.lanes = Lanes[Arrived]("topic", self._process, self.log.failed.append)
        self.lanes.assign(cursors)

    async def _process(self, work: Mapping[int, Sequence[Arrived]]) -> Callable[[], Awaitable[object]]:
        self.log.note(work)
        return self.may_go_on.wait


async def test_a_lane_that_was_taken_away_acknowledges_nothing_more() -> None:
    held = Held({0: 0})
    held.lanes.take(0, [Arrived(0)])
    await drain()
    held.lanes.assign({})
    held.may_go_on.set()
    await drain()

    assert held.log.processed == {0: [0]}
    assert held.lanes.reached() == {}
    assert held.log.failed == []


async def test_before_a_partition_goes_what_was_begun_is_finished_and_nothing_more_begun() -> None:
    held = Held({0: 0, 1: 0})
    held.lanes.take(0, [Arrived(n) for n in range(IN_FLIGHT * BATCH + 5)])
    await drain()
    held.lanes.take(1, [Arrived(0)])
    finishing = asyncio.create_task(held.lanes.finish())
    await drain()
    assert not finishing.done()

    held.may_go_on.set()
    await finishing

    assert held.log.processed == {0: list(range(IN_FLIGHT * BATCH))}
    assert held.lanes.reached() == {0: IN_FLIGHT * BATCH, 1: 0}


async def test_finishing_with_nothing_to_do_ends_at_once() -> None:
    held = Held({0: 4})
    await drain()
    await asyncio.wait_for(held.lanes.finish(), 5)
    assert held.lanes.reached() == {0: 4}


class Kept:
    """Lanes whose records are written at once, and whose states are kept when the test opens the gate."""

    def __init__(self, cursors: Mapping[int, int], error: BaseException | None = None) -> None:
        self.log, self.asked, self.kept = Log(), 0, 0
        self.may_keep, self._error = asyncio.Event(), error
        self.lanes = Lanes[Arrived]("topic", self._process, self.log.failed.append, self._keep)
        self.lanes.assign(cursors)

    async def _process(self, work: Mapping[int, Sequence[Arrived]]) -> Callable[[], Awaitable[object]]:
        async def written() -> None:
            self.log.note(work)

        return written

    async def _keep(self) -> None:
        self.asked += 1
        await self.may_keep.wait()
        if self._error is not None:
            raise self._error
        self.kept += 1


@pytest.fixture
def at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """States are kept as soon as there is something to keep."""
    monkeypatch.setattr(lane, "KEEP_S", 0.0)


@pytest.mark.usefixtures("at_once")
async def test_what_was_written_while_states_were_kept_waits_for_the_next_time_they_are() -> None:
    kept = Kept({0: 0, 1: 7})
    kept.lanes.take(0, [Arrived(0)])
    await until(lambda: kept.asked == 1)
    kept.lanes.take(0, [Arrived(1)])
    kept.lanes.take(1, [Arrived(7)])
    await until(lambda: kept.log.processed == {0: [0, 1], 1: [7]})
    before = kept.lanes.reached()

    kept.may_keep.set()
    await until(lambda: kept.kept == 1)
    in_between = kept.lanes.reached()
    await until(lambda: kept.kept == 2)
    await drain()

    assert (before, in_between, kept.lanes.reached()) == ({0: 0, 1: 7}, {0: 1, 1: 7}, {0: 2, 1: 8})
    kept.lanes.close()


async def test_the_states_of_many_batches_are_kept_together() -> None:
    kept = Kept({0: 0})
    kept.may_keep.set()
    for offset in range(20):
        kept.lanes.take(0, [Arrived(offset)])
        await drain()
    before = len(kept.log.processed[0]), kept.kept

    await kept.lanes.finish()

    assert (before, kept.kept, kept.lanes.reached()) == ((20, 0), 1, {0: 20})


@pytest.mark.usefixtures("at_once")
async def test_when_states_cannot_be_kept_nothing_is_acknowledged() -> None:
    kept = Kept({0: 0}, error=RuntimeError("the broker went away"))
    kept.may_keep.set()
    kept.lanes.take(0, [Arrived(0)])
    await until(lambda: bool(kept.log.failed))

    assert [str(error) for error in kept.log.failed] == ["the broker went away"]
    assert kept.lanes.reached() == {}


async def test_a_full_lane_says_that_it_has_no_room_until_it_has() -> None:
    held = Held({0: 0})
    held.lanes.take(0, [Arrived(n) for n in range(AHEAD + IN_FLIGHT * BATCH)])
    await drain()
    assert not held.lanes.has_room(0)
    assert not held.lanes.has_room(1), "a partition that is not ours has none"

    held.may_go_on.set()
    await drain()

    assert held.lanes.has_room(0)
    assert held.lanes.reached() == {0: AHEAD + IN_FLIGHT * BATCH}
    held.lanes.close()


async def test_every_partition_that_has_something_gets_its_share_of_a_batch() -> None:
    held = Held(dict.fromkeys(range(4), 0))
    for partition in range(4):
        held.lanes.take(partition, [Arrived(n) for n in range(2 * IN_FLIGHT * BATCH)])
    await drain()

    assert {partition: len(done) for partition, done in held.log.processed.items()} == dict.fromkeys(range(4), IN_FLIGHT * BATCH // 4)
    held.lanes.close()


async def test_records_of_a_partition_that_is_not_ours_are_left_to_its_owner() -> None:
    held = Held({1: 0})
    held.lanes.take(2, [Arrived(0)])
    await drain()

    assert held.log == Log()
    held.lanes.close()
