"""Where somebody goes on after they have signed in: to a page of this desk, and nowhere else (OWASP: unvalidated redirects)."""

from urllib.parse import urlsplit

HOME = "/"
LONGEST_PATH = 500


def own_path(wanted: object) -> str:
    """Give the path if it is one of ours, else the first page. A browser reads `//` and a backslash as the way to another site."""
    if not isinstance(wanted, str) or not 0 < len(wanted) <= LONGEST_PATH or not wanted.isascii() or not wanted.isprintable():
        return HOME
    if not wanted.startswith("/") or "//" in wanted or "\\" in wanted or " " in wanted:
        return HOME
    parts = urlsplit(wanted)
    if parts.scheme or parts.netloc or parts.path.startswith(("/sign-in", "/sign-out")):
        return HOME
    return wanted
