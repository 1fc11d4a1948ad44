"""A changelog record that is no state: the worker ends and says where, not what; and the runbook's way out."""

import uuid

import pytest
from aiokafka import AIOKafkaConsumer, TopicPartition
from aiokafka.admin import AIOKafkaAdminClient
from aiokafka.errors import CommitFailedError

from alertbus.broker import topics
from alertbus.broker.producer import partition_for
from alertbus.broker.record import Record
from alertbus.broker.topics import ensure_topics
from alertbus.model.errors import StateUnreadable
from alertbus.stream.state_topics import APP, STATE_TOPICS
from tests.integration.traps.asking import until
from tests.integration.traps.bus import CHANGELOGS, PARTITIONS, Bus

pytestmark = pytest.mark.kafka

CANARY = "canary-Rumpelstiltskin"

FORGED = [
    pytest.param(b"alerts\x00one", b'{"statements":"' + CANARY.encode() + b'"}', id="of-the-wrong-shape"),
    pytest.param(b"alerts\x00one", CANARY.encode(), id="not-json"),
    pytest.param(b"alerts\x00\xff" + CANARY.encode(), b"{}", id="a-key-that-is-no-text"),
    pytest.param(CANARY.encode(), b"{}", id="a-field-nobody-knows"),
]


@pytest.mark.parametrize(("part", "value"), FORGED)
async def test_a_state_that_cannot_be_read_stops_the_worker_without_a_word_of_what_was_found(bus: Bus, part: bytes, value: bytes) -> None:
    family = bus.family()
    key = f"case-{family}".encode()
    await forge(bus, key, part, value)
    try:
        async with bus.worker() as worker:
            await bus.alert(family)
            error = await worker.until_failed()
            assert isinstance(error, StateUnreadable)
            assert error.__cause__ is None
            assert CANARY not in repr(error)
            assert CHANGELOGS["case"] in str(error)
    finally:
        await bus.producer.send_all([Record(CHANGELOGS["case"], key + b"\x00" + part, None, partition=partition_for(key, PARTITIONS))])
    async with bus.worker():
        await bus.caught_up()


async def test_the_process_ends_with_70_its_log_tells_nothing_an_empty_disk_does_not_help_and_the_runbook_does(bus: Bus) -> None:
    family = bus.family()
    alerts = await bus.alert(family, 3)
    async with bus.worker():
        await bus.until_told(alerts)
        await bus.caught_up()
        good = await bus.recovered("case")
    owed = {notice.id for notice in await bus.notices()}
    await forge(bus, f"case-{family}".encode(), b"alerts\x00one", f'{{"statements":"{CANARY}"}}'.encode())
    more = await bus.alert(family)

    for _ in range(2):  # the second time on an empty disk
        async with bus.child() as ends:
            assert await ends.ends() == 70
            assert "state_unreadable" in ends.log
            assert CHANGELOGS["case"] in ends.log
            assert CANARY not in ends.log

    admin = AIOKafkaAdminClient(bootstrap_servers=bus.bootstrap)
    await admin.start()
    await admin.delete_topics([CHANGELOGS["case"]])
    await admin.close()
    await from_the_beginning(bus)
    await ensure_topics(bus.bootstrap, PARTITIONS, extra=STATE_TOPICS)
    async with bus.worker() as worker:
        await bus.until_told(more)
        await bus.caught_up()
        again = worker.standing("case")
        assert again == await bus.recovered("case")
    assert {place: again[place] for place in good if place in again} == good
    assert owed <= {notice.id for notice in await bus.notices()}
    assert len({notice.id for notice in await bus.notices()}) == len(owed) + 2, "every other was a repeat"


async def forge(bus: Bus, key: bytes, part: bytes, value: bytes) -> None:
    await bus.producer.send_all([Record(CHANGELOGS["case"], key + b"\x00" + part, value, partition=partition_for(key, PARTITIONS))])


async def from_the_beginning(bus: Bus) -> None:
    """What `kafka-consumer-groups.sh --reset-offsets --to-earliest` does."""
    consumer = AIOKafkaConsumer(bootstrap_servers=bus.bootstrap, group_id=APP, client_id=uuid.uuid4().hex, enable_auto_commit=False)
    await consumer.start()
    places = [TopicPartition(topics.CASE_EVENTS, number) for number in range(PARTITIONS)]
    consumer.assign(places)

    async def refused() -> bool:
        try:
            await consumer.commit(dict.fromkeys(places, 0))
        except CommitFailedError:  # the worker that ended hard still counts as a member
            return True
        return False

    await until(refused, False)
    await consumer.stop()
