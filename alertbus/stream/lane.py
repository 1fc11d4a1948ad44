"""Lanes: the records of each partition in order, and the offset that moves only behind what they caused.

Invariants, each pinned by a property test:

1. A record is processed only at the cursor. The cursor starts at the committed offset and grows by one with each record taken.
2. A record below the cursor is a repeat and is passed over; one above it means that records were skipped: nothing more is acknowledged and
   the worker stops hard, to start again from the committed offset. Whatever the cause, the engine's or ours, nothing is lost in silence.
3. Records are acknowledged strictly in order, and only after `process` has returned for them: their outputs are on the broker by then.
4. When `process` fails, nothing of its batch is acknowledged and the worker stops hard.
5. A lane that was closed acknowledges nothing more, and what it had not begun is never begun: it is the next owner's.
"""

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Generic, Protocol, TypeVar

from alertbus.broker.faults import RecordsSkipped

BATCH = 256
"""Records decided in one go, over all partitions of a topic: enough to share round trips to the broker, few enough to keep the event loop
free (ours; decision 0006 has the figures)."""

AHEAD = 2_048
"""Records a lane holds before no more are fetched for it."""


class Numbered(Protocol):
    """A record, known by its place in its partition."""

    @property
    def offset(self) -> int: ...


R = TypeVar("R", bound=Numbered)

Process = Callable[[Mapping[int, Sequence[R]]], Awaitable[None]]
"""Decide on records, by partition, and return when everything they cause is durable."""


class Lane(Generic[R]):
    """One partition. `reached` is how far it may be committed."""

    __slots__ = ("_next", "reached", "waiting")

    def __init__(self, cursor: int) -> None:
        self._next = cursor
        self.reached = cursor
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

    def __init__(self, topic: str, process: Process[R], fail: Callable[[BaseException], None]) -> None:
        self.topic = topic
        self._process = process
        self._fail = fail
        self._lanes: dict[int, Lane[R]] = {}
        self._arrived = asyncio.Event()
        self._first = 0
        self._at_work: asyncio.Task[None] | None = None

    def assign(self, cursors: Mapping[int, int]) -> None:
        """Begin anew at these cursors, one lane for each partition that is now ours."""
        self.close()
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
        """Stop, at once and for good. What was being processed may still be written, and is not acknowledged."""
        if self._at_work is not None:
            self._at_work.cancel()
            self._at_work = None
        self._lanes = {}

    async def finish(self) -> None:
        """Begin nothing more, and return when what is being processed is done: the partitions are about to be somebody else's."""
        for lane in self._lanes.values():
            lane.waiting.clear()
        if self._at_work is not None:
            at_work, self._at_work = self._at_work, None
            self._arrived.set()
            await asyncio.wait({at_work})

    async def _work(self, lanes: Mapping[int, Lane[R]]) -> None:
        while True:
            await self._arrived.wait()
            batch = self._next_batch(lanes)
            if batch:
                try:
                    await self._process(batch)
                except Exception as error:  # noqa: BLE001 - the one place where everything must be caught: invariant 4
                    self._lanes = {}
                    self._fail(error)
                    return
                for partition, records in batch.items():
                    lanes[partition].reached += len(records)
            if self._at_work is not asyncio.current_task():
                return
            if not any(lane.waiting for lane in lanes.values()):
                self._arrived.clear()

    def _next_batch(self, lanes: Mapping[int, Lane[R]]) -> dict[int, list[R]]:
        """A share of each lane that has something, beginning after the one that came first the last time."""
        waiting = [partition for partition, lane in lanes.items() if lane.waiting]
        share = max(1, BATCH // max(1, len(waiting)))
        self._first += 1
        turn = self._first % max(1, len(waiting))
        return {partition: lanes[partition].batch(share) for partition in waiting[turn:] + waiting[:turn]}
