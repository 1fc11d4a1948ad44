"""Two desk processes over one database and one broker, one of them killed in the midst of its work: people go on at the other."""

import asyncio
import contextlib
import os
import subprocess
import sys
from collections.abc import AsyncIterator
from datetime import UTC, datetime
from pathlib import Path

import httpx
import pytest

from alertbus.broker.consumer import read_all
from alertbus.broker.envelope import decode
from alertbus.broker.producer import Producer
from alertbus.broker.topics import RECEIPTS, ensure_topics
from alertbus.chronicle import queries
from alertbus.chronicle.tables import ObligationState
from alertbus.chronicle.worker import run_chronicle
from alertbus.desk.sign_in.local_users import LocalUsers
from alertbus.desk.sign_in.passwords import hashed
from alertbus.model.errors import NotFound
from alertbus.model.notice import Notice
from alertbus.model.receipt import Stage
from alertbus.plugin.kit.samples import sample_notice, sample_obligation
from alertbus.run.temporary import any_port
from alertbus.sql.database import Database
from alertbus.sql.engine import make_engine, migrate
from alertbus.waiting import eventually
from alertbus.wire.records import notice_record
from alertbus.wire.words import STREAM
from tests.at_the_door import PASSWORD, fields, person
from tests.contract.test_http import fresh

pytestmark = [pytest.mark.kafka, pytest.mark.timeout(300)]

PATIENCE = {"within_s": 90.0, "every_s": 0.1}
KILLED_AFTER_S = (0.0, 0.02, 0.06)
"""Between the moment in which an answer is sent and the kill: before it is read, in its midst, about when it is told."""


class DeskProcess:
    """`alertbus run desk` on a port of its own, with a folder of its own, as on another machine."""

    def __init__(self, name: str, folder: Path, environment: dict[str, str]) -> None:
        self.port, self.log = any_port("127.0.0.1"), folder / f"{name}.log"
        self.url = f"http://127.0.0.1:{self.port}"
        data = folder / name
        data.mkdir()
        self._environment = os.environ | environment | {"ALERTBUS_DATA_DIR": str(data), "ALERTBUS_DESK_PORT": str(self.port)}
        self._process: subprocess.Popen[bytes] | None = None

    async def start(self) -> None:
        with self.log.open("ab") as log:
            self._process = subprocess.Popen(  # noqa: ASYNC220  it takes a millisecond
                [sys.executable, "-m", "alertbus", "run", "desk"], env=self._environment, stdout=log, stderr=log
            )
        assert await eventually(self._answers, **PATIENCE), self.log.read_text()[-2_000:]

    def kill(self) -> None:
        """As a power cut would."""
        if self._process is not None:
            self._process.kill()
            self._process.wait()
            self._process = None

    async def _answers(self) -> bool:
        async with httpx.AsyncClient() as http:
            with contextlib.suppress(httpx.HTTPError):
                return (await http.get(f"{self.url}/sign-in")).is_success
        return False


class TwoDesks:
    def __init__(self, one: DeskProcess, other: DeskProcess, engine: Database, bootstrap: str, agency: str, told: list[Notice]) -> None:
        self.one, self.other, self.engine, self.bootstrap, self.agency, self.told = one, other, engine, bootstrap, agency, told

    async def receipts(self, obligation_id: str) -> list[str]:
        """The stages that people have said of it, from the topic itself, a receipt once however often it was written."""
        found = {}
        async for record in read_all(self.bootstrap, [RECEIPTS]):
            said = decode(record.headers, record.key, record.value).data.decode()
            if obligation_id in said:
                found[decode(record.headers, record.key, record.value).id] = said
        return list(found.values())


@pytest.fixture
async def desks(kafka: str, url: str, tmp_path: Path) -> AsyncIterator[TwoDesks]:
    await ensure_topics(kafka)
    await migrate(url)
    engine, agency, stop = make_engine(url), fresh("school.t"), asyncio.Event()
    await LocalUsers(engine).add(person(agency="school", setting=agency), hashed(PASSWORD), datetime.now(UTC))
    told = [
        sample_notice(
            id=fresh("n-"),
            obligation=sample_obligation(id=fresh("o-"), agency=agency, alert_id=fresh("a-"), case_id=fresh("c-"), since=datetime.now(UTC)),
            title=f"Alert number {number}",
        )
        for number in range(len(KILLED_AFTER_S) + 1)
    ]
    producer = Producer(kafka)
    await producer.start()
    await producer.send_all([notice_record(one, by=STREAM) for one in told])
    await producer.stop()
    chronicle = asyncio.create_task(run_chronicle(kafka, engine, stop))
    key = tmp_path / "the-key"
    key.touch(mode=0o600)
    key.write_text("a1" * 32)
    environment = {
        "ALERTBUS_BOOTSTRAP_SERVERS": kafka,
        "ALERTBUS_DATABASE_URL": url,
        "ALERTBUS_AUDIT_KEY_FILE": str(key),
        "ALERTBUS_PARTITIONS": "12",
    }
    one, other = (DeskProcess(name, tmp_path, environment) for name in ("one", "other"))
    try:
        await asyncio.gather(one.start(), other.start())
        yield TwoDesks(one, other, engine, kafka, agency, told)
    finally:
        one.kill()
        other.kill()
        stop.set()
        await chronicle
        await engine.dispose()


