"""Everything but Kafka is lost, and one command brings it back: real bus, real broker, a real receiver, both databases."""

import asyncio
import contextlib
import json
import os
import shutil
import subprocess
import sys
from collections.abc import AsyncIterator, Awaitable, Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest
from sqlalchemy import Table, select, text
from standardwebhooks import Webhook

from alertbus.broker.jars import find_java
from alertbus.chronicle.tables import count
from alertbus.delivery.ledger.tables import ledger
from alertbus.rebuild.plan import TABLES
from alertbus.run.supervisor import Supervisor
from alertbus.run.temporary import any_port
from alertbus.settings import Settings, load_settings
from alertbus.sql.engine import make_engine

pytestmark = [pytest.mark.kafka, pytest.mark.timeout(600)]

SECRET = "whsec_" + "c2FmZWd1YXJkaW5nLXNhZmVndWFyZGluZy0xMjM0"
T0 = "2026-02-01T10:00:00Z"

NOT_KEPT = {
    "ledger": {"seq", "attempts", "next_attempt_at", "recorded_at", "escalated_at"},
    "inbox_message": {"received_at"},
    "directory_version": {"version"},
    "directory_mention": {"said_at", "heard_at"},
    "chronicle_obligation": {"changed"},
}
"""What Kafka does not hold: the delivery's own counting and clock; in what order the chronicle changed; how often the directory changed
where nobody had been decided; and when a case said last what it had said before, on which nothing hangs (of alerts `test_restore` compares
both)."""


COMPARED = {"ledger": (ledger.c.state != "waiting",), "chronicle_count": (count.c.number != 0,)}
"""What is left out: notices that wait, and counts of nothing."""


async def until(condition: Callable[[], Awaitable[Any]], limit_s: float = 90.0) -> Any:
    async with asyncio.timeout(limit_s):
        while not (found := await condition()):  # noqa: ASYNC110  it is in Kafka or in a database
            await asyncio.sleep(0.1)
    return found


class Receiver:
    """An agency's system: checks each signature and remembers each message's key."""

    def __init__(self, answer: bytes) -> None:
        self.keys: list[str] = []
        self._answer = answer

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with contextlib.suppress(asyncio.IncompleteReadError, ConnectionError):
            while True:
                lines = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1").split("\r\n")[1:]
                headers = {k.lower(): v for k, _, v in (line.partition(": ") for line in lines if line)}
                body = await reader.readexactly(int(headers["content-length"]))
                Webhook(SECRET).verify(body, headers, json_parse=False)
                self.keys.append(headers["webhook-id"])
                writer.write(b"HTTP/1.1 " + self._answer + b"\r\ncontent-length: 0\r\n\r\n")
                await writer.drain()
        writer.close()


@contextlib.asynccontextmanager
async def listening(port: int, answer: bytes = b"200 OK") -> AsyncIterator[Receiver]:
    receiver = Receiver(answer)
    server = await asyncio.start_server(receiver.serve, "127.0.0.1", port)
    try:
        yield receiver
    finally:
        server.close()


@contextlib.asynccontextmanager
async def running(settings: Settings) -> AsyncIterator[httpx.AsyncClient]:
    supervisor = Supervisor(settings, lambda _: None)
    done = asyncio.Event()
    watching: asyncio.Task[None] | None = None
    try:
        await supervisor.start()
        watching = asyncio.create_task(supervisor.watch(done))
        async with httpx.AsyncClient(base_url=supervisor.url, timeout=30) as client:
            yield client
    finally:
        done.set()
        if watching is not None:
            await watching
        await supervisor.stop()


def environment(settings: Settings) -> dict[str, str]:
    return os.environ | {
        "ALERTBUS_DATA_DIR": str(settings.data_dir),
        "ALERTBUS_HTTP_PORT": str(settings.http_port),
        "COLUMNS": "200",
    }


async def command(settings: Settings, *words: str) -> tuple[int, str, str]:
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "alertbus", *words, env=environment(settings), stdout=subprocess.PIPE, stderr=subprocess.PIPE
    )
    out, err = await process.communicate()
    assert process.returncode is not None
    return process.returncode, out.decode(), err.decode()


async def rebuilt(settings: Settings, *words: str) -> dict[str, Any]:
    code, out, err = await command(settings, "audit", "rebuild", "--json", *words)
    assert code == 0, out + err
    found: dict[str, Any] = json.loads(out)
    return found


