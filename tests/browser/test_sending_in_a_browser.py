"""Sending in a real browser: a school secretary on a telephone, a probation officer with a spreadsheet."""

import asyncio
import csv
import io
import json
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from playwright.async_api import Browser, Page, expect

from alertbus.broker import topics
from alertbus.broker.consumer import read_all
from alertbus.broker.envelope import decode
from alertbus.desk.sending.sheet_reading import written_csv
from alertbus.desk.sign_in.signed_in import IDLE
from alertbus.desk.visitor import Role
from alertbus.serving.listening import Listening, serve
from tests.at_the_door import PASSWORD
from tests.browser.conftest import DeskListening, page_of, violations
from tests.browser.test_desk_in_a_browser import shot
from tests.contract.test_desk_releases import as_csv, row
from tests.contract.test_http import fresh
from tests.desk_behind_its_door import desk_behind_its_door
from tests.desk_served import visitor

pytestmark = [pytest.mark.kafka, pytest.mark.browser]


async def stated_by(gateway: Any, source: str) -> list[dict[str, Any]]:
    every = [json.loads(decode(one.headers, one.key, one.value).data) async for one in read_all(gateway.bootstrap, [topics.ALERTS])]
    return [one["alert"] for one in every if one.get("alert", {}).get("source") == source]


def rows_in(file: Path) -> list[list[str]]:
    return list(csv.reader(io.StringIO(file.read_text("utf-8-sig"))))


async def looked_at(page: Page, name: str) -> None:
    """In both colours: nothing for axe to find, nothing wider than the screen."""
    for scheme in ("light", "dark"):
        await page.emulate_media(color_scheme=scheme)  # type: ignore[arg-type]
        assert await violations(page) == [], f"{name} in the {scheme}"
        await shot(page, f"{name}-{scheme}")
    assert await page.evaluate("document.documentElement.scrollWidth <= window.innerWidth"), f"{name} scrolls sideways"
    await page.emulate_media(color_scheme="light")


async def test_voi_08_a_secretary_sends_a_concern_on_a_telephone_and_words_that_only_judge_are_asked_about(
    gateway: Any, desk: DeskListening, browser: Browser
) -> None:
    school = fresh("school.")
    desk.served.door.who = visitor("Ada Kanarienvogel", "school", Role.PRACTITIONER, setting=school)
    async with page_of(browser, width=360, height=740) as page:
        await page.goto(f"{desk.url}/send")
        await looked_at(page, "send")
        await page.get_by_role("link", name="A concern").click()
        await looked_at(page, "concern")
        await page.locator("#about").check()
        await page.locator("#person-0-part").check()
        await page.get_by_label("First names").fill("Wrenna")
        await page.get_by_label("Family name").fill("Quillfeather")
        await page.get_by_role("button", name="Add another person").click()
        await expect(page.locator("#person-1-given")).to_be_visible()
        await page.locator("#person-1-part-2").check()
        await page.locator("#person-1-called").fill("the mother")
        await page.locator("#words-0-text").fill("Mum was hostile and the child unkempt.")
        await page.locator("#words-0-by").select_option("professional")
        await page.locator("#words-0-hand").check()
        await page.locator("#on").fill("today")
        await page.locator("#severity-2").check()
        await page.get_by_role("button", name="Continue").click()

        await expect(page.get_by_role("heading", name="Say it so that everybody sees the same")).to_be_visible()
        await looked_at(page, "concern-asked")
        await page.get_by_role("alert").get_by_role("link").click()
        await page.locator("#words-0-text").fill("Mum shouted “get off my back” at the gate. Her jumper was wet and smelt of urine.")
        await page.get_by_role("button", name="Continue").click()
        await expect(page.get_by_role("heading", name="Check before you send")).to_be_visible()
        await looked_at(page, "concern-check")
        await page.get_by_role("button", name="Send it").dblclick()
        await expect(page.get_by_role("heading", name="Sent", exact=True)).to_be_visible()
        await looked_at(page, "concern-sent")
        await page.go_back()
        await page.goto(f"{desk.url}/send")
        await expect(page.get_by_role("heading", name="Sent by you")).to_be_visible()

    [stated] = await stated_by(gateway, school)
    assert stated["narrative"][0]["text"].startswith("Mum shouted “get off my back”")
    assert [one["person"]["label"] for one in stated["subjects"]] == ["the mother"]


