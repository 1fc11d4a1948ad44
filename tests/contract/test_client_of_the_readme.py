"""The client in the README works as it stands there, against a real gateway, and asks for nothing that the OpenAPI document does not describe."""

import hashlib
import json
import re
import sys
import uuid
from collections.abc import AsyncIterator
from datetime import UTC, datetime
from importlib import resources
from types import ModuleType
from typing import Any

import httpx
import jsonschema
import pytest

from alertbus.broker import topics
from alertbus.broker.envelope import encode
from alertbus.caller_settings import CallerSettings
from alertbus.chronicle import projector
from alertbus.model.events import NOTICE_OWED
from alertbus.model.notice import Notice
from alertbus.plugin.kit.samples import sample_notice, sample_obligation

pytestmark = pytest.mark.kafka

README = (resources.files("alertbus") / "README.md").read_text("utf-8")
TOKENS = {"police": "police-token", "health_visiting": "hv-token"}


def client() -> ModuleType:
    section = README.split("\n## A client of your own\n")[1].split("\n## ")[0]
    module = ModuleType("client_of_the_readme")
    sys.modules[module.__name__] = module
    for code in re.findall(r"```python\n(.*?)```", section, re.DOTALL):
        exec(compile(code, "README.md", "exec"), vars(module))
    return module


CLIENT = client()


class OwedRecord:
    """A notice on its way to the chronicle."""

    topic, partition, timestamp = topics.NOTICES, 0, 0

    def __init__(self, told: Notice, offset: int) -> None:
        self.offset, self.key = offset, told.obligation.lane.encode()
        data = told.model_dump_json(by_alias=True, exclude_defaults=True).encode()
        at = datetime(2026, 11, 23, tzinfo=UTC)
        self.headers, self.value = encode(type=NOTICE_OWED, source="/test", id=told.id, time=at, subject=told.obligation.id, data=data)


@pytest.fixture
async def gateway(kafka: str, open_gateway: Any) -> AsyncIterator[Any]:
    """A gateway with a caller of each agency, and three notices for health visiting."""
    callers = [
        CallerSettings(name=one, agency=one, token_sha256=hashlib.sha256(token.encode()).hexdigest()) for one, token in TOKENS.items()
    ]
    async with open_gateway(kafka, callers=callers) as opened:
        case = uuid.uuid4().hex
        told = [sample_notice(id=str(uuid.uuid4()), obligation=sample_obligation(id=str(uuid.uuid4()), case_id=case)) for _ in range(3)]
        async with opened.inside.engine.begin() as connection:
            records = [OwedRecord(one, offset) for offset, one in enumerate(told)]
            await projector.apply(connection, projector.read(records), starts={(topics.NOTICES, 0)})  # type: ignore[arg-type]
        opened.told = {one.obligation.id for one in told}
        yield opened


@pytest.fixture
def asked(gateway: Any) -> list[tuple[httpx.Request, httpx.Response]]:
    """Every call that was made, with its answer."""
    made: list[tuple[httpx.Request, httpx.Response]] = []

    async def keep(answer: httpx.Response) -> None:
        await answer.aread()
        made.append((answer.request, answer))

    gateway.http.event_hooks["response"].append(keep)
    return made


def alert() -> dict[str, Any]:
    return {
        "id": uuid.uuid4().hex,
        "source": "police.northants",
        "kind": "threat_to_staff",
        "occurred_at": "2020-11-18T14:05:00Z",
        "recorded_at": "2020-11-18T15:00:00Z",
        "subjects": [{"person": {"identifiers": [{"system": "crn", "value": "X123456"}]}}],
    }


async def test_an_alert_is_sent_once_however_often_it_is_sent(gateway: Any) -> None:
    bus, said = CLIENT.Bus(gateway.http, TOKENS["police"]), alert()

    first, again = await bus.send(said), await bus.send(said)

    assert first == again
    assert [record.type for record in await gateway.records(topics.ALERTS, first["id"])] == ["uk.alertbus.alert.accepted.v1"]


