"""`/v1/reviews` and `/v1/people` against a real broker: who may see what, what a decision does, and that nobody's name gets out."""

import hashlib
import io
import json
import uuid
from collections.abc import AsyncIterator
from datetime import UTC, datetime
from typing import Any

import pytest

from alertbus.audit import trail
from alertbus.audit.chain import OPERATIONS, AuditedDeed
from alertbus.broker import topics
from alertbus.broker.consumer import read_all
from alertbus.caller_settings import CallerSettings
from alertbus.chronicle.reviews import owner_of
from alertbus.model.alert import AcceptedAlert, Alert
from alertbus.model.events import ReviewReason
from alertbus.model.screening import Clue, Revealed
from alertbus.plugin.testing import sample_alert
from alertbus.wire import records

pytestmark = pytest.mark.kafka

TOKENS = {"police": "police-token", "mash": "mash-token", "childrens_social_care": "csc-token"}
FAMILY = "Quagmire-Zebulon"
CANARIES = (FAMILY, FAMILY.lower(), "1987-05-17", "17 Canary Wharf Lane", "NN2 2BB", "rang the canary")


def by(agency: str) -> dict[str, str]:
    return {"authorization": f"Bearer {TOKENS[agency]}"}


def person(given: str, born: str) -> dict[str, Any]:
    return {
        "name": {"given": given, "family": FAMILY},
        "born": born,
        "addresses": [{"lines": ["17 Canary Wharf Lane"], "postcode": "NN2 2BB"}],
    }


@pytest.fixture
async def guarded(kafka: str, open_gateway: Any) -> AsyncIterator[Any]:
    callers = [
        CallerSettings(name=agency, agency=agency, token_sha256=hashlib.sha256(token.encode()).hexdigest())
        for agency, token in TOKENS.items()
    ]
    async with open_gateway(kafka, callers=callers) as opened:
        yield opened


async def two_alike(gateway: Any, agency: str | None = None, born: str = "1987-05-17") -> tuple[str, str, str]:
    """Two case files with a mother who may be one woman; gives their ids, and that of the question this raises."""
    one, two = (f"{name}-{uuid.uuid4().hex[:8]}" for name in ("one", "two"))
    headers = by(agency) if agency else {}
    for case_id, given in ((one, "Ana"), (two, "Anna")):
        body = {"people": [{"key": "m"} | person(given, born)], "links": [{"person": "m", "relation": "mother"}]}
        assert (await gateway.http.put(f"/v1/cases/{case_id}", json=body, headers=headers)).status_code == 201
    [asked] = await gateway.reviews(two)
    await gateway.projected(topics.REVIEW)
    return one, two, asked["id"]


async def people_of(gateway: Any, case_id: str) -> set[str]:
    return set((await gateway.http.get(f"/v1/cases/{case_id}")).json()["people"][0]["person_ids"])


async def test_a_doubt_is_listed_shown_side_by_side_and_decided_and_the_two_become_one(gateway: Any) -> None:
    one, two, item_id = await two_alike(gateway)

    listed = (await gateway.http.get("/v1/reviews?reason=unsure_match")).json()["items"]
    shown = (await gateway.http.get(f"/v1/reviews/{item_id}")).json()
    [candidate] = shown["candidates"]
    body = {"outcome": "same", "person_id": candidate["person_id"], "by": "Jo Okafor"}
    decided = await gateway.http.post(f"/v1/reviews/{item_id}/decisions", json=body)
    await gateway.projected(topics.REVIEW)

    assert [(i["owner"], i["case_id"], i["state"]) for i in listed if i["id"] == item_id] == [("mash", two, "open")]
    assert shown["in_question"]["person"]["name"]["given"] == "Anna"
    assert (candidate["cases"], candidate["places"][0]["person"]["name"]["given"]) == ([one], "Ana")
    assert "family name: same" in candidate["agrees"]
    assert (decided.status_code, decided.json()["state"], decided.json()["outcome"]) == (201, "decided", "same")
    assert await people_of(gateway, one) == await people_of(gateway, two)
    assert item_id not in [i["id"] for i in (await gateway.http.get("/v1/reviews")).json()["items"]]
    assert item_id in [i["id"] for i in (await gateway.http.get("/v1/reviews?state=decided")).json()["items"]]


