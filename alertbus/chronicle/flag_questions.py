"""Questions about flags that are not asked, or not any more, although nobody has decided them (NOT-23, VPF-05). Conditions of a query.

Whether a flag still stands is asked from its review date on, and of no statement in whose place another one stands. A flag is
proposed while what it was proposed for is not withdrawn. Of one person it is proposed once, however many threats there are: the
oldest open proposal is shown, and whoever decides it has decided the others (`intake.decisions`).
"""

from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, FromClause, and_, case, exists, func, or_, select, tuple_

from alertbus.chronicle import tables
from alertbus.model.alert import Action
from alertbus.model.events import ReviewReason

FLAG_REASONS = frozenset({ReviewReason.FLAG_REVIEW_DUE, ReviewReason.FLAG_PROPOSED})


def not_asked(now: datetime) -> ColumnElement[bool]:
    """Whether an item that nobody has decided asks nobody at this moment. True of questions about flags only."""
    asked = tables.review.c
    overtaken = _standing(tables.review, tables.alert.c.statement_id, or_else=asked.statement_id) != asked.statement_id
    due = and_(asked.reason == ReviewReason.FLAG_REVIEW_DUE, or_(asked.at > now, overtaken))
    proposed = and_(asked.reason == ReviewReason.FLAG_PROPOSED, or_(_withdrawn(tables.review), _asked_already()))
    return or_(due, proposed)


def _withdrawn(question: FromClause) -> ColumnElement[bool]:
    return _standing(question, tables.alert.c.action, or_else=Action.RAISED.value) == Action.WITHDRAWN.value


def _standing(question: FromClause, column: ColumnElement[Any], *, or_else: Any) -> ColumnElement[Any]:
    """This column of the statement that stands of the question's alert; `or_else` while the chronicle has none of its statements."""
    said = tables.alert.c
    rank = case({action.value: number for number, action in enumerate(Action)}, value=said.action)
    latest = (said.recorded_at.desc(), said.at.desc(), rank.desc(), said.statement_id.desc())
    found = select(column).where(said.alert_id == question.c.alert_id).order_by(*latest).limit(1).correlate(question)
    return func.coalesce(found.scalar_subquery(), or_else)


def _asked_already() -> ColumnElement[bool]:
    """Whether another proposal about the same person arose before this one and is still open."""
    asked, other = tables.review.c, tables.review.alias("other_proposal")
    same = and_(other.c.reason == ReviewReason.FLAG_PROPOSED, other.c.person_id == asked.person_id)
    earlier = tuple_(other.c.at, other.c.id) < tuple_(asked.at, asked.id)
    return exists().where(same, earlier, other.c.open, ~_withdrawn(other)).correlate(tables.review)