async def cut_short(settings: Settings) -> None:
    """Begin, and end it with SIGKILL once it says that it has read something: the mark is there, and most is not."""
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "alertbus", "audit", "rebuild", env=environment(settings), stdout=subprocess.DEVNULL, stderr=subprocess.PIPE
    )
    assert process.stderr is not None
    async with asyncio.timeout(90):
        while b"records" not in (line := await process.stderr.readline()):
            assert line, "it ended before it said how far it has come"
    process.kill()
    await process.wait()


async def content(settings: Settings) -> dict[str, list[str]]:
    """Every row of every table but what is not kept, in an order that both have. Of what still waits only that it does."""
    engine = make_engine(settings.sqlalchemy_url)
    try:
        async with engine.reading() as connection:
            found = {table.name: await rows(connection, table) for room in TABLES.values() for table in room}
            waits = await connection.execute(text("SELECT notice_id, lane FROM ledger WHERE state = 'waiting' ORDER BY notice_id"))
            return found | {"what waits": [repr(tuple(row)) for row in waits]}
    finally:
        await engine.dispose()


async def rows(connection: Any, table: Table) -> list[str]:
    columns = [c for c in table.columns if c.name not in NOT_KEPT.get(table.name, ())]
    found = await connection.execute(select(*columns).where(*COMPARED.get(table.name, ())))
    return sorted(repr(tuple(row)) for row in found)


async def lose_everything_but_kafka(settings: Settings) -> None:
    shutil.rmtree(settings.data_dir / "stream")
    if settings.database_url is None:
        for file in settings.data_dir.glob("alertbus.db*"):
            file.unlink()
        return
    engine = make_engine(settings.sqlalchemy_url)
    async with engine.begin() as connection:
        await connection.execute(text("DROP SCHEMA public CASCADE"))
        await connection.execute(text("CREATE SCHEMA public"))
    await engine.dispose()


def person(**said: Any) -> dict[str, Any]:
    return {"person": said}


def pnc(value: str) -> list[dict[str, str]]:
    return [{"system": "pnc", "value": value}]


def an_alert(id_: str, *subjects: dict[str, Any], **more: Any) -> dict[str, Any]:
    return {
        "id": id_,
        "source": "police.northants",
        "kind": "threat_to_staff",
        "occurred_at": T0,
        "recorded_at": T0,
        "subjects": list(subjects),
        "narrative": [{"text": "Invented words.", "said_by": "public", "observed_first_hand": False}],
    } | more


PARTNER = pnc("2002/0073319Z")
NAMED = {"name": {"given": "Invented", "family": "Person"}, "born": "1990-01-31"}


def ash(**changes: Any) -> dict[str, Any]:
    soon = (datetime.now(UTC) + timedelta(days=30)).date().isoformat()
    return {
        "id": "ash",
        "status": "child_in_need_plan",
        "people": [
            {"key": "child", "label": "Child A", "born": "2021-06-01", "identifiers": [{"system": "nhs_number", "value": "9988462441"}]},
            {"key": "mother", "label": "Mother", **NAMED, "addresses": [{"uprn": "100012345678"}]},
            {"key": "partner", "label": "Partner", "identifiers": PARTNER},
        ],
        "children": ["child"],
        "links": [
            {"person": "mother", "relation": "mother", "certainty": "confirmed"},
            {"person": "partner", "relation": "mother's ex-partner", "certainty": "reported"},
        ],
        "involvements": [
            {"agency": "childrens_social_care", "from": "2026-01-10"},
            {"agency": "hospital", "from": "2026-01-10"},
            {"agency": "school", "from": "2026-01-10"},
            {"agency": "nursery", "from": "2026-01-10"},
            {"agency": "midwifery", "from": soon},
        ],
    } | changes


def birch() -> dict[str, Any]:
    """Names somebody who was known before, and somebody whose two identifiers lead to two persons. A service begins in a moment: so time has
    to come to this case, at whatever hour the test runs.
    """
    return {
        "id": "birch",
        "people": [
            {"key": "child", "label": "Child B"},
            {"key": "known", "label": "Known before", "identifiers": pnc("2012/0052494Q")},
            {
                "key": "two",
                "label": "Two",
                "identifiers": [
                    *pnc("1999/0000012U"),
                    {"system": "prison_number", "value": "A1234BC"},
                    {"system": "crn", "value": "X123456"},
                ],
            },
        ],
        "children": ["child"],
        "links": [{"person": "known", "relation": "uncle"}, {"person": "two", "relation": "lodger"}],
        "involvements": [
            {"agency": "gp", "from": "2026-01-10"},
            {"agency": "school", "from": "2026-01-10"},
            {"agency": "school", "level": "worker", "worker": "Lead One", "from": "2026-01-10"},
            {"agency": "midwifery", "from": (datetime.now(UTC) + timedelta(seconds=1)).isoformat()},
        ],
    }


