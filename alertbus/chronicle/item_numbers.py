"""What is owed by a time in numbers, for status and gauges: kept counts, and the queue of what nobody owns by its index."""

from collections.abc import Mapping
from datetime import datetime

from sqlalchemy import Connection, func, select, text

from alertbus.chronicle import tables
from alertbus.chronicle.answers import ItemNumbers, Unanswered
from alertbus.chronicle.kept_counts import Counted, counts
from alertbus.chronicle.views import answered, same_exercise
from alertbus.policy.policy import Policy
from alertbus.sql.database import Database

_item = tables.item.c
_UNOWNED = text("chronicle_item.unowned_since IS NOT NULL")


def item_numbers(connection: Connection, now: datetime, exercise: str | None) -> ItemNumbers:
    """Count what is owed in reality, or in one exercise."""
    numbers = counts(connection, exercise)
    return ItemNumbers(
        open=numbers[Counted.ITEMS_OPEN],
        overdue=numbers[Counted.ITEMS_OVERDUE],
        unowned=numbers[Counted.ITEMS_UNOWNED],
        oldest_unowned=oldest_unowned(connection, now, exercise),
        clocks_met=numbers[Counted.CLOCKS_MET],
        clocks_missed=numbers[Counted.CLOCKS_MISSED],
    )


def oldest_unowned(connection: Connection, now: datetime, exercise: str | None = None) -> Unanswered | None:
    """Give what has waited longest in the queue of what nobody owns."""
    chosen = _UNOWNED, same_exercise(_item.exercise, exercise)
    query = select(_item.id, _item.agency, _item.unowned_since).where(*chosen).order_by(_item.unowned_since, _item.id).limit(1)
    found = connection.execute(query).one_or_none()
    if found is None:
        return None
    age = max(0.0, (now - found.unowned_since).total_seconds())
    return Unanswered(obligation_id=found.id, agency=found.agency, since=found.unowned_since, age_s=age)


async def unowned_too_long(engine: Database, policy: Policy, now: datetime) -> bool:
    """Whether something real has been in the queue for longer than the policy allows. Raises `DatabaseUnavailable`."""
    oldest = await answered(engine, lambda connection: oldest_unowned(connection, now))
    return oldest is not None and policy.escalation.unowned_within.after(oldest.since, policy.bank_holidays) <= now


async def unowned_by_agency(engine: Database) -> Mapping[str, int]:
    """Count by agency what nobody owns; exercises are not counted. Raises `DatabaseUnavailable`."""
    query = select(_item.agency, func.count()).where(_UNOWNED, _item.exercise.is_(None)).group_by(_item.agency).order_by(_item.agency)
    return await answered(engine, lambda connection: {row[0]: row[1] for row in connection.execute(query)})


async def numbers_of_items(engine: Database, now: datetime) -> ItemNumbers:
    """Count what is owed in reality. Raises `DatabaseUnavailable`."""
    return await answered(engine, lambda connection: item_numbers(connection, now, None))
