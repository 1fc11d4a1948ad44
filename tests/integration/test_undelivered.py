"""What cannot be delivered: the fallback has it, and its case hears of it, once, whatever dies in between."""

import asyncio
import contextlib
import json
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from pydantic import SecretStr
from sqlalchemy import select

from alertbus.broker.consumer import read_all
from alertbus.broker.envelope import decode
from alertbus.broker.producer import Producer
from alertbus.broker.topics import CASE_EVENTS, RECEIPTS, TopicSpec, ensure_topics
from alertbus.channel_settings import ChannelSettings
from alertbus.delivery.circuit import CircuitLimits
from alertbus.delivery.fallback import Sweep
from alertbus.delivery.ledger.copies import WAITED_TOO_LONG
from alertbus.delivery.ledger.ledger import Ledger
from alertbus.delivery.ledger.rows import Settlement
from alertbus.delivery.ledger.tables import LedgerState, beat, inbox_message, ledger
from alertbus.delivery.outcome import Limits
from alertbus.delivery.pace import Pace
from alertbus.delivery.worker import DeliverySetup, run_delivery
from alertbus.model import watchdog
from alertbus.model.errors import DatabaseUnavailable, PolicyFault
from alertbus.model.events import NotDelivered
from alertbus.model.item import ItemStep, StepKind
from alertbus.model.notice import ENDINGS, Deed, Message, Notice
from alertbus.model.receipt import Receipt, Stage
from alertbus.plugin.kit.samples import CANARIES, sample_notice, sample_obligation
from alertbus.plugin.manager import Plugins, offer
from alertbus.policy.load import load_policy
from alertbus.policy.policy import Policy
from alertbus.sql.engine import make_engine, metadata
from alertbus.staff.tables import standing_team
from alertbus.wire.records import notice_record
from alertbus.wire.words import DELIVERY

pytestmark = pytest.mark.kafka

POLICY = load_policy()
PACE = Pace(limits=Limits.hasty(), circuit=CircuitLimits(first=timedelta(milliseconds=20)), lease=timedelta(seconds=0.5))
SWEEP = Sweep(every_s=0.05, again=timedelta(seconds=0.2))
STEP_AT = datetime(2020, 5, 4, 12, tzinfo=UTC)
SECRET = "whsec_" + "c2FmZWd1YXJkaW5nLXNhZmVndWFyZGluZy0xMjM0"


class System:
    """An agency's system over HTTP: answers with `status`, and remembers what it took."""

    def __init__(self) -> None:
        self.status = 200
        self.calls = 0
        self.taken: list[str] = []

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with contextlib.suppress(asyncio.IncompleteReadError, ConnectionError):
            while True:
                head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1").lower()
                headers = dict(line.split(": ", 1) for line in head.split("\r\n")[1:] if line)
                await reader.readexactly(int(headers["content-length"]))
                self.calls += 1
                if self.status == 200:
                    self.taken.append(headers["webhook-id"])
                writer.write(f"HTTP/1.1 {self.status} Reason\r\ncontent-length: 0\r\n\r\n".encode())
        writer.close()


@contextlib.asynccontextmanager
async def listening(system: System, port: int = 0) -> AsyncIterator[str]:
    server = await asyncio.start_server(system.serve, "127.0.0.1", port)
    try:
        yield f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}/notices"
    finally:
        server.close()


def webhook(url: str) -> ChannelSettings:
    return ChannelSettings(channel="webhook", url=url, secret=SecretStr(SECRET), folder=None)


def files(folder: Path) -> ChannelSettings:
    return ChannelSettings(channel="file", url=None, secret=None, folder=folder)


async def until(condition: Callable[[], Awaitable[Any]], limit_s: float = 60.0) -> Any:
    async with asyncio.timeout(limit_s):
        while not (found := await condition()):  # noqa: ASYNC110  it is in Kafka or in a database
            await asyncio.sleep(0.02)
    return found


