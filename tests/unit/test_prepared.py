"""A prepared statement writes what SQLAlchemy's own way writes."""

from collections.abc import Sequence
from datetime import datetime, timedelta, timezone
from functools import partial
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sqlalchemy import BigInteger, Boolean, Column, LargeBinary, MetaData, String, Table, bindparam, create_engine, select

from alertbus.sql.engine import UtcDateTime, upsert
from alertbus.sql.prepared import PreparedLookup, PreparedStatement

SAID = Table(
    "said",
    MetaData(),
    Column("id", BigInteger, primary_key=True),
    Column("by", String),
    Column("at", UtcDateTime),
    Column("whole", Boolean),
    Column("body", LargeBinary),
)
INSERT = PreparedStatement(partial(upsert, SAID))

EARLY, LATE, NAIVE = datetime(2, 1, 1), datetime(9998, 1, 1), datetime(2026, 1, 1)  # noqa: DTZ001  hypothesis adds the zones
zones = st.integers(-23, 23).map(lambda hour: timezone(timedelta(hours=hour)))
rows = st.lists(
    st.fixed_dictionaries(
        {
            "id": st.integers(0, 9),
            "by": st.none() | st.text(st.characters(exclude_categories=["Cs"])),
            "at": st.none() | st.datetimes(EARLY, LATE, timezones=zones),
            "whole": st.none() | st.booleans(),
            "body": st.none() | st.binary(),
        }
    ),
    min_size=1,
)


def written(say: Any) -> tuple[Sequence[Any], int]:
    engine = create_engine("sqlite://")
    SAID.metadata.create_all(engine)
    with engine.begin() as connection:
        count = say(connection)
        return connection.execute(select(SAID).order_by(SAID.c.id)).all(), count


@settings(deadline=None)
@given(rows)
def test_rows_are_the_same_as_through_execute_and_the_new_ones_are_counted(given_rows: list[dict[str, Any]]) -> None:
    ours, count = written(lambda connection: INSERT.execute(connection, given_rows))
    theirs, _ = written(lambda connection: connection.execute(upsert(SAID, "sqlite"), given_rows))

    assert ours == theirs
    assert count == len(ours)


def test_an_update_takes_the_columns_that_it_names() -> None:
    update = PreparedStatement(lambda _: SAID.update().where(SAID.c.id == bindparam("id")), ["by"])

    def say(connection: Any) -> int:
        INSERT.execute(connection, [{"id": n, "by": "a", "at": None, "whole": True, "body": b""} for n in range(3)])
        return update.execute(connection, [{"id": 1, "by": "b"}, {"id": 9, "by": "c"}])

    found, count = written(say)

    assert [(row.id, row.by, row.whole) for row in found] == [(0, "a", True), (1, "b", True), (2, "a", True)]
    assert count == 1


def test_what_a_columns_type_refuses_is_refused() -> None:
    with pytest.raises(ValueError, match="a time with its zone"):
        written(lambda connection: INSERT.execute(connection, [{"id": 1, "by": "", "at": NAIVE, "whole": True, "body": b""}]))


@settings(deadline=None)
@given(rows, st.lists(st.text(st.characters(exclude_categories=["Cs"]))), st.lists(st.text(st.characters(exclude_categories=["Cs"]))))
def test_a_lookup_finds_what_is_among_its_lists(given_rows: list[dict[str, Any]], these: list[str], those: list[str]) -> None:
    these += [row["by"] for row in given_rows[::2] if row["by"] is not None]
    lookup = PreparedLookup("SELECT id FROM said WHERE by {among} OR by {among} ORDER BY id")

    def say(connection: Any) -> Any:
        INSERT.execute(connection, given_rows)
        return [id_ for (id_,) in lookup.rows(connection, these, those)]

    stored, found = written(say)

    assert found == [row.id for row in stored if row.by in {*these, *those}]
