"""Whatever anybody sends, it is the sender's fault and never a defect of ours: no hostile request is answered with 5xx."""

import json
from typing import Any
from urllib.parse import quote

import pytest

pytestmark = pytest.mark.kafka

PERSON = {"identifiers": [{"system": "nhs_number", "value": "9434765919"}]}
ALERT: dict[str, Any] = {
    "id": "hostile-1",
    "source": "police.northants",
    "kind": "threat_to_staff",
    "occurred_at": "2020-11-18T14:05:00Z",
    "recorded_at": "2020-11-18T15:00:00Z",
    "subjects": [{"person": PERSON}],
}
CASE: dict[str, Any] = {"people": [{"key": "m", **PERSON}], "links": [{"person": "m", "relation": "mother"}]}
DIGITS = "9" * 5_000
HERE = '"@"'
"""Stands in a body where the hostile value goes: no JSON library of ours would write it."""

VALUES: dict[str, str] = {
    "an integer of 5,000 digits": DIGITS,
    "an integer beyond 64 bits": str(2**64),
    "a negative one": str(-(2**63) - 1),
    "an exponent": "1e999",
    "lists nested 900 deep": "[" * 900 + "]" * 900,
    "objects nested 900 deep": '{"a":' * 900 + "1" + "}" * 900,
    "lists nested 300 deep": "[" * 300 + "]" * 300,
    "lists nested 65 deep": "[" * 65 + "]" * 65,
    "half a character": '"\\ud800"',
    "U+0000": '"\\u0000"',
    "the last moment, further west": '"9999-12-31T23:59:59-14:00"',
    "the first moment, further east": '"0001-01-01T00:00:00+14:00"',
    "an offset of 99 hours": '"2020-01-01T00:00:00+99:59"',
}


def at(body: dict[str, Any], value: str, *path: str) -> str:
    """The body as JSON with the hostile value at that path."""
    changed: Any = json.loads(json.dumps(body))
    inner = changed
    for name in path[:-1]:
        inner = inner.setdefault(name, {}) if isinstance(inner, dict) else inner[int(name)]
    inner[path[-1]] = "@"
    return json.dumps(changed).replace(HERE, value)


PLACES: dict[str, tuple[str, str, dict[str, Any], tuple[str, ...]]] = {
    "a section that nobody knows": ("POST", "/v1/alerts", ALERT, ("details", "x")),
    "a moment": ("POST", "/v1/alerts", ALERT, ("occurred_at",)),
    "a review date": ("POST", "/v1/alerts", ALERT, ("review_on",)),
    "a count": ("POST", "/v1/alerts", ALERT, ("details", "incident", "dash")),
    "a birthday": ("POST", "/v1/alerts", ALERT, ("subjects", "0", "person", "born")),
    "a field of a case": ("PUT", "/v1/cases/hostile", CASE, ("status",)),
    "when a case's link began": ("PUT", "/v1/cases/hostile", CASE, ("links", "0", "from")),
    "a version of a case": ("PUT", "/v1/cases/hostile", CASE, ("stated_version",)),
    "an exercise's clock": ("POST", "/v1/exercises/hostile/clock", {}, ("at",)),
    "an acknowledgement": ("POST", "/v1/obligations/x/acknowledgements", {"by": "A. Person", "intent": "acting"}, ("note",)),
    "a cloud event": (
        "POST",
        "/v1/alerts",
        {"specversion": "1.0", "id": "1", "source": "police", "type": "t", "data": ALERT},
        ("data", "details", "x"),
    ),
}


@pytest.mark.parametrize("place", PLACES)
async def test_no_value_in_any_place_of_a_body_is_a_defect_of_ours(gateway: Any, place: str) -> None:
    method, path, body, where = PLACES[place]
    for what, value in VALUES.items():
        headers = {"content-type": "application/cloudevents+json" if "specversion" in body else "application/json"}
        answer = await gateway.http.request(method, path, content=at(body, value, *where), headers=headers)

        assert answer.status_code < 500, (what, answer.text[:300])
        if answer.status_code < 400:
            assert value.startswith('"'), what  # a text is a text where any may stand
            continue
        assert answer.headers["content-type"] == "application/problem+json", what
        assert "999999" not in answer.text, what


