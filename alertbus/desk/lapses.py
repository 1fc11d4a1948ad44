"""What a manager must look at: what everybody was asked for and nobody has answered, and what is late; each with what to press (CLK-12)."""

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime

from alertbus.chronicle import queries
from alertbus.chronicle.answers import InboxItem
from alertbus.chronicle.item_queries import ItemsAsked
from alertbus.chronicle.item_sight import ItemShown
from alertbus.desk.cards import AskedItem, asked_item, family_name
from alertbus.desk.desk import Desk
from alertbus.desk.in_words import moment, role, span
from alertbus.desk.visitor import Visitor
from alertbus.model.item import ANSWER
from alertbus.serving.items_shown import ItemsWanted, items_shown

SHOWN = 20
"""LapsesShown of each sort on the page: more than one manager takes on in a sitting, and the inbox has the rest."""


@dataclass(frozen=True, slots=True)
class LapseCard:
    """One thing that is owed and late. `asked` None: nothing of it is asked of the agency yet, so nobody can take it."""

    item: ItemShown
    family: str
    late: str
    steps: tuple[str, ...]
    asked: AskedItem | None
    can_ask: bool
    """Somebody is left whom the next press asks."""


@dataclass(frozen=True, slots=True)
class LapsesShown:
    """`more`: there are more than are shown."""

    unowned: tuple[LapseCard, ...]
    overdue: tuple[LapseCard, ...]
    more: bool


async def lapses_of(desk: Desk, visitor: Visitor) -> LapsesShown:
    """Give those of the visitor's own agency, the earliest due first, as `GET /v1/items?owner=` gives them."""
    now, caller = desk.now(), visitor.caller
    pages = [
        await items_shown(desk.intake, caller, ItemsWanted(which, owner=visitor.at, limit=SHOWN, as_agency=True), now, by=visitor.name)
        for which in (ItemsAsked.UNOWNED, ItemsAsked.OVERDUE)
    ]
    unowned, overdue = (list(page.items) for page in pages)
    ids = {one.obligation_id for one in (*unowned, *overdue) if one.obligation_id is not None}
    found = {one.obligation.id: one for one in await queries.obligations(desk.database, sorted(ids), now=now)}
    staffing = await desk.intake.teams.book.fresh()
    askable = await desk.intake.item_escalations.open_to_it(one.id for one in (*unowned, *overdue))
    told = {name: desk.inbox.addressed(one, staffing, now) for name, one in found.items() if caller.acts_for(one.obligation.agency)}
    queue = _lapses(_once(unowned), told, askable, visitor, now)
    named = {one.item.id for one in queue} | {one.item.obligation_id for one in queue}
    late = _lapses((one for one in _once(overdue) if not {one.id, one.obligation_id} & named), told, askable, visitor, now)
    return LapsesShown(tuple(queue), tuple(late), any(page.next for page in pages))


def _once(items: list[ItemShown]) -> list[ItemShown]:
    """Without the answer that a lapse asks for, where the lapse itself is there: it is one thing to do."""
    asked_by = {one.obligation_id for one in items if one.rule != ANSWER}
    return [one for one in items if one.rule != ANSWER or one.id not in asked_by]


def _lapses(
    items: Iterable[ItemShown], told: Mapping[str, InboxItem], askable: Collection[str], visitor: Visitor, now: datetime
) -> list[LapseCard]:
    return [_lapse(one, told.get(one.obligation_id or ""), visitor, now, can_ask=one.id in askable) for one in items]


def _lapse(item: ItemShown, owed: InboxItem | None, visitor: Visitor, now: datetime, *, can_ask: bool) -> LapseCard:
    asked = None if owed is None else asked_item(owed, visitor, now)
    return LapseCard(
        item=item,
        family=family_name([owed.notice]) if owed else "A family",
        late=f"Overdue by {span(now - item.due)}" if item.due is not None and item.due < now else "",
        steps=tuple(f"{role(step.role) or 'nobody is left to ask'}, {moment(step.at, now)}" for step in item.steps),
        asked=asked,
        can_ask=can_ask and not (asked is not None and asked.answered),
    )
