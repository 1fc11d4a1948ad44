"""The real door in a browser: signing in by eye and keyboard, and an end to every browser at once that leaves nothing to be seen."""

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import pytest
from playwright.async_api import Browser, Page, expect

from alertbus.serving.listening import Listening, serve
from tests.at_the_door import PASSWORD
from tests.browser.conftest import page_of
from tests.browser.page_asked import PageAsked
from tests.browser.test_desk_in_a_browser import shot
from tests.contract.test_http import fresh, owe
from tests.desk_behind_its_door import desk_behind_its_door
from tests.desk_pages import ShownPage
from tests.desk_served import visitor
from tests.desk_story import told

pytestmark = [pytest.mark.kafka, pytest.mark.browser, pytest.mark.timeout(300)]

TITLE = "Kanarienvogel title"


@pytest.fixture
async def door(gateway: Any) -> AsyncIterator[tuple[str, str]]:
    """Give the address of a desk with its real door, and the username of somebody at a school whose inbox holds one alert."""
    school, username = fresh("school."), fresh("ada")
    async with desk_behind_its_door(gateway) as desk:
        await desk.add(username, "Ada Kanarienvogel", setting=school)
        await owe(gateway, told(school, TITLE))
        stop, port = asyncio.Event(), asyncio.get_running_loop().create_future()
        serving = asyncio.create_task(serve(desk.app, Listening("127.0.0.1", 0, "port"), stop, ready=port.set_result))
        yield f"http://127.0.0.1:{await port}", username
        desk.desk.stopping.set()
        stop.set()
        await serving


async def sign_in(page: Page, username: str, password: str = PASSWORD) -> None:
    """By the keyboard alone, from the field for the username on."""
    await page.locator("#username").focus()
    await page.keyboard.press("Control+A")
    await page.keyboard.type(username)
    await page.keyboard.press("Tab")
    await page.keyboard.type(password)
    await page.keyboard.press("Enter")


async def faults_of(page: Page, url: str, name: str) -> list[str]:
    """What is asked of every page of the desk, of the one that stands there now."""
    asked = PageAsked(page, url)

    async def shoot(look: str) -> None:
        await shot(page, f"door {name} {look}".replace(" ", "-"))

    stands = await asked.faults_of_what_stands(ShownPage(name, "", visitor()))
    return [f"{name}: {one}" for one in [*stands, *await asked.faults_of_the_keyboard(), *await asked.faults_of_looks(shoot)]]


async def test_the_pages_of_the_door_are_read_by_anybody_as_every_other_page_is(door: tuple[str, str], browser: Browser) -> None:
    url, username = door
    async with page_of(browser) as page:
        await page.goto(f"{url}/inbox")
        found = await faults_of(page, url, "sign in")
        await sign_in(page, username, "not her password")
        await expect(page.get_by_text("You are not signed in")).to_be_visible()
        found += await faults_of(page, url, "refused")
        await sign_in(page, username)
        await expect(page.get_by_role("link", name=TITLE)).to_be_visible()
        await page.goto(f"{url}/sign-in/sessions")
        found += await faults_of(page, url, "sessions")
        await page.goto(f"{url}/sign-out")
        found += await faults_of(page, url, "asked to sign out")
        await page.locator("main").get_by_role("button", name="Sign out").press("Enter")
        await expect(page.get_by_role("heading", name="You are signed out of this desk")).to_be_visible()
        found += await faults_of(page, url, "signed out")
    assert found == []


async def test_who_ends_all_sessions_has_ended_the_other_browser_too_and_back_shows_nothing(
    door: tuple[str, str], browser: Browser
) -> None:
    url, username = door
    async with page_of(browser) as lost, page_of(browser) as hers:
        for page in (lost, hers):
            await page.goto(f"{url}/inbox")
            await sign_in(page, username)
            await expect(page.get_by_role("link", name=TITLE)).to_be_visible()
        await hers.get_by_role("link", name="Where you are signed in").press("Enter")
        await expect(hers.get_by_role("button", name="End the session")).to_have_count(2)
        await hers.get_by_role("button", name="End all, this one too").press("Enter")
        await expect(hers.get_by_role("heading", name="You are signed out of this desk")).to_be_visible()
        await lost.get_by_role("link", name=TITLE).press("Enter")
        await lost.wait_for_url("**/sign-in?next=*")
        for page in (lost, hers):
            await page.go_back()  # to the inbox, and to the list of sessions
            await expect(page.get_by_label("Username")).to_be_visible()
            await expect(page.get_by_text(TITLE)).to_have_count(0)
        await hers.go_back()
        await expect(hers.get_by_label("Username")).to_be_visible()
        await expect(hers.get_by_text(TITLE)).to_have_count(0)
