"""SQL on both databases: SQLite always, PostgreSQL where it is installed."""

import asyncio
import shutil
import stat
import sys
import textwrap
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path

import pytest
from sqlalchemy import Column, Integer, MetaData, Table, Text, bindparam, insert, inspect, select, text
from sqlalchemy.exc import IntegrityError, OperationalError, ProgrammingError, StatementError

from alertbus.chronicle.told_answers import untold_answers
from alertbus.model.errors import DatabaseUnavailable, SettingsFault
from alertbus.sql.database import Database
from alertbus.sql.engine import MIGRATIONS, UtcDateTime, database_faults, make_engine, migrate, reading, upsert

notes = Table(
    "notes",
    MetaData(),
    Column("id", Text, primary_key=True),
    Column("words", Text),
    Column("version", Integer),
    Column("at", UtcDateTime),
)


@pytest.fixture
async def engine(url: str) -> AsyncIterator[Database]:
    engine = make_engine(url)
    async with engine.begin() as connection:
        await connection.run_sync(notes.metadata.create_all)
    yield engine
    await engine.dispose()


async def rows(engine: Database) -> list[tuple[object, ...]]:
    async with reading(engine) as connection:
        return [tuple(row) for row in await connection.execute(select(notes).order_by(notes.c.id))]


async def at_once(count: int, script: str, *arguments: str) -> list[tuple[int | None, str]]:
    """Run a script in several processes, each let go only when all have come to its `input()`."""
    children = [
        await asyncio.create_subprocess_exec(
            sys.executable,
            "-c",
            textwrap.dedent(script),
            str(me),
            *arguments,
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.STDOUT,
        )
        for me in range(count)
    ]
    for child in children:
        assert child.stdout is not None
        assert await child.stdout.readline() == b"ready\n"
    said = await asyncio.gather(*(child.communicate(b"go\n") for child in children))
    return [(child.returncode, out.decode()) for child, (out, _) in zip(children, said, strict=True)]


async def test_insert_that_meets_the_same_key_changes_nothing(engine: Database) -> None:
    async with engine.begin() as connection:
        once = upsert(notes, connection.dialect.name)
        await connection.execute(once, [{"id": "a", "words": "first"}, {"id": "b", "words": "first"}])
        await connection.execute(once, [{"id": "a", "words": "second"}, {"id": "c", "words": "second"}])

    assert await rows(engine) == [
        ("a", "first", None, None),
        ("b", "first", None, None),
        ("c", "second", None, None),
    ]


async def test_insert_says_which_rows_were_new(engine: Database) -> None:
    async with engine.begin() as connection:
        once = upsert(notes, connection.dialect.name).returning(notes.c.id)
        first = (await connection.execute(once, [{"id": "a"}])).scalars().all()
        second = (await connection.execute(once, [{"id": "a"}])).scalars().all()

    assert (first, second) == (["a"], [])


async def test_update_on_conflict_sets_only_the_columns_named(engine: Database) -> None:
    async with engine.begin() as connection:
        write = upsert(notes, connection.dialect.name, key=["id"], update=["words"])
        await connection.execute(write, {"id": "a", "words": "first", "version": 1})
        await connection.execute(write, {"id": "a", "words": "second", "version": 2})

    assert await rows(engine) == [("a", "second", 1, None)]


async def test_older_record_read_again_changes_nothing(engine: Database) -> None:
    async with engine.begin() as connection:
        write = upsert(notes, connection.dialect.name, update=["words", "version"], newer="version")
        for version, words in ((2, "second"), (1, "first"), (2, "second again"), (3, "third")):
            await connection.execute(write, {"id": "a", "words": words, "version": version})

    assert await rows(engine) == [("a", "third", 3, None)]


def test_upsert_names_the_dialects_it_knows() -> None:
    with pytest.raises(ValueError, match=r"expected the dialect sqlite or postgresql; give connection\.dialect\.name"):
        upsert(notes, "mysql")


async def test_moment_comes_back_the_same_aware_and_in_utc(engine: Database) -> None:
    summer = datetime(2020, 7, 1, 9, 30, 0, 123456, tzinfo=timezone(timedelta(hours=1)))

    async with engine.begin() as connection:
        await connection.execute(insert(notes), {"id": "a", "at": summer})

    ((_, _, _, at),) = await rows(engine)
    assert at == summer
    assert isinstance(at, datetime)
    assert at.tzinfo is UTC
    assert at.isoformat() == "2020-07-01T08:30:00.123456+00:00"