async def test_everything_that_waits_is_read_page_by_page_and_answered_by_name(gateway: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    bus = CLIENT.Bus(gateway.http, TOKENS["health_visiting"])
    request = gateway.http.request

    async def one_a_page(method: str, path: str, **options: Any) -> httpx.Response:
        if path == "/v1/inbox":
            options["params"] = options["params"] | {"limit": "1"}
        answer: httpx.Response = await request(method, path, **options)
        return answer

    monkeypatch.setattr(gateway.http, "request", one_a_page)

    waiting = [owed async for owed in bus.inbox()]
    receipt = await bus.answer(waiting[0]["id"], "R. Postholder", "acting", note="visiting today")

    assert {owed["id"] for owed in waiting} == gateway.told
    assert {owed["notice"]["flag"] for owed in waiting} == {"Do not visit alone"}
    assert (receipt["stage"], receipt["by"], receipt["intent"]) == ("acknowledged", "R. Postholder", "acting")


async def test_a_no_says_where_and_what_was_expected_and_is_not_tried_again(gateway: Any, asked: list[Any]) -> None:
    bus = CLIENT.Bus(gateway.http, TOKENS["police"])

    with pytest.raises(CLIENT.Refused) as wrong:
        await bus.send(alert() | {"occurred_at": "yesterday, said Quillfeather"})
    with pytest.raises(CLIENT.Refused) as anothers:
        await bus.answer(next(iter(gateway.told)), "Jo Bloggs", "acting")

    assert [fault["path"] for fault in wrong.value.problem["faults"]] == ["occurred_at"]
    assert "Quillfeather" not in json.dumps(wrong.value.problem)
    assert str(anothers.value).startswith("404 ")
    assert len(asked) == 2


async def test_a_bus_that_is_away_is_asked_again_and_when_it_says() -> None:
    waited: list[float] = []
    answers = iter([httpx.ConnectError("away"), httpx.Response(503, headers={"retry-after": "7"}), httpx.Response(202, json={"id": "a"})])

    def answer(_: httpx.Request) -> httpx.Response:
        given = next(answers)
        if isinstance(given, Exception):
            raise given
        return given

    async def sleep(seconds: float) -> None:
        waited.append(seconds)

    module = client()
    module.asyncio = type("Asyncio", (), {"sleep": staticmethod(sleep)})  # type: ignore[attr-defined]
    async with httpx.AsyncClient(transport=httpx.MockTransport(answer), base_url="http://localhost") as http:
        assert await module.Bus(http, "t").send(alert()) == {"id": "a"}
    assert waited == [1.0, 7.0]


async def test_it_asks_for_nothing_that_the_document_does_not_describe(gateway: Any, asked: list[Any]) -> None:
    document = (await gateway.http.get("/openapi.json")).json()
    asked.clear()
    police, visitor = (CLIENT.Bus(gateway.http, TOKENS[agency]) for agency in ("police", "health_visiting"))
    await police.send(alert())
    await police.send_raw("plain-source", json.dumps([alert()]).encode(), "application/json")
    waiting = [owed async for owed in visitor.inbox()]
    await visitor.answer(waiting[0]["id"], "R. Postholder", "not_ours", note="moved")

    assert len(asked) == 4
    for request, answer in asked:
        path = next(one for one in document["paths"] if re.fullmatch(re.sub(r"\{[^}]+\}", "[^/]+", one), request.url.path))
        call = document["paths"][path][request.method.lower()]
        assert str(answer.status_code) in call["responses"]
        known = {one["name"] for one in call.get("parameters", ()) if one["in"] == "query"}
        assert set(request.url.params) <= known
        body = call.get("requestBody", {}).get("content", {}).get("application/json", {}).get("schema")
        if body and request.content:
            jsonschema.Draft202012Validator({**body, "components": document["components"]}).validate(json.loads(request.content))
    [said] = [json.loads(request.content) for request, _ in asked if request.url.path.endswith("/acknowledgements")]
    wrong = {"$ref": "#/components/schemas/Acknowledgement", "components": document["components"]}
    assert list(jsonschema.Draft202012Validator(wrong).iter_errors(said | {"intent": "later"}))
