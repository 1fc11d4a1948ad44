"""The database as a process has it: one thread writes, some read, and the event loop never waits in SQL.

`write` and `read` take a plain function over SQLAlchemy's ordinary connection and run it whole, in one transaction, in a thread: the way
for whatever happens with every record. `begin` and `reading` open a transaction whose statements are awaited one by one: for what must
wait for something else in the middle, such as the broker, and for what is seldom done.
"""

import asyncio
import contextlib
import time
from collections.abc import AsyncIterator, Callable, Iterator
from functools import partial
from typing import Any, TypeVar, TypeVarTuple, cast, overload

from sqlalchemy import URL, Connection, CursorResult, Dialect, Engine, Executable
from sqlalchemy.engine import Row
from sqlalchemy.sql.selectable import TypedReturnsRows

from alertbus.sql.threads import WorkThread

T = TypeVar("T")
Ts = TypeVarTuple("Ts")
_AnyRow = tuple[Any, ...]

_READERS = 8
"""Reads that run at the same time. Chosen: more would wait for the same two or four processors."""

_QUIET_S = 1.0
"""A connection that was not used for so long is looked at before it is used again: its server may have gone meanwhile."""

_PARTING_S = 5.0
"""How long `dispose` waits for what is under way."""

_ROWS_AT_ONCE = 500


class Database:
    """One database of one process, made by `make_engine`. `await dispose()` when done; used again, it connects again."""

    def __init__(self, engine: Engine) -> None:
        self.engine = engine
        self._writer = WorkThread("sql-write")
        self._kept: dict[WorkThread, tuple[Connection, float]] = {}
        self._threads: list[WorkThread] = []
        self._idle: list[WorkThread] = []
        self._reads = asyncio.Semaphore(_READERS)
        # SQLite has one writer anyway; those of this process wait here in turn, and not in the file's lock, where nobody has a turn.
        self._turn: contextlib.AbstractAsyncContextManager[Any] = (
            asyncio.Lock() if engine.dialect.name == "sqlite" else contextlib.nullcontext()
        )

    @property
    def dialect(self) -> Dialect:
        return self.engine.dialect

    @property
    def url(self) -> URL:
        return self.engine.url

    async def write(self, work: Callable[[Connection], T]) -> T:
        """Give what `work` returns, once all it wrote is committed. What it raises comes out of here, and nothing it wrote stays.

        Cancelled, it may still be committed.
        """
        async with self._turn:
            return await self._writer.call(partial(self._write, work))

    async def read(self, work: Callable[[Connection], T]) -> T:
        """Give what `work` returns of one consistent view. On SQLite it waits for no writer. `work` must not write."""
        async with self._reads, self._borrowed() as thread:
            return await thread.call(partial(self._read, thread, work))

    @contextlib.asynccontextmanager
    async def begin(self) -> AsyncIterator["Transaction"]:
        """Open a transaction: committed at the end, rolled back where what is inside raises or is cancelled."""
        async with self._turn, self._opened({}) as transaction:
            yield transaction

    @contextlib.asynccontextmanager
    async def reading(self) -> AsyncIterator["Transaction"]:
        """Open one consistent view, statement by statement. Do not write in it."""
        async with self._opened(self._for_reading()) as transaction:
            yield transaction

    async def dispose(self) -> None:
        """Close every connection and end the threads, once what is under way has ended. What hangs is left behind."""
        threads, self._threads, self._idle = [*self._threads, self._writer], [], []
        self._writer = WorkThread("sql-write")
        await asyncio.wait([thread.call(partial(self._let_go, thread)) for thread in threads], timeout=_PARTING_S)
        for thread in threads:
            thread.end()
        self.engine.dispose()

    @contextlib.asynccontextmanager
    async def _opened(self, options: dict[str, Any]) -> AsyncIterator["Transaction"]:
        held: list[Connection] = []
        async with self._borrowed() as thread:
            try:
                await thread.call(partial(self._open, options, held))
                [connection] = held
                yield Transaction(connection, thread)
                await thread.call(connection.commit)
            finally:  # after whatever is under way on this thread, also where this task was cancelled; nobody needs to await it
                thread.give(partial(_shut, held))

    @contextlib.asynccontextmanager
    async def _borrowed(self) -> AsyncIterator[WorkThread]:
        """A thread for one transaction: it waits for no other transaction's, so that none can wait for one that waits for it."""
        if not self._idle:
            self._idle.append(WorkThread("sql"))
            self._threads.append(self._idle[-1])
        thread = self._idle.pop()
        try:
            yield thread
        except BaseException:
            thread.give(partial(self._idle.append, thread))  # it may still be at work
            raise
        self._idle.append(thread)

    def _for_reading(self) -> dict[str, Any]:
        if self.engine.dialect.name == "sqlite":
            return {"reading": True}
        return {"postgresql_readonly": True, "isolation_level": "REPEATABLE READ"}  # its default shows each statement a newer moment

    def _open(self, options: dict[str, Any], held: list[Connection]) -> None:
        connection = self.engine.connect()
        held.append(connection)
        connection.execution_options(**options).begin()

    def _read(self, thread: WorkThread, work: Callable[[Connection], T]) -> T:
        with self._connection_of(thread, self._for_reading()) as connection:
            return work(connection)

    def _write(self, work: Callable[[Connection], T]) -> T:
        with self._connection_of(self._writer, {}) as connection:
            return work(connection)

    @contextlib.contextmanager
    def _connection_of(self, thread: WorkThread, options: dict[str, Any]) -> Iterator[Connection]:
        """A transaction on the connection that this thread keeps: getting one from the pool and giving it back cost 47 of 113 µs of a
        small read on SQLite.
        """
        connection, used = self._kept.pop(thread, (None, 0.0))
        if connection is not None and time.monotonic() - used > _QUIET_S:
            connection.close()  # back to the pool, which looks whether it still lives
            connection = None
        if connection is None:
            connection = self.engine.connect().execution_options(**options)
        try:
            with connection.begin():
                yield connection
        except BaseException:
            connection.close()
            raise
        self._kept[thread] = connection, time.monotonic()

    def _let_go(self, thread: WorkThread) -> None:
        connection, _ = self._kept.pop(thread, (None, 0.0))
        if connection is not None:
            connection.close()