async def test_a_decision_stands_on_the_broker_beside_its_item_and_in_the_audit_with_who_made_it(gateway: Any) -> None:
    _, two, item_id = await two_alike(gateway)

    await gateway.http.post(f"/v1/reviews/{item_id}/decisions", json={"outcome": "different", "by": "Jo Okafor", "note": "two women"})

    [record] = [r for r in await gateway.records(topics.REVIEW, two) if r.type == "uk.alertbus.review.decided.v1"]
    assert json.loads(record.data)["by"] == "Jo Okafor"
    deeds = [(r.deed, r.by, r.reason) for r in await trail.records(gateway.bootstrap) if item_id in r.about]
    assert deeds == [(deed, "Jo Okafor", "two women") for deed in (AuditedDeed.REVIEW_BEGUN, AuditedDeed.REVIEW_DONE)]
    chains, breaks = await trail.verify(gateway.bootstrap, gateway.inside.engine, gateway.inside.intake.keys)
    assert ([one for one in breaks if one.chain == OPERATIONS], chains.count >= 2) == ([], True)


async def test_another_decision_is_409_with_who_decided_until_it_is_reopened(gateway: Any) -> None:
    one, two, item_id = await two_alike(gateway)
    url = f"/v1/reviews/{item_id}/decisions"
    candidate = (await gateway.http.get(f"/v1/reviews/{item_id}")).json()["candidates"][0]["person_id"]
    same = {"outcome": "same", "person_id": candidate, "by": "A. N. Other"}

    answers = [await gateway.http.post(url, json={"outcome": "different", "by": "Jo Okafor"}) for _ in range(2)]
    refused = await gateway.http.post(url, json=same)
    reopened = await gateway.http.post(url, json={"outcome": "reopened", "by": "Jo Okafor"})
    decided = await gateway.http.post(url, json=same)

    assert {a.json()["decided_at"] for a in answers} == {answers[0].json()["decided_at"]}
    assert (refused.status_code, refused.json()["code"]) == (409, "already_decided")
    assert "Jo Okafor" in refused.json()["detail"]
    assert "reopen" in refused.json()["detail"]
    assert [a.status_code for a in (reopened, decided)] == [201, 201]
    assert await people_of(gateway, one) == await people_of(gateway, two)


async def test_faults_of_a_decision_name_the_path_and_what_to_do(gateway: Any) -> None:
    _, _, item_id = await two_alike(gateway)
    url = f"/v1/reviews/{item_id}/decisions"

    for body, path in (
        ({"outcome": "same", "by": "Jo Okafor"}, "person_id"),
        ({"outcome": "perhaps", "by": "Jo Okafor"}, "outcome"),
        ({"outcome": "seen"}, "by"),
        ({"outcome": "seen", "by": "root"}, "by"),
        ({"outcome": "reopened", "by": "Jo Okafor"}, "outcome"),
    ):
        answer = await gateway.http.post(url, json=body)
        assert (answer.status_code, [f["path"] for f in answer.json()["faults"]]) == (422, [path])


async def test_pages_follow_each_other_without_a_gap_or_a_repeat(gateway: Any) -> None:
    for year in (1987, 1988, 1989):
        await two_alike(gateway, born=f"{year}-05-17")

    seen, after = [], ""
    while True:
        page = (await gateway.http.get(f"/v1/reviews?limit=2{after}")).json()
        seen += [item["id"] for item in page["items"]]
        if page["next"] is None:
            break
        after = f"&after={page['next']}"
    whole = (await gateway.http.get("/v1/reviews?limit=500")).json()["items"]

    assert seen == [item["id"] for item in whole]
    assert [item["at"] for item in whole] == sorted(item["at"] for item in whole)


async def test_the_front_door_sees_its_own_questions_without_names_and_nobody_else_sees_any(guarded: Any) -> None:
    _, _, item_id = await two_alike(guarded, "childrens_social_care")
    await guarded.http.post("/v1/sources/plain-source", content=b"unreadable", headers=by("police"))
    await guarded.projected(topics.REVIEW)

    hers = (await guarded.http.get("/v1/reviews", headers=by("mash"))).json()["items"]
    holders = (await guarded.http.get("/v1/reviews", headers=by("childrens_social_care"))).json()["items"]
    others = (await guarded.http.get("/v1/reviews?reason=not_understood", headers=by("mash"))).json()["items"]
    shown = {a: await guarded.http.get(f"/v1/reviews/{item_id}", headers=by(a)) for a in TOKENS}
    integrations = next(i["id"] for i in holders if i["owner"] == "integration")

    assert {i["owner"] for i in hers} == {"mash"}
    assert {i["owner"] for i in holders} == {"mash", "integration"}
    assert others == []
    assert (await guarded.http.get("/v1/reviews", headers=by("police"))).status_code == 403
    assert {a: answer.status_code for a, answer in shown.items()} == {"police": 404, "mash": 200, "childrens_social_care": 200}
    assert shown["mash"].json()["candidates"][0]["agrees"] == shown["childrens_social_care"].json()["candidates"][0]["agrees"]
    assert [canary for canary in CANARIES if canary in shown["mash"].text] == []
    assert FAMILY in shown["childrens_social_care"].text
    body = {"outcome": "seen", "by": "Jo Okafor"}
    for agency, status in (("police", 404), ("mash", 404), ("childrens_social_care", 201)):
        assert (await guarded.http.post(f"/v1/reviews/{integrations}/decisions", json=body, headers=by(agency))).status_code == status
    assert (await guarded.http.post(f"/v1/reviews/{item_id}/decisions", json=body, headers=by("mash"))).status_code == 201
    looks = {r.caller for r in await trail.records(guarded.bootstrap) if item_id in r.about and r.deed is AuditedDeed.REVIEW_READ}
    assert looks == {"mash", "childrens_social_care"}


