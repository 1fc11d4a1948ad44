"""What somebody at the desk meets: readable by anybody, in the light and in the dark, on a telephone, with the keyboard alone."""

import os
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from playwright.async_api import Browser, Page, Route, expect

from alertbus.broker import topics
from alertbus.model.notice import Notice
from tests.browser.conftest import DeskListening, page_of, violations
from tests.contract.test_http import alert, fresh, owe
from tests.desk_served import visitor
from tests.desk_story import AT, morning, told

pytestmark = [pytest.mark.kafka, pytest.mark.browser]

SHOTS = os.environ.get("ALERTBUS_TEST_SHOTS")
"""A folder for pictures of the pages, for whoever wants to look at them."""

SIZES = {"desktop": (1280, 900), "telephone": (320, 640), "zoomed 400 %": (320, 256)}
"""At which journeys of one subject look too."""


async def a_morning(gateway: Any, desk: DeskListening) -> list[Notice]:
    agency = fresh("health_visiting_")
    desk.served.door.who = visitor(agency=agency)
    ids = []
    for _ in range(3):
        answer = await gateway.http.post("/v1/alerts", json=alert())
        assert answer.status_code == 202, answer.text
        ids.append(answer.json()["id"])
    await gateway.projected(topics.ALERTS)
    every = morning(agency, ids)
    await owe(gateway, *every)
    gateway.inside.now.at = AT + timedelta(hours=1)
    return every


async def shot(page: Page, name: str) -> None:
    if SHOTS:
        await page.screenshot(path=Path(SHOTS) / f"{name}.png", full_page=True)


async def test_a_form_that_comes_back_is_sound_too(gateway: Any, desk: DeskListening, browser: Browser) -> None:
    """Refused by the server, where a browser would have asked for the field before."""
    await a_morning(gateway, desk)
    async with page_of(browser) as page:
        await page.goto(desk.url + "/inbox")
        await page.locator("summary").first.click()
        await page.get_by_role("button", name="Pass it on").first.evaluate("one => one.form.noValidate = true")
        await page.get_by_role("button", name="Pass it on").first.click()
        await expect(page.get_by_text("Your answer was not recorded yet")).to_be_visible()
        assert await violations(page) == []
        await shot(page, "refused")


async def test_an_alert_is_answered_and_taken_back_by_the_keyboard_alone(gateway: Any, desk: DeskListening, browser: Browser) -> None:
    await a_morning(gateway, desk)
    async with page_of(browser) as page:
        await page.goto(f"{desk.url}/inbox")
        await page.keyboard.press("Tab")
        await expect(page.get_by_role("link", name="Skip to main content")).to_be_focused()
        for _ in range(60):
            await page.keyboard.press("Tab")
            if await page.evaluate("document.activeElement?.value === 'acting'"):
                break
        await page.keyboard.press("Enter")
        await page.wait_for_url("**/inbox?show=open&done=*")
        await gateway.projected(topics.RECEIPTS)
        await page.reload()
        await shot(page, "flash")
        await expect(page.get_by_role("alert")).to_contain_text("You are acting on it")
        assert await violations(page) == []
        await page.get_by_role("button", name="Take it back").press("Enter")
        await page.wait_for_url("**/inbox?show=open&done=*")
        await gateway.projected(topics.RECEIPTS)
        await page.reload()
        await expect(page.get_by_role("alert")).to_contain_text("You took the answer back")


async def test_whoever_has_the_inbox_open_is_told_that_something_has_come_and_what_they_type_stays(
    gateway: Any, desk: DeskListening, browser: Browser
) -> None:
    every = await a_morning(gateway, desk)
    async with page_of(browser) as page:
        await page.goto(f"{desk.url}/inbox")
        await page.locator("summary").first.click()
        box = page.get_by_label("It is not ours, because").first
        await box.fill("Half a sentence")
        await expect(page.locator("[data-listening]")).to_be_attached()
        another = told(every[0].obligation.agency, "Another alert", 50)
        await owe(gateway, *every, another)
        said = datetime.now(UTC)
        await expect(page.locator("[data-live]")).to_be_visible(timeout=5000)
        assert datetime.now(UTC) - said < timedelta(seconds=2)
        await shot(page, "live")
        await expect(page.locator("[data-live]")).to_contain_text("1 alert has come or changed.")
        assert await box.input_value() == "Half a sentence"
        assert await violations(page) == []
        await page.get_by_role("link", name="Show them").click()
        await expect(page.get_by_role("link", name="Another alert")).to_be_visible()


async def test_an_open_page_that_was_cut_off_says_that_it_may_have_missed_something(
    gateway: Any, desk: DeskListening, browser: Browser
) -> None:
    await a_morning(gateway, desk)
    begun = "retry: 10\nevent: listening\ndata: {}\n\n"
    async with page_of(browser) as page:
        times = 0

        async def cut_off(route: Route) -> None:
            nonlocal times
            times += 1
            await (route.fulfill(content_type="text/event-stream", body=begun) if times < 3 else route.continue_())

        await page.route("**/live", cut_off)
        await page.goto(f"{desk.url}/inbox")
        await expect(page.locator("[data-live]")).to_contain_text("This page was cut off for a time.")
        await page.get_by_role("link", name="Show them").click()
        await expect(page.locator("[data-listening]")).to_be_attached()
        await expect(page.locator("[data-live]")).to_be_hidden()


async def test_everything_is_read_and_answered_without_scripts(gateway: Any, desk: DeskListening, browser: Browser) -> None:
    await a_morning(gateway, desk)
    async with page_of(browser, scripts=False, width=360) as page:
        await page.goto(f"{desk.url}/inbox")
        await page.locator("summary").first.click()
        await page.get_by_label("Pass it on to").first.fill("Jo Goldammer")
        await page.get_by_role("button", name="Pass it on").first.click()
        await page.wait_for_url("**/inbox?show=open&done=*")
