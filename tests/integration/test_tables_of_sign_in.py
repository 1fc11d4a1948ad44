"""The migrations make the very tables that the desk's sign-in works with, on both databases: its other tests make them without migrations."""

from alembic.autogenerate import compare_metadata
from alembic.runtime.migration import MigrationContext
from sqlalchemy import create_engine

from alertbus.desk.sign_in import tables
from alertbus.sql.engine import metadata, migrate


async def test_the_migrations_make_the_tables_of_sign_in_as_the_code_has_them(url: str) -> None:
    await migrate(url)
    engine = create_engine(url)
    with engine.connect() as connection:
        ours = {"include_object": lambda _, name, kind, *__: kind != "table" or name.startswith("desk_")}
        found = compare_metadata(MigrationContext.configure(connection, opts=ours), metadata)
    engine.dispose()

    assert tables.session.name in metadata.tables
    assert found == []
