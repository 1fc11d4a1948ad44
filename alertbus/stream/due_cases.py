"""Which cases must be told that time has passed, and when: a heap of moments, what has come, and what is under way. Pure; time is an input.

Of what has come, the cases with an alert about somebody's safety go first, and then who has waited longest.

A case has one moment at a time, the one in its state. Another takes its place when the state has another: what lies in the heap for the
earlier one is passed over when it comes up. Between a tick's writing and its return through the lane, its moment is not given out again.
"""

import heapq
from dataclasses import dataclass
from datetime import datetime, timedelta

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
    """`moment` and `urgent` are the state's. `at` is when it is given out, None while its tick is under way; `ticked`: that tick's time."""

    moment: datetime
    at: datetime | None
    urgent: bool = False
    ticked: datetime | None = None
    wait: timedelta = AGAIN


class DueCases:
    """The moments of the cases of one assignment."""

    def __init__(self) -> None:
        self._waits: dict[StateKey, _Wait] = {}
        self._heap: list[tuple[datetime, StateKey]] = []
        self._come: list[tuple[bool, datetime, StateKey]] = []

    def __len__(self) -> int:
        return len(self._waits)

    def expect(self, place: StateKey, moment: datetime | None, *, urgent: bool = False) -> None:
        """The state of a case now has this moment; None for none. `urgent`: it has an alert about somebody's safety."""
        known = self._waits.get(place)
        if moment is None:
            self._waits.pop(place, None)
        elif known is None or known.moment != moment:
            self._waits[place] = _Wait(moment, moment, urgent)
            self._push(moment, place)
        else:
            known.urgent = urgent

    def take(self, now: datetime, most: int) -> list[tuple[StateKey, datetime]]:
        """Give at most so many cases whose moment has come by `now`, urgent ones first and of these and the others the earliest. Their
        ticks are under way from here on.
        """
        while self._heap and self._heap[0][0] <= now:
            at, place = heapq.heappop(self._heap)
            if (wait := self._stands(at, place)) is not None:
                heapq.heappush(self._come, (not wait.urgent, at, place))
        found: list[tuple[StateKey, datetime]] = []
        while self._come and len(found) < most:
            _, at, place = heapq.heappop(self._come)
            wait = self._stands(at, place)
            if wait is not None and at > now:  # the clock was set back since it had come
                self._push(at, place)
            elif wait is not None:
                wait.at, wait.ticked = None, now
                found.append((place, wait.moment))
        return found

    def returned(self, place: StateKey, ticked: datetime) -> None:
        """A tick has come back, and its case has been told: if the moment still stands, it came to nothing."""
        wait = self._waits.get(place)
        if wait is not None and wait.at is None and wait.ticked == ticked:
            wait.at = ticked + wait.wait
            wait.wait = min(wait.wait * 2, AGAIN_AT_MOST)
            self._push(wait.at, place)

    def earliest(self) -> datetime | None:
        """When the next moment comes."""
        come = None
        while self._come and come is None:
            _, at, place = self._come[0]
            if self._stands(at, place) is not None:
                come = at  # another may have come before it: only a clock that is set back makes it wait for more than this one
            else:
                heapq.heappop(self._come)
        while self._heap:
            at, place = self._heap[0]
            if self._stands(at, place) is not None:
                return at if come is None else min(at, come)
            heapq.heappop(self._heap)
        return come

    def _stands(self, at: datetime, place: StateKey) -> _Wait | None:
        """What an entry of the heap is for; None when another moment has taken its place."""
        wait = self._waits.get(place)
        return wait if wait is not None and wait.at == at else None

    def _push(self, at: datetime, place: StateKey) -> None:
        heapq.heappush(self._heap, (at, place))
        if len(self._heap) > 2 * len(self._waits) + _STALE:
            self._heap = [(wait.at, place) for place, wait in self._waits.items() if wait.at is not None]
            heapq.heapify(self._heap)
