"""Each call with each right, against a real broker: who is let in, and that a sender cannot ask who is known."""

import hashlib
import io
import json
import uuid
from collections.abc import AsyncIterator
from typing import Any

import pytest

from alertbus.audit import trail
from alertbus.audit.chain import AuditedDeed
from alertbus.broker import topics
from alertbus.broker.producer import Producer
from alertbus.caller_settings import CallerSettings
from alertbus.chronicle import projector
from alertbus.delivery.ledger.ledger import Ledger
from alertbus.gateway.logins import MOST
from alertbus.model.events import ReviewReason
from alertbus.wire import records
from tests.contract.test_http import alert, case, fresh, notice, owe
from tests.story import Log, a_case, an_item

pytestmark = pytest.mark.kafka

CALLERS: dict[str, dict[str, Any]] = {
    "csc": {"agency": "childrens_social_care"},
    "csc-north": {"agency": "childrens_social_care", "rights": ["hold_cases"], "areas": ["north-"]},
    "police-a": {"agency": "police", "sources": ["police.a"]},
    "police-b": {"agency": "police", "sources": ["police.b"]},
    "school": {"agency": "school"},
    "ops": {"agency": "bus", "operations": True},
    "reader": {"agency": "police", "rights": ["receive"]},
}


@pytest.fixture
async def guarded(kafka: str, open_gateway: Any) -> AsyncIterator[Any]:
    callers = [CallerSettings(name=name, token_sha256=hashlib.sha256(name.encode()).hexdigest(), **said) for name, said in CALLERS.items()]
    async with open_gateway(kafka, callers=callers) as opened:
        yield opened


def by(name: str) -> dict[str, str]:
    return {"authorization": f"Bearer {name}"}


async def state(gateway: Any, name: str, **changed: Any) -> Any:
    return await gateway.http.post("/v1/alerts", json=alert(**changed), headers=by(name))


@pytest.mark.parametrize("caller", ["police-a", "school"])
async def test_two_worlds_in_which_somebody_is_known_and_is_not_answer_a_sender_alike(guarded: Any, caller: str) -> None:
    """In the one world a case names the person and an agency is told; in the other nobody knows them and somebody is asked."""
    source = "police.a" if caller == "police-a" else "school"
    case_id, number = fresh("c"), {"system": "crn", "value": "X765432"}
    body = case(case_id, "m") | {"people": [{"key": "m", "identifiers": [number]}]}
    assert (await guarded.http.put(f"/v1/cases/{case_id}", json=body, headers=by("csc"))).status_code == 201

    answers = []
    for value in ("X765432", "X765433"):
        said = {"source": source, "kind": "other", "subjects": [{"person": {"identifiers": [number | {"value": value}]}}]}
        answers.append(await state(guarded, caller, **said))
    known, unknown = (answer.json()["id"] for answer in answers)
    await guarded.projected(topics.ALERTS)
    await owe(guarded, notice(alert_id=known, case_id=case_id))
    producer = Producer(guarded.bootstrap)
    await producer.start()
    asked = records.review_needed(unknown, ReviewReason.NOBODY_LINKED, guarded.inside.now(), alert_id=unknown, source=source)
    await producer.send_all([asked])
    await producer.stop()
    await guarded.projected(topics.ALERTS, topics.REVIEW)

    shown = [await guarded.http.get(f"/v1/alerts/{one}", headers=by(caller)) for one in (known, unknown)]
    holders = [(await guarded.http.get(f"/v1/alerts/{one}", headers=by("csc"))).json() for one in (known, unknown)]
    assert [a.status_code for a in (*answers, *shown)] == [202, 202, 200, 200]
    assert alike(shown[0].json()) == alike(shown[1].json())
    assert ([o["case_id"] for o in holders[0]["obligations"]], holders[1]["review"]) == ([case_id], ["nobody_linked"])


def alike(body: dict[str, Any]) -> str:
    """The body without what differs between any two alerts: their ids, and the moment at which each was accepted."""
    said = {name: value for name, value in body.items() if name not in {"id", "source_id"}}
    said["statements"] = [{**one, "statement_id": "", "accepted_at": ""} for one in said["statements"]]
    return json.dumps(said, sort_keys=True)


