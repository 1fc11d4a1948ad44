"""What a person says of an obligation through the API: that they act, to whom it goes, what was done, that it was a mistake; and what nobody says."""

import hashlib
import io
import json
from datetime import timedelta
from typing import Any

import pytest

from alertbus.broker import topics
from alertbus.broker.envelope import Envelope
from alertbus.caller_settings import CallerSettings
from alertbus.delivery.ledger.ledger import Ledger
from alertbus.model.events import Answered
from tests.contract.test_http import alert, case, fresh, notice, owe

pytestmark = pytest.mark.kafka

CANARY = "Zebulon-Quagmire-1987"
TOKENS = {"midwifery": "t-midwifery-0123456789", "court": "t-court-0123456789", "holder": "t-holder-0123456789"}


async def heard(gateway: Any, case_id: str) -> list[Envelope]:
    return [one for one in await gateway.records(topics.CASE_EVENTS, case_id) if one.type == Answered.type]


async def test_every_answer_stands_on_its_case_under_the_id_of_its_receipt(gateway: Any) -> None:
    owed = notice()
    await owe(gateway, owed)
    url = f"/v1/obligations/{owed.obligation.id}"

    passed = await gateway.http.post(f"{url}/acknowledgements", json={"by": "Jo Bloggs", "intent": "passing_on", "to": "Sam Field"})
    done = await gateway.http.post(f"{url}/acted", json={"by": "Sam Field", "what": "visited; both children seen"})
    await gateway.projected(topics.RECEIPTS)
    undone = await gateway.http.post(f"{url}/acknowledgements/{done.json()['id']}/undo", json={"by": "Jo Bloggs"})

    assert [a.status_code for a in (passed, done, undone)] == [201, 201, 201]
    told = {json.loads(one.data)["receipt_id"]: json.loads(one.data) for one in await heard(gateway, owed.obligation.case_id)}
    assert list(told) == [a.json()["id"] for a in (passed, done, undone)]
    first, second, third = told.values()
    assert (first["to"], second["acted"], third["undoes"]) == ("Sam Field", True, done.json()["id"])
    assert all("visited" not in json.dumps(one) for one in told.values())  # what was done stays in the receipt
    assert (passed.json()["stage"], done.json()["stage"], undone.json()["stage"]) == ("acknowledged", "acted", "undone")


async def test_it_is_too_late_to_take_an_answer_back_once_others_have_acted_by_it(gateway: Any) -> None:
    owed = notice()
    await owe(gateway, owed)
    url = f"/v1/obligations/{owed.obligation.id}/acknowledgements"
    given = (await gateway.http.post(url, json={"by": "Jo Bloggs", "intent": "acting"})).json()
    await gateway.projected(topics.RECEIPTS)
    gateway.inside.now.at += timedelta(minutes=6)

    late = await gateway.http.post(f"{url}/{given['id']}/undo", json={"by": "Jo Bloggs"})
    nothing = await gateway.http.post(f"{url}/{owed.id}/undo", json={"by": "Jo Bloggs"})

    assert (late.status_code, late.json()["code"]) == (409, "too_late_to_undo")
    assert (nothing.status_code, nothing.json()["code"]) == (404, "not_found")


async def test_what_a_persons_system_says_stands_on_the_case_too_and_what_a_machine_says_does_not(gateway: Any) -> None:
    seen, answered = notice(), notice()
    await Ledger(gateway.inside.engine).record([seen, answered], gateway.inside.now())

    await gateway.http.post("/v1/receipts/systems", content=f"{seen.id};seen;".encode())
    receipt = (await gateway.http.post("/v1/receipts/systems", content=f"{answered.id};acknowledged;Jo Bloggs".encode())).json()
    refused = [
        await gateway.http.post("/v1/receipts/systems", content=f"{answered.id};{stage};Jo Bloggs".encode())
        for stage in ("undone", "sent", "cancelled", "copied")
    ]

    assert await heard(gateway, seen.obligation.case_id) == []
    assert [json.loads(one.data)["receipt_id"] for one in await heard(gateway, answered.obligation.case_id)] == [receipt["id"]]
    assert [(one.status_code, [fault["path"] for fault in one.json()["faults"]]) for one in refused] == [(422, ["stage"])] * 4


@pytest.mark.parametrize(
    ("path", "body", "faults"),
    [
        ("acknowledgements", {"by": "Jo Bloggs", "intent": "passing_on"}, ["to"]),
        ("acknowledgements", {"by": "Jo Bloggs", "intent": "passing_on", "to": f"{CANARY}\n{CANARY}"}, ["to"]),
        ("acknowledgements", {"by": "Jo Bloggs", "intent": "acting", "to": CANARY}, ["to"]),
        ("acknowledgements", {"by": f"{CANARY}\n{CANARY}", "intent": "acting"}, ["by"]),
        ("acted", {"by": "Jo Bloggs", "what": " "}, ["what"]),
        ("acted", {"by": "Jo Bloggs", "note": CANARY}, ["what", "note"]),
        ("acknowledgements/x/undo", {"note": CANARY}, ["by"]),
        ("acknowledgements/x/undo", {"by": "Jo Bloggs", "role": f"{CANARY}\x1b"}, ["role"]),
    ],
)
async def test_a_wrong_answer_is_refused_with_its_paths_and_repeated_nowhere(
    gateway: Any, log_text: io.StringIO, path: str, body: Any, faults: list[str]
) -> None:
    owed = notice()
    await owe(gateway, owed)

    answer = await gateway.http.post(f"/v1/obligations/{owed.obligation.id}/{path}", json=body)

    assert (answer.status_code, sorted(fault["path"] for fault in answer.json()["faults"])) == (422, sorted(faults))
    assert CANARY not in answer.text + log_text.getvalue()
    assert await gateway.records(topics.RECEIPTS, owed.obligation.case_id) == []


