"""A desk in the test's own process, over a gateway's database and broker, with a door that lets in whom the test says."""

import contextlib
import secrets
from collections.abc import AsyncIterator
from typing import Any

import httpx
from fastapi import FastAPI, Request
from fastapi.datastructures import FormData
from starlette.responses import PlainTextResponse, RedirectResponse, Response

from alertbus.desk.desk import Desk
from alertbus.desk.visitor import Role, Visitor
from alertbus.desk.web import create_desk_app
from alertbus.model.errors import NotAllowed

TOKEN = secrets.token_hex(16)


def visitor(name: str = "Kanarienvogel Obi", agency: str = "health_visiting", *roles: Role, setting: str | None = None) -> Visitor:
    return Visitor(name, "obi", agency, setting, None, frozenset(roles or {Role.PRACTITIONER}), "session-1")


class OpenDoor:
    """Lets in `who`, whoever that is now; None: nobody is signed in."""

    def __init__(self, who: Visitor | None) -> None:
        self.who = who

    async def visitor(self, request: Request, *, counts: bool = True) -> Visitor | None:
        return self.who

    async def stays_open(self, request: Request) -> bool:
        return self.who is not None

    def way_in(self, request: Request) -> Response:
        return RedirectResponse("/sign-in", 303)

    def form_token(self, request: Request) -> str:
        return TOKEN

    async def checked_form(self, request: Request) -> FormData:
        form = await request.form()
        if form.get("form_token") != TOKEN:
            raise NotAllowed("the form's token is missing")
        return form

    def install(self, app: FastAPI) -> None:
        @app.get("/sign-in")
        async def sign_in() -> Response:
            return PlainTextResponse("sign in")

    async def close(self) -> None:
        pass


class DeskServed:
    def __init__(self, desk: Desk, door: OpenDoor, app: Any, http: httpx.AsyncClient) -> None:
        self.desk, self.door, self.app, self.http = desk, door, app, http

    async def get(self, path: str, **more: Any) -> httpx.Response:
        return await self.http.get(path, **more)

    async def post(self, path: str, **fields: str) -> httpx.Response:
        return await self.http.post(path, data={"form_token": TOKEN} | fields)


@contextlib.asynccontextmanager
async def desk_over(gateway: Any, who: Visitor | None = None) -> AsyncIterator[DeskServed]:
    """A desk that shares the gateway's database, broker and clock."""
    inside = gateway.inside
    door = OpenDoor(who or visitor())
    desk = Desk(inside.settings, inside.engine, inside.intake, inside.policy, inside.now)
    desk.door = door
    app = create_desk_app(desk)
    transport = httpx.ASGITransport(app, raise_app_exceptions=False)
    async with httpx.AsyncClient(transport=transport, base_url="http://desk", timeout=60) as http:
        yield DeskServed(desk, door, app, http)
    desk.stopping.set()
