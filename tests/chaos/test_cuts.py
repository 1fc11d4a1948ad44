"""The suite can fail: with one safety cut out of one part it finds a loss or a doubling, and with it left in, in the same moment, none.

Each test opens the gap that the safety closes and, where that matters, kills the process in it (`tests.chaos.cuts`). One bus serves all; a
verdict counts what has come since the test began, because a loss, once made, stays.
"""

import asyncio
import random
import signal
from collections.abc import AsyncIterator

import pytest

from alertbus.broker import topics
from alertbus.broker.jars import find_java
from alertbus.operations.progress import pending
from tests.chaos import witness
from tests.chaos.bus import Bus, gap_file, running, until
from tests.chaos.families import Family
from tests.chaos.faults import Injector
from tests.chaos.judge import Verdict, judge
from tests.chaos.load import Load
from tests.chaos.poison import Form
from tests.chaos.receivers import Conduct, Manner
from tests.chaos.schedule import AGENCIES, Fault, Kind
from tests.postgres import binary

pytestmark = [pytest.mark.chaos, pytest.mark.proof, pytest.mark.kafka, pytest.mark.timeout(900)]

BOTH = pytest.mark.parametrize("safety", ["kept", "cut"])


class Stage:
    """A bus with one worker of each part, a load, and a way to put a part with a gap in it."""

    def __init__(self, bus: Bus, load: Load) -> None:
        self.bus = bus
        self.load = load
        self.injector = Injector(bus)
        self._before = Verdict(frozenset(), frozenset(), frozenset())

    async def put(self, title: str, words: str) -> None:
        """Start the part again with this cut (see `launch`)."""
        gap_file(self.bus.settings.data_dir, title).unlink(missing_ok=True)
        self.bus.parts.cuts[title] = words
        await self.bus.signal(title, signal.SIGTERM)
        assert await self.bus.up(title)

    async def in_gap(self, title: str) -> None:
        """Return when the part is in its gap."""
        assert await until(gap_file(self.bus.settings.data_dir, title).exists, 60)

    async def kill(self, title: str) -> None:
        """End the part in its gap. It is started again whole, and the gap stays closed."""
        self.bus.parts.cuts.pop(title, None)
        await self.bus.signal(title, signal.SIGKILL)
        assert await self.bus.up(title)

    async def alert(self) -> None:
        """State one alert and return when it is accepted, as late as that may be."""
        await self.load.offer()

    async def verdict(self) -> Verdict:
        """What is lost or doubled since the last verdict."""
        assert await self.load.settle(60) == 0
        assert await witness.quiet(self.bus, 90) == ""
        seen, _ = await witness.testimony(self.bus, self.load, self.injector.poison)
        now = judge(seen)
        found, self._before = now.since(self._before), now
        return found


@pytest.fixture(scope="module")
async def stage() -> AsyncIterator[Stage]:
    if find_java() is None:
        pytest.skip("no Java 17 or newer: apt-get install default-jre-headless")
    if binary("postgres") is None:
        pytest.skip("PostgreSQL is not installed")
    async with running(AGENCIES) as bus:
        for second in ("stream-1", "delivery-1"):
            await bus.leave(second)
        load = Load(bus.url, random.Random(1), [Family(number) for number in range(4)], prefix="cuts")
        await load.open_cases()
        built = Stage(bus, load)
        for _ in range(5):
            await built.alert()
        assert not any(counted(await built.verdict()))
        yield built
        await load.close()


@pytest.fixture(autouse=True)
async def whole_again(stage: Stage) -> AsyncIterator[None]:
    yield
    for title in list(stage.bus.parts.cuts):
        await stage.kill(title)
    for agency in AGENCIES:
        stage.bus.receivers.behave(agency)


@BOTH
async def test_delivery_that_commits_before_the_row_loses_a_notice(stage: Stage, safety: str) -> None:
    await stage.put("delivery-0", f"{safety} delivery_commits_before_the_row")

    await stage.alert()
    await stage.in_gap("delivery-0")
    if safety == "cut":
        await caught_up(stage.bus, "alertbus-delivery")
    await stage.kill("delivery-0")

    agrees(safety, (await stage.verdict()).lost)


@BOTH
@pytest.mark.parametrize("cut", ["gateway_answers_before_the_broker", "gateway_remembers_before_the_broker"])
async def test_a_gateway_that_promises_before_the_broker_has_it_loses_an_alert(stage: Stage, safety: str, cut: str) -> None:
    await stage.put("gateway-0", f"{safety} {cut}")

    accepted = len(stage.load.accepted)
    alert = stage.load.offer()
    await stage.in_gap("gateway-0")
    if (safety, cut) == ("cut", "gateway_answers_before_the_broker"):
        await asyncio.wait_for(alert, 30)
        assert len(stage.load.accepted) == accepted + 1
    await stage.kill("gateway-0")

    agrees(safety, (await stage.verdict()).lost)