@pytest.mark.parametrize("said", [{"kind": "lapse"}, {"kind": "briefing"}, {"source": "alertbus"}, {"source": "alertbus.items"}])
async def test_what_the_bus_alone_states_is_refused_at_every_door(gateway: Any, log_text: io.StringIO, said: dict[str, str]) -> None:
    (path,) = said
    stated = alert(narrative=[{"text": CANARY}], **said)
    event = {"specversion": "1.0", "id": stated["id"], "source": stated["source"], "type": "x", "data": stated}

    plain = await gateway.http.post("/v1/alerts", json=stated)
    cloud = await gateway.http.post("/v1/alerts", json=event, headers={"content-type": "application/cloudevents+json"})
    source = await gateway.http.post("/v1/sources/plain-source", content=json.dumps([stated]))
    amended = await gateway.http.post("/v1/alerts", json=stated | {"id": fresh("a"), "action": "amended", "amends": stated["id"]})

    for answer in (plain, cloud, amended):
        assert (answer.status_code, [(f["path"], f["code"]) for f in answer.json()["faults"]]) == (422, [(path, "reserved")])
    assert (source.status_code, [(f["path"], f["code"]) for f in source.json()["faults"]]) == (422, [(f"alerts[0].{path}", "reserved")])
    assert CANARY not in plain.text + cloud.text + source.text + amended.text + log_text.getvalue()


# Who has it: for whoever stated it


@pytest.fixture
async def asked(kafka: str, open_gateway: Any) -> Any:
    callers = [
        CallerSettings(name="midwives", agency="midwifery", token_sha256=_digest("midwifery")),
        CallerSettings(name="court", agency="court", token_sha256=_digest("court")),
        CallerSettings(name="csc", agency="childrens_social_care", token_sha256=_digest("holder")),
    ]
    async with open_gateway(kafka, callers=callers) as opened:
        yield opened


def _digest(name: str) -> str:
    return hashlib.sha256(TOKENS[name].encode()).hexdigest()


def by(name: str) -> dict[str, str]:
    return {"authorization": f"Bearer {TOKENS[name]}"}


async def stated_by(asked: Any, agency: str) -> str:
    answer = await asked.http.post("/v1/alerts", json=alert(source=agency, kind="other"), headers=by(agency))
    assert answer.status_code == 202, answer.text
    await asked.projected(topics.ALERTS)
    return str(answer.json()["id"])


async def on_case(asked: Any, alert_id: str, *agencies: dict[str, Any]) -> Any:
    case_id = fresh("c")
    put = await asked.http.put(f"/v1/cases/{case_id}", json=case(case_id, "a", involvements=list(agencies)), headers=by("holder"))
    assert put.status_code == 201, put.text
    hers = notice(alert_id=alert_id, case_id=case_id)
    later = notice("midwifery", kind="meeting", case_id=case_id, since="2026-11-23T12:00:00Z")
    adults = notice("probation", "probation", alert_id=alert_id, case_id=case_id)
    await owe(asked, hers, later, adults)
    await asked.projected(topics.CASES)
    return hers


MIDWIFERY, VISITING = {"agency": "midwifery"}, {"agency": "health_visiting"}
PROBATION = {"agency": "probation", "scope": "adult_linked", "adult": "a"}


async def test_ooh_07_hyp_09_the_sender_on_the_case_sees_who_has_it_by_name_and_what_came_of_it(asked: Any) -> None:
    alert_id = await stated_by(asked, "midwifery")
    hers = await on_case(asked, alert_id, MIDWIFERY, VISITING, PROBATION)
    url = f"/v1/alerts/{alert_id}"
    before = (await asked.http.get(url, headers=by("midwifery"))).json()
    await asked.projected(topics.RECEIPTS)

    (held,) = before["held_by"]
    assert (held["agency"], held["role"], held["state"], held["acknowledged_by"]) == ("health_visiting", "health_visitor", "owed", None)
    assert [one["kind"] for one in before["later"]] == ["meeting"]
    assert (before["obligations"], before["notices"], before["cases"]) == ([], [], [])
    assert hers.obligation.case_id not in json.dumps(before)
    assert hers.because not in json.dumps(before)


@pytest.mark.parametrize(
    "involved",
    [[VISITING], [{"agency": "court", "scope": "adult_linked", "adult": "a"}], [{"agency": "court", "to": "2020-01-01T00:00:00Z"}]],
)
async def test_a_sender_who_does_not_work_with_the_children_never_learns_whether_anybody_is_known(
    asked: Any, involved: list[dict[str, Any]]
) -> None:
    known, unknown = await stated_by(asked, "court"), await stated_by(asked, "court")
    await on_case(asked, known, VISITING, *[one for one in involved if one != VISITING])

    shown = [(await asked.http.get(f"/v1/alerts/{one}", headers=by("court"))).json() for one in (known, unknown)]

    assert [one["held_by"] + one["later"] + one["obligations"] for one in shown] == [[], []]
    assert shown[0].keys() == shown[1].keys()
