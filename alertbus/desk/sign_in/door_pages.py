"""The pages by which people come and go: sign in, by password or by the service; sign out; where else one is signed in."""

import contextlib
from http import HTTPStatus
from math import ceil
from typing import Any

import structlog
from fastapi import APIRouter
from fastapi.datastructures import FormData
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from alertbus.audit.chain import AuditedDeed
from alertbus.desk.sign_in.door_checks import FORM_TOKEN, DoorChecks
from alertbus.desk.sign_in.letting_in import LetIn
from alertbus.desk.sign_in.own_paths import own_path
from alertbus.desk.sign_in.secret_tokens import derived, new_token
from alertbus.desk.sign_in.service import ServiceUnavailable
from alertbus.desk.sign_in.service_claims import NotLetIn
from alertbus.desk.sign_in.slowing_down import KNOWN_FOR

SEE_OTHER = HTTPStatus.SEE_OTHER

log = structlog.get_logger("alertbus.desk")


def router(door: DoorChecks) -> APIRouter:
    """Give the routes of this door."""
    pages = _DoorPages(door)
    routes = APIRouter(include_in_schema=False)
    routes.add_api_route("/sign-in", pages.sign_in, methods=["GET"])
    routes.add_api_route("/sign-in", pages.try_password, methods=["POST"])
    routes.add_api_route("/sign-in/begin", pages.begin, methods=["GET"])
    routes.add_api_route("/sign-in/callback", pages.back, methods=["GET"])
    routes.add_api_route("/sign-in/ended", pages.ended_at_service, methods=["POST"])
    routes.add_api_route("/sign-in/sessions", pages.sessions, methods=["GET"])
    routes.add_api_route("/sign-in/sessions", pages.end_sessions, methods=["POST"])
    routes.add_api_route("/sign-out", pages.ask_to_sign_out, methods=["GET"])
    routes.add_api_route("/sign-out", pages.sign_out, methods=["POST"])
    return routes


