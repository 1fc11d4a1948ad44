"""A teacher who must see what is not hers: asked why, shown it for an hour, and her reason read by the lead (DESIGN section 17)."""

from typing import Any

import pytest
from playwright.async_api import Browser, expect

from tests.browser.conftest import DeskListening, page_of, violations
from tests.browser.test_desk_in_a_browser import shot
from tests.desk_pages.glass_and_changes import pages

pytestmark = [pytest.mark.kafka, pytest.mark.browser]


@pytest.mark.parametrize("dark", [False, True], ids=["light", "dark"])
async def test_aud_08_from_there_is_nothing_here_for_you_to_the_record_by_the_keyboard_alone(
    gateway: Any, desk: DeskListening, browser: Browser, dark: bool
) -> None:
    shown = {one.name: one for one in await pages(gateway, desk.served)}
    not_hers, changed, explained = shown["not yours"], shown["changed words"], shown["explained"]
    async with page_of(browser, dark=dark, width=320 if dark else 1280) as page:

        async def look(name: str) -> None:
            await shot(page, f"glass-{name}-{'dark' if dark else 'light'}")
            assert await violations(page) == [], name
            assert await page.evaluate("document.documentElement.scrollWidth <= window.innerWidth"), f"{name} scrolls sideways"

        desk.served.door.who = not_hers.who
        await page.goto(desk.url + not_hers.path)
        await look("nothing")
        await page.get_by_role("button", name="I need to see this").press("Enter")
        await page.get_by_role("textbox", name="Why must you see this now?").fill("urgent")
        await page.get_by_role("button", name="See it for 60 minutes").evaluate("one => one.form.noValidate = true")
        await page.get_by_role("button", name="See it for 60 minutes").press("Enter")
        await expect(page.get_by_role("alert")).to_contain_text("It was not opened yet")
        await look("refused")
        await page.get_by_role("textbox").fill("Her teacher is with her and she will not go home")
        await page.get_by_role("button", name="See it for 60 minutes").press("Enter")
        await page.wait_for_url(f"**{not_hers.path}")
        await expect(page.get_by_text("you see it by break-glass until")).to_be_visible()
        await expect(page.get_by_role("button", name="I am acting on this")).to_have_count(0)
        await look("seen")

        desk.served.door.who = changed.who
        await page.goto(desk.url + not_hers.path)
        await look("changed")
        await page.goto(desk.url + explained.path)
        await look("explained")
