"""Somebody is away, their cover answers, and they get back what was done: on a whole bus, by its commands (TUR-05, TUR-06, TUR-15)."""

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
from alertbus.delivery.ledger.tables import inbox_message
from alertbus.model.team import worker_ref
from alertbus.run.supervisor import Supervisor
from alertbus.run.temporary import any_port
from alertbus.settings import load_settings
from alertbus.sql.engine import make_engine

pytestmark = [pytest.mark.kafka, pytest.mark.timeout(400)]

AGENCY, TEAM = "health_visiting", "health_visiting.north"
ADA, JO = "Kanarienvogel Obi", "Jo Goldammer"
CASE = {
    "people": [{"key": "partner", "identifiers": [{"system": "pnc", "value": "1995/0004242F"}]}, {"key": "child"}],
    "children": ["child"],
    "links": [{"person": "partner", "relation": "partner"}, {"person": "child", "relation": "child"}],
    "involvements": [
        {"agency": AGENCY, "from": "2026-01-01"},
        {"agency": AGENCY, "level": "worker", "worker": ADA, "role": "health visitor", "from": "2026-01-01"},
        {"agency": "gp", "from": "2026-01-01"},
    ],
}


@pytest.fixture(params=["sqlite", "postgres"])
def database(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    if request.param == "postgres":
        monkeypatch.setenv("ALERTBUS_DATABASE_URL", request.getfixturevalue("postgres_database"))


@pytest.fixture
async def bus(database: None, tmp_path: Path) -> AsyncIterator[Supervisor]:
    if find_java() is None:
        pytest.skip("no Java 17 or newer: apt-get install default-jre-headless")
    settings = load_settings(data_dir=tmp_path / "bus", http_port=any_port("127.0.0.1"), partitions=3, reconcile_s=0)
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


async def command(bus: Supervisor, *words: str, code: int = 0) -> str:
    env = os.environ | {"ALERTBUS_DATA_DIR": str(bus.settings.data_dir), "ALERTBUS_HTTP_PORT": str(bus.settings.http_port)}
    run = [sys.executable, "-m", "alertbus", *words]
    done = await asyncio.to_thread(subprocess.run, run, env=env, capture_output=True, text=True, check=False)
    assert done.returncode == code, done.stdout + done.stderr
    return done.stdout + done.stderr


async def until(holds: Callable[[], Awaitable[Any]]) -> Any:
    for _ in range(300):
        if found := await holds():
            return found
        await asyncio.sleep(0.1)
    raise AssertionError("it did not come to that within 30 s")


class Day:
    """A day at the agency, through its API and its commands."""

    def __init__(self, bus: Supervisor, http: httpx.AsyncClient) -> None:
        self.bus, self.http, self.sent = bus, http, 0

    async def alert(self) -> str:
        self.sent += 1
        at = "2026-11-28T10:00:00Z"
        subject = {"person": {"identifiers": CASE["people"][0]["identifiers"]}}  # type: ignore[index]
        said = {"id": f"a-{self.sent}", "source": "police.northants", "kind": "threat_to_staff", "occurred_at": at, "recorded_at": at}
        answer = await self.http.post("/v1/alerts", json=said | {"subjects": [subject]})
        assert answer.status_code == 202, answer.text
        return str(answer.json()["id"])

    async def inbox(self, name: str | None, **more: str) -> list[dict[str, Any]]:
        who = {"worker": worker_ref(AGENCY, name)} if name else {}
        answer = await self.http.get("/v1/inbox", params={"agency": AGENCY, "state": "open", **who, **more})
        assert answer.status_code == 200, answer.text
        items: list[dict[str, Any]] = answer.json()["items"]
        return items

    async def message_of(self, alert_id: str) -> dict[str, Any]:
        """What the agency's system received about an alert, once it has."""

        async def received() -> bytes | None:
            engine = make_engine(self.bus.settings.sqlalchemy_url)
            query = inbox_message.select().where(inbox_message.c.agency == AGENCY, inbox_message.c.alert_id == alert_id)
            try:
                row = await engine.read(lambda connection: connection.execute(query).first())
            finally:
                await engine.dispose()
            return None if row is None else bytes(row.body)

        found: dict[str, Any] = json.loads(await until(received))
        return found


async def test_tur_05_the_cover_answers_for_whoever_is_away_and_hands_it_back_with_a_list(bus: Supervisor, tmp_path: Path) -> None:
    async with httpx.AsyncClient(base_url=bus.url, timeout=30) as http:
        day = Day(bus, http)
        assert (await http.put("/v1/cases/family-1", json=CASE)).status_code == 201
        first = await day.alert()
        before = await day.message_of(first)
        assert "Who answers" not in json.dumps(before), "without teams a message is as it always was"

        people = [{"name": ADA, "roles": ["health_visitor"]}, {"name": JO, "roles": ["health_visitor"]}]
        file = tmp_path / "teams.json"
        file.write_text(json.dumps([{"id": TEAM, "name": "North team", "members": people}]))
        assert "1" in await command(bus, "teams", "import", str(file))
        assert f"{ADA} answers (named on the case)" in await command(bus, "teams", "who", "--agency", AGENCY, "--worker", ADA)
        assert "NOBODY answers for health visiting" in await command(bus, "teams", "who", "--agency", AGENCY, code=1)
        assert "nobody answers what comes in" in await command(bus, "teams", "show", TEAM)
        assert "nobody answers, or nobody covers, at times: health_visiting.north" in await command(bus, "doctor", code=1), (
            "1: this broker asks nobody for rights"
        )
        assert [len(await day.inbox(name)) for name in (ADA, JO, None)] == [1, 0, 1]

        await command(bus, "teams", "absent", ADA, "--team", TEAM, "--cover", JO)
        assert [len(await day.inbox(name)) for name in (ADA, JO, None)] == [0, 1, 1], "what is open of hers is the cover's at once"

        async def names_the_cover() -> str | None:
            """Sending learns of the absence within two seconds: one of the alerts sent meanwhile is the first that it counts for."""
            alert_id = await day.alert()
            return alert_id if JO in json.dumps(await day.message_of(alert_id), ensure_ascii=False) else None

        told = json.dumps(await day.message_of(await until(names_the_cover)), ensure_ascii=False)
        assert f"For: {JO}" in told
        assert f"{ADA} (named on the case) is absent, until when is not said; covered by {JO}" in told

        async def all_are_hers() -> list[dict[str, Any]]:
            found = await day.inbox(JO)
            return found if len(found) == day.sent else []

        mine = await until(all_are_hers)
        listed = json.loads(await command(bus, "inbox", "--agency", AGENCY, "--worker", JO, "--json"))
        assert [item["id"] for item in listed] == [item["id"] for item in mine]
        await command(bus, "answer", mine[0]["id"], "--by", JO, "--intent", "acting", "--note", "Rung the family.", "--agency", AGENCY)

        async def answered() -> bool:
            return len(await day.inbox(JO)) == day.sent - 1

        await until(answered)
        listed = json.loads(await command(bus, "teams", "returned", ADA, "--team", TEAM, "--json"))
        assert [(item["id"], item["acknowledged_by"]) for item in listed["items"]] == [(mine[0]["id"], JO)]
        assert [len(await day.inbox(name)) for name in (ADA, JO)] == [day.sent - 1, 0], "what is still open is hers again"
        assert JO in await command(bus, "teams", "returned", ADA, "--team", TEAM), "the list can be asked for again"

    logs = "".join(path.read_text(errors="replace") for path in (bus.settings.data_dir / "logs").glob("*"))
    assert logs
    assert [name for name in ("Kanarienvogel", "Goldammer") if name in logs] == []