async def test_a_key_that_is_known_and_one_that_is_not_are_refused_alike(guarded: Any) -> None:
    case_id = fresh("c")
    await guarded.http.put(f"/v1/cases/{case_id}", json=case(case_id, f"key-{case_id}"), headers=by("csc"))

    said = [{"source": "police.a", "subjects": [{"person": {"key": key}}]} for key in (f"key-{case_id}", "nobody-has-this-key")]
    answers = [await state(guarded, "police-a", **one) for one in said]
    raw = [await guarded.http.post("/v1/sources/plain-source", content=json.dumps([alert(**one)]), headers=by("police-a")) for one in said]

    for known, unknown in (answers, raw):
        assert (known.status_code, known.json()) == (422, unknown.json())
    assert [fault["path"] for fault in answers[0].json()["faults"]] == ["subjects[0].person.key"]


@pytest.mark.parametrize("answer", ["acknowledged;Jo Bloggs", "seen;", "acknowledged;"])
async def test_the_answer_to_another_agencys_message_is_refused_as_one_to_no_message_is(guarded: Any, answer: str) -> None:
    owed = notice()
    await Ledger(guarded.inside.engine).record([owed], guarded.inside.now())

    there, nowhere = [
        await guarded.http.post("/v1/receipts/systems", content=f"{key};{answer}".encode(), headers=by("reader"))
        for key in (owed.id, uuid.uuid4())
    ]

    assert there.status_code == nowhere.status_code == 404
    assert there.json() == nowhere.json()


async def test_history_is_stated_by_who_holds_cases_alone(guarded: Any) -> None:
    refused = await state(guarded, "police-a", source="police.a", history=True)
    taken = await state(guarded, "csc", source="childrens_social_care", history=True)

    assert (refused.status_code, taken.status_code) == (403, 202)
    assert "`hold_cases`" in refused.json()["detail"]


async def test_one_force_withdraws_nothing_of_anothers(guarded: Any) -> None:
    said = alert(source="police.b")
    assert (await guarded.http.post("/v1/alerts", json=said, headers=by("police-b"))).status_code == 202
    withdrawn = alert(source="police.b", action="withdrawn", amends=said["id"])

    assert (await guarded.http.post("/v1/alerts", json=withdrawn, headers=by("police-a"))).status_code == 403
    raw = await guarded.http.post("/v1/sources/plain-source", content=json.dumps([withdrawn]), headers=by("police-a"))
    assert (raw.status_code, "source" in raw.json()["detail"]) == (403, True)
    assert (await guarded.http.post("/v1/alerts", json=withdrawn, headers=by("police-b"))).status_code == 202


async def test_a_school_states_no_release_by_either_door(guarded: Any) -> None:
    said = alert(source="school", kind="prisoner_release")

    answers = [
        await guarded.http.post("/v1/alerts", json=said, headers=by("school")),
        await guarded.http.post("/v1/sources/plain-source", content=json.dumps([said]), headers=by("school")),
    ]
    assert [(a.status_code, "may_state" in a.json()["detail"]) for a in answers] == [(403, True)] * 2


async def test_an_alert_is_found_by_its_sources_id_whoever_else_has_used_that_id(guarded: Any) -> None:
    shared = uuid.uuid4().hex
    ours = (await state(guarded, "police-a", id=shared, source="police.a")).json()["id"]
    theirs = (await state(guarded, "school", id=shared, source="school")).json()["id"]
    await guarded.projected(topics.ALERTS)
    await owe(guarded, notice("police", "police", alert_id=ours))

    found = {name: await guarded.http.get(f"/v1/alerts/{shared}", headers=by(name)) for name in CALLERS}

    assert {name: found[name].json().get("id") for name in ("police-a", "school", "reader")} == {
        "police-a": ours,
        "school": theirs,
        "reader": ours,
    }
    assert {name: found[name].json()["matches"] for name in ("police-a", "csc")} == {"police-a": 1, "csc": 2}
    assert {name: found[name].status_code for name in ("csc-north", "ops")} == {"csc-north": 404, "ops": 404}


