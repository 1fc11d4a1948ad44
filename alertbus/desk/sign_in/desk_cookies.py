"""The desk's cookies: no script reads them, no other site's form brings them, and where the desk speaks https no other host sets them."""

from datetime import timedelta
from typing import Literal

from starlette.requests import Request
from starlette.responses import Response

CookieUse = Literal["session", "form", "service", "device", "out"]
"""`session` opens a session. `form` stands for who has none yet, so that another site cannot sign them in as somebody else. `service` is
expected back from the sign-in service. `device` is a browser known to a user. `out`: the next sign-in asks for the password again."""


class DeskCookies:
    """Reads and sets them. `secure` where people reach the desk by https."""

    def __init__(self, *, secure: bool) -> None:
        self._secure = secure

    def name(self, use: CookieUse) -> str:
        """`__Host-` holds a browser to it that this host alone set it, over https, for all its paths (RFC 6265bis, 4.1.3.2)."""
        return f"__Host-desk-{use}" if self._secure else f"desk-{use}"

    def read(self, request: Request, use: CookieUse) -> str | None:
        found = request.cookies.get(self.name(use))
        return found if found and len(found) <= _LONGEST and found.isascii() else None

    def set(self, response: Response, use: CookieUse, value: str, *, lasts: timedelta | None = None) -> None:
        """Set one, until the browser is closed or for as long as it `lasts`."""
        seconds = None if lasts is None else int(lasts.total_seconds())
        response.set_cookie(self.name(use), value, max_age=seconds, path="/", secure=self._secure, httponly=True, samesite="lax")

    def drop(self, response: Response, use: CookieUse) -> None:
        response.delete_cookie(self.name(use), path="/", secure=self._secure, httponly=True, samesite="lax")


_LONGEST = 200
