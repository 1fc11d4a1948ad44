"""What somebody typed outlives their session, for them alone: after 15 quiet minutes, after a sign-out, on a computer that others use."""

import re
from datetime import timedelta
from typing import Any

import httpx
import pytest

from alertbus.desk.sign_in.signed_in import IDLE
from tests.at_the_door import fields, sign_in
from tests.contract.test_desk_send import concern, mark_in
from tests.contract.test_http import fresh
from tests.desk_behind_its_door import DeskBehindItsDoor, desk_behind_its_door

pytestmark = pytest.mark.kafka


async def two_people(desk: DeskBehindItsDoor) -> tuple[str, str]:
    school = fresh("school.")
    ada, jo = fresh("ada"), fresh("jo")
    await desk.add(ada, "Ada Kanarienvogel", setting=school)
    await desk.add(jo, "Jo Goldammer", setting=school)
    return ada, jo


def token_in(page: str) -> str:
    return re.findall(r'name="form_token" value="([0-9a-f]+)"', page.partition("<main")[2])[0]


async def opened_form(browser: httpx.AsyncClient, username: str) -> dict[str, str]:
    await sign_in(browser, username, next_="/send")
    page = (await browser.get("/send/concern")).text
    return concern(form_token=token_in(page), kept_as=mark_in(page))


def drafts_in(page: str) -> list[str]:
    return re.findall(r'href="(/send/concern/[0-9a-f-]{36})"', page)


@pytest.mark.parametrize("ended", ["by its time", "by a sign-out"])
async def test_what_is_sent_after_the_session_ended_is_there_after_the_next_sign_in(gateway: Any, ended: str) -> None:
    async with desk_behind_its_door(gateway) as desk, desk.browser() as browser:
        ada, jo = await two_people(desk)
        typed = await opened_form(browser, ada)
        if ended == "by its time":
            gateway.inside.now.at += IDLE + timedelta(minutes=1)
        else:
            asked = await browser.get("/sign-out")
            await browser.post("/sign-out", data=fields(asked))
        out = await browser.post("/send/concern", data=typed)
        assert (out.status_code, out.headers["location"]) == (303, "/sign-in?next=%2Fsend")

        await sign_in(browser, jo, next_="/send")
        assert drafts_in((await browser.get("/send")).text) == [], "another at the same computer"
        async with desk.browser() as elsewhere:
            await sign_in(elsewhere, ada, next_="/send")
            [where] = drafts_in((await elsewhere.get("/send")).text)
            page = (await elsewhere.get(where)).text

    assert "Quillfeather" in page
    assert "I slept in the bath" in page


async def test_a_page_that_is_older_than_the_sign_in_comes_back_with_what_was_typed_and_sends_nothing(gateway: Any) -> None:
    async with desk_behind_its_door(gateway) as desk, desk.browser() as browser:
        ada, jo = await two_people(desk)
        typed = await opened_form(browser, ada)
        gateway.inside.now.at += IDLE + timedelta(minutes=1)
        await sign_in(browser, ada, next_="/send")
        again = await browser.post("/send/concern", data=typed)
        going = await browser.post("/send/concern", data=concern(form_token=token_in(again.text), kept_as=mark_in(again.text)))

        gateway.inside.now.at += IDLE + timedelta(minutes=1)
        await sign_in(browser, jo, next_="/send")
        theirs = await browser.post("/send/concern", data=typed, headers={"sec-fetch-site": "same-origin"})

    assert again.status_code == 200
    assert "You have signed in again" in again.text
    assert "Quillfeather" in again.text
    assert (going.status_code, going.headers["location"].endswith("/check")) == (303, True)
    assert theirs.status_code == 403
    assert "Quillfeather" not in theirs.text


async def test_a_mark_that_is_not_ours_not_whole_or_of_another_day_keeps_nothing(gateway: Any) -> None:
    async with desk_behind_its_door(gateway) as desk, desk.browser() as browser:
        ada, _ = await two_people(desk)
        typed = await opened_form(browser, ada)
        gateway.inside.now.at += timedelta(days=1, minutes=5)
        for mark in (typed["kept_as"], typed["kept_as"][:-8], "", "x" * 5000, typed["kept_as"].swapcase()):
            assert (await browser.post("/send/concern", data=typed | {"kept_as": mark})).status_code == 303
        await sign_in(browser, ada, next_="/send")
        page = (await browser.get("/send")).text

    assert drafts_in(page) == []


async def test_a_draft_needs_its_key(gateway: Any) -> None:
    async with desk_behind_its_door(gateway) as desk, desk.browser() as browser:
        ada, _ = await two_people(desk)
        typed = await opened_form(browser, ada)
        kept = await browser.post("/send/concern", data=typed | {"do": "keep"})
        [where] = drafts_in((await browser.get(kept.headers["location"])).text)
        key = gateway.inside.settings.data_dir / "drafts.key"
        before = key.read_text()
        key.write_text("b2" * 32 + "\n" + before)
        async with desk_behind_its_door(gateway) as renewed:
            browser._transport = renewed.browser()._transport
            assert "Quillfeather" in (await browser.get(where)).text, "an earlier key still opens"
        key.write_text("b2" * 32)
        async with desk_behind_its_door(gateway) as other:
            browser._transport = other.browser()._transport
            assert (await browser.get(where)).status_code == 404
        key.write_text(before)
