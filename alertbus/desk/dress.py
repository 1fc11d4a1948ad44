"""What the pages are dressed in, from memory: under an address with the digest of it all, so that a browser keeps it for a year.

Only this is sent compressed. A page is not: it holds the token of its forms beside words that others wrote, and how well the two compress
together would tell the token (BREACH, CVE-2013-3587).
"""

import hashlib
from collections.abc import Mapping
from pathlib import Path

from starlette.requests import Request
from starlette.responses import Response

from alertbus.model.errors import NotFound, SettingsFault

STATIC = Path(__file__).parent / "static"
_TYPES = {".css": "text/css; charset=utf-8", ".js": "text/javascript; charset=utf-8", ".svg": "image/svg+xml"}
_NEEDED = ("desk.css", "desk.js", "govuk-frontend.min.js", "mark.svg")
_FOREVER = "public, max-age=31536000, immutable"
_SMALLER = (("br", ".br"), ("gzip", ".gz"))


def lacking(folder: Path = STATIC) -> str | None:
    """Say what is missing of it and what to do; None where nothing is."""
    missing = next((name for name in _NEEDED if not (folder / name).is_file()), None)
    return missing and (
        f"its pages have no {missing}, which is made from npm packages. Say `make env` in the checkout, which names what it lacks, or "
        "install a wheel that was built after it."
    )


class Dress:
    """The style sheet, the scripts and the mark. Raises `SettingsFault` where they were not made."""

    def __init__(self, folder: Path = STATIC) -> None:
        if (missing := lacking(folder)) is not None:
            raise SettingsFault(missing)
        self._files: Mapping[str, bytes] = {path.name: path.read_bytes() for path in sorted(folder.iterdir())}
        digest = hashlib.sha256()
        for name, content in self._files.items():
            digest.update(name.encode() + b"\0" + content)
        self.root = f"/dress/{digest.hexdigest()[:16]}"
        """The beginning of every address; another content has another."""

    def answer(self, name: str, request: Request) -> Response:
        """Give a file, compressed as the browser takes it. Raises `NotFound`."""
        media_type = _TYPES.get(Path(name).suffix)
        if media_type is None or name not in self._files:
            raise NotFound("no such file")
        headers = {"cache-control": _FOREVER, "vary": "accept-encoding", "cross-origin-resource-policy": "same-origin"}
        taken = {one.partition(";")[0].strip() for one in request.headers.get("accept-encoding", "").split(",")}
        for coding, suffix in _SMALLER:
            if coding in taken and name + suffix in self._files:
                return Response(self._files[name + suffix], media_type=media_type, headers=headers | {"content-encoding": coding})
        return Response(self._files[name], media_type=media_type, headers=headers)