class Bus:
    """One database and one topic of notices; workers as they are made from settings."""

    def __init__(self, kafka: str, prefix: str, url: str, producer: Producer) -> None:
        self.kafka, self.prefix, self.topic, self.producer = kafka, prefix, f"{prefix}.notices", producer
        self.engine = make_engine(url)

    def notice(self, name: str, *, deed: Deed = Deed.DELIVER, owed: str = "", **of_obligation: Any) -> Notice:
        known = POLICY.agency("school")
        obligation = sample_obligation(id=f"{self.prefix}-o-{owed or name}", agency="school", role=known.role, case_id="case-1")
        obligation = obligation.model_copy(update=of_obligation)
        return sample_notice(id=f"{self.prefix}-{name}", sector=known.sector, obligation=obligation, deed=deed, flag=None)

    def step(self, name: str, **of_obligation: Any) -> Notice:
        """The notice for the next person, as a case gives it out when nobody before was reached."""
        asked = self.notice(name, deed=Deed.ESCALATE, role="team_manager", **of_obligation)
        return asked.model_copy(update={"step": ItemStep(kind=StepKind.NOT_DELIVERED, role="team_manager", at=STEP_AT)})

    async def send(self, *notices: Notice) -> None:
        await self.producer.send_all([replace(notice_record(notice, by=DELIVERY), topic=self.topic) for notice in notices])

    @contextlib.asynccontextmanager
    async def worker(
        self,
        channels: Mapping[str, ChannelSettings],
        *,
        fallbacks: Mapping[str, ChannelSettings] | None = None,
        policy: Policy = POLICY,
        plugins: Plugins | None = None,
    ) -> AsyncIterator[asyncio.Task[None]]:
        stop = asyncio.Event()
        setup = DeliverySetup(
            bootstrap=self.kafka,
            engine=self.engine,
            plugins=plugins or Plugins({}),
            channels=channels,
            fallbacks=fallbacks or {},
            policy=policy,
            pace=PACE,
            sweep=SWEEP,
            group=f"{self.prefix}.delivery",
            topic=self.topic,
        )
        task = asyncio.create_task(run_delivery(setup, stop))
        try:
            yield task
        finally:
            stop.set()
            with contextlib.suppress(asyncio.CancelledError):
                async with asyncio.timeout(60):
                    await task

    async def rows(self) -> list[Any]:
        async with self.engine.reading() as connection:
            return list((await connection.execute(select(ledger).order_by(ledger.c.seq))).all())

    async def inbox(self) -> list[Any]:
        async with self.engine.reading() as connection:
            return list((await connection.execute(select(inbox_message))).all())

    async def reports(self) -> dict[str, NotDelivered]:
        """What cases were told, by the id of the event: a repeat counts once, and says what it said before."""
        found: dict[str, NotDelivered] = {}
        async for record in read_all(self.kafka, [CASE_EVENTS]):
            event = decode(record.headers, record.key, record.value)
            if event.type == NotDelivered.type and self.prefix.encode() in event.data:
                report = NotDelivered.model_validate_json(event.data)
                assert (record.key or b"").decode() == report.case_id
                assert found.setdefault(event.id, report) == report
        return found

    async def reported(self) -> list[str]:
        """Of which notices cases were told."""
        return sorted(report.notice_id.removeprefix(f"{self.prefix}-") for report in (await self.reports()).values())

    async def receipts(self, name: str) -> list[tuple[Stage, str | None]]:
        records = [record async for record in read_all(self.kafka, [RECEIPTS])]
        found = [Receipt.model_validate_json(decode(r.headers, r.key, r.value).data) for r in records]
        mine = {r.id: r for r in found if r.notice_id == f"{self.prefix}-{name}"}
        return [(r.stage, r.channel if r.stage is Stage.COPIED else r.detail) for r in mine.values()]

    async def until_received(self, *receipts: tuple[Stage, str | None], name: str = "a") -> None:
        async def there() -> bool:
            return set(await self.receipts(name)) >= set(receipts)

        await until(there)

    async def until_done(self, count: int) -> None:
        """Until so many rows stand in the ledger and none has anything left to be done."""

        async def done() -> bool:
            rows = await self.rows()
            return len(rows) == count and all(row.done_at is not None and row.fallback_due is None for row in rows)

        try:
            await until(done)
        except TimeoutError:
            pytest.fail(f"{[(r.notice_id, r.state, r.deed, r.error_class, r.fallback, r.fallback_due) for r in await self.rows()]}")


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


