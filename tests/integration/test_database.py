"""The database's threads: what is written whole, what is awaited step by step, and what becomes of it when nobody awaits it any more."""

import asyncio
import threading
from collections.abc import AsyncIterator

import pytest
from sqlalchemy import Connection, column, select, table, text

from alertbus.sql.database import Database, Transaction
from alertbus.sql.engine import make_engine

kept = table("kept", column("name"))


@pytest.fixture
async def database(url: str) -> AsyncIterator[Database]:
    made = make_engine(url)
    await made.write(lambda connection: connection.execute(text("CREATE TABLE kept (name VARCHAR(20) PRIMARY KEY)")))
    yield made
    await made.dispose()


def keep(connection: Connection, name: str) -> str:
    connection.execute(text("INSERT INTO kept VALUES (:name)"), {"name": name})
    return name


def names(connection: Connection) -> set[str]:
    return set(connection.execute(select(kept.c.name)).scalars())


async def test_what_is_written_is_committed_when_its_answer_comes(database: Database) -> None:
    assert await database.write(lambda connection: keep(connection, "a")) == "a"
    assert await database.read(names) == {"a"}


async def test_what_raises_is_undone_and_the_next_is_written(database: Database) -> None:
    def breaks(connection: Connection) -> None:
        keep(connection, "a")
        raise LookupError("not today")

    with pytest.raises(LookupError, match="not today"):
        await database.write(breaks)
    await database.write(lambda connection: keep(connection, "b"))

    assert await database.read(names) == {"b"}


async def test_a_read_waits_for_no_writer_and_sees_nothing_half_written(database: Database) -> None:
    written, go_on = threading.Event(), threading.Event()

    def slowly(connection: Connection) -> None:
        keep(connection, "a")
        written.set()
        go_on.wait()

    writing = asyncio.create_task(database.write(slowly))
    await asyncio.to_thread(written.wait)
    seen = await database.read(names)
    go_on.set()
    await writing

    assert seen == set()
    assert await database.read(names) == {"a"}


async def test_the_loop_goes_on_while_a_thread_is_in_sql(database: Database) -> None:
    begun, go_on = threading.Event(), threading.Event()

    def slowly(_: Connection) -> None:
        begun.set()
        go_on.wait()

    writing = asyncio.create_task(database.write(slowly))
    await asyncio.to_thread(begun.wait)  # the loop would never come here, were it the loop that waits
    go_on.set()
    await writing


@pytest.mark.parametrize("fails", [RuntimeError, asyncio.CancelledError])
async def test_a_transaction_that_ends_badly_leaves_nothing_and_gives_its_connection_back(
    database: Database, fails: type[BaseException]
) -> None:
    async def ends_badly() -> None:
        async with database.begin() as transaction:
            await transaction.run_sync(keep, "a")
            raise fails

    for _ in range(40):  # more than the pool has
        with pytest.raises(fails):
            await ends_badly()

    assert await database.read(names) == set()


async def test_a_transaction_cancelled_in_mid_statement_is_rolled_back_and_the_next_may_write(database: Database) -> None:
    begun, go_on = threading.Event(), threading.Event()

    def slowly(connection: Connection) -> None:
        keep(connection, "a")
        begun.set()
        go_on.wait()

    async def writing() -> None:
        async with database.begin() as transaction:
            await transaction.run_sync(slowly)

    task = asyncio.create_task(writing())
    await asyncio.to_thread(begun.wait)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    go_on.set()

    await database.write(lambda connection: keep(connection, "b"))
    assert await database.read(names) == {"b"}


async def test_those_who_wait_for_a_lock_do_not_keep_its_holder_from_going_on(database: Database) -> None:
    """Were there fewer threads than transactions, the holder's next statement would wait behind those who wait for it."""
    holds, count = asyncio.Event(), 20

    async def write_in_turn(number: int) -> None:
        async with database.begin() as transaction:
            if transaction.dialect.name == "postgresql":
                await transaction.execute(text("SELECT pg_advisory_xact_lock(7)"))
            holds.set()
            for part in range(3):
                await transaction.run_sync(keep, f"{number}/{part}")

    async with asyncio.timeout(30):
        await asyncio.gather(*(write_in_turn(number) for number in range(count)))

    assert len(await database.read(names)) == 3 * count


async def test_a_savepoint_undoes_its_own_part_alone(database: Database) -> None:
    async def undone(transaction: Transaction) -> None:
        async with transaction.begin_nested():
            await transaction.run_sync(keep, "b")
            raise LookupError

    async with database.begin() as transaction:
        await transaction.run_sync(keep, "a")
        with pytest.raises(LookupError):
            await undone(transaction)
        await transaction.run_sync(keep, "c")

    assert await database.read(names) == {"a", "c"}


async def test_a_long_answer_comes_in_parts_and_whole(database: Database) -> None:
    expected = [f"{number:05}" for number in range(1_234)]
    await database.write(lambda connection: [keep(connection, name) for name in expected])

    async with database.reading() as transaction:
        found = [row.name async for row in transaction.stream(select(kept.c.name).order_by(kept.c.name))]

    assert found == expected


async def test_a_view_stays_as_it_was_whatever_is_written_meanwhile(database: Database) -> None:
    await database.write(lambda connection: keep(connection, "a"))
    async with database.reading() as transaction:
        before = await transaction.run_sync(names)
        await database.write(lambda connection: keep(connection, "b"))
        after = await transaction.run_sync(names)

    assert before == after == {"a"}


async def test_it_connects_again_after_it_was_let_go(database: Database) -> None:
    await database.dispose()
    others = set(threading.enumerate())  # of other tests of this process
    await database.write(lambda connection: keep(connection, "a"))
    await database.dispose()
    left = [thread for thread in threading.enumerate() if thread.name.startswith("sql") and thread not in others]
    for thread in left:
        await asyncio.to_thread(thread.join, 5)

    assert not any(thread.is_alive() for thread in left)
    assert await database.read(names) == {"a"}
