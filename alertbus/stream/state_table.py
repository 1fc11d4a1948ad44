"""A reducer's states: RocksDB under Faust's table, its changelog, and the decoded states that were used last, in memory.

A state's parts are put into RocksDB only after their changelog records are acknowledged, and the changelog only after the outputs are:
whatever a state knows, it has already caused (DESIGN section 6). What several batches changed is written once, at `keep`.
"""

from collections import OrderedDict, defaultdict
from collections.abc import Mapping, Sequence
from typing import Any, Generic

import orjson

from alertbus.model.errors import StateUnreadable
from alertbus.stream import state_parts
from alertbus.stream.changelog import Changelog
from alertbus.stream.state_parts import AnyState
from alertbus.stream.store import Change, seeking, under, value_of

StateKey = tuple[int, bytes]
"""Partition, and key in it."""

Step = tuple[AnyState, AnyState]
"""A state as it stood before a batch, and after."""

REMEMBERED = 20_000
"""Decoded states kept in memory over all partitions. Chosen: what a county has in daily use. It must be more than batches in flight ever
touch at once, because a state whose outputs are not acknowledged yet is read from here: it is among those touched last."""


class StateTable(Generic[AnyState]):
    """States of one reducer by key. Only one topic's lanes use it: they decide in order, and write in the same order."""

    def __init__(self, changelog: Changelog, state: type[AnyState], empty: AnyState) -> None:
        self._changelog = changelog
        self._type = state
        self._empty = empty
        self._recent: OrderedDict[StateKey, AnyState] = OrderedDict()
        self._unkept: dict[StateKey, Step[AnyState]] = {}
        self._being_kept: Mapping[StateKey, Step[AnyState]] = {}

    def get(self, state_key: StateKey) -> AnyState:
        """The state as last decided, the empty one if there is none. Raises `StateUnreadable`: or what it knew would be forgotten."""
        state = self._recent.get(state_key)
        if state is None:
            unwritten = self._unkept.get(state_key) or self._being_kept.get(state_key)
            state = unwritten[1] if unwritten else self._read(state_key) or self._empty
            self._remember(state_key, state)
        else:
            self._recent.move_to_end(state_key)
        return state

    def decided(self, states: Mapping[StateKey, AnyState]) -> dict[StateKey, Step[AnyState]]:
        """Go on from these states. What changed is for `put`, once what it causes is on the broker."""
        steps = {state_key: (self.get(state_key), state) for state_key, state in states.items()}
        for state_key, state in states.items():
            self._remember(state_key, state)
        return steps

    async def put(self, steps: Mapping[StateKey, Step[AnyState]]) -> None:
        """Note what changed, for the next `keep`: everything that these states know of is on the broker."""
        for state_key, (before, after) in steps.items():
            unkept = self._unkept.get(state_key)
            self._unkept[state_key] = (before if unkept is None else unkept[0], after)

    async def keep(self) -> None:
        """Write what changed since the last time, and return when it is durable. Not for two callers at once."""
        self._being_kept, self._unkept = self._unkept, {}
        changed: dict[int, list[Change]] = defaultdict(list)
        for (partition, key), (before, after) in self._being_kept.items():
            changed[partition] += state_parts.changes(key, before, after)
        await self._changelog.write(changed)
        self._being_kept = {}

    def forget(self) -> None:
        """After an assignment: another worker may have written meanwhile."""
        self._recent.clear()
        self._unkept = {}
        self._being_kept = {}

    def peek(self, state_key: StateKey, name: str, field: str) -> tuple[Any] | None:
        """One field, as JSON has it, of a part of the state as last decided; None where there is no such part. The rest of the state is not
        read, nor is the part checked: that would take most of the time of writing a tick.
        """
        state = self._recent.get(state_key)
        if state is None and (unwritten := self._unkept.get(state_key) or self._being_kept.get(state_key)):
            state = unwritten[1]
        if state is not None:
            known = getattr(state, name)
            return None if known is None else (getattr(known, field),)
        partition, key = state_key
        raw = value_of(self._changelog.table, partition, state_parts.path_of(key, name))
        if raw is None:
            return None
        try:
            return (orjson.loads(raw).get(field),)
        except (ValueError, AttributeError):  # it quotes what it found: nothing of it goes further
            raise StateUnreadable(self._changelog.topic, partition) from None

    def parts_of_some(
        self, partition: int, names: Sequence[str], begin: bytes, most: int
    ) -> tuple[dict[bytes, dict[str, Any]], bytes | None]:
        """Of at most so many states on this disk, from `begin` on: by key, those of these fields that they have, none a mapping. And
        where the next states begin; None behind the last.

        It costs a seek for each field and one for the state, however large that is.
        """
        found: dict[bytes, dict[str, Any]] = {}
        place = seeking(self._changelog.table, partition)
        place.seek(begin)
        while len(found) < most:
            if not place.valid():
                return found, None
            key = state_parts.key_of(place.key())
            parts = found[key] = {}
            for name in sorted(names):
                path = state_parts.path_of(key, name)
                place.seek(path)
                if place.valid() and place.key() == path:
                    parts[name] = self._part_read(partition, name, place.value())
            begin = state_parts.behind(key)
            place.seek(begin)
        return found, begin

    def _part_read(self, partition: int, name: str, raw: bytes) -> Any:
        try:
            return state_parts.read(self._type, name, raw)
        except ValueError:  # pydantic's quotes what it found: nothing of it goes further
            raise StateUnreadable(self._changelog.topic, partition) from None

    def _read(self, state_key: StateKey) -> AnyState | None:
        partition, key = state_key
        try:
            return state_parts.whole(self._type, under(self._changelog.table, partition, state_parts.prefix(key)))
        except (ValueError, KeyError):  # pydantic's is a ValueError, and quotes what it found: nothing of it goes further
            raise StateUnreadable(self._changelog.topic, partition) from None

    def _remember(self, state_key: StateKey, state: AnyState) -> None:
        self._recent[state_key] = state
        self._recent.move_to_end(state_key)
        if len(self._recent) > REMEMBERED:
            self._recent.popitem(last=False)
