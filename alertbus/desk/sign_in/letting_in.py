"""Letting somebody in, by a password that we keep or by the sign-in service, and writing down that it was done or refused."""

import asyncio
import secrets
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Protocol

from sqlalchemy import Connection, delete, insert, select

from alertbus.audit.chain import AuditedDeed
from alertbus.desk.sign_in import tables
from alertbus.desk.sign_in.desk_person import LONGEST_NAME, SHORTEST_NAME, DeskPerson
from alertbus.desk.sign_in.local_users import LocalUser, LocalUsers
from alertbus.desk.sign_in.passwords import Hashing, hashed, is_outdated, normal
from alertbus.desk.sign_in.secret_tokens import hash_of, new_token, same
from alertbus.desk.sign_in.service import SignInService
from alertbus.desk.sign_in.service_claims import NotLetIn, person_of
from alertbus.desk.sign_in.signed_in import OpenPages, Sessions
from alertbus.desk.sign_in.slowing_down import SlowingDown
from alertbus.desk.visitor import DESK
from alertbus.intake.callers import Caller
from alertbus.model.errors import NotFound
from alertbus.sql.database import Database
from alertbus.sql.engine import database_faults

EXPECTED_FOR = timedelta(minutes=10)
"""How long somebody who was sent to the sign-in service is expected back (ours): time to find a telephone for the second factor."""

NO_SUCH_USER = "a user whom nobody knows"
"""Stands in the audit for a name that is no user's: what was typed may be a password."""


class Writes(Protocol):
    """What of `intake.by_name.Audited` is needed here."""

    async def note(self, deed: AuditedDeed, caller: Caller, *, about: Sequence[str], reason: str, by: str | None = None) -> None: ...


@dataclass(frozen=True, slots=True)
class LetIn:
    """Somebody was let in: what the browser gets, and where they go on."""

    token: str
    device: str | None = None
    next: str = "/"


@dataclass(frozen=True, slots=True)
class Refused:
    """Somebody was not. `wait`: it came too early, by so much. Else name and password do not fit, or the user is locked: never which."""

    wait: timedelta | None = None


