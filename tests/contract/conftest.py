"""A whole gateway in the test's own process: real HTTP framing, real Kafka, a database of its own, and a clock that is set."""

import contextlib
import io
import json
import logging
from collections.abc import AsyncIterator, Callable, Iterator, Mapping, Sequence
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest
import structlog

from alertbus import logs
from alertbus.broker.consumer import read_all
from alertbus.broker.envelope import Envelope, decode
from alertbus.broker.producer import Producer
from alertbus.broker.record import Received
from alertbus.broker.topics import ensure_topics
from alertbus.caller_settings import CallerSettings
from alertbus.chronicle import projector, tables  # noqa: F401  the tables stand in `metadata` once they are imported
from alertbus.directory import tables as _directory  # noqa: F401
from alertbus.gateway import context
from alertbus.gateway.app import create_app
from alertbus.model.alert import Alert
from alertbus.model.notice import Notice
from alertbus.plugin import Ignored, Message, ReceiptGiven, Stage, UnreadableMessage, hookimpl
from alertbus.plugin.manager import Plugins
from alertbus.policy.load import load_policy
from alertbus.settings import Settings
from alertbus.sql.engine import make_engine, metadata
from alertbus.staff import tables as _staff  # noqa: F401
from tests.misdeeds import MISDEEDS


class Ticking:
    """A clock that goes forward by a millisecond whenever it is read."""

    def __init__(self) -> None:
        self.at = datetime(2026, 11, 23, 9, 0, tzinfo=UTC)

    def __call__(self) -> datetime:
        self.at += timedelta(milliseconds=1)
        return self.at


class Plain:
    """A source whose messages are JSON lists of alerts; `ignore`, `unreadable`, `break` and what `MISDEEDS` names do what they say."""

    name = "plain-source"

    def parse(self, raw: bytes, headers: Any) -> list[Alert] | Ignored:
        if raw == b"ignore":
            return Ignored("rule 1: nothing about a person")
        if raw == b"news to us":
            return Ignored("not yet known: no rule for this event type")
        if raw == b"unreadable":
            raise UnreadableMessage(("MessageAttributes.eventType", "a known event type"))
        if raw.startswith(b"break"):
            raise {b"break off": KeyboardInterrupt, b"break out": SystemExit, b"break up": GeneratorExit}.get(raw, RuntimeError)(
                raw.decode()
            )
        if (misdeed := MISDEEDS.get(raw.partition(b":")[0])) is not None:
            return misdeed(raw)
        try:
            found = json.loads(raw)
        except ValueError:
            found = None
        if not isinstance(found, list):
            raise UnreadableMessage(("$", "a JSON list of alerts"))
        return [Alert.model_validate(one) for one in found]


class System:
    """An agency's system that acknowledges with `key;stage;by`."""

    name = "systems"
    sector = "health"
    contract = 1
    formats = ("text/plain",)

    def render(self, notice: Notice) -> Message:
        return Message(media_type="text/plain", body=notice.title.encode())

    def parse_receipt(self, raw: bytes) -> ReceiptGiven:
        if raw.startswith(b"break"):
            raise {b"break off": KeyboardInterrupt, b"break out": SystemExit}.get(raw, RuntimeError)(raw.decode())
        if raw.count(b";") != 2:
            raise UnreadableMessage(("", "key;stage;by"))
        key, stage, by = raw.decode().split(";")
        return ReceiptGiven(idempotency_key=key, stage=Stage(stage), by=by or None, intent="acting" if by else None)


class Testing:
    __test__ = False

    @hookimpl
    def alertbus_sources(self) -> list[Any]:
        return [Plain()]

    @hookimpl
    def alertbus_adapters(self) -> list[Any]:
        return [System()]


@dataclass
class ServedGateway:
    inside: context.Gateway
    http: httpx.AsyncClient
    bootstrap: str

    async def records(self, topic: str, key: str) -> list[Envelope]:
        """What stands on the topic under the key, in order."""
        records: list[Received] = [r async for r in read_all(self.bootstrap, [topic])]
        return [decode(r.headers, r.key, r.value) for r in records if r.key == key.encode()]

    async def reviews(self, key: str) -> list[dict[str, Any]]:
        return [json.loads(envelope.data) for envelope in await self.records("alertbus.review", key)]

    async def projected(self, *topics: str) -> None:
        """Let the chronicle read what stands on the topics: in a test nobody else does."""
        records = [r async for r in read_all(self.bootstrap, topics)]
        starts = {(r.topic, r.partition) for r in records}
        async with self.inside.engine.begin() as connection:
            await projector.apply(connection, projector.read(records), starts=starts)


Open = Callable[..., AbstractAsyncContextManager[ServedGateway]]


@pytest.fixture
def open_gateway(tmp_path: Path) -> Open:
    """Give `async with open_gateway(bootstrap, callers=..., limit_s=...) as gateway`."""

    @contextlib.asynccontextmanager
    async def opened(
        bootstrap: str,
        *,
        callers: Sequence[CallerSettings] = (),
        limit_s: float = 5.0,
        database_url: str | None = None,
        now: Callable[[], datetime] | None = None,
        installed: Mapping[str, object] | None = None,
        plugins: Plugins | None = None,
    ) -> AsyncIterator[ServedGateway]:
        await ensure_topics(bootstrap)
        key = tmp_path / "the-key"  # the same for every gateway: they share the broker's chains
        key.touch(mode=0o600)
        key.write_text("a1" * 32)
        settings = Settings(data_dir=tmp_path, callers=tuple(callers), database_url=database_url, audit_key_file=key)
        engine = make_engine(settings.sqlalchemy_url)
        async with engine.begin() as connection:
            await connection.run_sync(metadata.create_all)
        producer = Producer(bootstrap)
        await producer.start()
        used = plugins or Plugins(installed or {"testing": Testing()})
        policy = load_policy(additions=used.additions)
        inside = context.Gateway(settings, bootstrap, engine, producer, used, policy, now or Ticking(), limit_s)
        app = create_app(inside)
        transport = httpx.ASGITransport(app, raise_app_exceptions=False)
        try:
            async with (
                app.router.lifespan_context(app),
                httpx.AsyncClient(transport=transport, base_url="http://localhost", timeout=60) as http,
            ):
                yield ServedGateway(inside, http, bootstrap)
        finally:
            await producer.stop()
            await engine.dispose()

    return opened


@pytest.fixture
async def gateway(kafka: str, open_gateway: Open) -> AsyncIterator[ServedGateway]:
    async with open_gateway(kafka) as opened:
        yield opened


@pytest.fixture
def log_text() -> Iterator[io.StringIO]:
    """Everything this process logs, at the lowest level, as it would stand in the log."""
    stream = io.StringIO()
    before = logging.getLogger().handlers[:], logging.getLogger().level
    logs.configure("json", "DEBUG", "gateway", stream=stream)
    yield stream
    logging.getLogger().handlers[:], level = before
    logging.getLogger().setLevel(level)
    structlog.reset_defaults()
