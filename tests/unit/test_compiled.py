"""A compiled statement does what SQLAlchemy does with the same statement, for lists of every length and moments of every zone."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import (
    Boolean,
    Column,
    Connection,
    Integer,
    LargeBinary,
    MetaData,
    String,
    Table,
    bindparam,
    create_engine,
    event,
    select,
    update,
)
from sqlalchemy.exc import IntegrityError

from alertbus.sql.compiled import CompiledStatement
from alertbus.sql.engine import UtcDateTime

NOON = datetime(2026, 3, 2, 12, tzinfo=UTC)

thing = Table(
    "thing",
    MetaData(),
    Column("name", String, primary_key=True),
    Column("size", Integer),
    Column("seen_at", UtcDateTime),
    Column("open", Boolean),
    Column("body", LargeBinary),
)
INSERT = thing.insert().inline()
AMONG = (
    select(thing.c.name, thing.c.size)
    .where(
        thing.c.name.in_(bindparam("names", expanding=True)),
        thing.c.size.not_in(bindparam("sizes", expanding=True)),
        thing.c.seen_at <= bindparam("until"),
    )
    .order_by(thing.c.name)
)
SHUT = (
    update(thing)
    .where(thing.c.name.in_(bindparam("names", expanding=True)), thing.c.seen_at <= bindparam("until"))
    .values(open=False, size=thing.c.size + 1, seen_at=bindparam("at", type_=UtcDateTime()))
    .returning(thing.c.name, thing.c.size)
)

names = st.sampled_from("abcdefghij")
moments = st.integers(-3, 3).map(lambda hours: (NOON + timedelta(hours=hours)).astimezone(timezone(timedelta(hours=hours))))
things = st.lists(
    st.builds(
        lambda name, size, seen_at, body: {"name": name, "size": size, "seen_at": seen_at, "open": True, "body": body},
        names,
        st.integers(0, 5),
        moments,
        st.binary(max_size=5),
    ),
    min_size=1,
    max_size=8,
    unique_by=lambda one: one["name"],
)


@pytest.fixture
def connection() -> Iterator[Connection]:
    with create_engine("sqlite://").connect() as connection:
        thing.metadata.create_all(connection)
        yield connection


@given(things, st.lists(names, max_size=9), st.lists(st.integers(0, 5), max_size=3), moments)
def test_it_reads_and_writes_what_sqlalchemy_does(
    rows: list[dict[str, object]], some: list[str], sizes: list[int], until: datetime
) -> None:
    answers = []
    for compiled in (True, False):
        with create_engine("sqlite://").connect() as connection:
            thing.metadata.create_all(connection)
            among, shut = {"names": some, "sizes": sizes, "until": until}, {"names": some, "until": until, "at": NOON}
            if compiled:
                CompiledStatement(INSERT).execute(connection, rows)
                found = [CompiledStatement(AMONG).run(connection, among), CompiledStatement(SHUT).run(connection, shut)]
            else:
                connection.execute(thing.insert(), rows)
                found = [connection.execute(AMONG, among).all(), connection.execute(SHUT, shut).all()]
            answers.append([*map(sorted, found), connection.execute(select(thing).order_by(thing.c.name)).all()])

    assert answers[0] == answers[1]


def test_it_is_compiled_once_for_lists_of_about_the_same_length(connection: Connection) -> None:
    texts: set[str] = set()
    event.listen(connection, "before_cursor_execute", lambda _connection, _cursor, text, *_: texts.add(text))
    statement = CompiledStatement(AMONG)
    for length in range(5, 9):
        statement.run(connection, {"names": list("abcdefgh"[:length]), "sizes": [1], "until": NOON})

    assert len(texts) == 1


def test_it_says_how_many_rows_it_changed(connection: Connection) -> None:
    CompiledStatement(INSERT).execute(connection, [{"name": name, "size": 1, "seen_at": NOON, "open": True, "body": b""} for name in "abc"])
    shut = CompiledStatement(update(thing).where(thing.c.name.in_(bindparam("names", expanding=True))).values(open=False))

    assert [shut.count(connection, {"names": some}) for some in (["a", "b", "x"], [])] == [2, 0]


def test_what_the_database_refuses_is_told_as_sqlalchemy_tells_it(connection: Connection) -> None:
    row = {"name": "a", "size": 1, "seen_at": NOON, "open": True, "body": b""}
    with pytest.raises(IntegrityError):
        CompiledStatement(INSERT).execute(connection, [row, row])


def test_a_moment_without_a_zone_is_refused(connection: Connection) -> None:
    with pytest.raises(ValueError, match="zone"):
        CompiledStatement(AMONG).run(connection, {"names": [], "sizes": [], "until": NOON.replace(tzinfo=None)})
