"""`alertbus desk users`: people who sign in with a password that this bus keeps, for one machine and the demo. Each change is audited."""

import asyncio
import contextlib
import getpass
import re
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path
from typing import Annotated

import typer

from alertbus.audit.anchor import Anchor, anchor_places
from alertbus.audit.chain import CHAIN, OPERATIONS, AuditedDeed
from alertbus.audit.keys import load_keys
from alertbus.audit.trail import Trail
from alertbus.broker.producer import Producer
from alertbus.cli.output import as_json, rows, say
from alertbus.desk.sign_in.desk_person import DeskPerson, who_is_complete
from alertbus.desk.sign_in.local_users import LocalUser, LocalUsers, as_username
from alertbus.desk.sign_in.passwords import checked, hashed
from alertbus.desk.sign_in.slowing_down import SlowingDown
from alertbus.desk.visitor import Role
from alertbus.intake.by_name import named
from alertbus.model.errors import Fault, InvalidInput
from alertbus.run.bootstrap import Wiring, now, wired
from alertbus.secret_files import read_secret

app = typer.Typer(help="Local users of the desk. A county's people sign in by its own service (ALERTBUS_DESK_OIDC).", no_args_is_help=True)

Username = Annotated[str, typer.Argument(help="Letters a to z, digits, dots, hyphens and underscores.")]
DoneBy = Annotated[str | None, typer.Option(help="Who does it: a person's name. The name you are logged in by, if left out.")]
PasswordFile = Annotated[
    Path | None, typer.Option(help="A file with the password, which only its owner can read; left out: it is asked for, and not shown.")
]
Roles = Annotated[list[Role], typer.Option("--role", help="What they are at the desk; may be given several times.")]


@app.command()
def add(
    username: Username,
    name: Annotated[str, typer.Option(help="The whole name, as it will stand on what they answer.")],
    agency: Annotated[str, typer.Option(help="An agency of the policy, such as school.")],
    role: Roles,
    setting: Annotated[str | None, typer.Option(help="The school, surgery or force within it, such as school.123456.")] = None,
    team: Annotated[str | None, typer.Option(help="The id of their team.")] = None,
    password_file: PasswordFile = None,
    by: DoneBy = None,
) -> None:
    """Add somebody. There is no password but the one that you give: twelve characters at least, such as four words by chance."""
    username = as_username(username)
    person = DeskPerson(f"local:{username}", " ".join(name.split()), username, agency, setting, team, frozenset(role))
    who_is_complete(person)
    hash_ = hashed(_password(password_file, username, person.name, agency))

    async def added(users: LocalUsers, wiring: Wiring) -> None:
        if agency not in wiring.policy.agencies:
            raise InvalidInput([Fault("agency", f"one of {', '.join(sorted(wiring.policy.agencies))}", "unknown")])
        await users.must_be_new(username)
        async with _audited(wiring, by, person, f"added with the roles {', '.join(sorted(role))}"):
            await users.add(person, hash_, now())

    asyncio.run(_with_users(added))
    say(f"{person.name} may sign in as {username}.")


@app.command("list")
def list_(json_: Annotated[bool, typer.Option("--json")] = False) -> None:
    """Every local user, without anything of their passwords."""
    found: list[LocalUser] = []

    async def listed(users: LocalUsers, _: Wiring) -> None:
        found.extend(await users.all())

    asyncio.run(_with_users(listed))
    lines = [
        {
            "username": one.person.username,
            "name": one.person.name,
            "agency": one.person.at,
            "team": one.person.team,
            "roles": sorted(one.person.roles),
            "locked": one.locked,
            "changed": one.changed_at.isoformat(timespec="seconds"),
        }
        for one in found
    ]
    if json_:
        as_json(lines)
        return
    cells = [
        (
            line["username"],
            line["name"],
            line["agency"],
            line["team"],
            ", ".join(sorted(one.person.roles)),
            line["locked"] or "",
            line["changed"],
        )
        for line, one in zip(lines, found, strict=True)
    ]
    rows("Local users", ("username", "name", "agency", "team", "roles", "locked", "changed"), cells, empty="No local users.")


@app.command()
def lock(username: Username, by: DoneBy = None) -> None:
    """Let somebody in no more, and end their sessions at once."""
    _change(username, by, "locked", locked=True)
    say(f"{username} is locked; every session of theirs is over.")


@app.command()
def unlock(username: Username, by: DoneBy = None) -> None:
    """Let somebody in again, also without waiting after failed attempts."""
    _change(username, by, "unlocked", locked=False)
    say(f"{username} may sign in again.")


@app.command()
def password(username: Username, password_file: PasswordFile = None, by: DoneBy = None) -> None:
    """Give somebody another password, and end their sessions at once."""
    _change(username, by, "given another password", password_hash=hashed(_password(password_file, username)))
    say(f"{username} has another password; every session of theirs is over.")


@app.command()
def roles(username: Username, role: Roles, by: DoneBy = None) -> None:
    """Give somebody these roles and no others, and end their sessions at once."""
    _change(username, by, f"given the roles {', '.join(sorted(role))}", roles=frozenset(role))
    say(f"{username} has the roles {', '.join(sorted(role))}; every session of theirs is over.")


@app.command("end-sessions")
def end_sessions(username: Username, by: DoneBy = None) -> None:
    """End every session of somebody, wherever it is."""
    _change(username, by, "every session ended")
    say(f"Every session of {username} is over.")


def _change(
    username: str,
    by: str | None,
    what: str,
    *,
    roles: frozenset[Role] | None = None,
    password_hash: str | None = None,
    locked: bool | None = None,
) -> None:
    async def changed(users: LocalUsers, wiring: Wiring) -> None:
        person = (await users.get(username)).person
        async with _audited(wiring, by, person, what):
            await users.change(username, now(), roles=roles, password_hash=password_hash, locked=locked)
        if locked is False:
            await SlowingDown(wiring.engine).forget(username)

    asyncio.run(_with_users(changed))


async def _with_users(work: Callable[[LocalUsers, Wiring], Awaitable[None]]) -> None:
    async with wired() as wiring:
        await work(LocalUsers(wiring.engine), wiring)


@contextlib.asynccontextmanager
async def _audited(wiring: Wiring, by: str | None, person: DeskPerson, what: str) -> AsyncIterator[None]:
    """Write it down first; what cannot be written down is not done."""
    who = named(by) if by else _logged_in()
    settings = wiring.settings
    producer = Producer(wiring.bootstrap, client_id="alertbus-desk-users")
    await producer.start()
    keys, places = load_keys(settings.audit_key_file, settings.data_dir), anchor_places(settings.audit_anchor, settings.data_dir)
    trail = Trail(wiring.bootstrap, wiring.engine, producer, now, keys, Anchor(*places, now))
    try:
        chain = person.agency if re.fullmatch(CHAIN, person.agency) else OPERATIONS
        await trail.append(chain, AuditedDeed.DESK_USER_CHANGED, by=who, reason=f"{person.name}: {what}"[:500])
        yield
    finally:
        await trail.close()
        await producer.stop()


def _logged_in() -> str:
    try:
        return named(getpass.getuser())
    except InvalidInput:
        raise typer.BadParameter("--by: give the name of the person who does this; the audit keeps it") from None


def _password(file: Path | None, *about: str) -> str:
    if file is not None:
        return checked(read_secret(file, "--password-file"), *about)
    return checked(str(typer.prompt("Password", hide_input=True, confirmation_prompt=True)), *about)
