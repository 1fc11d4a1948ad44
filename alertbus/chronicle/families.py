"""The families of an agency, a page at a time: each with its children as the agency may name them, and how much is open and overdue.

Every part is a walk of an index: the cases of an agency, or the ids of all cases for who holds them; what is owed, on the cases of one
page alone, or what is late, the longest overdue first.
"""

from collections.abc import Iterator, Sequence
from datetime import datetime
from enum import StrEnum

from sqlalchemy import ColumnElement, Connection, func, or_, select

from alertbus.chronicle import tables
from alertbus.chronicle.case_people import children_listed
from alertbus.chronicle.item_queries import ItemsAsked, owed_on_cases
from alertbus.chronicle.item_sight import ItemSight
from alertbus.chronicle.views import answered
from alertbus.model.base import Word
from alertbus.model.case import Case
from alertbus.model.notice import NoticePerson
from alertbus.policy.policy import Policy
from alertbus.sql.database import Database

_on, _version = tables.case_agency.c, tables.case_version.c


class FamiliesAsked(StrEnum):
    """Which families."""

    ALL = "all"
    OPEN = "open"
    """Those on whose case something is owed."""
    OVERDUE = "overdue"


class FamilyListed(Word):
    """One family in a list."""

    case_id: str
    children: tuple[NoticePerson, ...] = ()
    """As the agency may name them; nobody where it may not."""
    open: int = 0
    """How much is owed on the case, by anybody, as far as the agency may see it; what is overdue is part of it."""
    overdue: int = 0
    exercise: str | None = None


class FamiliesPage(Word):
    """A page of families, and what to give for the next one, if there is more."""

    families: tuple[FamilyListed, ...]
    next: str | None = None


async def families(
    engine: Database, policy: Policy, sight: ItemSight, asked: FamiliesAsked, *, now: datetime, limit: int, after: str | None = None
) -> FamiliesPage:
    """List the families on which an agency is active, or which somebody holds: all by the id of their case; what is open or overdue by what
    was due first. `after` is `next` of the page before; one that is none begins anew.
    """

    def found(connection: Connection) -> FamiliesPage:
        read = _all if asked is FamiliesAsked.ALL else _owing
        ids, following = read(connection, sight, asked, now, limit, after or "")
        cases, owed = _latest(connection, ids), _owed(connection, sight, ItemsAsked.OPEN, now, ids)
        late = _owed(connection, sight, ItemsAsked.OVERDUE, now, ids)
        listed = tuple(
            FamilyListed(
                case_id=one,
                children=children_listed(cases[one], policy, _reader(sight, one, policy), now),
                open=owed.get(one, 0),
                overdue=late.get(one, 0),
                exercise=cases[one].exercise,
            )
            for one in ids
            if one in cases
        )
        return FamiliesPage(families=listed, next=following)

    return await answered(engine, found)


def _reader(sight: ItemSight, case_id: str, policy: Policy) -> str:
    return policy.case_holder if sight.holds(case_id) or sight.agency is None else sight.agency


def _all(connection: Connection, sight: ItemSight, _: FamiliesAsked, now: datetime, limit: int, after: str) -> tuple[list[str], str | None]:
    if sight.areas is None or sight.areas:
        query = select(_version.case_id).where(*_within(sight, _version.case_id)).distinct()
        column = _version.case_id
    else:
        query, column = select(_on.case_id).where(*_active(sight.agency, now)).distinct(), _on.case_id
    ids = list(connection.execute(query.where(column > after).order_by(column).limit(limit + 1)).scalars())
    return ids[:limit], ids[limit - 1] if len(ids) > limit else None


def _owing(
    connection: Connection, sight: ItemSight, asked: FamiliesAsked, now: datetime, limit: int, after: str
) -> tuple[list[str], str | None]:
    """By what was due first, and among those of one moment by the id. The cursor is both, and says no more than the page does."""
    query = owed_on_cases(sight, ItemsAsked(asked), now)
    if query is None:
        return [], None
    every = query.subquery()
    first = func.min(every.c.due_or_never)
    grouped = select(every.c.case_id, first.label("first")).group_by(every.c.case_id).subquery()
    page = select(grouped.c.case_id, grouped.c.first)
    if not (sight.areas is None or sight.areas):
        page = page.where(grouped.c.case_id.in_(select(_on.case_id).where(*_active(sight.agency, now))))
    if after:
        last = select(grouped.c.first).where(grouped.c.case_id == after).scalar_subquery()
        page = page.where(or_(grouped.c.first > last, (grouped.c.first == last) & (grouped.c.case_id > after)))
    ids = [row.case_id for row in connection.execute(page.order_by(grouped.c.first, grouped.c.case_id).limit(limit + 1))]
    return ids[:limit], ids[limit - 1] if len(ids) > limit else None


def _active(agency: str | None, now: datetime) -> Iterator[ColumnElement[bool]]:
    """In an exercise, which has a time of its own, whoever ever was on the case."""
    yield _on.agency == agency
    here = or_(_on.begins.is_(None), _on.begins <= now) & or_(_on.ends.is_(None), _on.ends >= now)
    yield or_(_on.exercise.is_not(None), here)


def _within(sight: ItemSight, column: ColumnElement[str]) -> Iterator[ColumnElement[bool]]:
    if sight.areas:
        yield or_(*(column.startswith(area, autoescape=True) for area in sight.areas))


def _latest(connection: Connection, ids: Sequence[str]) -> dict[str, Case]:
    newest = select(_version.case_id, func.max(_version.version).label("version")).where(_version.case_id.in_(ids))
    last = newest.group_by(_version.case_id).subquery()
    query = select(_version.body).join(last, (last.c.case_id == _version.case_id) & (last.c.version == _version.version))
    return {case.id: case for case in map(Case.model_validate_json, connection.execute(query).scalars())}


def _owed(connection: Connection, sight: ItemSight, asked: ItemsAsked, now: datetime, ids: Sequence[str]) -> dict[str, int]:
    query = owed_on_cases(sight, asked, now, ids) if ids else None
    if query is None:
        return {}
    every = query.subquery()
    counted = select(every.c.case_id, func.count().label("number")).group_by(every.c.case_id)
    return {row.case_id: row.number for row in connection.execute(counted)}
