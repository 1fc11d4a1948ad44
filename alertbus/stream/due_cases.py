"""Which cases must be told that time has passed, and when: a heap of moments, and what is under way. Pure; time is an input.

A case has one moment at a time, the one in its state. Another takes its place when the state has another: what lies in the heap for the
earlier one is passed over when it comes up. Between a tick's writing and its return through the lane, its moment is not given out again.
"""

import heapq
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import islice

from alertbus.stream.state_table import StateKey

AGAIN = timedelta(seconds=30)
"""After a tick that came to nothing, so that its moment still stands: until the next. Chosen. A reducer that cannot decide it would
otherwise be asked without end."""

AGAIN_AT_MOST = timedelta(hours=1)
"""The wait is doubled each time up to this. Chosen: such a tick stands in quarantine, and is one entry more each time."""

_STALE = 1_000
"""Entries that may lie in the heap beside as many as there are cases."""


@dataclass(slots=True)
class _Wait:
    """`moment` is the state's. `at` is when it is given out, None while its tick is under way. `ticked` is the time of that tick."""

    moment: datetime
    at: datetime | None
    ticked: datetime | None = None
    wait: timedelta = AGAIN


class DueCases:
    """The moments of the cases of one assignment."""

    def __init__(self) -> None:
        self._waits: dict[StateKey, _Wait] = {}
        self._heap: list[tuple[datetime, StateKey]] = []

    def __len__(self) -> int:
        return len(self._waits)

    def expect(self, place: StateKey, moment: datetime | None) -> None:
        """The state of a case now has this moment; None for none."""
        known = self._waits.get(place)
        if moment is None:
            self._waits.pop(place, None)
        elif known is None or known.moment != moment:
            self._waits[place] = _Wait(moment, moment)
            self._push(moment, place)

    def take(self, now: datetime, most: int) -> list[tuple[StateKey, datetime]]:
        """Give at most so many cases whose moment has come by `now`, the earliest first. Their ticks are under way from here on."""
        return list(islice(self._come(now), most))

    def returned(self, place: StateKey, ticked: datetime) -> None:
        """A tick has come back, and its case has been told: if the moment still stands, it came to nothing."""
        wait = self._waits.get(place)
        if wait is not None and wait.at is None and wait.ticked == ticked:
            wait.at = ticked + wait.wait
            wait.wait = min(wait.wait * 2, AGAIN_AT_MOST)
            self._push(wait.at, place)

    def earliest(self) -> datetime | None:
        """When the next moment comes."""
        while self._heap:
            at, place = self._heap[0]
            if self._stands(at, place) is not None:
                return at
            heapq.heappop(self._heap)
        return None

    def _come(self, now: datetime) -> Iterator[tuple[StateKey, datetime]]:
        while self._heap and self._heap[0][0] <= now:
            at, place = heapq.heappop(self._heap)
            wait = self._stands(at, place)
            if wait is not None:
                wait.at, wait.ticked = None, now
                yield place, wait.moment

    def _stands(self, at: datetime, place: StateKey) -> _Wait | None:
        """What an entry of the heap is for; None when another moment has taken its place."""
        wait = self._waits.get(place)
        return wait if wait is not None and wait.at == at else None

    def _push(self, at: datetime, place: StateKey) -> None:
        heapq.heappush(self._heap, (at, place))
        if len(self._heap) > 2 * len(self._waits) + _STALE:
            self._heap = [(wait.at, place) for place, wait in self._waits.items() if wait.at is not None]
            heapq.heapify(self._heap)
