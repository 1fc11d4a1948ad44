"""Lanes: the records of each partition in order, and the offset that moves only behind what they caused.

Invariants, each pinned by a property test:

1. A record is processed only at the cursor. The cursor starts at the committed offset and grows by one with each record taken.
2. A record below the cursor is a repeat and is passed over; one above it means that records were skipped: nothing more is acknowledged and
   the worker stops hard, to start again from the committed offset. Whatever the cause, the engine's or ours, nothing is lost in silence.
3. Records are acknowledged strictly in order, and only when all that they and those before them cause is durable: their outputs on the
   broker, then the states that know of them.
4. When deciding or writing fails, nothing of that batch and nothing after it is acknowledged, and the worker stops hard.
5. A lane that was closed acknowledges nothing more, and what it had not begun is never begun: it is the next owner's.

While a batch is being written the next is decided, `IN_FLIGHT` of them at most: the broker's time and ours overlap, and order is kept,
because batches are queued, settled and acknowledged one after the other. The states of what was written are kept together, every
`KEEP_S`: a commit is no more frequent than that, and nothing else waits for them.
"""

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Generic, Protocol, TypeVar

from alertbus.broker.faults import RecordsSkipped
from alertbus.waiting import pause

BATCH = 256
"""Records decided in one go, over all partitions of a topic: enough to share round trips to the broker, few enough to keep the event loop
free. Chosen, not tuned."""

IN_FLIGHT = 4
"""Batches decided and not yet durable. Chosen, not tuned."""

KEEP_S = 0.25
"""Seconds over which states are gathered before they are written, each once. Chosen: below the 0.3 s between two commits, so that these
come hardly later. Measured: at 100 alerts/s, written with each batch, they were two of five requests to the broker for an alert."""

AHEAD = 2_048
"""Records a lane holds before no more are fetched for it."""


class Numbered(Protocol):
    """A record, known by its place in its partition."""

    @property
    def offset(self) -> int: ...


R = TypeVar("R", bound=Numbered)

Process = Callable[[Mapping[int, Sequence[R]]], Awaitable[Callable[[], Awaitable[object]]]]
"""Decide on records, by partition, and queue what they cause, in order. What it returns is called and awaited in the same order, and
returns when everything is durable, or will be when the lanes' `Keep` has returned."""

Keep = Callable[[], Awaitable[object]]
"""Make the states durable that all batches written so far have led to. Called once at a time."""


class Lane(Generic[R]):
    """One partition. `reached` is how far it may be committed; so many records more are written, and their states not kept."""

    __slots__ = ("_next", "reached", "unkept", "waiting")

    def __init__(self, cursor: int) -> None:
        self._next = cursor
        self.reached = cursor
        self.unkept = 0
        self.waiting: deque[R] = deque()

    def take(self, records: Sequence[R]) -> int | None:
        """Queue what follows, pass over repeats. Answers the offset of a record that does not follow, taking nothing from there on."""
        for record in records:
            if record.offset == self._next:
                self._next += 1
                self.waiting.append(record)
            elif record.offset > self._next:
                return record.offset
        return None

    @property
    def cursor(self) -> int:
        """The offset the next record must have."""
        return self._next

    def batch(self, most: int) -> list[R]:
        return [self.waiting.popleft() for _ in range(min(most, len(self.waiting)))]


