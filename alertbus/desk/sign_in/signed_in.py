"""Sessions, in the database: every desk process knows them, and what is ended is ended everywhere with the next request.

A session ends after 15 minutes without a request and after 8 hours in any case, when its owner ends it, and when their rights change.
OWASP's Session Management Cheat Sheet: 15 to 30 minutes idle for low risk, less for high, and 4 to 8 hours for who works all day; NIST
SP 800-63B (third edition, 4.3.3) has 15 minutes at its highest level. What was typed outlives it as a draft, not the session.
"""

import asyncio
import time
import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import ColumnElement, Connection, Row, delete, insert, or_, select, true, update

from alertbus.desk.sign_in import tables
from alertbus.desk.sign_in.desk_person import DeskPerson, roles_in, roles_of
from alertbus.desk.sign_in.secret_tokens import hash_of, new_token
from alertbus.sql.database import Database
from alertbus.sql.engine import database_faults

IDLE = timedelta(minutes=15)
LONGEST_SESSION = timedelta(hours=8)

NOTED_EVERY = timedelta(seconds=30)
"""How often it is written that somebody is still there (ours): not with each request, as a write costs more than a page. So somebody is
signed out after 14 and a half minutes at the earliest."""

ASKED_EVERY_S = 1.0
"""Seconds, as often as the change feed looks: a page that is open hears of the end of its session so much later at most."""

SKEW = timedelta(minutes=1)
"""How far the clocks of two processes may differ. One from further ahead is over: a clock was set back, and it would last for ever."""


@dataclass(frozen=True, slots=True)
class SignedIn:
    """A session that goes on."""

    id: str
    person: DeskPerson
    begun_at: datetime
    seen_at: datetime
    came_by_service: bool


def is_over(begun_at: datetime, seen_at: datetime, now: datetime) -> bool:
    """Whether a session is over by its age alone."""
    return now - seen_at >= IDLE or now - begun_at >= LONGEST_SESSION or begun_at - now > SKEW


class Sessions:
    """The sessions of one database."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def begin(
        self,
        person: DeskPerson,
        now: datetime,
        *,
        rights_version: int | None = None,
        provider_session: str | None = None,
        instead_of: str | None = None,
    ) -> str:
        """Begin one, and give the token that opens it, which is kept nowhere. What the browser had before (`instead_of`) is over: nobody
        can plant a session that becomes somebody else's.
        """
        token = new_token()
        row = {
            "token_hash": hash_of(token),
            "id": str(uuid.uuid4()),
            "who": person.who,
            "name": person.name,
            "username": person.username,
            "agency": person.agency,
            "setting": person.setting,
            "team": person.team,
            "roles": roles_of(person.roles),
            "rights_version": rights_version,
            "provider_session": provider_session,
            "begun_at": now,
            "seen_at": now,
        }

        def write(connection: Connection) -> None:
            over = [tables.session.c.seen_at <= now - IDLE, tables.session.c.begun_at <= now - LONGEST_SESSION]
            if instead_of is not None:
                over.append(tables.session.c.token_hash == hash_of(instead_of))
            connection.execute(delete(tables.session).where(or_(*over)))
            connection.execute(insert(tables.session).values(row))

        with database_faults():
            await self._database.write(write)
        return token

    async def find(self, token: str, now: datetime, *, counts: bool = True) -> SignedIn | None:
        """Give the session that this token opens, None where it opens none. `counts` says whether this is somebody doing something: a page
        that keeps itself up to date is not.
        """
        hash_ = hash_of(token)
        with database_faults():
            found = await self._database.read(lambda connection: _standing(connection, tables.session.c.token_hash == hash_, now))
            if not found:
                return None
            if counts and now - found[0].seen_at >= NOTED_EVERY:
                still = (tables.session.c.token_hash == hash_) & (tables.session.c.seen_at < now)
                await self._database.write(
                    lambda connection: connection.execute(update(tables.session).where(still).values(seen_at=now)).rowcount
                )
        return found[0]

    async def of(self, who: str, now: datetime) -> list[SignedIn]:
        """Every session of somebody that goes on, the one seen last first."""
        with database_faults():
            return await self._database.read(lambda connection: _standing(connection, tables.session.c.who == who, now))

    async def end(self, token: str) -> bool:
        """End the session that this token opens."""
        return await self._end(tables.session.c.token_hash == hash_of(token)) > 0

    async def end_one(self, who: str, id_: str) -> bool:
        """End a session of theirs by its id; somebody else's is not found."""
        return await self._end((tables.session.c.who == who) & (tables.session.c.id == id_)) > 0

    async def end_all(self, who: str) -> int:
        """End all sessions of somebody, and give how many there were."""
        return await self._end(tables.session.c.who == who)

    async def end_by_service(self, *, subject: str | None, provider_session: str | None) -> list[tuple[str, str, str]]:
        """End what the sign-in service has ended: one session there, else all of that person. Give the id, name and agency of each."""
        condition = (
            tables.session.c.provider_session == provider_session if provider_session else tables.session.c.who == f"oidc:{subject or ''}"
        )
        if provider_session and subject:
            condition &= tables.session.c.who == f"oidc:{subject}"

        def write(connection: Connection) -> list[tuple[str, str, str]]:
            query = select(tables.session.c.id, tables.session.c.name, tables.session.c.agency).where(condition)
            ended = [(row.id, row.name, row.agency) for row in connection.execute(query)]
            connection.execute(delete(tables.session).where(condition))
            return ended

        with database_faults():
            return await self._database.write(write)

    async def _end(self, condition: ColumnElement[bool]) -> int:
        with database_faults():
            return await self._database.write(lambda connection: connection.execute(delete(tables.session).where(condition)).rowcount)


