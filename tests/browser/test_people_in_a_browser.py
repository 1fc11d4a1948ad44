"""Those who come, go and stand in for each other, at the desk in a real browser: a newcomer, a manager, a cover."""

import os
import re
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from playwright.async_api import Browser, Page, expect

from alertbus.broker import topics
from tests.browser.conftest import DeskListening, page_of, violations
from tests.desk_newcomer_story import AGENCY, MIDWIFE, a_newcomer
from tests.desk_pages import subjects
from tests.desk_served import visitor
from tests.desk_team_story import ADA, JO, LEE, a_team

pytestmark = [pytest.mark.kafka, pytest.mark.browser]

SHOTS = os.environ.get("ALERTBUS_TEST_SHOTS")


async def shot(page: Page, name: str) -> None:
    if SHOTS:
        for dark, (width, height) in ((False, (1280, 900)), (True, (1280, 900)), (False, (320, 640))):
            await page.emulate_media(color_scheme="dark" if dark else "light")
            await page.set_viewport_size({"width": width, "height": height})
            await page.screenshot(path=Path(SHOTS) / f"{name}-{width}-{'dark' if dark else 'light'}.png", full_page=True)


async def tab_to(page: Page, condition: str) -> None:
    """Go on by the keyboard until what has the focus is that."""
    for _ in range(80):
        await page.keyboard.press("Tab")
        if await page.evaluate(condition):
            return
    raise AssertionError(f"the keyboard does not reach {condition}")


async def test_vpf_11_a_new_midwife_reads_her_briefing_and_answers_by_the_keyboard_alone(
    gateway: Any, desk: DeskListening, browser: Browser
) -> None:
    case_id, _ = await a_newcomer(gateway)
    desk.served.door.who = visitor(MIDWIFE, AGENCY)
    async with page_of(browser) as page:
        await page.goto(f"{desk.url}/inbox?show=mine")
        await tab_to(page, "document.activeElement?.textContent.startsWith('Read the briefing')")
        await page.keyboard.press("Enter")
        await page.wait_for_url(f"**/briefings/{case_id}")
        await expect(page.get_by_text("Violent person flag").first).to_be_visible()
        assert await violations(page) == []
        await shot(page, "briefing")
        await tab_to(page, "document.activeElement?.value === 'acting'")
        await page.keyboard.press("Enter")
        await page.wait_for_url(f"**/briefings/{case_id}?done=*")
        await gateway.projected(topics.RECEIPTS)
        await page.reload()
        await expect(page.get_by_role("alert")).to_contain_text("You are acting on it")
        await expect(page.get_by_text(f"{MIDWIFE} is acting on it")).to_be_visible()
        assert await violations(page) == []
        await page.goto(f"{desk.url}/inbox?show=mine")
        await expect(page.get_by_role("link", name="Read the briefing")).to_have_count(0)


async def test_a_manager_sees_the_lapse_and_takes_it(gateway: Any, desk: DeskListening, browser: Browser) -> None:
    story = await a_team(gateway)
    desk.served.door.who = story.manager
    async with page_of(browser) as page:
        await page.goto(f"{desk.url}/inbox")
        await page.get_by_role("link", name="Team", exact=True).click()
        queue = page.get_by_role("region", name="Waiting for nobody")
        await expect(queue).to_contain_text("Threat to staff")
        assert await violations(page) == []
        await shot(page, "team-manager")
        await queue.get_by_role("button", name="I am acting on this").click()
        await page.wait_for_url("**/team?done=*")
        await gateway.projected(topics.RECEIPTS)
        await page.reload()
        await expect(page.get_by_role("alert")).to_contain_text("You are acting on it")
        await expect(queue).to_contain_text(f"{LEE} is acting on it")
        assert await violations(page) == []
        await page.get_by_role("button", name="Ask the next person now").click()
        await page.wait_for_url("**/team?changed=asked")
        await expect(page.get_by_role("alert")).to_contain_text("The next person is asked now")


async def test_tur_05_tur_06_a_cover_takes_over_and_who_was_away_sees_what_was_answered(
    gateway: Any, desk: DeskListening, browser: Browser
) -> None:
    story = await a_team(gateway)
    desk.served.door.who = story.manager
    async with page_of(browser) as page:
        await page.goto(f"{desk.url}/team")
        await page.get_by_role("link", name="Somebody is away").click()
        await page.get_by_label("Who is away").select_option(ADA)
        await page.get_by_label("Last day away").fill("31/11/2026")
        await page.get_by_label("Who covers").select_option(JO)
        await page.get_by_role("button", name="Record the absence").click()
        await expect(page.get_by_role("alert")).to_contain_text("Enter a day that exists")
        assert await page.get_by_label("Who is away").input_value() == ADA, "what was typed is kept"
        assert await violations(page) == []
        await shot(page, "absence-refused")
        await page.get_by_label("Last day away").fill("30/11/2026")
        await page.get_by_role("button", name="Record the absence").click()
        await expect(page.get_by_role("alert")).to_contain_text("The absence is on record")
        await expect(page.get_by_role("listitem").filter(has_text=f"{JO} covers").first).to_be_visible()
        await shot(page, "team-absence")

        desk.served.door.who = story.who(JO)
        await page.goto(f"{desk.url}/inbox?show=mine")
        await expect(page.get_by_role("link", name="Birth", exact=True)).to_be_visible()
        await page.get_by_role("button", name=re.compile("I am acting on this.*Birth")).click()
        await page.wait_for_url("**/inbox?show=mine&done=*")
        await gateway.projected(topics.RECEIPTS)

        desk.served.door.who = story.manager
        gateway.inside.now.at += timedelta(hours=1)
        await page.goto(f"{desk.url}/team")
        await page.get_by_role("button", name=re.compile(f"Is back.*{ADA}")).click()
        await page.wait_for_url("**/team/returned/*")
        await expect(page.get_by_text(f"{JO} is acting on it")).to_be_visible()

        desk.served.door.who = story.who(ADA)
        await page.goto(f"{desk.url}/inbox")
        await page.get_by_role("link", name="See what was answered while you were away").click()
        await expect(page.get_by_role("heading", name="What was answered while you were away")).to_be_visible()
        await expect(page.get_by_text(f"{JO} is acting on it")).to_be_visible()
        assert await violations(page) == []
        await shot(page, "returned")


@pytest.mark.parametrize("subject", ["briefings", "team"])
@pytest.mark.parametrize("dark", [False, True], ids=["light", "dark"])
async def test_axe_finds_nothing_wrong_with_a_briefing_or_a_team(
    gateway: Any, desk: DeskListening, browser: Browser, subject: str, dark: bool
) -> None:
    found: dict[str, list[str]] = {}
    async with page_of(browser, dark=dark, width=320, height=640) as page:
        for one in await subjects()[subject](gateway, desk.served):
            desk.served.door.who = one.who
            if one.form is not None:
                continue  # what a form gives is posted by the tests of all pages
            await page.goto(desk.url + one.path)
            found[one.name] = await violations(page)
            if await page.evaluate("document.documentElement.scrollWidth > window.innerWidth"):
                found[one.name].append("it scrolls sideways")
    assert {name: lines for name, lines in found.items() if lines} == {}
