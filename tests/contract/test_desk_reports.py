"""Reports at the desk and through the API: who sees which numbers, the same in bars, table and CSV, and never a worker or a family."""

import csv
import hashlib
import html
import io
import re
from collections.abc import AsyncIterator
from typing import Any

import pytest

from alertbus.audit import trail
from alertbus.audit.chain import AuditedDeed
from alertbus.caller_settings import CallerSettings
from alertbus.model.rights import Right
from tests import desk_pages
from tests.desk_pages.reports import AUDITOR, HEALTH_LEAD, HOLDER, MANAGER, NOBODY, OPERATOR, SERGEANT
from tests.desk_served import desk_over
from tests.report_story import NORTH, SOUTH, WORKER, a_rehearsed_notice, a_spring

pytestmark = pytest.mark.kafka

REPORTS = ("ppn", "meetings", "conferences", "deliveries")


def table_of(page: str) -> list[list[str]]:
    """The cells of the first table of a page, a list for each row."""
    [body, *_] = re.findall(r"<table.*?</table>", page, re.DOTALL)
    rows = re.findall(r"<tr.*?</tr>", body, re.DOTALL)
    return [[html.unescape(one) for one in re.findall(r"<t[hd][^>]*>(.*?)</t[hd]>", row, re.DOTALL)] for row in rows]


async def test_every_page_of_the_reports_stands_and_says_what_it_must(gateway: Any) -> None:
    async with desk_over(gateway) as desk:
        for page in await desk_pages.subjects()["reports"](gateway, desk):
            desk.door.who = page.who
            shown = await desk.get(page.path)
            main = shown.text[shown.text.index("<main") :]
            assert shown.status_code == page.status, page.name
            assert [words for words in page.in_main if words not in main] == [], page.name


async def test_aud_01_a_manager_reads_how_the_teams_fare_and_bars_table_and_csv_say_the_same(gateway: Any) -> None:
    await a_spring(gateway)

    async with desk_over(gateway, MANAGER) as desk:
        page = (await desk.get("/reports/ppn")).text
        sheet = await desk.get("/reports/ppn/csv?from=2025-11-01&to=2026-11-23")

    head, north, south = table_of(page)
    assert [head[1].lower(), north[:2], south[:2]] == ["notices", ["North", str(NORTH)], ["South", str(SOUTH)]]
    drawn = re.findall(r'<text x="0"[^>]*>([^<]+)</text>', page)
    for column, cell in zip([name.lower() for name in head[1:]], north[1:], strict=True):
        assert {f"{column}: {cell}", cell} & {*drawn}
    assert sheet.headers["content-disposition"].startswith("attachment")
    rows = list(csv.reader(io.StringIO(sheet.text)))
    assert [[row[0], row[1]] for row in rows[1:]] == [["North", str(NORTH)], ["South", str(SOUTH)]]
    assert [_as_shown(one) for one in rows[1]] == north


async def test_who_reads_reports_is_offered_the_rehearsals_by_name_and_they_are_never_counted_with_what_is_real(gateway: Any) -> None:
    rehearsal = await a_rehearsed_notice(gateway)

    async with desk_over(gateway, MANAGER) as desk:
        real = (await desk.get("/reports/deliveries?from=2026-03-01&to=2026-03-31")).text
        rehearsed = (await desk.get(f"/reports/deliveries?from=2026-03-01&to=2026-03-31&exercise={rehearsal}")).text

    assert f'<option value="{rehearsal}">Exercise {rehearsal}</option>' in real
    assert f'<option value="{rehearsal}" selected>' in rehearsed
    assert "nobody real is meant" in rehearsed


def _as_shown(cell: str) -> str:
    return f"{float(cell):g}" if re.fullmatch(r"[0-9.]+", cell) else cell or "none"


async def test_not_24_no_worker_is_in_any_report_and_no_case_but_for_who_holds_every_case(gateway: Any) -> None:
    await a_spring(gateway)

    named, cased = set(), set()
    async with desk_over(gateway) as desk:
        for who in (MANAGER, HEALTH_LEAD, SERGEANT, AUDITOR, OPERATOR, HOLDER):
            desk.door.who = who
            for name in REPORTS:
                for path in (f"/reports/{name}", f"/reports/{name}/csv", f"/reports/{name}/csv?each=true"):
                    text = (await desk.get(path)).text
                    main = text[text.find("<main") :] if "<main" in text else text
                    named |= {(who.name, path)} if WORKER in main else set()
                    cased |= {who.name} if "spring-" in main or "PPN-" in main else set()

    assert named == set()
    assert cased == {HOLDER.name}


async def test_beyond_the_agency_no_small_number_is_shown_nor_can_one_be_worked_out(gateway: Any) -> None:
    await a_spring(gateway)

    async with desk_over(gateway, AUDITOR) as desk:
        tables = {name: table_of((await desk.get(f"/reports/{name}")).text) for name in REPORTS}
        page = (await desk.get("/reports/ppn")).text
        part_of_a_month = (await desk.get("/reports/ppn?from=2026-04-15&to=2026-04-20")).text

    lines = {name: some[1:] for name, some in tables.items()}
    assert lines["ppn"][0][:2] == ["North", "10"], "12 to the nearest 5"
    assert lines["ppn"][1] == ["South", "fewer than 8", *["not shown"] * 7]
    assert "workload" not in str(lines["meetings"])
    cells = [(head, cell) for some in tables.values() for line in some[1:] for head, cell in zip(some[0], line, strict=True)]
    counts = {cell for head, cell in cells if cell.isdigit() and "edian" not in head}
    assert {int(one) % 5 for one in counts} == {0}
    assert "1 to 7 is shown as" in page
    assert "Wed 1 Apr to Thu 30 Apr" in part_of_a_month, "whole months"


