"""Pictures of the demo's desk, as each of its people sees it: `python -m tests.browser.demo_pictures ADDRESS PASSWORD FOLDER [--all]`.

The demo (`alertbus demo --desk-only`) prints the address and the password. Without `--all`: those of the README alone.
"""

import asyncio
import sys
from pathlib import Path

from PIL import Image
from playwright.async_api import Browser, Page, async_playwright

from alertbus.rehearsal.desk_people import PEOPLE
from tests.browser.conftest import CHROMIUM


async def signed_in(browser: Browser, url: str, who: str, password: str, width: int = 1100, height: int = 820) -> Page:
    context = await browser.new_context(viewport={"width": width, "height": height}, locale="en-GB")
    page = await context.new_page()
    await page.goto(f"{url}/sign-in")
    await page.get_by_label("Username").fill(who)
    await page.locator("input[name=password]").fill(password)
    await page.locator("button[type=submit]").last.click()
    await page.wait_for_url(lambda address: "/sign-in" not in address or "sessions" in address)
    return page


async def everybody(browser: Browser, url: str, password: str, folder: Path) -> None:
    """Each page in the head of each role, and the first alert."""
    for one in PEOPLE:
        page = await signed_in(browser, url, one.username, password)
        ways = await page.locator(".desk-nav__list a").evaluate_all("all => all.map(one => one.getAttribute('href'))")
        for way in ways:
            answer = await page.goto(url + way)
            name = f"{one.username}{way.replace('/', '-')}"
            print(name, answer.status if answer else "", await page.locator(".desk-card").count(), "cards")
            await page.screenshot(path=folder / f"{name}.png", full_page=True)
        if "/inbox" in ways:
            await page.goto(f"{url}/inbox")
            links = page.locator(".desk-item__title a")
            if await links.count():
                await links.first.click()
                await page.screenshot(path=folder / f"{one.username}-alert.png", full_page=True)
        await page.context.close()


async def of_the_readme(browser: Browser, url: str, password: str, folder: Path) -> None:
    page = await signed_in(browser, url, "health-visitor", password)
    await page.goto(f"{url}/inbox")
    await kept(page, folder / "inbox.png")
    page = await signed_in(browser, url, "social-worker", password)
    await page.goto(f"{url}/families")
    await page.locator("main a[href^='/families/']").first.click()
    await page.get_by_role("link", name="Read the chronology").click()
    await kept(page, folder / "chronology.png")
    page = await signed_in(browser, url, "operations", password)
    await page.goto(f"{url}/operations")
    await kept(page, folder / "operations.png")
    page = await signed_in(browser, url, "midwife", password, 390, 780)
    await page.goto(f"{url}/inbox")
    await kept(page, folder / "telephone.png")


async def kept(page: Page, path: Path) -> None:
    """Keep what a window shows, in 64 colours: a page has few, and the file is a third as large."""
    await page.screenshot(path=path)
    Image.open(path).quantize(64).save(path, optimize=True)


async def main(url: str, password: str, folder: Path, *, whole: bool) -> None:
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox", "--disable-gpu"])
        await (everybody if whole else of_the_readme)(browser, url, password, folder)
        await browser.close()


if __name__ == "__main__":
    address, secret, where = sys.argv[1:4]
    Path(where).mkdir(parents=True, exist_ok=True)
    asyncio.run(main(address.rstrip("/"), secret, Path(where), whole="--all" in sys.argv))
