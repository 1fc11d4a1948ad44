"""Step 2 of the incremental reconciliation, its memory: whose turn it is, how far it has read, and what it knows.

Every write happens in a `turn`, which fails when another process has taken over: two runs never write one memory.
"""

import contextlib
import zlib
from collections.abc import AsyncIterator, Callable, Collection, Iterable, Iterator, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any, TypeVar
from uuid import uuid4

import orjson
from sqlalchemy import Table, delete, select, update

from alertbus.model.alert import AcceptedAlert
from alertbus.model.case import Case
from alertbus.model.errors import BusError
from alertbus.model.notice import Deed
from alertbus.reconcile import tables
from alertbus.reconcile.evidence import BEGINNING, AlertEvidence, NoticeWritten, Versions
from alertbus.sql.database import Database, Transaction
from alertbus.sql.engine import database_faults, metadata, upsert

REALITY = ""
"""In place of an exercise's name: of no exercise. A key of tables here, so never NULL."""

LEASE = timedelta(seconds=60)
"""After this long without a write a run counts as dead, and another may begin. Chosen: far longer than one transaction of a run."""

AT_ONCE = 500
"""Ids in one query; both databases allow some 32,000."""

T = TypeVar("T")


class TurnLost(BusError):
    """Another process has taken the turn: what this one has not written is left to it."""

    code = "reconcile_turn_lost"
    retriable = True


class Memory:
    """One process's hold on the memory. `clock` is for the lease alone."""

    def __init__(self, engine: Database, clock: Callable[[], datetime] = lambda: datetime.now(UTC)) -> None:
        self._engine = engine
        self._clock = clock
        self._me = uuid4().hex

    async def prepare(self) -> None:
        """Make what is missing: all of it, after it was dropped."""
        with database_faults():
            async with self._engine.begin() as connection:
                await connection.run_sync(metadata.create_all, tables=tables.TABLES)
                first = {"id": 1, "owner": "", "until": BEGINNING}
                await connection.execute(upsert(tables.turn, connection.dialect.name), [first])

    async def take_turn(self) -> bool:
        """Take the turn if it is free, and tell whether this process has it.

        It ends by `end_turn`, or when nothing is written for a `LEASE`: then another process may take it.
        """
        now = self._clock()
        free = (tables.turn.c.owner == self._me) | (tables.turn.c.until < now)
        with database_faults():
            async with self._engine.begin() as connection:
                taken = await connection.execute(update(tables.turn).where(free).values(owner=self._me, until=now + LEASE))
        return taken.rowcount == 1

    async def end_turn(self) -> None:
        ours = tables.turn.c.owner == self._me
        with database_faults():
            async with self._engine.begin() as connection:
                await connection.execute(update(tables.turn).where(ours).values(until=BEGINNING))

    @contextlib.asynccontextmanager
    async def turn(self) -> AsyncIterator[Transaction]:
        """Open a transaction within this process's turn and prolong the turn. Raises `TurnLost`."""
        ours = tables.turn.c.owner == self._me
        with database_faults():
            async with self._engine.begin() as connection:
                held = await connection.execute(update(tables.turn).where(ours).values(until=self._clock() + LEASE))
                if held.rowcount != 1:
                    raise TurnLost("another process reconciles; see its result, or try again")
                yield connection

    async def clear(self) -> None:
        """Forget everything but whose turn it is: the next run begins at the beginning of the topics."""
        async with self.turn() as connection:
            for table in tables.TABLES:
                if table is not tables.turn:
                    await connection.execute(delete(table))


async def forget(engine: Database) -> None:
    """Drop the memory. The next run makes it anew and reads everything again."""
    with database_faults():
        async with engine.begin() as connection:
            await connection.run_sync(metadata.drop_all, tables=tables.TABLES)


async def reached(connection: Transaction) -> dict[tuple[str, int], int]:
    """Give the offset to come next by topic and partition; under `("ledger", 0)` the last row read of the ledger."""
    return {(row.topic, row.partition): row.next for row in await connection.execute(select(tables.progress))}


