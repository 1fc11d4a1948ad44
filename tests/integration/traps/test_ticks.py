"""Time on real cases: no moment is missed, none comes early, and none counts twice, whatever becomes of the worker or of its clock."""

import signal
from collections.abc import Iterable, Iterator
from datetime import UTC, datetime, timedelta

import pytest

from alertbus.stream import stages
from tests.integration.traps.asking import until
from tests.integration.traps.bus import Bus, Worker
from tests.integration.traps.steps import LIMITS
from tests.integration.traps.twists import asks_for_steps, looks_all_the_time
from tests.integration.traps.wall_clock import WallClock

pytestmark = pytest.mark.kafka

HOUR = timedelta(hours=1)
BEFORE = timedelta(minutes=1)
STEPS = [0, 1, 2]


@pytest.fixture(scope="module")
def bus(bus_of_its_own: Bus) -> Bus:
    """Here time is moved by days, and a stand-in for the reducers decides cases: the other traps would find states that are not theirs."""
    return bus_of_its_own


@pytest.fixture
def clock(bus: Bus, monkeypatch: pytest.MonkeyPatch) -> Iterator[WallClock]:
    monkeypatch.setattr(stages, "follow", stages.follow)  # whoever asks for steps sets it: set back afterwards
    return WallClock(bus.new_folder() / "clock")


async def given(bus: Bus, alerts: Iterable[str]) -> dict[str, list[int]]:
    """Of each alert the steps that were given out, each once, in order of their first being written; one that was written with two
    contents is there twice.
    """
    first: dict[str, dict[str, int]] = {alert: {} for alert in alerts}
    for event, item in await bus.items():
        if item.source_id in first:
            first[item.source_id].setdefault(event, int(item.id.rpartition("-")[2]))
    return {alert: list(steps.values()) for alert, steps in first.items()}


async def until_given(bus: Bus, alerts: Iterable[str], steps: list[int]) -> None:
    wanted = dict.fromkeys(alerts, steps)
    await until(lambda: given(bus, wanted), wanted)
    await bus.caught_up()
    assert await given(bus, wanted) == wanted


async def test_clk_02_a_step_comes_when_its_moment_has_come_and_not_before(bus: Bus, clock: WallClock) -> None:
    family = bus.family()
    async with bus.worker(twist=asks_for_steps, now=clock) as worker:
        alerts = await bus.alert(family)
        await until_given(bus, alerts, [])
        for number, limit in enumerate(LIMITS):
            clock.move(limit - BEFORE)
            await clock.looked_at()
            await until_given(bus, alerts, STEPS[:number])

            clock.move(limit + BEFORE)
            await until_given(bus, alerts, STEPS[: number + 1])

        found = await bus.ticks(family)
        assert len(found) == len(LIMITS), "one for each moment"
        assert len({tick.since for tick in found}) == len(found)
        assert worker.failed == []


@pytest.mark.parametrize("held", ["after ticks", "before ticks are decided", "after the outputs of ticks"])
async def test_a_worker_that_is_killed_beside_a_tick_misses_none_and_doubles_none(bus: Bus, clock: WallClock, held: str) -> None:
    families = [bus.family() for _ in range(3)]
    folder = bus.new_folder()
    async with bus.child(folder, f"steps, {held}", clock=clock) as first:
        alerts = [name for family in families for name in await bus.alert(family, 2)]
        await bus.caught_up()
        clock.move(LIMITS[0] + BEFORE)
        await first.says("held")
        first.signal(signal.SIGKILL)
        await first.ends()
    assert await bus.ticks(*families), "killed when it had written one"

    async with bus.worker(folder, asks_for_steps, now=clock) as second:
        await until_given(bus, alerts, STEPS[:1])
        clock.move(LIMITS[2] + BEFORE)
        await until_given(bus, alerts, STEPS)
        assert second.failed == []


async def test_a_worker_that_starts_hours_late_gives_all_that_has_lapsed_each_dated_by_its_own_moment(bus: Bus, clock: WallClock) -> None:
    families = [bus.family() for _ in range(3)]
    async with bus.worker(twist=asks_for_steps, now=clock):
        alerts = [name for family in families for name in await bus.alert(family, 2)]
        await bus.until_told(alerts)
        await bus.caught_up()
    clock.move(9 * HOUR)

    async with bus.worker(twist=asks_for_steps, now=clock):
        await until_given(bus, alerts, STEPS)

    assert len(await bus.ticks(*families)) == len(families), "one for each case, however much has lapsed"
    assert await dated(bus, alerts) == {(alert, number): LIMITS[number] for alert in alerts for number in STEPS}


