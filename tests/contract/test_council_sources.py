"""Police, housing and schools send in their own shape: what the gateway answers, and what stands on the topic afterwards."""

import hashlib
import json
from collections.abc import AsyncIterator
from typing import Any

import alertbus_education
import alertbus_housing
import alertbus_nspcc
import alertbus_police
import alertbus_school
import pytest

from alertbus.broker import topics
from alertbus.caller_settings import CallerSettings
from alertbus.model.gaps import ASKED
from tests.sectors.frame import the_tests

REPORTS, CAUTIONS = the_tests("police", "test_reports"), the_tests("housing", "test_cautions")
TRANSFERS, FORM = the_tests("education", "test_transfers"), the_tests("school", "test_school")
INSTALLED = {one.__name__: one for one in (alertbus_police, alertbus_housing, alertbus_education, alertbus_nspcc, alertbus_school)}
DAY = {"occurred_at": "2026-11-20T21:30:00Z", "recorded_at": "2026-11-20T22:55:00Z"}


@pytest.fixture
async def gateway(kafka: str, open_gateway: Any) -> AsyncIterator[Any]:
    async with open_gateway(kafka, installed=INSTALLED) as opened:
        yield opened


def a_report(**changes: Any) -> dict[str, Any]:
    whole: dict[str, Any] = REPORTS.report(**changes)
    return {**whole, "events": [{**whole["events"][0], **DAY}], "report": {**whole["report"], "sent_at": "2026-11-20T23:15:00Z"}}


async def test_int_04_ppn_14_a_force_is_told_at_once_what_its_report_lacks_and_it_is_accepted_all_the_same(gateway: Any) -> None:
    bare = a_report(persons=[{"id": "a1", "child": False}], objects=[], locations=[], links=[])
    bare["report"]["id"] = "PPN-BARE"
    bare["events"][0] |= {"observations": [], "details": {}}

    asked = (await gateway.http.post("/v1/sources/police", content=json.dumps(bare))).json()
    whole = (await gateway.http.post("/v1/sources/police", content=json.dumps(a_report()))).json()

    assert asked["outcome"] == whole["outcome"] == "accepted"
    assert [one["words"] for one in asked["to_complete"]] == list(ASKED.values())
    assert "to_complete" not in whole
    (record,) = await gateway.records(topics.ALERTS, whole["ids"][0])
    assert json.loads(record.data)["alert"]["narrative"][1]["text"] == REPORTS.CHILD


async def test_a_number_with_a_wrong_letter_is_told_by_its_place_and_kept_for_a_person(gateway: Any) -> None:
    wrong = a_report(
        persons=[{"id": "a1", "child": False, "identifiers": [{"system": "pnc", "value": "2001/0171310S"}]}], locations=[], links=[]
    )

    answer = await gateway.http.post("/v1/sources/police", content=json.dumps(wrong))

    assert answer.status_code == 422
    assert [fault["path"] for fault in answer.json()["faults"]] == ["persons[0].identifiers[0].value"]
    assert "0171310" not in answer.text


async def test_the_end_of_a_landlords_caution_is_the_withdrawal_of_its_warning(gateway: Any) -> None:
    over = {**CAUTIONS.ended(endDate="2026-11-23T00:00:00Z"), "dateTime": "2026-11-23T09:00:01Z"}
    answers = [(await gateway.http.post("/v1/sources/housing", content=json.dumps(message))).json() for message in (CAUTIONS.event(), over)]

    assert answers[0]["ids"] == answers[1]["ids"]
    statements = await gateway.records(topics.ALERTS, answers[0]["ids"][0])
    assert [json.loads(one.data)["alert"].get("action", "raised") for one in statements] == ["raised", "withdrawn"]


async def test_a_transfer_file_is_an_alert_for_each_child_and_the_same_file_again_has_no_second_effect(gateway: Any) -> None:
    raw = TRANSFERS.transfer(TRANSFERS.pupil(), TRANSFERS.pupil(TRANSFERS.TEMPORARY, "Zeb"), made="2026-11-20T16:20:00")

    first, again = [(await gateway.http.post("/v1/sources/ctf", content=raw)).json() for _ in range(2)]

    assert len(first["ids"]) == 2
    assert again["ids"] == first["ids"]
    for alert_id in first["ids"]:
        (record,) = await gateway.records(topics.ALERTS, alert_id)
        assert json.loads(record.data)["alert"]["details"]["school_change"]["to"] == "8201234"


async def test_a_force_speaks_for_itself_alone_and_a_school_states_no_police_notice(kafka: str, open_gateway: Any) -> None:
    token = "t" * 40
    caller = CallerSettings(
        name="cumbria",
        token_sha256=hashlib.sha256(token.encode()).hexdigest(),
        agency="police",
        rights=["state"],
        sources=("police.cumbria",),
    )
    async with open_gateway(kafka, callers=[caller], installed=INSTALLED) as opened:
        ours = a_report()
        ours["report"] |= {"force": "cumbria", "id": "PPN-C1"}
        headers = {"authorization": f"Bearer {token}"}
        codes = [
            (await opened.http.post(f"/v1/sources/{name}", content=raw, headers=headers)).status_code
            for name, raw in (
                ("police", json.dumps(ours)),
                ("police", json.dumps(a_report())),
                ("school", json.dumps(FORM.concern())),
                ("ctf", TRANSFERS.transfer(TRANSFERS.pupil())),
            )
        ]

    assert codes == [202, 403, 403, 403]