async def test_who_holds_the_cases_of_an_area_reads_and_writes_those_alone(guarded: Any) -> None:
    north, south = f"north-{fresh('c')}", f"south-{fresh('c')}"
    alert_id = (await state(guarded, "police-a", source="police.a")).json()["id"]
    await guarded.projected(topics.ALERTS)
    await owe(guarded, notice(alert_id=alert_id, case_id=north), notice("school", "education", alert_id=alert_id, case_id=south))

    put = [
        await guarded.http.put(f"/v1/cases/{one}", json=case(fresh("c"), "a") | {"id": one}, headers=by("csc-north"))
        for one in (north, south)
    ]
    await guarded.http.put(f"/v1/cases/{south}", json=case(fresh("c"), "a") | {"id": south}, headers=by("csc"))
    got = [await guarded.http.get(f"/v1/cases/{one}", headers=by("csc-north")) for one in (north, south)]
    seen = (await guarded.http.get(f"/v1/alerts/{alert_id}", headers=by("csc-north"))).json()

    assert [a.status_code for a in (*put, *got)] == [201, 403, 200, 404]
    assert ([o["case_id"] for o in seen["obligations"]], seen["cases"], seen["notices"]) == ([north], [north], [])
    assert (await guarded.http.get("/v1/reviews", headers=by("csc-north"))).status_code == 403
    merge = {"people": [{"case_id": north, "key": "a"}, {"case_id": south, "key": "a"}], "by": "Jo Okafor"}
    assert (await guarded.http.post("/v1/people/merges", json=merge, headers=by("csc-north"))).status_code == 403


@pytest.mark.parametrize(
    ("method", "path", "may"),
    [
        ("GET", "/v1/inbox", {"csc", "police-a", "police-b", "school", "reader"}),
        ("GET", "/v1/items", {"csc", "csc-north", "police-a", "police-b", "school", "reader"}),
        ("GET", "/v1/items/x", {"csc", "csc-north", "police-a", "police-b", "school", "reader"}),
        ("POST", "/v1/receipts/systems", {"csc", "police-a", "police-b", "school", "reader"}),
        ("POST", "/v1/obligations/x/acknowledgements", {"csc", "police-a", "police-b", "school", "reader"}),
        ("POST", "/v1/obligations/x/acknowledgements/y/undo", {"csc", "police-a", "police-b", "school", "reader"}),
        ("POST", "/v1/items/x/decisions", {"csc", "csc-north", "police-a", "police-b", "school", "reader"}),
        ("POST", "/v1/obligations/x/acted", {"csc", "police-a", "police-b", "school", "reader"}),
        ("POST", "/v1/alerts", {"csc", "police-a", "police-b", "school"}),
        ("POST", "/v1/sources/plain-source", {"csc", "police-a", "police-b", "school"}),
        ("PUT", "/v1/cases/north-x", {"csc", "csc-north"}),
        ("POST", "/v1/cases", {"csc", "csc-north"}),
        ("POST", "/v1/people/merges", {"csc"}),
        ("POST", "/v1/people/splits", {"csc"}),
        ("GET", "/v1/alerts/x/explanation", {"csc", "csc-north"}),
        ("POST", "/v1/explanations", {"csc", "csc-north"}),
        ("GET", "/v1/reviews", {"csc", "ops"}),
        ("GET", "/v1/audit", {"ops"}),
        ("PUT", "/v1/teams/police.duty", {"police-a", "police-b"}),
        ("POST", "/v1/exercises/x/clock", {"ops"}),
    ],
)
async def test_each_call_is_for_who_has_its_right_and_for_nobody_else(guarded: Any, method: str, path: str, may: set[str]) -> None:
    """Whoever is let in is told of the empty body, or that there is no such thing; whoever is not, of the right."""
    answers = {name: await guarded.http.request(method, path, headers=by(name)) for name in CALLERS}
    body = {"source": "nobody", "kind": "x"} if path == "/v1/alerts" else None
    if body:  # the body is read before it is known whose right it needs
        answers = {name: await state(guarded, name, source=CALLERS[name].get("sources", [CALLERS[name]["agency"]])[0]) for name in CALLERS}

    assert {name for name, answer in answers.items() if answer.status_code != 403} == may


