"""Records skipped after an assignment: the engine's own order of going on, beside ours, with the race held open.

faust-streaming 0.15.3 resumes the stream's partitions, awaits the seek to the committed offsets, and then resumes its flow control, which
empties the queues: what was fetched in between is gone, and the next commit steps over it. The race is held open by letting the seek return
only when something has been fetched after it. The first test pins what the dependency does, so that an upgrade that mends it is noticed.
It needs a table with something to recover: without one, nothing reads before the engine has gone on.
"""

import asyncio
import contextlib
import uuid
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from typing import Any

import faust
import pytest
from faust.tables.recovery import Recovery

from alertbus.broker.consumer import read_all
from alertbus.broker.faults import RecordsSkipped
from alertbus.broker.groups import committed_offsets
from alertbus.broker.producer import Queued
from alertbus.broker.record import Received, Record
from alertbus.broker.topics import TopicSpec, ensure_topics
from alertbus.stream.lane import Lanes
from alertbus.stream.lane_consumer import Engine, lane_consumer_for
from alertbus.stream.recovery import SeekFirst, SeekFirstTables
from tests.integration.traps.asking import PATIENCE_S, until
from tests.integration.traps.bus import PARTITIONS, Bus

pytestmark = pytest.mark.kafka

BACKLOG = 150

TRIES = 5


class Copying:
    """A stage that copies numbers from one topic to another, on a group of its own."""

    def __init__(self, bus: Bus) -> None:
        self.bus = bus
        self.written = 0
        self.name = f"copy-{uuid.uuid4().hex[:8]}"
        self.source, self.sink = f"{self.name}-in", f"{self.name}-out"

    async def fill(self) -> None:
        changelog = TopicSpec(f"{self.name}-seen-changelog", "compact", "", "")
        retained = [TopicSpec(topic, "retain", "", "") for topic in (self.source, self.sink)]
        await ensure_topics(self.bus.bootstrap, PARTITIONS, extra=[*retained, changelog])
        await self.bus.producer.send_all([Record(changelog.name, b"key-%d" % n, b"1") for n in range(40)])  # something to recover
        await self.more()

    async def more(self) -> None:
        """As many records again. A commit steps over what was lost only when something comes after it."""
        numbers = range(self.written, self.written + BACKLOG)
        await self.bus.producer.send_all([Record(self.source, b"key-%d" % (n % 40), b"%d" % n) for n in numbers])
        self.written += BACKLOG

    async def copy(self, values: Sequence[bytes]) -> None:
        await (await self.queue(values)).acknowledged()

    async def queue(self, values: Sequence[bytes]) -> Queued:
        return await self.bus.producer.queue_all([Record(self.sink, value, value) for value in values])

    async def lost(self, patience_s: float = PATIENCE_S) -> int:
        """How many never came out, when all is committed."""
        await until(self._unread, 0, patience_s)
        came_out = {int(record.value or b"-1") async for record in read_all(self.bus.bootstrap, [self.sink])}
        return len(set(range(self.written)) - came_out)

    async def _unread(self) -> int:
        committed = (await committed_offsets(self.bus.bootstrap, {self.name: [self.source]}))[self.name]
        return self.written - sum(committed.values())

    def app(self, kind: type[faust.App], **more: Any) -> Any:
        return kind(
            self.name,
            broker=f"kafka://{self.bus.bootstrap}",
            store="rocksdb://?driver=rocksdict",
            datadir=str(self.bus.new_folder()),
            topic_partitions=PARTITIONS,
            topic_disable_leader=True,
            topic_allow_declare=False,
            producer_acks=-1,
            consumer_auto_offset_reset="earliest",
            broker_session_timeout=6.0,
            broker_heartbeat_interval=1.0,
            broker_commit_interval=0.3,
            stream_wait_empty=False,
            stream_recovery_delay=0.0,
            key_serializer="raw",
            value_serializer="raw",
            web_enabled=False,
            logging_config=None,
            **more,
        )


@contextlib.asynccontextmanager
async def running(app: Any) -> AsyncIterator[None]:
    app.finalize()
    await app.start()
    try:
        yield
    finally:
        await app.stop()


def hold_the_seek(app: Any, fetched: asyncio.Event) -> None:
    """Let the engine's seek return only when something was fetched after it."""
    perform_seek: Callable[[], Awaitable[None]] = app.consumer.perform_seek

    async def late() -> None:
        await perform_seek()
        fetched.clear()
        with contextlib.suppress(TimeoutError):  # nothing can be fetched: then there is no race to lose
            await asyncio.wait_for(fetched.wait(), 5)

    app.consumer.perform_seek = late


@pytest.mark.proof
async def test_the_engine_as_shipped_loses_records_and_commits_past_them(bus: Bus) -> None:
    """If this fails after an upgrade, the engine has mended it: then decide anew whether `stream/recovery.py` is still needed.

    The race is held open on one side only: what the engine has fetched by then is its own affair, so a few tries are allowed.
    """
    for _ in range(TRIES):
        with contextlib.suppress(AssertionError):  # not all was committed in time: that try tells nothing
            if await lost_as_shipped(bus) > 0:
                return
    pytest.fail(f"the engine lost nothing in {TRIES} tries")


