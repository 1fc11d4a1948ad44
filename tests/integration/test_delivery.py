"""Delivery from Kafka to the agencies' systems: real broker, files and a real HTTP receiver that checks signatures."""

import asyncio
import contextlib
import dataclasses
import io
import json
import logging
import threading
from collections import Counter, defaultdict
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import structlog
from alertbus_health import HealthAdapter
from pydantic import SecretStr
from sqlalchemy import select
from standardwebhooks import Webhook

from alertbus import logs
from alertbus.broker.consumer import read_all
from alertbus.broker.envelope import Envelope, decode, encode
from alertbus.broker.producer import Producer
from alertbus.broker.record import Received, Record
from alertbus.broker.topics import QUARANTINE, RECEIPTS, TopicSpec, ensure_topics
from alertbus.channel_settings import ChannelSettings
from alertbus.delivery import receipts
from alertbus.delivery.arrivals import Arrivals
from alertbus.delivery.channels import Channels, open_channels
from alertbus.delivery.channels.file import FileChannel
from alertbus.delivery.channels.inbox import InboxChannel
from alertbus.delivery.channels.webhook import WebhookChannel, webhook_client
from alertbus.delivery.circuit import CircuitLimits
from alertbus.delivery.fallback import Sweep
from alertbus.delivery.ledger.ledger import Ledger
from alertbus.delivery.ledger.rows import Settlement
from alertbus.delivery.ledger.tables import LedgerState, beat, inbox_message, ledger
from alertbus.delivery.outcome import ACCEPTED, HANDED_OVER, Backoff, Limits, Outcome, Trouble
from alertbus.delivery.pace import Pace
from alertbus.delivery.worker import DeliverySetup, deliver, run_delivery, utc_now
from alertbus.model import ids
from alertbus.model.errors import DatabaseUnavailable, NotFound, NotUnderstood, PluginFault
from alertbus.model.events import NOTICE_OWED, RECEIPT_GIVEN
from alertbus.model.notice import Message, Notice
from alertbus.model.receipt import Intent, Receipt, Stage
from alertbus.plugin import ReceiptGiven, UnreadableMessage, hookimpl
from alertbus.plugin.kit.samples import CANARIES, sample_notice, sample_obligation
from alertbus.plugin.manager import Plugins
from alertbus.policy.load import load_policy
from alertbus.policy.policy import Policy
from alertbus.quarantine.entry import BUS
from alertbus.sql.engine import make_engine, metadata
from alertbus.staff.tables import standing_team

pytestmark = pytest.mark.kafka

SECRET = "whsec_" + "c2FmZWd1YXJkaW5nLXNhZmVndWFyZGluZy0xMjM0"
POLICY = load_policy()
PACE = Pace(limits=Limits.hasty(), circuit=CircuitLimits(first=timedelta(milliseconds=20)), repair_s=0.2)
WATCHFUL = dataclasses.replace(PACE, lease=timedelta(seconds=0.5))


async def until(condition: Callable[[], Awaitable[Any]], limit_s: float = 30.0) -> Any:
    """Wait for what is true in the end; fail when it is not."""
    async with asyncio.timeout(limit_s):
        while not (found := await condition()):  # noqa: ASYNC110  it is in Kafka, in a database or on a disk
            await asyncio.sleep(0.01)
    return found


def webhook(url: str) -> ChannelSettings:
    return ChannelSettings(channel="webhook", url=url, secret=SecretStr(SECRET), folder=None)


def files(folder: Path) -> ChannelSettings:
    return ChannelSettings(channel="file", url=None, secret=None, folder=folder)


class Clock:
    """Real time, moved on by hand."""

    def __init__(self) -> None:
        self.ahead = timedelta(0)

    def __call__(self) -> datetime:
        return datetime.now(UTC) + self.ahead


class Scripted:
    """An adapter that does as told."""

    contract = 1
    formats: Sequence[str] = ("text/plain",)

    def __init__(self, sector: str, render: Callable[[Notice], Message]) -> None:
        self.name = self.sector = sector
        self._render = render

    def render(self, notice: Notice) -> Message:
        return self._render(notice)


class Offer:
    def __init__(self, *adapters: object) -> None:
        self._adapters = adapters

    @hookimpl
    def alertbus_adapters(self) -> Sequence[object]:
        return self._adapters


def plain_text(notice: Notice) -> Message:
    return Message(media_type="text/plain", body=notice.title.encode(), filename="notice.txt")


class Recording:
    """A channel that remembers, and answers as told."""

    name = "recording"

    def __init__(self, answer: Callable[[Message, str], Awaitable[Outcome]] | None = None) -> None:
        self.sent: list[str] = []
        self._answer = answer

    async def send(self, message: Message, agency: str) -> Outcome:
        self.sent.append(message.idempotency_key)
        return await self._answer(message, agency) if self._answer else ACCEPTED


class Receiver:
    """An agency's system: checks each signature, remembers each call, and answers from `script`, then 200."""

    def __init__(self) -> None:
        self.calls: list[tuple[Mapping[str, str], bytes]] = []
        self.script: list[bytes | asyncio.Event | None] = []
        self.url = ""

    @property
    def keys(self) -> list[str]:
        return [headers["webhook-id"] for headers, _ in self.calls]

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with contextlib.suppress(asyncio.IncompleteReadError, ConnectionError):
            while True:
                head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1")
                lines = head.split("\r\n")[1:]
                headers = {k.lower(): v for k, _, v in (line.partition(": ") for line in lines if line)}
                body = await reader.readexactly(int(headers["content-length"]))
                Webhook(SECRET).verify(body, headers, json_parse=False)  # raises, and the call is not counted
                self.calls.append((headers, body))
                answer = self.script.pop(0) if self.script else reply(200)
                if isinstance(answer, asyncio.Event):
                    await answer.wait()
                    answer = reply(200)
                if answer is None:
                    break
                writer.write(answer)
                await writer.drain()
        writer.close()


