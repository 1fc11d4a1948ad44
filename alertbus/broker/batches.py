"""What is written together: batches, each of which the broker takes whole or not at all."""

from collections.abc import Sequence
from typing import Any

from aiokafka.producer.message_accumulator import BatchBuilder

from alertbus.broker.record import Record


def whole_batches(groups: Sequence[Sequence[Record]], usual: int, most: int) -> list[list[Record]]:
    """Records of one partition in batches of `usual` bytes, none of which ends within a group: a batch grows up to `most` for that."""
    batches: list[list[Record]] = [[]]
    size = 0
    for group in groups:
        for piece in [group] if (own := sum(map(_bytes_of, group))) <= most else [[record] for record in group]:
            if size and size + min(own, most) > usual:
                batches.append([])
                size = 0
            batches[-1] += piece
            size += sum(map(_bytes_of, piece))
    return batches if batches[0] else []


def _bytes_of(record: Record) -> int:
    """What it takes of a batch, and some more."""
    return len(record.key) + len(record.value or b"") + sum(len(name) + len(text) + 10 for name, text in record.headers) + 40


def built(records: Sequence[Record]) -> BatchBuilder:
    """A batch of these records, with as much room as they take."""
    batch = BatchBuilder(sum(map(_bytes_of, records)) + 1024, 0)
    for record in records:
        if append(batch, record) is None:
            raise RuntimeError("a batch was made too small for its records; this is a defect of `_bytes_of`")
    return batch


def append(batch: Any, record: Record) -> Any:
    """Return None when the batch is full."""
    return batch.append(timestamp=record.timestamp_ms, key=record.key, value=record.value, headers=list(record.headers))