@pytest.mark.parametrize("database_url", ["sqlite", "postgresql"], indirect=True)
async def test_what_is_refused_for_good_is_in_the_fallback_and_its_case_is_told_which_notice_and_why(bus: Bus) -> None:
    system = System()
    system.status = 422
    async with listening(system) as url, bus.worker({"school": webhook(url)}):
        await bus.send(bus.notice("a"))
        await bus.until_received((Stage.REFUSED, "refused"), (Stage.COPIED, "inbox"))
        await bus.until_done(1)

    (kept,) = [row for row in await bus.inbox() if row.agency == "school" and row.idempotency_key == f"{bus.prefix}-a"]
    assert kept.obligation_id == f"{bus.prefix}-o-a"
    (report,) = (await bus.reports()).values()
    owed = bus.notice("a").obligation
    assert (report.notice_id, report.obligation_id, report.alert_id) == (f"{bus.prefix}-a", owed.id, owed.alert_id)
    assert (report.agency, report.role, report.reason) == ("school", owed.role, "refused")
    assert all(canary not in report.model_dump_json() for canary in CANARIES)
    (row,) = await bus.rows()
    assert (row.state, row.error_class, row.fallback) == (LedgerState.REFUSED, "refused", "inbox")
    assert report.at == row.done_at


async def test_a_dead_agencys_notices_are_in_the_fallback_and_with_the_agency_too_once_it_is_back(bus: Bus) -> None:
    system = System()
    async with listening(system) as url:
        port = int(url.rpartition(":")[2].partition("/")[0])
    names = ["a", "b", "c"]
    async with bus.worker({"school": webhook(url)}):
        await bus.send(bus.notice("a"))
        await bus.until_received((Stage.FAILED, "unreachable"), (Stage.COPIED, "inbox"))
        await bus.send(bus.step("next", id=f"{bus.prefix}-o-a"))

        async def manager_told() -> bool:  # by the fallback: its own channel is dead
            return f"{bus.prefix}-next" in {row.idempotency_key for row in await bus.inbox()}

        await until(manager_told)
        await bus.send(bus.notice("b"), bus.notice("c"))
        async with listening(system, port):
            await bus.until_done(4)

    assert [key for key in system.taken if key in {f"{bus.prefix}-{name}" for name in names}] == [f"{bus.prefix}-{name}" for name in names]
    assert len(system.taken) == len(set(system.taken)) == 4  # what went to the manager as well
    assert (Stage.ACCEPTED, None) in await bus.receipts("a")
    assert "next" not in await bus.reported()  # the fallback has it, so that person was reached


@pytest.mark.parametrize("moment", ["publish", "note_copy"])
async def test_killed_between_fallback_broker_and_note_it_does_all_again_and_nothing_is_doubled(
    bus: Bus, monkeypatch: pytest.MonkeyPatch, moment: str
) -> None:
    system = System()
    system.status = 422
    note_copy = Ledger.note_copy

    async def away(*_: Any, **__: Any) -> None:
        raise DatabaseUnavailable("it does not answer")

    async def deliver(url: str) -> None:
        async with bus.worker({"school": webhook(url)}) as task:
            await asyncio.wait([task], timeout=60)

    async with listening(system) as url:
        await bus.send(bus.notice("a"))
        with monkeypatch.context() as patched:
            if moment == "note_copy":
                patched.setattr(Ledger, "note_copy", away)
            else:
                patched.setattr("alertbus.delivery.fallback.Fallback._to_tell", lambda *_: away_now())
            with pytest.raises(ExceptionGroup):
                await deliver(url)
        assert Ledger.note_copy is note_copy
        assert [row.idempotency_key for row in await bus.inbox()] == [f"{bus.prefix}-a"]
        async with bus.worker({"school": webhook(url)}):
            await bus.until_done(1)

    assert len([row for row in await bus.inbox() if row.idempotency_key == f"{bus.prefix}-a"]) == 1
    assert await bus.reported() == ["a"]
    assert sorted(await bus.receipts("a")) == [(Stage.COPIED, "inbox"), (Stage.REFUSED, "refused")]