def reply(status: int, body: bytes = b"", **headers: str) -> bytes:
    lines = [f"HTTP/1.1 {status} Reason", f"content-length: {len(body)}"]
    lines += [f"{name.replace('_', '-')}: {value}" for name, value in headers.items()]
    return "\r\n".join(lines).encode() + b"\r\n\r\n" + body


@contextlib.asynccontextmanager
async def listening(receiver: Receiver, port: int = 0) -> AsyncIterator[Receiver]:
    server = await asyncio.start_server(receiver.serve, "127.0.0.1", port)
    receiver.url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}/notices"
    try:
        yield receiver
    finally:
        server.close()


@pytest.fixture
async def receiver() -> AsyncIterator[Receiver]:
    async with listening(Receiver()) as receiver:
        yield receiver


class Bus:
    """One database and one topic of notices; any number of workers on them."""

    def __init__(self, kafka: str, prefix: str, url: str, producer: Producer) -> None:
        self.kafka = kafka
        self.prefix = prefix
        self.topic = f"{prefix}.notices"
        self.engine = make_engine(url)
        self.ledger = Ledger(self.engine)
        self.producer = producer

    def notice(self, name: str, *, agency: str = "school", case: str = "case-1", **changed: Any) -> Notice:
        """An id of this test alone: receipts and quarantine are shared topics."""
        owed = sample_obligation(id=f"{self.prefix}-o-{name}", agency=agency, case_id=case, due=None)
        fields = {"narrative": (), "sector": "education", "obligation": owed, **changed}
        return sample_notice(id=f"{self.prefix}-{name}", **{"flag": None, **fields})

    async def send(self, *notices: Notice) -> None:
        await self.producer.send_all([self.record(notice) for notice in notices])

    def record(self, notice: Notice) -> Record:
        headers, value = encode(
            type=NOTICE_OWED,
            source="/test",
            id=notice.id,
            time=utc_now(),
            subject=notice.id,
            data=notice.model_dump_json().encode(),
        )
        owed = notice.obligation
        return Record(self.topic, f"{owed.agency}/{owed.case_id}".encode(), value, headers)

    @contextlib.asynccontextmanager
    async def worker(
        self,
        settings: Mapping[str, ChannelSettings] | None = None,
        *,
        channels: Channels | None = None,
        adapters: Sequence[object] = (),
        now: Callable[[], datetime] = utc_now,
        pace: Pace = PACE,
        ledger: Ledger | None = None,
        limit_s: float = 20.0,
        policy: Policy = POLICY,
        sweep: Sweep | None = None,
        fallbacks: Mapping[str, ChannelSettings] | None = None,
    ) -> AsyncIterator[asyncio.Task[None]]:
        """A worker that is stopped in good order at the end, unless the test has cancelled it."""
        stop = asyncio.Event()
        book = ledger or self.ledger
        async with open_channels(settings or {}, book.transactions, now, fallbacks=fallbacks or {}, limit_s=limit_s) as opened:
            setup = DeliverySetup(
                bootstrap=self.kafka,
                engine=self.engine,
                plugins=Plugins({"scripted": Offer(*adapters)}),
                policy=policy,
                sweep=sweep,
                now=now,
                random=lambda: 0.5,
                pace=pace,
                group=f"{self.prefix}.delivery",
                topic=self.topic,
            )
            task = asyncio.create_task(deliver(setup, book, channels or opened, stop))
            try:
                yield task
            finally:
                stop.set()
                with contextlib.suppress(asyncio.CancelledError):
                    async with asyncio.timeout(30):
                        await task

    async def states(self) -> dict[str, str]:
        async with self.engine.reading() as connection:
            rows = await connection.execute(select(ledger.c.notice_id, ledger.c.state).order_by(ledger.c.seq))
            return {row.notice_id.removeprefix(f"{self.prefix}-"): row.state for row in rows.all()}

    async def until_states(self, **wanted: LedgerState) -> None:
        async def reached() -> bool:
            return await self.states() == wanted

        try:
            await until(reached)
        except TimeoutError:
            assert await self.states() == wanted
            raise

    async def inbox(self) -> list[Any]:
        async with self.engine.reading() as connection:
            query = select(inbox_message).order_by(inbox_message.c.received_at, inbox_message.c.idempotency_key)
            return list((await connection.execute(query)).all())

    async def receipts(self) -> list[Receipt]:
        """Everything told of this test's notices, in the order of telling for each case."""
        envelopes = [decode(r.headers, r.key, r.value) async for r in read_all(self.kafka, [RECEIPTS])]
        assert all(e.type == RECEIPT_GIVEN for e in envelopes)
        told = [(e, r) for e in envelopes if (r := Receipt.model_validate_json(e.data)).notice_id.startswith(self.prefix)]
        assert all(e.key == r.case_id and e.id == r.id and e.subject == r.obligation_id for e, r in told)
        return [receipt for _, receipt in told]

    async def until_told(self, **wanted: list[Stage]) -> None:
        """Wait until each notice has just these receipts, repeats (same id) counted once."""

        async def reached() -> bool:
            told: dict[str, list[Stage]] = defaultdict(list)
            for receipt in {r.id: r for r in await self.receipts()}.values():
                told[receipt.notice_id.removeprefix(f"{self.prefix}-")].append(receipt.stage)
            return told == wanted

        await until(reached)


@pytest.fixture
def database_url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    if getattr(request, "param", "sqlite") == "sqlite":
        return f"sqlite:///{tmp_path}/bus.db"
    return str(request.getfixturevalue("postgres_database"))


@pytest.fixture
async def bus(kafka: str, topic_prefix: str, database_url: str) -> AsyncIterator[Bus]:
    await ensure_topics(kafka, extra=[TopicSpec(f"{topic_prefix}.notices", "retain", "agency/case id", "notice")])
    producer = Producer(kafka)
    await producer.start()
    bus = Bus(kafka, topic_prefix, database_url, producer)
    async with bus.engine.begin() as connection:
        await connection.run_sync(metadata.create_all, tables=[ledger, beat, inbox_message, standing_team])
    yield bus
    await producer.stop()
    await bus.engine.dispose()


# --- the inbox --------------------------------------------------------------------------------------------------------


