"""A list of releases from a spreadsheet: read, judged row by row, and sent when a person says so; what failed is given back."""

import asyncio
from typing import Any

from fastapi import APIRouter, Request
from starlette.datastructures import UploadFile
from starlette.responses import RedirectResponse, Response

from alertbus.audit.chain import AuditedDeed
from alertbus.desk.desk import Desk, desk_of
from alertbus.desk.sending.at_the_form import sender
from alertbus.desk.sending.drafts import Draft, new_draft_id, owner_of
from alertbus.desk.sending.form_parts import written_at
from alertbus.desk.sending.release_form import ReleaseForm
from alertbus.desk.sending.release_list import AT_ONCE, JudgedList, JudgedRow, given_back, judged, kept_rows, rows_kept
from alertbus.desk.sending.release_rows import COLUMNS
from alertbus.desk.sending.send_form import Stating
from alertbus.desk.sending.sheet_reading import MOST_ROWS, SheetRefused, read_sheet, written_csv, written_workbook
from alertbus.desk.visitor import Visitor
from alertbus.model.errors import NotFound

router = APIRouter(prefix="/send/releases", include_in_schema=False)

FORM = "releases"
SHOWN = 100
"""Rows of each sort on a page; the file that is given back has all that failed."""

_ASKED = ReleaseForm()
_FILES = {
    "csv": (written_csv, "text/csv; charset=utf-8"),
    "xlsx": (written_workbook, "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"),
}


@router.get("")
async def choose(request: Request) -> Response:
    """Show what a list must look like, and take it."""
    desk = desk_of(request)
    visitor = await sender(desk, request, _ASKED)
    return _choose_page(desk, request, visitor)


@router.get("/template.{kind}")
async def template(kind: str, request: Request) -> Response:
    """Give a list with heads and no rows."""
    await sender(desk_of(request), request, _ASKED)
    return await _file("releases-template", kind, [[one.head for one in COLUMNS]])


@router.post("")
async def take(request: Request) -> Response:
    """Read the list and keep it for who sent it: nothing is stated yet."""
    desk = desk_of(request)
    visitor = await sender(desk, request, _ASKED)
    form = await desk.door.checked_form(request)
    file = form.get("list")
    content = await file.read() if isinstance(file, UploadFile) and file.filename else None
    await form.close()
    if content is None:
        return _choose_page(desk, request, visitor, fault="Choose the file first.")
    try:
        sheet = await asyncio.to_thread(read_sheet, content)
    except SheetRefused as refused:
        return _choose_page(desk, request, visitor, fault=refused.words)
    now, draft_id = desk.now(), new_draft_id()
    more = {"rows": kept_rows(sheet.rows), "written_at": now.isoformat(), "passed_over": sheet.passed_over}
    await desk.drafts.keep(owner_of(visitor), draft_id, FORM, {}, now, more)
    return RedirectResponse(f"/send/releases/{draft_id}", 303)


@router.get("/{draft_id}")
async def judge(draft_id: str, request: Request) -> Response:
    """Show what is good and what is wrong; after it was sent, what became of it."""
    desk = desk_of(request)
    visitor = await sender(desk, request, _ASKED)
    draft = await _draft(desk, visitor, draft_id)
    if draft.reference is not None:
        return desk.shown(request, visitor, "send/releases_sent.html", draft=draft, outcome=None, bad=())
    found = await _judged(desk, visitor, draft)
    if outcome := draft.more.get("outcome"):
        return desk.shown(
            request, visitor, "send/releases_sent.html", draft=draft, outcome=outcome, bad=found.bad[:SHOWN], failed=len(found.bad)
        )
    return _check_page(desk, request, visitor, draft, found)


@router.post("/{draft_id}/send")
async def send_good(draft_id: str, request: Request) -> Response:
    """Send the good rows. Sent again, or twice at once, nothing is doubled: each release has one id, and the list one moment."""
    desk = desk_of(request)
    visitor = await sender(desk, request, _ASKED)
    await desk.door.checked_form(request)
    draft = await _draft(desk, visitor, draft_id)
    if draft.reference is None and "outcome" not in draft.more:
        found = await _judged(desk, visitor, draft)
        sent, before = await _send(desk, visitor, found.good)
        await _note_outcome(desk, visitor, draft, found, sent, before)
    return RedirectResponse(f"/send/releases/{draft_id}", 303)


