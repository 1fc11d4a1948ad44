"""Undelivered obligations in numbers, by agency and reason. Nothing here says about whom they are.

Ledger and chronicle are asked together: for delivery a refusal is over, but it stays undelivered until a named person has
answered or the alert was withdrawn. Exercises are not counted.
"""

from pydantic import AwareDatetime
from sqlalchemy import func, or_, select

from alertbus.chronicle.tables import ANSWERED, obligation
from alertbus.delivery.ledger.tables import LedgerState, ledger
from alertbus.model import watchdog
from alertbus.model.base import Word
from alertbus.sql.database import Database
from alertbus.sql.engine import database_faults, reading


class Undelivered(Word):
    """The obligations of one agency that are undelivered for one reason, an error class; `since` is when the first of them became so."""

    agency: str
    reason: str
    count: int
    since: AwareDatetime
    in_fallback: int
    """The number of them that a fallback channel has."""


async def undelivered(engine: Database) -> list[Undelivered]:
    """Count by agency and reason, the oldest first. An obligation of which several notices failed counts once, by the first of them. Raises
    `DatabaseUnavailable`.
    """
    row, owed = ledger.c, obligation.c
    moment = func.coalesce(row.failed_at, row.done_at)
    each = (
        select(
            row.agency,
            row.error_class,
            moment.label("moment"),
            func.max(row.fallback).over(partition_by=row.obligation_id).label("fallback"),
            func.row_number().over(partition_by=row.obligation_id, order_by=(moment, row.notice_id)).label("place"),
        )
        .outerjoin(obligation, owed.id == row.obligation_id)
        .where(
            or_(row.failed_at.is_not(None) & row.done_at.is_(None), row.state == LedgerState.REFUSED.value),
            row.agency != watchdog.AGENCY,
            or_(owed.id.is_(None), owed.state.not_in(ANSWERED) & owed.exercise.is_(None)),
        )
        .subquery()
    )
    one = each.c
    since = func.min(one.moment, type_=row.failed_at.type).label("since")
    query = (
        select(one.agency, one.error_class, func.count(), since, func.count(one.fallback))
        .where(one.place == 1)
        .group_by(one.agency, one.error_class)
        .order_by(since, one.agency)
    )
    with database_faults():
        async with reading(engine) as connection:
            found = (await connection.execute(query)).all()
    return [
        Undelivered(agency=agency, reason=reason or "unknown", count=count, since=moment, in_fallback=kept)
        for agency, reason, count, moment, kept in found
    ]