async def test_an_agency_without_settings_has_the_inbox_and_its_receipts_are_told(bus: Bus) -> None:
    async with bus.worker():
        await bus.send(bus.notice("a"), bus.notice("b", agency="gp", case="case-2"))
        await bus.until_told(a=[Stage.ACCEPTED], b=[Stage.ACCEPTED])

    assert await bus.states() == {"a": LedgerState.ACCEPTED, "b": LedgerState.ACCEPTED}
    received = {row.idempotency_key: row for row in await bus.inbox()}
    row = received[f"{bus.prefix}-b"]
    assert (row.agency, row.case_id, row.obligation_id) == ("gp", "case-2", f"{bus.prefix}-o-b")
    assert (row.media_type, json.loads(row.body)["notice"]) == ("application/json", f"{bus.prefix}-b")
    (receipt,) = [r for r in await bus.receipts() if r.notice_id == f"{bus.prefix}-a"]
    assert receipt.id == ids.receipt_id(f"{bus.prefix}-a", "accepted")
    assert (receipt.case_id, receipt.agency, receipt.detail) == ("case-1", "school", None)
    assert abs((utc_now() - receipt.at).total_seconds()) < 60


async def test_a_notice_that_comes_twice_is_delivered_once(bus: Bus) -> None:
    channel = Recording()
    async with bus.worker(channels=Channels({}, channel)):
        await bus.send(*[bus.notice("a")] * 3, bus.notice("b"), bus.notice("a"))
        await bus.until_states(a=LedgerState.ACCEPTED, b=LedgerState.ACCEPTED)

    assert channel.sent == [f"{bus.prefix}-a", f"{bus.prefix}-b"]


async def test_a_second_arrival_in_the_inbox_is_accepted_and_changes_nothing(bus: Bus) -> None:
    await bus.ledger.record([bus.notice("a")], utc_now())
    inbox = InboxChannel(bus.ledger.transactions, utc_now)
    first = Message(media_type="text/plain", body=b"one", idempotency_key=f"{bus.prefix}-a")
    stranger = first.model_copy(update={"idempotency_key": "of nobody"})

    assert await inbox.send(first, "school") == ACCEPTED
    before = await bus.inbox()
    assert await inbox.send(first.model_copy(update={"body": b"two"}), "school") == ACCEPTED
    assert await inbox.send_all([(stranger, "school"), (first, "school")]) == [Outcome(Trouble.UNSENDABLE), ACCEPTED]
    assert await bus.inbox() == before


async def test_order_holds_per_agency_and_case(bus: Bus) -> None:
    channel = Recording()
    notices = [bus.notice(f"{case}.{n}", case=f"case-{case}") for n in range(10) for case in range(5)]
    async with bus.worker(channels=Channels({}, channel)):
        await bus.send(*notices)
        await bus.until_states(**{one.id.removeprefix(f"{bus.prefix}-"): LedgerState.ACCEPTED for one in notices})

    for case in range(5):
        mine = [key for key in channel.sent if key.startswith(f"{bus.prefix}-{case}.")]
        assert mine == [f"{bus.prefix}-{case}.{n}" for n in range(10)]


async def test_what_is_recorded_here_is_delivered_without_waiting_for_the_next_look(bus: Bus) -> None:
    """With a look only once a minute, everything goes out at once all the same, the second of a lane too."""
    slow_looks = Pace(look_s=60.0)
    async with bus.worker(pace=slow_looks), asyncio.timeout(20):
        await bus.send(bus.notice("a"), bus.notice("b"))
        await bus.until_states(a=LedgerState.ACCEPTED, b=LedgerState.ACCEPTED)


# --- webhooks ---------------------------------------------------------------------------------------------------------


async def test_a_webhook_is_signed_and_carries_the_idempotency_key(bus: Bus, receiver: Receiver) -> None:
    def render(notice: Notice) -> Message:
        headers = {"X-Document": "notice", "Webhook-Id": "mine", "Content-Type": "text/html", "Host": "elsewhere"}
        return Message(media_type="text/plain", body="façade".encode(), filename="n.txt", headers=headers)

    async with bus.worker({"school": webhook(receiver.url)}, adapters=[Scripted("education", render)]):
        await bus.send(bus.notice("a"))
        await bus.until_told(a=[Stage.ACCEPTED])

    ((headers, body),) = receiver.calls
    assert body == "façade".encode()
    assert headers["webhook-id"] == f"{bus.prefix}-a"
    assert (headers["content-type"], headers["x-document"]) == ("text/plain", "notice")
    assert headers["host"] in receiver.url


async def test_a_refusal_is_told_and_the_lane_goes_on(bus: Bus, receiver: Receiver) -> None:
    receiver.script = [reply(422, b"we will not have it")]
    async with bus.worker({"school": webhook(receiver.url)}):
        await bus.send(bus.notice("a"), bus.notice("b"))
        await bus.until_told(a=[Stage.REFUSED], b=[Stage.ACCEPTED])

    assert receiver.keys == [f"{bus.prefix}-a", f"{bus.prefix}-b"]
    (refused,) = [r for r in await bus.receipts() if r.stage is Stage.REFUSED]
    assert refused.detail == "refused"


def fhir(code: str, identifier: str) -> bytes:
    header = {"resourceType": "MessageHeader", "response": {"identifier": identifier, "code": code}}
    issue = {"resourceType": "OperationOutcome", "issue": [{"severity": "fatal", "code": "not-found"}]}
    entries = [{"resource": header}, *([{"resource": issue}] if code == "fatal-error" else [])]
    body = json.dumps({"resourceType": "Bundle", "type": "message", "entry": entries}).encode()
    return reply(200, body, content_type="application/fhir+json")