class Busy:
    """Something of everything: what was sent, so that it can be sent again."""

    def __init__(self, client: httpx.AsyncClient) -> None:
        self._client = client
        self.sent: list[tuple[str, str]] = []
        self.standing = ""

    async def state(self, alert: dict[str, Any], status: int = 202) -> str:
        answer = await self._client.post("/v1/alerts", json=alert)
        assert answer.status_code == status, answer.text
        self.sent.append((json.dumps(alert), answer.json()["id"]))
        return str(answer.json()["id"])

    async def put(self, case: dict[str, Any], **headers: str) -> httpx.Response:
        answer = await self._client.put(f"/v1/cases/{case['id']}", json=case, headers=headers)
        assert answer.status_code in {200, 201}, answer.text
        return answer

    async def staff(self) -> None:
        """A team, twice changed."""
        team: dict[str, Any] = {"name": "Ward team", "members": [{"name": "Invented Nurse", "roles": ["safeguarding_lead"]}]}
        away = {"who": "Invented Nurse", "from": "2026-01-01", "cover": "Another Nurse"}
        for said in (team, team | {"deputy": "Third Nurse"}, team | {"absences": [away]}):
            answer = await self._client.put("/v1/teams/hospital.ward", json=said)
            assert answer.status_code in {200, 201}, answer.text

    async def play(self) -> None:
        await self.staff()
        await self.state(an_alert("unknown", person(identifiers=pnc("2012/0052494Q")), kind="violent_person_flag"))
        await self.state(an_alert("one", person(identifiers=pnc("1999/0000012U"))))
        await self.state(an_alert("other", person(identifiers=[{"system": "prison_number", "value": "A1234BC"}])))
        await self.put(ash())
        await self.put(birch())
        await self.state(an_alert("threat", person(identifiers=PARTNER)))
        await self.state(an_alert("threat", person(identifiers=PARTNER), action="amended", severity="high"))
        await self.state(an_alert("likeness-1", person(**NAMED)))
        await self.state(an_alert("likeness-2", person(**NAMED)))
        await self.state(an_alert("by-key", person(key="mother", identifiers=pnc("2003/0000001W"))))
        await self.state(an_alert("by-mark", person(identifiers=pnc("2003/0000001W"))))
        await self.state(an_alert("unclassified", person(identifiers=PARTNER), kind="something_new", details={"extra": [1, {"a": 0.1}]}))
        await self.state(an_alert("release", person(identifiers=pnc("2012/0052494Q")), kind="prisoner_release"))
        await self.rehearse()
        await self.quiet()
        await self.decide()
        await self.state(an_alert("mistake", person(identifiers=PARTNER), kind="prisoner_release"))
        await self.state(an_alert("mistake", person(identifiers=PARTNER), kind="prisoner_release", action="withdrawn"))
        without = [link for link in ash()["links"] if link["person"] != "partner"]
        await self.put(ash(links=without, people=ash()["people"][:2]), **{"if-match": '"1"'})
        plan = await self.put(ash(status="child_protection_plan"))
        self.standing = plan.headers["etag"]
        for item in (await self._client.get("/v1/inbox", params={"agency": "school", "limit": "2"})).json()["items"]:
            said = {"by": "DSL One", "role": "lead", "intent": "acting", "note": "Invented."}
            answer = await self._client.post(f"/v1/obligations/{item['obligation']['id']}/acknowledgements", json=said)
            assert answer.status_code in {200, 201, 202}, answer.text
        answer = await self._client.post("/v1/sources/hmpps", content=b"not a message", headers={"content-type": "application/json"})
        assert answer.status_code == 422
        await self.quiet()

    async def decide(self) -> None:
        """Two numbers are one person's, and then they are not; a doubt is decided."""
        numbers = [{"identifier": pnc(value)[0]} for value in ("2012/0052494Q", "1995/0004242F")]
        for deed in ("merges", "splits"):
            answer = await self._client.post(f"/v1/people/{deed}", json={"by": "Worker One", "people": numbers})
            assert answer.status_code in {200, 201, 202}, answer.text
        items = (await self._client.get("/v1/reviews", params={"reason": "unsure_match"})).json()["items"]
        answer = await self._client.post(f"/v1/reviews/{items[0]['id']}/decisions", json={"by": "Worker One", "outcome": "different"})
        assert answer.status_code == 201, answer.text

    async def rehearse(self) -> None:
        """An exercise, with its own people and its own time."""
        await self.put(ash(id="drill-ash", exercise="drill"))
        await self.state(an_alert("drill", person(key="partner"), exercise="drill"))
        for at in ("2026-01-20T00:00:00Z", "2026-03-01T00:00:00Z"):
            assert (await self._client.post("/v1/exercises/drill/clock", json={"at": at})).status_code == 200
        await self.put(ash(id="drill-late", exercise="drill"))

    async def quiet(self) -> None:
        async def is_quiet() -> bool:
            progress = (await self._client.get("/-/progress")).json()
            return bool(progress["pending"] == 0)

        await until(is_quiet)


