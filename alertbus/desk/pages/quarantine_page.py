"""`/operations/quarantine`: what could not be decided or was refused, without its content, and putting it back with a reason."""

from typing import Annotated

from fastapi import APIRouter, Query, Request
from pydantic import ValidationError
from starlette.responses import RedirectResponse, Response

from alertbus.desk.desk import Desk, desk_of
from alertbus.desk.flow_in_words import failure
from alertbus.desk.visitor import DESK, Visitor
from alertbus.model.errors import InvalidInput
from alertbus.model.rights import Right
from alertbus.model.validation import faults_of
from alertbus.serving.quarantine_kept import PutBack, count_of

router = APIRouter(prefix="/operations/quarantine", include_in_schema=False)

_FAULTS = {
    "ids": ("entries", "Choose what to put back."),
    "reason": ("reason", "Say in a few words what was mended. It goes into the audit with your name."),
}


@router.get("")
async def quarantine(
    request: Request, back: Annotated[int | None, Query(ge=0, le=1_000)] = None, left: Annotated[int, Query(ge=0, le=1_000)] = 0
) -> Response:
    """What waits, and what was put back of late; `back` and `left` say what the last form did."""
    desk = desk_of(request)
    visitor = await desk.visitor(request, Right.OPERATE)
    return await _page(desk, request, visitor, back=back, left=left)


@router.post("")
async def put_back(request: Request) -> Response:
    """Put the chosen entries back, in the visitor's own name."""
    desk = desk_of(request)
    visitor = await desk.visitor(request, Right.OPERATE)
    form = await desk.door.checked_form(request)
    chosen, reason = [str(one) for one in form.getlist("entries")], str(form.get("reason") or "").strip()
    try:
        asked = PutBack(ids=tuple(chosen), by=visitor.name, reason=reason)
        done, left = count_of((await desk.operations.quarantine.put_back(asked, DESK)).values())
    except (ValidationError, InvalidInput) as error:
        found = faults_of(error) if isinstance(error, ValidationError) else error.faults
        places = [one.path.partition("[")[0] for one in found]
        faults = [_FAULTS[place] for place in dict.fromkeys(places) if place in _FAULTS]
        return await _page(desk, request, visitor, status=422, faults=faults, chosen=chosen, reason=reason)
    return RedirectResponse(f"/operations/quarantine?back={done}&left={left}", 303)


async def _page(
    desk: Desk,
    request: Request,
    visitor: Visitor,
    *,
    status: int = 200,
    faults: list[tuple[str, str]] | None = None,
    chosen: list[str] | None = None,
    reason: str = "",
    back: int | None = None,
    left: int = 0,
) -> Response:
    return desk.shown(
        request,
        visitor,
        "operations/quarantine.html",
        status=status,
        kept=await desk.operations.quarantine.shown(),
        faults=faults or [],
        chosen=chosen or [],
        reason=reason,
        back=back,
        left=left,
        failure=failure,
    )