@pytest.mark.parametrize("value", ["an integer of 5,000 digits", "an integer beyond 64 bits", "an exponent"])
async def test_a_number_beyond_64_bits_is_named_at_its_path(gateway: Any, value: str) -> None:
    answer = await gateway.http.post("/v1/alerts", content=at(ALERT, VALUES[value], "details", "x"))

    assert answer.status_code == 422
    assert ("details.x", "number_too_large") in [(fault["path"], fault["code"]) for fault in answer.json()["faults"]]


@pytest.mark.parametrize(
    "path",
    [
        "/v1/inbox?after=" + quote("0~0~0001-01-01T00:00:00+14:00~x"),
        "/v1/inbox?after=" + quote("0~0~9999-12-31T23:59:59-14:00~x"),
        "/v1/inbox?after=" + quote("0~0~2020-01-01T00:00:00~x"),
        "/v1/inbox?after=" + quote(f"{DIGITS[:90]}~0~2020-01-01T00:00:00Z~x"),
        "/v1/inbox?after=%00",
        f"/v1/inbox?limit={DIGITS}",
        "/v1/inbox?limit=-1",
        "/v1/inbox?state=%00",
        "/v1/inbox?exercise=%ff",
        "/v1/inbox?agency=%00",
        "/v1/items?after=" + quote("9999-12-31T23:59:59-14:00~x"),
        "/v1/items?after=" + quote("2020-01-01T00:00:00~x"),
        "/v1/items?after=%00",
        "/v1/items?case=%00",
        "/v1/items?state=%00",
        "/v1/items?overdue=x",
        f"/v1/items?limit={DIGITS}",
        "/v1/items?exercise=%ff",
        "/v1/items/%00",
        "/v1/reviews?after=%00",
        "/v1/reviews?state=x",
        f"/v1/reviews?limit={DIGITS}",
        "/v1/reviews/%00",
        "/v1/alerts/%00",
        "/v1/alerts/%ff",
        "/v1/cases/%00",
        "/v1/cases/x%00y/chronology",
        "/v1/cases/x/chronology?format=%00",
        f"/v1/cases/{'x' * 8_000}",
        "/v1/%00",
    ],
)
async def test_no_address_is_a_defect_of_ours(gateway: Any, path: str) -> None:
    answer = await gateway.http.get(path)

    assert answer.status_code < 500, (answer.status_code, answer.text[:300])


@pytest.mark.parametrize("tag", [f'"{DIGITS}"', '"²"', "*, ", '"-1"', "W/x"])
async def test_no_precondition_is_a_defect_of_ours(gateway: Any, tag: str) -> None:
    answer = await gateway.http.put("/v1/cases/hostile-2", json=CASE, headers={"if-match": tag.encode()})

    assert 400 <= answer.status_code < 500


@pytest.mark.parametrize("message", ["break off", "break out", "break up", "break"])
async def test_a_plugin_that_would_end_the_process_is_a_plugins_fault(gateway: Any, message: str) -> None:
    raw = await gateway.http.post("/v1/sources/plain-source", content=message)
    receipt = await gateway.http.post("/v1/receipts/systems", content=message)

    assert [(answer.status_code, answer.json()["code"]) for answer in (raw, receipt)] == [(503, "source_away")] * 2
    assert (await gateway.http.get("/-/healthy")).status_code == 200


async def test_of_one_sender_only_so_much_that_nobody_can_read_is_kept_and_the_rest_stays_with_it(gateway: Any) -> None:
    answers = [await gateway.http.post("/v1/sources/plain-source", content=f"[{n}" + " " * 640_000) for n in range(40)]

    assert {answer.status_code for answer in answers} == {422, 429}
    refused = next(answer for answer in answers if answer.status_code == 429)
    assert (refused.json()["code"], "retry-after" in refused.headers, "ref" in refused.json()) == ("too_many", True, False)
