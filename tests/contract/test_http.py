"""DESIGN section 9, row by row, against a real broker."""

import asyncio
import hashlib
import json
import uuid
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest
from sqlalchemy import select

from alertbus.broker import topics
from alertbus.broker.local import LocalKafka
from alertbus.caller_settings import CallerSettings
from alertbus.chronicle import projector
from alertbus.delivery.ledger.ledger import Ledger
from alertbus.gateway.server import run_gateway
from alertbus.intake.tables import accepted, raw
from alertbus.model import ids
from alertbus.model.alert import Alert
from alertbus.model.events import LinkChanged
from alertbus.model.gaps import ASKED, gaps
from alertbus.model.notice import Notice
from alertbus.reconcile.memory import Memory
from alertbus.reconcile.results import remember
from alertbus.settings import Settings
from alertbus.sql.engine import reading

pytestmark = pytest.mark.kafka


def alert(**changed: Any) -> dict[str, Any]:
    """An alert that nobody else's test has sent."""
    return {
        "id": uuid.uuid4().hex,
        "source": "police.northants",
        "kind": "threat_to_staff",
        "occurred_at": "2020-11-18T14:05:00Z",
        "recorded_at": "2020-11-18T15:00:00Z",
        "subjects": [{"person": {"identifiers": [{"system": "crn", "value": "X123456"}]}}],
    } | changed


def case(case_id: str, *people: str, **changed: Any) -> dict[str, Any]:
    return {
        "id": case_id,
        "people": [{"key": key, "identifiers": [{"system": "la_child_id", "value": f"{case_id}{key}"[-20:]}]} for key in people],
        "links": [{"person": key, "relation": "mother"} for key in people],
    } | changed


def fresh(word: str) -> str:
    return f"{word}{uuid.uuid4().hex[:8]}"


def notice(agency: str = "health_visiting", sector: str = "health", **changed: Any) -> Notice:
    obligation = {
        "id": str(uuid.uuid4()),
        "alert_id": str(uuid.uuid4()),
        "case_id": fresh("case-"),
        "agency": agency,
        "role": "health_visitor",
        "kind": "threat_to_staff",
        "severity": "high",
        "source": "police.northants",
        "source_id": "1",
        "since": "2026-11-23T08:00:00Z",
    } | changed
    return Notice.model_validate(
        {
            "id": str(uuid.uuid4()),
            "obligation": obligation,
            "sector": sector,
            "title": "Threat to staff",
            "because": "Mother's case",
            "occurred_at": "2020-11-18T14:05:00Z",
            "recorded_at": "2020-11-18T15:00:00Z",
            "lawful_basis": "default",
            "policy_version": "1",
            "rule": "threat_to_staff",
        }
    )


class _Told:
    """A notice on its way to the chronicle."""

    def __init__(self, told: Notice, offset: int) -> None:
        from alertbus.broker.envelope import encode
        from alertbus.model.events import NOTICE_OWED

        self.topic, self.partition, self.offset, self.timestamp = topics.NOTICES, 0, offset, 0
        self.key = f"{told.obligation.agency}/{told.obligation.case_id}".encode()
        self.headers, self.value = encode(
            type=NOTICE_OWED,
            source="/test",
            id=told.id,
            time=datetime(2026, 11, 23, tzinfo=UTC),
            subject=told.obligation.id,
            data=told.model_dump_json(by_alias=True, exclude_defaults=True).encode(),
        )


async def owe(gateway: Any, *told: Notice) -> None:
    records = [_Told(one, offset) for offset, one in enumerate(told)]
    async with gateway.inside.engine.begin() as connection:
        await projector.apply(connection, projector.read(records), starts={(topics.NOTICES, 0)})


# --- POST /v1/alerts ---------------------------------------------------------------------------------------------------


async def test_an_accepted_alert_stands_on_the_broker_before_the_answer(gateway: Any) -> None:
    said = alert()

    answer = await gateway.http.post("/v1/alerts", json=said)

    assert (answer.status_code, answer.json()) == (202, {"id": ids.alert_id(None, said["source"], said["id"])})
    [record] = await gateway.records(topics.ALERTS, answer.json()["id"])
    assert record.type == "uk.alertbus.alert.accepted.v1"
    assert record.id == json.loads(record.data)["statement_id"]
    assert json.loads(record.data)["alert"]["id"] == said["id"]
    assert answer.headers["location"] == f"/v1/alerts/{answer.json()['id']}"


async def test_the_same_alert_again_is_200_with_the_same_id_and_no_second_record(gateway: Any) -> None:
    said = alert()
    first = await gateway.http.post("/v1/alerts", json=said)

    again = await gateway.http.post("/v1/alerts", json=said)

    assert (again.status_code, again.json()) == (200, first.json())
    assert len(await gateway.records(topics.ALERTS, first.json()["id"])) == 1
    assert await gateway.reviews(first.json()["id"]) == []


async def test_the_same_alert_with_other_content_has_no_effect_but_a_question_for_a_human(gateway: Any) -> None:
    said = alert()
    first = await gateway.http.post("/v1/alerts", json=said)

    again = await gateway.http.post("/v1/alerts", json=said | {"severity": "critical"})

    assert (again.status_code, again.json()) == (200, first.json() | {"differs": True})
    assert len(await gateway.records(topics.ALERTS, first.json()["id"])) == 1
    [review] = await gateway.reviews(first.json()["id"])
    assert (review["reason"], review["source"]) == ("repeated_differently", "police.northants")


