"""Two delivery workers as processes of their own, on a real broker and a real PostgreSQL; one is killed while it sends."""

import asyncio
import contextlib
import itertools
import json
import os
import signal
import subprocess
import sys
import time
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import replace
from functools import partial
from typing import Any

import pytest
from sqlalchemy import select

from alertbus.broker.consumer import read_all
from alertbus.broker.envelope import decode
from alertbus.broker.producer import Producer
from alertbus.broker.topics import RECEIPTS, TopicSpec, ensure_topics
from alertbus.delivery.ledger.tables import LedgerState, beat, inbox_message, ledger
from alertbus.model.notice import Notice
from alertbus.model.receipt import Receipt
from alertbus.plugin.kit.samples import sample_notice, sample_obligation
from alertbus.sql.database import Database
from alertbus.sql.engine import make_engine, metadata
from alertbus.staff.tables import standing_team
from alertbus.wire.records import notice_record
from alertbus.wire.words import DELIVERY

pytestmark = pytest.mark.kafka

CASES, AT_MOST_S = 30, 90.0
"""Cases of which a notice comes in each round, and for how long there is another round. Both workers live before the first, so nothing hangs on
how soon the second one starts; one whose clock is behind finds to do only what it has taken from the topic itself, once it is given a part.
"""

SECRET = "whsec_" + "c2FmZWd1YXJkaW5nLXNhZmVndWFyZGluZy0xMjM0"

WORKER = """
import asyncio, json, sys
from datetime import datetime, timedelta, UTC
from alertbus.delivery.pace import Pace
from alertbus.delivery.worker import DeliverySetup, run_delivery
from alertbus.plugin.manager import Plugins
from alertbus.channel_settings import ChannelSettings
from alertbus.sql.engine import make_engine

told = json.loads(sys.argv[1])
setup = DeliverySetup(
    bootstrap=told["bootstrap"],
    engine=make_engine(told["url"]),
    plugins=Plugins({}),
    channels={"school": ChannelSettings(channel="webhook", url=told["system"], secret=told["secret"], folder=None)},
    now=lambda: datetime.now(UTC) + timedelta(hours=told["ahead_h"]),
    pace=Pace(lease=timedelta(seconds=3)),
    group=told["group"],
    topic=told["topic"],
)
asyncio.run(run_delivery(setup, asyncio.Event()))
"""


class SlowSystem:
    """Takes a while over each message, and remembers when which key came."""

    def __init__(self) -> None:
        self.calls: list[str] = []
        self.at_once: Counter[str] = Counter()
        self.overlapped: set[str] = set()

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with contextlib.suppress(asyncio.IncompleteReadError, ConnectionError):
            while True:
                head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1").lower()
                headers = dict(line.split(": ", 1) for line in head.split("\r\n")[1:] if line)
                await reader.readexactly(int(headers["content-length"]))
                key = headers["webhook-id"]
                self.calls.append(key)
                self.at_once[key] += 1
                if self.at_once[key] > 1:
                    self.overlapped.add(key)
                await asyncio.sleep(0.2)
                self.at_once[key] -= 1
                writer.write(b"HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n")
                await writer.drain()
        writer.close()


@pytest.fixture
async def system() -> AsyncIterator[tuple[SlowSystem, str]]:
    slow = SlowSystem()
    server = await asyncio.start_server(slow.serve, "127.0.0.1", 0)
    yield slow, f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}/notices"
    server.close()


@pytest.fixture
async def engine(postgres_database: str) -> AsyncIterator[Database]:
    engine = make_engine(postgres_database)
    async with engine.begin() as connection:
        await connection.run_sync(metadata.create_all, tables=[ledger, beat, inbox_message, standing_team])
    yield engine
    await engine.dispose()


async def rows(engine: Database) -> list[Any]:
    async with engine.reading() as connection:
        return list((await connection.execute(select(ledger).order_by(ledger.c.seq))).all())