async def test_fifty_releases_three_of_them_wrong_are_uploaded_and_the_three_corrected_and_uploaded_again(
    gateway: Any, desk: DeskListening, browser: Browser, tmp_path: Path
) -> None:
    who = visitor("Ada Kanarienvogel", "probation", setting=fresh("probation."))
    desk.served.door.who = who
    rows = [row(number) for number in range(1, 51)]
    for number, wrong in ((4, {"Release date": "31/2/2026"}), (20, {"Prison number": "12"}), (48, {"DOB": "1/1/90"})):
        rows[number] = row(number + 1, **wrong)
    first, second = tmp_path / "releases.csv", tmp_path / "corrected.csv"
    first.write_bytes(as_csv(*rows))
    async with page_of(browser) as page:
        await page.goto(f"{desk.url}/send/releases")
        await looked_at(page, "releases")
        await page.get_by_label("The list", exact=True).set_input_files(first)
        await page.get_by_role("button", name="Look through the list").click()
        await expect(page.get_by_role("heading", name="47 rows can be sent, 3 cannot")).to_be_visible()
        await looked_at(page, "releases-check")
        assert await stated_by(gateway, who.at) == []
        await page.get_by_role("button", name="Send 47 releases").dblclick()
        await expect(page.get_by_role("heading", name="47 releases sent")).to_be_visible()
        await looked_at(page, "releases-sent")
        async with page.expect_download() as downloading:
            await page.get_by_role("link", name="CSV").click()
        lines = rows_in(Path(await (await downloading.value).path()))
        head = lines[0]
        rights = (("Release date", "28/2/2026"), ("Prison number", "A0021BC"), ("Date of birth", "1/1/1990"))
        for line, (column, right) in zip(lines[1:], rights, strict=True):
            line[head.index(column)] = right
        second.write_bytes(written_csv(lines))

        await page.goto(f"{desk.url}/send/releases")
        await page.get_by_label("The list", exact=True).set_input_files(second)
        await page.get_by_role("button", name="Look through the list").click()
        await page.get_by_role("button", name="Send 3 releases").click()
        await expect(page.get_by_role("heading", name="3 releases sent")).to_be_visible()
        await page.goto(f"{desk.url}/send/release")
        await looked_at(page, "release")

    alerts = await stated_by(gateway, who.at)
    assert (len(alerts), len({one["id"] for one in alerts})) == (50, 50)


async def test_the_helpline_sends_a_call_without_scripts_at_the_smallest_width(gateway: Any, desk: DeskListening, browser: Browser) -> None:
    who = visitor("Ada Kanarienvogel", "nspcc", setting=fresh("nspcc."))
    desk.served.door.who = who
    async with page_of(browser, width=320, height=640, scripts=False) as page:
        await page.goto(f"{desk.url}/send/nspcc")
        await shot(page, "call")
        await page.locator("#person-0-part").check()
        await page.get_by_label("First names").fill("Wrenna")
        await page.locator("#said").fill("The baby cries for hours and nobody comes.")
        await page.locator("#on").fill("yesterday")
        await page.locator("#danger-2").check()
        await page.get_by_role("button", name="Continue").click()
        await page.get_by_label("No", exact=True).check()
        await page.get_by_label("Your own reference").fill("H-20417")
        await shot(page, "call-check")
        await page.get_by_role("button", name="Send it").click()
        await expect(page.get_by_role("heading", name="Sent", exact=True)).to_be_visible()
        assert "H-20417" not in await page.content()

    [stated] = await stated_by(gateway, who.at)
    assert stated["referrer"] == {"reference": "H-20417"}


async def test_what_was_typed_when_the_session_had_ended_is_found_again_after_signing_in(gateway: Any, browser: Browser) -> None:
    school, username = fresh("school."), fresh("ada")
    async with desk_behind_its_door(gateway) as desk:
        await desk.add(username, "Ada Kanarienvogel", setting=school)
        stop, port = asyncio.Event(), asyncio.get_running_loop().create_future()
        serving = asyncio.create_task(serve(desk.app, Listening("127.0.0.1", 0, "port"), stop, ready=port.set_result))
        url = f"http://127.0.0.1:{await port}"
        try:
            async with page_of(browser) as page:
                await page.goto(f"{url}/send/concern")
                await signed_in(page, username)
                await page.locator("#person-0-given").fill("Wrenna")
                await page.locator("#words-0-text").fill("She said: I slept in the bath.")
                gateway.inside.now.at += IDLE + timedelta(minutes=1)
                await page.get_by_role("button", name="Continue").click()
                await page.wait_for_url("**/sign-in?next=%2Fsend")
                await signed_in(page, username)
                await expect(page.get_by_role("heading", name="Begun, and not sent")).to_be_visible()
                await looked_at(page, "send-begun")
                await page.get_by_role("link", name="A concern, saved").click()
                assert await page.locator("#words-0-text").input_value() == "She said: I slept in the bath."
        finally:
            desk.desk.stopping.set()
            stop.set()
            await serving


async def signed_in(page: Page, username: str) -> None:
    await page.get_by_label("Username").fill(username)
    await page.get_by_label("Password", exact=True).fill(PASSWORD)
    await page.get_by_role("button", name="Sign in", exact=True).click()
