"""Alembic's way in: on the connection `migrate()` hands over, or on one from the settings (`alembic revision`)."""  # noqa: INP001

import asyncio
import importlib
import pkgutil

from alembic import context
from sqlalchemy import Connection

import alertbus
from alertbus.sql.engine import make_engine, metadata


def _run(connection: Connection) -> None:
    # Batch mode: SQLite cannot alter a table in place.
    context.configure(connection=connection, target_metadata=metadata, render_as_batch=True)
    with context.begin_transaction():
        context.run_migrations()


async def _run_alone() -> None:
    from alertbus.settings import load_settings

    for room in pkgutil.iter_modules(alertbus.__path__, "alertbus."):
        if room.ispkg:
            for module in pkgutil.iter_modules(importlib.import_module(room.name).__path__, f"{room.name}."):
                if module.name.endswith("tables"):
                    importlib.import_module(module.name)  # so that its tables stand in `metadata`, to be compared
    engine = make_engine(load_settings().sqlalchemy_url, foreign_keys=False)
    try:
        async with engine.begin() as connection:
            await connection.run_sync(_run)
    finally:
        await engine.dispose()


if context.is_offline_mode():
    raise SystemExit("alembic --sql is not offered here: run the migration on a copy and read its statements")
if (given := context.config.attributes.get("connection")) is not None:
    _run(given)
else:
    asyncio.run(_run_alone())
