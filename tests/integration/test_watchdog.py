"""The watchdog on a whole bus: through every part to a real HTTP receiver, and silent when the way is not open."""

import asyncio
import json
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any

import httpx
import pytest

from alertbus.broker.child import stop
from alertbus.broker.jars import find_java
from alertbus.intake.watchdog_rounds import REMEMBERED
from alertbus.operations.progress import pending
from alertbus.reconcile.full import reconcile
from alertbus.run.bootstrap import wired
from alertbus.run.supervisor import Supervisor
from alertbus.run.temporary import any_port
from alertbus.settings import load_settings

pytestmark = pytest.mark.kafka

EVERY_S = 1
SECRET = "canary-4f3a9c"


class Switch:
    """A dead man's switch: remembers each call whole, and answers with `status`."""

    def __init__(self) -> None:
        self.calls: list[bytes] = []
        self.status = 200
        self.url = ""

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.calls.append(await reader.readuntil(b"\r\n\r\n"))
        writer.write(f"HTTP/1.1 {self.status} Said\r\ncontent-length: 0\r\nconnection: close\r\n\r\n".encode())
        writer.close()

    async def called_again(self) -> bytes:
        """The next call from now on."""
        count = len(self.calls)
        await until(lambda: _true(len(self.calls) > count))
        return self.calls[-1]


async def _true(value: bool) -> bool:
    return value


@pytest.fixture(scope="module")
async def switch() -> AsyncIterator[Switch]:
    switch = Switch()
    server = await asyncio.start_server(switch.serve, "127.0.0.1", 0)
    switch.url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}/{SECRET}"
    yield switch
    server.close()


@pytest.fixture(scope="module")
async def bus(switch: Switch, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Supervisor]:
    if find_java() is None:
        pytest.skip("no Java 17 or newer: apt-get install default-jre-headless")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("ALERTBUS_DEADMAN_URL", switch.url)
        settings = load_settings(
            data_dir=tmp_path_factory.mktemp("bus"), http_port=any_port("127.0.0.1"), partitions=4, watchdog_interval_s=EVERY_S
        )
        supervisor = Supervisor(settings, lambda _: None)
        try:
            await supervisor.start()
            yield supervisor
        finally:
            await supervisor.stop()


async def until(condition: Callable[[], Awaitable[Any]], limit_s: float = 90.0) -> Any:
    async with asyncio.timeout(limit_s):
        while not (found := await condition()):  # noqa: ASYNC110  it is in another process
            await asyncio.sleep(0.05)
    return found


async def get(bus: Supervisor, path: str, **query: str) -> httpx.Response:
    async with httpx.AsyncClient(base_url=bus.url, timeout=30) as client:
        return await client.get(path, params=query)


async def metric(bus: Supervisor, name: str) -> float:
    lines = (await get(bus, "/metrics")).text.splitlines()
    return next(float(line.split()[-1]) for line in lines if line.startswith(name))


async def count(bus: Supervisor, of: str) -> int:
    async with wired(bus.settings) as wiring, wiring.engine.reading() as connection:
        return int((await connection.exec_driver_sql(f"SELECT COUNT(*) FROM {of}")).scalar_one())


async def test_an_alert_goes_the_whole_way_in_every_interval_and_the_switch_is_called_with_nothing_but_its_address(
    bus: Supervisor, switch: Switch
) -> None:
    await switch.called_again()
    call = await switch.called_again()

    head = call.decode().split("\r\n")
    assert head[0] == f"GET /{SECRET} HTTP/1.1"
    assert {line.partition(":")[0].lower() for line in head[1:] if line} <= {
        "host",
        "accept",
        "accept-encoding",
        "connection",
        "user-agent",
    }
    answer = (await get(bus, "/-/progress")).json()
    assert answer["watchdog"]["interval_s"] == EVERY_S
    assert answer["watchdog"]["last_arrival_s"] < 30
    assert await metric(bus, "alertbus_watchdog_last_arrival_age_seconds") < 30
    assert await metric(bus, "alertbus_watchdog_interval_seconds") == EVERY_S


async def test_a_year_of_it_takes_no_more_room_than_a_minute_and_nobody_else_sees_it(bus: Supervisor, switch: Switch) -> None:
    for _ in range(5):
        await switch.called_again()

    assert await count(bus, "ledger") <= 3, "the latest, and what is on its way"
    assert await count(bus, "gateway_accepted") <= REMEMBERED + 2
    assert await count(bus, "watchdog_arrival") == 1
    for table in ("alert", "alert_case", "case_version", "notice", "receipt", "obligation", "review", "unreadable"):
        assert await count(bus, f"chronicle_{table}") == 0, table
    assert await count(bus, "inbox_message") == 0
    assert (await get(bus, "/v1/inbox")).json()["items"] == []
    assert (await get(bus, "/-/progress")).json()["chronicle"]["alerts"] == 0
    async with wired(bus.settings) as wiring:
        assert (await reconcile(wiring.bootstrap, wiring.engine, wiring.policy)).difference == 0


async def test_a_switch_that_fails_or_is_not_there_disturbs_nothing_and_its_address_is_in_no_log(bus: Supervisor, switch: Switch) -> None:
    switch.status = 500
    await switch.called_again()
    await switch.called_again()
    switch.status = 200

    assert await count(bus, "ledger WHERE state IN ('failed', 'refused')") == 0
    logs = [path.read_text(encoding="utf-8") for path in (bus.settings.data_dir / "logs").glob("*.log")]
    assert any("did not take the call" in text for text in logs)
    assert all(SECRET not in text for text in logs)


async def test_while_delivery_is_stopped_the_switch_is_not_called_and_afterwards_it_is(bus: Supervisor, switch: Switch) -> None:
    delivery = next(child for child in bus.children if child.name == "delivery")
    await stop(delivery.process, 15)
    calls = len(switch.calls)
    before = (await get(bus, "/-/progress")).json()["watchdog"]["last_arrival_s"]

    async def three_wait() -> bool:
        return (await pending(bus.bootstrap))["alertbus-delivery"].pending >= 3

    await until(three_wait)

    assert len(switch.calls) == calls
    assert (await get(bus, "/-/progress")).json()["watchdog"]["last_arrival_s"] > before
    await until(lambda: stalled(bus))
    await bus._look()
    await switch.called_again()


async def stalled(bus: Supervisor) -> bool:
    return bool((await get(bus, "/-/progress")).json()["stalled"])


async def test_nobody_else_may_state_what_is_the_watchdogs_own(bus: Supervisor) -> None:
    alert = {
        "id": "1",
        "source": "police.northants",
        "kind": "other",
        "exercise": "alertbus-watchdog",
        "occurred_at": "2026-11-18T14:05:00Z",
        "recorded_at": "2026-11-18T15:00:00Z",
        "subjects": [{"person": {"key": "watchdog"}}],
    }
    async with httpx.AsyncClient(base_url=bus.url, timeout=30) as client:
        said = [
            await client.post("/v1/alerts", json=alert),
            await client.put("/v1/cases/alertbus-watchdog", json={"id": "alertbus-watchdog"}),
            await client.put("/v1/cases/ash", json={"id": "ash", "exercise": "alertbus-watchdog"}),
        ]

    assert [answer.status_code for answer in said] == [422, 422, 422]
    assert [json.loads(answer.text)["faults"][0]["code"] for answer in said] == ["reserved"] * 3