async def test_a_no_said_with_200_is_a_refusal_that_is_told_to_a_person(bus: Bus, receiver: Receiver) -> None:
    receiver.script = [
        fhir("fatal-error", f"{bus.prefix}-a"),
        fhir("ok", f"{bus.prefix}-b"),
        fhir("fatal-error", "another"),
        reply(200, b"<p>Sign in"),
    ]
    notices = [bus.notice(name, agency="gp", sector="health") for name in "abcd"]
    async with bus.worker({"gp": webhook(receiver.url)}, adapters=[HealthAdapter()], sweep=Sweep(every_s=0.05)):
        await bus.send(*notices)
        await bus.until_states(a=LedgerState.REFUSED, b=LedgerState.ACCEPTED, c=LedgerState.ACCEPTED, d=LedgerState.ACCEPTED)

        async def copied() -> list[Any]:
            return [row for row in await bus.inbox() if row.agency == "gp"]

        assert [row.idempotency_key for row in await until(copied)] == [f"{bus.prefix}-a"]

    told = {r.notice_id.removeprefix(f"{bus.prefix}-"): (r.stage, r.detail) for r in await bus.receipts() if r.stage is not Stage.COPIED}
    assert told == {
        "a": (Stage.REFUSED, "refused_in_reply"),
        "b": (Stage.ACCEPTED, None),
        "c": (Stage.ACCEPTED, "reply_to_another_message"),
        "d": (Stage.ACCEPTED, "reply_not_read"),
    }


async def test_a_redirect_is_not_followed(bus: Bus, receiver: Receiver) -> None:
    async with listening(Receiver()) as elsewhere:
        receiver.script = [reply(307, location=elsewhere.url)]
        async with bus.worker({"school": webhook(receiver.url)}):
            await bus.send(bus.notice("a"))
            await bus.until_told(a=[Stage.FAILED, Stage.ACCEPTED])

    assert (len(receiver.calls), elsewhere.calls) == (2, [])


async def test_retry_after_is_honoured_for_the_whole_agency(bus: Bus, receiver: Receiver) -> None:
    clock = Clock()
    receiver.script = [reply(429, retry_after="120")]
    async with bus.worker({"school": webhook(receiver.url)}, now=clock):
        await bus.send(bus.notice("a"))
        await bus.until_states(a=LedgerState.WAITING)
        await bus.send(bus.notice("b", case="case-2"), bus.notice("c", agency="gp"))
        await bus.until_states(a=LedgerState.WAITING, b=LedgerState.WAITING, c=LedgerState.ACCEPTED)
        clock.ahead = timedelta(seconds=110)
        await bus.send(bus.notice("d", agency="gp"))
        await bus.until_states(a=LedgerState.WAITING, b=LedgerState.WAITING, c=LedgerState.ACCEPTED, d=LedgerState.ACCEPTED)
        assert len(receiver.calls) == 1

        clock.ahead = timedelta(seconds=121)
        await bus.until_states(a=LedgerState.ACCEPTED, b=LedgerState.ACCEPTED, c=LedgerState.ACCEPTED, d=LedgerState.ACCEPTED)


async def test_a_slow_system_is_asked_again_under_the_same_key(bus: Bus, receiver: Receiver) -> None:
    never = asyncio.Event()
    receiver.script = [never]
    async with bus.worker({"school": webhook(receiver.url)}, limit_s=0.2):
        await bus.send(bus.notice("a"))
        await bus.until_told(a=[Stage.ACCEPTED])
    never.set()

    assert receiver.keys == [f"{bus.prefix}-a"] * 2


async def test_a_cut_connection_is_tried_for_as_long_as_it_lasts_and_told_once(bus: Bus, receiver: Receiver) -> None:
    receiver.script = [None, reply(500), None, reply(503), None, None, None, None]
    async with bus.worker({"school": webhook(receiver.url)}):
        await bus.send(bus.notice("a"))
        await bus.until_told(a=[Stage.FAILED, Stage.ACCEPTED])

    assert receiver.keys == [f"{bus.prefix}-a"] * 9


async def test_an_answer_that_breaks_off_after_its_status_counts(bus: Bus, receiver: Receiver) -> None:
    receiver.script = [b"HTTP/1.1 200 OK\r\ncontent-length: 1000\r\n\r\nbroken", reply(200)]
    async with bus.worker({"school": webhook(receiver.url)}, limit_s=0.5):
        await bus.send(bus.notice("a"))
        await bus.until_told(a=[Stage.ACCEPTED])

    assert len(receiver.calls) == 1


async def test_a_dead_agency_delays_only_itself_and_gets_all_in_order_when_it_is_back(bus: Bus) -> None:
    back = Receiver()
    async with listening(back):
        port = int(back.url.rpartition(":")[2].partition("/")[0])
    mine = [bus.notice(f"m{n}", case=f"case-{n % 20}") for n in range(60)]
    others = [bus.notice(f"o{n}", agency="gp", case=f"case-{n % 20}") for n in range(60)]
    hour = timedelta(hours=1)  # the wait of each notice, were it not for the news that the system is back
    pace = Pace(limits=Limits(Backoff(hour, hour)), circuit=PACE.circuit)
    async with bus.worker({"school": webhook(back.url)}, pace=pace):
        await bus.send(*(one for pair in zip(mine, others, strict=True) for one in pair))

        async def others_done() -> bool:
            states = await bus.states()
            return len(states) == 120 and all(states[f"o{n}"] == LedgerState.ACCEPTED for n in range(60))

        await until(others_done)
        assert LedgerState.ACCEPTED not in {(await bus.states())[f"m{n}"] for n in range(60)}
        async with bus.engine.reading() as connection:
            tried = await connection.execute(select(ledger.c.attempts).where(ledger.c.agency == "school"))
            assert sum(row.attempts > 0 for row in tried.all()) <= 20  # the circuit held the rest back

        async with listening(back, port):
            await bus.until_states(**dict.fromkeys(await bus.states(), LedgerState.ACCEPTED))
    for case in range(20):
        assert [k for k in back.keys if k in {m.id for m in mine[case::20]}] == [m.id for m in mine[case::20]]
    assert len(back.keys) == 60