async def test_not_23_who_stated_a_flag_is_asked_of_it_and_says_that_it_still_stands(guarded: Any) -> None:
    said = {action: sample_alert(id=f"F-{uuid.uuid4()}", source=f"{action}.north") for action in ("police", "school")}
    stated = {agency: AcceptedAlert.of(alert, guarded.inside.now()) for agency, alert in said.items()}
    asked = [records.review_of_flag(one, one.accepted_at) for one in stated.values()]
    await guarded.inside.intake.publisher.send(*(records.alert_accepted(one) for one in stated.values()), *asked)
    await guarded.projected(topics.REVIEW, topics.ALERTS)
    body = {"outcome": "seen", "by": "Jo Okafor", "note": "spoke to him; it stands"}

    def of(agency: str, items: list[dict[str, Any]]) -> list[str]:
        return [item["id"] for item in items if item["alert_id"] == stated[agency].alert_id]

    police = (await guarded.http.get("/v1/reviews", headers=by("police"))).json()["items"]
    mash = (await guarded.http.get("/v1/reviews?reason=flag_review_due", headers=by("mash"))).json()["items"]
    [theirs], [schools] = of("police", police), of("school", mash)
    assert of("school", police) == []
    assert {item["owner"] for item in police} == {"police"}
    assert of("police", mash) == [theirs]
    shown = await guarded.http.get(f"/v1/reviews/{schools}", headers=by("police"))
    nothing = await guarded.http.get(f"/v1/reviews/{uuid.uuid4()}", headers=by("police"))
    assert (shown.status_code, shown.json()["detail"]) == (404, nothing.json()["detail"])
    assert (await guarded.http.post(f"/v1/reviews/{schools}/decisions", json=body, headers=by("police"))).status_code == 404
    assert (await guarded.http.post(f"/v1/reviews/{theirs}/decisions", json=body, headers=by("police"))).status_code == 201
    assert (await guarded.http.post(f"/v1/reviews/{schools}/decisions", json=body, headers=by("mash"))).status_code == 201


async def test_who_holds_cases_merges_and_splits_people_and_takes_it_back(guarded: Any) -> None:
    one, two, _ = await two_alike(guarded, "childrens_social_care")
    body = {"people": [{"case_id": one, "key": "m"}, {"case_id": two, "key": "m"}], "by": "Jo Okafor"}

    async def together() -> bool:
        found = [(await guarded.http.get(f"/v1/cases/{c}", headers=by("childrens_social_care"))).json() for c in (one, two)]
        return set(found[0]["people"][0]["person_ids"]) == set(found[1]["people"][0]["person_ids"])

    for what, more, expected in (
        ("merges", {}, True),
        ("splits", {}, False),
        ("splits", {"taken_back": True}, False),
        ("merges", {}, True),
    ):
        answer = await guarded.http.post(f"/v1/people/{what}", json=body | more, headers=by("childrens_social_care"))
        assert answer.status_code == 201
        assert await together() is expected
    for agency in ("mash", "police"):
        assert (await guarded.http.post("/v1/people/merges", json=body, headers=by(agency))).status_code == 403
    unknown = body | {"people": [{"case_id": one, "key": "m"}, {"case_id": one, "key": "nobody"}]}
    missing = await guarded.http.post("/v1/people/merges", json=unknown, headers=by("childrens_social_care"))
    assert (missing.status_code, "alertbus cases show" in missing.json()["detail"]) == (404, True)


async def test_status_says_how_much_waits_and_whose_the_oldest_is(gateway: Any) -> None:
    await two_alike(gateway)

    review = (await gateway.http.get("/-/progress")).json()["review"]

    assert review["open"] == sum(review["by_reason"].values()) >= 1
    assert review["by_reason"]["unsure_match"] >= 1
    assert review["oldest"]["owner"] == owner_of(ReviewReason(review["oldest"]["reason"]), "mash")
    assert review["oldest"]["age_s"] > 0


