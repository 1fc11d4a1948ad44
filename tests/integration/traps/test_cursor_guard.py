"""A record that the engine has skipped stops the worker, and the next one finds it."""

import pytest

from alertbus.broker import topics
from alertbus.broker.consumer import read_all
from tests.integration.traps.bus import Bus
from tests.integration.traps.twists import SKIPPED

pytestmark = pytest.mark.kafka


async def skipped_record(bus: Bus, alert: str) -> tuple[int, int]:
    """Its partition and offset."""
    found = [(r.partition, r.offset) async for r in read_all(bus.bootstrap, [topics.PERSON_EVENTS]) if alert.encode() in (r.value or b"")]
    return found[0]


async def test_a_skipped_record_ends_the_process_with_nothing_committed_past_it_and_the_next_one_finds_it(bus: Bus) -> None:
    family = bus.family()
    async with bus.child(twist="skips") as victim:
        (skipped,) = await bus.alert(family, begins=SKIPPED.decode())
        after = await bus.alert(family, 3)
        assert await victim.ends() == 70
        assert "RecordsSkipped" in victim.log

    partition, hole = await skipped_record(bus, skipped)
    assert (await bus.committed()).get((topics.PERSON_EVENTS, partition), 0) <= hole

    async with bus.worker() as again:
        await bus.until_told([skipped, *after])
        await bus.caught_up()
        assert again.failed == []


@pytest.mark.proof
async def test_without_the_guard_the_skipped_alert_is_lost(bus: Bus) -> None:
    """The test above would fail without it."""
    family = bus.family()

    async with bus.child(twist="skips, takes whatever comes"):
        (skipped,) = await bus.alert(family, begins=SKIPPED.decode())
        after = await bus.alert(family, 3)
        await bus.until_told(after)
        await bus.caught_up()

    async with bus.worker():
        await bus.caught_up()
        assert skipped not in await bus.told()


async def test_a_record_skipped_with_none_after_it_is_noticed_because_the_work_does_not_reach_the_end(bus: Bus) -> None:
    """The guard alone would wait for a successor; the watch on progress does not."""
    family = bus.family()

    async with bus.child(twist="skips", stuck_s=5.0) as victim:
        alerts = await bus.alert(family, begins=SKIPPED.decode())
        assert await victim.ends() == 70
        assert "WorkStoodStill" in victim.log

    async with bus.worker():
        await bus.until_told(alerts)
        await bus.caught_up()
