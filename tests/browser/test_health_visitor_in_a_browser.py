"""A health visitor in a car park: told of a threat while her inbox is open, she reads it and answers, by the keyboard alone."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from playwright.async_api import Browser, Page, expect

from alertbus.broker import topics
from alertbus.model.notice import Excerpt
from tests.browser.conftest import DeskListening, page_of, violations
from tests.browser.test_desk_in_a_browser import a_morning, shot
from tests.contract.test_http import alert, owe
from tests.desk_story import told

pytestmark = [pytest.mark.kafka, pytest.mark.browser]

MOST_KEYS = 80
"""Presses of the tabulator that anything on a page may take."""


async def tab_to(page: Page, condition: str) -> None:
    """Press the tabulator until what has the focus meets a condition in JavaScript, as `one`."""
    for _ in range(MOST_KEYS):
        await page.keyboard.press("Tab")
        if await page.evaluate(f"(one => {condition})(document.activeElement)"):
            return
    pytest.fail(f"not reached by the keyboard: {condition}")


async def test_vpf_01_she_is_told_of_a_threat_within_two_seconds_reads_it_and_answers_by_the_keyboard_alone(
    gateway: Any, desk: DeskListening, browser: Browser
) -> None:
    every = await a_morning(gateway, desk)
    agency = every[0].obligation.agency
    answer = await gateway.http.post("/v1/alerts", json=alert())
    await gateway.projected(topics.ALERTS)
    alert_id = answer.json()["id"]
    words = (Excerpt.of("He said he would wait for the next one at the gate."),)
    threat = told(agency, "Threat at the gate", 50, alert_id=alert_id, severity="critical", narrative=words, action="Do not visit alone.")
    async with page_of(browser, width=390, height=780) as page:
        await page.goto(f"{desk.url}/inbox")
        await expect(page.locator("[data-listening]")).to_be_attached()
        await owe(gateway, *every, threat)
        said = datetime.now(UTC)
        await expect(page.locator("[data-live]")).to_be_visible(timeout=5000)
        assert datetime.now(UTC) - said < timedelta(seconds=2)

        await tab_to(page, "one.textContent.trim() === 'Show them'")
        await page.keyboard.press("Enter")
        await expect(page.get_by_role("link", name="Threat at the gate")).to_be_visible()
        await tab_to(page, "one.textContent.trim() === 'Threat at the gate'")
        await page.keyboard.press("Enter")
        await page.wait_for_url(f"**/alerts/{alert_id}")
        await expect(page.get_by_text("He said he would wait")).to_have_count(0)
        await tab_to(page, "one.textContent.trim() === 'Read the words'")
        await page.keyboard.press("Enter")
        await expect(page.get_by_text("He said he would wait")).to_be_visible()
        await shot(page, "health-visitor-words")
        await tab_to(page, "one.value === 'acting'")
        await page.keyboard.press("Enter")
        await page.wait_for_url("**done=*")
        await gateway.projected(topics.RECEIPTS)
        await page.reload()
        await expect(page.get_by_role("alert")).to_contain_text("You are acting on it")
        assert await violations(page) == []
        await shot(page, "health-visitor-answered")
