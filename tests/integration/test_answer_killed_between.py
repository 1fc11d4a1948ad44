"""The gateway is killed between an answer's receipt and its case: the next one completes it, though nobody says it again."""

import asyncio
import contextlib
import json
import os
import signal
import subprocess
import sys
import uuid
from collections.abc import AsyncIterator
from pathlib import Path

import httpx
import pytest

from alertbus.broker.consumer import read_all
from alertbus.broker.envelope import decode
from alertbus.broker.producer import Producer
from alertbus.broker.topics import CASE_EVENTS, RECEIPTS, ensure_topics
from alertbus.chronicle.worker import run_chronicle
from alertbus.model.events import RECEIPT_GIVEN, Answered
from alertbus.model.notice import Notice
from alertbus.plugin.kit.samples import sample_notice, sample_obligation
from alertbus.run.temporary import any_port
from alertbus.sql.engine import make_engine, migrate
from alertbus.waiting import eventually
from alertbus.wire.records import notice_record
from alertbus.wire.words import STREAM

pytestmark = pytest.mark.kafka

HALTING = [sys.executable, "-m", "tests.integration.halting_gateway"]
WHOLE = [sys.executable, "-c", "import asyncio; from alertbus.run.bootstrap import run_part; asyncio.run(run_part('gateway'))"]
PATIENCE = {"within_s": 60.0, "every_s": 0.1}
ANSWER = {"by": "Jo Bloggs", "intent": "acting", "note": "visiting today"}


class OneGateway:
    """A bus of which only the chronicle runs here; the gateway is a process that is killed."""

    def __init__(self, bootstrap: str, folder: Path) -> None:
        self.bootstrap, self.folder, self.port = bootstrap, folder, any_port("127.0.0.1")
        self.url = f"http://127.0.0.1:{self.port}"
        self.engine = make_engine(f"sqlite:///{folder}/alertbus.db")

    @contextlib.asynccontextmanager
    async def running(self, command: list[str]) -> AsyncIterator[subprocess.Popen[bytes]]:
        environment = os.environ | {
            "ALERTBUS_DATA_DIR": str(self.folder),
            "ALERTBUS_DATABASE_URL": f"sqlite:///{self.folder}/alertbus.db",
            "ALERTBUS_BOOTSTRAP_SERVERS": self.bootstrap,
            "ALERTBUS_HTTP_PORT": str(self.port),
        }
        with (self.folder / "gateway.log").open("ab") as log:
            process = subprocess.Popen([*command, str(self.folder / "reached")], env=environment, stdout=log, stderr=log)  # noqa: ASYNC220  it takes a millisecond
        try:
            assert await eventually(self._answers, **PATIENCE), (self.folder / "gateway.log").read_text()[-2_000:]
            yield process
        finally:
            process.kill()
            await asyncio.to_thread(process.wait)

    async def _answers(self) -> bool:
        async with httpx.AsyncClient() as http:
            with contextlib.suppress(httpx.HTTPError):
                return (await http.get(f"{self.url}/-/healthy")).is_success
        return False

    async def written(self, topic: str, type_: str, obligation_id: str) -> list[dict[str, str]]:
        found = [decode(r.headers, r.key, r.value) async for r in read_all(self.bootstrap, [topic])]
        said = [json.loads(one.data) for one in found if one.type == type_]
        return [one for one in said if one["obligation_id"] == obligation_id]


@pytest.fixture
async def bus(kafka: str, tmp_path: Path) -> AsyncIterator[OneGateway]:
    await ensure_topics(kafka)
    bus = OneGateway(kafka, tmp_path)
    await migrate(f"sqlite:///{tmp_path}/alertbus.db")
    stop = asyncio.Event()
    chronicle = asyncio.create_task(run_chronicle(kafka, bus.engine, stop))
    yield bus
    stop.set()
    await chronicle
    await bus.engine.dispose()


def owed() -> Notice:
    name = uuid.uuid4().hex
    obligation = sample_obligation(id=f"o-{name}", agency="school", case_id=f"case-{name[:8]}")
    return sample_notice(id=f"n-{name}", sector="education", obligation=obligation)


async def test_killed_between_receipt_and_case_an_answer_reaches_its_case_though_its_caller_never_comes_again(bus: OneGateway) -> None:
    notice = owed()
    one = notice.obligation.id
    producer = Producer(bus.bootstrap)
    await producer.start()
    await producer.send_all([notice_record(notice, by=STREAM)])
    await producer.stop()

    async with bus.running(HALTING) as gateway, httpx.AsyncClient(base_url=bus.url, timeout=60) as http:

        async def in_the_inbox() -> bool:
            return one in (await http.get("/v1/inbox?agency=school")).text

        async def halted() -> bool:
            return (bus.folder / "reached").exists()

        assert await eventually(in_the_inbox, **PATIENCE)
        saying = asyncio.create_task(http.post(f"/v1/obligations/{one}/acknowledgements", json=ANSWER))
        assert await eventually(halted, **PATIENCE)
        gateway.send_signal(signal.SIGKILL)
        with pytest.raises(httpx.HTTPError):
            await saying
    assert len(await bus.written(RECEIPTS, RECEIPT_GIVEN, one)) == 1
    assert await bus.written(CASE_EVENTS, Answered.type, one) == []

    async with bus.running(WHOLE):

        async def told() -> bool:
            return bool(await bus.written(CASE_EVENTS, Answered.type, one))

        assert await eventually(told, **PATIENCE)
    (receipt,), (answer,) = await bus.written(RECEIPTS, RECEIPT_GIVEN, one), await bus.written(CASE_EVENTS, Answered.type, one)
    assert (answer["receipt_id"], answer["by"], answer["at"]) == (receipt["id"], "Jo Bloggs", receipt["at"])
    assert "visiting" not in json.dumps(answer)
