"""A newcomer's briefing at the desk: on one page what `GET /v1/briefings/{case}` gives, audited by name, answered like an alert."""

import json
import re
from typing import Any

import pytest

from alertbus.broker import topics
from alertbus.desk.visitor import Role
from tests.contract.test_http import fresh, notice
from tests.desk_newcomer_story import AGENCY, MIDWIFE, a_newcomer
from tests.desk_served import desk_over, visitor

pytestmark = pytest.mark.kafka


async def test_vpf_11_tur_02_tur_14_a_newcomer_reads_on_one_page_what_stands_the_warnings_first(gateway: Any) -> None:
    case_id, _ = await a_newcomer(gateway)

    async with desk_over(gateway, visitor(MIDWIFE, AGENCY)) as desk:
        page = (await desk.get(f"/briefings/{case_id}")).text

    order = ["Violent person flag", "The plan, and consent to it", ">The children<", "Adults who are linked", "putative link"]
    order += ["Open and overdue", "What was told before you came", "Public Protection Notice", "Who else is on the case", "Sasha Lind"]
    order += ["Who held it before you", "01632 960123", "Your answer", "The rest", "Earlier events about drugs"]
    place = page.index("<main")
    for words in order:
        assert (place := page.find(words, place)) != -1, words
    assert page.count("It is for you") == 1


async def test_a_page_says_of_the_past_what_the_call_says_and_to_nobody_else(gateway: Any) -> None:
    case_id, _ = await a_newcomer(gateway)
    given = (await gateway.http.get(f"/v1/briefings/{case_id}", params={"agency": AGENCY})).json()

    async with desk_over(gateway, visitor("Jo Goldammer", AGENCY)) as desk:
        page = (await desk.get(f"/briefings/{case_id}")).text
        others = {
            agency: await desk_for(desk, agency, case_id) for agency in ("health_visiting", "probation", "childrens_social_care", "court")
        }
        nowhere = await desk.get(f"/briefings/{fresh('no-')}")
        desk.door.who = visitor("Jo Goldammer", AGENCY, Role.OPERATIONS)
        flow = await desk.get(f"/briefings/{case_id}")

    assert [one["kind"] for one in given["earlier"]] == ["drug_intelligence"]
    for one in given["earlier"]:
        assert one["title"] in page
    assert f"It is for {MIDWIFE}" in page, "a colleague of hers may read it"
    for agency, answer in others.items():
        assert (answer.status_code, "Ashdown" in answer.text) == (404, False), agency
    assert _apart(others["court"].text) == _apart(nowhere.text), "exactly as for a case that does not exist"
    assert (flow.status_code, "Ashdown" in flow.text) == (403, False)


async def desk_for(desk: Any, agency: str, case_id: str) -> Any:
    desk.door.who = visitor("Jo Goldammer", agency)
    return await desk.get(f"/briefings/{case_id}")


def _apart(page: str) -> str:
    return re.sub(r"\d\d:\d\d|/briefings/[\w-]+|north-\w+|no-\w+", "", page)


async def test_aud_08_that_a_briefing_was_read_is_audited_by_name(gateway: Any) -> None:
    case_id, _ = await a_newcomer(gateway)

    async with desk_over(gateway, visitor(MIDWIFE, AGENCY)) as desk:
        await desk.get(f"/briefings/{case_id}")

    written = [json.loads(record.data) for record in await gateway.records(topics.AUDIT, AGENCY)]
    read = [(one["by"], one["deed"], one["caller"]) for one in written if one["about"] == [case_id]]
    assert read == [(MIDWIFE, "briefing_read", "desk")]


async def test_a_briefing_is_answered_on_its_page_and_her_answer_stands_there(gateway: Any) -> None:
    case_id, given = await a_newcomer(gateway)

    async with desk_over(gateway, visitor(MIDWIFE, AGENCY)) as desk:
        answered = await desk.post(f"/obligations/{given.obligation.id}/answer", intent="acting", back="briefing")
        await gateway.projected(topics.RECEIPTS)
        page = (await desk.get(answered.headers["location"])).text

    assert answered.headers["location"].startswith(f"/briefings/{case_id}?done=")
    assert "You are acting on it" in page
    assert "/undo" in page
    assert f"{MIDWIFE} is acting on it" in page


async def test_what_the_bus_asks_itself_is_reached_from_its_card_like_anything_else(gateway: Any) -> None:
    """A briefing on its own page; a lapse that no alert has opened on the page of what it asks."""
    lapse = notice(AGENCY, kind="lapse", source="alertbus").model_copy(update={"title": "Nobody visited"})
    case_id, given = await a_newcomer(gateway, lapse)

    async with desk_over(gateway, visitor(MIDWIFE, AGENCY)) as desk:
        inbox = (await desk.get("/inbox")).text
        links = set(re.findall(r'<h3 class="desk-item__title"[^>]*><a class="govuk-link" href="([^"]+)"', inbox))
        opened = {path: await desk.get(path) for path in links}
        elsewhere = await desk.get(f"/alerts/{given.obligation.alert_id}")
        desk.door.who = visitor(MIDWIFE, "court")
        theirs = await desk.get(f"/alerts/{lapse.obligation.alert_id}")

    assert {f"/briefings/{case_id}", f"/alerts/{lapse.obligation.alert_id}"} <= links
    assert {path: answer.status_code for path, answer in opened.items()} == dict.fromkeys(links, 200)
    assert "Nobody visited" in opened[f"/alerts/{lapse.obligation.alert_id}"].text
    assert "From the bus itself" in inbox
    assert (elsewhere.status_code, f'href="/briefings/{case_id}"' in elsewhere.text) == (200, True)
    assert theirs.status_code == 404
