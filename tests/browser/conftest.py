"""The desk in a real browser: Debian's Chromium, driven by Playwright, over a desk that listens on this machine."""

import asyncio
import contextlib
import shutil
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from playwright.async_api import Browser, Page, async_playwright

from alertbus.serving.listening import Listening, serve
from tests.contract.conftest import Open, ServedGateway, open_gateway  # noqa: F401  the gateway, whose chronicle the desk reads
from tests.desk_served import DeskServed, desk_over

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
NO_CHROMIUM = "no Chromium here: apt-get install chromium, or set a browser's folder on PATH, and run the tests again"
AXE = Path(__file__).parents[2] / ".venv" / "desk-assets" / "node_modules" / "axe-core" / "axe.min.js"


@dataclass
class DeskListening:
    served: DeskServed
    url: str


@pytest.fixture
async def gateway(kafka: str, open_gateway: Open) -> AsyncIterator[ServedGateway]:  # noqa: F811  pytest gives it
    """One that waits longer for the broker: a browser beside it takes a processor for itself."""
    async with open_gateway(kafka, limit_s=60.0) as opened:
        yield opened


@pytest.fixture(scope="session")
async def browser() -> AsyncIterator[Browser]:
    if CHROMIUM is None:
        pytest.fail(NO_CHROMIUM)
    async with async_playwright() as playwright:
        opened = await playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox", "--disable-gpu"])
        yield opened
        await opened.close()


@pytest.fixture
async def desk(gateway: Any) -> AsyncIterator[DeskListening]:
    async with desk_over(gateway) as served:
        stop, port = asyncio.Event(), asyncio.get_running_loop().create_future()
        serving = asyncio.create_task(serve(served.app, Listening("127.0.0.1", 0, "port"), stop, ready=port.set_result))
        yield DeskListening(served, f"http://127.0.0.1:{await port}")
        served.desk.stopping.set()
        stop.set()
        await serving


@contextlib.asynccontextmanager
async def page_of(
    browser: Browser, *, dark: bool = False, width: int = 1280, height: int = 900, scripts: bool = True
) -> AsyncIterator[Page]:
    context = await browser.new_context(
        color_scheme="dark" if dark else "light",
        viewport={"width": width, "height": height},
        java_script_enabled=scripts,
        locale="en-GB",
    )
    try:
        yield await context.new_page()
    finally:
        await context.close()


async def violations(page: Page) -> list[str]:
    """What axe finds wrong, a line each. Axe comes from the browser's own side, so the page's policy stands as it is."""
    if not await page.evaluate("'axe' in window"):
        await page.evaluate(AXE.read_text(encoding="utf-8"))
    found = await page.evaluate("async () => (await axe.run(document, {resultTypes: ['violations']})).violations")
    return [f"{one['id']}: {node['target']} {node['failureSummary']}" for one in found for node in one["nodes"]]