async def dated(bus: Bus, alerts: Iterable[str]) -> dict[tuple[str, int], timedelta]:
    """How long after its alert each step is dated."""
    wanted, written = set(alerts), await bus.items()
    return {(one.source_id, int(one.id.rpartition("-")[2])): one.at - one.opened_at for _, one in written if one.source_id in wanted}


async def test_when_partitions_move_their_new_owner_goes_on_from_the_next_moment(bus: Bus, clock: WallClock) -> None:
    families = [bus.family() for _ in range(8)]
    async with bus.worker(twist=asks_for_steps, now=clock) as first:
        alerts = [name for family in families for name in await bus.alert(family, 2)]
        await bus.caught_up()
        second = Worker(bus, bus.new_folder(), now=clock)
        asks_for_steps(second.stream)
        await second.start()
        try:
            await until(lambda: held(first, second), [0, 1, 2, 3])
            assert first.partitions
            assert second.partitions
            clock.move(LIMITS[0] + BEFORE)
            await until_given(bus, alerts, STEPS[:1])
            assert len(await bus.ticks(*families)) == len(families), "by one of them, and once"
        finally:
            await second.stop()
        await until(lambda: held(first), [0, 1, 2, 3])
        clock.move(LIMITS[2] + BEFORE)
        await until_given(bus, alerts, STEPS)
        assert (first.failed, second.failed) == ([], [])


async def held(*workers: Worker) -> list[int]:
    return sorted(partition for worker in workers for partition in worker.partitions)


async def test_partitions_that_move_while_ticks_are_written_miss_none_and_double_none(bus: Bus, clock: WallClock) -> None:
    families = [bus.family() for _ in range(8)]
    async with bus.worker(twist=asks_for_steps, now=clock) as first:
        alerts = [name for family in families for name in await bus.alert(family, 2)]
        await bus.caught_up()
        second = Worker(bus, bus.new_folder(), now=clock)
        asks_for_steps(second.stream)
        clock.move(LIMITS[0] + BEFORE)
        await second.start()
        try:
            clock.move(LIMITS[1] + BEFORE)
            await until_given(bus, alerts, STEPS[:2])
        finally:
            clock.move(LIMITS[2] + BEFORE)
            await second.stop()
        await until_given(bus, alerts, STEPS)
        assert (first.failed, second.failed) == ([], [])


async def test_who_starts_in_two_days_is_told_then_what_stands_then_and_not_before(bus: Bus, clock: WallClock) -> None:
    """By the bus's own reducers, and by the stream alone: nothing else knows that somebody begins."""
    family, begins = bus.family(), (datetime.now(UTC) + timedelta(days=2)).date()
    async with bus.worker(twist=looks_all_the_time, now=clock) as worker:
        await bus.join(family, {"agency": "health_visiting", "from": begins.isoformat()})
        (alert,) = await bus.alert(family)
        await bus.until_told([alert])
        clock.move(timedelta(hours=20))
        await clock.looked_at()
        await bus.caught_up()
        assert "health_visiting" not in (await bus.told())[alert]

        clock.move(timedelta(days=3))
        await until(lambda: health_visiting_told(bus, alert), True)
        assert worker.failed == []


async def health_visiting_told(bus: Bus, alert: str) -> bool:
    return "health_visiting" in (await bus.told())[alert]


async def test_a_clock_that_stands_still_or_is_set_back_makes_steps_late_and_loses_none(bus: Bus, clock: WallClock) -> None:
    family = bus.family()
    async with bus.worker(twist=asks_for_steps, now=clock) as worker:
        alerts = await bus.alert(family)
        await bus.caught_up()
        clock.move(LIMITS[0] + BEFORE)
        await until_given(bus, alerts, STEPS[:1])

        clock.stop()
        await clock.looked_at()
        clock.move(BEFORE)  # set back an hour
        await clock.looked_at()
        more = await bus.alert(family)
        await bus.until_told(more)
        await bus.caught_up()
        assert [tick.at for tick in await bus.ticks(family) if tick.at < tick.since] == []
        before = len(await bus.ticks(family))
        await until_given(bus, alerts, STEPS[:1])

        clock.move(LIMITS[1] - BEFORE)
        await clock.looked_at()
        await until_given(bus, alerts, STEPS[:1])
        assert len(await bus.ticks(family)) == before

        clock.move(LIMITS[2] + BEFORE)
        await until_given(bus, [*alerts, *more], STEPS)
        assert worker.failed == []
