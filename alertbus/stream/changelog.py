"""The changelog of one table, written by whoever owns the partition; and what is done when somebody else wrote there too.

A worker held up in mid-write for longer than its session (a paused machine, SIGSTOP, a write that hangs) wakes after another has taken its
partitions over, and the broker takes its late write all the same. On a topic where the last value of a key stands, the late one would
then stand: a recovery from an empty disk would give a state that has forgotten what came after.

No clock can prevent that, so it is found out and undone. An owner's records follow each other without a gap; a gap is somebody else's
write. Then the group is asked whose the partition is. If it is ours, the keys of the foreign records are written again as they stand here.
If it is not, this worker is the late one, and stops hard: its disk stays at what it had before the gap, so the next recovery reads
everything after. What remains: the owner dying, with its disk, between a late write and its mending, which takes `liveness.LOOK_S`.

Outputs need none of this: a late one is a repeat under the same id.
"""

import asyncio
from collections import defaultdict
from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Any

import structlog

from alertbus.broker.consumer import read_span
from alertbus.broker.faults import BrokerFault
from alertbus.broker.producer import Producer
from alertbus.broker.record import Record
from alertbus.stream.state_parts import key_of
from alertbus.stream.store import Change, apply_changes, value_of

log = structlog.get_logger("alertbus.stream")


class PartitionsLost(BrokerFault):
    """Another worker has the partition: nothing more may be written for it."""

    def __init__(self, topic: str, partition: int) -> None:
        super().__init__(
            f"topic '{topic}', partition {partition}: another worker owns it and has written",
            "Nothing was committed; let this process end and start again, it reads what the other wrote.",
        )


class Changelog:
    """`begin` at each assignment, then `write`; `look` now and then, because a late write may come when there is nothing to write."""

    def __init__(self, table: Any, producer: Callable[[], Producer], still_owner: Callable[[], Awaitable[bool]], bootstrap: str) -> None:
        """`still_owner` asks the group whether it counts this worker as the owner of what it was assigned."""
        self.table = table
        self._producer = producer
        self._still_owner = still_owner
        self._bootstrap = bootstrap
        self._known: dict[int, int] = {}
        self._writing = asyncio.Lock()

    @property
    def topic(self) -> str:
        return str(self.table.changelog_topic_name)

    def begin(self, applied: Mapping[int, int]) -> None:
        """Begin at an assignment. `applied` is each partition's last offset that is on this disk; -1 for none."""
        self._known = dict(applied)

    async def write(self, changed: Mapping[int, Sequence[Change]]) -> None:
        """Return when the changes are acknowledged and on this disk. Raises `BrokerFault`."""
        async with self._writing:
            groups = [group for partition, some in changed.items() for group in self._by_state(partition, some)]
            written = await self._producer().send_whole(groups)
            for partition, some in changed.items():
                if not some:
                    continue
                last = written[self.topic, partition]
                if last == self._known[partition] + len(some):
                    self._apply(partition, some, last)
                else:
                    await self._mend(partition, some, last)

    async def look(self, ends: Mapping[int, int]) -> None:
        """Compare with where the broker said the partitions end, and mend what a late writer left. Raises `BrokerFault`."""
        async with self._writing:
            for partition, end in ends.items():
                known = self._known.get(partition)
                if known is not None and end > known + 1:
                    await self._mend(partition, (), end - 1)

    async def _mend(self, partition: int, changes: Sequence[Change], last: int) -> None:
        """Write again what this disk holds under every key that others wrote up to `last`, so that it stands; then apply `changes`."""
        if not await self._still_owner():
            raise PartitionsLost(self.topic, partition)
        log.warning("somebody else wrote to a changelog of ours, mending", topic=self.topic, partition=partition, offset=last)
        fresh = dict(changes)
        first = self._known[partition] + 1
        while True:
            newest = {found.key or b"": found.value async for found in read_span(self._bootstrap, self.topic, partition, first, last + 1)}
            standing = {key: fresh[key] if key in fresh else value_of(self.table, partition, key) for key in newest}
            stale = [(key, value) for key, value in standing.items() if newest[key] != value]
            if not stale:
                break
            before, last = last, (await self._producer().send_whole(self._by_state(partition, stale)))[self.topic, partition]
            if last == before + len(stale):
                break
        self._apply(partition, changes, last)

    def _by_state(self, partition: int, changes: Sequence[Change]) -> list[list[Record]]:
        """The records of these changes, those of one state together: no state is ever there by half."""
        found: dict[bytes, list[Record]] = defaultdict(list)
        for key, value in changes:
            found[key_of(key)].append(Record(self.topic, key, value, partition=partition))
        return list(found.values())

    def _apply(self, partition: int, changes: Sequence[Change], last: int) -> None:
        apply_changes(self.table, partition, changes, last)
        self._known[partition] = last
