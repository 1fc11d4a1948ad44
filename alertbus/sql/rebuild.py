"""The rebuild protocol. A database that is being filled again from Kafka is marked until it is whole, emptied, and loaded without its
indexes.

The mark is written before anything is dropped and taken away last, so that a rebuild that was cut short is known for one
and no part works on half of what it needs.
"""

import contextlib
import sqlite3
from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any, Protocol

from sqlalchemy import Table, make_url, select, text
from sqlalchemy.schema import CreateTable

from alertbus.model.errors import BusError
from alertbus.sql.database import Database, Transaction
from alertbus.sql.engine import database_faults, metadata, reading, upsert
from alertbus.sql.tables import unfinished


class Restore(Protocol):
    """How one room's tables follow from records. The rebuild hands every room the same batches, in the order of the log.

    `read` touches no database: it turns a batch of records as read from the wire (`wire.reading.Understood`) into whatever
    the room's own `write` takes, and may remember what later batches need.
    """

    async def begin(self, connection: Transaction) -> None:
        """Called once, when the room's tables are there and empty."""

    def read(self, batch: Sequence[Any], /) -> Any: ...

    async def write(self, connection: Transaction, rows: Any, /) -> None:
        """Called in order, each time in a transaction of its own."""

    async def finish(self, engine: Database) -> None:
        """Called once, when all is read and written and the indexes are there."""


class HalfRebuilt(BusError):
    """The database holds only a part of what Kafka knows."""

    code = "half_rebuilt"


async def refuse_half_rebuilt(engine: Database) -> None:
    """Raise `HalfRebuilt` when a rebuild of this database has not come to its end."""
    with database_faults():
        async with reading(engine) as connection:
            begun = (await connection.execute(select(unfinished.c.begun_at))).scalar_one_or_none()
    if begun is not None:
        raise HalfRebuilt(
            f"the rebuild of this database that was begun at {begun.isoformat(timespec='seconds')} has not finished, so most of what the "
            "bus knows is missing from it. Run `alertbus audit rebuild` to its end, then start the parts."
        )


async def mark(connection: Transaction, now: datetime) -> None:
    await connection.execute(upsert(unfinished, connection.dialect.name, update=["begun_at"]), [{"id": 1, "begun_at": now}])


async def unmark(connection: Transaction) -> None:
    await connection.execute(unfinished.delete())


async def empty(connection: Transaction, tables: Sequence[Table]) -> None:
    """Drop the tables and make them again, without their indexes: loading is quicker so."""
    await connection.run_sync(metadata.drop_all, tables=tables)
    for table in tables:
        await connection.execute(CreateTable(table))


async def index(connection: Transaction, tables: Iterable[Table]) -> None:
    """Make the indexes that `empty` left out, and tell the database's planner what there is now."""
    for table in tables:
        for one in sorted(table.indexes, key=lambda found: str(found.name)):
            await connection.run_sync(one.create)
    await connection.execute(text("ANALYZE"))


async def is_in_use(engine: Database) -> bool:
    """Whether another process has this database open, as every running part has. Ask before this process opens it."""
    with database_faults():
        if engine.dialect.name == "postgresql":
            others = (
                "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() "
                "AND application_name = 'alertbus' AND pid <> pg_backend_pid()"
            )
            async with engine.reading() as connection:
                found: int = (await connection.execute(text(others))).scalar_one()
                return found > 0
        return _is_open_elsewhere(make_url(str(engine.url)).database)


def _is_open_elsewhere(database: str | None) -> bool:
    """SQLite leaves its write-ahead mode only for whoever has the file alone; the next connection goes back to it."""
    if not database or database == ":memory:":
        return False
    with contextlib.closing(sqlite3.connect(database, timeout=0)) as connection:
        try:
            return bool(connection.execute("PRAGMA journal_mode=DELETE").fetchone() != ("delete",))
        except sqlite3.OperationalError as fault:
            if fault.sqlite_errorname in {"SQLITE_BUSY", "SQLITE_LOCKED"}:
                return True
            raise
