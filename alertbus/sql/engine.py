"""One way to SQL for every room: SQLite for one machine, PostgreSQL for a cluster, the same statements and answers.

Several processes may write to one SQLite file at once; what is committed survives a power cut; times are aware and in
UTC. Errors hide their parameters, and `database_faults` tells trouble with the database from trouble with a statement.
"""

import contextlib
import os
import re
import sqlite3
from collections.abc import AsyncIterator, Iterator, Sequence
from datetime import UTC, datetime
from pathlib import Path

from sqlalchemy import Connection, DateTime, Dialect, Insert, MetaData, Table, TypeDecorator, event, inspect, make_url, text
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.engine.interfaces import DBAPIConnection
from sqlalchemy.exc import DBAPIError
from sqlalchemy.exc import TimeoutError as PoolTimeoutError
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine, create_async_engine
from sqlalchemy.pool import ConnectionPoolEntry

from alertbus.model.errors import BusError, DatabaseUnavailable, SettingsFault
from alertbus.sql import locks
from alertbus.sql.certificates import connect_arguments

MIGRATIONS = Path(__file__).parent / "migrations"

metadata = MetaData(
    naming_convention={  # Alembic can only drop or alter what has a name
        "ix": "ix_%(column_0_N_label)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "ck": "ck_%(table_name)s_%(constraint_name)s",
        "fk": "fk_%(table_name)s_%(column_0_N_name)s_%(referred_table_name)s",
        "pk": "pk_%(table_name)s",
    }
)


class UtcDateTime(TypeDecorator[datetime]):
    """A moment: aware in, aware and in UTC out, on both databases. A naive time is refused: it means nothing."""

    impl = DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        if value is None:
            return None
        if value.tzinfo is None:
            raise ValueError("expected a time with its zone; give datetime.now(UTC) or parse one that says Z")
        moment = value.astimezone(UTC)
        return moment.replace(tzinfo=None) if dialect.name == "sqlite" else moment  # SQLite keeps text, without a zone

    def process_result_value(self, value: datetime | None, dialect: Dialect) -> datetime | None:  # noqa: ARG002
        if value is None:
            return None
        return value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)


def make_engine(url: str, *, foreign_keys: bool = True) -> AsyncEngine:
    """Give an engine for `Settings.sqlalchemy_url`; `await engine.dispose()` when done. Nothing is connected yet."""
    parts = make_url(url)
    if parts.get_backend_name() == "postgresql":
        parts, certificates = connect_arguments(parts)
        return create_async_engine(
            parts,
            pool_pre_ping=True,
            pool_size=5,
            hide_parameters=True,
            connect_args={"timeout": 10, "server_settings": {"application_name": "alertbus"}, **certificates},
        )
    _make_private(parts.database)
    engine = create_async_engine(parts, hide_parameters=True, connect_args={"timeout": 30})

    @event.listens_for(engine.sync_engine, "connect")
    def connected(connection: DBAPIConnection, _entry: ConnectionPoolEntry) -> None:
        connection.isolation_level = None  # we say BEGIN, not the driver
        cursor = connection.cursor()
        cursor.execute("PRAGMA journal_mode")
        if cursor.fetchone() == ("delete",):
            # Busy when another process does the same this instant; the mode stays with the file, so either will do.
            with contextlib.suppress(sqlite3.OperationalError):
                cursor.execute("PRAGMA journal_mode=WAL")
        # FULL, not NORMAL: the ledger's row must be on the disk before the Kafka offset moves past its record, or a
        # power cut between the two would lose a delivery in silence.
        cursor.execute("PRAGMA synchronous=FULL")
        cursor.execute(f"PRAGMA foreign_keys={'ON' if foreign_keys else 'OFF'}")
        cursor.close()

    @event.listens_for(engine.sync_engine, "begin")
    def begun(connection: Connection) -> None:
        # The lock is taken at the start and waited for. Taken at the first write, as SQLite would by itself, it fails
        # at once whenever another process has written since this transaction first read.
        reading_only = connection.get_execution_options().get("reading", False)
        connection.exec_driver_sql("BEGIN" if reading_only else "BEGIN IMMEDIATE")

    return engine


@contextlib.asynccontextmanager
async def reading(engine: AsyncEngine) -> AsyncIterator[AsyncConnection]:
    """Open a transaction for reading: one consistent view, and on SQLite it waits for no writer. Do not write in it."""
    async with engine.connect() as connection:
        yield await connection.execution_options(
            **({"postgresql_readonly": True} if engine.dialect.name == "postgresql" else {"reading": True})
        )


