"""`/families`: the families on which the visitor's agency is active, with what is open and overdue; finding one by its case's reference."""

import contextlib
import re
from typing import Annotated
from urllib.parse import urlencode

from fastapi import APIRouter, Query, Request
from starlette.responses import RedirectResponse, Response

from alertbus.chronicle.families import FamiliesAsked
from alertbus.desk.desk import Desk, desk_of
from alertbus.desk.family_words import family_called
from alertbus.model.case import CASE_ID
from alertbus.model.errors import NotFound
from alertbus.model.rights import Right
from alertbus.serving.families_shown import FamiliesReader
from alertbus.serving.family_shown import FamilyReader

router = APIRouter(prefix="/families", include_in_schema=False)

SHOWN = 25
"""Families on a page. Chosen: a health visitor's families of one day, and light on a telephone."""

_SHOWS = {FamiliesAsked.ALL: "All", FamiliesAsked.OPEN: "Something open", FamiliesAsked.OVERDUE: "Something overdue"}


@router.get("")
async def families(
    request: Request,
    show: FamiliesAsked = FamiliesAsked.ALL,
    after: Annotated[str | None, Query(pattern=CASE_ID)] = None,
    missing: Annotated[bool, Query()] = False,
) -> Response:
    """The list; `after` is the last case of the page before."""
    desk = desk_of(request)
    visitor = await desk.visitor(request, Right.RECEIVE)
    reader = FamiliesReader(desk.database, desk.intake, desk.policy, desk.now)
    page = await reader.page(visitor.caller, show, limit=SHOWN, after=after, by=visitor.name)
    return desk.shown(
        request,
        visitor,
        "families.html",
        status=404 if missing else 200,
        families=[(one, family_called(one.children)) for one in page.families],
        show=show.value,
        shows={one.value: words for one, words in _SHOWS.items()},
        holds=Right.HOLD_CASES in visitor.rights,
        first_page=after is None,
        further=f"/families?{urlencode({'show': show.value, 'after': page.next})}" if page.next else None,
        missing=missing,
    )


@router.post("/find")
async def find(request: Request) -> Response:
    """Go to the family of the case with this reference, if the visitor may see it. What was typed stands in no address unless it is one."""
    desk = desk_of(request)
    visitor = await desk.visitor(request, Right.RECEIVE)
    form = await desk.door.checked_form(request)
    reference = str(form.get("reference") or "").strip()
    if re.fullmatch(CASE_ID, reference):
        with contextlib.suppress(NotFound):
            await _reader(desk).status(reference, visitor.caller, by=visitor.name)
            return RedirectResponse(f"/families/{reference}", 303)
    return RedirectResponse("/families?missing=true", 303)


def _reader(desk: Desk) -> FamilyReader:
    return FamilyReader(desk.database, desk.intake, desk.policy, desk.now)
