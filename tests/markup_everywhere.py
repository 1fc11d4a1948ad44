"""Markup in everything that people wrote: in the database, and at every place where a template of the desk prints a text."""

import hashlib
import json
from typing import Any

from sqlalchemy import LargeBinary, String, select, update

from alertbus.desk.desk import Desk
from alertbus.sql.engine import metadata

HOSTILE = "\u202e'\"><script>canary()</script><img src=x onerror=canary()>{{7*7}}"
"""Put behind a text. What came of it would be an element, a script that runs, or a sum that was worked out."""


async def put_markup_everywhere(engine: Any, desk: Desk) -> int:
    """Give how many rows of the database have it now; every template of this desk prints it as well."""
    changed = await written_everywhere(engine)
    desk.templates.finalize = _hostile
    assert desk.templates.cache is not None
    desk.templates.cache.clear()
    return changed


def _hostile(value: Any) -> Any:
    """Not behind the words of a template itself, such as ` selected`: what people write is of several words, or begins with a capital."""
    if hasattr(value, "__html__") or not isinstance(value, str):
        return value
    return f"{value}{HOSTILE}" if " " in value.strip() or value[:1].isupper() else value


async def written_everywhere(engine: Any) -> int:
    """Put markup behind every text with more than one word in the database, in columns and in bodies; give how many rows have it."""

    def within(value: Any) -> Any:
        if isinstance(value, dict):
            new = {name: within(one) for name, one in value.items()}
            sealed = isinstance(value.get("text"), str) and "sha256" in value  # words carry their digest
            return new | ({"sha256": hashlib.sha256(new["text"].encode()).hexdigest()} if sealed else {})
        if isinstance(value, list):
            return [within(one) for one in value]
        return (
            f"{value}{HOSTILE}" if isinstance(value, str) and " " in value.strip() and 10 < len(value) < 400 else value
        )  # a postcode is no text

    changed = 0
    async with engine.begin() as connection:
        for table in metadata.sorted_tables:
            keys = list(table.primary_key.columns)
            columns = [
                one for one in table.columns if isinstance(one.type, LargeBinary | String) and not one.primary_key and not one.foreign_keys
            ]
            if not keys or not columns or table.name.startswith(("audit", "outbox")):
                continue
            for row in (await connection.execute(select(table))).mappings().all():
                new = {}
                for column in columns:
                    value = row[column.name]
                    if isinstance(value, bytes) and value[:1] in {b"{", b"["}:
                        value = json.dumps(within(json.loads(value)), ensure_ascii=False).encode()
                    elif isinstance(value, str) and value[:1] in {"{", "["}:
                        value = json.dumps(within(json.loads(value)), ensure_ascii=False)
                    elif isinstance(value, str):
                        value = within(value)
                    if value != row[column.name]:
                        new[column.name] = value
                if new:
                    changed += 1
                    where = [one == row[one.name] for one in keys]
                    await connection.execute(update(table).where(*where).values(new))
    return changed
