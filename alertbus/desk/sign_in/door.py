"""The desk's door: its checks, the pages by which people come and go, and its answer to a form that is not ours."""

from collections.abc import Callable
from datetime import datetime

from fastapi import FastAPI
from starlette.requests import Request
from starlette.responses import Response

from alertbus.desk.sign_in import door_pages, glass_pages
from alertbus.desk.sign_in.break_glass import BreakGlass
from alertbus.desk.sign_in.door_checks import DoorChecks, FormRefused, Page
from alertbus.desk.sign_in.letting_in import LettingIn, Writes
from alertbus.desk.sign_in.own_paths import own_path
from alertbus.desk.sign_in.service import SignInService
from alertbus.settings import Settings
from alertbus.sql.database import Database


class Door(DoorChecks):
    """The door of one desk process. Close it."""

    def __init__(
        self,
        database: Database,
        settings: Settings,
        agencies: frozenset[str],
        audit: Writes,
        now: Callable[[], datetime],
        page: Page,
        service: SignInService | None = None,
    ) -> None:
        """`agencies` are those of the policy. `service` None: that of the settings, if they name one."""
        url = settings.desk_url or ""
        if service is None and settings.desk_oidc is not None:
            service = SignInService(settings.desk_oidc, f"{url}/sign-in/callback")
        super().__init__(url, LettingIn(database, audit, now, agencies, service), now, page, secure=settings.desk_by_https)
        self.break_glass = BreakGlass(database, audit, now)
        self.router = door_pages.router(self)
        self.router.include_router(glass_pages.router(self, self.break_glass))

    def install(self, app: FastAPI) -> None:
        """Put the door's pages, and its answer to a refused form, into the desk's application."""
        app.include_router(self.router)
        app.add_exception_handler(FormRefused, self._refused_form)

    async def close(self) -> None:
        if self.letting_in.service is not None:
            await self.letting_in.service.close()

    async def _refused_form(self, request: Request, refusal: Exception) -> Response:
        """Say that nothing was sent, and show what was typed: with one more press it is sent, if it came from a page of this site."""
        assert isinstance(refusal, FormRefused)
        visitor = await self.visitor(request)
        values = {"typed": refusal.typed, "action": own_path(request.url.path), "visitor": visitor, "form_token": self.form_token(request)}
        return self.page(request, "sign_in/refused_form.html", status=403, **values)