async def test_a_hundred_senders_of_one_alert_at_once_make_one_record(gateway: Any) -> None:
    said = alert()

    answers = await asyncio.gather(*(gateway.http.post("/v1/alerts", json=said) for _ in range(100)))

    assert sorted(a.status_code for a in answers) == [200] * 99 + [202]
    assert len(await gateway.records(topics.ALERTS, answers[0].json()["id"])) == 1


async def test_a_correction_knows_when_its_matter_was_first_stated(gateway: Any) -> None:
    said = alert()
    raised = await gateway.http.post("/v1/alerts", json=said)
    amended = await gateway.http.post("/v1/alerts", json=alert(action="amended", amends=said["id"], severity="low"))
    withdrawn = await gateway.http.post("/v1/alerts", json=said | {"action": "withdrawn"})

    assert [raised.status_code, amended.status_code, withdrawn.status_code] == [202, 202, 202]
    assert len({raised.json()["id"], amended.json()["id"], withdrawn.json()["id"]}) == 1
    first, second, third = [json.loads(r.data) for r in await gateway.records(topics.ALERTS, raised.json()["id"])]
    assert "first_at" not in first
    assert second["first_at"] == third["first_at"] == first["at"]


async def test_a_correction_counts_later_than_its_matter_though_the_clock_was_set_back(kafka: str, open_gateway: Any) -> None:
    noon = datetime(2026, 11, 23, 12, tzinfo=UTC)
    clock = [noon + timedelta(minutes=4)]
    async with open_gateway(kafka, now=lambda: clock[-1]) as gateway:
        said = alert()
        raised = await gateway.http.post("/v1/alerts", json=said)
        clock.append(noon)
        for severity in ("low", "high"):
            await gateway.http.post("/v1/alerts", json=alert(action="amended", amends=said["id"], severity=severity))
        await gateway.http.post("/v1/alerts", json=said | {"action": "withdrawn"})

        stated = [json.loads(record.data) for record in await gateway.records(topics.ALERTS, raised.json()["id"])]

    moments = [datetime.fromisoformat(one["at"]) for one in stated]
    assert len(moments) == 4
    assert moments == sorted(set(moments))
    assert {one["first_at"] for one in stated[1:]} == {stated[0]["at"]}
    assert {one["accepted_at"] for one in stated[1:]} == {noon.isoformat().replace("+00:00", "Z")}


async def test_a_correction_of_what_nobody_heard_of_has_no_first_moment(gateway: Any) -> None:
    answer = await gateway.http.post("/v1/alerts", json=alert(action="withdrawn"))

    [record] = await gateway.records(topics.ALERTS, answer.json()["id"])
    assert "first_at" not in json.loads(record.data)


async def test_in_an_exercise_an_alert_counts_from_the_moment_it_was_recorded(gateway: Any) -> None:
    answer = await gateway.http.post("/v1/alerts", json=alert(exercise=fresh("ex")))

    [record] = await gateway.records(topics.ALERTS, answer.json()["id"])
    assert json.loads(record.data)["at"] == "2020-11-18T15:00:00Z"


@pytest.mark.parametrize("mode", ["structured", "base64", "binary"])
async def test_an_alert_may_come_as_a_cloud_event(gateway: Any, mode: str) -> None:
    import base64

    said = alert()
    event = {"specversion": "1.0", "id": "e1", "source": "/police", "type": "uk.alertbus.alert.raised.v1"}
    if mode == "binary":
        headers = {f"ce-{name}": value for name, value in event.items()}
        answer = await gateway.http.post("/v1/alerts", json=said, headers=headers)
    else:
        encoded = base64.b64encode(json.dumps(said).encode()).decode()
        data = {"data": said} if mode == "structured" else {"data_base64": encoded}
        answer = await gateway.http.post(
            "/v1/alerts", content=json.dumps(event | data), headers={"content-type": "application/cloudevents+json"}
        )

    assert (answer.status_code, answer.json()) == (202, {"id": ids.alert_id(None, said["source"], said["id"])})


async def test_a_key_must_be_known_from_a_case_of_the_same_exercise_and_mean_one_person(gateway: Any) -> None:
    exercise, one, other, key = fresh("ex"), fresh("c"), fresh("c"), fresh("k")
    about = {"subjects": [{"person": {"key": key}}], "children": [{"key": "stranger"}]}
    await gateway.http.put(f"/v1/cases/{one}", json=case(one, key))
    await gateway.http.put(f"/v1/cases/{other}", json=case(other, key))

    answer = await gateway.http.post("/v1/alerts", json=alert(**about))

    assert answer.status_code == 422
    assert [(f["path"], f["code"]) for f in answer.json()["faults"]] == [
        ("subjects[0].person.key", "key_ambiguous"),
        ("children[0].person.key", "key_unknown"),
    ]

    await gateway.http.put(f"/v1/cases/{exercise}", json=case(exercise, key, exercise=exercise))
    known = alert(subjects=[{"person": {"key": key}}], exercise=exercise)
    assert (await gateway.http.post("/v1/alerts", json=known)).status_code == 202


async def test_an_alert_too_large_for_the_broker_is_413_and_nothing_is_written(gateway: Any) -> None:
    said = alert(narrative=[{"text": "ü" * 65_000}] * 4, details={"notes": "x" * 440_000})

    answer = await gateway.http.post("/v1/alerts", json=said)

    assert (answer.status_code, answer.json()["code"]) == (413, "too_large")


