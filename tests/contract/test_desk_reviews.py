"""The desk's pages of what waits for a person: the same sight as the API's, decisions in the visitor's own name, and the way back."""

import re
from typing import Any

import pytest

from alertbus.audit import trail
from alertbus.audit.chain import AuditedDeed
from alertbus.broker import topics
from alertbus.desk.visitor import Role
from tests import desk_pages
from tests.desk_pages.review import FRONT_DOOR, HOLDER, INTEGRATOR
from tests.desk_served import desk_over, visitor
from tests.review_story import FAMILY, case_with, doubt, doubt_of_an_alert, held_words, person

pytestmark = pytest.mark.kafka

SCHOOL = visitor("Rowan Ellery", "school", Role.PRACTITIONER)
NSPCC = visitor("Rowan Ellery", "nspcc", Role.PRACTITIONER)
POLICE = visitor("Rowan Ellery", "police", Role.PRACTITIONER)
NAMED = (FAMILY, "17 Millrace Lane", "1987", "NN2 2BB", "number nine")


async def one_person(gateway: Any, one: str, two: str) -> bool:
    found = [(await gateway.http.get(f"/v1/cases/{case_id}")).json()["people"][0]["person_ids"] for case_id in (one, two)]
    return set(found[0]) == set(found[1])


async def candidate_of(gateway: Any, item_id: str) -> str:
    return str((await gateway.http.get(f"/v1/reviews/{item_id}")).json()["candidates"][0]["person_id"])


async def test_every_page_of_review_stands_and_says_what_it_must(gateway: Any) -> None:
    async with desk_over(gateway) as desk:
        for page in await desk_pages.subjects()["review"](gateway, desk):
            desk.door.who = page.who
            shown = await (desk.get(page.path) if page.form is None else desk.post(page.path, **page.form))
            main = shown.text[shown.text.index("<main") :]
            assert shown.status_code == page.status, page.name
            assert [words for words in page.in_main if words not in main] == [], page.name


async def test_the_evidence_stands_side_by_side_and_says_in_words_what_agrees_and_differs(gateway: Any) -> None:
    _, _, item_id = await doubt(gateway, identifiers=[{"system": "pnc", "value": "1981/0000034U"}])

    async with desk_over(gateway, HOLDER) as desk:
        page = (await desk.get(f"/reviews/{item_id}")).text

    rows = {row[0]: row[1] for row in re.findall(r'role="rowheader">([^<]+)</th>(.*?)</tr>', page, re.DOTALL)}
    said = {field: " ".join(re.sub(r"<[^>]+>", " ", cells).split()) for field, cells in rows.items()}
    assert said["Given name"].startswith("Anna Ana ✓ Nearly: ")
    assert said["Family name"] == f"{FAMILY} {FAMILY} ✓ Agrees"
    assert said["Date of birth"] == "17 May 1987 17 May 1987 ✓ Agrees"
    assert said["Police National Computer id"] == "1981/0000034U Not stated \u2013 Not stated of both"


async def test_not_17_the_front_door_sees_agreement_and_no_name_and_nobody_else_sees_anything(gateway: Any) -> None:
    _, _, item_id = await doubt(gateway)
    words = await held_words(gateway)

    async with desk_over(gateway, FRONT_DOOR) as desk:
        hers = [(await desk.get(path)) for path in (f"/reviews/{item_id}", f"/reviews/{words}", "/reviews")]
        others = {}
        for who in (SCHOOL, POLICE, INTEGRATOR, visitor("Wren Halloway", "school", Role.CASE_HOLDER, Role.MANAGER)):
            desk.door.who = who
            others[who.at, min(who.roles)] = [
                (await desk.get(f"/reviews/{one}"), await desk.get("/reviews/none")) for one in (item_id, words)
            ]
            assert (await desk.post(f"/reviews/{item_id}/decide", outcome="seen")).status_code == 404

    assert [page.status_code for page in hers] == [200, 200, 200]
    assert "✓" in hers[0].text
    assert [name for name in NAMED if any(name in page.text for page in hers)] == []
    for pairs in others.values():
        for of_another, of_nobody in pairs:
            assert (of_another.status_code, _bare(of_another.text)) == (404, _bare(of_nobody.text))


