"""When the outside dead man's switch is told that all is well: a real HTTP server, a real SQLite, and what the chronicle holds."""

import asyncio
from collections.abc import AsyncIterator, Callable
from datetime import datetime, timedelta
from pathlib import Path

import aiohttp
import pytest
import structlog
from sqlalchemy import select

from alertbus.chronicle.item_numbers import unowned_too_long
from alertbus.chronicle.projector import apply, read
from alertbus.delivery.channels.deadman import DeadmanChannel, DeadmanSwitch
from alertbus.delivery.ledger.shared_transactions import SharedTransactions
from alertbus.delivery.ledger.tables import watchdog_arrival
from alertbus.delivery.outcome import ACCEPTED
from alertbus.model import watchdog
from alertbus.model.errors import DatabaseUnavailable
from alertbus.model.notice import Message
from alertbus.sql.database import Database
from alertbus.sql.engine import make_engine, metadata
from tests.story import POLICY, Log, hours, unowned

SECRET = "canary-7d2e"
GRACE = timedelta(minutes=15)


class Service:
    """An outside service: the paths that were called."""

    def __init__(self) -> None:
        self.called: list[str] = []
        self.url = ""

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head = await reader.readuntil(b"\r\n\r\n")
        self.called.append(head.split(b" ")[1].decode())
        writer.write(b"HTTP/1.1 200 OK\r\ncontent-length: 0\r\nconnection: close\r\n\r\n")
        writer.close()


@pytest.fixture
async def service() -> AsyncIterator[Service]:
    service = Service()
    server = await asyncio.start_server(service.serve, "127.0.0.1", 0)
    service.url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}/{SECRET}"
    yield service
    server.close()


@pytest.fixture
async def engine(tmp_path: Path) -> AsyncIterator[Database]:
    engine = make_engine(f"sqlite:///{tmp_path}/bus.db")
    async with engine.begin() as connection:
        await connection.run_sync(metadata.create_all)
    yield engine
    await engine.dispose()


async def arrives(engine: Database, service: Service, now: datetime, *, fails_at: bool = True) -> list[str]:
    """A watchdog alert arrives at this moment: give the paths that were called, without the secret."""
    service.called.clear()
    fail_url = f"{service.url}/fail" if fails_at else None
    switch = DeadmanSwitch(service.url, fail_url, lambda: unowned_too_long(engine, POLICY, now))
    await _send(engine, switch, lambda: now)
    return [path.removeprefix(f"/{SECRET}") for path in service.called]


async def _send(engine: Database, switch: DeadmanSwitch, now: Callable[[], datetime]) -> None:
    message = Message(media_type="application/json", body=b"{}", idempotency_key=now().isoformat())
    async with aiohttp.ClientSession() as session:
        channel = DeadmanChannel(SharedTransactions(engine, 1), now, session, switch)
        assert await channel.send(message, watchdog.AGENCY) == ACCEPTED


async def told(engine: Database, log: Log) -> None:
    async with engine.begin() as connection:
        await apply(connection, read(log.records))


async def test_the_switch_is_told_that_all_is_well_until_something_has_lain_unowned_for_longer_than_the_policy_allows(
    engine: Database, service: Service
) -> None:
    log = Log()
    assert POLICY.escalation.unowned_within.after(hours(30), frozenset()) == hours(30) + GRACE
    assert await arrives(engine, service, hours(30)) == [""]
    log.item(unowned("one", hours(30)))
    await told(engine, log)

    assert await arrives(engine, service, hours(30) + GRACE - timedelta(seconds=1)) == [""]
    assert await arrives(engine, service, hours(30) + GRACE) == ["/fail"]
    assert await arrives(engine, service, hours(90)) == ["/fail"], "for as long as it takes"

    log.item(unowned("one", hours(91), unowned=False, closed_at=hours(91), closed_by="receipt"))
    await told(engine, log)
    assert await arrives(engine, service, hours(92)) == [""]


async def test_a_switch_that_knows_no_failures_fires_because_it_hears_nothing(engine: Database, service: Service) -> None:
    log = Log()
    log.item(unowned("one", hours(30)))
    await told(engine, log)

    assert await arrives(engine, service, hours(40), fails_at=False) == []
    async with engine.reading() as connection:
        noted = (await connection.execute(select(watchdog_arrival.c.arrived_at))).scalar_one()
    assert noted == hours(40), "and the way is still seen to be open"


async def test_what_nobody_owns_in_an_exercise_wakes_nobody(engine: Database, service: Service) -> None:
    log = Log()
    log.item(unowned("one", hours(30), exercise="drill"))
    await told(engine, log)

    assert await arrives(engine, service, hours(90)) == [""]


async def test_where_it_is_not_known_whether_something_lies_unowned_nobody_is_told_that_all_is_well(
    engine: Database, service: Service
) -> None:
    async def unknown() -> bool:
        raise DatabaseUnavailable("postgresql://canary")

    with structlog.testing.capture_logs() as logs:
        await _send(engine, DeadmanSwitch(service.url, f"{service.url}/fail", unknown), lambda: hours(1))

    assert service.called == []
    assert [entry["code"] for entry in logs] == ["database_unavailable"]
    assert "canary" not in str(logs)


async def test_the_log_says_what_is_to_be_done_and_neither_the_address_nor_whose_it_is(engine: Database, service: Service) -> None:
    log = Log()
    log.item(unowned("one", hours(30)))
    await told(engine, log)

    with structlog.testing.capture_logs() as logs:
        await arrives(engine, service, hours(40))

    assert "unowned.md" in str(logs)
    assert SECRET not in str(logs)
    assert "health_visit" not in str(logs)
