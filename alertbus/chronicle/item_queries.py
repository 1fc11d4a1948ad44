"""What is owed by a time, as a caller may see it: items, and answers of which no step was taken yet, which are obligations and no items.

Together they are in the order of when they are due, so that what is late stands first. Every part of a page is one walk of an index.
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from datetime import datetime
from enum import StrEnum
from typing import Any, NamedTuple, Self

import orjson
from sqlalchemy import ColumnElement, Connection, Select, and_, exists, or_, select, text, tuple_, union

from alertbus.chronicle import tables
from alertbus.chronicle.inbox_order import EVERYTHING
from alertbus.chronicle.item_sight import ItemShown, ItemSight, ToldOf
from alertbus.chronicle.next_asked import first_step
from alertbus.chronicle.views import AT_ONCE, answered, is_overdue, same_exercise
from alertbus.model.errors import Fault, InvalidInput, NotFound
from alertbus.model.item import ANSWER, Item, ItemState
from alertbus.model.notice import Notice
from alertbus.policy.policy import Policy
from alertbus.sql.database import Database

_UNANSWERED = sorted(state for state in tables.ObligationState if state not in tables.ANSWERED)
_item, _owed, _on = tables.item.c, tables.obligation.c, tables.case_agency.c


PartsIn = Callable[[Connection], Iterable[Select[Any]]]


class ItemsAsked(StrEnum):
    """Which items somebody asks for."""

    OPEN = "open"
    """Not recorded yet, late or not."""
    OVERDUE = "overdue"
    UNOWNED = "unowned"
    """Everybody was asked, and nobody by name has answered."""
    ALL = "all"
    """Recorded ones and void ones too."""


class _PageEnd(NamedTuple):
    """Where an item stands among all. Whoever pages gives its id: when it is due may be more than they may see."""

    due_or_never: datetime
    id: str

    @classmethod
    def of(cls, item_id: str, connection: Connection) -> Self:
        """Find it. Raises `InvalidInput` for an id that is none."""
        items = select(_item.due_or_never, _item.id).where(_item.id == item_id)
        owed = select(_owed.due.label("due_or_never"), _owed.id).where(_owed.id == item_id, _owed.due.is_not(None))
        for query in (items, owed):
            if (row := connection.execute(query).one_or_none()) is not None:
                return cls(row.due_or_never, row.id)
        raise InvalidInput([Fault("after", "expected `next` of the page before, as it was given")])


async def items_owed(
    engine: Database,
    policy: Policy,
    sight: ItemSight,
    asked: ItemsAsked = ItemsAsked.OPEN,
    *,
    case_id: str | None = None,
    alert_id: str | None = None,
    owner: str | None = None,
    exercise: str | None = EVERYTHING,
    now: datetime,
    limit: int = 100,
    after: str | None = None,
) -> list[ItemShown]:
    """List what is owed, the earliest due first: on one case, because of one alert, or by one agency, where that is given. `after` is the
    id of the last one seen; `exercise` as `queries.inbox` has it.
    """
    of = ItemsOf(case_id, alert_id, exercise, owner)
    return await page_of_parts(engine, policy, sight, lambda _: _parts(sight, asked, of, now), now=now, limit=limit, after=after)


async def page_of_parts(
    engine: Database, policy: Policy, sight: ItemSight, parts_in: PartsIn, *, now: datetime, limit: int, after: str | None
) -> list[ItemShown]:
    """Give the page behind `after` of all that these parts give together: each of them gives `due_or_never` and `id`."""

    def found(connection: Connection) -> list[ItemShown]:
        seen = None if after is None else _PageEnd.of(after, connection)
        parts = [_page(part, seen, limit).subquery() for part in parts_in(connection)]
        if not parts:
            return []
        every = union(*map(select, parts)).subquery()
        query = select(every.c.due_or_never, every.c.id).order_by(every.c.due_or_never, every.c.id).limit(limit)
        return _shown(connection, [row.id for row in connection.execute(query)], policy, sight, now)

    return await answered(engine, found)


async def item_owed(engine: Database, policy: Policy, sight: ItemSight, item_id: str, *, now: datetime) -> ItemShown:
    """Give one item, or one answer that is owed. Raises `NotFound` for one that is not there, or not to be seen."""

    def found(connection: Connection) -> list[ItemShown]:
        parts = [part.where(part.selected_columns.id == item_id) for part in _parts(sight, ItemsAsked.ALL, ItemsOf(), now)]
        rows = connection.execute(union(*parts)).all() if parts else []
        return _shown(connection, [row.id for row in rows], policy, sight, now)

    if not (one := await answered(engine, found)):
        raise NotFound("no such item; see that the id is the bus's own, from `GET /v1/items`")
    return one[0]


def owed_on_cases(sight: ItemSight, asked: ItemsAsked, now: datetime, cases: Sequence[str] | None = None) -> Select[Any] | None:
    """The query of `case_id`, `due_or_never` and `id` of what is asked for, on these cases or on all; None where nothing may be seen."""
    parts = []
    for part in _parts(sight, asked, ItemsOf(cases=None if cases is None else tuple(cases)), now):
        columns = _item if tables.item in part.get_final_froms() else _owed
        parts.append(part.add_columns(columns.case_id))
    return select(union(*parts).subquery()) if parts else None


def _parts(sight: ItemSight, asked: ItemsAsked, of: "ItemsOf", now: datetime) -> Iterator[Select[Any]]:
    """The queries whose rows together are what is asked for: each gives `due_or_never` and `id`, and is one walk of an index."""
    items, answers = items_without_sight(asked, of), answers_without_step(asked, of, now)
    with_answers = asked is not ItemsAsked.UNOWNED
    if sight.areas is None or sight.areas:
        yield items.where(*_held(_item, sight))
        if with_answers:
            yield answers.where(tables.UNANSWERED, *_held(_owed, sight))
    if sight.agency is not None and sight.areas is not None:
        yield items.where(_item.agency == sight.agency)
        if of.owner != sight.agency:
            yield items.where(_item.case_id.in_(_cases_of(sight.agency, now)), _item.rule != ANSWER)
        if with_answers:
            yield answers.where(_owed.agency == sight.agency, _owed.state.in_(_UNANSWERED))  # as the inbox's index has it


def items_without_sight(asked: ItemsAsked, of: "ItemsOf") -> Select[Any]:
    """What is asked for of the items, whoever may see it."""
    return select(_item.due_or_never, _item.id).where(*WHICH_ITEMS[asked], *of.narrowed(_item))


def answers_without_step(asked: ItemsAsked, of: "ItemsOf", now: datetime) -> Select[Any]:
    """What is asked for of the answers of which no step was taken yet, given or not, whoever may see it."""
    stepped = exists().where(_item.id == _owed.id)
    waiting: list[ColumnElement[bool]] = [_owed.due.is_not(None), ~stepped, *of.narrowed(_owed)]
    if asked is ItemsAsked.OVERDUE:
        waiting += [_owed.due < now, _owed.exercise.is_(None)]
    return select(_owed.due.label("due_or_never"), _owed.id).where(*waiting)


WHICH_ITEMS = {
    ItemsAsked.OPEN: (text("chronicle_item.open"),),
    ItemsAsked.OVERDUE: (text("chronicle_item.overdue"),),
    ItemsAsked.UNOWNED: (text("chronicle_item.unowned_since IS NOT NULL"),),
    ItemsAsked.ALL: (),
}
"""In the words of the indexes, or no database would use them."""


class ItemsOf(NamedTuple):
    """Of which case, alert, exercise and owner."""

    case_id: str | None = None
    alert_id: str | None = None
    exercise: str | None = EVERYTHING
    owner: str | None = None
    cases: tuple[str, ...] | None = None

    def narrowed(self, columns: Any) -> Iterator[ColumnElement[bool]]:
        if self.case_id is not None:
            yield columns.case_id == self.case_id
        if self.alert_id is not None:
            yield columns.alert_id == self.alert_id
        if self.cases is not None:
            yield columns.case_id.in_(self.cases)
        if self.owner is not None:
            yield columns.agency == self.owner
        if self.exercise != EVERYTHING:
            yield same_exercise(columns.exercise, self.exercise)


def _held(columns: Any, sight: ItemSight) -> Iterator[ColumnElement[bool]]:
    if sight.areas:
        yield or_(*(columns.case_id.startswith(area, autoescape=True) for area in sight.areas))


def _cases_of(agency: str, now: datetime) -> Select[Any]:
    """The cases on which the agency works with the children. In an exercise, which has a time of its own, those on which it ever did."""
    here = and_(or_(_on.begins.is_(None), _on.begins <= now), or_(_on.ends.is_(None), _on.ends >= now))
    return select(_on.case_id).where(_on.agency == agency, _on.children, or_(_on.exercise.is_not(None), here))


def _page(part: Select[Any], seen: _PageEnd | None, limit: int) -> Select[Any]:
    place = tuple(part.selected_columns)
    if seen is not None:
        part = part.where(tuple_(*place) > tuple_(seen.due_or_never, seen.id))
    return part.order_by(*place).limit(limit)


def _shown(connection: Connection, ids: Sequence[str], policy: Policy, sight: ItemSight, now: datetime) -> list[ItemShown]:
    """What stands under these ids, in their order."""
    found: dict[str, Item] = {}
    for start in range(0, len(ids), AT_ONCE):
        some = ids[start : start + AT_ONCE]
        for name, body in connection.execute(select(_item.id, _item.body).where(_item.id.in_(some))):
            found[name] = Item.model_validate_json(body)
        joined = select(_owed.state, _owed.due, tables.notice.c.body).join(tables.notice, tables.notice.c.notice_id == _owed.notice_id)
        for state, due, body in connection.execute(joined.where(_owed.id.in_([one for one in some if one not in found]))):
            item = _answer_owed(Notice.model_validate_json(body), policy, late=is_overdue(state, due, now))
            found[item.id] = item
    told = _told(connection, sight, [*found.values()])
    serves = _served(connection, sight, {item.case_id for item in found.values()})
    there = (found[one] for one in ids if one in found)
    stated = {name for name, rule in policy.items.items() if rule.due_in}
    return [sight.of(item, told, serves.get(item.case_id), stated_due=item.rule in stated) for item in there]


def _answer_owed(notice: Notice, policy: Policy, *, late: bool) -> Item:
    """The answer that an obligation waits for, of which no step was taken yet, as an item would say it. An exercise has a time of its own:
    by that nothing is late there before its clock has said so.
    """
    owed = notice.obligation
    return Item(
        id=owed.id,
        case_id=owed.case_id,
        rule=ANSWER,
        title=notice.title,
        agency=owed.agency,
        role=owed.role,
        kind=owed.kind,
        alert_id=owed.alert_id,
        source_id=owed.source_id,
        obligation_id=owed.id,
        opened_at=owed.since,
        due=owed.due,
        state=ItemState.MISSED if late and owed.exercise is None else ItemState.OPEN,
        next=first_step(owed, policy),
        policy_version=notice.policy_version,
        exercise=owed.exercise,
        at=owed.since,
    )


def _told(connection: Connection, sight: ItemSight, items: Sequence[Item]) -> ToldOf:
    """What the agency's own notices say of the alerts that opened these items."""
    wanted = sorted({item.alert_id for item in items if item.alert_id is not None and not sight.holds(item.case_id)})
    found = {}
    for start in range(0, len(wanted), AT_ONCE):
        of_ours = _owed.agency == sight.agency, _owed.alert_id.in_(wanted[start : start + AT_ONCE])
        query = select(tables.notice.c.body).join(tables.obligation, tables.notice.c.notice_id == _owed.notice_id).where(*of_ours)
        for body in connection.execute(query.order_by(_owed.id)).scalars():
            notice = Notice.model_validate_json(body)
            found[notice.obligation.case_id, notice.obligation.alert_id] = notice
    return found


def _served(connection: Connection, sight: ItemSight, cases: set[str]) -> dict[str, frozenset[str] | None]:
    """By case, the children that the agency serves there, where it is not all of them."""
    others = sorted(case_id for case_id in cases if not sight.holds(case_id))
    found: dict[str, frozenset[str] | None] = dict.fromkeys(others, frozenset())
    for start in range(0, len(others), AT_ONCE):
        mine = _on.agency == sight.agency, _on.children, _on.case_id.in_(others[start : start + AT_ONCE])
        for row in connection.execute(select(_on.case_id, _on.serves).where(*mine)):
            before = found[row.case_id]
            found[row.case_id] = None if row.serves is None or before is None else before | frozenset(orjson.loads(row.serves))
    return found
