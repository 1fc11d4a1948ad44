"""`/operations/follow`: one alert through every stage, with times. Its reference stands in no address; its opaque id may."""

from fastapi import APIRouter, Request
from starlette.responses import RedirectResponse, Response

from alertbus.desk.desk import desk_of
from alertbus.desk.flow_in_words import agency_stands, stages_of, stands_at
from alertbus.model.errors import NotFound
from alertbus.model.rights import Right

router = APIRouter(prefix="/operations/follow", include_in_schema=False)


@router.get("")
async def ask(request: Request) -> Response:
    """Ask for a reference."""
    desk = desk_of(request)
    visitor = await desk.visitor(request, Right.OPERATE)
    return desk.shown(request, visitor, "operations/follow.html", reference="", missing=False)


@router.post("")
async def find(request: Request) -> Response:
    """Go to the alert with that reference."""
    desk = desk_of(request)
    visitor = await desk.visitor(request, Right.OPERATE)
    form = await desk.door.checked_form(request)
    reference = str(form.get("reference") or "")
    try:
        return RedirectResponse(f"/operations/follow/{await desk.operations.find(reference)}", 303)
    except NotFound:
        return desk.shown(request, visitor, "operations/follow.html", status=422, reference=reference, missing=True)


@router.get("/{alert_id}")
async def follow(alert_id: str, request: Request) -> Response:
    """The alert on its way. That somebody looked is on record, by name, before it is shown."""
    desk = desk_of(request)
    visitor = await desk.visitor(request, Right.OPERATE)
    found = await desk.operations.follow(alert_id, visitor.caller, by=visitor.name)
    return desk.shown(
        request,
        visitor,
        "operations/followed.html",
        found=found,
        stages=stages_of(found),
        stands=stands_at(found),
        agency_stands=agency_stands,
    )
