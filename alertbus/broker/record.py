"""A record: as it is to be written, and as it arrives. Light, so that whoever builds or reads one needs no Kafka client."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

RecordHeaders = Sequence[tuple[str, bytes]]

Partition = tuple[str, int]
"""Topic, number of the partition."""


@dataclass(frozen=True, slots=True)
class Record:
    """A record to be written. `value` None: a tombstone. `partition` None: by the key. `timestamp_ms` None: now."""

    topic: str
    key: bytes
    value: bytes | None
    headers: RecordHeaders = ()
    partition: int | None = None
    timestamp_ms: int | None = None


class Received(Protocol):
    """A record as it arrives. `timestamp` in milliseconds since 1970."""

    @property
    def topic(self) -> str: ...
    @property
    def partition(self) -> int: ...
    @property
    def offset(self) -> int: ...
    @property
    def timestamp(self) -> int: ...
    @property
    def key(self) -> bytes | None: ...
    @property
    def value(self) -> bytes | None: ...
    @property
    def headers(self) -> RecordHeaders: ...