async def test_an_address_that_is_gone_is_told_and_left_alone(bus: Bus, receiver: Receiver) -> None:
    clock = Clock()
    receiver.script = [reply(410)]
    async with bus.worker({"school": webhook(receiver.url)}, now=clock):
        await bus.send(bus.notice("a"))
        await bus.until_told(a=[Stage.FAILED])
        clock.ahead = timedelta(minutes=59)
        await bus.send(bus.notice("b"), bus.notice("c", agency="gp"))
        await bus.until_states(a=LedgerState.FAILED, b=LedgerState.WAITING, c=LedgerState.ACCEPTED)
        assert len(receiver.calls) == 1


async def test_what_cannot_be_put_on_a_webhook_is_said_to_be_so(receiver: Receiver) -> None:
    """A body that is no text cannot be signed as the standard's libraries check it, nor a header beyond ASCII sent."""
    async with webhook_client() as client:
        channel = WebhookChannel(receiver.url, SECRET, client, utc_now)
        message = Message(media_type="text/plain", body=b"text", idempotency_key="key-1")
        for spoilt in ({"body": b"\xff\xfe"}, {"headers": {"x-name": "façade"}}, {"headers": {"x name": "a"}}):
            assert await channel.send(message.model_copy(update=spoilt), "school") == Outcome(Trouble.UNSENDABLE)
    assert receiver.calls == []


# --- files ------------------------------------------------------------------------------------------------------------


def contents(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in folder.iterdir()}


async def test_a_file_appears_whole_beside_what_describes_it(bus: Bus, tmp_path: Path) -> None:
    folder = tmp_path / "drop"
    folder.mkdir()
    async with bus.worker({"school": files(folder)}):
        await bus.send(bus.notice("a"))
        await bus.until_told(a=[Stage.ACCEPTED])

    key = f"{bus.prefix}-a"
    found = contents(folder)
    assert sorted(found) == [f"{key}.json", f"{key}.meta.json"]
    assert json.loads(found[f"{key}.json"])["notice"] == key
    assert json.loads(found[f"{key}.meta.json"]) == {
        "media_type": "application/json",
        "headers": {},
        "filename": f"notice-{key}.json",
    }


async def test_a_folder_that_is_away_is_waited_for_and_told(bus: Bus, tmp_path: Path) -> None:
    folder = tmp_path / "not mounted"
    async with bus.worker({"school": files(folder)}):
        await bus.send(bus.notice("a"))
        await bus.until_told(a=[Stage.FAILED])
        folder.mkdir()
        await bus.until_told(a=[Stage.FAILED, Stage.ACCEPTED])


async def test_a_file_that_is_there_already_is_accepted_if_it_is_the_same(tmp_path: Path) -> None:
    channel = FileChannel(tmp_path)
    message = Message(media_type="text/plain", body=b"one", filename="n.txt", idempotency_key="key-1")

    assert await channel.send(message, "school") == ACCEPTED
    assert await channel.send(message, "school") == ACCEPTED
    assert await channel.send(message.model_copy(update={"body": b"two"}), "school") == Outcome(Trouble.DIFFERENT)
    assert contents(tmp_path)["key-1.txt"] == b"one"
    assert len(contents(tmp_path)) == 2


@pytest.mark.parametrize("key", ["", "../key", "a/b", ".hidden", "a" * 101, "a\0b"])
async def test_a_key_that_is_no_plain_name_is_not_written(tmp_path: Path, key: str) -> None:
    message = Message(media_type="text/plain", body=b"", idempotency_key=key)
    assert await FileChannel(tmp_path).send(message, "school") == Outcome(Trouble.UNSENDABLE)
    assert contents(tmp_path) == {}


# --- crashes and company ----------------------------------------------------------------------------------------------


async def test_killed_between_send_and_settle_it_sends_again_under_the_same_key(bus: Bus, receiver: Receiver) -> None:
    clock = Clock()
    accepted = asyncio.Event()
    async with open_channels({"school": webhook(receiver.url)}, bus.ledger.transactions, clock) as opened:

        async def send_then_hang(message: Message, agency: str) -> Outcome:
            assert await opened.of(agency).send(message, agency) == ACCEPTED
            accepted.set()
            return await asyncio.Future()

        async with bus.worker(channels=Channels({"school": Recording(send_then_hang)}, Recording()), now=clock) as task:
            await bus.send(bus.notice("a"))
            await asyncio.wait_for(accepted.wait(), 30)
            task.cancel()
    assert await bus.states() == {"a": LedgerState.LEASED}

    async with bus.worker({"school": webhook(receiver.url)}, pace=WATCHFUL):
        await bus.until_told(a=[Stage.ACCEPTED])
    assert receiver.keys == [f"{bus.prefix}-a"] * 2


async def test_a_receipt_lost_between_settling_and_publishing_is_told_when_the_next_worker_starts(bus: Bus) -> None:
    await settle_and_die(bus, "a")
    assert await bus.receipts() == []

    async with bus.worker(pace=Pace(repair_s=1e6)):
        await bus.until_told(a=[Stage.ACCEPTED])
        await until(lambda: _none(bus.ledger.receipts_to_publish(utc_now() + timedelta(days=1))))


async def test_a_worker_also_tells_what_another_has_left_untold(bus: Bus) -> None:
    pace = Pace(repair_s=0.05, lease=timedelta(seconds=0.3))
    async with bus.worker(pace=pace):
        await bus.send(bus.notice("first"))
        await bus.until_told(first=[Stage.ACCEPTED])
        await settle_and_die(bus, "a")
        await bus.until_told(first=[Stage.ACCEPTED], a=[Stage.ACCEPTED])


async def settle_and_die(bus: Bus, name: str) -> None:
    """As a worker does that is killed before it publishes. Its notice is due tomorrow, so no other is quicker."""
    long_ago = utc_now() - timedelta(days=1)
    other = Ledger(bus.engine)
    await other.record([bus.notice(name, agency="gp")], utc_now() + timedelta(days=1))
    leased = await other.lease("dead", utc_now() + timedelta(days=1), 10)
    await other.settle([Settlement(one, LedgerState.ACCEPTED) for one in leased], long_ago)


async def _none(found: Awaitable[list[Any]]) -> bool:
    return await found == []


