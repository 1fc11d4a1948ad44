"""Drafts: what somebody has typed at the desk outlives their session, on the server, for them alone, and for 14 days.

A draft belongs to a person as they sign in and as they work: by another account, or at another agency, nobody finds it. It is sealed with a
key that the database does not hold. Sent or thrown away, its content is gone at once; left alone, whatever has ended is removed with the
next thing that anybody keeps or lists.
"""

import base64
import binascii
import hashlib
import json
import re
import uuid
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

from sqlalchemy import Connection, RowMapping, delete, insert, select, update

from alertbus.desk.sending.draft_seal import DraftSeal
from alertbus.desk.sending.tables import draft as table
from alertbus.desk.visitor import Visitor
from alertbus.model.errors import NotFound
from alertbus.sql.database import Database
from alertbus.sql.engine import database_faults

KEPT_FOR = timedelta(days=14)
"""Chosen: longer than a school's half-term holiday; what waits for longer is no news any more."""

PAGE_LASTS = timedelta(days=1)
"""How long a page may stand open and still be kept: longer than the longest session."""

_ID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")


@dataclass(frozen=True, slots=True)
class Draft:
    """Something begun, or sent. `typed` is what stood in the fields; `more` is what the form keeps beside them."""

    id: str
    form: str
    saved_at: datetime
    until: datetime
    typed: Mapping[str, str] = field(default_factory=dict)
    more: Mapping[str, Any] = field(default_factory=dict)
    reference: str | None = None
    """Under which it was sent; None: not sent."""
    alert_id: str | None = None


def new_draft_id() -> str:
    return str(uuid.uuid4())


def owner_of(visitor: Visitor) -> str:
    """What stands for them in the table: the account by which they sign in, and who they are at their agency."""
    return hashlib.sha256(f"{visitor.who or visitor.username}\x1f{visitor.ref}\x1f{visitor.at}".encode()).hexdigest()


class Drafts:
    """The drafts of one database. Safe in any number of processes with the same keys."""

    def __init__(self, database: Database, seal: DraftSeal) -> None:
        self._database, self._seal = database, seal

    async def keep(
        self, owner: str, id_: str, form: str, typed: Mapping[str, str], now: datetime, more: Mapping[str, Any] | None = None
    ) -> None:
        """Keep it, in the place of what was kept under this id. What was sent stays sent. Raises `NotFound` where the id is another's."""
        content = json.dumps({"typed": dict(typed), "more": dict(more or {})}).encode()
        row = {
            "form": form,
            "sealed": self._seal.seal(content, f"{id_}\x1f{owner}\x1f{form}"),
            "saved_at": now,
            "until": now + KEPT_FOR,
        }

        def write(connection: Connection) -> None:
            connection.execute(delete(table).where(table.c.until <= now))
            found = connection.execute(select(table.c.owner, table.c.reference).where(table.c.id == id_)).first()
            if found is None:
                connection.execute(insert(table).values(id=id_, owner=owner, **row))
            elif found.owner != owner:
                raise NotFound("no such draft")
            elif found.reference is None:
                connection.execute(update(table).where(table.c.id == id_).values(row))

        with database_faults():
            await self._database.write(write)

    async def find(self, owner: str, id_: str, form: str, now: datetime) -> Draft:
        """Give one of theirs. Raises `NotFound` for another's, for one that has ended, and for one whose key is gone."""
        query = select(table).where(table.c.id == id_, table.c.owner == owner, table.c.form == form, table.c.until > now)
        with database_faults():
            row = await self._database.read(lambda connection: connection.execute(query).mappings().first())
        if row is None:
            raise NotFound("no such draft")
        if row["sealed"] is None:
            return _of(row)
        content = self._seal.open(row["sealed"], f"{id_}\x1f{owner}\x1f{form}")
        if content is None:
            raise NotFound("no such draft")
        return _of(row, **json.loads(content))

    async def listed(self, owner: str, now: datetime) -> list[Draft]:
        """Every one of theirs without what is in it, the latest first."""
        columns = [one for one in table.c if one is not table.c.sealed]
        query = select(*columns).where(table.c.owner == owner, table.c.until > now).order_by(table.c.saved_at.desc())
        with database_faults():
            await self._database.write(lambda connection: connection.execute(delete(table).where(table.c.until <= now)))
            rows = await self._database.read(lambda connection: connection.execute(query).mappings().all())
        return [_of(row) for row in rows]

    async def sent(self, owner: str, id_: str, reference: str, alert_id: str | None, now: datetime) -> None:
        """Note that it was sent, and forget what was in it."""
        await self._change(owner, id_, reference=reference, alert_id=alert_id, sealed=None, saved_at=now, until=now + KEPT_FOR)

    async def forget(self, owner: str, id_: str) -> None:
        """Throw one of theirs away. Raises `NotFound` for another's, and for what was sent: that stays known as sent."""
        mine = (table.c.id == id_) & (table.c.owner == owner) & table.c.reference.is_(None)
        with database_faults():
            gone = await self._database.write(lambda connection: connection.execute(delete(table).where(mine)).rowcount)
        if not gone:
            raise NotFound("no such draft")

    async def _change(self, owner: str, id_: str, **values: Any) -> None:
        mine = (table.c.id == id_) & (table.c.owner == owner)
        with database_faults():
            await self._database.write(lambda connection: connection.execute(update(table).where(mine).values(**values)))

    def mark(self, owner: str, id_: str, now: datetime) -> str:
        """Give what a form brings back to say whose page it is and which draft: so that what was typed after the session's end is kept
        for who was shown the page, and for nobody else.
        """
        content = f"{owner} {id_} {now.timestamp():.0f}".encode()
        return base64.urlsafe_b64encode(self._seal.seal(content, "mark")).decode()

    def marked(self, mark: str, now: datetime) -> tuple[str, str] | None:
        """Give owner and draft of a mark of ours that is not too old; else None."""
        try:
            content = self._seal.open(base64.urlsafe_b64decode(mark.encode()), "mark")
        except (binascii.Error, ValueError):
            return None
        owner, id_, at = (content or b"  0").decode().split(" ")
        made = datetime.fromtimestamp(int(at), UTC)
        return (owner, id_) if _ID.fullmatch(id_) and abs(now - made) <= PAGE_LASTS else None


def _of(row: RowMapping, typed: Mapping[str, str] | None = None, more: Mapping[str, Any] | None = None) -> Draft:
    return Draft(row["id"], row["form"], row["saved_at"], row["until"], typed or {}, more or {}, row["reference"], row["alert_id"])
