"""A doubt from the alert that raises it to the agencies that are told by its decision, on a whole bus and through its commands."""

import asyncio
import json
import os
import subprocess
import sys
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path
from typing import Any

import httpx
import pytest

from alertbus.broker.jars import find_java
from alertbus.run.supervisor import Supervisor
from alertbus.run.temporary import any_port
from alertbus.settings import load_settings

pytestmark = [pytest.mark.kafka, pytest.mark.timeout(300)]

ADDRESS = {"addresses": [{"lines": ["17 Canary Lane"], "postcode": "NN2 2BB"}], "born": "1985-03-09"}
PARTNER = ADDRESS | {"name": {"given": "Mark", "family": "Quagmire"}, "identifiers": [{"system": "pnc", "value": "1995/0004242F"}]}
SAID = ADDRESS | {"name": {"given": "Marc", "family": "Quagmire"}, "identifiers": [{"system": "prison_number", "value": "G7574EC"}]}
CASE = {
    "people": [{"key": "partner"} | PARTNER, {"key": "child"}],
    "children": ["child"],
    "links": [{"person": "partner", "relation": "partner"}, {"person": "child", "relation": "child"}],
    "involvements": [{"agency": "health_visiting"}, {"agency": "childrens_social_care"}],
}
ALERT = {
    "source": "police.northants",
    "occurred_at": "2026-01-05T10:00:00Z",
    "recorded_at": "2026-01-05T11:00:00Z",
    "subjects": [{"person": SAID}],
}


@pytest.fixture(scope="module")
async def bus(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Supervisor]:
    if find_java() is None:
        pytest.skip("no Java 17 or newer: apt-get install default-jre-headless")
    settings = load_settings(data_dir=tmp_path_factory.mktemp("bus"), http_port=any_port("127.0.0.1"), partitions=3, reconcile_s=0)
    supervisor = Supervisor(settings, lambda _: None)
    done, watching = asyncio.Event(), None
    try:
        await supervisor.start()
        watching = asyncio.create_task(supervisor.watch(done))
        yield supervisor
    finally:
        done.set()
        if watching:
            await watching
        await supervisor.stop()


async def command(bus: Supervisor, *words: str) -> str:
    env = os.environ | {"ALERTBUS_DATA_DIR": str(bus.settings.data_dir), "ALERTBUS_HTTP_PORT": str(bus.settings.http_port)}
    run = [sys.executable, "-m", "alertbus", *words]
    done = await asyncio.to_thread(subprocess.run, run, env=env, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout


async def until(holds: Callable[[], Awaitable[Any]]) -> Any:
    """Ask until the answer is yes: what follows from a call goes through four processes."""
    for _ in range(200):
        if found := await holds():
            return found
        await asyncio.sleep(0.1)
    raise AssertionError("it did not come to that within 20 s")


async def test_those_on_the_case_are_told_by_the_decision_and_not_before_and_hear_when_it_is_taken_back(bus: Supervisor) -> None:
    async with httpx.AsyncClient(base_url=bus.url, timeout=30) as http:
        assert (await http.put("/v1/cases/family-1", json=CASE)).status_code == 201
        for kind in ("violent_person_flag", "threat_to_staff"):  # one that stands, and one that does not
            assert (await http.post("/v1/alerts", json=ALERT | {"id": kind, "kind": kind})).status_code == 202

        async def doubts() -> list[str]:
            items = (await http.get("/v1/reviews?reason=unsure_match")).json()["items"]
            return [item["id"] for item in items]

        async def front_door_is_told() -> bool:
            return len((await http.get("/v1/inbox?agency=mash&state=all")).json()["items"]) == 2

        async def told(*states: str) -> bool:
            items = (await http.get("/v1/inbox?agency=health_visiting&state=all")).json()["items"]
            return sorted(item["state"] for item in items) == sorted(states) and len(items) == len(states)

        items = await until(doubts)  # one: the second alert is about the same man
        await until(front_door_is_told)
        assert await told()
        shown = await command(bus, "review", "show", items[0])
        assert "case family-1" in shown
        assert "Mark Quagmire" in shown

        said = await command(bus, "review", "decide", items[0][:12], "same", "a", "--by", "Jo Okafor", "--json")
        assert json.loads(said)["outcome"] == "same"
        await until(lambda: told("accepted", "accepted"))
        await command(bus, "review", "decide", items[0], "reopen", "--by", "Jo Okafor")
        await until(lambda: told("withdrawn", "withdrawn"))
        await command(bus, "review", "decide", items[0], "same", "a", "--by", "Jo Okafor")
        await until(lambda: told("accepted", "accepted"))

    assert "difference   0" in await command(bus, "audit", "reconcile")
    assert "unbroken" in await command(bus, "audit", "verify")


def test_nobodys_name_is_in_the_log_of_any_part(bus: Supervisor) -> None:
    logs = [path.read_text(errors="replace") for path in (Path(bus.settings.data_dir) / "logs").glob("*.log")]

    assert logs
    assert [word for word in ("Quagmire", "1985-03-09", "Canary Lane", "G7574EC") if any(word in text for text in logs)] == []