class Lanes(Generic[R]):
    """All lanes of one topic on this worker, worked through together. `fail` is called once, with the reason, when the worker must stop."""

    def __init__(self, topic: str, process: Process[R], fail: Callable[[BaseException], None], keep: Keep | None = None) -> None:
        self.topic = topic
        self._process = process
        self._keep = keep
        self._fail = fail
        self._lanes: dict[int, Lane[R]] = {}
        self._arrived = asyncio.Event()
        self._first = 0
        self._ending = False
        self._at_work: asyncio.Task[None] | None = None

    def assign(self, cursors: Mapping[int, int]) -> None:
        """Begin anew at these cursors, one lane for each partition that is now ours."""
        self.close()
        self._ending = False
        self._lanes = {partition: Lane(cursor) for partition, cursor in sorted(cursors.items())}
        if self._lanes:
            self._at_work = asyncio.create_task(self._work(self._lanes), name=f"lanes {self.topic}")

    def take(self, partition: int, records: Sequence[R]) -> None:
        """Take what was read from a partition. One that is not ours, or no longer, is left to its owner."""
        lane = self._lanes.get(partition)
        if lane is None:
            return
        found = lane.take(records)
        if lane.waiting:
            self._arrived.set()
        if found is not None:
            expected = lane.cursor
            self.close()
            self._fail(RecordsSkipped(self.topic, partition, expected, found))

    def has_room(self, partition: int) -> bool:
        lane = self._lanes.get(partition)
        return lane is not None and len(lane.waiting) < AHEAD

    def reached(self) -> dict[int, int]:
        """How far each partition may be committed."""
        return {partition: lane.reached for partition, lane in self._lanes.items()}

    def close(self) -> None:
        """Stop, at once and for good. What was being written may still be written, and is not acknowledged."""
        if self._at_work is not None:
            self._at_work.cancel()
            self._at_work = None
        self._lanes = {}

    async def finish(self) -> None:
        """Begin nothing more, and return when what was begun is done: the partitions are about to be somebody else's."""
        self._ending = True
        self._arrived.set()
        if self._at_work is not None:
            await asyncio.wait({self._at_work})

    async def _work(self, lanes: Mapping[int, Lane[R]]) -> None:
        try:
            async with asyncio.TaskGroup() as tasks:
                begun: asyncio.Queue[_Begun[R] | None] = asyncio.Queue(IN_FLIGHT - 2)  # one is being written, one waits to get in
                tasks.create_task(self._settle(lanes, begun, tasks))
                while not self._ending:
                    if batch := self._next_batch(lanes):
                        await begun.put((batch, await self._process(batch)))
                    else:
                        self._arrived.clear()
                        await self._arrived.wait()
                await begun.put(None)
        except* Exception as errors:  # noqa: BLE001 - the one place where everything must be caught: invariant 4
            self._lanes = {}
            self._fail(errors.exceptions[0])

    async def _settle(self, lanes: Mapping[int, Lane[R]], begun: "asyncio.Queue[_Begun[R] | None]", tasks: asyncio.TaskGroup) -> None:
        settled, keeping = asyncio.Event(), None
        while (one := await begun.get()) is not None:
            batch, durable = one
            await durable()
            for partition, records in batch.items():
                lanes[partition].unkept += len(records)
            if self._keep is None:
                _acknowledge(lanes, _unkept(lanes))
            elif keeping is None or keeping.done():
                keeping = tasks.create_task(self._keep_soon(self._keep, lanes, settled))
        settled.set()

    async def _keep_soon(self, keep: Keep, lanes: Mapping[int, Lane[R]], settled: asyncio.Event) -> None:
        while _unkept(lanes):
            await pause(settled, KEEP_S)
            written = _unkept(lanes)
            await keep()
            _acknowledge(lanes, written)

    def _next_batch(self, lanes: Mapping[int, Lane[R]]) -> dict[int, list[R]]:
        """A share of each lane that has something, beginning with another one each time."""
        waiting = [partition for partition, lane in lanes.items() if lane.waiting]
        share = max(1, BATCH // max(1, len(waiting)))
        self._first += 1
        turn = self._first % max(1, len(waiting))
        return {partition: lanes[partition].batch(share) for partition in waiting[turn:] + waiting[:turn]}


def _unkept(lanes: Mapping[int, Lane[R]]) -> dict[int, int]:
    return {partition: lane.unkept for partition, lane in lanes.items() if lane.unkept}


def _acknowledge(lanes: Mapping[int, Lane[R]], records: Mapping[int, int]) -> None:
    """Let so many records more of each partition be committed."""
    for partition, count in records.items():
        lanes[partition].reached += count
        lanes[partition].unkept -= count


_Begun = tuple[dict[int, list[R]], Callable[[], Awaitable[object]]]
"""A batch, and how it becomes durable."""
