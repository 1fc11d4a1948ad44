"""Writers of one process share transactions: whoever comes while one is open joins it, and one write to the disk serves all.

Under load a transaction is always open, so its cost is spread over whoever comes meanwhile. No call returns before what
it wrote is committed.
"""

import asyncio
from collections import deque
from collections.abc import Callable
from enum import IntEnum
from typing import Any, TypeVar

from sqlalchemy import Connection, text

from alertbus.model.errors import Unavailable
from alertbus.sql.database import Database
from alertbus.sql.engine import database_faults

T = TypeVar("T")


class Lock(IntEnum):
    """Which other writers are kept out meanwhile, in all processes. For PostgreSQL only: SQLite has one writer anyway."""

    NONE = 0
    SHARED = 1
    """Keeps out those with `ALONE`."""
    ALONE = 2
    """Keeps out everybody with a lock."""


class SharedTransactions:
    """`write` runs work in a transaction that it may share. Work may run more than once: it must change nothing but rows."""

    def __init__(self, engine: Database, key: int) -> None:
        self._engine = engine
        self._postgres = engine.dialect.name == "postgresql"
        self._key = key
        self._turn = asyncio.Lock()
        self._waiting: deque[_Writer] = deque()

    async def write(self, work: Callable[[Connection], T], lock: Lock = Lock.NONE) -> T:
        """Return what `work` returns once it is committed. Raise what it raises: it alone is then undone, nobody else's."""
        mine = _Writer(work, lock)
        self._waiting.append(mine)
        try:
            async with self._turn:
                while not mine.done:  # else somebody has taken it along
                    await self._commit_what_waits()
        finally:
            if mine in self._waiting:
                self._waiting.remove(mine)
        if mine.fault is not None:
            raise mine.fault
        result: T = mine.result
        return result

    async def _commit_what_waits(self) -> None:
        taken: list[_Writer] = []
        try:
            with database_faults():
                async with self._engine.begin() as connection:
                    await connection.run_sync(self._run, taken)
        except Exception as fault:  # noqa: BLE001  it is raised where the work came from
            if len(taken) > 1 and not isinstance(fault, Unavailable):  # one of them spoils it for the others: find out which
                for one in taken:
                    one.apart = True
                self._waiting.extendleft(reversed(taken))
                return
            for one in taken or list(self._waiting):
                one.fault, one.done = fault, True
            if not taken:
                self._waiting.clear()
        except BaseException:
            self._waiting.extendleft(reversed(taken))
            raise
        else:
            for one in taken:
                one.done = True

    def _run(self, connection: Connection, taken: list["_Writer"]) -> None:
        """Run what waits, and what joins meanwhile; but the lock is taken first and never made stronger, or two would block each other."""
        held = self._waiting[0].lock if self._waiting[0].apart else max(one.lock for one in self._waiting)
        if held and self._postgres:
            function = "pg_advisory_xact_lock" if held is Lock.ALONE else "pg_advisory_xact_lock_shared"
            connection.execute(text(f"SELECT {function}(:key)"), {"key": self._key})
        while self._waiting and self._waiting[0].lock <= held and not (taken and (taken[0].apart or self._waiting[0].apart)):
            one = self._waiting.popleft()
            taken.append(one)
            one.result = one.work(connection)


class _Writer:
    """One writer's part. `apart`: it shared a transaction that failed, and is now run by itself."""

    __slots__ = ("apart", "done", "fault", "lock", "result", "work")

    def __init__(self, work: Callable[[Connection], Any], lock: Lock) -> None:
        self.work = work
        self.lock = lock
        self.apart = False
        self.done = False
        self.result: Any = None
        self.fault: Exception | None = None
