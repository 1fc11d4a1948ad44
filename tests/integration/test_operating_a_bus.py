"""A whole bus as whoever operates it sees it: one alert through every stage with its times, and the state of all."""

import asyncio
import itertools
from collections.abc import AsyncIterator
from datetime import datetime
from typing import Any

import httpx
import pytest

from alertbus.broker.jars import find_java
from alertbus.run.supervisor import Supervisor
from alertbus.run.temporary import any_port
from alertbus.settings import load_settings
from tests.integration.test_quarantine import CANARY, tell

pytestmark = pytest.mark.kafka


@pytest.fixture(scope="module")
async def bus(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Supervisor]:
    if find_java() is None:
        pytest.skip("no Java 17 or newer: apt-get install default-jre-headless")
    folder = tmp_path_factory.mktemp("bus")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("ALERTBUS_WATCHDOG_INTERVAL_S", "1")
        patch.setenv("ALERTBUS_RECONCILE_S", "1")
        settings = load_settings(data_dir=folder, http_port=any_port("127.0.0.1"), desk_port=any_port("127.0.0.1"), partitions=4)
        supervisor = Supervisor(settings, lambda _: None)
        try:
            await supervisor.start()
            await tell(supervisor, "ash", "gp")
            yield supervisor
        finally:
            await supervisor.stop()


async def ask(bus: Supervisor, method: str, path: str, **more: Any) -> Any:
    async with httpx.AsyncClient(base_url=bus.url, timeout=30) as client:
        answer = await client.request(method, path, **more)
        return answer.json() if answer.is_success else None


async def test_aud_08_an_alert_is_followed_through_every_stage_with_its_times_in_order(bus: Supervisor) -> None:
    async with asyncio.timeout(60):
        while True:
            found = await ask(bus, "POST", "/v1/operations/followed", json={"reference": "ash-1"})
            if found and found["agencies"] and all(one["accepted_at"] for one in found["agencies"]):
                break
            await asyncio.sleep(0.2)

    one = next(each for each in found["agencies"] if each["agency"] == "gp")
    times = [found["statements"][0], found["on_broker_at"], found["reached_at"], one["decided_at"], one["taken_at"], one["accepted_at"]]
    moments = [datetime.fromisoformat(at) for at in times]
    assert (found["cases"], found["broker_asked"]) == (1, True)
    # The broker's times are whole milliseconds, rounded down, and the bus's own are not.
    assert all((later - before).total_seconds() > -0.002 for before, later in itertools.pairwise(moments)), times
    assert (moments[-1] - moments[0]).total_seconds() < 30
    assert CANARY not in str(found)
    assert "ash" not in str(found)


async def test_a_bus_that_works_says_so_once_it_has_been_watched_and_compared(bus: Supervisor) -> None:
    async with asyncio.timeout(90):
        while True:
            found = await ask(bus, "GET", "/v1/operations/state")
            if not found["troubles"] and found["watchdog_last_arrival_s"] is not None and found["reconcile"]:
                break
            await asyncio.sleep(0.5)

    stages = {one["name"]: one for one in found["stages"]}
    assert found["unknown"] == []
    assert stages["intake"]["came"] >= 1
    assert stages["stream"]["came"] >= stages["intake"]["came"]
    assert found["reconcile"]["difference"] == 0
    assert found["watchdog_last_arrival_s"] < 60