@pytest.mark.parametrize(
    "ahead_h",
    [
        pytest.param(0, id="clocks agree"),
        pytest.param(5, id="one is five hours ahead"),
        # What the other has taken from the topic is not due yet by its clock: it waits for its own, and may be slower in each of many rounds.
        pytest.param(-5, id="one is five hours behind", marks=pytest.mark.proof),
    ],
)
async def test_one_of_two_workers_is_killed_while_it_sends_and_the_other_finishes_without_doubling(
    kafka: str, topic_prefix: str, engine: Database, system: tuple[SlowSystem, str], ahead_h: int
) -> None:
    slow, url = system
    topic = f"{topic_prefix}.notices"
    await ensure_topics(kafka, extra=[TopicSpec(topic, "retain", "agency/case id", "notice")])
    told = {"bootstrap": kafka, "url": engine.url.render_as_string(hide_password=False), "system": url, "secret": SECRET, "topic": topic}
    told |= {"group": f"{topic_prefix}.delivery"}
    notices: list[Notice] = []
    workers = [started({**told, "ahead_h": hours}) for hours in (ahead_h, 0)]
    producer = Producer(kafka)
    await producer.start()
    try:
        await until(partial(both_live, engine))
        end = time.monotonic() + AT_MOST_S
        for n in itertools.takewhile(lambda _: time.monotonic() < end, itertools.count()):  # until both are at work
            more = [notice(f"{topic_prefix}-{case}.{n}", case=f"case-{case}") for case in range(CASES)]
            await producer.send_all([replace(notice_record(one, by=DELIVERY), topic=topic) for one in more])
            notices += more
            if await until(partial(both_at_work_or_idle, engine, len(notices))):
                break
        else:
            pytest.fail("two workers were never at work at once")
        ours = {one.id for one in notices}  # to a clock that is ahead they look old, so there are escalations besides
        os.kill(workers[0].pid, signal.SIGKILL)
        workers[0].wait()
        in_flight = {row.notice_id for row in await rows(engine) if row.lease_owner}

        async def all_done() -> bool | None:
            found = [row for row in await rows(engine) if row.notice_id in ours]
            return (len(found) == len(notices) and all(row.state == LedgerState.ACCEPTED for row in found)) or None

        await until(all_done)
    finally:
        await producer.stop()
        for worker in workers:
            worker.kill()
            worker.wait()

    again = {key for key, times in Counter(slow.calls).items() if times > 1}
    assert set(slow.calls) >= ours
    assert again <= in_flight  # what had been settled was not sent again
    assert not slow.overlapped  # and nothing was taken from a worker that lives
    for case in range(CASES):
        first = list(dict.fromkeys(key for key in slow.calls if key.startswith(f"{topic_prefix}-{case}.")))
        assert first == [f"{topic_prefix}-{case}.{n}" for n in range(len(notices) // CASES)]
    receipts = [decode(r.headers, r.key, r.value) async for r in read_all(kafka, [RECEIPTS])]
    accepted = Counter(r.notice_id for r in (Receipt.model_validate_json(e.data) for e in receipts) if r.notice_id.startswith(topic_prefix))
    assert set(accepted) == ours


async def both_live(engine: Database) -> bool | None:
    """True once both have shown a heartbeat, which they do before they take anything."""
    async with engine.reading() as connection:
        return len((await connection.execute(select(beat.c.owner))).all()) == 2 or None


async def both_at_work_or_idle(engine: Database, sent: int) -> bool | None:
    """True once two workers hold leases; False once so few notices are left that one of them may find none; None while it may come yet."""
    found = await rows(engine)
    if len({row.lease_owner for row in found if row.lease_owner}) == 2:
        return True
    left = sent - sum(row.state == LedgerState.ACCEPTED for row in found)
    return False if left <= 2 * CASES else None


def started(told: dict[str, Any]) -> subprocess.Popen[bytes]:
    return subprocess.Popen([sys.executable, "-c", WORKER, json.dumps(told)])


def notice(name: str, case: str) -> Notice:
    owed = sample_obligation(id=f"o-{name}", agency="school", role="designated_safeguarding_lead", case_id=case)
    return sample_notice(id=name, sector="education", obligation=owed, flag=None)


async def until(condition: Callable[[], Awaitable[bool | None]], limit_s: float = 120.0) -> bool:
    """Wait for the answer of a condition: None means that there is none yet."""
    async with asyncio.timeout(limit_s):
        while (answer := await condition()) is None:  # noqa: ASYNC110  it is in a database
            await asyncio.sleep(0.02)
    return answer
