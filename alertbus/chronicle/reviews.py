"""What waits for a person, and what was decided: review items as the topic tells them. Nothing here writes.

An item is a `ReviewNeeded` with the latest `ReviewDecided` about it. Items hold ids, reasons and times, and nothing about
anybody; only a decision's note may, and it is given where one item is asked for.
"""

from collections import Counter
from collections.abc import Collection
from datetime import datetime
from enum import StrEnum
from typing import Any

from pydantic import AwareDatetime
from sqlalchemy import ColumnElement, Connection, Row, Select, String, and_, exists, func, literal, or_, select, tuple_

from alertbus.chronicle import tables
from alertbus.chronicle.answers import ReviewsWaiting, WaitingLongest
from alertbus.chronicle.flag_questions import FLAG_REASONS, not_asked
from alertbus.chronicle.open_questions import OPEN_QUESTION, latest_decision
from alertbus.chronicle.views import AT_ONCE, view
from alertbus.model.base import Word
from alertbus.model.errors import NotFound
from alertbus.model.events import ReviewNeeded, ReviewReason
from alertbus.model.identity import ReviewDecided, ReviewOutcome
from alertbus.sql.database import Database, Transaction
from alertbus.sql.engine import UtcDateTime

INTEGRATION = "integration"
"""The owner of what is about messages and formats: whoever connects the systems that send to the bus."""

_OF_FRONT_DOOR = frozenset({ReviewReason.UNSURE_MATCH, ReviewReason.NOBODY_LINKED, ReviewReason.KEY_UNKNOWN, ReviewReason.WORDS_HELD})

_ON_CASE = "case "
"""How the `detail` of an item about the people of a case begins; the case's id follows."""


class ReviewState(StrEnum):
    """Whether somebody must still look. Shown to practitioners; values are stable."""

    OPEN = "open"
    DECIDED = "decided"


class ReviewItem(Word):
    """One question for a person, and its latest decision. An item that was reopened is open, and says by whom and when."""

    id: str
    reason: ReviewReason
    at: AwareDatetime
    """When the question arose; a decision that is taken back does not change it."""
    state: ReviewState
    owner: str
    age_s: float
    """Seconds since `at`."""
    alert_id: str | None = None
    source: str | None = None
    case_id: str | None = None
    """The case, where the question is about the people of a case file, or about words held back from it."""
    statement_id: str | None = None
    """Of words held back: the statement."""
    clues: tuple[str, ...] = ()
    """Of words held back: the classes of what was found and where, never what it is."""
    exercise: str | None = None
    person_ids: tuple[str, ...] = ()
    """The person in question first, then those who may be the same."""
    detail: str | None = None
    raw_ref: str | None = None
    outcome: ReviewOutcome | None = None
    by: str | None = None
    decided_at: AwareDatetime | None = None
    person_id: str | None = None
    note: str | None = None

    @property
    def key(self) -> str:
        """The key of the item's records on `review`, as far as the item tells it."""
        return self.alert_id or self.case_id or self.raw_ref or self.id

    @property
    def in_question(self) -> str | None:
        """The id of the person who may be somebody else; None where the question is another one."""
        return self.person_ids[0] if self.reason is ReviewReason.UNSURE_MATCH and len(self.person_ids) > 1 else None

    @property
    def candidates(self) -> tuple[str, ...]:
        """Ids of those who may be the person in question, or whom an unknown key may mean."""
        return self.person_ids[1:] if self.in_question else self.person_ids if self.reason is ReviewReason.KEY_UNKNOWN else ()


def owner_of(reason: ReviewReason, front_door: str, source: str | None = None) -> str:
    """Give who must decide an item of this reason: the agency that stated a flag (the first part of `source`), whether it still stands; the
    front door, whether to set one, whom an alert is about, and whom its words may reach, because a child may be waiting behind it (DESIGN
    section 14); else `INTEGRATION`, because the answer lies in a sender's system or in the policy.
    """
    if reason is ReviewReason.FLAG_REVIEW_DUE and source:
        return source.partition(".")[0]
    return front_door if reason in _OF_FRONT_DOOR or reason in FLAG_REASONS else INTEGRATION


async def review_items(
    engine: Database,
    now: datetime,
    front_door: str,
    *,
    state: ReviewState | None = ReviewState.OPEN,
    reasons: Collection[ReviewReason] = (),
    alert_id: str | None = None,
    stated_by: str | None = None,
    limit: int = 100,
    after: ReviewItem | None = None,
) -> list[ReviewItem]:
    """List items, the oldest first. `state` None: open and decided; `reasons` empty: all. Those of exercises are among them, and say so.
    `stated_by`: those about statements of that agency. A question about a flag is not listed before it is asked (`flag_questions`).

    `after` is the last item seen; what follows it is given.
    """
    asked = tables.review.c
    query = _items().where(or_(~asked.open, ~not_asked(now))).order_by(asked.at, asked.id).limit(limit)
    if stated_by is not None:
        query = query.where(_source_of(stated_by))
    if state is not None:
        query = query.where(OPEN_QUESTION if state is ReviewState.OPEN else ~asked.open)
    if reasons:
        query = query.where(asked.reason.in_(sorted(reasons)))
    if alert_id is not None:
        query = query.where(asked.alert_id == alert_id)
    if after is not None:
        query = query.where(tuple_(asked.at, asked.id) > tuple_(literal(after.at, UtcDateTime), literal(after.id, String)))
    async with view(engine) as connection:
        return [_item(row, now, front_door) for row in await connection.execute(query)]