@pytest.mark.parametrize("database_url", ["sqlite", "postgresql"], indirect=True)
async def test_two_workers_share_the_lanes_without_doubling_or_overtaking(bus: Bus) -> None:
    in_flight: Counter[str] = Counter()
    case_of: dict[str, str] = {}
    sent_by: list[list[str]] = [[], []]
    quicker: list[int] = []
    other_has_sent = asyncio.Event()

    def channel(number: int) -> Recording:
        async def answer(message: Message, agency: str) -> Outcome:
            key = message.idempotency_key
            sent_by[number].append(key)
            in_flight[case_of[key]] += 1
            assert in_flight[case_of[key]] == 1
            quicker.append(number)
            if number == quicker[0]:  # it keeps what it has until the other has sent some, however late that one is assigned its part
                await other_has_sent.wait()
            elif len(sent_by[number]) > 20:
                other_has_sent.set()
            in_flight[case_of[key]] -= 1
            return ACCEPTED

        return Recording(answer)

    notices = [bus.notice(f"{case}.{n}", case=f"case-{case}") for n in range(6) for case in range(40)]
    case_of.update({one.id: one.obligation.case_id for one in notices})
    second = Ledger(make_engine(bus.engine.url.render_as_string(hide_password=False)))
    few = Pace(in_flight=10, per_agency=10, limits=Limits.hasty())
    async with (
        bus.worker(channels=Channels({}, channel(0)), pace=few),
        bus.worker(channels=Channels({}, channel(1)), pace=few, ledger=second),
    ):
        await bus.send(*notices)
        await bus.until_states(**{one.id.removeprefix(f"{bus.prefix}-"): LedgerState.ACCEPTED for one in notices})
    await second._engine.dispose()

    assert sorted(sent_by[0] + sent_by[1]) == sorted(case_of)
    assert all(sent_by)
    assert len({r.id for r in await bus.receipts()}) == len(await bus.receipts()) == len(notices)


async def test_an_agencys_system_gets_as_many_at_once_as_its_settings_say(bus: Bus) -> None:
    under_way: Counter[str] = Counter()
    most: Counter[str] = Counter()

    async def answer(message: Message, agency: str) -> Outcome:
        under_way[agency] += 1
        most[agency] = max(most[agency], under_way[agency])
        for _ in range(20):  # let the others come
            await asyncio.sleep(0)
        under_way[agency] -= 1
        return ACCEPTED

    channels = Channels({}, Recording(answer), at_once={"police": 2, "school": 5})
    names = [(agency, n) for n in range(12) for agency in ("police", "school", "gp")]
    notices = [bus.notice(f"{agency}.{n}", agency=agency, case=f"case-{n}") for agency, n in names]
    async with bus.worker(channels=channels, pace=Pace(per_agency=3, limits=Limits.hasty())):
        await bus.send(*notices)
        await bus.until_states(**{one.id.removeprefix(f"{bus.prefix}-"): LedgerState.ACCEPTED for one in notices})

    assert most == {"police": 2, "school": 5, "gp": 3}


async def test_when_something_of_ours_is_down_the_worker_ends_and_the_next_one_delivers(bus: Bus) -> None:
    clock = Clock()

    async def answer(message: Message, agency: str) -> Outcome:
        raise DatabaseUnavailable("it does not answer")

    with pytest.raises(ExceptionGroup) as ended:  # noqa: PT012  it comes out at the worker's end
        async with bus.worker(channels=Channels({}, Recording(answer)), now=clock) as task:
            await bus.send(bus.notice("a"))
            await asyncio.wait([task], timeout=30)
    assert ended.value.subgroup(DatabaseUnavailable) is not None
    assert await bus.states() == {"a": LedgerState.LEASED}

    async with bus.worker(pace=WATCHFUL):
        await bus.until_states(a=LedgerState.ACCEPTED)


async def test_a_worker_that_stops_finishes_what_is_in_flight(bus: Bus) -> None:
    leaving = asyncio.Event()

    async def answer(message: Message, agency: str) -> Outcome:
        leaving.set()
        for _ in range(100):  # long enough to be told to stop
            await asyncio.sleep(0)
        return HANDED_OVER

    async with bus.worker(channels=Channels({}, Recording(answer))):
        await bus.send(bus.notice("a"))
        await leaving.wait()
    assert await bus.states() == {"a": LedgerState.SENT}
    assert [r.stage for r in await bus.receipts()] == [Stage.SENT]


async def test_a_worker_that_stops_gives_back_what_does_not_end(bus: Bus) -> None:
    leaving = asyncio.Event()

    async def answer(message: Message, agency: str) -> Outcome:
        leaving.set()
        return await asyncio.Future()

    async with bus.worker(channels=Channels({}, Recording(answer)), pace=Pace(grace_s=0.05)):
        await bus.send(bus.notice("a"))
        await leaving.wait()
    assert await bus.states() == {"a": LedgerState.WAITING}
    assert len(await bus.ledger.lease("next", utc_now(), 10)) == 1


async def test_run_delivery_works_from_settings_alone(bus: Bus, receiver: Receiver) -> None:
    stop = asyncio.Event()
    await bus.send(bus.notice("a"), bus.notice("b", agency="gp"))
    setup = DeliverySetup(
        bootstrap=bus.kafka,
        engine=bus.engine,
        plugins=Plugins({}),
        channels={"school": webhook(receiver.url)},
        group=f"{bus.prefix}.delivery",
        topic=bus.topic,
    )
    running = asyncio.create_task(run_delivery(setup, stop))
    await bus.until_states(a=LedgerState.ACCEPTED, b=LedgerState.ACCEPTED)
    stop.set()
    await running
    assert receiver.keys == [f"{bus.prefix}-a"]
    assert [row.agency for row in await bus.inbox()] == ["gp"]


# --- plugins and poison -----------------------------------------------------------------------------------------------


