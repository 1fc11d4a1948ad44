"""The broker that `alertbus up` starts is for whoever owns the data folder: another user of the machine neither reads nor forges there."""

import asyncio
import re
import shutil
import stat
import subprocess
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from alertbus.broker import topics
from alertbus.broker.access import Access, Brokers
from alertbus.broker.choose import start_local
from alertbus.broker.consumer import read_all
from alertbus.broker.faults import BrokerFault
from alertbus.broker.jars import find_java
from alertbus.broker.local import LocalKafka
from alertbus.broker.producer import Producer
from alertbus.broker.record import Record
from alertbus.broker.topics import ensure_topics, reachable

pytestmark = pytest.mark.kafka


@pytest.fixture(scope="module")
async def closed(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[LocalKafka]:
    """On a folder that an open broker has used before, as it is after an upgrade."""
    if find_java() is None:
        pytest.skip("no Java 17 or newer: apt-get install default-jre-headless")
    folder = tmp_path_factory.mktemp("closed")
    before = LocalKafka(folder)
    await before.start()
    try:
        await ensure_topics(before.bootstrap, 2)
        await write(before.bootstrap, b"from before")
    finally:
        await before.stop()
    chosen = await start_local(folder)
    broker = chosen.broker
    assert isinstance(broker, LocalKafka)
    try:
        yield broker
    finally:
        await broker.stop()


async def test_what_was_there_before_it_was_closed_is_there(closed: LocalKafka) -> None:
    assert b"from before" in await values(closed.bootstrap)


@pytest.mark.parametrize("word", [None, "", "guessed"])
async def test_another_user_of_the_machine_neither_reads_nor_forges(closed: LocalKafka, word: str | None) -> None:
    servers = str(closed.bootstrap)
    stranger = servers if word is None else Brokers(servers, Access("SASL_PLAINTEXT", mechanism="PLAIN", user="alertbus", password=word))

    assert not await reachable(stranger, 5.0)
    with pytest.raises((BrokerFault, TimeoutError)):
        async with asyncio.timeout(10.0):
            await write(stranger, b"forged")
    assert b"forged" not in await values(closed.bootstrap)


async def test_the_controllers_port_is_closed_too(closed: LocalKafka) -> None:
    found = re.search(r"CONTROLLER://(127\.0\.0\.1:\d+)", (closed.data_dir / "server.properties").read_text())
    assert found

    assert not await reachable(found[1], 3.0)


def test_what_holds_the_password_is_for_its_owner_alone_and_the_log_does_not(closed: LocalKafka) -> None:
    assert closed.password_file is not None
    word = closed.password_file.read_text().strip()
    holding = [path for path in closed.data_dir.rglob("*") if path.is_file() and word.encode() in path.read_bytes()]

    assert {path.name for path in holding} == {"broker.password", "kcat.conf", "server.properties"}
    assert {stat.S_IMODE(path.stat().st_mode) for path in holding} == {0o600}


@pytest.mark.skipif(shutil.which("kcat") is None, reason="kcat is Debian's: apt-get install kcat")
async def test_its_owner_looks_with_kcat_and_the_file_beside_the_records(closed: LocalKafka) -> None:
    told = (closed.data_dir / "kcat.conf").read_text().splitlines()[0].partition(": ")[2].split()
    process = await asyncio.create_subprocess_exec(*told, "-q", stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    out, errors = await process.communicate()

    assert (b"from before" in out, process.returncode) == (True, 0), errors


async def test_it_stays_closed_under_the_same_password_when_it_starts_again(closed: LocalKafka) -> None:
    known = closed.bootstrap
    await closed.stop()
    await closed.start()

    assert await reachable(known, 10.0)
    assert not await reachable(str(known), 3.0)


async def test_it_is_open_where_the_operator_said_so(tmp_path: Path) -> None:
    chosen = await start_local(tmp_path, closed=False)
    try:
        assert await reachable(str(chosen.broker.bootstrap), 10.0)
        assert not (tmp_path / "broker.password").exists()
    finally:
        await chosen.broker.stop()


async def write(bootstrap: str, value: bytes) -> None:
    producer = Producer(bootstrap, timeout_s=8.0)
    await producer.start()
    try:
        await producer.send_all([Record(topics.ALERTS, b"key", value)])
    finally:
        await producer.stop()


async def values(bootstrap: str) -> list[bytes | None]:
    return [record.value async for record in read_all(bootstrap, [topics.ALERTS])]
