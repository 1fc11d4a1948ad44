"""A family's pages as people meet them: a social worker reads, filters and takes along a chronology; a health visitor sees how it stands."""

import csv
import html
import io
from pathlib import Path
from typing import Any

import pytest
from playwright.async_api import Browser, expect
from pypdf import PdfReader

from alertbus.desk.visitor import Role
from tests.browser.conftest import DeskListening, page_of
from tests.browser.test_desk_in_a_browser import shot
from tests.desk_served import visitor
from tests.family_story import HOLDER, WORDS, a_family

pytestmark = [pytest.mark.kafka, pytest.mark.browser]

WORKER = visitor("Jo Goldammer", HOLDER, Role.CASE_HOLDER)
NURSE = visitor("Hanna Visitor", "health_visiting")


async def test_CHR_01_VOI_07_a_social_worker_filters_a_chronology_by_child_and_takes_it_along(  # noqa: N802  the ids are written so
    gateway: Any, desk: DeskListening, browser: Browser, tmp_path: Path
) -> None:
    story = await a_family(gateway)
    desk.served.door.who = WORKER
    async with page_of(browser) as page:
        await page.goto(f"{desk.url}/families")
        await page.get_by_role("link", name="Zoë Ashdown, Łukasz Ashdown and Siân Ashdown").click()
        await expect(page.get_by_role("heading", name="Zoë Ashdown, Łukasz Ashdown and Siân Ashdown")).to_be_visible()
        await shot(page, "family-worker")
        await page.get_by_role("link", name="Read the chronology").click()
        await shot(page, "chronology")
        await page.get_by_label("Child", exact=True).select_option("Siân Ashdown")
        await page.get_by_role("button", name="Show", exact=True).click()
        await expect(page.get_by_text("1 of 14 statements")).to_be_visible()
        await page.get_by_label("With a child").check()
        await page.get_by_role("button", name="Show", exact=True).click()
        await expect(page.get_by_text("About a brother or sister").first).to_be_visible()
        assert "Sian" not in page.url, "no name in an address"
        files = {}
        for name in ("PDF", "CSV", "One page"):
            async with page.expect_download() as started:
                await page.get_by_role("link", name=name).click()
            download = await started.value
            await download.save_as(tmp_path / download.suggested_filename)
            files[name] = (tmp_path / download.suggested_filename).read_bytes()
        await page.goto(f"{desk.url}/families/{story.case_id}/chronology")
        await expect(page.get_by_text(WORDS)).to_be_hidden()
        await page.get_by_role("button", name="Read the words of Threat to staff").click()
        await expect(page.get_by_text(WORDS)).to_be_visible()

    paper = "\n".join(one.extract_text() for one in PdfReader(io.BytesIO(files["PDF"])).pages)
    rows = list(csv.reader(io.StringIO(files["CSV"].decode("utf-8-sig"))))
    assert rows[0] == ["Exported by", "Jo Goldammer, Children's social care"]
    for text in (paper, files["CSV"].decode("utf-8-sig"), html.unescape(files["One page"].decode())):
        assert "Jo Goldammer, Children's social care" in text
        assert "about Siân Ashdown, and about brothers and sisters" in text
        assert "Łukasz Ashdown" in text
        assert WORDS not in text, "it is not about a child"


async def test_STA_02_a_health_visitor_sees_how_a_family_stands_without_what_is_not_hers(  # noqa: N802  as above
    gateway: Any, desk: DeskListening, browser: Browser
) -> None:
    story = await a_family(gateway)
    desk.served.door.who = NURSE
    async with page_of(browser, width=390, height=800, scripts=False) as page:
        await page.goto(f"{desk.url}/families")
        await page.get_by_label("Find by the case\u2019s reference").fill(story.case_id)
        await page.get_by_role("button", name="Find").click()
        await expect(page.get_by_text("Duty team, 01632 960001").first).to_be_visible()
        await expect(page.get_by_text("Violent person flag").first).to_be_visible()
        await expect(page.get_by_role("link", name="Read the chronology")).to_have_count(0)
        await expect(page.get_by_text("Probation practitioner")).to_have_count(0)
        await shot(page, "family-nurse-telephone")
        assert (await page.goto(f"{desk.url}/families/{story.case_id}/chronology")).status == 404  # type: ignore[union-attr]
