"""Whose part is whose at the desk: "for me" is what the person answers for now, and a colleague to hand over to is chosen by name."""

import re
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from alertbus.broker import topics
from alertbus.model.team import worker_ref
from tests.contract.test_http import alert, fresh, notice, owe
from tests.desk_served import desk_over, visitor

pytestmark = pytest.mark.kafka

AGENCY = "health_visiting"
ADA, JO, LEE = "Kanarienvogel Obi", "Jo Goldammer", "Lee Chan"
AT = datetime(2026, 11, 23, 8, tzinfo=UTC)


def owed(named: str | None, n: int = 0, title: str = "Threat to staff", **changed: Any) -> Any:
    since = (AT + timedelta(minutes=n)).isoformat()
    return notice(since=since, **changed).model_copy(update={"recipient": named, "title": title})


async def team(gateway: Any, *more: str, **said: Any) -> str:
    people = [{"name": ADA, "roles": ["health_visitor"]}, {"name": JO}, {"name": LEE, "roles": ["team_manager"]}]
    whole = {"name": "North team", "members": [*people, *({"name": name} for name in more)]} | said
    team_id = f"{AGENCY}.{fresh('t')}"
    answer = await gateway.http.put(f"/v1/teams/{team_id}", json=whole)
    assert answer.status_code == 201, answer.text
    return team_id


async def titles(desk: Any, path: str) -> list[str]:
    """All of them, page by page, in their order."""
    found: list[str] = []
    for _ in range(20):
        page = (await desk.get(path)).text
        found += re.findall(r'<h3 class="desk-item__title"[^>]*><a[^>]*>([^<]+)</a>', page)
        further = re.search(r'href="(/inbox[^"]+)" rel="next"', page)
        if further is None:
            return found
        path = further[1].replace("&amp;", "&")
    raise AssertionError("no end of pages")


async def test_tur_06_for_me_is_what_the_call_gives_for_that_person_cover_included_and_of_one_kind_too(gateway: Any) -> None:
    every = [owed(ADA if n % 2 else None if n % 5 else JO, n, f"Number {n:02}", kind="ppn" if n % 3 else "birth") for n in range(40)]
    await owe(gateway, *every)
    await team(gateway, absences=[{"who": ADA, "from": "2026-11-01", "cover": JO}])
    asked = {"agency": AGENCY, "worker": worker_ref(AGENCY, JO), "limit": 500}
    told = [one["notice"] for one in (await gateway.http.get("/v1/inbox", params=asked)).json()["items"]]

    async with desk_over(gateway, visitor(JO, AGENCY)) as desk:
        mine = await titles(desk, "/inbox?show=mine")
        births = await titles(desk, "/inbox?show=mine&kind=birth")
        one_page = (await desk.get("/inbox?show=mine&kind=birth")).text
        desk.door.who = visitor(ADA, AGENCY)
        hers = await titles(desk, "/inbox?show=mine")

    # On a page what is about one family is on one card; here each is of a family of its own, so the order is the inbox's.
    assert mine == [one["title"] for one in told]
    assert len(mine) == len(every), "hers, his, and those of the one role that she has"
    assert births == [one["title"] for one in told if one["obligation"]["kind"] == "birth"]
    assert "Nothing of that kind among these" not in one_page
    assert hers == []


async def test_a_colleague_is_chosen_by_name_and_whoever_is_away_stands_there_with_their_cover(gateway: Any) -> None:
    answer = await gateway.http.post("/v1/alerts", json=alert())
    await gateway.projected(topics.ALERTS)
    one = owed(ADA, alert_id=answer.json()["id"])
    await owe(gateway, one)
    absences = [{"who": LEE, "from": "2026-11-20", "to": "2026-12-04", "cover": JO}]
    await team(gateway, absences=absences)

    async with desk_over(gateway, visitor(ADA, AGENCY)) as desk:
        pages = [await desk.get("/inbox"), await desk.get(f"/alerts/{one.obligation.alert_id}")]
        pages.append(await desk.post(f"/obligations/{one.obligation.id}/answer", intent="passing_on", to="", back="open"))
        passed = await desk.post(f"/obligations/{one.obligation.id}/answer", intent="passing_on", to=JO, back="mine")
        await gateway.projected(topics.RECEIPTS)
        shown = (await desk.get(passed.headers["location"])).text

    for page in pages:
        options = re.findall(
            r'<option value="([^"]+)"[^>]*>([^<]+)</option>', page.text.partition('name="to"')[2].partition("</select>")[0]
        )
        assert options == [(JO, JO), (LEE, f"{LEE}: away until Fri 4 Dec, 23:59; {JO} covers")]
    assert f"passed it on to {JO}" in shown


async def test_a_full_inbox_with_the_longest_list_to_choose_from_is_no_heavy_page(gateway: Any) -> None:
    await owe(gateway, *(owed(ADA, n) for n in range(20)))
    await team(gateway, *(f"Person With A Usual Name {n:03}" for n in range(38)))

    async with desk_over(gateway, visitor(ADA, AGENCY)) as desk:
        page = await desk.get("/inbox")

    assert page.text.count("<select") == 16, "one for each of fifteen alerts, and that of the kinds"
    assert page.text.count("Person With A Usual Name 037: ") + page.text.count(">Person With A Usual Name 037<") == 15
    assert len(page.content) < 120_000, "with its dress under 150 kB"


async def test_without_a_team_and_in_a_large_one_a_name_is_typed(gateway: Any) -> None:
    await owe(gateway, owed(ADA))

    async with desk_over(gateway, visitor(ADA, AGENCY)) as desk:
        without = (await desk.get("/inbox")).text
        await team(gateway, *(f"Person Number {n:03}" for n in range(60)))
        large = (await desk.get("/inbox")).text

    for page in (without, large):
        assert re.search(r'<input[^>]+name="to"', page)
        assert 'name="to"' not in re.sub(r"<input[^>]+>", "", page)
    assert "<datalist" not in without
    assert large.count('<option value="Person Number') == 60
