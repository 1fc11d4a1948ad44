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
        self._waiting: deque[_Writer] = deque()
        self._committing: asyncio.Task[None] | None = None

    async def write(self, work: Callable[[Connection], T], lock: Lock = Lock.NONE) -> T:
        """Return what `work` returns once it is committed. Raise what it raises: it alone is then undone, nobody else's.

        Cancelled, it is not begun any more; what has begun may be committed all the same.
        """
        mine = _Writer(work, lock, asyncio.get_running_loop().create_future())
        self._waiting.append(mine)
        if self._committing is None:
            self._committing = asyncio.create_task(self._commit_until_nobody_waits())
        result: T = await mine.answer
        return result

    async def _commit_until_nobody_waits(self) -> None:
        try:
            while self._waiting:
                await self._commit_what_waits()
        finally:
            self._committing = None

    async def _commit_what_waits(self) -> None:
        taken: list[_Writer] = []
        try:
            with database_faults():
                await self._engine.write(lambda connection: self._run(connection, taken))
        except Exception as fault:  # noqa: BLE001  it is raised where the work came from
            if len(taken) > 1 and not isinstance(fault, Unavailable):  # one of them spoils it for the others: find out which
                for one in taken:
                    one.apart = True
                self._waiting.extendleft(reversed(taken))
                return
            for one in taken or list(self._waiting):
                one.fail(fault)
            if not taken:
                self._waiting.clear()
        else:
            for one in taken:
                one.succeed()

    def _run(self, connection: Connection, taken: list["_Writer"]) -> None:
        """Run what waits, and what joins meanwhile; but the lock is taken first and never made stronger, or two would block each other."""
        first = self._waiting[0]
        held = first.lock if first.apart else max(one.lock for one in tuple(self._waiting))
        if held and self._postgres:
            connection.execute(_LOCK[held], {"key": self._key})
        while self._waiting and self._waiting[0].lock <= held and not (taken and (taken[0].apart or self._waiting[0].apart)):
            one = self._waiting.popleft()
            if not one.answer.cancelled():
                taken.append(one)
                one.result = one.work(connection)


_LOCK = {Lock.SHARED: text("SELECT pg_advisory_xact_lock_shared(:key)"), Lock.ALONE: text("SELECT pg_advisory_xact_lock(:key)")}


class _Writer:
    """One writer's part. `apart`: it shared a transaction that failed, and is now run by itself."""

    __slots__ = ("answer", "apart", "lock", "result", "work")

    def __init__(self, work: Callable[[Connection], Any], lock: Lock, answer: asyncio.Future[Any]) -> None:
        self.work = work
        self.lock = lock
        self.answer = answer
        self.apart = False
        self.result: Any = None

    def succeed(self) -> None:
        if not self.answer.done():  # else it was cancelled
            self.answer.set_result(self.result)

    def fail(self, fault: Exception) -> None:
        if not self.answer.done():
            self.answer.set_exception(fault)
