"""The one way to the RocksDB under an engine's table, used by recovery and by the reducers' states alike."""

from collections.abc import Iterable, Iterator
from typing import Any

import rocksdict
from faust.types import TP

Change = tuple[bytes, bytes | None]
"""Key and value; None deletes."""


def apply_changes(table: Any, partition: int, changes: Iterable[Change], offset: int) -> None:
    """Write changes that stand on the changelog up to and including `offset`, and remember that offset for the next recovery.

    In this order: a crash between the two has the changes read again, which is harmless.
    """
    batch = rocksdict.WriteBatch(raw_mode=True)
    for key, value in changes:
        if value is None:
            batch.delete(key)
        else:
            batch.put(key, value)
    _database(table, partition).write(batch)
    table.data.set_persisted_offset(TP(table.changelog_topic_name, partition), offset)


def value_of(table: Any, partition: int, key: bytes) -> bytes | None:
    """The value of a key; None when there is none."""
    value: bytes | None = _database(table, partition).get(key)
    return value


def under(table: Any, partition: int, prefix: bytes) -> Iterator[tuple[bytes, bytes]]:
    """Every key that begins so, with its value, in order of keys; the keys without the prefix."""
    options = rocksdict.ReadOptions()
    options.set_iterate_upper_bound(prefix[:-1] + bytes([prefix[-1] + 1]))
    for key, value in _database(table, partition).items(from_key=prefix, read_opt=options):
        yield key[len(prefix) :], value


def seeking(table: Any, partition: int) -> Any:
    """RocksDB's own iterator, for whoever reads a few keys of many. Not to be kept over an await: it keeps the database open."""
    return _database(table, partition).iter()


def _database(table: Any, partition: int) -> Any:
    return table.data._db_for_partition(partition)  # noqa: SLF001 - the engine's public read needs one of its own events at hand