@pytest.fixture(params=["sqlite", "postgres"])
def settings(request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Settings:
    if find_java() is None:
        pytest.skip("no Java 17 or newer: apt-get install default-jre-headless")
    if request.param == "postgres":
        monkeypatch.setenv("ALERTBUS_DATABASE_URL", request.getfixturevalue("postgres_database"))
    ports = {"hospital": any_port("127.0.0.1"), "nursery": any_port("127.0.0.1")}
    channels = {a: {"channel": "webhook", "url": f"http://127.0.0.1:{p}/", "secret": SECRET} for a, p in ports.items()}
    monkeypatch.setenv("ALERTBUS_CHANNELS", json.dumps(channels))
    return load_settings(data_dir=tmp_path / "bus", http_port=any_port("127.0.0.1"))


def port_of(settings: Settings, agency: str) -> int:
    url = settings.channels[agency].url
    assert url is not None
    return int(url.rpartition(":")[2].strip("/"))


async def nothing_is_under_way(settings: Settings, but: str = "") -> bool:
    """All is delivered, except to an agency whose system is away, which is known; and all there is to tell is told."""
    engine = make_engine(settings.sqlalchemy_url)
    async with engine.reading() as connection:
        query = "SELECT count(*) FROM ledger WHERE receipt_pending OR done_at IS NULL AND agency <> :but"
        waits = (await connection.execute(text(query), {"but": but})).scalar_one()
        known = (
            await connection.execute(text("SELECT count(*) FROM ledger WHERE agency = :but AND state = 'failed'"), {"but": but})
        ).scalar_one()
    await engine.dispose()
    return bool(waits == 0 and (known or not but))


async def test_everything_is_back_and_the_bus_goes_on_as_if_nothing_had_happened(settings: Settings) -> None:
    async with listening(port_of(settings, "hospital")) as hospital:
        async with listening(port_of(settings, "nursery"), b"410 Gone"), running(settings) as client:
            busy = Busy(client)
            await busy.play()
            await until(lambda: nothing_is_under_way(settings, but="nursery"))
            await busy.quiet()
            sent, standing = dict(busy.sent), busy.standing
            code, _, said = await command(settings, "audit", "rebuild")
            assert (code, "has this database open" in said) == (1, True), said
        before = await content(settings)
        assert {name for name, found in before.items() if not found} <= {
            "rebuild_unfinished",
            "directory_revised",
            "directory_case_unlinked",
            "chronicle_unreadable",
        }
        delivered = list(hospital.keys)
        assert len(set(delivered)) == len(delivered) > 3

        await lose_everything_but_kafka(settings)
        await cut_short(settings)
        code, _, said = await command(settings, "up", "--exit-when-ready")
        assert (code, "has not finished" in said) == (1, True), said
        done = await rebuilt(settings)

        after = await content(settings)
        for name, found in before.items():
            assert after[name] == found, name
        assert done["difference"] == 0
        assert done["owed_again"] == 0

        async with listening(port_of(settings, "nursery")) as nursery, running(settings) as client:
            busy = Busy(client)
            for alert, alert_id in sent.items():
                assert await busy.state(json.loads(alert), 200) == alert_id
            answer = await client.put("/v1/cases/ash", json=ash(), headers={"if-match": '"1"'})
            assert answer.status_code == 412
            assert (await client.put("/v1/cases/ash", json=ash(status="closed"), headers={"if-match": standing})).status_code == 200
            await busy.state(an_alert("next", person(identifiers=PARTNER)))
            await busy.quiet()
            await until(lambda: nothing_is_under_way(settings))
        assert len(nursery.keys) == len(set(nursery.keys)) > 0
        new = hospital.keys[len(delivered) :]
        assert not set(new) & set(delivered)
        assert len(new) == len(set(new)) > 0