async def review_item(engine: Database, item_id: str, now: datetime, front_door: str) -> ReviewItem:
    """Give one item. Raises `NotFound`."""
    async with view(engine) as connection:
        row = (await connection.execute(_items().where(tables.review.c.id == item_id))).one_or_none()
    if row is None:
        raise NotFound("no such review item; `alertbus review list` shows those that are open, a moment after they arose")
    return _item(row, now, front_door)


async def proposals_about(engine: Database, person_id: str, now: datetime, front_door: str) -> list[ReviewItem]:
    """Give every proposal of a flag for somebody, the oldest first: open and decided, shown and not."""
    asked = tables.review.c
    query = _items().where(asked.reason == ReviewReason.FLAG_PROPOSED, asked.person_id == person_id).order_by(asked.at, asked.id)
    async with view(engine) as connection:
        return [_item(row, now, front_door) for row in await connection.execute(query)]


async def words_released(connection: Transaction, case_id: str, alerts: Collection[str]) -> set[str]:
    """Give the statements of these alerts whose held words somebody has released to the case. What went out stays out, whatever was
    decided at the same moment or since.
    """
    asked, decided, found = tables.review.c, tables.review_decision.c, set()
    released = select(decided.review_id).where(decided.outcome == ReviewOutcome.RELEASE.value)
    every = sorted(alerts)
    for start in range(0, len(every), AT_ONCE):
        some = asked.alert_id.in_(every[start : start + AT_ONCE])
        query = select(asked.body).where(some, asked.reason == ReviewReason.WORDS_HELD.value, asked.id.in_(released))
        for body in (await connection.execute(query)).scalars():
            needed = ReviewNeeded.model_validate_json(body)
            if needed.case_id == case_id:
                found.add(needed.statement_id or "")
    return found


async def unanswered_on(engine: Database, case_id: str, agency: str) -> list[str]:
    """Give the ids of the obligations that this agency has not answered on this case."""
    owed = tables.obligation.c
    query = select(owed.id).where(owed.case_id == case_id, owed.agency == agency, owed.state.not_in(tables.ANSWERED)).order_by(owed.id)
    async with view(engine) as connection:
        return list((await connection.execute(query)).scalars())


def waiting_reviews(connection: Connection, now: datetime, exercise: str | None) -> ReviewsWaiting:
    """Count the open items by reason, of reality or of one exercise, and give the one that has waited longest."""
    asked = tables.review.c
    chosen = and_(OPEN_QUESTION, ~not_asked(now), _rehearsed().is_(None) if exercise is None else _rehearsed() == exercise)
    by_reason = select(asked.reason, func.count()).where(chosen).group_by(asked.reason)
    oldest = select(asked.id, asked.reason, asked.at).where(chosen).order_by(asked.at, asked.id).limit(1)
    counts = Counter({ReviewReason(row[0]): row[1] for row in connection.execute(by_reason)})
    first = connection.execute(oldest).one_or_none()
    longest = first and WaitingLongest(id=first.id, reason=first.reason, since=first.at, age_s=(now - first.at).total_seconds())
    return ReviewsWaiting(open=counts.total(), by_reason=dict(sorted(counts.items())), oldest=longest)


def _rehearsed() -> ColumnElement[Any]:
    said = tables.alert.c
    return select(func.max(said.exercise)).where(said.alert_id == tables.review.c.alert_id).correlate(tables.review).scalar_subquery()


def _source_of(agency: str) -> ColumnElement[bool]:
    said = tables.alert.alias("asked_about")
    theirs = or_(said.c.source == agency, said.c.source.startswith(f"{agency}.", autoescape=True))
    return exists().where(said.c.statement_id == tables.review.c.statement_id, theirs).correlate(tables.review)


def _items() -> Select[Any]:
    decision = latest_decision(tables.review_decision.c.body).label("decision")
    return select(tables.review.c.body, tables.review.c.open, decision, _rehearsed().label("exercise"))


def _item(row: Row[*tuple[Any, ...]], now: datetime, front_door: str) -> ReviewItem:
    needed = ReviewNeeded.model_validate_json(row.body)
    decided = ReviewDecided.model_validate_json(row.decision) if row.decision else None
    detail = needed.detail or ""
    return ReviewItem(
        **needed.model_dump(exclude={"case_id"}),
        state=ReviewState.OPEN if row.open else ReviewState.DECIDED,
        owner=owner_of(needed.reason, front_door, needed.source),
        age_s=(now - needed.at).total_seconds(),
        case_id=detail.removeprefix(_ON_CASE) if detail.startswith(_ON_CASE) and needed.alert_id is None else needed.case_id,
        exercise=row.exercise,
        outcome=decided and decided.outcome,
        by=decided and decided.by,
        decided_at=decided and decided.at,
        person_id=decided and decided.person_id,
        note=decided and decided.note,
    )
