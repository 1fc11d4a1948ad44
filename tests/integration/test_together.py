"""Shared transactions: everybody's work is committed, each gets its own answer, and one that fails spoils it for nobody else."""

import asyncio
import shutil
from collections.abc import AsyncIterator, Callable
from pathlib import Path

import pytest
from sqlalchemy import Connection, event, text
from sqlalchemy.exc import DBAPIError

from alertbus.delivery.ledger.shared_transactions import Lock, SharedTransactions
from alertbus.model.errors import DatabaseUnavailable
from alertbus.sql.database import Database
from alertbus.sql.engine import make_engine


@pytest.fixture
async def engine(url: str) -> AsyncIterator[Database]:
    engine = make_engine(url)
    async with engine.begin() as connection:
        await connection.execute(text("CREATE TABLE kept (name VARCHAR(20) PRIMARY KEY)"))
    yield engine
    await engine.dispose()


def keeping(name: str) -> Callable[[Connection], str]:
    def work(connection: Connection) -> str:
        connection.execute(text("INSERT INTO kept VALUES (:name)"), {"name": name})
        return name

    return work


async def kept(engine: Database) -> set[str]:
    async with engine.reading() as connection:
        return set((await connection.execute(text("SELECT name FROM kept"))).scalars())


async def test_those_who_come_while_one_is_open_share_it(engine: Database) -> None:
    commits = 0

    @event.listens_for(engine.engine, "commit")
    def committed(_connection: Connection) -> None:
        nonlocal commits
        commits += 1

    together = SharedTransactions(engine, 1)
    names = [f"n{n}" for n in range(50)]
    locks = [Lock.NONE, Lock.SHARED, Lock.ALONE]
    answers = await asyncio.gather(*(together.write(keeping(name), locks[n % 3]) for n, name in enumerate(names)))

    assert answers == names
    assert await kept(engine) == set(names)
    assert commits <= 2


async def test_work_that_fails_is_undone_alone_and_told_alone(engine: Database) -> None:
    together = SharedTransactions(engine, 1)
    await together.write(keeping("there"))
    answers = await asyncio.gather(
        together.write(keeping("a")),
        together.write(keeping("there")),
        together.write(keeping("b")),
        return_exceptions=True,
    )

    assert (answers[0], answers[2]) == ("a", "b")
    assert isinstance(answers[1], DBAPIError)
    assert await kept(engine) == {"there", "a", "b"}


async def test_when_whoever_has_the_turn_is_cancelled_the_others_work_is_done_all_the_same(engine: Database) -> None:
    together = SharedTransactions(engine, 1)
    first = asyncio.create_task(together.write(keeping("first")))
    await asyncio.sleep(0)  # it has the turn now, and no connection yet
    others = [asyncio.create_task(together.write(keeping(f"n{n}"))) for n in range(5)]
    await asyncio.sleep(0)
    first.cancel()

    assert await asyncio.gather(*others) == [f"n{n}" for n in range(5)]
    with pytest.raises(asyncio.CancelledError):
        await first
    assert await kept(engine) == {f"n{n}" for n in range(5)}


async def test_work_that_wants_to_be_alone_keeps_other_processes_out_meanwhile(engine: Database) -> None:
    """The second does not see the table before the first has committed: no two processes are between look and write at once."""
    url = engine.url.render_as_string(hide_password=False)
    engines = [make_engine(url), make_engine(url)]

    def count_then_keep(connection: Connection) -> int:
        found = int(connection.execute(text("SELECT count(*) FROM kept")).scalar_one())
        connection.execute(text("INSERT INTO kept VALUES (:name)"), {"name": f"n{found}"})
        return found

    books = [SharedTransactions(one, 1) for one in engines]
    found = await asyncio.gather(*(book.write(count_then_keep, Lock.ALONE) for _ in range(10) for book in books))
    for one in engines:
        await one.dispose()

    assert sorted(found) == list(range(20))


async def test_a_database_that_is_away_is_told_to_everybody_as_such(tmp_path: Path) -> None:
    engine = make_engine(f"sqlite:///{tmp_path}/missing/bus.db")
    shutil.rmtree(tmp_path / "missing")
    together = SharedTransactions(engine, 1)
    answers = await asyncio.gather(*(together.write(keeping(f"n{n}")) for n in range(3)), return_exceptions=True)
    await engine.dispose()

    assert [type(answer) for answer in answers] == [DatabaseUnavailable] * 3