async def note_reached(connection: Transaction, places: Mapping[tuple[str, int], int]) -> None:
    rows = [{"topic": topic, "partition": partition, "next": offset} for (topic, partition), offset in sorted(places.items())]
    if rows:
        await connection.execute(upsert(tables.progress, connection.dialect.name, update=["next"]), rows)


async def alerts_known(connection: Transaction, alerts: Collection[str]) -> dict[str, AlertEvidence | None]:
    """Give the evidence on those that are known; None for one whose evidence was dropped (`FORGET_AFTER`)."""
    found: dict[str, AlertEvidence | None] = {}
    for some in pieces(sorted(alerts)):
        alert = tables.alert.c
        query = select(alert.alert_id, alert.exercise, alert.dossier, alert.stirred).where(alert.alert_id.in_(some))
        for row in await connection.execute(query):
            found[row.alert_id] = unpacked(row.alert_id, row.exercise, row.dossier, row.stirred) if row.dossier else None
    return found


async def cases_about(connection: Transaction, people: Collection[str], named: Collection[str], exercise: str) -> Versions:
    """Give every version of every case that one of these persons is or was on, and of those named."""
    wanted = set(named)
    for some in pieces(sorted(people)):
        query = select(tables.case_person.c.case_id).where(tables.case_person.c.person_id.in_(some))
        wanted |= set((await connection.execute(query)).scalars())
    found: dict[str, list[Case]] = {}
    version = tables.case_version.c
    for some in pieces(sorted(wanted)):
        query_bodies = (
            select(version.case_id, version.body)
            .where(version.case_id.in_(some), version.exercise == exercise)
            .order_by(version.case_id, version.version)
        )
        for row in await connection.execute(query_bodies):
            found.setdefault(row.case_id, []).append(Case.model_validate_json(zlib.decompress(row.body)))
    return found


def pieces(things: Sequence[T], size: int = AT_ONCE) -> Iterator[Sequence[T]]:
    return (things[start : start + size] for start in range(0, len(things), size))


def packed(known: AlertEvidence) -> bytes:
    """Write the evidence on an alert small: its ids repeat in it, so it is compressed."""
    content = {
        "accepted": {statement: at.isoformat() for statement, at in known.accepted.items()},
        "identified": [orjson.Fragment(_json(statement)) for statement in known.identified.values()],
        "told": [[t.notice_id, t.obligation_id, t.case_id, t.deed.value, t.since.isoformat()] for t in known.told.values()],
        "receipted": sorted(known.receipted),
        "asked": known.asked,
        "released": [[*where, at.isoformat()] for where, at in known.released.items()],
    }
    return zlib.compress(orjson.dumps(content), 1)


def unpacked(alert_id: str, exercise: str, content: bytes, touched_at: datetime) -> AlertEvidence:
    """Read what `packed` wrote."""
    found = orjson.loads(zlib.decompress(content))
    of = exercise or None
    statements = [AcceptedAlert.model_validate(statement) for statement in found["identified"]]
    told = [
        NoticeWritten(alert_id, notice, obligation, case_id, Deed(deed), datetime.fromisoformat(since), of)
        for notice, obligation, case_id, deed, since in found["told"]
    ]
    return AlertEvidence(
        alert_id,
        of,
        {statement: datetime.fromisoformat(at) for statement, at in found["accepted"].items()},
        {statement.statement_id: statement for statement in statements},
        {notice.notice_id: notice for notice in told},
        set(found["receipted"]),
        found["asked"],
        touched_at,
        {(case_id, statement): datetime.fromisoformat(at) for case_id, statement, at in found.get("released", ())},
    )


def case_row(case: Case) -> dict[str, Any]:
    body = zlib.compress(_json(case), 1)
    return {"case_id": case.id, "version": case.version, "exercise": case.exercise or REALITY, "body": body}


def _json(word: AcceptedAlert | Case) -> bytes:
    return word.model_dump_json(by_alias=True, exclude_defaults=True).encode()


async def insert_new(connection: Transaction, table: Table, rows: Iterable[Mapping[str, Any]]) -> None:
    """Insert those whose key is not there yet."""
    if given := list(rows):
        await connection.execute(upsert(table, connection.dialect.name), given)