async def lost_as_shipped(bus: Bus) -> int:
    work = Copying(bus)
    await work.fill()
    app = work.app(faust.App)
    seen = app.Table("seen", partitions=PARTITIONS, key_type=bytes, value_type=bytes)
    fetched = asyncio.Event()

    async def copy(stream: Any) -> None:
        """The careful way to write an agent: acknowledged in order, and only behind an acknowledged write."""
        async for event in stream.noack().events():
            if not app.tables.actives_ready:
                await until(lambda: ready(app), True)  # busy with its first record while the worker gets ready
            seen[event.key] = event.value
            await work.copy([event.value])
            event.ack()

    app.agent(app.topic(work.source, key_type=bytes, value_type=bytes, key_serializer="raw", value_serializer="raw"))(copy)
    hold_the_seek(app, fetched)
    on_message = app.topics.on_message

    async def tells(message: Any) -> None:
        await on_message(message)
        fetched.set()

    app.consumer.callback = tells

    async with running(app):
        await until(lambda: ready(app), True)
        await work.more()
        return await work.lost(patience_s=15)


async def ready(app: Any) -> bool:
    return bool(app.tables.actives_ready)


class EngineOrder(SeekFirst):
    """Our recovery with the engine's own order of going on; the lanes learn their cursors when it is through."""

    async def on_recovery_completed(self, generation_id: int = 0) -> None:
        await Recovery.on_recovery_completed(self, generation_id)
        self._tell()

    async def _resume_streams(self, generation_id: int = 0) -> None:
        await Recovery._resume_streams(self, generation_id)
        self._tell()

    def _tell(self) -> None:
        committed = self.app.consumer._committed_offset
        self.on_assigned(
            {(tp.topic, tp.partition): committed[tp] or 0 for tp in self.app.consumer.assignment() if not self._is_changelog_tp(tp)}
        )


class OnLanes:
    """The same stage on lanes, recovering in the order of `recovery`."""

    def __init__(self, work: Copying, recovery: type[SeekFirst], *, table: bool) -> None:
        self.failed: list[BaseException] = []
        self.lanes = Lanes[Received](work.source, self._process, self.failed.append)
        self._work = work
        self.app = work.app(Engine, TableManager=tables_of(recovery, self._on_cursors))
        self.app.reader = lane_consumer_for({work.source: self.lanes}, self._take_changes, self._leave_out, lambda: None)
        if table:
            self.app.Table("seen", partitions=PARTITIONS, key_type=bytes, value_type=bytes)
        topic = self.app.topic(work.source, key_type=bytes, value_type=bytes, key_serializer="raw", value_serializer="raw")
        self.app.topics.add(topic)

    def _take_changes(self, tp: Any, records: Sequence[Received]) -> None:
        self.app.tables.recovery.take_changes(tp, records)

    def _leave_out(self, tp: Any, records: Sequence[Received]) -> None:
        self.app.tables.recovery.leave_out(tp, records)

    async def _process(self, batch: Mapping[int, Sequence[Received]]) -> Callable[[], Awaitable[object]]:
        return (await self._work.queue([record.value or b"" for records in batch.values() for record in records])).acknowledged

    def _on_cursors(self, cursors: Mapping[tuple[str, int], int]) -> None:
        self.lanes.assign({partition: offset for (_, partition), offset in cursors.items()})

    def hold_the_seek(self) -> None:
        fetched, hand_over = asyncio.Event(), self.app.reader._hand_over

        def tells(consumer: Any, tp: Any, records: Any) -> None:
            hand_over(consumer, tp, records)
            fetched.set()

        self.app.reader._hand_over = tells
        hold_the_seek(self.app, fetched)

    async def how_often_failed(self) -> int:
        return len(self.failed)


def tables_of(recovery: type[SeekFirst], on_cursors: Callable[[Mapping[tuple[str, int], int]], None]) -> type[SeekFirstTables]:
    class Tables(SeekFirstTables):
        @property
        def recovery(self) -> Any:
            if self._recovery is None:
                self._recovery = recovery(self.app, self, beacon=self.beacon, loop=self.loop)
                self._recovery.on_assigned = on_cursors
            return self._recovery

    return Tables


@pytest.mark.parametrize(
    ("recovery", "table"),
    [
        pytest.param(SeekFirst, True, id="ours"),
        pytest.param(SeekFirst, False, id="ours-without-tables"),
        pytest.param(EngineOrder, True, id="the-engines-order-but-nothing-is-read-for-a-partition-without-a-lane", marks=pytest.mark.proof),
    ],
)
async def test_on_lanes_nothing_is_lost(bus: Bus, recovery: type[SeekFirst], table: bool) -> None:
    work = Copying(bus)
    await work.fill()
    stage = OnLanes(work, recovery, table=table)
    stage.hold_the_seek()

    async with running(stage.app):
        assert await work.lost() == 0
        assert stage.failed == []
    stage.lanes.close()


@pytest.mark.proof
async def test_with_the_engines_order_and_records_read_too_soon_the_guard_stops_before_anything_is_lost(bus: Bus) -> None:
    work = Copying(bus)
    await work.fill()
    stage = OnLanes(work, EngineOrder, table=True)
    stage.app.reader._wants = lambda *_: True  # the safety taken out
    stage.hold_the_seek()

    async with running(stage.app):
        await until(lambda: ready(stage.app), True)
        await work.more()
        await until(stage.how_often_failed, 1)
        assert isinstance(stage.failed[0], RecordsSkipped)
        assert stage.lanes.reached() == {}, "nothing more is committed"

    again = OnLanes(work, SeekFirst, table=True)
    async with running(again.app):
        assert await work.lost() == 0
    again.lanes.close()
