"""`alertbus desk users` adds, changes and locks local users; each change is in the audit, with who did it, before it is done."""

import asyncio
import contextlib
import io
import json
import secrets
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path

import pytest

from alertbus.audit import trail
from alertbus.audit.chain import AuditedDeed
from alertbus.broker.topics import ensure_topics
from alertbus.cli.main import app, guarded
from alertbus.sql.engine import make_engine
from tests.at_the_door import PASSWORD, Desk, WallClock, desk, name_shown, sign_in

CANARY = "Canary Zebedee 1987"
Run = Callable[..., Awaitable[str]]


@pytest.fixture
def run(kafka: str, tmp_path: Path) -> Run:
    async def command(*words: str, code: int = 0, user: str = "ann.operator") -> str:
        out = io.StringIO()

        def running() -> int:
            with pytest.MonkeyPatch.context() as patch, contextlib.redirect_stdout(out), contextlib.redirect_stderr(out):
                patch.setenv("ALERTBUS_BOOTSTRAP_SERVERS", kafka)
                patch.setenv("ALERTBUS_DATA_DIR", str(tmp_path / "data"))
                patch.setenv("LOGNAME", user)
                return guarded(lambda: app(["desk", "users", *words]))

        assert await asyncio.to_thread(running) == code, out.getvalue()
        assert PASSWORD not in out.getvalue()
        assert CANARY not in out.getvalue()
        return out.getvalue()

    return command


@pytest.fixture
async def here(run: Run, tmp_path: Path) -> AsyncIterator[Desk]:
    await run("list")
    database = make_engine(f"sqlite:///{tmp_path / 'data' / 'alertbus.db'}")
    yield desk(database, WallClock())
    await database.dispose()


def secret(folder: Path, text: str = PASSWORD, mode: int = 0o600) -> str:
    path = folder / f"password-{secrets.token_hex(4)}"
    path.write_text(text)
    path.chmod(mode)
    return str(path)


def adding(folder: Path, **changed: str) -> list[str]:
    given = {
        "name": "Mary Obi",
        "agency": "school",
        "setting": "school.123456",
        "role": "practitioner",
        "password-file": secret(folder),
    } | changed
    return ["add", "mary.obi", *(word for name, value in given.items() for word in (f"--{name}", value))]


async def test_a_user_is_added_given_other_roles_locked_and_unlocked_and_each_is_audited(
    run: Run, here: Desk, kafka: str, tmp_path: Path
) -> None:
    await ensure_topics(kafka)
    before = {(one.chain, one.number) for one in await trail.records(kafka)}
    await run(*adding(tmp_path))
    async with here.browser() as browser:
        await sign_in(browser)
        assert await name_shown(browser) == "Mary Obi"
        for words in (["roles", "mary.obi", "--role", "manager", "--role", "auditor", "--by", "Joan Second"], ["end-sessions", "mary.obi"]):
            await run(*words)
            assert await name_shown(browser) is None
            await sign_in(browser)
        await run("lock", "mary.obi")
        assert await name_shown(browser) is None
        assert (await sign_in(browser)).status_code == 422
        [listed] = json.loads(await run("list", "--json"))
        await run("unlock", "mary.obi")
        await run("password", "mary.obi", "--password-file", secret(tmp_path, "forty brass herons leaning"))
        assert (await sign_in(browser)).status_code == 422
        assert (await sign_in(browser, password="forty brass herons leaning")).status_code == 303

    assert listed | {"changed": None} == {
        "username": "mary.obi",
        "name": "Mary Obi",
        "agency": "school.123456",
        "team": None,
        "roles": ["auditor", "manager"],
        "locked": True,
        "changed": None,
    }
    written = [one for one in await trail.records(kafka) if (one.chain, one.number) not in before]
    assert {(one.deed, one.chain) for one in written} == {(AuditedDeed.DESK_USER_CHANGED, "school")}
    assert [(one.by, one.reason) for one in sorted(written, key=lambda one: one.number)] == [
        ("ann.operator", "Mary Obi: added with the roles practitioner"),
        ("Joan Second", "Mary Obi: given the roles auditor, manager"),
        ("ann.operator", "Mary Obi: every session ended"),
        ("ann.operator", "Mary Obi: locked"),
        ("ann.operator", "Mary Obi: unlocked"),
        ("ann.operator", "Mary Obi: given another password"),
    ]


@pytest.mark.parametrize(
    "wrong",
    [
        {"agency": "no_such_agency"},
        {"agency": "school.123456"},
        {"setting": "health.1"},
        {"name": "M"},
        {"team": "health.north"},
    ],
    ids=str,
)
async def test_who_is_incomplete_or_of_no_agency_of_the_policy_is_not_added(
    run: Run, here: Desk, tmp_path: Path, wrong: dict[str, str]
) -> None:
    await run(*adding(tmp_path, **wrong), code=1)
    assert await here.door.letting_in.users.all() == []


async def test_a_weak_password_or_a_file_that_others_can_read_is_refused_and_not_quoted(run: Run, here: Desk, tmp_path: Path) -> None:
    await run(*adding(tmp_path, **{"password-file": secret(tmp_path, CANARY[:11])}), code=1)
    await run(*adding(tmp_path, **{"password-file": secret(tmp_path, "password1234")}), code=1)
    await run(*adding(tmp_path, **{"password-file": secret(tmp_path, mode=0o644)}), code=2)
    assert await here.door.letting_in.users.all() == []


async def test_nobody_is_changed_whom_nobody_knows_and_a_username_is_somebodys_once(
    run: Run, here: Desk, kafka: str, tmp_path: Path
) -> None:
    await ensure_topics(kafka)
    for words in (["lock"], ["unlock"], ["end-sessions"], ["roles", "--role", "manager"]):
        await run(words[0], "no.body", *words[1:], code=1)
    await run(*adding(tmp_path))
    await run(*adding(tmp_path), code=1)
    await run("lock", "mary.obi", code=2, user="root")
    assert [one.locked for one in await here.door.letting_in.users.all()] == [False]
