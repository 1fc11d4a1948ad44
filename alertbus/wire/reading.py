"""Every record is read here: its event, and the word in it, or the class of what is wrong with it. Never raises for what a record holds."""

from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from alertbus.broker.envelope import Envelope, decode
from alertbus.broker.record import Received, RecordHeaders
from alertbus.wire.records import REFUSED_AT
from alertbus.wire.words import Words

UNKNOWN_TYPE = "UnknownType"
"""The class of a record whose event is none that its reader asked for."""


@dataclass(slots=True)  # not frozen, as `Envelope`
class Understood:
    """`word` is None for a type that nobody asked to read, and for a record that could not be: `error` then says the class."""

    record: Received = field(repr=False)
    envelope: Envelope | None = field(default=None, repr=False)
    word: Any = field(default=None, repr=False)
    error: str | None = None

    @property
    def fault(self) -> str | None:
        """Why there is no word; None where there is one."""
        return (self.error or UNKNOWN_TYPE) if self.word is None else None

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
    def refused_at(self) -> int | None:
        """The attempt at which a redriven notice was refused; None for what was not redriven."""
        text = "" if self.envelope is None else self.envelope.extensions.get(REFUSED_AT, "")
        return int(text) if text.isascii() and text.isdigit() and len(text) <= _LONGEST_ATTEMPT else None

    @property
    def written_at(self) -> datetime:
        """The record's own time."""
        return moment(self.record.timestamp)


_LONGEST_ATTEMPT = 6  # digits: no ledger counts so far


def understand(record: Received, words: Words) -> Understood:
    """Read a record as one of these words."""
    try:
        envelope = decode(record.headers, record.key, record.value)
        reader = words.get((record.topic, envelope.type))
        word = None if reader is None else reader(envelope.data)
    except Exception as fault:  # noqa: BLE001  reading touches nothing but the record: whatever goes wrong is wrong with it
        return Understood(record, error=type(fault).__name__)
    return Understood(record, envelope, word)


def envelope_in(headers: RecordHeaders, value: bytes | None) -> Envelope | None:
    """The event's attributes alone, where no word is asked for; None for a record that is no event."""
    try:
        return decode(headers, None, value)
    except ValueError:
        return None


def moment(timestamp_ms: float) -> datetime:
    """A record's own time. Whoever writes a record may state any: one that is no moment counts as 1970, and harms nobody."""
    try:
        return datetime.fromtimestamp(timestamp_ms / 1000, UTC)
    except (ValueError, OverflowError, OSError):
        return datetime.fromtimestamp(0, UTC)
