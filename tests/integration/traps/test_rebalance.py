"""A second worker joins while the first is between a batch's outputs and its states."""

import asyncio
from types import SimpleNamespace
from typing import Any

import pytest
from faust.stores import rocksdb

from alertbus.broker import topics
from alertbus.stream.worker import StreamWorker
from tests.integration.traps.asking import PATIENCE_S, until
from tests.integration.traps.bus import Bus, Worker
from tests.integration.traps.twists import Gate, arrange_again, before_states, both

pytestmark = pytest.mark.kafka


def gives_up_at_once(worker: StreamWorker) -> None:
    """The engine's own way with `stream_wait_empty` off: partitions go, whatever was begun."""

    async def finish() -> None:
        """Waits for nothing."""

    for lanes in worker.lanes.values():
        lanes.finish = finish  # type: ignore[method-assign]


async def rebalancing(worker: Worker) -> bool:
    return bool(worker.stream.app.rebalancing)


async def held(*workers: Worker) -> list[int]:
    return sorted(partition for worker in workers for partition in worker.partitions)


async def test_the_first_worker_finishes_and_commits_before_its_partitions_go(bus: Bus) -> None:
    gate = Gate(armed=False)
    async with bus.worker(twist=before_states("case", gate)) as first:
        families = [bus.family() for _ in range(8)]
        gate.arm()
        alerts = [name for family in families for name in await bus.alert(family)]
        await gate.reached.wait()
        before = await bus.committed()

        second = Worker(bus, bus.new_folder())
        joining = asyncio.create_task(second.start())
        try:
            await until(lambda: rebalancing(first), True)
            assert not second.assigned.is_set(), "nobody has the partitions while they are written to"
            assert case_events(await bus.committed()) == case_events(before)

            gate.opened.set()
            await joining
            at_the_handover = await bus.committed()
            assert sum(case_events(at_the_handover).values()) > sum(case_events(before).values()), "what was begun is committed"

            await bus.until_told(alerts)
            await bus.caught_up()
            await until(lambda: held(first, second), [0, 1, 2, 3])
            recovered = await bus.recovered("case")
            for worker in (first, second):
                own = {place: value for place, value in worker.standing("case").items() if place[0] in worker.partitions}
                assert own == {place: value for place, value in recovered.items() if place[0] in worker.partitions}
            assert (first.failed, second.failed) == ([], [])
        finally:
            joining.cancel()
            await second.stop()


async def test_the_engine_never_looks_for_garbage_among_decoded_states(bus: Bus, monkeypatch: pytest.MonkeyPatch) -> None:
    """It does so at each assignment and when it stops, with every thread held up: with enough states, for longer than the session lasts."""
    found: list[int] = []
    async with bus.worker() as worker:
        tables = worker.stream._person_table, worker.stream._case_table

        async def work() -> None:
            await bus.until_told([name for _ in range(4) for name in await bus.alert(bus.family())])
            await bus.caught_up()
            assert all(table._recent for table in tables)

        await work()
        monkeypatch.setattr(rocksdb, "gc", SimpleNamespace(collect=lambda: found.append(sum(len(table._recent) for table in tables))))
        worker.assigned.clear()
        arrange_again(worker.stream)
        await asyncio.wait_for(worker.assigned.wait(), PATIENCE_S)
        await work()
        await worker.stop()
    assert len(found) >= 4, "one for each table, when it is assigned and when it stops"
    assert set(found) == {0}


@pytest.mark.proof
async def test_with_the_engines_own_way_the_second_begins_while_the_first_still_writes(bus: Bus) -> None:
    """The test above would fail without `Lanes.finish`."""
    gate = Gate(armed=False)
    async with bus.worker(twist=both(before_states("case", gate), gives_up_at_once)) as first:
        family = bus.family()
        gate.arm()
        alerts = await bus.alert(family)
        await gate.reached.wait()

        async with bus.worker() as second:
            await asyncio.wait_for(second.assigned.wait(), PATIENCE_S)
            assert not gate.opened.is_set()
            gate.opened.set()
            await bus.until_told(alerts)
            await bus.caught_up()
        assert second.failed == []
    assert first is not None


def case_events(committed: dict[tuple[str, int], int]) -> dict[Any, int]:
    return {place: offset for place, offset in committed.items() if place[0] == topics.CASE_EVENTS}
