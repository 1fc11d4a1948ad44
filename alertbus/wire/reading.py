"""A record read once for everybody who needs it: its event, and the word in it, or the class of what is wrong."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from alertbus.broker.consumer import Received
from alertbus.broker.envelope import Envelope, decode

Words = Mapping[tuple[str, str], Callable[[bytes], Any]]
"""By topic and type of event, what reads its data. It may raise `ValueError`."""


@dataclass(frozen=True, slots=True)
class Understood:
    """`word` is None for a type that nobody asked to read, and for a record that could not be: `error` then says the class."""

    record: Received = field(repr=False)
    envelope: Envelope | None = field(default=None, repr=False)
    word: Any = field(default=None, repr=False)
    error: str | None = None

    @property
    def type(self) -> str:
        return "" if self.envelope is None else self.envelope.type

    @property
    def source(self) -> str:
        return "" if self.envelope is None else self.envelope.source

    @property
    def time(self) -> datetime | None:
        return None if self.envelope is None else self.envelope.time

    @property
    def data(self) -> bytes:
        return self.record.value or b""

    @property
    def written_at(self) -> datetime:
        """The record's own time. Whoever writes a record may state any: one that is no moment counts as 1970."""
        try:
            return datetime.fromtimestamp(self.record.timestamp / 1000, UTC)
        except (ValueError, OverflowError, OSError):
            return datetime.fromtimestamp(0, UTC)


def understand(record: Received, words: Words) -> Understood:
    """Never raises for what a record holds."""
    try:
        envelope = decode(record.headers, record.key, record.value)
        reader = words.get((record.topic, envelope.type))
        word = None if reader is None else reader(envelope.data)
    except ValueError as fault:  # pydantic's and the envelope's faults among them
        return Understood(record, error=type(fault).__name__)
    return Understood(record, envelope, word)
