"""The inbox of one person: what their agency owes an answer to and they answer for, their own or in somebody's place; and what others
answered for them while they were away.

Whose an obligation is changes with every absence, so no row holds it. First it is found of whom anything is asked, which an index tells
without reading what (`asked_rows`), and in whose place this person answers; then what is asked of those. So a question costs what the
person is asked, and not what the agency is.
"""

from collections.abc import Callable, Iterator, Sequence
from datetime import datetime

from sqlalchemy import Column, ColumnElement, Connection, func, literal, or_, select, tuple_

from alertbus.chronicle import tables
from alertbus.chronicle.answers import InboxItem
from alertbus.chronicle.asked_rows import AskedOf
from alertbus.chronicle.inbox_order import EVERYTHING, InboxPlace, states_asked
from alertbus.chronicle.queries import items_of
from alertbus.chronicle.tables import ANSWERED, ObligationState
from alertbus.chronicle.views import AT_ONCE, answered
from alertbus.sql.database import Database

_owed, _asked = tables.obligation.c, tables.asked.c
_PLACE = (_asked.severity_rank, _asked.since, _asked.obligation_id)
_Conditions = tuple[ColumnElement[bool], ...]

Theirs = Callable[[AskedOf], bool]
"""Whether it is asked of the person whose inbox it is."""


_STATE = select(_owed.state).where(_owed.id == _asked.obligation_id).scalar_subquery()
"""Looked up for each that is asked: as a condition that something exists, PostgreSQL may read every obligation for it."""

_KIND = select(_owed.kind).where(_owed.id == _asked.obligation_id).scalar_subquery()


async def inbox_of_worker(
    engine: Database,
    agency: str | None,
    state: str | None,
    exercise: str | None,
    theirs: Theirs,
    *,
    now: datetime,
    limit: int,
    after: str | None,
    kind: str | None = None,
) -> list[InboxItem]:
    """List the obligations that are theirs, in the order of the inbox, of which they are a part. The rest is as in `queries.inbox`."""
    states, seen = states_asked(state), None if after is None else InboxPlace.at(after)
    parts = list(_parts(states, now, seen))
    of_kind = () if kind is None else (kind == _KIND,)

    def found(connection: Connection) -> list[InboxItem]:
        places: set[tuple[bool, int, datetime, str]] = set()
        both = {waits for _, waits, _ in parts}
        whose = {waits: list(asked_of_them(connection, agency, exercise, theirs, waits=waits)) for waits in both}
        for overdue, waits, conditions in parts:
            for some in whose[waits]:
                query = select(*_PLACE).where(*some, *conditions, *of_kind).distinct().order_by(*_PLACE).limit(limit)
                places |= {(not overdue, *row) for row in connection.execute(query)}
        return items_of(connection, [place[-1] for place in sorted(places)[:limit]], now)

    return await answered(engine, found)


async def answered_meanwhile(
    engine: Database, agency: str, theirs: Theirs, since: datetime, until: datetime, *, now: datetime
) -> list[InboxItem]:
    """List what is theirs and was answered in that time, by whomever, the earliest answer first. Real obligations only."""

    def found(connection: Connection) -> list[InboxItem]:
        given: set[tuple[datetime, str]] = set()
        for waits in (False, True):
            for some in asked_of_them(connection, agency, None, theirs, waits=waits):
                query = select(_owed.acknowledged_at, _owed.id).join(tables.asked, _asked.obligation_id == _owed.id).where(*some)
                answered_then = query.where(_owed.agency == agency, _owed.acknowledged_at.between(since, until))
                given |= {(at, id_) for at, id_ in connection.execute(answered_then)}
        return items_of(connection, [id_ for _, id_ in sorted(given)], now)

    return await answered(engine, found)


def _parts(states: Sequence[ObligationState], now: datetime, seen: InboxPlace | None) -> Iterator[tuple[bool, bool, _Conditions]]:
    """The parts of an inbox of these states behind a place: whether each is overdue, whether it still waits, and its conditions."""
    for waits in (True, False):
        some = [state for state in states if (state not in ANSWERED) == waits]
        if not some:
            continue
        every = len(some) == sum((state not in ANSWERED) == waits for state in ObligationState)
        of_these = () if every else (_STATE.in_(some),)
        in_time = (or_(_asked.due.is_(None), _asked.due >= now),) if waits else ()
        for overdue, due in ((True, (_asked.due < now,)), (False, in_time)):
            if (overdue and not waits) or (seen is not None and overdue > seen.overdue):
                continue
            follows = () if seen is None or overdue != seen.overdue else (tuple_(*_PLACE) > tuple_(*seen.within),)
            yield overdue, waits, (*due, *of_these, *follows)


def asked_of_them(
    connection: Connection, agency: str | None, exercise: str | None, theirs: Theirs, *, waits: bool
) -> Iterator[tuple[ColumnElement[bool], ...]]:
    """The conditions, together, of what is asked of those in whose place the person answers; `agency` and `exercise` as `queries.inbox` has
    them.
    """
    for one in each_value(connection, _asked.agency) if agency is None else [agency]:
        there = _asked.agency == one, _asked.waits == literal(waits)
        of = [(whom, AskedOf.read(one, whom)) for whom in each_value(connection, _asked.whom, *there)]
        mine = [whom for whom, asked in of if exercise in {EVERYTHING, asked.exercise} and theirs(asked)]
        for start in range(0, len(mine), AT_ONCE):
            yield *there, _asked.whom.in_(mine[start : start + AT_ONCE])


def each_value(connection: Connection, column: Column[str], *there: ColumnElement[bool]) -> list[str]:
    """Every value that the column has there: one step of an index for each, from one to the next."""
    found = select(func.min(column).label("one")).where(*there).cte("found", recursive=True)
    following = select(func.min(column)).where(*there, column > found.c.one).scalar_subquery()
    found = found.union_all(select(following).where(found.c.one.is_not(None)))
    return list(connection.execute(select(found.c.one).where(found.c.one.is_not(None))).scalars())
