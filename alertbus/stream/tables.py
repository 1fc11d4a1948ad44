"""A reducer's states: RocksDB under Faust's table, its changelog written by our own producer, and the decoded states of late use in memory.

A state is put into RocksDB only after its changelog record is acknowledged, and the changelog only after the outputs are: whatever a state
knows, it has already caused (DESIGN section 6).
"""

from collections import OrderedDict
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

from faust.types import TP

from alertbus.broker.producer import Producer
from alertbus.model.base import Word

State = TypeVar("State", bound=Word)

REMEMBERED = 2_000
"""Decoded states kept in memory for each partition: what is in daily use, some tens of megabytes in all (ours)."""


@dataclass(frozen=True, slots=True)
class _Message:
    tp: TP
    offset: int
    partition: int
    key: bytes
    value: bytes


@dataclass(frozen=True, slots=True)
class _Change:
    """A changelog record in the shape in which Faust's store takes it back in recovery: the store's one public way to write."""

    message: _Message


class StateTable(Generic[State]):
    """States of one reducer by key. Only lanes use it, each for its own partition, so nothing here is shared."""

    def __init__(self, table: Any, state: type[State], empty: State, producer: Callable[[], Producer]) -> None:
        self._table = table
        self._type = state
        self._empty = empty
        self._producer = producer
        self._late: dict[int, OrderedDict[bytes, State]] = {}

    def get(self, partition: int, key: bytes) -> State:
        late = self._late.setdefault(partition, OrderedDict())
        if (state := late.get(key)) is not None:
            late.move_to_end(key)
            return state
        raw = self._table.data._db_for_partition(partition).get(key)  # noqa: SLF001 - the public read needs a current event
        state = self._empty if raw is None else self._type.model_validate_json(raw)
        self._remember(late, key, state)
        return state

    async def put(self, partition: int, states: Mapping[bytes, State]) -> None:
        """Write each touched state once and return when all are durable."""
        topic = self._table.changelog_topic_name
        encoded = {key: state.model_dump_json(by_alias=True, exclude_defaults=True).encode() for key, state in states.items()}
        producer = self._producer()
        queued = [await producer.send(topic, key=key.decode(), value=value, partition=partition) for key, value in encoded.items()]
        written = [await acknowledgement for acknowledgement in queued]
        tp = TP(topic, partition)
        self._table.data.apply_changelog_batch(
            [_Change(_Message(tp, at.offset, partition, key, value)) for at, (key, value) in zip(written, encoded.items(), strict=True)],
            to_key=bytes,
            to_value=bytes,
        )
        late = self._late.setdefault(partition, OrderedDict())
        for key, state in states.items():
            self._remember(late, key, state)

    def forget(self) -> None:
        """After an assignment: another worker may have written meanwhile."""
        self._late.clear()

    def _remember(self, late: OrderedDict[bytes, State], key: bytes, state: State) -> None:
        late[key] = state
        late.move_to_end(key)
        if len(late) > REMEMBERED:
            late.popitem(last=False)
