"""What was fetched of a changelog when its assignment was over is fetched again, or the worker stops: nobody goes on behind a gap."""

import asyncio
from types import SimpleNamespace
from typing import Any

import pytest
from faust.types import TP
from hypothesis import given
from hypothesis import strategies as st

from alertbus.broker.faults import RecordsSkipped
from alertbus.stream import recovery
from alertbus.stream.lane_consumer import FetchThread, LaneConsumer
from alertbus.stream.recovery import SeekFirst
from tests.story import Arrived

LOG = TP("case-changelog", 0)


def written(*offsets: int) -> list[Arrived]:
    return [Arrived(LOG.topic, LOG.partition, offset, b"key-%d" % offset, b"1", []) for offset in offsets]


@pytest.fixture
def applied(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """The offsets that have come to the table, in order."""
    found: list[int] = []

    def apply(_table: Any, _partition: int, changes: list[tuple[bytes, bytes]], _last: int) -> None:
        found.extend(int(key.removeprefix(b"key-")) for key, _ in changes)

    monkeypatch.setattr(recovery, "apply_changes", apply)
    return found


def standing_by() -> SeekFirst:
    """For another's partition, with nothing on this disk."""
    found: Any = object.__new__(SeekFirst)
    found.active_tps, found.active_offsets, found.standby_offsets = set(), {}, {LOG: None}
    found.tp_to_table, found._left_out, found.applied, found.in_recovery = {LOG: object()}, {}, 0, False
    stands: SeekFirst = found
    return stands


def test_what_follows_on_what_was_left_out_is_not_applied(applied: list[int]) -> None:
    standby = standing_by()
    standby.take_changes(LOG, written(0, 1))
    standby.leave_out(LOG, written(2, 3))

    for _ in range(2):  # also where nothing has ended the worker yet
        with pytest.raises(RecordsSkipped) as stopped:
            standby.take_changes(LOG, written(4, 5))

    assert applied == [0, 1]
    assert (stopped.value.expected, stopped.value.found) == (2, 4)


def test_what_was_left_out_and_is_fetched_again_is_applied_once(applied: list[int]) -> None:
    standby = standing_by()
    standby.take_changes(LOG, written(0, 1))
    standby.leave_out(LOG, written(1, 2))
    standby.take_changes(LOG, written(1, 2, 3))
    standby.leave_out(LOG, written(2, 3))
    standby.take_changes(LOG, written(4))

    assert applied == [0, 1, 2, 3, 4], "of what is on this disk already nothing is missed"


def test_of_a_partition_that_is_nobody_s_yet_the_changes_are_left_out_too(applied: list[int]) -> None:
    standby = standing_by()
    standby.standby_offsets.clear()
    standby.take_changes(LOG, written(0, 1))
    standby.standby_offsets[LOG] = -1

    with pytest.raises(RecordsSkipped):
        standby.take_changes(LOG, written(2))
    assert applied == []


@given(st.lists(st.tuples(st.sampled_from(["taken", "left out", "sought again"]), st.integers(1, 4)), max_size=40))
def test_whatever_is_left_out_and_sought_again_no_state_has_a_gap(steps: list[tuple[str, int]]) -> None:
    standby, place, found = standing_by(), 0, list[int]()
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(recovery, "apply_changes", lambda _table, _partition, changes, _last: found.extend(int(k[4:]) for k, _ in changes))
        for what, count in steps:
            if what == "sought again":
                place = max(0, standby.standby_offsets[LOG] or 0)
                continue
            batch = written(*range(place, place + count))
            place += count
            try:
                (standby.take_changes if what == "taken" else standby.leave_out)(LOG, batch)
            except RecordsSkipped:
                break

    assert found == list(range(len(found)))


async def test_a_fetch_that_outlives_its_assignment_is_noted_and_not_handed_over() -> None:
    taken: list[Any] = []
    left_out: list[Any] = []
    consumer: Any = object.__new__(type("OfOneApp", (LaneConsumer,), {}))
    type(consumer).take_changes = staticmethod(lambda tp, records: taken.append((tp, records)))
    type(consumer).leave_out = staticmethod(lambda tp, records: left_out.append((tp, records)))
    type(consumer).should_stop = False
    consumer.lanes, consumer.flow_active, consumer.not_waiting_next_records = {}, True, asyncio.Event()
    consumer.app = SimpleNamespace(consumer_generation_id=1, in_recovery=False, should_stop=False)
    consumer._get_active_partitions = lambda: {LOG}
    stopping = SimpleNamespace(should_stop=False)

    async def getmany(_wanted: Any, timeout: float) -> Any:  # noqa: ASYNC109 - the engine's name for it
        consumer.app.consumer_generation_id += len(taken)  # the second comes when the group is another
        stopping.should_stop = bool(taken)
        return {LOG: written(len(taken))}

    consumer._getmany = getmany
    await consumer._drain_messages(stopping)

    assert [records[0].offset for _, records in taken] == [0]
    assert [records[0].offset for _, records in left_out] == [1]


async def test_what_a_fetch_brings_whose_caller_was_cancelled_is_noted() -> None:
    left_out: list[Any] = []
    thread: Any = object.__new__(FetchThread)
    brought, noted = asyncio.Event(), asyncio.Event()

    def leave_out_late(tp: TP, records: Any) -> None:
        left_out.append((tp, records[0].offset))
        noted.set()

    async def fetch(_consumer: Any, _active: Any, timeout: float, max_records: int) -> Any:  # noqa: ASYNC109 - the engine's names
        await brought.wait()
        return {LOG: written(7)}

    thread._ensure_consumer, thread._fetch_records = lambda: SimpleNamespace(_max_poll_records=500), fetch
    thread.consumer = SimpleNamespace(leave_out_late=leave_out_late)
    thread.thread_loop = asyncio.get_running_loop()
    waiting = asyncio.create_task(thread.getmany({LOG}, 0.25))
    await asyncio.sleep(0)
    waiting.cancel()
    with pytest.raises(asyncio.CancelledError):
        await waiting
    brought.set()
    async with asyncio.timeout(10):
        await noted.wait()

    assert left_out == [(LOG, 7)]