async def test_away_broker_is_503_and_the_alert_is_accepted_once_when_it_is_back(tmp_path: Path, open_gateway: Any) -> None:
    broker = LocalKafka(tmp_path / "broker")
    await broker.start()
    try:
        async with open_gateway(broker.bootstrap, limit_s=1.0) as gateway:
            said = alert()
            await until_answered(gateway, alert())  # a new topic's leader takes a moment
            await broker.stop()

            away = await gateway.http.post("/v1/alerts", json=said)
            at_once = await gateway.http.post("/v1/alerts", json=alert())
            ready = await gateway.http.get("/-/ready")

            assert (away.status_code, away.json()["code"]) == (503, "broker_unavailable")
            assert int(away.headers["retry-after"]) > 0
            assert at_once.status_code == 503
            assert (ready.status_code, ready.json()["code"]) == (503, "not_ready")

            await broker.start()
            back = await until_answered(gateway, said)
            again = await gateway.http.post("/v1/alerts", json=said)

            assert (back.status_code, again.status_code) == (202, 200)
            assert len(await gateway.records(topics.ALERTS, back.json()["id"])) == 1
    finally:
        await broker.stop()


async def until_answered(gateway: Any, said: dict[str, Any]) -> httpx.Response:
    """As a sender should: again for as long as the answer is 503."""
    async with asyncio.timeout(60):
        answer = await gateway.http.post("/v1/alerts", json=said)
        while answer.status_code == 503:
            await asyncio.sleep(0.2)
            answer = await gateway.http.post("/v1/alerts", json=said)
    return answer


async def test_a_crash_between_broker_and_database_lets_the_same_record_be_written_again(gateway: Any) -> None:
    said = alert()
    first = await gateway.http.post("/v1/alerts", json=said)
    async with gateway.inside.engine.begin() as connection:
        await connection.execute(accepted.delete())

    again = await gateway.http.post("/v1/alerts", json=said)

    assert (again.status_code, again.json()) == (202, first.json())
    one, two = await gateway.records(topics.ALERTS, first.json()["id"])
    assert one.id == two.id


# --- GET /v1/alerts/{id} -----------------------------------------------------------------------------------------------


async def test_an_alert_just_accepted_can_be_asked_for_once_the_chronicle_has_it(gateway: Any) -> None:
    alert_id = (await gateway.http.post("/v1/alerts", json=alert())).json()["id"]
    await gateway.projected(topics.ALERTS)

    answer = await gateway.http.get(f"/v1/alerts/{alert_id}")

    assert answer.status_code == 200
    assert answer.json()["id"] == alert_id
    assert [s["action"] for s in answer.json()["statements"]] == ["raised"]
    assert answer.json()["obligations"] == []


async def test_int_04_ppn_14_a_police_notice_that_lacks_something_is_accepted_and_its_sender_is_asked(gateway: Any) -> None:
    said = alert(kind="ppn", details={"incident": {"officer": "PC 1"}}, recorded_at="2026-11-20T15:00:00Z")

    answers = [await gateway.http.post("/v1/alerts", json=said) for _ in range(2)]
    raw = await gateway.http.post("/v1/sources/plain-source", content=json.dumps([said, alert(recorded_at="2026-11-20T15:00:00Z")]))

    asked = [gap.model_dump() for gap in gaps(Alert.model_validate(said))]
    assert {"path": "children", "words": ASKED["children"]} in asked
    assert ASKED["officer"] not in {gap["words"] for gap in asked}
    assert [(answer.status_code, answer.json()["to_complete"]) for answer in answers] == [(202, asked), (200, asked)]
    assert raw.json()["to_complete"] == [{"id": answers[0].json()["id"], **gap} for gap in asked]
    assert len(await gateway.records(topics.ALERTS, answers[0].json()["id"])) == 1


async def test_what_is_asked_of_a_sender_is_shown_to_it_until_an_amendment_says_it_and_to_nobody_else(guarded: Any) -> None:
    said = alert(kind="ppn", subjects=[{"person": {"label": "x"}}, {"role": "present", "person": {"label": "y"}}])
    alert_id = (await guarded.http.post("/v1/alerts", json=said, headers=by("police"))).json()["id"]
    await guarded.projected(topics.ALERTS)
    await owe(guarded, notice(alert_id=alert_id))
    url = f"/v1/alerts/{alert_id}"

    shown = {agency: (await guarded.http.get(url, headers=by(agency))).json()["to_complete"] for agency in ("police", "health_visiting")}
    later = {**said, "action": "amended", "recorded_at": "2020-11-19T15:00:00Z", "children": [{"role": "child", "person": {"label": "c"}}]}
    await guarded.http.post("/v1/alerts", json=later, headers=by("police"))
    await guarded.projected(topics.ALERTS)

    assert "children" in {gap["path"] for gap in shown["police"]}
    assert shown["health_visiting"] == []
    still = (await guarded.http.get(url, headers=by("police"))).json()["to_complete"]
    assert [gap["path"] for gap in still] == [gap["path"] for gap in shown["police"] if gap["path"] != "children"]


async def test_an_alert_nobody_sent_is_404(gateway: Any) -> None:
    answer = await gateway.http.get(f"/v1/alerts/{uuid.uuid4()}")

    assert (answer.status_code, answer.json()["code"]) == (404, "not_found")


# --- POST /v1/sources/{plugin} -----------------------------------------------------------------------------------------