async def test_integration_sees_the_questions_about_messages_and_no_others(guarded: Any) -> None:
    await guarded.http.post("/v1/sources/plain-source", content=b"unreadable", headers=by("school"))
    await guarded.projected(topics.REVIEW)

    items = (await guarded.http.get("/v1/reviews?state=all&limit=500", headers=by("ops"))).json()["items"]

    assert {item["owner"] for item in items} == {"integration"}


async def test_a_case_id_that_tells_of_somebody_is_refused_and_the_bus_gives_one_that_does_not(guarded: Any) -> None:
    people = {"people": [{"key": "a", "name": {"given": "Ana", "family": "Quagmire"}}]}
    refused = [
        await guarded.http.put(f"/v1/cases/{case_id}", json=people, headers=by("csc"))
        for case_id in ("9434765919", "quagmire-2", "X123456")
    ]

    keyed = by("csc") | {"idempotency-key": fresh("k")}
    first = await guarded.http.post("/v1/cases", json=people, headers=keyed)
    again = await guarded.http.post("/v1/cases", json=people, headers=keyed)
    north = await guarded.http.post("/v1/cases", json=people, headers=by("csc-north"))
    south = await guarded.http.post("/v1/cases?area=south-", json=people, headers=by("csc-north"))

    assert [(a.status_code, a.json()["faults"][0]["code"]) for a in refused] == [(422, "id_tells")] * 3
    assert [a.status_code for a in (first, again, north, south)] == [201, 201, 201, 403]
    assert first.json()["id"] == again.json()["id"]
    assert first.headers["location"] == f"/v1/cases/{first.json()['id']}"
    assert north.json()["id"].startswith("north-")
    assert (await guarded.http.get(first.headers["location"], headers=by("csc"))).json()["version"] == 1
    assert (await guarded.http.post("/v1/cases", json=people, headers=by("police-a"))).status_code == 403


async def test_a_case_that_stands_is_written_under_the_id_it_has(guarded: Any) -> None:
    """What keeps ids opaque must not keep a family's news from its file: the name is learned after the case was opened."""
    case_id = f"{fresh('c')}-quagmire"
    await guarded.http.put(f"/v1/cases/{case_id}", json={"people": [{"key": "a"}]}, headers=by("csc"))
    named = {"people": [{"key": "a", "name": {"given": "Ana", "family": "Quagmire"}}]}

    assert (await guarded.http.put(f"/v1/cases/{case_id}", json=named, headers=by("csc"))).status_code == 200


async def test_who_is_told_and_why_is_explained_to_who_holds_the_case_and_audited(guarded: Any) -> None:
    north, south = f"north-{fresh('c')}", f"south-{fresh('c')}"
    number = {"system": "crn", "value": "X812345"}
    family = {"people": [{"key": "a", "identifiers": [number]}], "links": [{"person": "a", "relation": "father"}]}
    for one in (north, south):
        await guarded.http.put(f"/v1/cases/{one}", json=family | {"involvements": [{"agency": "school"}]}, headers=by("csc"))
    said = alert(source="police.a", kind="missing_child_incident", subjects=[{"person": {"identifiers": [number]}}])

    unsent = {name: await guarded.http.post("/v1/explanations", json=said, headers=by(name)) for name in ("csc", "csc-north")}
    alert_id = (await guarded.http.post("/v1/alerts", json=said, headers=by("police-a"))).json()["id"]
    await guarded.projected(topics.ALERTS)
    await owe(guarded, notice("school", "education", alert_id=alert_id, case_id=north))
    sent = {name: await guarded.http.get(f"/v1/alerts/{alert_id}/explanation", headers=by(name)) for name in ("csc", "csc-north")}

    for answers in (unsent, sent):
        told = {name: {(line["case"], line["told"]) for line in answer.json()["lines"]} for name, answer in answers.items()}
        assert told == {"csc": {(north, "yes"), (south, "yes")}, "csc-north": {(north, "yes")}}
    read = [(one.deed, one.caller) for one in await trail.records(guarded.bootstrap) if alert_id in one.about]
    assert read == [(AuditedDeed.EXPLANATION_READ, "csc"), (AuditedDeed.EXPLANATION_READ, "csc-north")]


