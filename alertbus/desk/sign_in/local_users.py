"""Local users: people who sign in with a password that this bus keeps, on one machine and for the demo. A county has a sign-in service."""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection, delete, func, insert, select, update

from alertbus.desk.sign_in import tables
from alertbus.desk.sign_in.desk_person import DeskPerson, roles_in, roles_of, who_is_complete
from alertbus.desk.visitor import Role
from alertbus.model.errors import Fault, InvalidInput, NotFound
from alertbus.sql.database import Database
from alertbus.sql.engine import database_faults

USERNAME = re.compile(r"[a-z0-9][a-z0-9._-]{1,59}")


@dataclass(frozen=True, slots=True)
class LocalUser:
    """A local user as they stand. `person.who` is `local:` and the username."""

    person: DeskPerson
    locked: bool
    changed_at: datetime
    rights_version: int
    password_hash: str


class LocalUsers:
    """The local users of one database. Whoever is changed loses their sessions with the change, everywhere."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def add(self, person: DeskPerson, password_hash: str, now: datetime) -> None:
        """Add somebody. Raises `InvalidInput` for a username that is taken or is none, or for somebody incomplete."""
        who_is_complete(person)
        username = as_username(person.username)
        row = {
            "username": username,
            "name": person.name,
            "agency": person.agency,
            "setting": person.setting,
            "team": person.team,
            "roles": roles_of(person.roles),
            "password_hash": password_hash,
            "locked": False,
            "rights_version": 1,
            "changed_at": now,
        }

        def write(connection: Connection) -> None:
            if _row(connection, username) is not None:
                raise _taken()
            connection.execute(insert(tables.user).values(row))

        with database_faults():
            await self._database.write(write)

    async def must_be_new(self, username: str) -> None:
        """Raise `InvalidInput` for a username that somebody has."""
        with database_faults():
            if await self._database.read(lambda connection: _row(connection, username)) is not None:
                raise _taken()

    async def get(self, username: str) -> LocalUser:
        """Raises `NotFound`."""
        with database_faults():
            row = await self._database.read(lambda connection: _row(connection, username.strip().lower()))
        if row is None:
            raise NotFound("no such local user; `alertbus desk users list` lists them")
        return _as_user(row)

    async def all(self) -> list[LocalUser]:
        query = select(tables.user).order_by(tables.user.c.username)
        with database_faults():
            return await self._database.read(lambda connection: [_as_user(row) for row in connection.execute(query)])

    async def are_any(self) -> bool:
        query = select(func.count()).select_from(tables.user)
        with database_faults():
            return int(await self._database.read(lambda connection: connection.execute(query).scalar_one())) > 0

    async def change(
        self,
        username: str,
        now: datetime,
        *,
        roles: Iterable[Role] | None = None,
        password_hash: str | None = None,
        locked: bool | None = None,
    ) -> LocalUser:
        """Change what is given. All their sessions end, and no browser is known as theirs any more. Raises `NotFound`."""
        given = {"roles": None if roles is None else roles_of(roles), "password_hash": password_hash, "locked": locked}
        values = {name: value for name, value in given.items() if value is not None}
        if values.get("roles") == "":
            raise InvalidInput([Fault("roles", f"one or more of {', '.join(Role)}", "missing")])
        return await self._changed(username, {**values, "changed_at": now})

    async def end_sessions(self, username: str, now: datetime) -> LocalUser:
        """End all sessions of theirs, also one that begins at this very moment. Raises `NotFound`."""
        return await self._changed(username, {"changed_at": now})

    async def keep_hash(self, user: LocalUser, password_hash: str) -> None:
        """Keep the same password with today's parameters; nothing else changes."""
        same = (tables.user.c.username == user.person.username) & (tables.user.c.rights_version == user.rights_version)
        with database_faults():
            await self._database.write(
                lambda connection: connection.execute(update(tables.user).where(same).values(password_hash=password_hash)).rowcount
            )

    async def _changed(self, username: str, values: dict[str, object]) -> LocalUser:
        name = username.strip().lower()

        def write(connection: Connection) -> object:
            following = tables.user.c.rights_version + 1
            connection.execute(update(tables.user).where(tables.user.c.username == name).values(**values, rights_version=following))
            who = f"local:{name}"
            connection.execute(delete(tables.session).where(tables.session.c.who == who))
            connection.execute(delete(tables.device).where(tables.device.c.who == who))
            return _row(connection, name)

        with database_faults():
            row = await self._database.write(write)
        if row is None:
            raise NotFound("no such local user; `alertbus desk users list` lists them")
        return _as_user(row)


def as_username(typed: str) -> str:
    """Give the username in its one form. Raises `InvalidInput`."""
    found = typed.strip().lower()
    if USERNAME.fullmatch(found) is None:
        raise InvalidInput([Fault("username", "2 to 60 letters a to z, digits, dots, hyphens and underscores", "pattern")])
    return found


def _taken() -> InvalidInput:
    return InvalidInput([Fault("username", "one that nobody has yet", "taken")])


def _row(connection: Connection, username: str) -> object | None:
    return connection.execute(select(tables.user).where(tables.user.c.username == username)).one_or_none()


def _as_user(row: object) -> LocalUser:
    found = row._mapping  # type: ignore[attr-defined]  # noqa: SLF001  SQLAlchemy's documented name
    return LocalUser(
        person=DeskPerson(
            who=f"local:{found['username']}",
            name=found["name"],
            username=found["username"],
            agency=found["agency"],
            setting=found["setting"],
            team=found["team"],
            roles=roles_in(found["roles"]),
        ),
        locked=found["locked"],
        changed_at=found["changed_at"],
        rights_version=found["rights_version"],
        password_hash=found["password_hash"],
    )