def upsert(table: Table, dialect_name: str, *, key: Sequence[str] = (), update: Sequence[str] = (), newer: str | None = None) -> Insert:
    """Insert where no row has the same key (the primary key, or the unique columns in `key`).

    Where one has: leave it (DO NOTHING), or with `update` set those columns from the new row, and with `newer` only if
    that column has grown, so that an old record read again changes nothing. Give the rows to `execute`.
    """
    if dialect_name not in {"sqlite", "postgresql"}:
        raise ValueError("expected the dialect sqlite or postgresql; give connection.dialect.name")
    statement = sqlite.insert(table) if dialect_name == "sqlite" else postgresql.insert(table)
    target = list(key) or [column.name for column in table.primary_key]
    if not update:
        return statement.on_conflict_do_nothing(index_elements=target)
    return statement.on_conflict_do_update(
        index_elements=target,
        set_={name: statement.excluded[name] for name in update},
        where=statement.excluded[newer] > table.c[newer] if newer else None,
    )


@contextlib.contextmanager
def database_faults() -> Iterator[None]:
    """Turn "the database does not answer" into DatabaseUnavailable (retriable); let any other fault through."""
    try:
        yield
    except Exception as fault:
        if not _is_unavailable(fault):
            raise
        raise DatabaseUnavailable(
            "the database of ALERTBUS_DATABASE_URL (unset: SQLite under ALERTBUS_DATA_DIR) does not answer; see that "
            "it runs, that this machine reaches it, that the user may log in and that ALERTBUS_DATABASE_CA_FILE signed its certificate"
        ) from fault


async def migrate(url: str, scripts: Path = MIGRATIONS) -> None:
    """Bring the schema up to date, or leave it as it was. Safe when several processes start at once: one works."""
    engine = make_engine(url, foreign_keys=False)  # a table that SQLite rebuilds must not cascade into others
    try:
        with database_faults():
            async with reading(engine) as connection:
                if await connection.run_sync(_is_at_head, scripts):
                    return  # as it is at nearly every start: Alembic need not be loaded, nor anybody waited for
            async with engine.begin() as connection:  # on SQLite this is the lock
                if engine.dialect.name == "postgresql":
                    await connection.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": locks.MIGRATION})
                await connection.run_sync(_upgrade, scripts)
    finally:
        await engine.dispose()


# SQLSTATE classes: connection, authorisation, no such database, transaction rollback, resources, operator, system.
_PG_UNAVAILABLE = ("08", "28", "3D", "40", "53", "57", "58")
_SQLITE_UNAVAILABLE = (
    "SQLITE_BUSY",
    "SQLITE_LOCKED",
    "SQLITE_CANTOPEN",
    "SQLITE_IOERR",
    "SQLITE_FULL",
    "SQLITE_READONLY",
    "SQLITE_PROTOCOL",
)


def _is_unavailable(fault: Exception) -> bool:
    if isinstance(fault, OSError | PoolTimeoutError):
        return True
    if isinstance(fault, DBAPIError) and fault.connection_invalidated:
        return True
    cause = getattr(fault, "orig", None) or fault
    state, name = getattr(cause, "sqlstate", None) or "", getattr(cause, "sqlite_errorname", None) or ""
    return state.startswith(_PG_UNAVAILABLE) or name.startswith(_SQLITE_UNAVAILABLE)


def _is_at_head(connection: Connection, scripts: Path) -> bool:
    """Whether the schema is the newest one here. A migration writes its number in its own transaction, so half of one is never seen."""
    if not inspect(connection).has_table("alembic_version"):
        return False
    stamped = set(connection.exec_driver_sql("SELECT version_num FROM alembic_version").scalars())
    return stamped == _heads(scripts)


def _heads(scripts: Path) -> set[str]:
    """The revisions that no other follows, as the scripts' own lines say."""
    lines = [line for script in (scripts / "versions").glob("*.py") for line in script.read_text("utf-8").splitlines()]
    named = [found for line in lines if (found := _REVISION.match(line))]
    return {found["id"] for found in named if not found["down"]} - {found["id"] for found in named if found["down"]}


_REVISION = re.compile(r"(?P<down>down_)?revision = ['\"](?P<id>\w+)['\"]$")


def _upgrade(connection: Connection, scripts: Path) -> None:
    from alembic import command
    from alembic.config import Config
    from alembic.util import CommandError

    config = Config(attributes={"connection": connection})
    config.set_main_option("script_location", str(scripts).replace("%", "%%"))
    config.set_main_option("path_separator", "os")
    try:
        command.upgrade(config, "head")
    except CommandError as fault:
        raise SettingsFault(
            "ALERTBUS_DATABASE_URL: the database's schema is not one this version knows, most likely a newer one's; "
            "run the version that made it, or restore the database as it was before"
        ) from fault
    if connection.dialect.name == "sqlite" and connection.exec_driver_sql("PRAGMA foreign_key_check").first():
        raise BusError("a migration left rows that refer to rows that are gone; nothing was changed, report it")


def _make_private(database: str | None) -> None:
    """Create the file for its owner alone, before SQLite creates it for all to read; what fails here fails there."""
    if database and database != ":memory:" and not database.startswith("file:"):
        path = Path(database)
        with contextlib.suppress(OSError):
            path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            # Never open it once it exists: closing any handle drops the locks this process has on the file (POSIX).
            os.close(os.open(path, os.O_CREAT | os.O_EXCL | os.O_RDWR, 0o600))