@router.get("/{draft_id}/failed.{kind}")
async def failed(draft_id: str, kind: str, request: Request) -> Response:
    """Give the rows that were not good, each with what is wrong: to be mended and uploaded again."""
    desk = desk_of(request)
    visitor = await sender(desk, request, _ASKED)
    draft = await _draft(desk, visitor, draft_id)
    if draft.reference is not None:
        raise NotFound("nothing failed")
    found = await _judged(desk, visitor, draft)
    return await _file("releases-to-correct", kind, given_back(found.bad))


async def _send(desk: Desk, visitor: Visitor, good: tuple[JudgedRow, ...]) -> tuple[int, int]:
    """State the alerts, as a system's; give how many were new and how many were known."""
    caller, alerts, repeated = visitor.caller, [one.alert for one in good if one.alert], 0
    for alert in alerts:
        caller.must_state(alert, desk.policy)
        caller.must_not_hide(alert)
    for first in range(0, len(alerts), AT_ONCE):
        some = alerts[first : first + AT_ONCE]
        about = [alert.alert_id for alert in some]
        await desk.intake.audited.note(AuditedDeed.STATED, caller, about=about, reason="stated releases at the desk", by=visitor.name)
        repeated += sum(one.repeated for one in await desk.intake.alerts.accept(some))
    return len(alerts) - repeated, repeated


async def _note_outcome(desk: Desk, visitor: Visitor, draft: Draft, found: JudgedList, sent: int, repeated: int) -> None:
    """Keep what failed, and forget the rest."""
    owner, now, before = owner_of(visitor), desk.now(), len(found.before) + repeated
    words = f"{sent} {'release' if sent == 1 else 'releases'} sent" + (f", {before} sent before" if before else "")
    if not found.bad:
        await desk.drafts.sent(owner, draft.id, words, None, now)
        return
    rows = kept_rows([one.row for one in found.bad])
    so_far = (await _draft(desk, visitor, draft.id)).more.get("outcome", {"sent": 0, "before": 0})  # of the other of two presses at once
    if so_far["sent"] > sent:
        return
    more = {**draft.more, "rows": rows, "outcome": {"sent": sent, "before": before}}
    await desk.drafts.keep(owner, draft.id, FORM, {}, now, more)


async def _judged(desk: Desk, visitor: Visitor, draft: Draft) -> JudgedList:
    now = desk.now()
    stating = Stating(visitor, desk.policy, now, written_at(draft.more, now), "", desk.intake.alerts.refused, desk.seal.name_of)
    return await judged(rows_kept(draft.more), stating, desk.intake.alerts)


async def _draft(desk: Desk, visitor: Visitor, draft_id: str) -> Draft:
    return await desk.drafts.find(owner_of(visitor), draft_id, FORM, desk.now())


def _choose_page(desk: Desk, request: Request, visitor: Visitor, *, fault: str | None = None) -> Response:
    values: dict[str, Any] = {"columns": COLUMNS, "fault": fault, "most": MOST_ROWS}
    return desk.shown(request, visitor, "send/releases.html", status=422 if fault else 200, **values)


def _check_page(desk: Desk, request: Request, visitor: Visitor, draft: Draft, found: JudgedList) -> Response:
    values: dict[str, Any] = {
        "draft": draft,
        "found": found,
        "good": found.good[:SHOWN],
        "bad": found.bad[:SHOWN],
        "before": found.before[:SHOWN],
        "passed_over": draft.more.get("passed_over", 0),
    }
    return desk.shown(request, visitor, "send/releases_check.html", **values)


async def _file(name: str, kind: str, lines: list[list[str]]) -> Response:
    if kind not in _FILES:
        raise NotFound("no such file")
    write, media_type = _FILES[kind]
    content = await asyncio.to_thread(write, lines)
    return Response(content, media_type=media_type, headers={"content-disposition": f'attachment; filename="{name}.{kind}"'})
