"""The time of real cases: whoever owns a case's partition tells the case that time has passed, by a `Tick` on its own topic.

    table, at assignment ──►  DueCases  ◄──  the case stage, with each batch
                                  └──  the clock passes the earliest moment  ──►  Tick on case-events  ──►  lane  ──►  case stage

The tick stands behind every event that was written before it, comes through the lane like them, and moves the case's next moment: so a
replay repeats it. It says `(moment - 1 us, now]`: one tick of a worker that starts hours late covers all that has lapsed, each step dated
by its own moment. A tick that is written twice, by two owners or after a crash, gives the same again, under the same ids (decision 0024).

Between two moments there is one timer. It is never longer than `LOOK_S`, so that a wall clock that was set, or a machine that slept, is
noticed. A clock that was set back only makes the wait longer: nothing is written before its moment, and nothing is forgotten.

Where many moments have come at once, cases with an alert about somebody's safety are ticked first, and then who has waited longest. The
case stage works through the ticks of a partition in that order.

An exercise has a clock of its own, moved by whoever plays it: its cases are never ticked here.
"""

import asyncio
import time
from collections.abc import Callable, Collection, Iterable, Mapping
from datetime import datetime

import structlog

from alertbus.broker.producer import Producer
from alertbus.model.base import INSTANT
from alertbus.model.case import Case
from alertbus.model.events import Tick
from alertbus.reach.reduce_case import CaseState
from alertbus.stream.due_cases import DueCases
from alertbus.stream.state_table import StateKey, StateTable
from alertbus.waiting import pause
from alertbus.wire import records
from alertbus.wire.words import STREAM

LOOK_S = 30.0
"""Seconds between two looks at the wall clock at most. Chosen: a clock that was set forward is noticed at most this late."""

SOON_S = 0.01
"""Seconds between two looks at least: a timer may wake a little before the wall clock has come so far, or that clock may stand still."""

AT_ONCE = 500
"""Cases read in one go at an assignment. Chosen: some milliseconds of the event loop."""

HERD = 5_000
"""Ticks written in one go. Measured: 0.06 ms of the event loop for each. In smaller parts each would wait for what the part before it
causes, which takes twenty times as long: of 5,000 in one instant the last was 5 s late.
"""

KNOWN = "the next moment of each case is known"
"""What the log says when an assignment's moments are read: how many, how long it took, and for how long the event loop was held at most."""

log = structlog.get_logger("alertbus.stream")


class CaseClock:
    """`assign` at each assignment, `drop` when it is over; in between the case stage tells what it decided (`told`)."""

    def __init__(
        self,
        table: StateTable[CaseState],
        producer: Callable[[], Producer],
        now: Callable[[], datetime],
        fail: Callable[[BaseException], None],
        *,
        look_s: float = LOOK_S,
    ) -> None:
        """`fail` is called once, with the reason, when the worker must stop."""
        self._table, self._producer, self._now, self._fail, self._look_s = table, producer, now, fail, look_s
        self._due = DueCases()
        self._newer: set[StateKey] | None = None
        self._sooner = asyncio.Event()
        self._at_work: asyncio.Task[None] | None = None

    def assign(self, partitions: Iterable[int]) -> None:
        """Begin anew with the cases of these partitions, as the table has them."""
        self.drop()
        self._newer = set()
        self._at_work = asyncio.create_task(self._work(sorted(partitions)), name="clock")

    def drop(self) -> None:
        """Stop, at once: the cases are somebody else's, or about to be. A tick that is being written may still be written."""
        if self._at_work is not None:
            self._at_work.cancel()
            self._at_work = None
        self._due, self._newer, self._sooner = DueCases(), None, asyncio.Event()

    def told(self, states: Mapping[StateKey, CaseState], ticks: Collection[tuple[StateKey, Tick]]) -> None:
        """The case stage has decided these states, and has dealt with these ticks."""
        for place, state in states.items():
            if self._newer is not None:
                self._newer.add(place)
            self._expect(place, state.next_at if _is_real(state.case) else None, urgent=state.urgent)
        for place, tick in ticks:
            self._due.returned(place, tick.at)

    def _expect(self, place: StateKey, moment: datetime | None, *, urgent: bool) -> None:
        before = self._due.earliest()
        self._due.expect(place, moment, urgent=urgent)
        if moment is not None and (before is None or moment < before):
            self._sooner.set()

    async def _work(self, partitions: Iterable[int]) -> None:
        try:
            async with asyncio.TaskGroup() as tasks:
                tasks.create_task(self._read(partitions))
                tasks.create_task(self._tick())
        except* Exception as errors:  # noqa: BLE001 - a clock that ends in silence would have nobody asked any more
            self._fail(errors.exceptions[0])

    async def _read(self, partitions: Iterable[int]) -> None:
        """Take the moments from the table, some at a time, so that the lanes go on meanwhile. What the stage has told since is newer.

        A case that an earlier bus has left, which kept no moments, is ticked now: so it has one from then on.
        """
        newer = self._newer
        assert newer is not None
        began, longest_s = time.perf_counter(), 0.0
        for partition in partitions:
            begin: bytes | None = b""
            while begin is not None:
                begun = time.perf_counter()
                found, begin = self._table.parts_of_some(partition, ("chased_from", "next_at", "urgent"), begin, AT_ONCE)
                for key, parts in found.items():
                    if (partition, key) not in newer:
                        moment = parts.get("next_at") if "chased_from" in parts else self._now()
                        self._expect((partition, key), moment, urgent=parts.get("urgent", False))
                longest_s = max(longest_s, time.perf_counter() - begun)
                await asyncio.sleep(0)
        self._newer = None
        took = {"duration_ms": round((time.perf_counter() - began) * 1000), "longest_ms": round(longest_s * 1000, 1)}
        log.info(KNOWN, count=len(self._due), **took)

    async def _tick(self) -> None:
        while True:
            now = self._now()
            if due := [(place, moment) for place, moment in self._due.take(now, HERD) if self._follows_the_world(place)]:
                ticks = [records.ticked(key.decode(), moment - INSTANT, now, by=STREAM) for (_, key), moment in due]
                await self._producer().send_all(ticks)
            self._sooner.clear()
            await pause(self._sooner, self._wait_s())

    def _wait_s(self) -> float:
        earliest = self._due.earliest()
        if earliest is None:
            return self._look_s
        return min(max((earliest - self._now()).total_seconds(), SOON_S), self._look_s)

    def _follows_the_world(self, place: StateKey) -> bool:
        """Asked only of what has come: at an assignment, an exercise's moments are read with all others."""
        return self._table.peek(place, "case", "exercise") == (None,)


def _is_real(case: Case | None) -> bool:
    return case is not None and case.exercise is None