def away_now() -> Sequence[Any]:
    raise DatabaseUnavailable("it does not answer")


async def test_what_was_taken_back_is_reported_to_nobody(bus: Bus) -> None:
    book, now = Ledger(bus.engine), datetime.now(UTC)
    await book.record([bus.notice("a", owed="o")], now)
    leased = await book.lease("me", now, 10)
    await book.settle([Settlement(one, LedgerState.WAITING, error="unreachable", retry_at=now + timedelta(hours=1)) for one in leased], now)
    await book.record([bus.notice("w", owed="o", deed=Deed.WITHDRAW)], now)
    async with bus.worker({"school": webhook("http://127.0.0.1:1/notices")}):

        async def looked_at() -> bool:
            return all(row.fallback_due is None for row in await bus.rows() if row.deed == Deed.DELIVER)

        await until(looked_at)
    assert await bus.reported() == []
    assert await bus.inbox() == []


@pytest.mark.parametrize("deed", sorted(ENDINGS))
async def test_an_end_that_is_undelivered_is_in_the_fallback_and_asks_nobody_else(bus: Bus, deed: Deed) -> None:
    book, now = Ledger(bus.engine, timedelta(0)), datetime.now(UTC)
    await book.record([bus.notice("told", owed="o")], now)
    await book.settle([Settlement(one, LedgerState.ACCEPTED) for one in await book.lease("me", now, 10)], now)
    async with bus.worker({"school": webhook("http://127.0.0.1:1/notices")}):
        await bus.send(bus.notice("end", owed="o", deed=deed))
        await bus.until_received((Stage.COPIED, "inbox"), name="end")
    assert await bus.reported() == []


async def test_nobody_hears_that_something_on_the_watchdogs_case_is_undelivered(bus: Bus) -> None:
    async with bus.worker({"school": webhook("http://127.0.0.1:1/notices")}):
        await bus.send(bus.notice("a", case_id=watchdog.CASE_ID))
        await bus.until_received((Stage.COPIED, "inbox"))
    assert await bus.reported() == []


async def test_in_an_exercise_a_report_bears_the_moment_of_its_notice(bus: Bus) -> None:
    first = bus.notice("a", exercise="x1")
    async with bus.worker(
        {"school": webhook("http://127.0.0.1:1/notices")},
        policy=with_fallback("desk"),
        fallbacks={"desk": files(folder(bus) / "not mounted")},
    ):
        await bus.send(first, bus.step("next", exercise="x1"))

        async def both_reported() -> bool:
            return await bus.reported() == ["a", "next"]

        await until(both_reported)
    assert {report.at for report in (await bus.reports()).values()} == {first.obligation.since, STEP_AT}


async def test_what_its_plugin_cannot_write_is_in_the_fallback_plainly(bus: Bus) -> None:
    class Broken:
        name = sector = "education"
        contract = 1
        formats = ("text/plain",)

        def render(self, notice: Notice) -> Message:
            raise RuntimeError(CANARIES[0])

    async with bus.worker({}, plugins=Plugins({"broken": offer(adapters=[Broken()])}), policy=with_fallback("desk"), fallbacks=desk(bus)):
        await bus.send(bus.notice("a"))
        await bus.until_received((Stage.FAILED, "plugin_fault"), (Stage.COPIED, "desk"))

    page = json.loads((folder(bus) / f"{bus.prefix}-a.json").read_text())
    assert page["notice"] == f"{bus.prefix}-a"