def _bare(page: str) -> str:
    return re.sub(r"\d\d:\d\d", "", page)


async def test_the_head_leads_to_review_whom_something_may_wait_for_and_nobody_else(gateway: Any) -> None:
    ways = {}
    async with desk_over(gateway) as desk:
        for who in (HOLDER, FRONT_DOOR, INTEGRATOR, POLICE, NSPCC, visitor("A. N. Auditor", "county", Role.AUDITOR)):
            desk.door.who = who
            front = await desk.get("/sign-in/nowhere")
            ways[who.agency] = 'href="/reviews"' in front.text

    expected = {"childrens_social_care": True, "mash": True, "northants_it": True, "police": True, "nspcc": False, "county": False}
    assert ways == expected


async def test_same_says_first_which_agencies_work_there_then_joins_and_is_taken_back(gateway: Any) -> None:
    one, two, item_id = await doubt(gateway)
    same = {"outcome": f"same.{await candidate_of(gateway, item_id)}", "note": "her sister's number was typed"}

    async with desk_over(gateway, HOLDER) as desk:
        asked = await desk.post(f"/reviews/{item_id}/decide", **same)
        before = await one_person(gateway, one, two)
        decided = await desk.post(f"/reviews/{item_id}/decide", **same, confirmed="yes")
        after = await one_person(gateway, one, two)
        await gateway.projected(topics.REVIEW)
        shown = await desk.get(decided.headers["location"])
        back_asked = await desk.post(f"/reviews/{item_id}/decide", outcome="reopened")
        back = await desk.post(f"/reviews/{item_id}/decide", outcome="reopened", confirmed="yes")
        await gateway.projected(topics.REVIEW)
        again = await desk.get(back.headers["location"])

    assert (asked.status_code, before) == (200, False)
    assert f"2 agencies work on case {one} now: Midwifery (general) and School (123456)" in asked.text
    assert (decided.status_code, after) == (303, True)
    assert "It is the same person: Wren Halloway" in shown.text
    assert "her sister&#39;s number was typed" in shown.text
    assert (back_asked.status_code, back.status_code, await one_person(gateway, one, two)) == (200, 303, False)
    assert "The decision was taken back" in again.text
    assert "Waits for" in again.text
    deeds = [(r.by, r.reason) for r in await trail.records(gateway.bootstrap) if item_id in r.about and r.deed is AuditedDeed.REVIEW_DONE]
    assert deeds == [("Wren Halloway", same["note"]), ("Wren Halloway", "reopened")]


async def test_a_same_that_numbers_contradict_is_explained_and_what_was_typed_is_kept(gateway: Any) -> None:
    numbers = [[{"system": "nhs_number", "value": value}] for value in ("9434765919", "4010232137")]
    await case_with(gateway, "larch", person("Ana", "1979-03-08", identifiers=numbers[0]))
    item_id = await doubt_of_an_alert(gateway, person("Ana", "1979-03-08", identifiers=numbers[1]))
    same = {"outcome": f"same.{await candidate_of(gateway, item_id)}", "note": "they look alike", "confirmed": "yes"}

    async with desk_over(gateway, HOLDER) as desk:
        page = await desk.get(f"/reviews/{item_id}")
        refused = await desk.post(f"/reviews/{item_id}/decide", **same)

    assert "A number of A contradicts" in page.text
    assert refused.status_code == 422
    assert "They cannot be one person as things stand" in refused.text
    assert "they look alike" in refused.text
    assert (await gateway.http.get(f"/v1/reviews/{item_id}")).json()["state"] == "open"


async def test_what_somebody_else_decided_meanwhile_stands_and_is_said(gateway: Any) -> None:
    _, _, item_id = await doubt(gateway)
    same = f"same.{await candidate_of(gateway, item_id)}"

    async with desk_over(gateway, HOLDER) as desk:
        await gateway.http.post(f"/v1/reviews/{item_id}/decisions", json={"outcome": "different", "by": "Jo Okafor"})
        refused = await desk.post(f"/reviews/{item_id}/decide", outcome=same, confirmed="yes")

    assert refused.status_code == 409
    assert "Somebody has decided it meanwhile" in refused.text


