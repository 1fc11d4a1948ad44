"""One way to SQL for every room: SQLite for one machine, PostgreSQL for a cluster, the same statements and answers.

Several processes may write to one SQLite file at once; what is committed survives a power cut; times are aware and in
UTC. Errors hide their parameters, and `database_faults` tells trouble with the database from trouble with a statement.
"""

import contextlib
import os
import re
import sqlite3
import ssl
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from sqlalchemy import (
    URL,
    Connection,
    DateTime,
    Dialect,
    Insert,
    MetaData,
    Table,
    TypeDecorator,
    create_engine,
    event,
    inspect,
    make_url,
    text,
)
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.engine.interfaces import DBAPIConnection
from sqlalchemy.exc import DBAPIError, OperationalError
from sqlalchemy.exc import TimeoutError as PoolTimeoutError
from sqlalchemy.pool import ConnectionPoolEntry, QueuePool

from alertbus.database_address import SYSTEM
from alertbus.model.errors import BusError, DatabaseUnavailable, SettingsFault
from alertbus.sql import locks
from alertbus.sql.database import Database, Transaction

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


def make_engine(url: str, *, foreign_keys: bool = True) -> Database:
    """Give the database of `Settings.sqlalchemy_url`; `await engine.dispose()` when done. Nothing is connected yet."""
    parts = make_url(url)
    if parts.get_backend_name() == "postgresql":
        _must_be_certificates(parts)
        arguments = {"connect_timeout": 10, "application_name": "alertbus", "options": "-c timezone=UTC"}
        return Database(create_engine(parts, pool_pre_ping=True, **_POOL, hide_parameters=True, connect_args=arguments))
    _make_private(parts.database)
    engine = create_engine(parts, **_POOL, hide_parameters=True, connect_args={"timeout": 30, "check_same_thread": False})

    @event.listens_for(engine, "connect")
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

    @event.listens_for(engine, "begin")
    def begun(connection: Connection) -> None:
        # The lock is taken at the start and waited for. Taken at the first write, as SQLite would by itself, it fails
        # at once whenever another process has written since this transaction first read.
        reading_only = connection.get_execution_options().get("reading", False)
        connection.exec_driver_sql("BEGIN" if reading_only else "BEGIN IMMEDIATE")

    return Database(engine)


_POOL: dict[str, Any] = {"poolclass": QueuePool, "pool_size": 5, "max_overflow": 25}
"""More than ever are open at the same time: the writer, the reads, and transactions whose statements are awaited."""


def reading(engine: Database) -> contextlib.AbstractAsyncContextManager[Transaction]:
    """Open a transaction for reading: one consistent view, and on SQLite it waits for no writer. Do not write in it."""
    return engine.reading()


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
            if await engine.read(lambda connection: _is_at_head(connection, scripts)):
                return  # as it is at nearly every start: Alembic need not be loaded, nor anybody waited for
            await engine.write(lambda connection: _upgrade(connection, scripts))  # on SQLite this is the lock
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
    if isinstance(fault, OperationalError) and getattr(cause, "sqlstate", "") is None:
        return True  # no server has said anything: it was not reached, or went away
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

    if connection.dialect.name == "postgresql":
        connection.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": locks.MIGRATION})
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


def _must_be_certificates(parts: URL) -> None:
    """Refuse files that libpq could not use: it would only say that it did not get through."""
    words = {name: str(parts.query[name]) for name in ("sslrootcert", "sslcert", "sslkey") if name in parts.query}
    root = words.get("sslrootcert")
    if root == SYSTEM:
        _trust_whom_the_system_trusts()
    try:
        context = ssl.create_default_context(cafile=None if root == SYSTEM else root)
        if "sslcert" in words:
            context.load_cert_chain(words["sslcert"], words.get("sslkey"))
    except (OSError, ssl.SSLError) as error:
        raise SettingsFault(
            f"ALERTBUS_DATABASE_CA_FILE, or sslrootcert, sslcert, sslkey in ALERTBUS_DATABASE_URL: expected PEM files that this process "
            f"may read ({type(error).__name__}); mend the path or the file"
        ) from None


def _trust_whom_the_system_trusts() -> None:
    """Tell libpq where this machine keeps its authorities: as psycopg carries it, it looks in a place of its own that no machine has."""
    found = ssl.get_default_verify_paths()
    for name, place in (("SSL_CERT_FILE", found.cafile), ("SSL_CERT_DIR", found.capath)):
        if place is not None:
            os.environ.setdefault(name, place)


def _make_private(database: str | None) -> None:
    """Create the file for its owner alone, before SQLite creates it for all to read; what fails here fails there."""
    if database and database != ":memory:" and not database.startswith("file:"):
        path = Path(database)
        with contextlib.suppress(OSError):
            path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            # Never open it once it exists: closing any handle drops the locks this process has on the file (POSIX).
            os.close(os.open(path, os.O_CREAT | os.O_EXCL | os.O_RDWR, 0o600))
