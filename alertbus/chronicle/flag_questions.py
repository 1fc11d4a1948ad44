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
from alertbus.model.identity import ReviewOutcome

FLAG_REASONS = frozenset({ReviewReason.FLAG_REVIEW_DUE, ReviewReason.FLAG_PROPOSED})


def latest_decision(name: str) -> FromClause:
    """The latest decision about each item, as a table of that name: the row of `rank` 1."""
    decided = tables.review_decision.c
    newest = func.row_number().over(partition_by=decided.review_id, order_by=(decided.at.desc(), decided.outcome.desc()))
    return select(tables.review_decision, newest.label("rank")).subquery(name)


def undecided(latest: FromClause) -> ColumnElement[bool]:
    """Whether nobody has decided, or the decision was taken back."""
    return or_(latest.c.outcome.is_(None), latest.c.outcome == ReviewOutcome.REOPENED.value)


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
    asked, other, decided = tables.review.c, tables.review.alias("other_proposal"), tables.review_decision.c
    same = and_(other.c.reason == ReviewReason.FLAG_PROPOSED, other.c.person_id == asked.person_id)
    earlier = tuple_(other.c.at, other.c.id) < tuple_(asked.at, asked.id)
    latest = select(decided.outcome).where(decided.review_id == other.c.id).order_by(decided.at.desc(), decided.outcome.desc()).limit(1)
    still_open = func.coalesce(latest.correlate(other).scalar_subquery(), ReviewOutcome.REOPENED.value) == ReviewOutcome.REOPENED.value
    return exists().where(same, earlier, still_open, ~_withdrawn(other)).correlate(tables.review)
