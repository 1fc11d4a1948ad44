"""The desk as a web application: pages by subject, the door, and a page for everything that goes wrong."""

import contextlib
from collections.abc import AsyncIterator
from uuid import uuid4

import structlog
from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException
from starlette.responses import Response
from starlette.types import ASGIApp

from alertbus.broker.faults import BrokerFault
from alertbus.desk.desk import NOTHING_HERE, Desk, NotSignedIn
from alertbus.desk.guard import Guard
from alertbus.desk.pages import (
    alert,
    alert_followed,
    answers,
    briefing,
    families,
    family,
    family_chronology,
    glass,
    inbox,
    live,
    on_call,
    quarantine_page,
    reports,
    review_people,
    reviews,
    runbook_pages,
    send,
    send_forms,
    send_releases,
    team,
    team_changes,
)
from alertbus.model.errors import BusError, InvalidInput, NotAllowed, NotFound, Unavailable

log = structlog.get_logger("alertbus.desk")

PAGES = (
    inbox,
    alert,
    answers,
    briefing,
    team,
    team_changes,
    send,
    send_releases,
    send_forms,
    families,
    family,
    family_chronology,
    review_people,
    reviews,
    on_call,
    alert_followed,
    quarantine_page,
    runbook_pages,
    glass,
    reports,
    live,
)


def create_desk_app(desk: Desk) -> ASGIApp:
    """Make the application of one desk, whose door must have been given."""

    @contextlib.asynccontextmanager
    async def lifespan(_: FastAPI) -> AsyncIterator[None]:
        yield
        desk.stopping.set()
        await desk.door.close()
        await desk.intake.close()

    app = FastAPI(
        title="alertbus desk",
        lifespan=lifespan,
        docs_url=None,
        redoc_url=None,
        openapi_url=None,
        redirect_slashes=False,
        telemetry={"tracing": False, "metrics": False, "logs": False, "operation_spans": False, "auto_configure": False},
    )
    app.state.desk = desk

    @app.get("/dress/{digest}/{name}", include_in_schema=False)
    async def dress(digest: str, name: str, request: Request) -> Response:
        if f"/dress/{digest}" != desk.dress.root:
            raise NotFound("no such file")
        return desk.dress.answer(name, request)

    for module in PAGES:
        app.include_router(module.router)
    desk.door.install(app)
    _install_faults(app, desk)
    return Guard(app, https=desk.settings.desk_by_https)


def _install_faults(app: FastAPI, desk: Desk) -> None:
    async def not_signed_in(request: Request, _: Exception) -> Response:
        return desk.door.way_in(request)

    async def told(request: Request, error: Exception) -> Response:
        status, title, words = _in_words(error)
        visitor = None
        with contextlib.suppress(Exception):  # no database, most likely: the page is made all the same
            visitor = await desk.visitor(request)
        token = desk.door.form_token(request) if visitor else ""
        seen = glass.may_be_asked(request, visitor) if status == 404 else None  # noqa: PLR2004
        values = {"title": title, "words": words, "visitor": visitor, "form_token": token, "glass": seen}
        return desk.page(request, "fault.html", status=status, **values)

    app.add_exception_handler(NotSignedIn, not_signed_in)
    for kind in (BusError, BrokerFault, RequestValidationError, HTTPException, Exception):
        app.add_exception_handler(kind, told)


def _in_words(error: Exception) -> tuple[int, str, tuple[str, ...]]:
    """Give the status, the title and what to do. The same for what does not exist and for what is another's: nothing says which."""
    if isinstance(error, NotFound | RequestValidationError) or (isinstance(error, HTTPException) and error.status_code in {404, 405}):
        return 404, "There is nothing here for you", (NOTHING_HERE,)
    if isinstance(error, HTTPException):
        return error.status_code, "That did not work", ("Go back, and try again.",)
    if isinstance(error, NotAllowed):
        return 403, "Your role does not reach this page", ("Ask whoever gives out the roles at your agency.",)
    if isinstance(error, InvalidInput):
        return 422, "Something on the form is not right", tuple(f"{one.path}: {one.expected}" for one in error.faults)
    if isinstance(error, Unavailable | BrokerFault):
        words = "Nothing was lost, and nothing was shown or done. Try again in a moment. If it goes on, telephone."
        return 503, "The bus cannot be reached just now", (words,)
    incident = uuid4().hex[:12]
    log.error("a page could not be made", request_id=incident, error=type(error).__name__)
    return 500, "Something went wrong", (f"It is our fault and it is noted. Whoever runs the bus finds it by {incident}.",)
