"""Places where a worker is held still, or made to go wrong, so that a race is open for as long as a test wants and not by luck."""

import asyncio
import contextlib
import threading
from collections.abc import Callable, Mapping, Sequence
from types import SimpleNamespace
from typing import Any

from alertbus.broker import topics
from alertbus.model.events import Tick
from alertbus.stream import stages
from alertbus.stream.changelog import Changelog
from alertbus.stream.lane import Lane
from alertbus.stream.worker import StreamWorker
from tests.integration.traps.steps import follow_with_steps

Twist = Callable[[StreamWorker], None]


class Gate:
    """Where a worker waits: `reached` is set when the first one comes, and everybody waits until `opened`."""

    def __init__(self, *, armed: bool = True) -> None:
        self.reached = asyncio.Event()
        self.opened = asyncio.Event()
        if not armed:
            self.opened.set()

    def arm(self) -> None:
        """Hold whoever comes next."""
        self.reached.clear()
        self.opened.clear()

    async def pass_(self) -> None:
        if not self.opened.is_set():
            self.reached.set()
            await self.opened.wait()


def arrange_again(worker: StreamWorker) -> None:
    """Have the group give out its partitions anew, as when a member comes or goes."""
    worker.app.consumer._thread._ensure_consumer()._coordinator.request_rejoin()


def before_states(table: str, gate: Gate) -> Twist:
    """Wait between a batch's outputs, which are written, and its states, which are not."""

    def twist(worker: StreamWorker) -> None:
        changelog: Any = worker._changelogs[table]
        write = changelog.write

        async def held(changed: Mapping[int, Any]) -> None:
            if any(changed.values()):
                await gate.pass_()
            await write(changed)

        changelog.write = held

    return twist


def before_processing(topic: str, gate: Gate, only: Callable[[Any], bool] = lambda _: True) -> Twist:
    """Wait before a batch of a topic, if it holds a record such as `only` says."""

    def twist(worker: StreamWorker) -> None:
        lanes: Any = worker.lanes[topic]
        process = lanes._process

        async def held(work: Mapping[int, Any]) -> Any:
            if any(only(record) for records in work.values() for record in records):
                await gate.pass_()
            return await process(work)

        lanes._process = held

    return twist


def mends_nothing(worker: StreamWorker) -> None:
    """The safety taken out: changes are applied as they were acknowledged, whoever else has written."""

    async def look(ends: Mapping[int, int]) -> None:
        """Sees nothing."""

    async def mend(changelog: Any, partition: int, changes: Any, last: int) -> None:
        changelog._apply(partition, changes, last)

    for changelog in worker._changelogs.values():
        changelog.look = look  # type: ignore[method-assign]
        changelog._mend = mend.__get__(changelog, Changelog)  # type: ignore[method-assign]


def commits_what_was_taken(worker: StreamWorker) -> None:
    """The safety taken out: an offset is committed as soon as its record is queued, whatever becomes of it."""
    for lanes in worker.lanes.values():
        taken: Any = lanes
        taken.reached = lambda lanes=lanes: {partition: lane.cursor for partition, lane in lanes._lanes.items()}


def acknowledges_what_raised(worker: StreamWorker) -> None:
    """As Faust acknowledges an event whose agent raised."""
    for lanes in worker.lanes.values():
        process: Any = lanes._process

        async def swallowing(work: Mapping[int, Any], process: Any = process) -> Any:
            async def durable() -> None:
                with contextlib.suppress(Exception):
                    await (await process(work))()

            return durable

        lanes._process = swallowing


class Unguarded(Lane[Any]):
    """A lane that takes a record though it does not follow, and commits past what lies between."""

    __slots__ = ("_begun",)

    def __init__(self, cursor: int) -> None:
        super().__init__(cursor)
        self._begun = cursor

    def take(self, records: Sequence[Any]) -> int | None:
        self.waiting.extend(records)
        self._next = records[-1].offset + 1
        return None

    def batch(self, most: int) -> list[Any]:
        batch: list[Any] = []
        while self.waiting and len(batch) < most and (not batch or self.waiting[0].offset == batch[-1].offset + 1):
            batch.append(self.waiting.popleft())
        if batch:
            self.reached += batch[0].offset - self._begun
            self._begun = batch[-1].offset + 1
        return batch