async def test_a_fallback_that_is_away_is_tried_again_and_meanwhile_the_case_hears_of_every_step_that_reached_nobody(bus: Bus) -> None:
    away = folder(bus) / "not mounted"
    system = System()
    system.status = 422
    async with (
        listening(system) as url,
        bus.worker({"school": webhook(url)}, policy=with_fallback("desk"), fallbacks={"desk": files(away)}),
    ):
        await bus.send(bus.notice("a"), bus.step("next", id=f"{bus.prefix}-o-a"))

        async def both_reported() -> bool:
            return await bus.reported() == ["a", "next"]

        await until(both_reported)
        away.mkdir()
        await bus.until_received((Stage.COPIED, "desk"))
    assert (away / f"{bus.prefix}-a.json").exists()
    assert {report.role for report in (await bus.reports()).values()} == {bus.notice("a").obligation.role, "team_manager"}


async def test_a_policy_that_names_a_fallback_nobody_has_set_up_stops_the_start(bus: Bus) -> None:
    with pytest.raises(PolicyFault, match=r"`night_desk`.*ALERTBUS_FALLBACKS"):
        async with bus.worker({}, policy=with_fallback("night_desk")) as task:
            await task


async def test_what_was_never_tried_is_undelivered_once_it_has_waited_too_long(bus: Bus) -> None:
    """Behind an open circuit, or behind another notice in its lane, nothing is attempted; that must not be silence."""
    book, now = Ledger(bus.engine, timedelta(minutes=5)), datetime.now(UTC)
    await book.record([bus.notice("first"), bus.notice("behind it")], now)
    (first,) = await book.lease("me", now, 10)
    soon, late = now + timedelta(minutes=4), now + timedelta(minutes=5)

    assert await book.claim_undelivered(soon, until=soon) == []
    (stuck,) = await book.claim_undelivered(late, until=late + timedelta(minutes=1))  # the first is out with a worker
    assert (stuck.leased.notice_id, stuck.reason, stuck.known) == (f"{bus.prefix}-behind it", WAITED_TOO_LONG, False)
    assert await book.claim_undelivered(late, until=late) == []  # claimed
    await book.note_copy(stuck, "inbox", late)
    await book.settle([Settlement(first, LedgerState.ACCEPTED)], late)

    states = {row.notice_id: (row.state, row.failed_at, row.fallback) for row in await bus.rows()}
    assert states[f"{bus.prefix}-behind it"] == (LedgerState.FAILED, late, "inbox")
    assert [one.notice_id for one in await book.lease("me", late, 10)] == [f"{bus.prefix}-behind it"]  # still owed to its own channel


async def test_news_that_it_was_delivered_meanwhile_wins(bus: Bus) -> None:
    book, now = Ledger(bus.engine, timedelta(0)), datetime.now(UTC)
    await book.record([bus.notice("a")], now)
    (stuck,) = await book.claim_undelivered(now, until=now)
    await book.settle([Settlement(one, LedgerState.ACCEPTED) for one in await book.lease("me", now, 10)], now)
    await book.note_copy(stuck, None, now, again=now)

    (row,) = await bus.rows()
    assert (row.state, row.fallback_due, row.failed_at) == (LedgerState.ACCEPTED, None, None)
    assert await book.claim_undelivered(now + timedelta(days=1), until=now) == []


def with_fallback(name: str) -> Policy:
    return POLICY.model_copy(update={"fallback": name})


def folder(bus: Bus) -> Path:
    path = Path(str(bus.engine.url.database)).parent / "desk"
    path.mkdir(exist_ok=True)
    return path


def desk(bus: Bus) -> Mapping[str, ChannelSettings]:
    return {"desk": files(folder(bus))}
