"""Offsets move only behind what their records caused: a batch at work, one that raised, and a write that failed before or after it was made."""

import signal
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

import pytest
from sqlalchemy import func, select

from alertbus.broker import topics
from alertbus.broker.faults import BrokerFault
from alertbus.broker.producer import Producer, Queued
from alertbus.broker.record import Record
from alertbus.delivery.ledger.ledger import Ledger
from alertbus.delivery.ledger.tables import ledger
from alertbus.stream.worker import StreamWorker
from tests.integration.traps.asking import until
from tests.integration.traps.bus import CHANGELOGS, Bus
from tests.integration.traps.twists import Twist, acknowledges_what_raised, both

pytestmark = pytest.mark.kafka


async def committed_for(bus: Bus, topic: str) -> int:
    return sum(offset for (name, _), offset in (await bus.committed()).items() if name == topic)


@pytest.mark.parametrize(
    "commits_early", [pytest.param(False, id="ours"), pytest.param(True, id="commits-what-was-taken", marks=pytest.mark.proof)]
)
async def test_what_is_at_work_is_not_committed_though_other_topics_move_and_a_killed_worker_does_it_again(
    bus: Bus, commits_early: bool
) -> None:
    family = bus.family()
    before = {topic: await committed_for(bus, topic) for topic in (topics.ALERTS, topics.CASE_EVENTS)}

    twist = "before case events" + ", commits what was taken" * commits_early
    async with bus.child(twist=twist) as victim:
        alerts = await bus.alert(family, 5)
        await victim.says("held")
        await until(lambda: committed_for(bus, topics.ALERTS), before[topics.ALERTS] + 5)
        if commits_early:
            await until(lambda: committed_for(bus, topics.CASE_EVENTS), before[topics.CASE_EVENTS] + 5)
        else:
            assert await committed_for(bus, topics.CASE_EVENTS) == before[topics.CASE_EVENTS]
        victim.signal(signal.SIGKILL)

    async with bus.worker():
        await bus.caught_up()
        if commits_early:
            assert not set(alerts) & (await bus.told()).keys(), "committed, and lost"
        else:
            await bus.until_told(alerts)


class Broken(RuntimeError):
    """What a defect of ours would raise."""


def breaks_writes_to(topic: str, *, after: bool, error: type[Exception]) -> Twist:
    """Every write that touches the topic fails, before it is made or after the broker has it."""

    def twist(worker: StreamWorker) -> None:
        whole: Any = worker._producer

        def failing() -> Any:
            producer: Producer = whole()

            class Unheard(Queued):
                async def acknowledged(self) -> dict[tuple[str, int], int]:
                    await super().acknowledged()
                    raise _fault(error)

            class Failing:
                async def queue_all(self, records: Sequence[Record]) -> Queued:
                    touched = any(record.topic == topic for record in records)
                    if touched and not after:
                        raise _fault(error)
                    queued = await producer.queue_all(records)
                    return Unheard(queued.parts) if touched else queued

                async def send_all(self, records: Sequence[Record]) -> dict[tuple[str, int], int]:
                    return await (await self.queue_all(records)).acknowledged()

                async def send_whole(self, groups: Sequence[Sequence[Record]]) -> dict[tuple[str, int], int]:
                    touched = any(record.topic == topic for group in groups for record in group)
                    if touched and not after:
                        raise _fault(error)
                    written = await producer.send_whole(groups)
                    if touched:
                        raise _fault(error)
                    return written

            return Failing()

        for lanes in worker.lanes.values():
            lanes._process._producer = failing  # type: ignore[attr-defined]
        for changelog in worker._changelogs.values():
            changelog._producer = failing

    return twist


def _fault(error: type[Exception]) -> Exception:
    return BrokerFault("the write timed out", "Try again.") if error is BrokerFault else error()


@pytest.mark.parametrize(
    ("topic", "after", "error"),
    [
        pytest.param(topics.NOTICES, False, Broken, id="outputs-a-defect-before-they-were-sent"),
        pytest.param(topics.NOTICES, True, BrokerFault, id="outputs-sent-and-the-broker-seen-to-fail"),
        pytest.param(CHANGELOGS["case"], False, BrokerFault, id="states-not-sent"),
        pytest.param(CHANGELOGS["case"], True, BrokerFault, id="states-sent-and-the-broker-seen-to-fail"),
    ],
)
async def test_a_write_that_fails_moves_no_offset_and_is_made_again_under_the_same_ids(
    bus: Bus, topic: str, after: bool, error: type[Exception]
) -> None:
    family = bus.family()
    before = await committed_for(bus, topics.CASE_EVENTS)

    async with bus.worker(twist=breaks_writes_to(topic, after=after, error=error)) as failing:
        alerts = await bus.alert(family, 3)
        assert isinstance(await failing.until_failed(), error)
    assert len(failing.failed) == 1
    assert await committed_for(bus, topics.CASE_EVENTS) == before
    written = {notice.id for notice in await bus.notices() if notice.obligation.source_id in alerts}

    async with bus.worker() as again:
        await bus.until_told(alerts)
        await bus.caught_up()
        assert again.standing("case") == await bus.recovered("case")

    notices = [notice for notice in await bus.notices() if notice.obligation.source_id in alerts]
    assert written <= {notice.id for notice in notices}
    assert bool(written) is (after or topic != topics.NOTICES)
    assert len({notice.id for notice in notices}) == 6
    assert len(notices) >= 6 + len(written), "those of the failed attempt once more; others too, if the stages before repeat theirs"
    book = Ledger(bus.engine)
    await book.record(notices, datetime.now(UTC))
    async with bus.engine.reading() as connection:
        rows = select(func.count()).select_from(ledger).where(ledger.c.notice_id.in_([notice.id for notice in notices]))
        assert (await connection.execute(rows)).scalar_one() == 6


@pytest.mark.proof
async def test_faults_way_with_an_exception_loses_the_alert(bus: Bus) -> None:
    """The test above would fail if what raised were acknowledged."""
    family = bus.family()
    broken = breaks_writes_to(topics.NOTICES, after=False, error=Broken)

    async with bus.worker(twist=both(broken, acknowledges_what_raised)) as careless:
        alerts = await bus.alert(family, 3)
        await bus.caught_up()
        assert careless.failed == []

    async with bus.worker():
        await bus.caught_up()
        assert not set(alerts) & (await bus.told()).keys()
