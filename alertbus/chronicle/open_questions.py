"""Which questions for a person are open: kept with each, because most were decided long ago."""

from collections.abc import Collection
from typing import Any

from sqlalchemy import ColumnElement, Connection, func, select, text, update

from alertbus.chronicle import tables
from alertbus.chronicle.views import AT_ONCE
from alertbus.model.identity import ReviewOutcome

OPEN_QUESTION = text("chronicle_review.open")
"""The condition of a query that nobody has decided an item. In the words of the index, or no database would use it."""


def latest_decision(column: ColumnElement[Any]) -> ColumnElement[Any]:
    """This column of the latest decision about an item; NULL where there is none."""
    decided = tables.review_decision.c
    of_item = select(column).where(decided.review_id == tables.review.c.id).order_by(decided.at.desc(), decided.outcome.desc()).limit(1)
    return of_item.correlate(tables.review).scalar_subquery()


def settle_reviews(connection: Connection, items: Collection[str]) -> None:
    """Say anew whether these items are open: all that arose or were decided, in whatever order the two were read."""
    every, asked = sorted(items), tables.review.c
    outcome = func.coalesce(latest_decision(tables.review_decision.c.outcome), ReviewOutcome.REOPENED.value)
    for start in range(0, len(every), AT_ONCE):
        some = asked.id.in_(every[start : start + AT_ONCE])
        connection.execute(update(tables.review).where(some).values(open=outcome == ReviewOutcome.REOPENED.value))
