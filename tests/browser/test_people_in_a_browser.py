"""Those who come, go and stand in for each other, at the desk in a real browser: a newcomer, a manager, a cover."""

import os
from pathlib import Path
from typing import Any

import pytest
from playwright.async_api import Browser, Page, expect

from alertbus.broker import topics
from tests.browser.conftest import DeskListening, page_of, violations
from tests.desk_newcomer_story import AGENCY, MIDWIFE, a_newcomer
from tests.desk_served import visitor

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
