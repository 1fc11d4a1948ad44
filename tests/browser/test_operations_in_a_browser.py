"""Whoever is woken at three in the morning: sees what is wrong, follows one alert, and puts back what lay in quarantine."""

import os
import re
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from playwright.async_api import Browser, Page, expect

from alertbus.audit import trail
from alertbus.audit.chain import AuditedDeed
from alertbus.broker import topics
from alertbus.model.receipt import Stage
from tests.browser.conftest import DeskListening, page_of, violations
from tests.contract.test_desk_operations import AT, followable, operator, quarantined, told
from tests.contract.test_http import fresh
from tests.desk_pages.operations_pages import pages

pytestmark = [pytest.mark.kafka, pytest.mark.browser]

SHOTS = os.environ.get("ALERTBUS_TEST_SHOTS")


async def shot(page: Page, name: str) -> None:
    if SHOTS:
        await page.screenshot(path=Path(SHOTS) / f"operations-{name}.png", full_page=True)


async def test_one_alert_is_followed_by_its_reference_and_a_quarantined_record_is_put_back(
    gateway: Any, desk: DeskListening, browser: Browser
) -> None:
    gateway.inside.now.at = AT + timedelta(minutes=20)
    reference = fresh("NP-")
    alert_id, one = await followable(gateway, reference, fresh("gp_"))
    await told(gateway, one, Stage.SENT, Stage.ACCEPTED)
    name, back = await quarantined(gateway)
    desk.served.door.who = operator("Nora Night")
    async with page_of(browser, scripts=False) as page:
        await page.goto(desk.url)
        await expect(page.get_by_role("heading", level=1)).to_be_visible()
        await page.get_by_role("link", name="Follow an alert").click()
        await page.get_by_label("reference, or the bus").fill(reference)
        await page.keyboard.press("Enter")
        await page.wait_for_url(f"**/operations/follow/{alert_id}")
        await expect(page.get_by_text("1 agency has not answered yet")).to_be_visible()
        await page.get_by_role("link", name="Quarantine").click()
        await page.get_by_role("checkbox", name=re.compile(rf"^{name}:")).check()
        await page.get_by_role("button", name="Put back what is chosen").click()
        await expect(page.get_by_role("alert")).to_contain_text("Nothing was put back yet")
        await page.get_by_label("Why: what was mended").fill("Their door is mended")
        await page.get_by_role("button", name="Put back what is chosen").click()
        await page.wait_for_url("**/operations/quarantine?back=1&left=0")
        await expect(page.get_by_role("alert")).to_contain_text("1 record was put back")
        await shot(page, "put-back")

    assert len(await gateway.records(topics.NOTICES, back.obligation.lane)) == 1
    done = [r for r in await trail.records(gateway.bootstrap) if r.deed is AuditedDeed.REDRIVE_DONE and any(back.id in p for p in r.places)]
    assert [(r.by, r.reason) for r in done] == [("Nora Night", "Their door is mended")]


async def test_figures_that_are_watched_are_read_again_by_themselves_until_who_watches_is_signed_out(
    desk: DeskListening, browser: Browser
) -> None:
    desk.served.door.who = operator("Nora Night")
    async with page_of(browser) as page:
        await page.goto(f"{desk.url}/operations/agencies")
        await page.locator("[data-again]").evaluate("line => { line.dataset.again = '0.2'; line.dataset.old = 'yes' }")
        await page.get_by_role("button", name="Read again each").press("Enter")
        await expect(page.get_by_role("button", name="stop")).to_be_focused()
        await expect(page.locator("[data-old]")).to_have_count(0)
        await expect(page.get_by_role("button", name="stop")).to_be_focused()
        assert await violations(page) == []
        desk.served.door.who = None
        await expect(page.get_by_text("These figures are no longer read again")).to_be_visible()


@pytest.mark.skipif(not SHOTS, reason="only for whoever wants to look: ALERTBUS_TEST_SHOTS is a folder")
async def test_pictures(gateway: Any, desk: DeskListening, browser: Browser) -> None:
    desk.served.door.who = operator()
    async with page_of(browser) as page:
        await page.goto(f"{desk.url}/operations")
        await shot(page, "calm")
    shown = await pages(gateway, desk)
    gateway.inside.now.at = AT + timedelta(minutes=20)
    for dark, width in ((False, 1280), (True, 1280), (False, 320)):
        async with page_of(browser, dark=dark, width=width) as page:
            for one in shown:
                if one.form is None:
                    desk.served.door.who = one.who
                    await page.goto(desk.url + one.path)
                    await shot(page, f"{one.name.replace(' ', '-')}-{width}-{'dark' if dark else 'light'}")
                    assert await violations(page) == [], one.name
                    assert await page.evaluate("document.documentElement.scrollWidth <= window.innerWidth"), one.name