async def test_a_message_that_raises_alerts_is_202_with_their_ids(gateway: Any) -> None:
    said = [alert(recorded_at="2026-11-20T15:00:00Z"), alert(recorded_at="2026-11-20T15:00:00Z")]

    answer = await gateway.http.post("/v1/sources/plain-source", content=json.dumps(said))

    expected = [ids.alert_id(None, one["source"], one["id"]) for one in said]
    assert (answer.status_code, answer.json()) == (202, {"outcome": "accepted", "ids": expected})
    assert len(await gateway.records(topics.ALERTS, expected[1])) == 1


async def test_a_message_that_raises_nothing_is_200_with_the_reason(gateway: Any) -> None:
    answer = await gateway.http.post("/v1/sources/plain-source", content=b"ignore")

    expected = {"outcome": "ignored", "reason": "rule 1: nothing about a person"}
    assert (answer.status_code, answer.json()) == (200, expected)


@pytest.mark.parametrize(
    ("message", "fault"),
    [
        (b"unreadable", {"path": "MessageAttributes.eventType", "expected": "a known event type", "code": "invalid"}),
        (b"no path", {"path": "$", "expected": "what this plugin reads", "code": "invalid"}),
    ],
    ids=["that its plugin cannot read", "and its plugin does not say where"],
)
async def test_a_message_not_understood_is_422_and_kept_for_review(gateway: Any, message: bytes, fault: object) -> None:
    answer = await gateway.http.post("/v1/sources/plain-source", content=message, headers={"content-type": "text/x"})

    assert (answer.status_code, answer.json()["code"], answer.json()["faults"]) == (422, "not_understood", [fault])
    async with reading(gateway.inside.engine) as connection:
        [row] = (await connection.execute(select(raw))).all()
    assert (row.ref, row.source, row.media_type, row.body) == (answer.json()["ref"], "plain-source", "text/x", message)
    reviews = await gateway.reviews(row.ref)
    assert {(r["reason"], r["raw_ref"], r["source"]) for r in reviews} == {("not_understood", row.ref, "plain-source")}


async def test_a_message_with_one_faulty_alert_is_refused_whole_and_kept(gateway: Any) -> None:
    good, bad = alert(), alert(subjects=[{"person": {"key": fresh("nobody")}}])

    answer = await gateway.http.post("/v1/sources/plain-source", content=json.dumps([good, bad]))

    assert answer.status_code == 422
    assert [(f["path"], f["code"]) for f in answer.json()["faults"]] == [("alerts[1].subjects[0].person.key", "key_unknown")]
    assert await gateway.records(topics.ALERTS, ids.alert_id(None, good["source"], good["id"])) == []


async def test_a_message_over_1_mib_is_413_and_a_human_is_told_its_digest(gateway: Any) -> None:
    message = uuid.uuid4().bytes * 70_000

    answer = await gateway.http.post("/v1/sources/plain-source", content=message)

    assert (answer.status_code, answer.json()["code"]) == (413, "too_large")
    assert "not kept" in answer.json()["detail"]
    digest = hashlib.sha256(message).hexdigest()
    [review] = await gateway.reviews(ids.event_id("raw", "plain-source", digest))
    assert review["detail"] == f"too_large sha256:{digest}"


async def test_a_source_nobody_installed_is_404(gateway: Any) -> None:
    answer = await gateway.http.post("/v1/sources/nobody", content=b"{}")

    assert (answer.status_code, answer.json()["code"]) == (404, "not_found")


# --- PUT and GET /v1/cases/{id} ----------------------------------------------------------------------------------------


async def test_a_case_is_recorded_with_its_people_and_read_back(gateway: Any) -> None:
    case_id = fresh("c")

    put = await gateway.http.put(f"/v1/cases/{case_id}", json=case(case_id, "mother"))
    got = await gateway.http.get(f"/v1/cases/{case_id}")

    assert (put.status_code, put.headers["etag"], put.json()["version"]) == (201, '"1"', 1)
    assert (got.status_code, got.json(), got.headers["etag"]) == (200, put.json(), '"1"')
    [person_id] = put.json()["people"][0]["person_ids"]
    [changed] = await gateway.records(topics.CASE_EVENTS, case_id)
    assert (changed.type, json.loads(changed.data)["case"]["version"]) == ("uk.alertbus.case.changed.v1", 1)
    [linked] = await gateway.records(topics.PERSON_EVENTS, person_id)
    assert [link["relation"] for link in json.loads(linked.data)["links"]] == ["mother"]
    [snapshot] = await gateway.records(topics.CASES, case_id)
    assert snapshot.type == "uk.alertbus.case.recorded.v1"


async def test_the_same_snapshot_again_or_as_it_was_read_is_the_version_that_stands(gateway: Any) -> None:
    case_id = fresh("c")
    first = await gateway.http.put(f"/v1/cases/{case_id}", json=case(case_id, "mother", children=["mother"]))

    again = await gateway.http.put(f"/v1/cases/{case_id}", json=case(case_id, "mother", children=["mother"]))
    read = await gateway.http.put(f"/v1/cases/{case_id}", json=first.json(), headers={"if-match": first.headers["etag"]})

    assert again.json() == read.json() == first.json()
    assert len(await gateway.records(topics.CASE_EVENTS, case_id)) == 1


