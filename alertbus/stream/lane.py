"""The lane: one partition of one topic, its records in order, and the offset that moves only behind what they caused.

Invariants, each pinned by a property test:

1. A record is processed only at the cursor. The cursor starts at the committed offset and grows by one with each record taken.
2. A record below the cursor is a repeat and is passed over; one above it means that records were skipped: nothing more is acknowledged and
   the worker stops hard, to start again from the committed offset. Whatever the cause, the engine's or ours, nothing is lost in silence.
3. Records are acknowledged strictly in order, and only after `process` has returned for them: their outputs are on the broker by then.
4. When `process` fails, nothing of its batch is acknowledged and the worker stops hard. Nothing escapes into the engine, which would
   acknowledge a record whose agent raised.
5. A lane that was closed acknowledges nothing more.
"""

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable, Sequence
from typing import Generic, Protocol, TypeVar

from alertbus.broker.faults import RecordsSkipped

BATCH = 256
"""Records decided in one go: enough to share a round trip to the broker, few enough to keep the event loop free (ours; see bench)."""

AHEAD = 4096
"""Records a lane holds before its agent has to wait."""


class Arrival(Protocol):
    """A record as the engine hands it over. `acknowledge` lets the engine commit past it."""

    @property
    def offset(self) -> int: ...

    def acknowledge(self) -> None: ...


A = TypeVar("A", bound=Arrival)

Process = Callable[[int, Sequence[A]], Awaitable[None]]
"""Decide on records of a partition and return when everything they cause is durable."""


class Lane(Generic[A]):
    """One partition of one topic. `fail` is called once, with the reason, when the worker must stop."""

    def __init__(self, topic: str, partition: int, cursor: int, process: Process[A], fail: Callable[[BaseException], None]) -> None:
        self.topic = topic
        self.partition = partition
        self._next = cursor
        self._process = process
        self._fail = fail
        self._waiting: deque[A] = deque()
        self._arrived = asyncio.Event()
        self._room = asyncio.Event()
        self._room.set()
        self._closed = False
        self._task = asyncio.create_task(self._run(), name=f"lane {topic}/{partition}")

    @property
    def cursor(self) -> int:
        """The offset the next record must have."""
        return self._next

    async def take(self, arrival: A) -> None:
        """Take the next record, waiting while the lane is full."""
        await self._room.wait()
        if self._closed or arrival.offset < self._next:
            return
        if arrival.offset > self._next:
            self.close()
            self._fail(RecordsSkipped(self.topic, self.partition, self._next, arrival.offset))
            return
        self._next += 1
        self._waiting.append(arrival)
        self._arrived.set()
        if len(self._waiting) >= AHEAD:
            self._room.clear()

    def close(self) -> None:
        """Stop, at once and for good. What was being processed may still be written, and is not acknowledged."""
        self._closed = True
        self._waiting.clear()
        self._room.set()
        self._task.cancel()

    async def _run(self) -> None:
        while True:
            await self._arrived.wait()
            batch = [self._waiting.popleft() for _ in range(min(BATCH, len(self._waiting)))]
            if not self._waiting:
                self._arrived.clear()
            if len(self._waiting) < AHEAD:
                self._room.set()
            try:
                await self._process(self.partition, batch)
            except Exception as error:  # noqa: BLE001 - the one place where everything must be caught: invariant 4
                self._closed = True
                self._fail(error)
                return
            for arrival in batch:
                if self._closed:
                    return
                arrival.acknowledge()


class Lanes(Generic[A]):
    """All lanes of one topic on this worker. Cursors are given at each assignment; records of a partition without one are refused."""

    def __init__(self, topic: str, process: Process[A], fail: Callable[[BaseException], None]) -> None:
        self.topic = topic
        self._process = process
        self._fail = fail
        self._lanes: dict[int, Lane[A]] = {}

    def assign(self, cursors: dict[int, int]) -> None:
        """Begin anew at these cursors, one lane for each partition that is now ours."""
        self.close()
        self._lanes = {p: Lane(self.topic, p, cursor, self._process, self._fail) for p, cursor in cursors.items()}

    async def take(self, partition: int, arrival: A) -> None:
        lane = self._lanes.get(partition)
        if lane is not None:  # a record that was in the agent's hands when its partition went: its new owner reads it
            await lane.take(arrival)

    def close(self) -> None:
        for lane in self._lanes.values():
            lane.close()
        self._lanes = {}

    def cursors(self) -> dict[int, int]:
        return {partition: lane.cursor for partition, lane in self._lanes.items()}
