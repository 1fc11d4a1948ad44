"""A reducer's states: RocksDB under Faust's table, its changelog written by our own producer, and the decoded states of late use in memory.

A state's parts are put into RocksDB only after their changelog records are acknowledged, and the changelog only after the outputs are:
whatever a state knows, it has already caused (DESIGN section 6).
"""

from collections import OrderedDict, defaultdict
from collections.abc import Callable, Mapping
from typing import Any, Generic, TypeVar

from alertbus.broker.producer import Producer, Record
from alertbus.model.base import Word
from alertbus.stream import parts
from alertbus.stream.store import Change, apply_changes, under

State = TypeVar("State", bound=Word)

Place = tuple[int, bytes]
"""Partition and key."""

REMEMBERED = 20_000
"""Decoded states kept in memory over all partitions: what is in daily use, about a hundred megabytes (ours)."""


class StateTable(Generic[State]):
    """States of one reducer by key. Only one topic's lanes use it, one batch at a time."""

    def __init__(self, table: Any, state: type[State], empty: State, producer: Callable[[], Producer]) -> None:
        self._table = table
        self._type = state
        self._empty = empty
        self._producer = producer
        self._late: OrderedDict[Place, State] = OrderedDict()

    def get(self, place: Place) -> State:
        """The state that stands, the empty one if none does."""
        state = self._late.get(place)
        if state is None:
            partition, key = place
            state = parts.whole(self._type, under(self._table, partition, parts.prefix(key))) or self._empty
            self._remember(place, state)
        else:
            self._late.move_to_end(place)
        return state

    async def put(self, states: Mapping[Place, State]) -> None:
        """Write what differs from the states that stand, and return when it is durable."""
        changed: dict[int, list[Change]] = defaultdict(list)
        for place, after in states.items():
            changed[place[0]] += parts.changes(place[1], self.get(place), after)
        topic = self._table.changelog_topic_name
        written = await self._producer().send_all(
            [Record(topic, key, value, partition=partition) for partition, some in changed.items() for key, value in some]
        )
        for partition, some in changed.items():
            if some:
                apply_changes(self._table, partition, some, written[topic, partition])
        for place, state in states.items():
            self._remember(place, state)

    def forget(self) -> None:
        """After an assignment: another worker may have written meanwhile."""
        self._late.clear()

    def _remember(self, place: Place, state: State) -> None:
        self._late[place] = state
        self._late.move_to_end(place)
        if len(self._late) > REMEMBERED:
            self._late.popitem(last=False)
