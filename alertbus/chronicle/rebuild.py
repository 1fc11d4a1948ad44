"""The chronicle written from Kafka: its part in a rebuild, the replay of what it lacks, and the digest that proves it the same."""

import hashlib
from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any

import orjson
from sqlalchemy import ColumnElement, String, Table, collate, select

from alertbus.broker.consumer import read_all
from alertbus.broker.record import Partition, Received
from alertbus.chronicle import tables
from alertbus.chronicle.projector import TOPICS, Fact, apply, derive, fact_of, read
from alertbus.sql.database import Database, Transaction
from alertbus.sql.engine import database_faults, metadata, reading
from alertbus.sql.rebuild import Restore
from alertbus.wire.reading import Understood

_BATCH = 1_000


class ChronicleRestore(Restore):
    """Writes everything again, and works out each obligation once, when all its notices and receipts are there."""

    def __init__(self) -> None:
        self._begun: set[Partition] = set()

    async def begin(self, connection: Transaction) -> None:
        """Nothing to prepare."""

    def read(self, batch: Iterable[Understood]) -> list[Fact]:
        return [fact_of(understood) for understood in batch if understood.record.topic in TOPICS]

    async def write(self, connection: Transaction, facts: Sequence[Fact]) -> None:
        places = {(fact.topic, fact.partition) for fact in facts}
        await apply(connection, facts, starts=places - self._begun, derived=False)
        self._begun |= places

    async def finish(self, engine: Database) -> None:
        """Needs the index on the notices' obligations."""
        column = tables.notice.c.obligation_id
        after = ""
        while True:
            next_ones = select(column).where(column > after).group_by(column).order_by(column).limit(_BATCH)
            with database_faults():
                async with engine.begin() as connection:
                    some = list((await connection.execute(next_ones)).scalars())
                    if not some:
                        return
                    await derive(connection, some)
            after = some[-1]


async def replay(bootstrap: str, engine: Database) -> int:
    """Apply what the topics hold at this moment and the chronicle does not. Return how many records were new to it."""
    new = 0
    waiting: list[Received] = []
    begun: set[Partition] = set()

    async def write() -> None:
        nonlocal new
        facts = read(waiting)
        places = {(fact.topic, fact.partition) for fact in facts}
        with database_faults():
            async with engine.begin() as connection:
                new += await apply(connection, facts, starts=places - begun)
        begun.update(places)
        waiting.clear()

    async for record in read_all(bootstrap, TOPICS):
        waiting.append(record)
        if len(waiting) >= _BATCH:
            await write()
    await write()
    return new


async def make_tables(engine: Database) -> None:
    """Make the chronicle's tables where they are missing."""
    with database_faults():
        async with engine.begin() as connection:
            await connection.run_sync(metadata.create_all, tables=tables.TABLES)


async def digest(engine: Database) -> str:
    """Hash the content: the same on either database, and wherever in the topics the records stood and whenever they were read."""
    sum_ = hashlib.sha256()
    async with reading(engine) as connection:
        for table in tables.CONTENT:
            names = [c.name for c in table.columns if c.name not in {"position", "changed"}]
            rows = select(*(table.c[name] for name in names)).order_by(*_key(table, engine.dialect.name))
            async for row in connection.stream(rows):
                sum_.update(orjson.dumps([table.name, *map(_plain, row)]) + b"\n")
    return sum_.hexdigest()


def _key(table: Table, dialect_name: str) -> list[ColumnElement[Any]]:
    """By bytes on both databases: PostgreSQL would sort text by its language."""
    by_bytes = dialect_name == "postgresql"
    return [collate(c, "C") if by_bytes and isinstance(c.type, String) else c for c in table.primary_key]


def _plain(value: object) -> object:
    match value:
        case datetime():
            return value.isoformat()
        case bytes():
            return value.decode()
        case _:
            return value
