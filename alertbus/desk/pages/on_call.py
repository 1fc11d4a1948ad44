"""`/operations`: how the bus is, for whoever is on call; delivery to each agency; plugins. Numbers and agencies; no family, no name."""

from typing import Annotated

from fastapi import APIRouter, Query, Request
from starlette.responses import Response

from alertbus.desk.desk import desk_of
from alertbus.desk.flow_in_words import failure, way_of
from alertbus.model.rights import Right
from alertbus.operations.troubles import moment_of, not_known, troubles

router = APIRouter(prefix="/operations", include_in_schema=False)

SHOWN = 60
"""Agencies on a page. Chosen: those in trouble stand first, and a county's hundreds of schools need not be sent each time."""


@router.get("")
async def how_it_is(request: Request) -> Response:
    """What is wrong first, then the way of an alert with its figures. What cannot be asked is said to be unknown, and the page comes."""
    desk = desk_of(request)
    visitor = await desk.visitor(request, Right.OPERATE)
    state = await desk.operations.state()
    return desk.shown(
        request,
        visitor,
        "operations/now.html",
        state=state,
        wrong=troubles(state),
        way=way_of(state),
        at=moment_of(state),
        not_known=not_known,
    )


@router.get("/agencies")
async def agencies(request: Request, beyond: Annotated[int, Query(ge=0, le=100_000)] = 0) -> Response:
    """Each agency: by which channel, what waits, what has failed and why. Those in trouble stand first."""
    desk = desk_of(request)
    visitor = await desk.visitor(request, Right.OPERATE)
    found = await desk.operations.agencies()
    further = beyond + SHOWN if len(found) > beyond + SHOWN else None
    return desk.shown(
        request,
        visitor,
        "operations/agencies.html",
        agencies=found[beyond : beyond + SHOWN],
        total=len(found),
        troubled=sum(bool(one.failing) for one in found),
        further=further,
        beyond=beyond,
        failure=failure,
    )


@router.get("/plugins")
async def plugins(request: Request) -> Response:
    """What is installed, whose messages it makes, and what nobody uses."""
    desk = desk_of(request)
    visitor = await desk.visitor(request, Right.OPERATE)
    return desk.shown(request, visitor, "operations/plugins.html", used=await desk.operations.plugins())
