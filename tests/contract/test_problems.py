"""Every error leaves as one body: RFC 9457, with a stable type and code, and nothing of what was sent."""

import inspect
import io
import json
from typing import Any

import pytest

from alertbus.broker.faults import BrokerFault
from alertbus.gateway import problems
from alertbus.gateway.problems import STATUSES, of_bus_error, status_of
from alertbus.intake.messages import NotRead
from alertbus.model import errors
from alertbus.model.errors import BusError, Fault, InvalidInput

CANARY = "Zebulon-Quagmire-1987"


def classes(module: Any) -> list[type[BusError]]:
    found = [kind for _, kind in inspect.getmembers(module, inspect.isclass) if issubclass(kind, BusError)]
    assert found
    return found


@pytest.mark.parametrize("kind", classes(errors) + [k for k in classes(problems) if k.__module__ == problems.__name__])
def test_every_class_of_the_tree_has_a_status_of_its_own(kind: type[BusError]) -> None:
    assert kind in STATUSES
    status, title = status_of(kind)
    assert 400 <= status < 600
    assert title
    assert kind.retriable == (status == 503)


def test_codes_are_told_apart() -> None:
    codes = [kind.code for kind in STATUSES]

    assert len(codes) == len(set(codes))


def test_a_class_without_an_entry_has_the_status_of_the_nearest_above_it() -> None:
    assert status_of(NotRead) == STATUSES[errors.NotUnderstood]


def body_of(error: BusError) -> dict[str, Any]:
    return dict(json.loads(bytes(of_bus_error(error).body)))


def test_a_problem_says_what_is_wrong_and_where_and_what_to_do() -> None:
    error = InvalidInput([Fault("subjects[0].person.born", "a date that exists, as YYYY-MM-DD", "date_parsing")])

    assert body_of(error) == {
        "type": "urn:alertbus:problem:invalid_input",
        "code": "invalid_input",
        "title": "Something in the input is not right",
        "status": 422,
        "detail": "1 fault(s), each in `faults`. Nothing was accepted; mend them and send it again.",
        "faults": [
            {
                "path": "subjects[0].person.born",
                "expected": "a date that exists, as YYYY-MM-DD",
                "code": "date_parsing",
            }
        ],
    }


def test_what_may_succeed_later_says_when_to_try_again() -> None:
    answer = of_bus_error(errors.BrokerUnavailable("the broker does not answer"))

    assert (answer.status_code, answer.headers["retry-after"]) == (503, "2")
    assert answer.media_type == "application/problem+json"


@pytest.mark.kafka
async def test_a_defect_is_a_500_with_an_incident_id_and_its_text_goes_nowhere(
    gateway: Any, log_text: io.StringIO, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def broken(*_: object) -> None:
        raise RuntimeError(f"no such child: {CANARY}")

    monkeypatch.setattr(gateway.inside.intake.cases, "get", broken)

    answer = await gateway.http.get("/v1/cases/c1")

    assert (answer.status_code, answer.json()["code"]) == (500, "internal")
    assert answer.headers["content-type"] == "application/problem+json"
    lines = [json.loads(line) for line in log_text.getvalue().splitlines()]
    [line] = [line for line in lines if line["event"] == "a call failed"]
    assert (line["request_id"], line["error"]) == (answer.json()["incident"], "RuntimeError")
    assert CANARY not in log_text.getvalue() + answer.text


@pytest.mark.kafka
async def test_trouble_with_the_broker_from_below_is_503(gateway: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    async def broken(*_: object) -> None:
        raise BrokerFault("topic 'alertbus.alerts': gone", "Make it.")

    monkeypatch.setattr(gateway.inside.intake.cases, "get", broken)

    answer = await gateway.http.get("/v1/cases/c1")

    assert (answer.status_code, answer.json()["code"]) == (503, "broker_unavailable")


@pytest.mark.kafka
@pytest.mark.parametrize(
    ("method", "path", "status", "code"),
    [
        ("GET", f"/v1/{CANARY}", 404, "not_found"),
        ("GET", f"/{CANARY}?name={CANARY}", 404, "not_found"),
        ("DELETE", "/v1/alerts", 405, "method_not_allowed"),
        ("GET", f"/v1/inbox?limit={CANARY}", 422, "invalid_input"),
        ("GET", f"/v1/inbox?state={CANARY[:20]}", 422, "invalid_input"),
        ("GET", f"/v1/inbox?after={CANARY}", 422, "invalid_input"),
        ("GET", f"/v1/cases/{CANARY}", 404, "not_found"),
        ("GET", f"/v1/cases/x/chronology?format={CANARY}", 422, "invalid_input"),
        ("GET", f"/v1/alerts/{CANARY}", 404, "not_found"),
        ("GET", f"/v1/reviews/{CANARY}", 404, "not_found"),
        ("GET", f"/v1/reviews?reason={CANARY}", 422, "invalid_input"),
        ("GET", f"/v1/reviews?state={CANARY[:20]}", 422, "invalid_input"),
        ("GET", f"/v1/reviews?after={CANARY}", 404, "not_found"),
        ("POST", f"/v1/reviews/{CANARY}/decisions", 404, "not_found"),
    ],
)
async def test_what_the_framework_refuses_is_a_problem_too_and_repeats_nothing(
    gateway: Any, log_text: io.StringIO, method: str, path: str, status: int, code: str
) -> None:
    answer = await gateway.http.request(method, path)

    assert (answer.status_code, answer.json()["code"], answer.json()["status"]) == (status, code, status)
    assert answer.json()["type"] == f"urn:alertbus:problem:{code}"
    assert answer.headers["content-type"] == "application/problem+json"
    assert CANARY[:20] not in answer.text + log_text.getvalue() + (await gateway.http.get("/metrics")).text


@pytest.mark.kafka
async def test_every_answer_has_the_security_headers_and_lets_no_other_site_in(gateway: Any) -> None:
    for path in ("/-/healthy", "/nothing", "/openapi.json"):
        answer = await gateway.http.get(path, headers={"origin": "https://evil.example"})

        assert answer.headers["x-content-type-options"] == "nosniff"
        assert answer.headers["cache-control"] == "no-store"
        assert "default-src 'none'" in answer.headers["content-security-policy"]
        assert not [name for name in answer.headers if name.startswith("access-control-")]


@pytest.mark.kafka
async def test_openapi_describes_every_call_and_its_problems(gateway: Any) -> None:
    schema = (await gateway.http.get("/openapi.json")).json()

    assert schema["info"]["description"]
    calls = {(m, p): call for p, methods in schema["paths"].items() for m, call in methods.items()}
    assert len(calls) >= 20
    for where, call in calls.items():
        assert call.get("summary"), where
        assert call.get("description"), where
        for status in ("422", "500", "503"):
            content = call["responses"][status]["content"]
            assert content == {"application/problem+json": {"schema": {"$ref": "#/components/schemas/Problem"}}}, where
        if where[0] in {"post", "put"}:
            assert call["requestBody"]["required"], where
    for name in _references(schema):
        assert name in schema["components"]["schemas"]


def _references(node: Any) -> set[str]:
    if isinstance(node, dict):
        own = {node["$ref"].rpartition("/")[2]} if isinstance(node.get("$ref"), str) else set()
        return own.union(*(_references(inner) for inner in node.values()))
    return set().union(*(_references(inner) for inner in node)) if isinstance(node, list) else set()


def test_every_problem_title_is_a_sentence_without_its_stop() -> None:
    for _, title in STATUSES.values():
        assert title[0].isupper()
        assert not title.endswith(".")
    assert problems.MEDIA_TYPE == "application/problem+json"
