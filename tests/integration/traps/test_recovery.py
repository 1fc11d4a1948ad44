"""After a worker's end, however it ended and whatever is left of its disk: the states are whole and nothing is lost."""

import signal

import pytest

from tests.integration.traps.asking import until
from tests.integration.traps.bus import Bus

pytestmark = pytest.mark.kafka


@pytest.mark.parametrize("disk", ["kept", "empty"])
@pytest.mark.parametrize("end", [signal.SIGKILL, signal.SIGTERM])
async def test_the_next_worker_has_every_state_and_loses_nothing(bus: Bus, end: signal.Signals, disk: str) -> None:
    families = [bus.family() for _ in range(4)]
    folder = bus.new_folder()
    async with bus.child(folder) as first:
        alerts = [name for family in families for name in await bus.alert(family, 10)]
        await bus.until_told(alerts[:1])
        first.signal(end)
        await first.ends()
        alerts += [name for family in families for name in await bus.alert(family, 10)]

    async with bus.worker(folder if disk == "kept" else None) as second:
        await bus.until_told(alerts)
        await bus.caught_up()
        for table in ("person", "case"):
            assert second.standing(table) == await bus.recovered(table)
        assert second.failed == []


async def test_one_that_stood_by_takes_over_from_one_that_was_killed(bus: Bus) -> None:
    families = [bus.family() for _ in range(4)]
    async with bus.child() as first, bus.worker() as second:
        alerts = [name for family in families for name in await bus.alert(family, 10)]
        await bus.until_told(alerts)
        alerts += [name for family in families for name in await bus.alert(family, 10)]
        first.signal(signal.SIGKILL)

        await bus.until_told(alerts)
        await until(lambda: partitions_of(second), {0, 1, 2, 3})
        await bus.caught_up()
        for table in ("person", "case"):
            assert second.standing(table) == await bus.recovered(table)
        assert second.failed == []


async def partitions_of(worker: object) -> set[int]:
    return worker.partitions  # type: ignore[attr-defined,no-any-return]
