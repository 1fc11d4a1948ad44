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


async def test_not_17_words_that_name_another_family_wait_and_go_out_by_a_decision_that_a_rebuild_and_a_reconciliation_agree_with(
    bus: Supervisor,
) -> None:
    """Through every part: the gateway, the stages, delivery, the chronicle, the commands."""
    shared = {"key": "man", "identifiers": [{"system": "crn", "value": "X123456"}]}
    mothers = {"words-a": {"given": "Wrenna", "family": "Quagmire-Moss"}, "words-b": {"given": "Anna", "family": "Muster"}}
    text = "He goes on about Wrenna Quagmire-Moss."
    async with httpx.AsyncClient(base_url=bus.url, timeout=30) as http:
        for case_id, name in mothers.items():
            case = {
                "people": [shared, {"key": "mother", "name": name}],
                "links": [{"person": "man", "relation": "partner"}, {"person": "mother", "relation": "mother"}],
                "involvements": [{"agency": "school_nursing"}, {"agency": "childrens_social_care"}],
            }
            assert (await http.put(f"/v1/cases/{case_id}", json=case)).status_code == 201
        alert = ALERT | {"id": "words", "kind": "ppn", "narrative": [{"text": text}]}
        alert |= {"subjects": [{"person": {"identifiers": shared["identifiers"]}}]}
        assert (await http.post("/v1/alerts", json=alert)).status_code == 202

        async def told() -> dict[str, list[str]]:
            items = (await http.get("/v1/inbox?agency=school_nursing&state=all")).json()["items"]
            return {i["obligation"]["case_id"]: [p["text"] for p in i["notice"].get("narrative", ())] for i in items}

        async def both_are_told() -> bool:
            return await told() == {"words-a": [text], "words-b": []}

        async def waiting() -> list[dict[str, Any]]:
            return list((await http.get("/v1/reviews?reason=words_held")).json()["items"])

        await until(both_are_told)
        (item,) = await until(waiting)
        assert "Wrenna" not in json.dumps(item)
        shown = await command(bus, "review", "show", item["id"])
        assert text in shown
        assert "name" in shown
        assert text not in (await http.get("/v1/cases/words-b/chronology")).text
        for _ in range(2):
            await command(bus, "review", "decide", item["id"], "release", "--by", "Jo Okafor")

        async def released() -> bool:
            return await told() == {"words-a": [text], "words-b": [text]}

        await until(released)
        assert text in (await http.get("/v1/cases/words-b/chronology")).text

    assert "difference   0" in await command(bus, "audit", "reconcile")
    assert "difference   0" in await command(bus, "audit", "reconcile", "--full")
    assert "unbroken" in await command(bus, "audit", "verify")


def test_nobodys_name_is_in_the_log_of_any_part(bus: Supervisor) -> None:
    logs = [path.read_text(errors="replace") for path in (Path(bus.settings.data_dir) / "logs").glob("*.log")]

    assert logs
    assert [word for word in ("Quagmire", "1985-03-09", "Canary Lane", "G7574EC") if any(word in text for text in logs)] == []