async def test_if_match_guards_against_a_lost_update(gateway: Any) -> None:
    case_id = fresh("c")
    url, one, two = f"/v1/cases/{case_id}", case(case_id, "a"), case(case_id, "a", "b")

    async def put(body: object, **headers: str) -> tuple[int, str | None]:
        answer = await gateway.http.put(url, json=body, headers={k.replace("_", "-"): v for k, v in headers.items()})
        return answer.status_code, answer.json().get("code")

    assert await put(one, if_match='"1"') == (412, "version_conflict")
    assert await put(one, if_match="*") == (412, "version_conflict")
    assert await put(one, if_none_match="*") == (201, None)
    assert await put(two, if_none_match="*") == (412, "version_conflict")
    assert await put(two, if_match='"2"') == (412, "version_conflict")
    assert await put(two, if_match='W/"1"') == (412, "version_conflict")
    assert await put(two, if_match='"7", "1"') == (200, None)
    assert await put(one, if_match="2") == (200, None)
    assert await put(two) == (200, None)


async def test_somebody_taken_off_a_case_is_told_so_even_if_the_gateway_died_in_between(gateway: Any) -> None:
    case_id = fresh("c")
    first = await gateway.http.put(f"/v1/cases/{case_id}", json=case(case_id, "mother", "partner"))
    [gone] = first.json()["people"][1]["person_ids"]
    casework = gateway.inside.intake.cases

    recorded = await casework._cases.record(_case(case(case_id, "mother")), gateway.inside.now(), 1)
    assert (recorded.before.version, recorded.unlinked) == (1, (gone,))
    assert await gateway.inside.intake.cases.republish() == 1
    assert await gateway.inside.intake.cases.republish() == 0

    changed = [r for r in await gateway.records(topics.PERSON_EVENTS, gone) if r.type == LinkChanged.type]
    _, last = [json.loads(r.data) for r in changed]
    assert (last["version"], last["links"]) == (2, [])


async def test_a_case_id_that_is_not_the_addresss_is_422(gateway: Any) -> None:
    answer = await gateway.http.put(f"/v1/cases/{fresh('c')}", json=case("other", "a"))

    assert (answer.status_code, [f["path"] for f in answer.json()["faults"]]) == (422, ["id"])


async def test_a_case_nobody_recorded_is_404(gateway: Any) -> None:
    assert (await gateway.http.get(f"/v1/cases/{fresh('c')}")).status_code == 404
    assert (await gateway.http.get(f"/v1/cases/{fresh('c')}/chronology")).status_code == 404


def _case(body: dict[str, Any]) -> Any:
    from alertbus.model.case import Case

    return Case.model_validate(body)


# --- GET /v1/cases/{id}/chronology -------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("accept", "media_type"),
    [
        ("*/*", "application/json"),
        ("text/csv", "text/csv; charset=utf-8"),
        ("application/pdf, */*;q=0.1", "application/pdf"),
        ("text/html,application/xhtml+xml;q=0.9", "text/html; charset=utf-8"),
        ("text/plain;q=0.5, text/csv;q=0.1", "text/plain; charset=utf-8"),
    ],
)
async def test_a_chronology_comes_as_it_is_asked_for(gateway: Any, accept: str, media_type: str) -> None:
    case_id = fresh("c")
    await gateway.http.put(f"/v1/cases/{case_id}", json=case(case_id, "mother"))
    await gateway.projected(topics.CASES)

    answer = await gateway.http.get(f"/v1/cases/{case_id}/chronology", headers={"accept": accept})

    assert (answer.status_code, answer.headers["content-type"]) == (200, media_type)


# --- GET /v1/inbox, acknowledgements, receipts -------------------------------------------------------------------------


async def test_the_inbox_holds_one_agencys_obligations_overdue_first(gateway: Any) -> None:
    late = notice(due="2026-11-23T08:30:00Z", severity="low")
    new, others = notice(severity="critical"), notice("police", "police")
    await owe(gateway, new, others, late)

    answer = await gateway.http.get("/v1/inbox", params={"agency": "health_visiting", "state": "open", "limit": 1})
    rest = await gateway.http.get("/v1/inbox", params={"agency": "health_visiting", "state": "open", "after": answer.json()["next"]})

    assert [item["id"] for item in answer.json()["items"]] == [late.obligation.id]
    assert [item["id"] for item in rest.json()["items"]] == [new.obligation.id]
    assert rest.json()["next"] is None


async def test_an_acknowledgement_by_a_named_person_becomes_a_receipt(gateway: Any) -> None:
    owed = notice()
    await owe(gateway, owed)
    said = {"by": "Jo Bloggs", "role": "health visitor", "intent": "acting", "note": "visiting today"}
    url = f"/v1/obligations/{owed.obligation.id}/acknowledgements"

    answer = await gateway.http.post(url, json=said)
    again = await gateway.http.post(url, json=said)

    assert (answer.status_code, again.status_code) == (201, 201)
    assert answer.json()["id"] == again.json()["id"]
    receipt, _ = [json.loads(r.data) for r in await gateway.records(topics.RECEIPTS, owed.obligation.case_id)]
    assert (receipt["stage"], receipt["by"], receipt["notice_id"]) == ("acknowledged", "Jo Bloggs", owed.id)


async def test_not_ours_needs_a_reason_and_goes_to_review(gateway: Any) -> None:
    owed = notice()
    await owe(gateway, owed)
    url = f"/v1/obligations/{owed.obligation.id}/acknowledgements"

    bare = await gateway.http.post(url, json={"by": "Jo Bloggs", "intent": "not_ours"})
    reasoned = await gateway.http.post(url, json={"by": "Jo Bloggs", "intent": "not_ours", "note": "moved in May"})

    assert (bare.status_code, [f["path"] for f in bare.json()["faults"]]) == (422, ["note"])
    assert reasoned.status_code == 201
    [review] = await gateway.reviews(owed.obligation.alert_id)
    assert (review["reason"], review["detail"]) == ("not_ours", owed.obligation.id)


