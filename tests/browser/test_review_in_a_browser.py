"""A question is decided and taken back by the keyboard alone."""

from typing import Any

import pytest
from playwright.async_api import Browser, Page, expect

from alertbus.broker import topics
from tests.browser.conftest import DeskListening, page_of, violations
from tests.browser.test_desk_in_a_browser import shot
from tests.desk_pages.review import HOLDER
from tests.review_story import doubt

pytestmark = [pytest.mark.kafka, pytest.mark.browser]


async def _tab_to(page: Page, condition: str) -> None:
    for _ in range(60):
        await page.keyboard.press("Tab")
        if await page.evaluate(f"(one => {condition})(document.activeElement)"):
            return
    raise AssertionError(f"no way by the keyboard to {condition}")


async def test_a_doubt_is_decided_and_taken_back_by_the_keyboard_alone(gateway: Any, desk: DeskListening, browser: Browser) -> None:
    one, two, item_id = await doubt(gateway)
    desk.served.door.who = HOLDER
    async with page_of(browser) as page:
        await page.goto(f"{desk.url}/reviews")
        await _tab_to(page, f"one.getAttribute('href') === '/reviews/{item_id}'")
        await page.keyboard.press("Enter")
        await page.wait_for_url(f"**/reviews/{item_id}")
        await _tab_to(page, "one.name === 'outcome'")
        await page.keyboard.press("Space")
        await _tab_to(page, "one.id === 'note'")
        await page.keyboard.type("Her midwife knows her by both names.")
        await page.keyboard.press("Tab")
        await page.keyboard.press("Enter")
        await expect(page.get_by_role("heading", name="Check before it is recorded")).to_be_visible()
        await expect(page.get_by_text(f"2 agencies work on case {one} now: Midwifery (general) and School (123456)")).to_be_visible()
        await _tab_to(page, "one.textContent.trim() === 'Record the decision'")
        await page.keyboard.press("Enter")
        await page.wait_for_url(f"**/reviews/{item_id}?done=same")
        await gateway.projected(topics.REVIEW)
        await page.reload()
        await expect(page.get_by_role("alert")).to_contain_text("It is the same person")
        assert await _ids(gateway, one) == await _ids(gateway, two)
        assert await violations(page) == []
        await shot(page, "review-decided")
        await _tab_to(page, "one.textContent.trim() === 'Take it back'")
        await page.keyboard.press("Enter")
        await expect(page.get_by_role("heading", name="Check before it is recorded")).to_be_visible()
        await _tab_to(page, "one.textContent.trim() === 'Take it back'")
        await page.keyboard.press("Enter")
        await page.wait_for_url(f"**/reviews/{item_id}?done=reopened")
        await gateway.projected(topics.REVIEW)
        await page.reload()
        await expect(page.get_by_role("alert")).to_contain_text("The decision was taken back")
        assert await _ids(gateway, one) != await _ids(gateway, two)


async def _ids(gateway: Any, case_id: str) -> set[str]:
    return set((await gateway.http.get(f"/v1/cases/{case_id}")).json()["people"][0]["person_ids"])