class OpenPages:
    """Which sessions go on, for pages that stay open and are told of news: asked once a second for all of them together, because two
    hundred that each asked for every piece of news would keep a processor busy with it.
    """

    def __init__(self, database: Database, sessions: Sessions) -> None:
        self._database, self._sessions = database, sessions
        self._turn, self._known, self._asked_at = asyncio.Lock(), frozenset[str](), -ASKED_EVERY_S

    async def goes_on(self, token: str, now: datetime) -> bool:
        """Say whether the session that this token opens goes on, or did a second ago."""
        async with self._turn:
            if time.monotonic() - self._asked_at >= ASKED_EVERY_S:
                with database_faults():
                    rows = await self._database.read(lambda connection: _going_on(connection, true(), now))
                self._known, self._asked_at = frozenset(row.token_hash for row in rows), time.monotonic()
        return hash_of(token) in self._known or await self._sessions.find(token, now, counts=False) is not None


def _standing(connection: Connection, condition: ColumnElement[bool], now: datetime) -> list[SignedIn]:
    """Give the sessions of this condition that go on."""
    return [_signed_in(row) for row in _going_on(connection, condition, now)]


def _going_on(connection: Connection, condition: ColumnElement[bool], now: datetime) -> list[Row[Any]]:
    """Give the rows of those that are not over by age, and are of a local user whose rights are those they were begun with."""
    rows = connection.execute(select(tables.session).where(condition).order_by(tables.session.c.seen_at.desc())).all()
    going_on = [row for row in rows if not is_over(row.begun_at, row.seen_at, now)]
    names = {row.username for row in going_on if row.who.startswith("local:")}
    stands = _rights_versions(connection, sorted(names)) if names else {}
    return [row for row in going_on if not row.who.startswith("local:") or stands.get(row.username) == row.rights_version]


def _rights_versions(connection: Connection, usernames: Sequence[str]) -> dict[str, int]:
    query = select(tables.user.c.username, tables.user.c.rights_version).where(
        tables.user.c.username.in_(usernames), tables.user.c.locked.is_(False)
    )
    return {row.username: row.rights_version for row in connection.execute(query)}


def _signed_in(row: Any) -> SignedIn:
    person = DeskPerson(
        who=row.who,
        name=row.name,
        username=row.username,
        agency=row.agency,
        setting=row.setting,
        team=row.team,
        roles=roles_in(row.roles),
    )
    return SignedIn(row.id, person, row.begun_at, row.seen_at, came_by_service=row.rights_version is None)