async def test_moments_from_different_zones_compare_as_moments(engine: Database) -> None:
    noon = datetime(2020, 7, 1, 12, tzinfo=UTC)
    later_but_looks_earlier = datetime(2020, 7, 1, 11, 59, tzinfo=timezone(timedelta(hours=-1)))

    async with engine.begin() as connection:
        await connection.execute(insert(notes), [{"id": "a", "at": noon}, {"id": "b", "at": later_but_looks_earlier}])
        after = await connection.execute(select(notes.c.id).where(notes.c.at > noon))

    assert after.scalars().all() == ["b"]


async def test_naive_time_is_refused(engine: Database) -> None:
    with pytest.raises(StatementError, match="expected a time with its zone"):
        async with engine.begin() as connection:
            await connection.execute(insert(notes), {"id": "a", "at": datetime(2020, 7, 1)})  # noqa: DTZ001


async def test_error_of_the_database_hides_the_parameters(engine: Database) -> None:
    with pytest.raises(IntegrityError) as refused:
        async with engine.begin() as connection:
            await connection.execute(insert(notes), [{"id": "a", "words": "Zephyrine"}] * 2)

    assert "Zephyrine" not in str(refused.value)


async def test_reader_sees_one_moment_and_waits_for_no_writer(engine: Database) -> None:
    async with engine.begin() as writer:
        await writer.execute(insert(notes), {"id": "a"})

        assert await asyncio.wait_for(rows(engine), timeout=5) == []

    assert len(await rows(engine)) == 1


async def test_what_is_not_finished_is_undone(engine: Database) -> None:
    async def give_up_half_way() -> None:
        async with engine.begin() as connection:
            await connection.execute(insert(notes), {"id": "a"})
            raise KeyError

    with pytest.raises(KeyError):
        await give_up_half_way()

    assert await rows(engine) == []


async def test_several_processes_writing_at_once_lose_nothing(engine: Database, url: str) -> None:
    script = """
        import asyncio, sys
        from sqlalchemy import text
        from alertbus.sql.engine import make_engine

        async def main(me, url):
            engine = make_engine(url)
            for n in range(25):
                async with engine.begin() as connection:
                    # Reading first and writing after is what fails without BEGIN IMMEDIATE.
                    await connection.execute(text("SELECT count(*) FROM notes"))
                    await connection.execute(text("INSERT INTO notes (id) VALUES (:id)"), {"id": f"{me}-{n}"})
            await engine.dispose()

        print("ready", flush=True)
        input()
        asyncio.run(main(*sys.argv[1:]))
    """

    ended = await at_once(4, script, url)

    assert ended == [(0, "")] * 4
    assert len(await rows(engine)) == 4 * 25


async def test_sqlite_is_set_for_many_processes_and_for_power_cuts(tmp_path: Path) -> None:
    engine = make_engine(f"sqlite:///{tmp_path}/new/bus.db")
    async with engine.begin() as connection:
        found = {
            name: (await connection.execute(text(f"PRAGMA {name}"))).scalar_one()
            for name in ("journal_mode", "synchronous", "busy_timeout", "foreign_keys")
        }
    await engine.dispose()

    assert found == {"journal_mode": "wal", "synchronous": 2, "busy_timeout": 30000, "foreign_keys": 1}
    assert stat.S_IMODE((tmp_path / "new/bus.db").stat().st_mode) == 0o600
    assert stat.S_IMODE((tmp_path / "new").stat().st_mode) == 0o700