async def test_an_obligation_of_nobody_or_of_another_agency_is_the_same_404(gateway: Any) -> None:
    owed = notice()
    await owe(gateway, owed)
    said = {"by": "Jo Bloggs", "intent": "acting"}

    other = await gateway.http.post(f"/v1/obligations/{owed.obligation.id}/acknowledgements?agency=police", json=said)
    nobody = await gateway.http.post(f"/v1/obligations/{uuid.uuid4()}/acknowledgements", json=said)

    assert other.status_code == nobody.status_code == 404
    assert other.json() == nobody.json()


async def test_an_agency_systems_own_acknowledgement_is_matched_by_its_idempotency_key(gateway: Any) -> None:
    owed = notice()
    await Ledger(gateway.inside.engine).record([owed], gateway.inside.now())

    answer = await gateway.http.post("/v1/receipts/systems", content=f"{owed.id};acknowledged;Jo Bloggs".encode())
    stranger = await gateway.http.post("/v1/receipts/systems", content=f"{uuid.uuid4()};seen;".encode())
    unreadable = await gateway.http.post("/v1/receipts/systems", content=b"what is this")
    broken = await gateway.http.post("/v1/receipts/systems", content=b"break")
    nobody = await gateway.http.post("/v1/receipts/nobody", content=b"")

    assert (answer.status_code, answer.json()["obligation_id"]) == (202, owed.obligation.id)
    assert [stranger.status_code, unreadable.status_code, broken.status_code, nobody.status_code] == [404, 422, 503, 404]
    [receipt] = await gateway.records(topics.RECEIPTS, owed.obligation.case_id)
    assert json.loads(receipt.data)["by"] == "Jo Bloggs"
    assert (await gateway.reviews(unreadable.json()["ref"]))[0]["reason"] == "not_understood"


# --- POST /v1/exercises/{id}/clock -------------------------------------------------------------------------------------


async def test_an_exercises_clock_goes_forward_and_tells_each_of_its_cases(gateway: Any) -> None:
    exercise, case_id, later = fresh("ex"), fresh("c"), fresh("c")
    await gateway.http.put(f"/v1/cases/{case_id}", json=case(case_id, "a", exercise=exercise))
    url = f"/v1/exercises/{exercise}/clock"

    first = await gateway.http.post(url, json={"at": "2020-01-01T00:00:00Z"})
    second = await gateway.http.post(url, json={"at": "2020-02-01T00:00:00Z"})
    back = await gateway.http.post(url, json={"at": "2019-01-01T00:00:00Z"})
    await gateway.http.put(f"/v1/cases/{later}", json=case(later, "b", exercise=exercise))

    assert [a.json()["cases"] for a in (first, second, back)] == [1, 1, 0]
    ticks = [json.loads(r.data) for r in await gateway.records(topics.CASE_EVENTS, case_id) if "clock" in r.type]
    assert [(t["since"], t["at"]) for t in ticks] == [
        ("0001-01-01T00:00:00Z", "2020-01-01T00:00:00Z"),
        ("2020-01-01T00:00:00Z", "2020-02-01T00:00:00Z"),
    ]
    [caught_up] = [json.loads(r.data) for r in await gateway.records(topics.CASE_EVENTS, later) if "clock" in r.type]
    assert (caught_up["since"], caught_up["at"]) == ("0001-01-01T00:00:00Z", "2020-02-01T00:00:00Z")


# --- who calls ---------------------------------------------------------------------------------------------------------

TOKENS = {
    "school.123456": "school-token",
    "police": "police-token",
    "health_visiting": "hv-token",
    "childrens_social_care": "csc-token",
    "bus": "ops-token",
}


@pytest.fixture
async def guarded(kafka: str, open_gateway: Any) -> AsyncIterator[Any]:
    callers = [
        CallerSettings(
            name=agency,
            agency=agency,
            token_sha256=hashlib.sha256(token.encode()).hexdigest(),
            operations=agency == "bus",
        )
        for agency, token in TOKENS.items()
    ]
    async with open_gateway(kafka, callers=callers) as opened:
        yield opened


def by(agency: str) -> dict[str, str]:
    return {"authorization": f"Bearer {TOKENS[agency]}"}


async def test_without_a_known_token_every_call_is_401(guarded: Any) -> None:
    for headers in ({}, {"authorization": "Bearer wrong"}, {"authorization": "Basic cG9saWNl"}):
        answer = await guarded.http.get("/v1/inbox", headers=headers)
        assert (answer.status_code, answer.headers["www-authenticate"]) == (401, "Bearer")


async def test_an_agency_states_its_own_alerts_only_and_operations_none(guarded: Any) -> None:
    answers = [await guarded.http.post("/v1/alerts", json=alert(), headers=by(a)) for a in ("police", "health_visiting", "bus")]
    raw_message = await guarded.http.post("/v1/sources/plain-source", content=json.dumps([alert()]), headers=by("health_visiting"))

    assert [a.status_code for a in answers] == [202, 403, 403]
    assert ["`state`" in a.json()["detail"] for a in answers[1:]] == [True, True]
    assert raw_message.status_code == 403


