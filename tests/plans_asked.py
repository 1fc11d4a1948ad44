"""What a database was asked meanwhile, and SQLite's plan of each statement: whether it goes by index or reads a table from end to end."""

import contextlib
from collections.abc import Iterator, Mapping
from functools import partial
from typing import Any

from sqlalchemy import Connection, event

from alertbus.sql.database import Database

EXPLAINED = ("SELECT", "WITH", "UPDATE", "DELETE", "INSERT")


@contextlib.contextmanager
def asked_of(engine: Database) -> Iterator[dict[str, Any]]:
    """Fills with the statements, each with the first parameters that it was given."""
    found: dict[str, Any] = {}

    def note(_connection: Any, _cursor: Any, statement: str, parameters: Any, _context: Any, several: bool) -> None:
        if statement.startswith(EXPLAINED):
            found.setdefault(statement, parameters[0] if several else parameters)

    event.listen(engine.engine, "before_cursor_execute", note)
    try:
        yield found
    finally:
        event.remove(engine.engine, "before_cursor_execute", note)


async def scans_of(engine: Database, asked: Mapping[str, Any]) -> dict[str, list[str]]:
    """By statement, what its plan reads from end to end."""
    return {one: await engine.read(partial(_scans, one, given)) for one, given in list(asked.items())}


def _scans(asked: str, given: Any, connection: Connection) -> list[str]:
    plan = [str(row[-1]) for row in connection.exec_driver_sql(f"EXPLAIN QUERY PLAN {asked}", given)]
    return [line.removeprefix("SCAN ") for line in plan if line.startswith("SCAN ")]