async def _signed_in(at: DeskProcess) -> httpx.AsyncClient:
    browser = httpx.AsyncClient(timeout=30)
    shown = await browser.get(f"{at.url}/sign-in")
    answer = await browser.post(f"{at.url}/sign-in", data={**fields(shown), "username": "mary.obi", "password": PASSWORD})
    assert answer.status_code == 303, answer.text
    return browser


async def test_when_one_of_two_desks_is_killed_nobody_is_signed_out_and_an_answer_is_there_once(desks: TwoDesks) -> None:
    """A cookie of one opens the other, a form of one is taken by the other, and an answer that is given again is one answer. Whoever
    signs out at one is signed out at the other.
    """
    browser = await _signed_in(desks.one)
    await _shown(browser, desks.other, f"Alert number {len(desks.told) - 1}")
    token = fields(await browser.get(f"{desks.one.url}/sign-in/sessions"))["form_token"]
    for wait, notice in zip(KILLED_AFTER_S, desks.told, strict=False):
        path, form = f"/obligations/{notice.obligation.id}/answer", {"form_token": token, "intent": "acting", "back": "open"}
        open_page = asyncio.create_task(_read_to_its_end(browser, desks.one))
        sent = asyncio.create_task(browser.post(f"{desks.one.url}{path}", data=form))
        await asyncio.sleep(wait)
        desks.one.kill()
        with contextlib.suppress(httpx.HTTPError):
            await sent
        await open_page
        again = await browser.post(f"{desks.other.url}{path}", data=form)
        assert again.status_code == 303, again.text
        assert (await browser.get(f"{desks.other.url}/sign-in/sessions")).status_code == 200, "nobody is signed out"
        await desks.one.start()

    for notice in desks.told[: len(KILLED_AFTER_S)]:
        assert await eventually(lambda id_=notice.obligation.id: _acknowledged(desks, id_), **PATIENCE)
        item = await queries.obligation(desks.engine, notice.obligation.id, now=datetime.now(UTC))
        assert [(one.stage, one.by) for one in item.receipts if one.by] == [(Stage.ACKNOWLEDGED, "Mary Obi")]
        assert len(await desks.receipts(notice.obligation.id)) == 1
    left = desks.told[-1].obligation.id
    assert not await _acknowledged(desks, left), "what nobody answered waits"
    await _hears_of(browser, desks.other, left, f"{desks.one.url}/obligations/{left}/answer", token)
    kept = dict(browser.cookies)
    assert (await browser.post(f"{desks.other.url}/sign-out", data={"form_token": token})).status_code == 200
    async with httpx.AsyncClient(cookies=kept) as thief:
        assert (await thief.get(f"{desks.one.url}/inbox")).headers["location"].startswith("/sign-in")
    await browser.aclose()


async def _read_to_its_end(browser: httpx.AsyncClient, at: DeskProcess) -> None:
    """A page that was open at the one that dies: it says nothing that is not so, and ends."""
    with contextlib.suppress(httpx.HTTPError):
        async with browser.stream("GET", f"{at.url}/live") as page:
            async for _ in page.aiter_lines():
                pass


async def _hears_of(browser: httpx.AsyncClient, at: DeskProcess, obligation_id: str, answer: str, token: str) -> None:
    """What is answered at the one is told to a page that is open at the other."""
    async with asyncio.timeout(60), browser.stream("GET", f"{at.url}/live") as page:
        lines = page.aiter_lines()
        await anext(lines)
        answering = asyncio.create_task(browser.post(answer, data={"form_token": token, "intent": "acting"}))
        async for line in lines:
            if obligation_id in line:
                break
        assert (await answering).status_code == 303


async def _shown(browser: httpx.AsyncClient, at: DeskProcess, words: str) -> None:
    async def there() -> bool:
        answer = await browser.get(f"{at.url}/inbox")
        assert answer.status_code == 200
        return words in answer.text

    assert await eventually(there, **PATIENCE)


async def _acknowledged(desks: TwoDesks, obligation_id: str) -> bool:
    with contextlib.suppress(NotFound):
        return (await queries.obligation(desks.engine, obligation_id, now=datetime.now(UTC))).state is ObligationState.ACKNOWLEDGED
    return False