class _DoorPages:
    def __init__(self, door: DoorChecks) -> None:
        self._door = door
        self._letting_in = door.letting_in

    async def sign_in(self, request: Request) -> Response:
        """The page to sign in; who is signed in goes on."""
        next_ = own_path(request.query_params.get("next"))
        if await self._door.session(request) is not None:
            return RedirectResponse(next_, SEE_OTHER)
        return await self._sign_in_page(request, next_)

    async def try_password(self, request: Request) -> Response:
        """Let a local user in, with a session of their own that nobody held before."""
        door, form = self._door, await self._door.checked_form(request)
        next_, username = own_path(form.get("next")), _text(form, "username")
        device, before = door.cookies.read(request, "device"), door.cookies.read(request, "session")
        address = request.client.host if request.client else "unknown"
        outcome = await self._letting_in.by_password(username, _text(form, "password"), address=address, device=device, instead_of=before)
        if isinstance(outcome, LetIn):
            return self._in(outcome, next_)
        if outcome.wait is None:
            log.warning("a sign-in was refused", url_host=address)
            fault = (
                "Enter the username and password that belong together. If it does not help, ask who looks after the desk at your agency."
            )
            return await self._sign_in_page(request, next_, fault=fault, username=username, status=HTTPStatus.UNPROCESSABLE_ENTITY)
        seconds = max(1, ceil(outcome.wait.total_seconds()))
        answer = await self._sign_in_page(request, next_, wait=seconds, username=username, status=HTTPStatus.TOO_MANY_REQUESTS)
        answer.headers["retry-after"] = str(seconds)
        return answer

    async def begin(self, request: Request) -> Response:
        """Send somebody to the sign-in service, which asks for the password again where a session of this browser has ended before."""
        door = self._door
        if self._letting_in.service is None:
            return RedirectResponse("/sign-in", SEE_OTHER)
        stale = door.cookies.read(request, "out") or door.cookies.read(request, "session")
        where, cookie = await self._letting_in.send_to_service(own_path(request.query_params.get("next")), ask_again=stale is not None)
        answer = RedirectResponse(where, SEE_OTHER)
        door.cookies.set(answer, "service", cookie)
        return answer

    async def back(self, request: Request) -> Response:
        """Take somebody who comes back from the sign-in service."""
        door, asked = self._door, request.query_params
        if self._letting_in.service is None:
            return RedirectResponse("/sign-in", SEE_OTHER)
        try:
            outcome = await self._letting_in.by_service(
                door.cookies.read(request, "service"),
                asked.get("state", ""),
                "" if "error" in asked else asked.get("code", ""),
                asked.get("iss"),
                instead_of=door.cookies.read(request, "session"),
            )
        except NotLetIn as refusal:
            log.warning("a sign-in by the service was refused", reason=str(refusal))
            answer = await self._sign_in_page(request, "/", fault=f"You are not signed in: {refusal}.", status=HTTPStatus.FORBIDDEN)
            door.cookies.set(answer, "out", "1")  # another person may be meant: the service must not send the same one back at once
        else:
            answer = self._in(outcome, own_path(outcome.next))
            door.cookies.drop(answer, "out")
        door.cookies.drop(answer, "service")
        return answer

    async def ended_at_service(self, request: Request) -> Response:
        """Hear from the service that somebody has signed out there (OpenID Connect Back-Channel Logout). No browser calls this.

        The connection is closed with the answer: on one that was kept, the next call would be lost if the desk was started again meanwhile.
        """
        form = await request.form(max_files=0, max_fields=10)
        headers = {"cache-control": "no-store", "connection": "close"}
        if self._letting_in.service is None:
            return Response(status_code=HTTPStatus.NOT_FOUND, headers=headers)
        try:
            await self._letting_in.end_by_service(_text(form, "logout_token"))
        except NotLetIn:
            return Response(status_code=HTTPStatus.BAD_REQUEST, headers=headers)
        return Response(status_code=HTTPStatus.OK, headers=headers)

    async def sessions(self, request: Request) -> Response:
        """Show where one is signed in."""
        door, own = self._door, await self._door.session(request)
        if own is None:
            return door.way_in(request)
        values: dict[str, Any] = {
            "own": own,
            "sessions": await self._letting_in.sessions.of(own.person.who, door.now()),
            "visitor": await door.visitor(request),
            "form_token": door.form_token(request),
        }
        return door.page(request, "sign_in/sessions.html", **values)

    async def end_sessions(self, request: Request) -> Response:
        """End one session of one's own, or all."""
        door, own = self._door, await self._door.session(request)
        if own is None:
            return door.way_in(request)
        form = await door.checked_form(request)
        one, who = _text(form, "session"), own.person.who
        if one:
            ended = await self._letting_in.sessions.end_one(who, one)
            if ended:
                await self._letting_in.note(AuditedDeed.SESSIONS_ENDED, own.person, "one session ended by themselves", one)
            gone = one == own.id
        else:
            await self._letting_in.sessions.end_all(who)
            await self._letting_in.note(AuditedDeed.SESSIONS_ENDED, own.person, "all sessions ended by themselves")
            gone = True
        return await self._out(request, came_by_service=own.came_by_service) if gone else RedirectResponse("/sign-in/sessions", SEE_OTHER)

    async def ask_to_sign_out(self, request: Request) -> Response:
        """A page with the button, for who comes here by its address; looking at it ends nothing."""
        if await self._door.session(request) is None:
            return RedirectResponse("/sign-in", SEE_OTHER)
        values: dict[str, Any] = {"visitor": await self._door.visitor(request), "form_token": self._door.form_token(request)}
        return self._door.page(request, "sign_in/ask_to_sign_out.html", **values)

    async def sign_out(self, request: Request) -> Response:
        """End this session, whatever becomes of the rest, and show how to end the one at the service."""
        own = await self._door.session(request, counts=False)
        await self._door.checked_form(request)
        token = self._door.cookies.read(request, "session")
        if token is not None:
            await self._letting_in.sessions.end(token)
        if own is not None:
            await self._letting_in.note(AuditedDeed.SIGNED_OUT, own.person, "by themselves", own.id)
        return await self._out(request, came_by_service=own is not None and own.came_by_service)

    async def _out(self, request: Request, *, came_by_service: bool) -> Response:
        request.state.desk_session = None
        service = self._letting_in.service if came_by_service else None
        there = None
        if service is not None:
            with contextlib.suppress(ServiceUnavailable):  # here it is over all the same
                there = await service.way_out(f"{self._door.url}/sign-in")
        values: dict[str, Any] = {"visitor": None, "there": there, "title": None if service is None else service.settings.title}
        answer = self._door.page(request, "sign_in/signed_out.html", **values)
        self._door.cookies.drop(answer, "session")
        self._door.cookies.set(answer, "out", "1")
        return answer

    def _in(self, outcome: LetIn, next_: str) -> Response:
        answer = RedirectResponse(next_, SEE_OTHER)
        self._door.cookies.set(answer, "session", outcome.token)
        if outcome.device is not None:
            self._door.cookies.set(answer, "device", outcome.device, lasts=KNOWN_FOR)
        self._door.cookies.drop(answer, "form")
        return answer

    async def _sign_in_page(
        self,
        request: Request,
        next_: str,
        *,
        fault: str | None = None,
        wait: int | None = None,
        username: str = "",
        status: int = HTTPStatus.OK,
    ) -> Response:
        held = self._door.cookies.read(request, "form") or new_token()
        service = self._letting_in.service
        values: dict[str, Any] = {
            "visitor": None,
            "next": next_,
            "fault": fault,
            "wait": wait,
            "username": username[:100],
            "title": None if service is None else service.settings.title,
            "local": service is None or await self._letting_in.users.are_any(),
            "form_token": derived(held, FORM_TOKEN),
        }
        answer = self._door.page(request, "sign_in/sign_in.html", status=status, **values)
        self._door.cookies.set(answer, "form", held)
        return answer


def _text(form: FormData, name: str) -> str:
    found = form.get(name)
    return found if isinstance(found, str) else ""
