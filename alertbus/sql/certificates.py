"""PostgreSQL's certificate, and ours: what an address says of them as asyncpg takes it."""

import ssl
from typing import Any

from sqlalchemy import URL

from alertbus.database_address import SYSTEM
from alertbus.model.errors import SettingsFault

_CHECKED = ("require", "verify-ca", "verify-full")
_FILES = ("sslrootcert", "sslcert", "sslkey")


def connect_arguments(parts: URL) -> tuple[URL, dict[str, Any]]:
    """Give the address without the names of files, which asyncpg's own arguments do not know, and the arguments that stand for them.

    With a root certificate the server's is always checked, its host's name with `verify-full`. Raises `SettingsFault` for other files.
    """
    words = {name: str(parts.query[name]) for name in _FILES if name in parts.query}
    mode = parts.query.get("ssl")
    if not words or mode not in _CHECKED:
        return parts.difference_update_query(_FILES), {}
    root = words.get("sslrootcert")
    try:
        context = ssl.create_default_context(cafile=None if root == SYSTEM else root)
        if "sslcert" in words:
            context.load_cert_chain(words["sslcert"], words.get("sslkey"))
    except (OSError, ssl.SSLError) as error:
        raise SettingsFault(
            f"ALERTBUS_DATABASE_CA_FILE, or sslrootcert, sslcert, sslkey in ALERTBUS_DATABASE_URL: expected PEM files that this process "
            f"may read ({type(error).__name__}); mend the path or the file"
        ) from None
    context.check_hostname = mode == "verify-full"
    if root is None:
        context.verify_mode = ssl.CERT_NONE if mode == "require" else ssl.CERT_REQUIRED
    return parts.difference_update_query((*_FILES, "ssl")), {"ssl": context}