async def test_a_plugin_that_breaks_is_told_and_retried_and_stops_nobody_else(bus: Bus) -> None:
    mended = threading.Event()

    def render(notice: Notice) -> Message:
        if notice.title == "broken" and not mended.is_set():
            raise RuntimeError(CANARIES[0])
        return plain_text(notice)

    async with bus.worker(adapters=[Scripted("education", render)]):
        await bus.send(bus.notice("a", title="broken"), bus.notice("b"), bus.notice("c", agency="gp", sector="health"))
        await bus.until_told(a=[Stage.FAILED], b=[Stage.ACCEPTED], c=[Stage.ACCEPTED])  # b: a has stepped aside
        mended.set()
        await bus.until_told(a=[Stage.FAILED, Stage.ACCEPTED], b=[Stage.ACCEPTED], c=[Stage.ACCEPTED])
    failed, *_ = [r for r in await bus.receipts() if r.stage is Stage.FAILED]
    assert failed.detail == "plugin_fault"


async def test_a_plugin_that_hangs_fails_its_own_message_only(bus: Bus) -> None:
    mended = threading.Event()

    def render(notice: Notice) -> Message:
        if notice.title == "hangs":
            mended.wait(30)
        return plain_text(notice)

    pace = Pace(render_limit_s=0.1, limits=Limits.hasty())
    async with bus.worker(adapters=[Scripted("education", render)], pace=pace):
        await bus.send(
            bus.notice("a", title="hangs"),
            bus.notice("b", case="case-2"),
            bus.notice("c", agency="gp", sector="health"),
        )
        await bus.until_told(a=[Stage.FAILED], b=[Stage.ACCEPTED], c=[Stage.ACCEPTED])
        mended.set()
        await bus.until_told(a=[Stage.FAILED, Stage.ACCEPTED], b=[Stage.ACCEPTED], c=[Stage.ACCEPTED])


async def test_a_channel_that_raises_is_a_failure_of_its_message(bus: Bus) -> None:
    answers = [ValueError(CANARIES[1]), None]

    async def answer(message: Message, agency: str) -> Outcome:
        fault = answers.pop(0)
        if fault:
            raise fault
        return ACCEPTED

    async with bus.worker(channels=Channels({}, Recording(answer))):
        await bus.send(bus.notice("a"))
        await bus.until_told(a=[Stage.FAILED, Stage.ACCEPTED])


async def quarantined(bus: Bus) -> list[tuple[Received, Envelope]]:
    records = [r async for r in read_all(bus.kafka, [QUARANTINE])]
    pairs = [(r, decode(r.headers, r.key, r.value)) for r in records]
    return [(r, e) for r, e in pairs if e.subject.startswith(f"{bus.topic}/")]


async def test_a_record_that_is_no_notice_goes_to_quarantine_and_the_next_is_delivered(bus: Bus) -> None:
    good = bus.record(bus.notice("a"))
    other_type = [(n, b"uk.alertbus.notice.owed.v9" if n == "ce_type" else v) for n, v in good.headers]
    poison = {
        "no event at all": Record(bus.topic, good.key, b"\xff", ()),
        "another type": Record(bus.topic, good.key, b"another type", other_type),
        "not JSON": Record(bus.topic, good.key, b"{", good.headers),
        "not a notice": Record(bus.topic, good.key, json.dumps({"id": CANARIES[0]}).encode(), good.headers),
        "nothing": Record(bus.topic, good.key, b"", good.headers),
    }
    async with bus.worker():
        await bus.producer.send_all([*poison.values(), good])
        await bus.until_told(a=[Stage.ACCEPTED])

    found = await quarantined(bus)
    assert sorted(record.value or b"" for record, _ in found) == sorted(p.value for p in poison.values())
    for record, envelope in found:
        assert record.key == good.key
        topic, partition, offset = envelope.subject.split("/")
        errors = {"EnvelopeFault", "UnknownType", "ValidationError"}
        assert envelope.extensions["errorclass"] in errors
        assert dict(envelope.extensions) == {
            "originaltopic": topic,
            "originalpartition": partition,
            "originaloffset": offset,
            "errorclass": envelope.extensions["errorclass"],
            "disposition": "poison",
            "attempt": "1",
            "pluginversion": BUS,
            "originalbytes": str(len(record.value or b"")),
        }


class Collecting(Producer):
    """A producer that keeps what it is given."""

    def __init__(self) -> None:
        super().__init__("nowhere:1")
        self.records: list[Record] = []

    async def send_all(self, records: Sequence[Record]) -> None:
        self.records += records


@pytest.mark.parametrize("database_url", ["postgresql"], indirect=True)
async def test_a_notice_the_database_will_not_have_does_not_hold_up_the_others(bus: Bus) -> None:
    """Such as one with a NUL, which JSON and SQLite can carry and PostgreSQL cannot."""
    spoilt = bus.notice("x")
    spoilt = spoilt.model_copy(update={"obligation": spoilt.obligation.model_copy(update={"role": "a\0b"})})
    await bus.send(bus.notice("a"), spoilt, bus.notice("b"))
    producer = Collecting()
    intake = Arrivals(bus.ledger, producer, utc_now)

    await intake([record async for record in read_all(bus.kafka, [bus.topic])])

    assert await bus.states() == {"a": LedgerState.WAITING, "b": LedgerState.WAITING}
    assert [record.value for record in producer.records] == [spoilt.model_dump_json().encode()]


# --- what must not be said --------------------------------------------------------------------------------------------


@pytest.fixture
def written() -> Iterator[io.StringIO]:
    """Everything that a process of ours would have logged, down to DEBUG."""
    stream = io.StringIO()
    root = logging.getLogger()
    kept, level = root.handlers[:], root.level
    logs.configure("json", "DEBUG", "delivery", stream=stream)
    yield stream
    root.handlers[:] = kept
    root.setLevel(level)
    structlog.reset_defaults()


