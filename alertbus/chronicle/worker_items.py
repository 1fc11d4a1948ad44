"""What one person owes by a time, or is asked for, their own or in somebody's place.

An answer is theirs of whom it is asked (`asked_rows`). A clock is theirs who is named on its case for the agency that owes it, worker or
manager as its role is; where nobody is named, theirs who has the role. As in `worker_inbox`, first it is found of whom there is anything,
and in whose place this person answers, without reading what: so a question costs what the person owes, and not what the agency does.
"""

from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from typing import Any, NamedTuple

from sqlalchemy import ColumnElement, Connection, Exists, Select, and_, exists, func, or_, select, text, tuple_

from alertbus.chronicle import tables
from alertbus.chronicle.asked_rows import AskedOf
from alertbus.chronicle.case_agencies import NamedOnCase
from alertbus.chronicle.inbox_order import EVERYTHING
from alertbus.chronicle.item_queries import (
    ItemsAsked,
    ItemsOf,
    PartsIn,
    answers_without_step,
    items_without_sight,
)
from alertbus.chronicle.item_rows import OwnedBy
from alertbus.chronicle.views import AT_ONCE
from alertbus.chronicle.worker_inbox import Theirs, asked_of_them, each_value
from alertbus.model.case import Level

_item, _owed, _asked = tables.item.c, tables.obligation.c, tables.asked.c
_named = tables.case_worker.c
_CLOCKS = and_(text("chronicle_item.open"), text("chronicle_item.rule <> 'answer'"))
"""In the words of the index."""
_LONG_AGO = datetime(1900, 1, 1, tzinfo=UTC)


def parts_of_worker(agency: str | None, asked: ItemsAsked, of: ItemsOf, theirs: Theirs, now: datetime) -> PartsIn:
    """Give what is open of theirs, at an agency or at all, as parts of a page (`item_queries.page_of_parts`)."""

    def found(connection: Connection) -> Iterator[Select[Any]]:
        items = items_without_sight(asked, of)
        answers = answers_without_step(asked, of, now).where(tables.UNANSWERED)
        for some in asked_of_them(connection, agency, of.exercise, theirs, waits=True):
            yield items.where(_item.id.in_(select(_asked.obligation_id).where(*some)))
            if asked is not ItemsAsked.UNOWNED:
                yield answers.where(_owed.id.in_(select(_asked.obligation_id).where(*some)))
        if asked is not ItemsAsked.UNOWNED:
            for one in each_value(connection, _item.agency, _CLOCKS) if agency is None else [agency]:
                yield from _clocks(connection, one, items.where(_CLOCKS), of, theirs, now)

    return found


def _clocks(connection: Connection, agency: str, items: Select[Any], of: ItemsOf, theirs: Theirs, now: datetime) -> Iterator[Select[Any]]:
    """The clocks of an agency that are theirs: on cases that name them or for whom they stand, or of their role where nobody is named."""
    every = [NamedOnCase.read(one) for one in each_value(connection, _named.whom, _named.agency == agency)]
    for owner in each_value(connection, _item.owner, _CLOCKS, _item.agency == agency):
        exercise, role = OwnedBy.read(owner)
        if of.exercise not in {EVERYTHING, exercise}:
            continue
        owed = items.where(_item.agency == agency, _item.owner == owner)
        level = Level.MANAGER if "manager" in role else Level.WORKER
        there = _NamedNow(agency, level, None if exercise is not None else now)
        named = [one for one in every if (one.exercise, one.level) == (exercise, level)]
        mine = [one.whom for one in named if theirs(AskedOf(agency, role, one.name, exercise))]
        for start in range(0, len(mine), AT_ONCE):
            yield owed.where(_item.case_id.in_(there.cases_of(mine[start : start + AT_ONCE])))
        if theirs(AskedOf(agency, role, None, exercise)):
            yield owed.where(~there.anybody())


class _NamedNow(NamedTuple):
    """Whom cases name at a moment for an agency, worker or manager: of several the latest to start, as a notice does. Without a moment
    it is the latest of all: an exercise has a time of its own.
    """

    agency: str
    level: Level
    at: datetime | None

    def cases_of(self, whom: Sequence[str]) -> Select[Any]:
        later = tables.case_worker.alias().c
        place, after = (tuple_(func.coalesce(of.begins, _LONG_AGO), of.whom) for of in (_named, later))
        superseded = exists().where(later.case_id == _named.case_id, *self._there(later), after > place)
        return select(_named.case_id).where(_named.whom.in_(whom), *self._there(_named), ~superseded)

    def anybody(self) -> Exists:
        one = tables.case_worker.alias().c
        return exists().where(one.case_id == _item.case_id, *self._there(one))

    def _there(self, of: Any) -> Iterator[ColumnElement[bool]]:
        yield from (of.agency == self.agency, of.level == self.level)
        if self.at is not None:
            yield from (or_(of.begins.is_(None), of.begins <= self.at), or_(of.ends.is_(None), of.ends >= self.at))
