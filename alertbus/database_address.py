"""The database's address as an operator gives it, as our engine takes it, and whether what goes there can be read on the way."""

import ipaddress
import os
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:  # it takes a while to import, and a status over HTTP needs none of it
    from sqlalchemy.engine import URL

SYSTEM = "system"
"""For `sslrootcert`, as libpq has it: whom the operating system trusts."""

_DRIVERS = {
    **dict.fromkeys(("postgres", "postgresql", "postgresql+psycopg", "postgresql+asyncpg"), "postgresql+psycopg"),
    **dict.fromkeys(("sqlite", "sqlite+pysqlite", "sqlite+aiosqlite"), "sqlite"),
}
"""By what an address may begin with, those of earlier versions among them: the driver that is used."""


def driver_url(url: str | None, default: Path, ca_file: Path | None = None) -> str:
    """Give the address with the driver in it; `default` is the SQLite file where there is none. It may hold a password.

    `sslmode`, `sslrootcert`, `sslcert` and `sslkey` mean what they mean to libpq. `ca_file` is used where no `sslrootcert` stands, and then
    the certificate and the host's name are checked unless `sslmode` says less. Raises `ValueError`.
    """
    from sqlalchemy.engine import URL

    if url is None:
        return URL.create("sqlite", database=str(default)).render_as_string(hide_password=False)
    parts = _parts(url)
    if "ssl" in parts.query:  # how earlier versions took it
        parts = parts.update_query_dict({"sslmode": parts.query["ssl"]}).difference_update_query(["ssl"])
    if ca_file is not None and parts.get_backend_name() == "postgresql":
        parts = parts.update_query_dict({"sslmode": "verify-full", "sslrootcert": str(ca_file), **parts.query})
    return parts.render_as_string(hide_password=False)


def is_readable_on_the_way(url: str) -> bool:
    """Whether an address from `driver_url` leads beyond this machine without the checks that keep others out of the line."""
    parts = _parts(url)
    if parts.get_backend_name() != "postgresql" or all(map(_is_here, _hosts(parts))):
        return False
    return parts.query.get("sslmode") != "verify-full" or not parts.query.get("sslrootcert")


def _parts(url: str) -> "URL":
    from sqlalchemy.engine import make_url
    from sqlalchemy.exc import ArgumentError

    try:
        parts = make_url(url)
    except (ArgumentError, ValueError):
        raise ValueError from None
    driver = _DRIVERS.get(parts.drivername, parts.drivername)
    if driver not in _DRIVERS.values():
        raise ValueError
    return parts.set(drivername=driver)


def _hosts(parts: "URL") -> Iterator[str]:
    """Every host that may be meant: of the address, of its `host=` words, or where it names none, of the driver's own variable."""
    named = parts.query.get("host", ())
    words = [named] if isinstance(named, str) else list(named)
    given = [parts.host] if parts.host else [one for word in words for one in word.split(",")]
    yield from given or os.environ.get("PGHOST", "localhost").split(",")


def _is_here(host: str) -> bool:
    plain = host if host.startswith(("/", "[")) or host.count(":") > 1 else host.partition(":")[0]
    return plain.startswith("/") or is_loopback(plain)


def is_loopback(host: str) -> bool:
    """Whether only this machine can reach the address. A name other than localhost is taken to be reachable."""
    try:
        return ipaddress.ip_address(host.strip("[]")).is_loopback
    except ValueError:
        return host == "localhost"