async def test_database_that_is_not_there_is_unavailable_without_its_password(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    for url in ("postgresql+psycopg://bus:hunter2@127.0.0.1:1/bus", f"sqlite:///{tmp_path}/file/bus.db"):
        with pytest.raises(DatabaseUnavailable, match=r"ALERTBUS_DATABASE_URL .* does not answer") as refused:
            await migrate(url)

        assert refused.value.retriable
        assert "hunter2" not in str(refused.value)


async def test_wrong_password_is_unavailable_too(postgres_url: str) -> None:
    user, _, rest = postgres_url.partition("@")
    with pytest.raises(DatabaseUnavailable):
        await migrate(f"{user}x@{rest}")


async def test_wrong_statement_is_not_taken_for_a_database_away(engine: Database) -> None:
    async def ask_for_nothing_known() -> None:
        with database_faults():
            async with engine.begin() as connection:
                await connection.execute(text("SELECT * FROM nowhere"))

    with pytest.raises((ProgrammingError, OperationalError)):
        await ask_for_nothing_known()


@pytest.fixture
def scripts(tmp_path: Path) -> Path:
    """Give migrations of two steps: a table, then a column, as the rooms will have them."""
    folder = tmp_path / "100% migrations"
    (folder / "versions").mkdir(parents=True)
    (folder / "env.py").write_text((MIGRATIONS / "env.py").read_text())
    steps = [
        ("0001", None, 'op.create_table("things", sa.Column("id", sa.Text, primary_key=True))'),
        ("0002", "0001", 'op.add_column("things", sa.Column("words", sa.Text))'),
    ]
    for step, after, body in steps:
        write_step(folder, step, after, body)
    return folder


def write_step(folder: Path, step: str, after: str | None, body: str) -> None:
    (folder / "versions" / f"{step}.py").write_text(
        f"import sqlalchemy as sa\nfrom alembic import op\nrevision = {step!r}\ndown_revision = {after!r}\n\n\n"
        f"def upgrade() -> None:\n    {body}\n"
    )


async def columns(url: str) -> dict[str, list[str]]:
    engine = make_engine(url)
    async with engine.begin() as connection:
        found = await connection.run_sync(
            lambda c: {t: [x["name"] for x in inspect(c).get_columns(t)] for t in inspect(c).get_table_names()}
        )
    await engine.dispose()
    return found


async def test_shipped_migrations_run_twice_to_the_same_end(url: str) -> None:
    await migrate(url)
    once = await columns(url)
    await migrate(url)

    assert await columns(url) == once
    assert "alembic_version" in once


async def test_copies_kept_as_accepted_become_copies_and_hide_no_refusal_any_more(url: str, tmp_path: Path) -> None:
    before = tmp_path / "before"
    shutil.copytree(MIGRATIONS, before, ignore=lambda _, names: [name for name in names if "0007" <= name[:4] <= "9999"])
    await migrate(url, before)
    engine = make_engine(url)
    receipt = "INSERT INTO chronicle_receipt (id, notice_id, obligation_id, alert_id, case_id, agency, stage, at, detail) VALUES "
    owed = "INSERT INTO chronicle_obligation (id, alert_id, case_id, agency, role, kind, severity, severity_rank, since, cause, notice_id, state) VALUES "
    async with engine.begin() as connection:
        for name, *stages in (("refused", "refused"), ("failed", "failed"), ("accepted", "refused", "accepted")):
            told = [(stage, None) for stage in stages] + [("accepted", "fallback:desk")]
            for number, (stage, detail) in enumerate(told):
                one = {"id": f"{name}-{number}", "owed": name, "stage": stage, "detail": detail, "at": datetime(2026, 3, 2, tzinfo=UTC)}
                await connection.execute(
                    text(receipt + "(:id, 'n', :owed, 'a', 'c', 'gp', :stage, :at, :detail)").bindparams(
                        bindparam("at", type_=UtcDateTime)
                    ),
                    one,
                )
            since = {"id": name, "since": datetime(2026, 3, 2, tzinfo=UTC)}
            await connection.execute(
                text(owed + "(:id, 'a', 'c', 'gp', 'gp', 'other', 'low', 3, :since, 'alert', 'n', 'accepted')").bindparams(
                    bindparam("since", type_=UtcDateTime)
                ),
                since,
            )

    await migrate(url)

    async with engine.begin() as connection:
        states = (await connection.execute(text("SELECT id, state FROM chronicle_obligation"))).all()
        copies = (await connection.execute(text("SELECT channel, detail FROM chronicle_receipt WHERE stage = 'copied'"))).all()
    await engine.dispose()
    assert {row.id: row.state for row in states} == {"refused": "refused", "failed": "failed", "accepted": "accepted"}
    assert [tuple(row) for row in copies] == [("desk", None)] * 3


async def test_each_step_is_taken_once(url: str, scripts: Path) -> None:
    await migrate(url, scripts)
    await migrate(url, scripts)

    assert await columns(url) == {"alembic_version": ["version_num"], "things": ["id", "words"]}


async def test_step_that_fails_leaves_everything_as_it_was(url: str, scripts: Path) -> None:
    write_step(scripts, "0003", "0002", 'op.execute("DROP TABLE things"); op.execute("nonsense")')

    with pytest.raises((ProgrammingError, OperationalError)):
        await migrate(url, scripts)

    assert await columns(url) == {}


async def test_schema_of_a_newer_version_is_left_alone_and_told(url: str, scripts: Path) -> None:
    await migrate(url, scripts)
    (scripts / "versions" / "0002.py").unlink()

    with pytest.raises(SettingsFault, match="schema is not one this version knows"):
        await migrate(url, scripts)

    assert (await columns(url))["things"] == ["id", "words"]


async def test_four_processes_starting_at_once_migrate_once(url: str, scripts: Path) -> None:
    script = """
        import alembic.command, asyncio, sys
        from pathlib import Path
        from alertbus.sql.engine import migrate

        print("ready", flush=True)
        input()
        asyncio.run(migrate(sys.argv[2], Path(sys.argv[3])))
    """

    write_step(scripts, "0003", "0002", "import time; time.sleep(0.5)")  # long enough for the others to come

    ended = await at_once(4, script, url, str(scripts))

    assert ended == [(0, "")] * 4
    assert await columns(url) == {"alembic_version": ["version_num"], "things": ["id", "words"]}


async def test_answers_of_before_wait_to_be_told_to_their_cases_and_what_nobody_acts_on_is_open_again(url: str, tmp_path: Path) -> None:
    before = tmp_path / "before"
    shutil.copytree(MIGRATIONS, before, ignore=lambda _, names: [name for name in names if "0016" <= name[:4] <= "9999"])
    await migrate(url, before)
    engine = make_engine(url)
    given = "INSERT INTO chronicle_receipt (id, notice_id, obligation_id, alert_id, case_id, agency, stage, at, by, intent, note) VALUES "
    owed = (
        "INSERT INTO chronicle_obligation (id, alert_id, case_id, agency, role, kind, severity, severity_rank, since, cause, notice_id, state, "
        "acknowledged_by, acknowledged_intent) VALUES (:id, 'a', 'c', 'gp', 'gp', 'other', 'low', 3, :at, 'alert', 'n', :state, 'P.', :first)"
    )
    moment = bindparam("at", type_=UtcDateTime)
    async with engine.begin() as connection:
        for name, *intents in (
            ("acts", "acting"),
            ("passed", "passing_on"),
            ("not_ours", "not_ours"),
            ("taken", "passing_on", "acting"),
            ("seen",),
        ):
            at = {"at": datetime(2026, 3, 2, tzinfo=UTC)}
            for number, intent in enumerate(intents):
                values = "(:id, 'n', :owed, 'a', 'c', 'gp', 'acknowledged', :at, 'P.', :intent, 'why')"
                await connection.execute(
                    text(given + values).bindparams(moment), {"id": f"{name}-{number}", "owed": name, "intent": intent} | at
                )
            await connection.execute(
                text(given + "('s-' || :owed, 'n', :owed, 'a', 'c', 'gp', 'seen', :at, NULL, NULL, NULL)").bindparams(moment),
                {"owed": name} | at,
            )
            state = "acknowledged" if intents else "seen"
            await connection.execute(
                text(owed).bindparams(moment), {"id": name, "state": state, "first": intents[0] if intents else None} | at
            )
        await connection.execute(
            text("INSERT INTO chronicle_count (counted, exercise, number) VALUES ('acknowledged', '', 4), ('seen', '', 1)")
        )

    await migrate(url)

    waiting = await untold_answers(engine, 100)
    async with engine.begin() as connection:
        states = {row.id: row.state for row in await connection.execute(text("SELECT id, state FROM chronicle_obligation"))}
        counted = {row.counted: row.number for row in await connection.execute(text("SELECT counted, number FROM chronicle_count"))}
    await engine.dispose()
    assert sorted(receipt.id for receipt in waiting) == ["acts-0", "not_ours-0", "passed-0", "taken-0", "taken-1"]
    assert states == {"acts": "acknowledged", "passed": "passed_on", "not_ours": "not_ours", "taken": "acknowledged", "seen": "seen"}
    assert counted == {"acknowledged": 2, "passed_on": 1, "not_ours": 1, "seen": 1}
