"""Recovery of the tables, and the order in which a recovered worker goes on: seek first, then resume, with no await in between.

faust-streaming 0.15.3 resumes the partitions, awaits the seek to the committed offsets, then resumes its flow control, which empties the
agents' queues: what was fetched in between and not yet taken is lost, and a later commit steps over it (measured: DESIGN section 6).
Here the partitions stay paused until the seek is done and the lanes know their cursors.

Changes to tables are applied by the batch, as they were fetched, and not one by one through a queue. One that cannot be applied ends the
worker; the engine only warns.
"""

import asyncio
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from faust.tables.manager import TableManager
from faust.tables.recovery import Recovery
from faust.types import TP
from mode import Service

from alertbus.broker.faults import RecordsSkipped
from alertbus.broker.record import Received
from alertbus.stream.store import apply_changes

Cursors = Mapping[tuple[str, int], int]
"""By topic and partition: the offset of the next record to process, which is the committed one."""


class SeekFirst(Recovery):  # type: ignore[misc]
    """Recovery that loses nothing. `on_assigned` is told at which offset the lane of each stream partition begins."""

    on_assigned: Callable[[Cursors], None]

    applied: int = 0
    """Changes applied by the recoveries of this process: while it grows, a recovery is not stuck."""

    def __init__(self, *given: Any, **named: Any) -> None:
        super().__init__(*given, **named)
        self._left_out: dict[TP, tuple[int, int]] = {}

    def leave_out(self, tp: TP, records: Sequence[Received]) -> None:
        """Note what was fetched of a changelog and is not applied, because its assignment was over: it has to be fetched again."""
        first, last = self._left_out.get(tp, (records[0].offset, records[-1].offset))
        self._left_out[tp] = min(first, records[0].offset), max(last, records[-1].offset)

    def take_changes(self, tp: TP, records: Sequence[Received]) -> None:
        """Apply what was fetched of a table's changelog, ours or another's for which we stand by.

        Raises `RecordsSkipped` where it follows what was left out, and that was not fetched again: a state that knows what came later, and
        not what came before, has people asked who have answered. Offsets alone do not show it, because a changelog is compacted.
        """
        offsets = self.active_offsets if tp in self.active_tps else self.standby_offsets
        table = self.tp_to_table.get(tp)
        if table is None:
            return
        if tp not in offsets:
            self.leave_out(tp, records)
            return
        known = offsets[tp]
        first, last = self._left_out.get(tp, (0, -1))
        if records[0].offset > first and (-1 if known is None else known) < last:
            raise RecordsSkipped(tp.topic, tp.partition, first, records[0].offset)
        self._left_out.pop(tp, None)
        fresh = [record for record in records if known is None or record.offset > known]
        if fresh:
            apply_changes(table, tp.partition, [(record.key or b"", record.value) for record in fresh], fresh[-1].offset)
            offsets[tp] = fresh[-1].offset
            self.applied += len(fresh)
        if self.in_recovery and not self.need_recovery():
            self._set_recovery_ended()
            self.signal_recovery_end.set()

    @Service.task  # type: ignore[untyped-decorator]
    async def _slurp_changelogs(self) -> None:
        """Do nothing: the engine would apply changes one by one here; `take_changes` applies them by the batch."""

    def _set_recovery_started(self) -> None:
        self.signal_recovery_end.clear()
        super()._set_recovery_started()

    async def on_recovery_completed(self, generation_id: int = 0) -> None:
        app = self.app
        await app.on_rebalance_complete.send()
        self._set_recovery_ended()
        callbacks = [
            asyncio.ensure_future(table.on_recovery_completed(self.actives_for_table[table], self.standbys_for_table[table]))
            for table in self.tables.values()
        ]
        if callbacks:
            await asyncio.wait(callbacks)
        await self._go_on(generation_id)

    async def _resume_streams(self, generation_id: int = 0) -> None:
        """Do as `on_recovery_completed` does, for an app without tables."""
        await self.app.on_rebalance_complete.send()
        await self._go_on(generation_id)

    async def _go_on(self, generation_id: int) -> None:
        app, consumer = self.app, self.app.consumer
        if app.consumer_generation_id != generation_id:
            return
        ours = {tp for tp in consumer.assignment() if not self._is_changelog_tp(tp)}
        cursors: dict[tuple[str, int], int] = {}
        if ours:
            for tp in ours:
                consumer._committed_offset.pop(tp, None)  # noqa: SLF001 - what is not committed must not be taken from an earlier assignment
            await self._wait(consumer.perform_seek(), timeout=app.conf.broker_request_timeout)
            earliest = await consumer.earliest_offsets(*ours)
            for tp in ours:
                committed = consumer._committed_offset.get(tp)  # noqa: SLF001 - where perform_seek keeps what it found
                cursors[tp.topic, tp.partition] = max(committed or 0, earliest.get(tp) or 0)
            await consumer.seek_wait({tp: cursors[tp.topic, tp.partition] for tp in ours})
            if app.consumer_generation_id != generation_id:
                return
        # From here to the fetcher nothing awaits.
        self.completed.set()
        self.on_assigned(cursors)
        consumer.resume_partitions(ours)
        app.flow_control.resume()
        consumer.resume_flow()
        await app._fetcher.maybe_start()  # noqa: SLF001 - as the engine does it
        self.tables.on_actives_ready()
        self.tables.on_standbys_ready()
        app.on_rebalance_end()


class SeekFirstTables(TableManager):  # type: ignore[misc]
    """The table manager that recovers by `SeekFirst`. Bind `on_assigned` by subclassing (`table_manager_for`)."""

    on_assigned: Callable[[Cursors], None]

    _recovery: Any = None

    @property
    def recovery(self) -> Any:
        if self._recovery is None:
            self._recovery = SeekFirst(self.app, self, beacon=self.beacon, loop=self.loop)
            self._recovery.on_assigned = type(self).on_assigned
        return self._recovery


def table_manager_for(on_assigned: Callable[[Cursors], None]) -> type[SeekFirstTables]:
    """A table manager class for one app, because the engine makes the instance by itself. It calls `on_assigned` at each assignment."""
    return type("TableManagerOfOneApp", (SeekFirstTables,), {"on_assigned": staticmethod(on_assigned)})