@BOTH
async def test_a_case_that_counts_as_published_before_it_is_never_reaches_kafka(stage: Stage, safety: str) -> None:
    await stage.put("gateway-0", f"{safety} case_counts_as_published_before_it_is")

    change = stage.load.change()
    await stage.in_gap("gateway-0")
    if safety == "cut":
        await asyncio.wait_for(change, 30)
    await stage.kill("gateway-0")

    agrees(safety, (await stage.verdict()).lost)


@BOTH
async def test_a_key_drawn_anew_makes_two_messages_of_one(stage: Stage, safety: str) -> None:
    await stage.put("delivery-0", f"{safety} key_is_drawn_anew")
    for agency in AGENCIES:
        stage.bus.receivers.behave(agency, Conduct(Manner.CUTS_BEFORE_ANSWER))

    stage.bus.receivers.arrived.clear()
    await stage.alert()
    await asyncio.wait_for(stage.bus.receivers.arrived.wait(), 60)
    for agency in AGENCIES:
        stage.bus.receivers.behave(agency)

    agrees(safety, (await stage.verdict()).doubled)


@BOTH
async def test_a_lease_that_two_can_hold_sends_one_row_twice_at_once(stage: Stage, safety: str) -> None:
    stage.bus.join("delivery-1")
    assert await stage.bus.up("delivery-1")
    for worker in ("delivery-0", "delivery-1"):
        await stage.put(worker, f"{safety} lease_is_not_exclusive")
    for agency in AGENCIES:
        # Longer than delivery's liveness interval, so that another worker looks meanwhile.
        stage.bus.receivers.behave(agency, Conduct(Manner.SLOW, seconds=6.0))

    stage.bus.receivers.arrived.clear()
    await stage.alert()
    await asyncio.wait_for(stage.bus.receivers.arrived.wait(), 60)
    found = await stage.verdict()
    stage.bus.parts.cuts.pop("delivery-1")
    await stage.bus.leave("delivery-1")

    agrees(safety, found.doubled)


@BOTH
@pytest.mark.parametrize(("title", "topic"), [("delivery-0", topics.NOTICES), ("stream-0", topics.PERSON_EVENTS)])
async def test_poison_that_is_dropped_is_missed_in_quarantine(stage: Stage, safety: str, title: str, topic: str) -> None:
    await stage.put(title, f"{safety} poison_is_dropped")

    await stage.injector.inject(Fault(1, 0, Kind.POISON, topic, 0, {"form": Form.WRONG_JSON, "seed": 1}))

    agrees(safety, (await stage.verdict()).lost)


@BOTH
async def test_lanes_that_acknowledge_before_the_outputs_are_written_lose_an_alert(stage: Stage, safety: str) -> None:
    await stage.put("stream-0", f"{safety} lanes_acknowledge_before_the_outputs")

    await stage.alert()
    await stage.in_gap("stream-0")
    if safety == "cut":
        await caught_up(stage.bus, "alertbus-stream")
    await stage.kill("stream-0")

    agrees(safety, (await stage.verdict()).lost)


@BOTH
async def test_lanes_that_trust_what_skips_ahead_lose_what_was_skipped(stage: Stage, safety: str) -> None:
    stage.bus.parts.cuts["stream-0"] = f"{safety} lanes_trust_what_skips_ahead"
    gap_file(stage.bus.settings.data_dir, "stream-0").unlink(missing_ok=True)
    await stage.bus.signal("stream-0", signal.SIGTERM, stay_away_s=3600)
    for _ in range(40):  # more than there are partitions, so that in some at least two wait
        await stage.alert()
    stage.bus.child("stream-0").due = 0.0
    assert await stage.bus.up("stream-0")

    agrees(safety, (await stage.verdict()).lost)


def agrees(safety: str, found: frozenset[str]) -> None:
    assert bool(found) == (safety == "cut"), sorted(found)


def counted(verdict: Verdict) -> tuple[frozenset[str], ...]:
    return (verdict.lost, verdict.doubled, verdict.disordered)


async def caught_up(bus: Bus, group: str) -> None:
    """Return when the group has committed all there is."""
    async with asyncio.timeout(60):
        while (await pending(bus.bootstrap))[group].pending:  # noqa: ASYNC110  the broker tells only who asks
            await asyncio.sleep(0.1)
