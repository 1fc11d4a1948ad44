"""A desk that is a door and one page, in the test's own process: a database, a clock that is set, an audit that is a list, and browsers."""

import contextlib
import html
import re
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
from fastapi import FastAPI
from starlette.requests import Request
from starlette.responses import HTMLResponse, PlainTextResponse, Response

from alertbus.audit.chain import AuditedDeed
from alertbus.desk.desk import _environment
from alertbus.desk.sign_in.desk_person import DeskPerson
from alertbus.desk.sign_in.door import Door
from alertbus.desk.sign_in.passwords import hashed
from alertbus.desk.sign_in.service import SignInService
from alertbus.desk.visitor import Role
from alertbus.intake.callers import Caller
from alertbus.settings import Settings
from alertbus.sql.database import Database
from alertbus.sql.engine import make_engine, metadata

URL = "https://desk.example"
PASSWORD = "three purple trams at dusk"
AGENCIES = frozenset({"school", "health", "social_care"})
NOW = datetime(2026, 11, 23, 9, 0, tzinfo=UTC)

_pages = _environment()  # as the desk's own pages have it


class WallClock:
    """A clock that stands until it is moved."""

    def __init__(self, at: datetime = NOW) -> None:
        self.at = at

    def __call__(self) -> datetime:
        return self.at

    def pass_by(self, **length: float) -> None:
        self.at += timedelta(**length)


@dataclass
class Written:
    """What was written in the audit: deed, who, agency, reason and about."""

    lines: list[tuple[AuditedDeed, str | None, str | None, str, tuple[str, ...]]] = field(default_factory=list)

    async def note(self, deed: AuditedDeed, caller: Caller, *, about: Sequence[str], reason: str, by: str | None = None) -> None:
        self.lines.append((deed, by, caller.agency, reason, tuple(about)))

    def deeds(self) -> list[AuditedDeed]:
        return [line[0] for line in self.lines]


def page(request: Request, template: str, /, *, status: int = 200, **values: Any) -> Response:
    given = {"visitor": None, "form_token": "", "here": request.url.path, "dress": "/dress", "now": NOW} | values
    return HTMLResponse(_pages.get_template(template).render(**given, moment=lambda moment: f"{moment:%H:%M}"), status)


def person(username: str = "mary.obi", **changed: Any) -> DeskPerson:
    stated = {
        "who": f"local:{username}",
        "name": "Mary Obi",
        "username": username,
        "agency": "school",
        "setting": "school.123456",
        "team": None,
        "roles": frozenset({Role.PRACTITIONER}),
    }
    return DeskPerson(**(stated | changed))


@dataclass
class Desk:
    """One desk process."""

    app: FastAPI
    door: Door
    clock: WallClock
    written: Written
    database: Database

    def browser(self, address: str = "192.0.2.7", cookies: httpx.Cookies | None = None) -> httpx.AsyncClient:
        transport = httpx.ASGITransport(app=self.app, client=(address, 40_000))
        return httpx.AsyncClient(transport=transport, base_url=URL, cookies=cookies)

    async def add(self, one: DeskPerson | None = None, password: str = PASSWORD) -> DeskPerson:
        one = one or person()
        await self.door.letting_in.users.add(one, hashed(password), self.clock())
        return one


def desk(
    database: Database, clock: WallClock | None = None, service: SignInService | None = None, audit: Any = None, **settings: Any
) -> Desk:
    clock, written = clock or WallClock(), Written()
    door = Door(database, Settings(desk_url=settings.pop("desk_url", URL), **settings), AGENCIES, audit or written, clock, page, service)
    app = FastAPI()
    door.install(app)

    @app.get("/who")
    async def who(request: Request) -> Response:
        visitor = await door.visitor(request)
        return door.way_in(request) if visitor is None else PlainTextResponse(f"{visitor.name}|{door.form_token(request)}")

    @app.post("/write")
    async def write(request: Request) -> Response:
        form = await door.checked_form(request)
        return PlainTextResponse(f"{await door.visitor(request) is not None}: {form['words']}")

    return Desk(app, door, clock, written, database)


@contextlib.asynccontextmanager
async def opened(url: str) -> AsyncIterator[Database]:
    """The desk's own tables in an empty database; that the migrations make the same is tested with all the others."""
    database = make_engine(url)
    own = [table for name, table in metadata.tables.items() if name.startswith("desk_")]
    try:
        async with database.begin() as connection:
            await connection.run_sync(metadata.create_all, tables=own)
        yield database
    finally:
        await database.dispose()


def fields(answer: httpx.Response) -> dict[str, str]:
    """The hidden fields of the first form in what a page is about."""
    first = (answer.text.partition("<main")[2] or answer.text).partition("</form>")[0]
    return {name: html.unescape(value) for name, value in re.findall(r'type="hidden" name="(\w+)" value="([^"]*)"', first)}


async def sign_in(browser: httpx.AsyncClient, username: str = "mary.obi", password: str = PASSWORD, next_: str = "/who") -> httpx.Response:
    shown = await browser.get("/sign-in", params={"next": next_})
    return await browser.post("/sign-in", data={**fields(shown), "username": username, "password": password})


async def name_shown(browser: httpx.AsyncClient) -> str | None:
    """Whom a page takes this browser for; None where it asks to sign in."""
    answer = await browser.get("/who")
    return answer.text.partition("|")[0] if answer.status_code == 200 else None


async def token_shown(browser: httpx.AsyncClient) -> str:
    return (await browser.get("/who")).text.partition("|")[2]
