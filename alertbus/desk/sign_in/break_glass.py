"""Break-glass: somebody sees for an hour what is not theirs to see, because a child cannot wait; and it is known that they did.

It asks nobody's leave and hides from nobody: the reason is written down before anything is shown, and the safeguarding leads of whoever
holds the case are told until one of them has taken note. Pages decide sight by the caller; where that gives none, they ask `sees`.
"""

import uuid
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Literal

from sqlalchemy import Connection, delete, insert, select, update

from alertbus.audit.chain import AuditedDeed
from alertbus.desk.sign_in import tables
from alertbus.desk.sign_in.letting_in import Writes
from alertbus.desk.visitor import Role, Visitor
from alertbus.model.errors import Fault, InvalidInput, NotAllowed, NotFound
from alertbus.model.rights import Right
from alertbus.sql.database import Database
from alertbus.sql.engine import database_faults

LASTS = timedelta(minutes=60)
"""How long it lasts (ours): a telephone call and a strategy discussion, not the rest of the shift. It ends with the session."""

FEWEST_WORDS = 5
"""Words that a reason has at least (ours): "urgent" is none, and a sentence can be judged afterwards."""

LONGEST_BREAKING_REASON = 500
"""Characters: what an audit record holds."""

KEPT_FOR = timedelta(days=365)
"""How long what a lead has taken note of stands here (ours); the audit keeps it for good."""

SubjectKind = Literal["alert", "case"]


@dataclass(frozen=True, slots=True)
class BrokenGlass:
    """One time that somebody looked beyond their own: `name` of `agency` at `subject`, which `holder` holds."""

    id: str
    name: str
    agency: str
    kind: SubjectKind
    subject: str
    holder: str
    reason: str
    at: datetime
    until: datetime


class BreakGlass:
    """Over one database: every desk process knows of it at once."""

    def __init__(self, database: Database, audit: Writes, now: Callable[[], datetime]) -> None:
        self._database, self._audit, self._now = database, audit, now

    async def ask(self, visitor: Visitor, kind: SubjectKind, subject: str, reason: str, *, holder: str) -> BrokenGlass:
        """Let them see one alert or case for an hour. `holder` is the agency that holds it. The page has made sure that it exists.

        Raises `NotAllowed` for a role that sees no family at all, `InvalidInput` for a reason that is none, and what the audit raises: what
        cannot be written down is not shown.
        """
        if Right.RECEIVE not in visitor.rights:
            raise NotAllowed("no role of yours works with families; ask somebody whose role does")
        why = _reason(reason)
        await self._audit.note(AuditedDeed.GLASS_BROKEN, visitor.caller, about=(subject,), reason=why, by=visitor.name)
        now = self._now()
        id_ = str(uuid.uuid4())
        row = {
            "id": id_,
            "who": visitor.username,
            "session_id": visitor.session_id,
            "subject_kind": kind,
            "subject": subject,
            "holder": holder,
            "name": visitor.name,
            "agency": visitor.at,
            "reason": why,
            "at": now,
            "until": now + LASTS,
        }

        def write(connection: Connection) -> None:
            seen_long_ago = tables.breaking.c.seen_at <= now - KEPT_FOR
            connection.execute(delete(tables.breaking).where(seen_long_ago))
            connection.execute(insert(tables.breaking).values(row))

        with database_faults():
            await self._database.write(write)
        return BrokenGlass(id_, visitor.name, visitor.at, kind, subject, holder, why, now, now + LASTS)

    async def sees(self, visitor: Visitor, kind: SubjectKind, subject: str) -> bool:
        """Whether this session has broken the glass before this alert or case, less than an hour ago."""
        return await self.held(visitor, kind, subject) is not None

    async def held(self, visitor: Visitor, kind: SubjectKind, subject: str) -> BrokenGlass | None:
        """Give the time that this session broke the glass before this alert or case, the latest less than an hour ago; else None."""
        now, found = self._now(), tables.breaking.c
        condition = (found.session_id == visitor.session_id) & (found.subject_kind == kind) & (found.subject == subject)
        query = select(tables.breaking).where(condition, found.until > now, found.at <= now).order_by(found.until.desc()).limit(1)
        with database_faults():
            row = await self._database.read(lambda connection: connection.execute(query).first())
        return None if row is None else _as_broken(row)

    async def told(self, visitor: Visitor) -> list[BrokenGlass]:
        """Give what a safeguarding lead of the holder has to take note of, the oldest first; nothing for anybody else."""
        if Role.SAFEGUARDING_LEAD not in visitor.roles:
            return []
        found = tables.breaking.c
        query = select(tables.breaking).where(found.holder.in_({visitor.at, visitor.agency}), found.seen_at.is_(None)).order_by(found.at)
        with database_faults():
            return await self._database.read(lambda connection: [_as_broken(row) for row in connection.execute(query)])

    async def take_note(self, visitor: Visitor, id_: str) -> None:
        """A lead has read it, and not of themselves. Raises `NotFound` for what is not theirs to read, or has been read."""
        found = [one for one in await self.told(visitor) if one.id == id_]
        if not found or (found[0].name, found[0].agency) == (visitor.name, visitor.at):
            raise NotFound("that is not for you to take note of, or somebody has")
        reason = f"{found[0].name}, {found[0].agency}"
        await self._audit.note(AuditedDeed.GLASS_SEEN, visitor.caller, about=(found[0].subject,), reason=reason, by=visitor.name)
        unread = (tables.breaking.c.id == id_) & tables.breaking.c.seen_at.is_(None)
        values = {"seen_by": visitor.name, "seen_at": self._now()}
        with database_faults():
            await self._database.write(lambda connection: connection.execute(update(tables.breaking).where(unread).values(values)).rowcount)


def _reason(reason: str) -> str:
    """Give the reason with single blanks. Raises `InvalidInput`, which quotes nothing of it."""
    words = reason.split()
    why = " ".join(words)
    plain = {word.casefold() for word in words if any(letter.isalnum() for letter in word)}
    if len(plain) < FEWEST_WORDS or len(why) > LONGEST_BREAKING_REASON or not why.isprintable():
        said = f"why you must see this now, in {FEWEST_WORDS} different words at least and {LONGEST_BREAKING_REASON} letters at most"
        raise InvalidInput([Fault("reason", said, "no_reason")])
    return why


def _as_broken(row: Any) -> BrokenGlass:
    return BrokenGlass(row.id, row.name, row.agency, row.subject_kind, row.subject, row.holder, row.reason, row.at, row.until)