async def test_not_17_held_words_are_marked_where_they_name_somebody_with_the_case_it_may_lead_to(gateway: Any) -> None:
    other = await case_with(gateway, "larch", person("Ana", "1966-07-19"))
    item_id = await held_words(gateway)

    shown = (await gateway.http.get(f"/v1/reviews/{item_id}")).json()
    async with desk_over(gateway, HOLDER) as desk:
        page = (await desk.get(f"/reviews/{item_id}")).text
        asked = await desk.post(f"/reviews/{item_id}/decide", outcome="release")
        released = await desk.post(f"/reviews/{item_id}/decide", outcome="release", confirmed="yes")
        await gateway.projected(topics.REVIEW)
        after = (await desk.get(f"/reviews/{item_id}")).text

    [piece] = shown["words"]
    assert [piece["text"][one["start"] : one["end"]] for one in piece["found"]] == [f"Ana {FAMILY}"]
    assert other in piece["found"][0]["cases"]
    assert f'<mark class="desk-mark-found">Ana {FAMILY}<span' in page
    assert "a name: may lead to case" in page
    assert "This cannot be taken back" in asked.text
    assert "2 agencies" in asked.text
    assert released.status_code == 303
    assert "is not taken back" in after
    assert "/decide" not in after


async def test_every_opening_is_audited_by_the_readers_name(gateway: Any) -> None:
    _, _, item_id = await doubt(gateway)

    async with desk_over(gateway, HOLDER) as desk:
        await desk.get(f"/reviews/{item_id}")

    looks = [(r.by, r.caller) for r in await trail.records(gateway.bootstrap) if item_id in r.about and r.deed is AuditedDeed.REVIEW_READ]
    assert looks == [("Wren Halloway", "desk")]


async def test_two_people_are_stated_to_be_one_and_that_is_taken_back_without_a_name_in_any_address(gateway: Any) -> None:
    one, two, _ = await doubt(gateway)
    said = {"kind": "merge", "one_case": one, "one_key": "m", "other_case": two, "other_key": "m", "note": "seen together"}

    async with desk_over(gateway, HOLDER) as desk:
        asked = await desk.post("/reviews/people", **said)
        before = await one_person(gateway, one, two)
        done = await desk.post("/reviews/people", **said, confirmed="yes")
        joined = await one_person(gateway, one, two)
        back = await desk.post("/reviews/people", **said, confirmed="yes", taken_back="yes")
        apart = await one_person(gateway, one, two)
        wrong = [
            await desk.post("/reviews/people", **said | {"other_key": "nobody"}, confirmed="yes"),
            await desk.post("/reviews/people", **said | {"other_case": one}, confirmed="yes"),
            await desk.post("/reviews/people", kind="split", one_system="nhs_number", one_number="123", other_case=two, other_key="m"),
            await desk.post("/reviews/people", **said | {"other_key": "c"}, confirmed="yes", taken_back="yes"),
        ]
        for who in (FRONT_DOOR, SCHOOL, INTEGRATOR):
            desk.door.who = who
            assert (await desk.get("/reviews/people")).status_code == 403
            assert (await desk.post("/reviews/people", **said, confirmed="yes")).status_code == 403

    assert (asked.status_code, before, done.status_code, joined, back.status_code, apart) == (200, False, 200, True, 200, False)
    assert "seen together" in asked.text
    assert [answer.status_code for answer in wrong] == [422] * 4
    expected = ("not on the case named", "two people", "not one of that kind", "could be taken back")
    assert [words for words, answer in zip(expected, wrong, strict=True) if words not in answer.text] == []
    assert "123" in wrong[2].text, "what was typed is kept"
    by = {r.by for r in await trail.records(gateway.bootstrap) if r.deed is AuditedDeed.WHO_IS_WHO_DONE and r.reason == "seen together"}
    assert by == {"Wren Halloway"}