async def test_no_name_birth_address_or_note_is_in_a_log_a_metric_an_error_a_key_or_a_header(gateway: Any, log_text: io.StringIO) -> None:
    one, two, item_id = await two_alike(gateway)
    candidate = (await gateway.http.get(f"/v1/reviews/{item_id}")).json()["candidates"][0]["person_id"]
    url, note = f"/v1/reviews/{item_id}/decisions", {"by": "Jo Okafor", "note": f"rang the canary about {FAMILY}"}
    await gateway.http.post(url, json=note | {"outcome": "same", "person_id": candidate})
    refused = [
        await gateway.http.post(url, json=note | {"outcome": "different"}),
        await gateway.http.post(url, json=note | {"outcome": FAMILY}),
        await gateway.http.post("/v1/people/merges", json=note | {"people": [{"case_id": one, "key": "m"}, {"key": FAMILY}]}),
        await gateway.http.post(
            "/v1/people/merges", json=note | {"people": [{"case_id": one, "key": "m"}, {"case_id": two, "key": FAMILY}]}
        ),
    ]
    await gateway.http.post(url, json=note | {"outcome": "reopened"})
    said = note | {"people": [{"case_id": one, "key": "m"}, {"case_id": two, "key": "m"}]}
    await gateway.http.post("/v1/people/splits", json=said)

    outside = [(await gateway.http.get("/metrics")).text, (await gateway.http.get("/v1/reviews?state=all")).text, log_text.getvalue()]
    outside += [answer.text for answer in refused]
    async for record in read_all(gateway.bootstrap, [topics.REVIEW, topics.AUDIT]):
        outside.append(f"{record.key!r} {record.headers!r}")
    assert [answer.status_code for answer in refused] == [409, 422, 422, 404]
    assert [canary for canary in CANARIES if any(canary in text for text in outside)] == []


async def held_words(gateway: Any) -> str:
    """A question about words, as the stream asks it; gives its id."""
    alert = Alert.model_validate(
        {
            "id": uuid.uuid4().hex,
            "source": "police",
            "kind": "ppn",
            "occurred_at": "2026-01-05T10:00:00Z",
            "recorded_at": "2026-01-05T10:00:00Z",
            "subjects": [{"person": {"label": "a man"}}],
            "narrative": [{"text": f"He rang the canary, said {FAMILY}."}],
        }
    )
    said = AcceptedAlert.of(alert, datetime(2026, 1, 5, 12, tzinfo=UTC))
    asked = records.review_of_words(said, f"case-{alert.id}", [Revealed(clue=Clue.NAME, where="narrative[0]", person_ids=("p",))])
    await gateway.inside.intake.publisher.send(records.alert_accepted(said), asked)
    await gateway.projected(topics.REVIEW, topics.ALERTS)
    [needed] = await gateway.reviews(said.alert_id)
    return str(needed["id"])


async def test_not_17_held_words_are_shown_to_who_holds_cases_and_their_classes_to_the_front_door(guarded: Any) -> None:
    item_id = await held_words(guarded)

    by_holder = await guarded.http.get(f"/v1/reviews/{item_id}", headers=by("childrens_social_care"))
    by_front_door = await guarded.http.get(f"/v1/reviews/{item_id}", headers=by("mash"))
    by_sender = await guarded.http.get(f"/v1/reviews/{item_id}", headers=by("police"))
    listed = await guarded.http.get("/v1/reviews?reason=words_held", headers=by("childrens_social_care"))

    where = {"where": "narrative[0]", "text": f"He rang the canary, said {FAMILY}.", "clues": ["name"]}
    assert by_holder.json()["words"] == [where]
    assert by_front_door.json()["clues"] == ["name in narrative[0]"]
    assert by_sender.status_code == 404
    assert [canary for canary in CANARIES if canary in by_front_door.text + by_sender.text + listed.text] == []


async def test_not_17_a_release_is_on_the_broker_for_its_case_beside_the_decision_and_is_not_taken_back(gateway: Any) -> None:
    item_id = await held_words(gateway)
    url = f"/v1/reviews/{item_id}/decisions"
    item = (await gateway.http.get(f"/v1/reviews/{item_id}")).json()

    answers = [await gateway.http.post(url, json={"outcome": "release", "by": "Jo Okafor"}) for _ in range(2)]
    refused = [await gateway.http.post(url, json={"outcome": one, "by": "Jo Okafor"}) for one in ("keep", "reopened", "seen")]

    assert {a.status_code for a in answers} == {201}
    assert [r.status_code for r in refused] == [409, 422, 422]
    [made] = {json.dumps(json.loads(r.data)) for r in await gateway.records(topics.CASE_EVENTS, item["case_id"])}
    assert json.loads(made) == {
        "case_id": item["case_id"],
        "alert_id": item["alert_id"],
        "statement_id": item["statement_id"],
        "released": True,
        "at": answers[0].json()["decided_at"],
    }
