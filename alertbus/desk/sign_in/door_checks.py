"""What the desk asks of each request at its door: who comes with it, and whether a form was sent from a page of ours."""

from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any, Protocol
from urllib.parse import urlencode

from fastapi.datastructures import FormData
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from alertbus.desk.guard import OPEN_FORMS
from alertbus.desk.sign_in.desk_cookies import CookieUse, DeskCookies
from alertbus.desk.sign_in.letting_in import LettingIn
from alertbus.desk.sign_in.own_paths import own_path
from alertbus.desk.sign_in.secret_tokens import derived, same
from alertbus.desk.sign_in.signed_in import SignedIn
from alertbus.desk.visitor import Visitor

FORM_TOKEN = "form_token"  # noqa: S105  the name of a field
"""The hidden field of every form, whose value is `Door.form_token(request)`."""

MOST_FIELDS = 1_000


class Page(Protocol):
    """Makes a page of a template under `desk/templates`, with the desk's layout."""

    def __call__(self, request: Request, template: str, /, *, status: int = 200, **values: Any) -> Response: ...


class FormRefused(Exception):
    """A form that was not sent from a page which this visitor was shown. `typed` is what was in it, where it came from this site."""

    def __init__(self, typed: Mapping[str, list[str]]) -> None:
        self.typed = typed
        super().__init__("a form without its token was refused")


class DoorChecks:
    """One door for a process. Several processes over one database are one door."""

    def __init__(self, url: str, letting_in: LettingIn, now: Callable[[], datetime], page: Page, *, secure: bool) -> None:
        """`url` is where people reach the desk, without a path; empty where it is not set. `secure`: they reach it by https."""
        self.url, self.letting_in, self.now, self.page = url, letting_in, now, page
        self.cookies = DeskCookies(secure=secure)

    async def visitor(self, request: Request, *, counts: bool = True) -> Visitor | None:
        """Give who comes with this request; None where nobody is signed in any more. `counts=False` for what a page does by itself."""
        found = await self.session(request, counts=counts)
        if found is None:
            return None
        person = found.person
        return Visitor(
            name=person.name,
            username=person.username,
            agency=person.agency,
            setting=person.setting,
            team=person.team,
            roles=person.roles,
            session_id=found.id,
            who=person.who,
        )

    async def session(self, request: Request, *, counts: bool = True) -> SignedIn | None:
        """Give the session of this request, looked up once for it; without `counts` anew each time: an open page outlives it."""
        if not counts:
            token = self.cookies.read(request, "session")
            return None if token is None else await self.letting_in.sessions.find(token, self.now(), counts=False)
        if not hasattr(request.state, "desk_session"):
            token = self.cookies.read(request, "session")
            request.state.desk_session = None if token is None else await self.letting_in.sessions.find(token, self.now())
        found: SignedIn | None = request.state.desk_session
        return found

    async def stays_open(self, request: Request) -> bool:
        """Say whether a page of this request may be told more: its session goes on, or did a second ago. It is nobody's doing something."""
        token = self.cookies.read(request, "session")
        return token is not None and await self.letting_in.open_pages.goes_on(token, self.now())

    def way_in(self, request: Request) -> Response:
        """Send somebody who is not signed in to do so, and back to this page afterwards, if it can be asked for again."""
        query = f"?{request.url.query}" if request.url.query else ""
        path = own_path(f"{request.url.path}{query}") if request.method in {"GET", "HEAD"} else "/"
        where = "/sign-in" if path == "/" else f"/sign-in?{urlencode({'next': path})}"
        return RedirectResponse(where, status_code=303)

    def form_token(self, request: Request) -> str:
        """Give what a form on a page for this request must bring back. Another site can neither read nor make it."""
        held = self.cookies.read(request, "session") or self.cookies.read(request, "form")
        return derived(held, FORM_TOKEN) if held else ""

    async def checked_form(self, request: Request) -> FormData:
        """Read the form of this request. Raises `FormRefused` unless it was made on a page that this browser was shown."""
        form = await request.form(max_files=20, max_fields=MOST_FIELDS)
        request.scope.get(OPEN_FORMS, []).append(form)
        brought = form.get(FORM_TOKEN)
        uses: tuple[CookieUse, ...] = ("session", "form")
        held = [found for use in uses if (found := self.cookies.read(request, use))]
        if isinstance(brought, str) and any(same(derived(one, FORM_TOKEN), brought) for one in held):
            return form
        ours = request.headers.get("sec-fetch-site") == "same-origin"
        raise FormRefused(_typed(form) if ours else {})


_SECRET_FIELDS = frozenset({FORM_TOKEN, "password"})


def _typed(form: FormData) -> dict[str, list[str]]:
    """Give the texts of a form, but no secret and no file."""
    names = [name for name in dict.fromkeys(form.keys()) if name not in _SECRET_FIELDS]
    return {name: [value for value in form.getlist(name) if isinstance(value, str)] for name in names}
