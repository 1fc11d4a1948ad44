"""Deciding about one record: a record that cannot be decided goes to quarantine, and stops neither its worker nor its neighbours.

A record may be well formed and still not be decidable: it was written under another's key, it holds what the database will not store or a
header cannot carry, it would grow beyond what a topic takes, or a reducer breaks on it. The same would happen at every try, so to stop
would be to stop for good. Trouble with the broker or the database is no record's fault, and escapes.
"""

from types import TracebackType

import structlog

from alertbus.broker.faults import BrokerFault
from alertbus.broker.producer import MAX_RECORD_BYTES
from alertbus.broker.record import Received, Record
from alertbus.model.errors import PoisonRecord, Unavailable
from alertbus.quarantine.entry import poisoned
from alertbus.wire.reading import moment
from alertbus.wire.words import STREAM

LARGEST_OUTPUT = MAX_RECORD_BYTES - 10_000
"""Bytes of a value that the next topic still takes with its headers. Whatever was accepted by the gateway is well below it."""

_NO_RECORDS_FAULT = (Unavailable, BrokerFault, OSError, MemoryError)

log = structlog.get_logger("alertbus.stream")


class Deciding:
    """`with Deciding(incoming, out) as made`: all that the body adds to `made` goes to `out`; or, if it raises, an entry for quarantine.

    The body changes state last, so that a record that cannot be decided has changed nothing.
    """

    __slots__ = ("_incoming", "_made", "_out")

    def __init__(self, incoming: Received, out: list[Record]) -> None:
        self._incoming, self._out = incoming, out
        self._made: list[Record] = []

    def __enter__(self) -> list[Record]:
        return self._made

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> bool:
        if error is None:
            self._out += self._made
            return False
        if not isinstance(error, Exception) or isinstance(error, _NO_RECORDS_FAULT):
            return False
        self._out.append(entry(self._incoming, type(error).__name__))
        return True


def entry(incoming: Received, reason: str) -> Record:
    """The record for quarantine, and a line in the log that says where it stood. `reason` is a class of error, never its text."""
    log.error("a record was put in quarantine", topic=incoming.topic, partition=incoming.partition, offset=incoming.offset, reason=reason)
    return poisoned(incoming, reason, by=STREAM, at=moment(incoming.timestamp))


def must_be_keyed(incoming: Received, key: str) -> None:
    """Refuse a record that stands under another's key: it would change another's state."""
    if incoming.key != key.encode():
        raise PoisonRecord("expected the record under its own key")


def must_fit(made: list[Record]) -> None:
    """Refuse to write what the next topic would not take: the broker's refusal would come again at every try."""
    if any(len(record.value or b"") > LARGEST_OUTPUT for record in made):
        raise PoisonRecord(f"expected at most {LARGEST_OUTPUT} bytes of each record made of it")