async def test_a_month_that_is_not_over_is_counted_for_the_agency_and_for_nobody_else(gateway: Any) -> None:
    async with desk_over(gateway, AUDITOR) as desk:
        beyond = (await desk.get("/reports/ppn?from=2026-10-01&to=2026-11-22")).text
        desk.door.who = MANAGER
        own = (await desk.get("/reports/ppn?from=2026-10-01&to=2026-11-22")).text

    assert "Thu 1 Oct to Sat 31 Oct" in beyond
    assert "Thu 1 Oct to Sun 22 Nov" in own


async def test_ppn_02_the_police_see_what_became_of_the_notices_that_they_sent_and_no_team_of_another_agency(gateway: Any) -> None:
    await a_spring(gateway)

    async with desk_over(gateway, SERGEANT) as desk:
        answers = {name: await desk.get(f"/reports/{name}") for name in REPORTS}

    assert {name: one.status_code for name, one in answers.items()} == {"ppn": 200, "meetings": 404, "conferences": 404, "deliveries": 200}
    [line] = table_of(answers["ppn"].text)[1:]
    assert line[:2] == ["all teams", str(NORTH + SOUTH)]
    assert "North" not in answers["ppn"].text


async def test_aud_07_an_agency_has_its_own_deliveries_and_not_anothers(gateway: Any) -> None:
    await a_spring(gateway)

    async with desk_over(gateway, HEALTH_LEAD) as desk:
        page = (await desk.get("/reports/deliveries")).text

    main = page[page.index("<main") :]
    assert table_of(page)[1][:5] == ["ppn", "15", "15", "5", "11"]
    assert "ocial care" not in main


async def test_every_opening_of_a_report_is_audited_by_name(gateway: Any) -> None:
    reader = HEALTH_LEAD.__class__(**{name: getattr(HEALTH_LEAD, name) for name in HEALTH_LEAD.__slots__} | {"name": "Marlo Audited"})

    async with desk_over(gateway, reader) as desk:
        await desk.get("/reports/deliveries")
        await desk.get("/reports/meetings")

    found = [(r.deed, r.reason) for r in await trail.records(gateway.bootstrap) if r.by == "Marlo Audited"]
    assert found == [(AuditedDeed.REPORT_READ, "read the report deliveries")]


async def test_the_head_leads_to_reports_whoever_may_see_one(gateway: Any) -> None:
    async with desk_over(gateway) as desk:
        ways = {}
        for who in (MANAGER, HOLDER, HEALTH_LEAD, AUDITOR, OPERATOR, NOBODY):
            desk.door.who = who
            ways[who.name] = 'href="/reports"' in (await desk.get("/nowhere")).text

    assert ways == {who.name: who is not NOBODY for who in (MANAGER, HOLDER, HEALTH_LEAD, AUDITOR, OPERATOR, NOBODY)}


CALLERS = {
    "csc-reports": ("childrens_social_care", {Right.STAFF, Right.RECEIVE}),
    "gp-desk": ("gp", {Right.RECEIVE, Right.STATE}),
    "auditors": ("county", {Right.AUDIT}),
    "holders": ("childrens_social_care", {Right.HOLD_CASES}),
}


@pytest.fixture
async def guarded(kafka: str, open_gateway: Any) -> AsyncIterator[Any]:
    callers = [
        CallerSettings(name=name, agency=agency, rights=frozenset(rights), token_sha256=hashlib.sha256(name.encode()).hexdigest())
        for name, (agency, rights) in CALLERS.items()
    ]
    async with open_gateway(kafka, callers=callers) as opened:
        yield opened


async def test_the_api_gives_each_caller_what_the_desk_gives_a_person_with_their_rights(guarded: Any) -> None:
    await a_spring(guarded)

    async def ask(name: str, path: str) -> Any:
        return await guarded.http.get(f"/v1/reports{path}", headers={"authorization": f"Bearer {name}"})

    listed = {name: await ask(name, "") for name in CALLERS}
    shown = {name: await ask(name, "/ppn") for name in CALLERS}
    sheet = await ask("csc-reports", "/ppn?format=csv")
    faults = [await ask("csc-reports", path) for path in ("/ppn?from=2026-02-01&to=2026-01-01", "/ppn?format=pdf", "/ppn?from=x")]

    assert {name: one.status_code for name, one in listed.items()} == {"csc-reports": 200, "gp-desk": 403, "auditors": 200, "holders": 200}
    assert listed["auditors"].json() == {"items": list(REPORTS)}
    assert shown["gp-desk"].status_code == 403
    own, beyond, holders = (shown[name].json() for name in ("csc-reports", "auditors", "holders"))
    assert [line["notices"] for line in own["summary"]] == [NORTH, SOUTH]
    assert [line["notices"] for line in beyond["summary"]] == [10, "fewer than 8"]
    assert (own["agency"], own["small_numbers_hidden"], beyond["small_numbers_hidden"]) == ("childrens_social_care", False, True)
    assert ("rows" in own, "rows" in beyond, len(holders["rows"])) == (False, False, NORTH + SOUTH)
    assert next(csv.reader(io.StringIO(sheet.text)))[:2] == ["team", "notices"]
    assert [one.status_code for one in faults] == [422] * 3
    assert (await ask("csc-reports", "/workers")).status_code == 404
