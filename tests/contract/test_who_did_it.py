"""The caller stands on every record that it causes, and what is read or answered through the API is audited first."""

import asyncio
import hashlib
import json
from collections.abc import AsyncIterator
from datetime import timedelta
from typing import Any

import pytest

from alertbus.audit import trail
from alertbus.audit.chain import AuditedDeed, AuditRecord
from alertbus.broker import topics
from alertbus.broker.consumer import read_all
from alertbus.broker.faults import BrokerFault
from alertbus.caller_settings import CallerSettings
from alertbus.model import watchdog
from tests.contract.test_http import alert, case, fresh, notice, owe

pytestmark = pytest.mark.kafka

CALLERS: dict[str, dict[str, Any]] = {
    "csc-desk": {"agency": "childrens_social_care"},
    "police-a": {"agency": "police"},
    "school-7": {"agency": "school", "workers": ["Jo Okafor"]},
    "ops": {"agency": "bus", "operations": True},
}


@pytest.fixture
async def guarded(kafka: str, open_gateway: Any) -> AsyncIterator[Any]:
    callers = [CallerSettings(name=name, token_sha256=hashlib.sha256(name.encode()).hexdigest(), **said) for name, said in CALLERS.items()]
    async with open_gateway(kafka, callers=callers) as opened:
        yield opened


def by(name: str) -> dict[str, str]:
    return {"authorization": f"Bearer {name}"}


async def audited(gateway: Any, about: str) -> list[AuditRecord]:
    return [record for record in await trail.records(gateway.bootstrap) if about in record.about]


async def callers_on(gateway: Any, *about: str) -> dict[str, set[str | None]]:
    """By topic, the callers on the records that have one of these ids as key, subject or in their data."""
    found: dict[str, set[str | None]] = {}
    async for record in read_all(gateway.bootstrap, [spec.name for spec in topics.TOPICS if spec.name != topics.AUDIT]):
        headers = {name: value.decode() for name, value in record.headers}
        if any(one.encode() in (record.value or b"") or one.encode() == record.key for one in about):
            found.setdefault(record.topic, set()).add(headers.get("ce_caller"))
    return found


async def test_the_callers_name_is_on_every_record_that_its_call_causes(guarded: Any) -> None:
    case_id = fresh("c")
    await guarded.http.put(f"/v1/cases/{case_id}", json=case(case_id, "a"), headers=by("csc-desk"))
    kept = await guarded.http.post("/v1/sources/plain-source", content=fresh("unreadable").encode(), headers=by("school-7"))
    owed = notice("police", "police")
    await owe(guarded, owed)
    answer = {"by": "Sam Field", "intent": "not_ours", "note": "another force"}
    await guarded.http.post(f"/v1/obligations/{owed.obligation.id}/acknowledgements", json=answer, headers=by("police-a"))

    assert await callers_on(guarded, case_id) == {topic: {"csc-desk"} for topic in (topics.CASES, topics.CASE_EVENTS, topics.PERSON_EVENTS)}
    assert await callers_on(guarded, kept.json()["ref"]) == {topic: {"school-7"} for topic in (topics.QUARANTINE, topics.REVIEW)}
    answered = (topics.RECEIPTS, topics.REVIEW, topics.CASE_EVENTS)
    assert await callers_on(guarded, owed.obligation.id) == {topic: {"police-a"} for topic in answered}


async def test_alerts_written_together_bear_each_its_own_caller(guarded: Any) -> None:
    said = [("police-a", alert(source="police.a")) if n % 2 else ("school-7", alert(source="school")) for n in range(20)]

    answers = await asyncio.gather(*(guarded.http.post("/v1/alerts", json=one, headers=by(name)) for name, one in said))

    for (name, _), answer in zip(said, answers, strict=True):
        assert await callers_on(guarded, answer.json()["id"]) == {topics.ALERTS: {name}}


async def test_what_the_bus_does_by_itself_bears_no_caller_though_callers_alerts_are_written_with_it(guarded: Any) -> None:
    await guarded.inside.intake.cases.put(watchdog.its_case(), by_watchdog=True)
    raised = watchdog.its_alert(guarded.inside.now() + timedelta(minutes=2), timedelta(minutes=1))
    at_work = guarded.inside.intake.alerts
    posts = asyncio.gather(*(guarded.http.post("/v1/alerts", json=alert(), headers=by("police-a")) for _ in range(5)))
    while at_work._writing is None or at_work._writing.done():  # noqa: ASYNC110  there is no event for it
        await asyncio.sleep(0)

    await asyncio.gather(posts, at_work.accept([raised], by_watchdog=True))

    assert await callers_on(guarded, raised.alert_id) == {topics.ALERTS: {None}}