class Transaction:
    """An open transaction whose statements are awaited one by one, each run in the transaction's own thread."""

    def __init__(self, connection: Connection, thread: WorkThread) -> None:
        self._connection = connection
        self._thread = thread

    @property
    def dialect(self) -> Dialect:
        return self._connection.dialect

    @overload
    async def execute(self, statement: TypedReturnsRows[*Ts], parameters: Any = None) -> CursorResult[*Ts]: ...
    @overload
    async def execute(self, statement: Executable, parameters: Any = None) -> "CursorResult[*_AnyRow]": ...
    async def execute(self, statement: Executable, parameters: Any = None) -> "CursorResult[*_AnyRow]":
        """Run a statement and give its whole result, which needs the database no more."""
        return await self._call(lambda: _whole(self._connection.execute(statement, parameters)))

    async def exec_driver_sql(self, statement: str, parameters: Any = None) -> "CursorResult[*_AnyRow]":
        """Run a statement as the driver takes it."""
        return await self._call(lambda: _whole(self._connection.exec_driver_sql(statement, parameters)))

    async def run_sync(self, work: Callable[..., T], *given: Any, **named: Any) -> T:
        """Give what a plain function over the connection returns."""
        return await self._call(partial(work, self._connection, *given, **named))

    async def stream(self, statement: Executable) -> AsyncIterator["Row[*_AnyRow]"]:
        """Yield the rows of a statement without holding them all. Nothing else may be run meanwhile."""
        result = await self._call(lambda: self._connection.execute(statement, execution_options={"stream_results": True}))
        while rows := await self._call(partial(result.fetchmany, _ROWS_AT_ONCE)):
            for row in rows:
                yield row

    @contextlib.asynccontextmanager
    async def begin_nested(self) -> AsyncIterator[None]:
        """Undo what is inside, and that alone, where it raises."""
        savepoint = await self._call(self._connection.begin_nested)
        try:
            yield
        except BaseException:
            await self._call(savepoint.rollback)
            raise
        await self._call(savepoint.commit)

    async def _call(self, work: Callable[[], T]) -> T:
        return await self._thread.call(work)


def _whole(result: "CursorResult[*_AnyRow]") -> "CursorResult[*_AnyRow]":
    """The rows fetched here, in the thread; of these nothing but rows can be asked. What returns no rows keeps its count of them."""
    return cast("CursorResult[*_AnyRow]", result.freeze()()) if result.returns_rows else result


def _shut(held: list[Connection]) -> None:
    """Roll back what was not committed, and give the connection back. One that broke is of no use to anybody."""
    for connection in held:
        with contextlib.suppress(Exception):
            connection.close()
