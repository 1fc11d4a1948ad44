"""What strangers send: every fault with its path and what was expected there, and the value itself nowhere."""

import io
import json
from typing import Any

import pytest

pytestmark = pytest.mark.kafka

CANARY = "Zebulon-Quagmire-1987"

ALERT: dict[str, Any] = {
    "id": "wrong-1",
    "source": "police.northants",
    "kind": "threat_to_staff",
    "occurred_at": "2020-11-18T14:05:00Z",
    "recorded_at": "2020-11-18T15:00:00Z",
    "subjects": [{"person": {"identifiers": [{"system": "nhs_number", "value": "9434765919"}]}}],
}


def person(**fields: Any) -> dict[str, Any]:
    return {"subjects": [{"person": fields}]}


MOMENT = "a moment with its offset, such as 2020-11-18T15:00:00Z"
BODIES: dict[str, tuple[Any, int, list[tuple[str, str]]]] = {
    "malformed JSON": (f'{{"id": "{CANARY}"', 422, [("", "malformed_json")]),
    "an empty body": ("", 422, [("", "malformed_json")]),
    "not UTF-8": (b'{"id": "\xff%s"}' % CANARY.encode(), 422, [("", "malformed_json")]),
    "half a surrogate pair": ('{"id": "\\ud800"}', 422, [("", "malformed_json")]),
    "nested a thousand deep": ("[" * 100_000, 422, [("", "malformed_json")]),
    "not a number": (json.dumps(ALERT | {"details": {"x": float("nan")}}), 422, [("", "malformed_json")]),
    "a name twice": (f'{{"id": "a", "id": "{CANARY}"}}', 422, [("", "duplicate_name")]),
    "a list": ([ALERT], 422, [("", "model_type")]),
    "an impossible date": (
        ALERT | person(born="1990-02-31", label=CANARY),
        422,
        [("subjects[0].person.born", "date_from_datetime_parsing")],
    ),
    "an impossible moment": (
        ALERT | {"occurred_at": f"2020-13-01T00:00:00Z {CANARY}"},
        422,
        [("occurred_at", "datetime_from_date_parsing")],
    ),
    "a moment without its offset": (ALERT | {"occurred_at": "2020-11-18T14:05:00"}, 422, [("occurred_at", "timezone_aware")]),
    "a moment as a number": (ALERT | {"recorded_at": 20201118}, 422, [("recorded_at", "datetime_type")]),
    "an invalid NHS number": (
        ALERT | person(identifiers=[{"system": "nhs_number", "value": CANARY}]),
        422,
        [("subjects[0].person.identifiers[0].value", "identifier_invalid")],
    ),
    "a wrong identifier system": (
        ALERT | person(identifiers=[{"system": CANARY, "value": "9434765919"}]),
        422,
        [("subjects[0].person.identifiers[0].system", "identifier_system_unknown")],
    ),
    "an unknown field": (ALERT | person(nickname=CANARY), 422, [("subjects[0].person.nickname", "extra_forbidden")]),
    "a person's name where a field's should be": (ALERT | {CANARY: 1}, 422, [("?", "extra_forbidden")]),
    "a section of the details in another form than its name has": (
        ALERT
        | {"recorded_at": 5, "details": {"contact": {"mode": CANARY, CANARY: 1}, "action": {"what": "x", "due": 1}, "meeting": CANARY}},
        422,
        [
            ("details.meeting", "model_type"),
            ("details.contact.mode", "string_pattern_mismatch"),
            ("details.contact.?", "extra_forbidden"),
            ("details.action.due", "date_type"),
            ("recorded_at", "datetime_type"),
        ],
    ),
    "a severity nobody knows": (ALERT | {"severity": CANARY}, 422, [("severity", "enum")]),
    "a source that is no agency": (ALERT | {"source": CANARY}, 422, [("source", "string_pattern_mismatch")]),
    "a kind that is no word": (ALERT | {"kind": CANARY}, 422, [("kind", "string_pattern_mismatch")]),
    "nobody": (ALERT | {"subjects": []}, 422, [("", "inconsistent")]),
    "U+0000 in the narrative": (ALERT | {"narrative": [{"text": f"{CANARY}\0"}]}, 422, [("narrative[0].text", "control_character")]),
    "a narrative of 70,000 characters": (ALERT | {"narrative": [{"text": "x" * 70_000}]}, 422, [("narrative[0].text", "string_too_long")]),
    "a narrative of 2 MB": (ALERT | {"narrative": [{"text": CANARY * 100_000}]}, 413, []),
    "everything at once": (
        {"id": "", "source": CANARY, "occurred_at": CANARY, "subjects": [{"person": {"born": CANARY, "zed": 1}}], "severity": 1},
        422,
        [
            ("id", "string_too_short"),
            ("source", "string_pattern_mismatch"),
            ("kind", "missing"),
            ("occurred_at", "datetime_from_date_parsing"),
            ("recorded_at", "missing"),
            ("subjects[0].person.born", "date_from_datetime_parsing"),
            ("subjects[0].person.zed", "extra_forbidden"),
            ("severity", "enum"),
        ],
    ),
}


