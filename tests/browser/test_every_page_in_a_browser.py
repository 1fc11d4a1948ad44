"""Every page of the desk, in each of its states, in a real browser: what holds for one holds for all (`tests/desk_pages`)."""

import re
from collections.abc import AsyncIterator
from typing import Any

import pytest
from playwright.async_api import Browser, Dialog

from tests.browser.conftest import DeskListening, page_of
from tests.browser.page_asked import HEAVIEST, PageAsked
from tests.browser.test_desk_in_a_browser import shot
from tests.desk_pages import ShownPage, subjects
from tests.desk_served import visitor
from tests.markup_everywhere import put_markup_everywhere

pytestmark = [pytest.mark.kafka, pytest.mark.browser, pytest.mark.timeout(900)]


@pytest.fixture
async def tab(desk: DeskListening, browser: Browser) -> AsyncIterator[PageAsked]:
    async with page_of(browser) as page:
        asked = PageAsked(page, desk.url)
        await asked.begin()
        yield asked


@pytest.mark.parametrize("subject", sorted(subjects()))
async def test_anybody_reads_every_page_by_eye_ear_and_keyboard_and_it_weighs_little(
    gateway: Any, desk: DeskListening, tab: PageAsked, subject: str
) -> None:
    """Axe finds nothing, light and dark, at 320 pixels, at a desk, zoomed to 400 %; Tab reaches everything in the order of reading."""
    faults: dict[str, list[str]] = {}
    titles: dict[str, dict[str, str]] = {}
    pages = await subjects()[subject](gateway, desk.served)
    for shown in pages:
        desk.served.door.who = shown.who
        status = await tab.open(shown)
        found = [] if status == shown.status else [f"its status is {status}"]
        weight = await tab.weight()
        found += [] if 0 < weight < HEAVIEST else [f"it weighs {weight} bytes"]
        found += await tab.faults_of_what_stands(shown)
        titles.setdefault(await tab.page.title(), {}).setdefault(
            shown.path.partition("?")[0], await tab.page.locator("h1").first.inner_text()
        )
        found += await tab.faults_of_the_keyboard()

        async def shoot(look: str, name: str = shown.name) -> None:
            await shot(tab.page, re.sub(r"\W+", "-", f"{subject} {name} {look}"))

        found += await tab.faults_of_looks(shoot)
        if found:
            faults[shown.name] = found
    assert faults == {}
    assert tab.elsewhere == [], "nothing is asked of anybody else"
    assert {title: heads for title, heads in titles.items() if len(set(heads.values())) > 1} == {}, "two pages with one title"
    assert await put_markup_everywhere(gateway.inside.engine, desk.served.desk) > 0
    assert await _what_came_of_markup(desk, tab, pages) == []


async def _what_came_of_markup(desk: DeskListening, tab: PageAsked, pages: list[ShownPage]) -> list[str]:
    """Open them all again, with markup in every text: a window that opens, an element, what the page's policy had to refuse."""
    found: list[str] = []

    async def opened(dialog: Dialog) -> None:
        found.append(f"a window opened: {dialog.message}")
        await dialog.dismiss()

    tab.page.on("dialog", opened)
    for shown in pages:
        desk.served.door.who = shown.who
        status = await tab.open(shown)
        if "text/html" not in await tab.page.evaluate("document.contentType"):
            continue
        came = await tab.page.evaluate(
            "[...(window.refused ?? []), ...[...document.querySelectorAll('[onerror], img[src=x]')].map(one => one.outerHTML)]"
        )
        found += [f"{shown.name}: {one}" for one in [*came, *([] if status < 500 else [f"status {status}"])]]
    return found


HARMED = {
    "its heading is gone": ("document.querySelector('h1').remove()", "what stands"),
    "a field has no label": ("document.querySelector('label').remove()", "looks"),
    "grey on grey": ("document.querySelector('.desk-quiet p').style.cssText = 'color: #999; background: #aaa'", "looks"),
    "too broad for a telephone": ("document.querySelector('main').style.minWidth = '700px'", "looks"),
    "a button that Tab passes over": ("document.querySelector('main button').tabIndex = -1", "keyboard"),
    "an order of its own": ("document.querySelector('.desk-shows a').tabIndex = 3", "keyboard"),
    "a focus that nobody sees": (
        (
            "document.styleSheets[0].insertRule('.desk-shows a, .desk-shows a:focus, .desk-shows a:focus-visible { outline: none !important; "
            "box-shadow: none !important; background: white !important; border-color: black !important }', document.styleSheets[0].cssRules.length)"
        ),
        "keyboard",
    ),
    "no way over the head": (
        "document.querySelector('.govuk-skip-link').outerHTML = '<a class=govuk-skip-link href=#nowhere>Skip</a>'",
        "keyboard",
    ),
}


async def test_each_of_these_faults_is_found_in_a_page_that_has_it(gateway: Any, desk: DeskListening, tab: PageAsked) -> None:
    """So that no page is called sound by a test that sees nothing."""
    desk.served.door.who = visitor(agency="health_visiting_nobody")
    inbox, missed = ShownPage("inbox", "/inbox", desk.served.door.who), []
    for harm, (script, asked) in HARMED.items():
        await tab.open(inbox)
        before = {"what stands": tab.faults_of_what_stands, "looks": tab.faults_of_looks, "keyboard": tab.faults_of_the_keyboard}[asked]
        await tab.page.evaluate(script)
        if not await (before(inbox) if asked == "what stands" else before()):
            missed.append(harm)
    assert missed == [], f"nobody sees that {missed}"
