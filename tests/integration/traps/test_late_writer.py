"""A worker that was paused in mid-write for longer than its session, and goes on after another has its partitions."""

import signal

import pytest

from tests.integration.traps.asking import until
from tests.integration.traps.bus import Bus

pytestmark = pytest.mark.kafka


@pytest.mark.parametrize("mends", [pytest.param(True, id="ours"), pytest.param(False, id="without-mending", marks=pytest.mark.proof)])
async def test_a_late_write_is_undone_by_the_owner_and_ends_the_late_writer(bus: Bus, mends: bool) -> None:
    """What the late one writes is the state before the withdrawal; the new owner knows of the withdrawal."""
    from tests.integration.traps.twists import mends_nothing

    late_twist = "before case states" if mends else "before case states, mends nothing"
    family = bus.family()
    async with bus.child(twist=late_twist) as late:
        (alert,) = await bus.alert(family)
        await late.says("held")
        late.signal(signal.SIGSTOP)
        async with bus.worker(twist=(lambda _: None) if mends else mends_nothing) as owner:
            await bus.until_told([alert])
            await bus.withdraw(alert, family)
            await bus.caught_up()
            knows_of_the_withdrawal = owner.standing("case")

            late.go_on()
            late.signal(signal.SIGCONT)

            if mends:
                assert await late.ends() == 70
                assert "PartitionsLost" in late.log

                async def agree() -> bool:
                    return await bus.recovered("case") == knows_of_the_withdrawal

                await until(agree, True)
                assert owner.standing("case") == knows_of_the_withdrawal
                assert owner.failed == []
            else:

                async def agree() -> bool:
                    return await bus.recovered("case") == knows_of_the_withdrawal

                await until(agree, False)
                assert owner.failed == []
