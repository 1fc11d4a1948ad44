"""Which answers of people their cases have heard of: each is a receipt, and an event on its case, written one after the other.

Whoever finds an answer here of which its case has not heard completes it (`intake.completion`): one that was cut short between the two, and
one that was given before cases were told.
"""

from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import Connection, Table, bindparam, exists, select, text, update

from alertbus.chronicle import tables
from alertbus.chronicle.views import AT_ONCE, receipt_in, view
from alertbus.model.receipt import Receipt
from alertbus.sql.compiled import CompiledStatement
from alertbus.sql.database import Database

UNTOLD = text("NOT chronicle_receipt.told")
"""The condition of a query that a case has not heard of an answer. In the words of the index, or no database would use it."""

_given = tables.receipt.c
_HEARD = CompiledStatement(
    lambda _: (
        update(tables.receipt)
        .where(
            _given.id.in_(bindparam("receipts", expanding=True)),
            UNTOLD,
            exists(select(tables.answered.c.receipt_id).where(tables.answered.c.receipt_id == _given.id)),
        )
        .values(told=True)
    )
)


def settle_answers(connection: Connection, written: Mapping[Table, Sequence[dict[str, Any]]]) -> None:
    """Note what these rows say that cases have heard of, in whatever order answer and receipt were read."""
    given = {row["id"] for row in written.get(tables.receipt, ()) if row["told"] is not None}
    every = sorted(given | {row["receipt_id"] for row in written.get(tables.answered, ())})
    for start in range(0, len(every), AT_ONCE):
        _HEARD.count(connection, {"receipts": every[start : start + AT_ONCE]})


async def untold_answers(engine: Database, limit: int) -> list[Receipt]:
    """Give answers of people of which the case has not heard, the oldest first."""
    query = select(tables.receipt).where(UNTOLD).order_by(_given.at, _given.id).limit(limit)
    async with view(engine) as connection:
        return [receipt_in(row) for row in await connection.execute(query)]