def takes_whatever_comes(worker: StreamWorker) -> None:
    """The cursor guard taken out."""
    for lanes in worker.lanes.values():
        work: Any = lanes._work

        async def unguarded(given: dict[int, Lane[Any]], work: Any = work) -> None:
            given |= {partition: Unguarded(lane.cursor) for partition, lane in given.items()}
            await work(given)

        lanes._work = unguarded  # type: ignore[method-assign, assignment]


def skips(topic: str, marked: bytes) -> Twist:
    """Lose the records that hold these bytes on the way from the engine to the lanes, as an engine's own defect might."""

    def twist(worker: StreamWorker) -> None:
        consumer: Any = worker.app.reader
        hand_over = consumer._hand_over

        def losing(self: Any, tp: Any, records: Sequence[Any]) -> None:
            kept = [record for record in records if tp.topic != topic or marked not in (record.value or b"")]
            if kept:
                hand_over(self, tp, kept)

        consumer._hand_over = losing

    return twist


def asks_for_steps(worker: StreamWorker) -> None:
    """Each alert takes its steps (`steps`), and the worker looks at its clock all the time."""
    stages.follow = follow_with_steps  # type: ignore[assignment]
    stage: Any = worker.lanes[topics.CASE_EVENTS]._process
    stage._prepared = SimpleNamespace(tell=lambda *_: None)
    looks_all_the_time(worker)


def looks_all_the_time(worker: StreamWorker) -> None:
    """A clock that a test moves is noticed at once."""
    worker._clock._look_s = 0.05


def is_tick(record: Any) -> bool:
    return dict(record.headers)["ce_type"] == Tick.type.encode()


def after_ticks(gate: Gate) -> Twist:
    """Wait between the broker's acknowledgement of ticks and what is done after it."""

    def twist(worker: StreamWorker) -> None:
        clock: Any = worker._clock
        producer = clock._producer

        async def send_all(ticks: Sequence[Any]) -> None:
            await producer().send_all(ticks)
            await gate.pass_()

        clock._producer = lambda: SimpleNamespace(send_all=send_all)

    return twist


def after_the_outputs_of_ticks(gate: Gate) -> Twist:
    """Wait between what a batch with a tick causes, which is written, and its states, which are not."""

    def twist(worker: StreamWorker) -> None:
        seen: list[int] = []
        lanes: Any = worker.lanes[topics.CASE_EVENTS]
        process = lanes._process
        changelog: Any = worker._changelogs["case"]
        write = changelog.write

        async def watched(work: Mapping[int, Any]) -> Any:
            durable = await process(work)
            seen.extend(1 for records in work.values() for record in records if is_tick(record))
            return durable

        async def held(changed: Mapping[int, Any]) -> None:
            if seen:
                await gate.pass_()
            await write(changed)

        lanes._process, changelog.write = watched, held

    return twist


def both(*twists: Twist) -> Twist:
    def twist(worker: StreamWorker) -> None:
        for one in twists:
            one(worker)

    return twist


def blocks_the_loop(worker: StreamWorker) -> None:
    """Processing that never gives the event loop back."""

    async def process(_: Mapping[int, Any]) -> None:
        threading.Event().wait()

    worker.lanes[topics.CASE_EVENTS]._process = process


SKIPPED = b"alert-skip"
"""In the id of an alert that a child which skips loses."""

BY_NAME: Mapping[str, Callable[[Gate], Twist]] = {
    "none": lambda _: lambda _: None,
    "before case events": lambda gate: before_processing(topics.CASE_EVENTS, gate),
    "before case events, commits what was taken": lambda gate: both(before_processing(topics.CASE_EVENTS, gate), commits_what_was_taken),
    "skips": lambda _: skips(topics.PERSON_EVENTS, SKIPPED),
    "skips, takes whatever comes": lambda _: both(skips(topics.PERSON_EVENTS, SKIPPED), takes_whatever_comes),
    "blocks the loop": lambda _: blocks_the_loop,
    "steps": lambda _: asks_for_steps,
    "steps, after ticks": lambda gate: both(asks_for_steps, after_ticks(gate)),
    "steps, before ticks are decided": lambda gate: both(asks_for_steps, before_processing(topics.CASE_EVENTS, gate, is_tick)),
    "steps, after the outputs of ticks": lambda gate: both(asks_for_steps, after_the_outputs_of_ticks(gate)),
    "before case states": lambda gate: before_states("case", gate),
    "before case states, mends nothing": lambda gate: both(before_states("case", gate), mends_nothing),
}
"""For a child process, which can only be told a name."""