@pytest.mark.parametrize("name", BODIES)
async def test_wrong_input_is_refused_with_every_fault_and_repeated_nowhere(gateway: Any, log_text: io.StringIO, name: str) -> None:
    body, status, faults = BODIES[name]
    content = body if isinstance(body, str | bytes) else json.dumps(body)

    answer = await gateway.http.post("/v1/alerts", content=content, headers={"content-type": "application/json"})

    assert answer.status_code == status, answer.text
    assert [(f["path"], f["code"]) for f in answer.json().get("faults", [])] == faults
    assert all(f["expected"] for f in answer.json().get("faults", []))
    metrics = (await gateway.http.get("/metrics")).text
    assert CANARY not in answer.text + str(answer.headers) + log_text.getvalue() + metrics


async def test_an_unknown_kind_is_accepted(gateway: Any) -> None:
    answer = await gateway.http.post("/v1/alerts", json=ALERT | {"id": CANARY, "kind": "something_new"})

    assert answer.status_code in {200, 202}


@pytest.mark.parametrize(
    ("change", "path", "expected"),
    [
        (
            {"links": [{"person": "m", "relation": "mother", "from": CANARY}]},
            "links[0].from",
            "a date (YYYY-MM-DD), or a moment with its offset",
        ),
        ({"links": [{"person": "nobody", "relation": "mother"}], "children": ["x"]}, "links[0].person", "no such key in `people`"),
        ({"routing": {"recently_ended_days": 1}}, "routing", "only an exercise may carry its own policy parameters"),
        (
            {"links": [{"person": "m", "relation": "mother", "from": "2020-01-02", "to": "2020-01-01"}]},
            "links[0]",
            "`to` lies before `from`",
        ),
        ({"people": [{"key": CANARY + " x"}]}, "people[0].key", None),
        ({"people": [{"key": "m", "identifiers": [{"system": "nhs", "value": CANARY}]}]}, "people[0].identifiers[0].value", None),
    ],
)
async def test_a_wrong_case_is_refused_in_the_same_way(
    gateway: Any, log_text: io.StringIO, change: dict[str, Any], path: str, expected: str | None
) -> None:
    answer = await gateway.http.put("/v1/cases/wrong", json={"people": [{"key": "m"}]} | change)

    assert answer.status_code == 422
    faults = {f["path"]: f["expected"] for f in answer.json()["faults"]}
    assert path in faults
    assert expected is None or faults[path] == expected
    assert CANARY not in answer.text + log_text.getvalue()


async def test_a_wrong_case_names_every_place_that_points_at_nobody(gateway: Any) -> None:
    links = [{"person": "nobody", "relation": "mother"}]

    answer = await gateway.http.put("/v1/cases/wrong", json={"children": ["x"], "links": links})

    assert [f["path"] for f in answer.json()["faults"]] == ["children[0]", "links[0].person"]


@pytest.mark.parametrize(
    ("event", "faults"),
    [
        ({"specversion": "0.3", "id": "1", "source": "/x", "type": "t", "data": ALERT}, [("specversion", "cloudevent")]),
        ({"specversion": "1.0", "data": ALERT}, [("id", "missing"), ("source", "missing"), ("type", "missing")]),
        ({"specversion": "1.0", "id": "1", "source": "/x", "type": "t"}, [("data", "missing")]),
        ({"specversion": "1.0", "id": "1", "source": "/x", "type": "t", "data_base64": CANARY}, [("data_base64", "malformed_json")]),
        ({"specversion": "1.0", "id": "1", "source": "/x", "type": "t", "data": ALERT | {"severity": CANARY}}, [("data.severity", "enum")]),
    ],
)
async def test_a_wrong_cloud_event_is_refused_with_its_paths(gateway: Any, event: object, faults: object) -> None:
    answer = await gateway.http.post("/v1/alerts", content=json.dumps(event), headers={"content-type": "application/cloudevents+json"})

    assert [(f["path"], f["code"]) for f in answer.json()["faults"]] == faults
    assert CANARY not in answer.text


async def test_a_source_plugin_that_repeats_its_message_in_its_error_repeats_it_to_nobody(gateway: Any, log_text: io.StringIO) -> None:
    answer = await gateway.http.post("/v1/sources/plain-source", content=f"break {CANARY}".encode())

    assert (answer.status_code, answer.json()["code"]) == (503, "source_away"), "the plugin's fault, and not the sender's"
    assert CANARY not in answer.text + log_text.getvalue()


async def test_a_message_with_a_wrong_alert_from_its_plugin_repeats_nothing(gateway: Any, log_text: io.StringIO) -> None:
    answer = await gateway.http.post("/v1/sources/plain-source", content=json.dumps([ALERT | {"severity": CANARY}]))

    assert (answer.status_code, answer.json()["code"]) == (503, "source_away"), "the plugin's fault, and not the sender's"
    assert CANARY not in answer.text + log_text.getvalue()


async def test_a_wrong_acknowledgement_is_refused_with_its_paths(gateway: Any) -> None:
    answer = await gateway.http.post("/v1/obligations/x/acknowledgements", json={"intent": CANARY, "by": ""})

    faults = [(f["path"], f["code"]) for f in answer.json()["faults"]]
    assert faults == [("by", "string_too_short"), ("intent", "enum")]
    assert CANARY not in answer.text
