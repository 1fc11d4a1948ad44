"""All that an exercise left behind, or reality: the notices that agencies' systems took, and the items. For the report of a replay."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection, func, select

from alertbus.chronicle import tables
from alertbus.chronicle.views import answered, same_exercise
from alertbus.model.item import Item
from alertbus.model.notice import Notice
from alertbus.model.receipt import Stage
from alertbus.sql.database import Database


@dataclass(frozen=True, slots=True)
class TakenNotice:
    """A notice, and when its agency's own system took it. A copy on a fallback channel is no such thing."""

    notice: Notice
    taken_at: datetime


async def taken_notices(engine: Database, exercise: str | None) -> list[TakenNotice]:
    """Give the notices of an exercise, or of what is real, that were taken: those of one obligation in the order of their writing."""
    owed, told, given = tables.obligation.c, tables.notice.c, tables.receipt.c
    query = (
        select(told.body, func.min(given.at, type_=given.at.type))
        .join(tables.obligation, owed.id == told.obligation_id)
        .join(tables.receipt, (given.obligation_id == told.obligation_id) & (given.notice_id == told.notice_id))
        .where(same_exercise(owed.exercise, exercise), given.stage == Stage.ACCEPTED.value)
        .group_by(told.notice_id, told.body, told.position, owed.since, owed.id)
        .order_by(owed.since, owed.id, told.position)
    )

    def found(connection: Connection) -> list[TakenNotice]:
        return [TakenNotice(Notice.model_validate_json(body), at) for body, at in connection.execute(query)]

    return await answered(engine, found)


async def exercise_items(engine: Database, exercise: str) -> Sequence[Item]:
    """Give the items of an exercise as they stand, the earliest due first."""
    item = tables.item.c
    query = select(item.body).where(item.exercise == exercise).order_by(item.due_or_never, item.id)

    def found(connection: Connection) -> list[Item]:
        return [Item.model_validate_json(body) for body in connection.execute(query).scalars()]

    return await answered(engine, found)