async def test_aud_08_a_read_of_a_case_its_chronology_or_an_alert_is_audited_with_its_caller(guarded: Any) -> None:
    case_id, url = fresh("c"), ""
    alert_id = (await guarded.http.post("/v1/alerts", json=alert(), headers=by("police-a"))).json()["id"]
    url = f"/v1/cases/{case_id}"
    await guarded.http.put(url, json=case(case_id, "a"), headers=by("csc-desk"))
    await guarded.projected(topics.ALERTS, topics.CASES)
    await owe(guarded, notice("school", "education", alert_id=alert_id, case_id=case_id))

    for path in (url, f"{url}/chronology?format=csv", f"/v1/alerts/{alert_id}"):
        assert (await guarded.http.get(path, headers=by("csc-desk"))).status_code == 200
    assert (await guarded.http.get(f"/v1/alerts/{alert_id}", headers=by("school-7"))).status_code == 200
    await guarded.http.get(f"/v1/alerts/{alert_id}", headers=by("police-a"))  # its sender is shown nothing of anybody

    deeds = [(one.deed, one.caller, one.by, one.chain) for one in await audited(guarded, case_id)]
    assert deeds == [
        (deed, "csc-desk", "csc-desk", "childrens_social_care")
        for deed in (AuditedDeed.CASE_RECORDED, AuditedDeed.CASE_READ, AuditedDeed.CHRONOLOGY_READ)
    ]
    opened = sorted((one.caller, one.deed) for one in await audited(guarded, alert_id))  # on two chains, in no order
    assert opened == [(name, AuditedDeed.ALERT_OPENED) for name in ("csc-desk", "school-7")]
    _, breaks = await trail.verify(guarded.bootstrap, guarded.inside.engine, guarded.inside.intake.keys)
    assert [one for one in breaks if one.chain in {"childrens_social_care", "school"}] == []


async def test_sta_02_aud_08_who_is_active_on_a_case_is_told_how_it_stands_and_each_question_is_audited(guarded: Any) -> None:
    case_id = fresh("c")
    active = {"involvements": [{"agency": "childrens_social_care"}, {"agency": "school"}], "status": "child_in_need"}
    await guarded.http.put(f"/v1/cases/{case_id}", json=case(case_id, "a") | active, headers=by("csc-desk"))
    await guarded.projected(topics.CASES)
    url = f"/v1/cases/{case_id}/status"

    holder, school, police = [await guarded.http.get(url, headers=by(name)) for name in ("csc-desk", "school-7", "police-a")]

    assert (holder.status_code, holder.json()["status"], holder.json()["open"]) == (200, "child_in_need", True)
    assert (school.status_code, school.json()["status"], school.json()["open"]) == (200, None, True)
    assert police.status_code == 404
    unknown = await guarded.http.get(f"/v1/cases/{fresh('none')}/status", headers=by("police-a"))
    assert (unknown.status_code, unknown.json()["detail"]) == (404, police.json()["detail"])
    asked = sorted(one.caller for one in await audited(guarded, case_id) if one.deed is AuditedDeed.STATUS_READ)
    assert asked == ["csc-desk", "school-7"]


async def test_who_is_not_let_in_and_what_is_not_there_leave_nothing_of_what_they_sent_in_the_audit(guarded: Any) -> None:
    canary = fresh("canary")
    for name, path in (("police-a", "cases"), ("csc-desk", "cases"), ("csc-desk", "alerts")):
        assert (await guarded.http.get(f"/v1/{path}/{canary}", headers=by(name))).status_code == 404
    answer = {"by": "Sam Field", "intent": "acting"}
    await guarded.http.post(f"/v1/obligations/{canary}/acknowledgements", json=answer, headers=by("csc-desk"))

    assert await audited(guarded, canary) == []