async def test_no_log_line_receipt_or_quarantine_header_holds_personal_data(
    bus: Bus, receiver: Receiver, tmp_path: Path, written: io.StringIO
) -> None:
    def render(notice: Notice) -> Message:
        if notice.title == "broken":
            raise RuntimeError(" ".join(CANARIES))
        return Message(media_type="text/plain", body=" ".join(CANARIES).encode(), filename="n.txt")

    async def answer(message: Message, agency: str) -> Outcome:
        raise ValueError(message.body.decode())

    receiver.script = [reply(422, " ".join(CANARIES).encode()), reply(500, " ".join(CANARIES).encode())]
    plugin = Scripted("education", render)
    rich = sample_notice().narrative
    bad = bus.record(bus.notice("bad", narrative=rich))
    async with open_channels(
        {"school": webhook(receiver.url), "files": files(tmp_path / "away")}, bus.ledger.transactions, utc_now
    ) as opened:
        outlets = {agency: opened.of(agency) for agency in ("school", "files")}
        channels = Channels({**outlets, "odd": Recording(answer)}, opened.of("gp"))
        async with bus.worker(channels=channels, adapters=[plugin]):
            await bus.send(
                bus.notice("refused"),
                bus.notice("retried"),
                bus.notice("broken", case="case-2", title="broken"),
                bus.notice("away", agency="files"),
                bus.notice("raised", agency="odd"),
                bus.notice("inbox", agency="gp", sector="health", narrative=rich),
            )
            spoilt = bad.value.replace(b'"deed":"deliver"', b'"deed":"Zeb Quillfeather"')
            await bus.producer.send_all([Record(bus.topic, bad.key, spoilt, bad.headers)])
            await bus.until_told(
                refused=[Stage.REFUSED],
                retried=[Stage.ACCEPTED],
                broken=[Stage.FAILED],
                away=[Stage.FAILED],
                raised=[Stage.FAILED],
                inbox=[Stage.ACCEPTED],
            )
            await until(lambda: _some(quarantined(bus)))

    told = [receipt.model_dump_json() for receipt in await bus.receipts()]
    headers = [str(record.headers) for record, _ in await quarantined(bus)]
    lines = written.getvalue()
    for event in ("an agency plugin broke its contract", "a channel raised", "not delivered", "a record was put in"):
        assert event in lines
    for canary in CANARIES:
        assert canary not in lines + "".join(told) + "".join(headers)


async def _some(found: Awaitable[list[Any]]) -> bool:
    return bool(await found)


# --- acknowledgements of an agency's system ---------------------------------------------------------------------------


class Reading(Scripted):
    def __init__(self, answer: Callable[[bytes], object], sector: str = "education") -> None:
        super().__init__(sector, plain_text)
        self._answer = answer

    def parse_receipt(self, raw: bytes) -> ReceiptGiven:
        return self._answer(raw)  # type: ignore[return-value]


def given(bus: Bus, **changed: Any) -> ReceiptGiven:
    fields = {"stage": Stage.ACKNOWLEDGED, "by": "R. Postholder", "role": "head", "intent": Intent.ACTING, **changed}
    return ReceiptGiven(idempotency_key=f"{bus.prefix}-a", **fields)


async def test_an_acknowledgement_becomes_a_receipt_of_the_notice_it_names(bus: Bus) -> None:
    await bus.ledger.record([bus.notice("a")], utc_now())
    at = utc_now()
    first = await receipts.parse(Reading(lambda _: given(bus)), b"raw", bus.ledger, at)
    assert (first.notice_id, first.stage, first.by, first.at) == (
        f"{bus.prefix}-a",
        Stage.ACKNOWLEDGED,
        "R. Postholder",
        at,
    )
    assert (first.obligation_id, first.case_id, first.agency) == (f"{bus.prefix}-o-a", "case-1", "school")

    again = await receipts.parse(Reading(lambda _: given(bus)), b"raw", bus.ledger, at + timedelta(hours=1))
    second = await receipts.parse(Reading(lambda _: given(bus, by="S. Other")), b"raw", bus.ledger, at)
    seen = await receipts.parse(Reading(lambda _: given(bus, stage=Stage.SEEN)), b"raw", bus.ledger, at)
    assert (again.id, second.id == first.id) == (first.id, False)
    assert seen.id == ids.receipt_id(f"{bus.prefix}-a", "seen")


async def test_an_acknowledgement_that_is_none_says_what_is_wrong_and_nothing_more(bus: Bus) -> None:
    await bus.ledger.record([bus.notice("a")], utc_now())
    canary = CANARIES[0]

    def raises(fault: Exception) -> Callable[[bytes], object]:
        def answer(raw: bytes) -> object:
            raise fault

        return answer

    table: list[tuple[object, type[Exception], str]] = [
        (Reading(lambda _: ReceiptGiven("unknown", Stage.SEEN)), NotFound, "no message under that idempotency key"),
        (Reading(lambda _: given(bus), "health"), NotFound, "no message under that idempotency key"),
        (Scripted("education", plain_text), NotUnderstood, "reads no acknowledgements"),
        (Reading(raises(UnreadableMessage(("by", "a name")))), NotUnderstood, "by: a name"),
        (Reading(raises(KeyError(canary))), PluginFault, "raised KeyError"),
        (Reading(lambda _: canary), PluginFault, "returned str"),
        (Reading(lambda _: given(bus, by=None)), NotUnderstood, "by: the name of the person who acknowledges"),
        (Reading(lambda _: given(bus, by=canary * 99)), NotUnderstood, "at most 120 characters"),
        (Reading(lambda _: given(bus, intent=Intent.NOT_OURS, note=None)), NotUnderstood, "note: the reason why it is not yours"),
        (Reading(lambda _: given(bus, intent=None)), NotUnderstood, "intent: what they will do"),
        (Reading(lambda _: given(bus, stage=Stage.SENT)), NotUnderstood, "stage: one of"),
        (Reading(lambda _: given(bus, stage=Stage.CANCELLED)), NotUnderstood, "stage: one of"),
        (Reading(lambda _: given(bus, note="\ud800")), NotUnderstood, "note: text"),
    ]
    for adapter, error, words in table:
        with pytest.raises(error, match=words) as raised:
            await receipts.parse(adapter, b"raw", bus.ledger, utc_now())  # type: ignore[arg-type]
        assert canary not in str(raised.value)
        assert raised.value.__cause__ is None
        assert raised.value.__context__ is None