async def test_clk_12_what_is_owed_on_a_case_is_seen_by_who_is_on_it_as_each_may_and_looking_at_others_is_audited(guarded: Any) -> None:
    north, south = f"north-{fresh('c')}", f"south-{fresh('c')}"
    log = Log()
    for one in (north, south):
        log.case(a_case(one, involvements=[{"agency": "school"}, {"agency": "police", "scope": "adult_linked", "adult": "adult"}]))
        log.item(an_item(f"of {one}", case_id=one))
    log.item(an_item(f"police, {north}", case_id=north, agency="police", role="officer"))
    async with guarded.inside.engine.begin() as connection:
        places = {(record.topic, record.partition) for record in log.records}
        await projector.apply(connection, projector.read(log.records), starts=places)

    async def seen(name: str, **query: str) -> dict[str, Any]:
        answer = await guarded.http.get("/v1/items", params={"limit": 500, **query}, headers=by(name))
        assert answer.status_code == 200, answer.text
        return {item["id"]: item for item in answer.json()["items"] if item["case_id"] in {north, south}}

    all_three = {f"of {north}", f"of {south}", f"police, {north}"}
    assert set(await seen("csc")) == set(await seen("school")) == all_three
    assert set(await seen("csc-north")) == all_three - {f"of {south}"}
    assert set(await seen("reader")) == {f"police, {north}"}
    assert set(await seen("school", case=south)) == {f"of {south}"}
    assert (await seen("csc"))[f"of {north}"]["kind"] == "strategy_meeting"
    assert (await seen("school"))[f"of {north}"]["kind"] is None
    assert (await guarded.http.get("/v1/items?agency=gp", headers=by("school"))).status_code == 404
    assert (await guarded.http.get(f"/v1/items/of {north}", headers=by("reader"))).status_code == 404
    assert (await guarded.http.get(f"/v1/items/of {north}", headers=by("school"))).json()["state"] == "open"
    read = {(one.deed, one.caller) for one in await trail.records(guarded.bootstrap) if north in one.about}
    assert read == {(AuditedDeed.ITEMS_READ, "school"), (AuditedDeed.ITEMS_READ, "csc"), (AuditedDeed.ITEMS_READ, "csc-north")}


async def test_calls_without_a_known_token_are_logged_without_it_and_limited_and_a_known_one_is_always_let_in(
    guarded: Any, log_text: io.StringIO
) -> None:
    wrong = {"authorization": "Bearer Quagmire-not-a-token"}

    answers = [await guarded.http.get("/v1/inbox", headers=wrong) for _ in range(MOST + 1)]

    assert [a.status_code for a in answers] == [401] * MOST + [429]
    assert (answers[-1].json()["code"], int(answers[-1].headers["retry-after"]) > 0) == ("too_many_refused", True)
    assert (await guarded.http.get("/v1/inbox", headers=by("school"))).status_code == 200
    lines = [json.loads(line) for line in log_text.getvalue().splitlines()]
    refused = [line for line in lines if line["event"] == "a call without a known token was refused"]
    assert [line["count"] for line in refused] == list(range(1, MOST + 1))
    assert {line["url_host"] for line in refused} == {"127.0.0.1"}
    assert "Quagmire" not in log_text.getvalue()


async def test_numbers_are_told_by_agency_to_who_operates_alone(guarded: Any) -> None:
    owed = notice("health_visiting")
    await owe(guarded, owed)
    await Ledger(guarded.inside.engine).record([owed], guarded.inside.now())
    told: dict[str | None, list[bool]] = {}
    for name in (None, "school", "csc", "ops"):
        answers = [await guarded.http.get(path, headers=by(name) if name else {}) for path in ("/metrics", "/-/progress")]
        assert [a.status_code for a in answers] == [200, 200]
        told[name] = ["health_visiting" in answer.text for answer in answers]
        assert "alertbus_undelivered_notices{" in answers[0].text

    assert told == {None: [False, False], "school": [False, False], "csc": [False, False], "ops": [True, True]}
    assert (await guarded.http.get("/metrics", headers={"authorization": "Bearer nobody"})).status_code == 401