async def test_what_cannot_be_audited_is_neither_shown_nor_done(guarded: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    case_id = fresh("c")
    alert_id = (await guarded.http.post("/v1/alerts", json=alert(), headers=by("police-a"))).json()["id"]
    url, body = f"/v1/cases/{case_id}", case(case_id, "a")
    await guarded.http.put(url, json=body, headers=by("csc-desk"))
    await guarded.projected(topics.ALERTS, topics.CASES)
    owed = notice("police", "police", alert_id=alert_id, case_id=case_id)
    await owe(guarded, owed)

    async def away(*_: object) -> None:
        raise BrokerFault("no audit", "Mend it.")

    monkeypatch.setattr(guarded.inside.intake.audited._trail, "append_all", away)
    answers = [
        await guarded.http.get(url, headers=by("csc-desk")),
        await guarded.http.get(f"{url}/chronology", headers=by("csc-desk")),
        await guarded.http.get(f"/v1/alerts/{alert_id}", headers=by("police-a")),
        await guarded.http.put(url, json=body | {"status": "open"}, headers=by("csc-desk")),
        await guarded.http.post(
            f"/v1/obligations/{owed.obligation.id}/acknowledgements", json={"by": "Sam Field", "intent": "acting"}, headers=by("police-a")
        ),
    ]
    monkeypatch.undo()

    assert [a.status_code for a in answers] == [503] * 5
    assert all(case_id not in a.text and a.headers["retry-after"] for a in answers)
    assert (await guarded.http.get(url, headers=by("csc-desk"))).json()["version"] == 1
    assert topics.RECEIPTS not in await callers_on(guarded, owed.obligation.id)


async def test_aud_07_an_answer_is_audited_with_who_gave_it_and_through_which_system(guarded: Any) -> None:
    owed = notice("police", "police")
    await owe(guarded, owed)

    url = f"/v1/obligations/{owed.obligation.id}/acknowledgements"
    assert (await guarded.http.post(url, json={"by": " Sam Field ", "intent": "acting"}, headers=by("police-a"))).status_code == 201

    assert [(one.deed, one.by, one.caller, one.reason) for one in await audited(guarded, owed.obligation.id)] == [
        (AuditedDeed.ANSWERED, "Sam Field", "police-a", "answered as acting")
    ]


@pytest.mark.parametrize(
    ("said", "path"),
    [
        ({"by": "Jo\nOkafor"}, "by"),
        ({"by": "Jo Okafor\x1b[31m"}, "by"),
        ({"by": "root"}, "by"),
        ({"by": "Mickey Mouse"}, "by"),
        ({"by": "jo okafor", "role": "head\nteacher"}, "role"),
    ],
)
async def test_an_answer_is_given_by_a_named_person_of_those_whom_the_agency_has_named(guarded: Any, said: Any, path: str) -> None:
    owed = notice("school", "education")
    await owe(guarded, owed)
    url = f"/v1/obligations/{owed.obligation.id}/acknowledgements"

    refused = await guarded.http.post(url, json={"intent": "acting"} | said, headers=by("school-7"))
    taken = await guarded.http.post(url, json={"by": "jo okafor", "intent": "acting"}, headers=by("school-7"))

    assert (refused.status_code, [fault["path"] for fault in refused.json()["faults"]]) == (422, [path])
    assert taken.status_code == 201
    assert json.dumps(said["by"]) not in refused.text or said["by"] == "jo okafor"


async def test_an_auditor_reads_who_did_what_the_latest_first_and_that_is_audited_too(guarded: Any) -> None:
    case_id = fresh("c")
    url = f"/v1/cases/{case_id}"
    await guarded.http.put(url, json=case(case_id, "a"), headers=by("csc-desk"))
    for _ in range(2):
        await guarded.http.get(url, headers=by("csc-desk"))

    first = (await guarded.http.get(f"/v1/audit?about={case_id}&limit=2", headers=by("ops"))).json()
    rest = (await guarded.http.get("/v1/audit", params={"about": case_id, "before": first["next"]}, headers=by("ops"))).json()
    reads = (await guarded.http.get("/v1/audit?deed=audit_read", headers=by("ops"))).json()["items"]

    assert [(one["deed"], one["caller"]) for one in first["items"]] == [("case_read", "csc-desk")] * 2
    assert ([one["deed"] for one in rest["items"]], rest["next"]) == (["case_recorded"], None)
    assert {one["caller"] for one in reads} == {"ops"}