class LettingIn:
    """Both ways in, over one database. `agencies` are those of the policy."""

    def __init__(
        self, database: Database, audit: Writes, now: Callable[[], datetime], agencies: frozenset[str], service: SignInService | None = None
    ) -> None:
        self._database, self._audit, self._now, self._agencies, self.service = database, audit, now, agencies, service
        self.users, self.sessions, self.slowing = LocalUsers(database), Sessions(database), SlowingDown(database)
        self.open_pages = OpenPages(database, self.sessions)
        self._hashing = Hashing()

    async def by_password(
        self, username: str, password: str, *, address: str, device: str | None, instead_of: str | None
    ) -> LetIn | Refused:
        """Let a local user in. It takes as long, and says the same, for who is no user.

        Raises `BrokerUnavailable` or `DatabaseUnavailable` where it cannot be written down: then nobody is let in.
        """
        attempt = await self.slowing.count(username, address, device, self._now())
        if attempt.wait is not None:
            return Refused(attempt.wait)
        user = await self._user(username)
        right = await self._hashing.verify(None if user is None else user.password_hash, password)
        if user is None or not right or user.locked:
            await self._refused(user)
            return Refused()
        person = user.person
        known = await self.slowing.succeeded(attempt, person.who, device, self._now())
        if is_outdated(user.password_hash):
            await self.users.keep_hash(user, await asyncio.to_thread(hashed, normal(password)))
        token = await self._begin(person, "by password", rights_version=user.rights_version, instead_of=instead_of)
        return LetIn(token, known)

    async def send_to_service(self, next_: str, *, ask_again: bool) -> tuple[str, str]:
        """Give the address of the sign-in service, and the cookie by which the same browser is known when it is back."""
        assert self.service is not None
        cookie, state, nonce, verifier = new_token(), new_token(), new_token(), secrets.token_urlsafe(64)
        where = await self.service.way_there(state=state, nonce=nonce, verifier=verifier, ask_again=ask_again)
        now = self._now()
        row = {
            "cookie_hash": hash_of(cookie),
            "state": state,
            "nonce": nonce,
            "verifier": verifier,
            "next": next_,
            "asked_again": ask_again,
            "begun_at": now,
        }

        def write(connection: Connection) -> None:
            connection.execute(delete(tables.pending).where(tables.pending.c.begun_at <= now - EXPECTED_FOR))
            connection.execute(insert(tables.pending).values(row))

        with database_faults():
            await self._database.write(write)
        return where, cookie

    async def by_service(self, cookie: str | None, state: str, code: str, issuer: str | None, *, instead_of: str | None) -> LetIn:
        """Let in who comes back from the service. Raises `NotLetIn`: each of its answers counts once, in the browser that asked."""
        assert self.service is not None
        pending = await self._taken(cookie)
        if not code:
            raise NotLetIn("the sign-in service did not let you in, or you turned back")
        now = self._now()
        if pending is None or not same(pending["state"], state) or now - pending["begun_at"] >= EXPECTED_FOR:
            raise NotLetIn("that sign-in was begun in another browser, or too long ago; begin again")
        settings = self.service.settings
        if issuer != settings.issuer and (issuer is not None or (await self.service.addresses()).names_itself):
            raise NotLetIn("that answer is another sign-in service's; begin again")
        again = pending["begun_at"] if pending["asked_again"] else None
        claims = await self.service.claims(code, verifier=pending["verifier"], nonce=pending["nonce"], asked_again_at=again, now=now)
        try:
            person = person_of(claims, settings, self._agencies)
        except NotLetIn as refusal:
            by = " ".join(str(claims.get("name") or "").split())
            fit = SHORTEST_NAME <= len(by) <= LONGEST_NAME and by.isprintable()
            await self._note(AuditedDeed.SIGN_IN_REFUSED, None, by if fit else NO_SUCH_USER, str(refusal))
            raise
        there = claims.get("sid")
        if isinstance(there, str) and len(there) > _LONGEST_SID:
            raise NotLetIn("the sign-in service names its session in a way that cannot be kept, so that it could not be ended")
        token = await self._begin(
            person, "by the sign-in service", provider_session=there if isinstance(there, str) else None, instead_of=instead_of
        )
        return LetIn(token, next=pending["next"])

    async def end_by_service(self, logout_token: str) -> int:
        """End what the service says is over. Raises `NotLetIn` for what it did not say."""
        assert self.service is not None
        said = await self.service.ended(logout_token, self._now())
        ended = await self.sessions.end_by_service(subject=said.subject, provider_session=said.provider_session)
        for id_, name, agency in ended:
            await self._note(AuditedDeed.SESSIONS_ENDED, agency, name, "ended at the sign-in service", id_)
        return len(ended)

    async def note(self, deed: AuditedDeed, person: DeskPerson, reason: str, *about: str) -> None:
        """Write what somebody does with their own sessions."""
        await self._note(deed, person.at, person.name, reason, *about)

    async def _begin(
        self,
        person: DeskPerson,
        reason: str,
        *,
        rights_version: int | None = None,
        provider_session: str | None = None,
        instead_of: str | None = None,
    ) -> str:
        await self._note(AuditedDeed.SIGNED_IN, person.at, person.name, reason)
        return await self.sessions.begin(
            person, self._now(), rights_version=rights_version, provider_session=provider_session, instead_of=instead_of
        )

    async def _user(self, username: str) -> LocalUser | None:
        try:
            return await self.users.get(username[:_LONGEST_TYPED])
        except NotFound:
            return None

    async def _refused(self, user: LocalUser | None) -> None:
        if user is None:
            await self._note(AuditedDeed.SIGN_IN_REFUSED, None, NO_SUCH_USER, "no such user")
        else:
            why = "locked" if user.locked else "wrong password"
            await self._note(AuditedDeed.SIGN_IN_REFUSED, user.person.at, user.person.name, why)

    async def _note(self, deed: AuditedDeed, agency: str | None, by: str, reason: str, *about: str) -> None:
        await self._audit.note(deed, Caller(DESK, agency, frozenset(), ()), about=about, reason=reason, by=by)

    async def _taken(self, cookie: str | None) -> "dict[str, Any] | None":
        """Give what was kept when somebody was sent away, and keep it no longer: it counts once."""
        if cookie is None:
            return None
        same_browser = tables.pending.c.cookie_hash == hash_of(cookie)

        def write(connection: Connection) -> "dict[str, Any] | None":
            row = connection.execute(select(tables.pending).where(same_browser)).mappings().one_or_none()
            gone = connection.execute(delete(tables.pending).where(same_browser)).rowcount
            return dict(row) if row is not None and gone == 1 else None

        with database_faults():
            return await self._database.write(write)


_LONGEST_TYPED = 100
_LONGEST_SID = 200
