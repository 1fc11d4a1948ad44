"""A manager reads the report of Public Protection Notices, in bars and in a table that say the same, and takes the table home."""

from typing import Any

import pytest
from playwright.async_api import Browser, expect

from tests.browser.conftest import DeskListening, page_of, violations
from tests.browser.test_desk_in_a_browser import shot
from tests.desk_pages.reports import MANAGER
from tests.report_story import a_spring

pytestmark = [pytest.mark.kafka, pytest.mark.browser]


async def test_aud_01_a_manager_reads_the_notices_by_team_with_bars_and_table(gateway: Any, desk: DeskListening, browser: Browser) -> None:
    await a_spring(gateway)
    desk.served.door.who = MANAGER
    async with page_of(browser) as page:
        await page.goto(f"{desk.url}/inbox")
        await page.get_by_role("navigation", name="Pages").get_by_role("link", name="Reports").press("Enter")
        await page.get_by_role("link", name="Public Protection Notices").press("Enter")
        await expect(page.get_by_role("img", name="How many")).to_be_visible()
        row = page.get_by_role("row", name="North")
        await expect(row.get_by_role("cell").first).to_have_text("12")
        await expect(page.locator("svg text", has_text="notices: 12")).to_be_visible()
        wide, narrow = [await page.locator("svg rect.desk-bars__bar").nth(n).bounding_box() for n in (0, 7)]
        assert wide is not None
        assert narrow is not None
        assert narrow["width"] < wide["width"], "3 of the South are drawn shorter than 12 of the North"
        await shot(page, "reports-ppn")
        await page.get_by_label("First day").fill("2026-04-20")
        await page.get_by_label("Last day").fill("2026-04-22")
        await page.get_by_role("button", name="Show this period").press("Enter")
        await page.wait_for_url("**/reports/ppn?from=2026-04-20&to=2026-04-22*")
        await expect(page.get_by_role("row", name="North").get_by_role("cell").first).to_have_text("3")
        async with page.expect_download() as sheet:
            await page.get_by_role("link", name="Download the table (CSV)").click()
        assert await violations(page) == []
        assert (await sheet.value).suggested_filename == "ppn-2026-04-20-2026-04-22.csv"
