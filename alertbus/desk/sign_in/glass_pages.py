"""The page on which a safeguarding lead reads who has seen what was not theirs, and takes note of it."""

from http import HTTPStatus
from typing import Any

from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from alertbus.desk.sign_in.break_glass import BreakGlass
from alertbus.desk.sign_in.door_checks import DoorChecks
from alertbus.desk.visitor import Role
from alertbus.model.errors import NotAllowed

WHERE = "/break-glass"


def router(door: DoorChecks, pane: BreakGlass) -> APIRouter:
    """Give the routes of this page."""
    routes = APIRouter(include_in_schema=False)

    async def told(request: Request) -> Response:
        visitor = await door.visitor(request)
        if visitor is None:
            return door.way_in(request)
        if Role.SAFEGUARDING_LEAD not in visitor.roles:
            raise NotAllowed("this page is for safeguarding leads")
        values: dict[str, Any] = {"visitor": visitor, "told": await pane.told(visitor), "form_token": door.form_token(request)}
        return door.page(request, "sign_in/told_of_glass.html", **values)

    async def take_note(request: Request) -> Response:
        visitor = await door.visitor(request)
        if visitor is None:
            return door.way_in(request)
        form = await door.checked_form(request)
        read = form.get("read")
        await pane.take_note(visitor, read if isinstance(read, str) else "")
        return RedirectResponse(WHERE, HTTPStatus.SEE_OTHER)

    routes.add_api_route(WHERE, told, methods=["GET"])
    routes.add_api_route(WHERE, take_note, methods=["POST"])
    return routes
