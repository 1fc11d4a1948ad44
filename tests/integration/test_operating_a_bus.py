"""A whole bus as whoever operates it sees it: one alert through every stage with its times, and the state of all."""

import asyncio
import itertools
import json
import shutil
from collections.abc import AsyncIterator
from datetime import datetime
from pathlib import Path
from typing import Any

import httpx
import pytest

from alertbus.broker.jars import find_java
from alertbus.run.supervisor import Supervisor
from alertbus.run.temporary import any_port
from alertbus.settings import load_settings
from tests.contract.test_dashboards import DEPLOY, RULES, expressions
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


async def test_aud_08_ooh_04_an_alert_is_followed_through_every_stage_with_its_times_in_order(bus: Supervisor) -> None:
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


# --- a real Prometheus -------------------------------------------------------------------------------------------------


@pytest.fixture
async def prometheus(bus: Supervisor, tmp_path: Path) -> AsyncIterator[httpx.AsyncClient]:
    """A Prometheus that scrapes the bus every second and has loaded our rules."""
    binary = shutil.which("prometheus")
    if binary is None:
        pytest.skip("no Prometheus: apt-get install prometheus")
    port, target = any_port("127.0.0.1"), bus.url.removeprefix("http://")
    scrape = {"job_name": "alertbus", "static_configs": [{"targets": [target]}]}
    (tmp_path / "prometheus.yml").write_text(
        json.dumps(
            {"global": {"scrape_interval": "1s", "evaluation_interval": "1s"}, "rule_files": [str(RULES)], "scrape_configs": [scrape]}
        )
    )
    words = (f"--config.file={tmp_path}/prometheus.yml", f"--storage.tsdb.path={tmp_path}/data", f"--web.listen-address=127.0.0.1:{port}")
    process = await asyncio.create_subprocess_exec(binary, *words, stdout=asyncio.subprocess.DEVNULL, stderr=asyncio.subprocess.DEVNULL)
    try:
        async with httpx.AsyncClient(base_url=f"http://127.0.0.1:{port}", timeout=20) as client:
            yield client
    finally:
        process.terminate()
        await process.wait()


async def query(prometheus: httpx.AsyncClient, expression: str) -> list[dict[str, Any]]:
    answer = await prometheus.get("/api/v1/query", params={"query": expression})
    assert answer.status_code == 200, (expression, answer.text)
    found: list[dict[str, Any]] = answer.json()["data"]["result"]
    return found


async def test_a_prometheus_that_scrapes_a_bus_answers_every_expression_of_every_dashboard_and_rule(
    bus: Supervisor, prometheus: httpx.AsyncClient
) -> None:
    async with asyncio.timeout(60):
        while True:
            try:
                if len(await query(prometheus, "alertbus_reconcile_difference[10s]")) and await query(
                    prometheus, "rate(alertbus_alerts_total[5m])"
                ):
                    break
            except httpx.TransportError:  # it is not up yet
                pass
            await asyncio.sleep(0.5)

    empty = {where for where, expression, _ in expressions() if not where.startswith("rule ") and not await query(prometheus, expression)}
    rules = (await prometheus.get("/api/v1/rules")).json()["data"]["groups"]
    written = (DEPLOY / "prometheus" / "alertbus.rules.yml").read_text(encoding="utf-8")

    # On a bus that works and is told of one alert there is nothing of these, and none of them may stand as a number that is not known.
    assert empty <= {
        "alertbus-on-call: Raw messages a second",
        "alertbus-on-call: Messages ignored",
        "alertbus-delivery: On their way, by agency",
        "alertbus-delivery: Cannot be delivered, by agency",
        "alertbus-delivery: Undelivered obligations, by agency and reason",
        "alertbus-delivery: Undelivered obligations, by reason",
        "alertbus-clocks: Owned by nobody, by agency",
        "alertbus-delivery: Left alone, by agency",
        "alertbus-delivery: Nudges that something waits at the desk",
        "alertbus-delivery: Plugins: dropped, and set aside",
    }
    assert [(rule["name"], rule["health"]) for group in rules for rule in group["rules"]] == [
        (line.split(": ")[1], "ok") for line in written.splitlines() if line.strip().startswith("- alert:")
    ]