async def test_an_agency_sees_its_own_obligations_and_nothing_of_anothers(guarded: Any) -> None:
    mine, theirs = notice("police", "police"), notice()
    await owe(guarded, mine, theirs)

    inbox = await guarded.http.get("/v1/inbox", headers=by("police"))
    own_name = await guarded.http.get("/v1/inbox?agency=police", headers=by("police"))
    another = await guarded.http.get("/v1/inbox?agency=health_visiting", headers=by("police"))
    answered = await guarded.http.post(
        f"/v1/obligations/{theirs.obligation.id}/acknowledgements",
        json={"by": "Jo Bloggs", "intent": "acting"},
        headers=by("police"),
    )

    assert [item["id"] for item in inbox.json()["items"]] == [mine.obligation.id]
    assert own_name.status_code == 200
    assert another.status_code == answered.status_code == 404


async def test_a_callers_token_for_one_school_sees_that_school_alone(guarded: Any) -> None:
    mine, theirs, of_all = (notice(school, "education") for school in ("school.123456", "school.999", "school"))
    await owe(guarded, mine, theirs, of_all)
    asked = {
        agency: await guarded.http.get(f"/v1/inbox?agency={agency}", headers=by("school.123456")) for agency in ("school.999", "school")
    }

    inbox = await guarded.http.get("/v1/inbox", headers=by("school.123456"))

    assert [item["id"] for item in inbox.json()["items"]] == [mine.obligation.id]
    assert {agency: answer.status_code for agency, answer in asked.items()} == {"school.999": 404, "school": 404}


async def test_an_alert_is_shown_to_its_sender_and_to_who_was_told_and_each_sees_its_own(guarded: Any) -> None:
    alert_id = (await guarded.http.post("/v1/alerts", json=alert(), headers=by("police"))).json()["id"]
    await guarded.projected(topics.ALERTS)
    hers = notice(alert_id=alert_id)
    await owe(guarded, hers, notice("school", "education", alert_id=alert_id))
    url = f"/v1/alerts/{alert_id}"

    sender, told, holder = [
        (await guarded.http.get(url, headers=by(a))).json() for a in ("police", "health_visiting", "childrens_social_care")
    ]

    assert (sender["obligations"], sender["notices"], sender["cases"], sender["review"]) == ([], [], [], [])
    assert [o["agency"] for o in told["obligations"]] == ["health_visiting"]
    assert [n["id"] for n in told["notices"]] == [hers.id]
    assert {o["agency"] for o in holder["obligations"]} == {"health_visiting", "school"}
    assert all("because" in o for o in holder["obligations"])
    assert (await guarded.http.get(url, headers=by("bus"))).status_code == 404


async def test_not_16_who_was_told_without_the_kind_is_not_told_it_by_the_alerts_own_page(guarded: Any) -> None:
    alert_id = (await guarded.http.post("/v1/alerts", json=alert(), headers=by("police"))).json()["id"]
    await guarded.projected(topics.ALERTS)
    await owe(guarded, notice(alert_id=alert_id, kind="other", source="alertbus", source_id=alert_id))
    url = f"/v1/alerts/{alert_id}"

    told, sender = [(await guarded.http.get(url, headers=by(a))).json() for a in ("health_visiting", "police")]

    assert (told["kind"], told["source"], told["source_id"]) == ("other", "alertbus", alert_id)
    assert (sender["kind"], sender["source"], sender["source_id"]) == (alert()["kind"], "police.northants", sender["source_id"])
    assert "police" not in json.dumps(told)


async def test_an_alert_that_is_not_the_callers_to_see_is_404(guarded: Any) -> None:
    alert_id = (await guarded.http.post("/v1/alerts", json=alert(), headers=by("police"))).json()["id"]
    await guarded.projected(topics.ALERTS)

    assert (await guarded.http.get(f"/v1/alerts/{alert_id}", headers=by("health_visiting"))).status_code == 404


async def test_cases_are_for_who_holds_them(guarded: Any) -> None:
    case_id = fresh("c")
    url, body = f"/v1/cases/{case_id}", case(case_id, "a")

    refused = await guarded.http.put(url, json=body, headers=by("police"))
    put = await guarded.http.put(url, json=body, headers=by("childrens_social_care"))

    assert (refused.status_code, put.status_code) == (403, 201)
    for path in (url, f"{url}/chronology"):
        for other in ("police", "bus"):
            assert (await guarded.http.get(path, headers=by(other))).status_code == 404
    clock = await guarded.http.post("/v1/exercises/x/clock", json={"at": "2020-01-01T00:00:00Z"}, headers=by("police"))
    assert clock.status_code == 403


async def test_without_callers_a_web_page_of_another_site_cannot_call(gateway: Any) -> None:
    other_name = await gateway.http.get("/v1/inbox", headers={"host": "evil.example"})
    other_site = await gateway.http.post("/v1/alerts", json=alert(), headers={"sec-fetch-site": "cross-site"})
    form = await gateway.http.post("/v1/alerts", content=json.dumps(alert()), headers={"content-type": "text/plain"})

    assert [a.status_code for a in (other_name, other_site, form)] == [403, 403, 415]


# --- on PostgreSQL -----------------------------------------------------------------------------------------------------


