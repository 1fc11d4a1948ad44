"""A reducer's states: RocksDB under Faust's table, its changelog, and the decoded states of late use in memory.

A state's parts are put into RocksDB only after their changelog records are acknowledged, and the changelog only after the outputs are:
whatever a state knows, it has already caused (DESIGN section 6).
"""

from collections import OrderedDict, defaultdict
from collections.abc import Mapping
from typing import Generic, TypeVar

from alertbus.model.base import Word
from alertbus.model.errors import StateUnreadable
from alertbus.stream import parts
from alertbus.stream.changelog import Changelog
from alertbus.stream.store import Change, under

State = TypeVar("State", bound=Word)

Place = tuple[int, bytes]
"""Partition and key."""

Step = tuple[State, State]
"""A state as it stood before a batch, and after."""

REMEMBERED = 20_000
"""Decoded states kept in memory over all partitions: what is in daily use (ours). Far more than are ever being
written: one that is not yet in RocksDB is among the latest touched, and so here."""


class StateTable(Generic[State]):
    """States of one reducer by key. Only one topic's lanes use it: they decide in order, and write in the same order."""

    def __init__(self, changelog: Changelog, state: type[State], empty: State) -> None:
        self._changelog = changelog
        self._type = state
        self._empty = empty
        self._late: OrderedDict[Place, State] = OrderedDict()

    def get(self, place: Place) -> State:
        """The state as last decided, the empty one if there is none. Raises `StateUnreadable`: or what it knew would be forgotten."""
        state = self._late.get(place)
        if state is None:
            state = self._read(place) or self._empty
            self._remember(place, state)
        else:
            self._late.move_to_end(place)
        return state

    def decided(self, states: Mapping[Place, State]) -> dict[Place, Step[State]]:
        """Go on from these states. What changed is for `put`, once what it causes is on the broker."""
        steps = {place: (self.get(place), state) for place, state in states.items()}
        for place, state in states.items():
            self._remember(place, state)
        return steps

    async def put(self, steps: Mapping[Place, Step[State]]) -> None:
        """Write what changed, and return when it is durable."""
        changed: dict[int, list[Change]] = defaultdict(list)
        for (partition, key), (before, after) in steps.items():
            changed[partition] += parts.changes(key, before, after)
        await self._changelog.write(changed)

    def forget(self) -> None:
        """After an assignment: another worker may have written meanwhile."""
        self._late.clear()

    def _read(self, place: Place) -> State | None:
        partition, key = place
        try:
            return parts.whole(self._type, under(self._changelog.table, partition, parts.prefix(key)))
        except (ValueError, KeyError):  # pydantic's is a ValueError, and quotes what it found: nothing of it goes further
            raise StateUnreadable(self._changelog.topic, partition) from None

    def _remember(self, place: Place, state: State) -> None:
        self._late[place] = state
        self._late.move_to_end(place)
        if len(self._late) > REMEMBERED:
            self._late.popitem(last=False)