async def test_the_same_holds_on_postgresql(kafka: str, open_gateway: Any, postgres_database: str) -> None:
    case_id, said = fresh("c"), alert()
    url = postgres_database.replace("+asyncpg", "")
    async with open_gateway(kafka, database_url=url) as one, open_gateway(kafka, database_url=url) as other:
        first = await asyncio.gather(
            one.http.put(f"/v1/cases/{case_id}", json=case(case_id, "a")),
            other.http.put(f"/v1/cases/{case_id}", json=case(case_id, "a", "b")),
        )
        accepted_by_both = await asyncio.gather(*(g.http.post("/v1/alerts", json=said) for g in (one, other) * 20))
        kept = [await g.http.post("/v1/sources/plain-source", content=b"unreadable") for g in (one, other)]

    assert sorted(a.json()["version"] for a in first) == [1, 2]
    assert {a.status_code for a in accepted_by_both} == {200, 202}
    assert len({a.json()["id"] for a in accepted_by_both}) == 1
    assert [(a.status_code, a.json()["ref"]) for a in kept] == [(422, kept[0].json()["ref"])] * 2


# --- for machines ------------------------------------------------------------------------------------------------------


async def test_operations_can_see_that_it_lives_works_and_how_far_behind_it_is(gateway: Any) -> None:
    await gateway.http.post("/v1/alerts", json=alert())

    healthy = await gateway.http.get("/-/healthy")
    ready = await gateway.http.get("/-/ready")
    progress = await gateway.http.get("/-/progress")
    metrics = await gateway.http.get("/metrics")

    assert healthy.json() == {"status": "ok"}
    assert ready.json() == {"status": "ok", "broker": "ok", "database": "ok"}
    assert progress.json()["groups"]["alertbus-stream"]["pending"] >= 1
    assert progress.json()["oldest_unprocessed_s"] >= 0
    assert progress.json()["bank_holidays"] == {"warning": False, "text": "bank holidays are listed to 2028"}
    assert 'alertbus_alerts_total{outcome="accepted"} 1.0' in metrics.text
    assert 'route="/v1/alerts",status="202"' in metrics.text


async def test_what_a_source_ignores_is_counted_by_class_of_its_reason_for_every_gateway_and_after_a_restart(
    kafka: str, open_gateway: Any
) -> None:
    async with open_gateway(kafka) as first:
        for message in (b"ignore", b"news to us", b"news to us"):
            assert (await first.http.post("/v1/sources/plain-source", content=message)).status_code == 200
    async with open_gateway(kafka) as second:
        await second.http.post("/v1/sources/plain-source", content=b"news to us")
        progress = (await second.http.get("/-/progress")).json()["ignored"]
        metrics = (await second.http.get("/metrics")).text

    assert [(one["source"], one["outcome"], one["count"]) for one in progress] == [
        ("plain-source", "no_alert", 1),
        ("plain-source", "not_yet_known", 3),
    ]
    assert 'alertbus_messages_ignored_total{outcome="not_yet_known",source="plain-source"} 3.0' in metrics
    assert "rule 1" not in metrics
    assert "event type" not in metrics


async def test_latest_reconciliation_is_in_progress_and_metrics_and_before_the_first_nothing_passes_for_none(gateway: Any) -> None:
    before = [(await gateway.http.get(path)) for path in ("/-/progress", "/metrics")]
    memory = Memory(gateway.inside.engine)
    await memory.prepare()
    await memory.take_turn()
    async with memory.turn() as connection:
        await remember(connection, gateway.inside.now(), 60.0, records=7, judged=3, took_s=0.5)
    progress, metrics = [(await gateway.http.get(path)) for path in ("/-/progress", "/metrics")]

    assert before[0].json()["reconcile"] is None
    assert "alertbus_reconcile_age_seconds +Inf" in before[1].text
    assert "alertbus_reconcile_difference" not in before[1].text
    found = progress.json()["reconcile"]
    assert (found["difference"], found["under_way"], found["records"], found["judged"]) == (0, 0, 7, 3)
    assert "alertbus_reconcile_difference 0.0" in metrics.text
    assert "alertbus_reconcile_under_way 0.0" in metrics.text


async def test_the_whole_process_serves_streams_events_and_stops(kafka: str, tmp_path: Path, open_gateway: Any, unused_port: int) -> None:
    async with open_gateway(kafka) as gateway:
        parts, owed, stop, ready = gateway.inside, notice(), asyncio.Event(), asyncio.Event()
        settings = Settings(data_dir=tmp_path, http_port=unused_port)
        running = asyncio.create_task(
            run_gateway(settings, kafka, parts.engine, parts.plugins, parts.policy, stop, now=parts.now, ready=ready.set)
        )
        async with asyncio.timeout(20):
            await ready.wait()
            await owe(gateway, owed)
            url = f"http://127.0.0.1:{unused_port}"
            async with httpx.AsyncClient(base_url=url) as http:
                assert (await http.post("/v1/alerts", json=alert())).status_code == 202
                too_large = await http.post("/v1/alerts", content=b" " * 1_100_000)
                assert too_large.status_code == 413
                async with http.stream("GET", "/v1/events?agency=health_visiting") as events:
                    lines = events.aiter_lines()
                    said = []
                    async for line in lines:
                        said.append(line)
                        if line.startswith("data: "):
                            break
                    stop.set()
        await asyncio.wait_for(running, 20)

    assert "event: obligation" in said
    assert f"id: {owed.obligation.id}" in said
    assert json.loads(said[-1].removeprefix("data: "))["notice"]["id"] == owed.id


@pytest.fixture
def unused_port() -> int:
    import socket

    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
