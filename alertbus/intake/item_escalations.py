"""A person who sees that something is late, or will be, has the next of its chain told by one action (CLK-12). The state alone is seen by
every agency that works with the children, and so may every one of them escalate it: nobody has to wait until somebody else is asked.
"""

from collections.abc import Callable, Iterable
from datetime import datetime
from typing import Annotated

from pydantic import Field
from sqlalchemy import select

from alertbus.audit.chain import AuditedDeed
from alertbus.chronicle import tables
from alertbus.chronicle.item_queries import item_owed
from alertbus.chronicle.views import view
from alertbus.intake.by_name import Audited, later, named
from alertbus.intake.callers import Caller
from alertbus.intake.exercise_time import exercise_time
from alertbus.intake.publisher import Publisher
from alertbus.model.base import Word
from alertbus.model.errors import Fault, InvalidInput
from alertbus.model.events import ItemEscalated
from alertbus.model.item import ANSWER, Item, ItemState, StepKind
from alertbus.model.sensitivity import Sensitivity as S
from alertbus.policy.policy import Policy
from alertbus.sql.database import Database, Transaction
from alertbus.wire import records


class EscalationByName(Word):
    """Who escalates it, and for which agency where the caller acts for several."""

    by: Annotated[str, S.ROUTING] = Field(min_length=1, max_length=120)
    agency: Annotated[str | None, S.ROUTING] = Field(default=None, max_length=120)


class ItemEscalations:
    """Writes escalations to the case, which works out who is told next."""

    def __init__(self, engine: Database, publisher: Publisher, audited: Audited, policy: Policy, now: Callable[[], datetime]) -> None:
        self._engine, self._publisher, self._audited, self._policy, self._now = engine, publisher, audited, policy, now

    async def escalate(self, item_id: str, said: EscalationByName, caller: Caller) -> ItemEscalated:
        """Record it for whoever may see the item. Who is told next follows from who had been told when they looked, so the same call again,
        or a second person who saw the same, has nobody told twice.

        Raises `NotFound` for an item that the caller may not see, exactly as for one that does not exist; `InvalidInput` for what names no
        person or no agency of the caller's, and for an item that is not late, is over, or of which everybody has been told.
        """
        name, now = named(said.by), self._now()
        agency = said.agency or caller.agency
        if agency is None or (caller.agency is not None and agency != caller.agency):
            raise InvalidInput([Fault("agency", "the agency for which you escalate it: the caller's own", "missing")])
        sight = caller.item_sight(as_agency=said.agency is not None)
        await item_owed(self._engine, self._policy, sight, item_id, now=now)
        item, asked = await self._items(item_id)
        if (refused := self._impossible(item, asked)) is not None:
            raise InvalidInput([refused])
        assert item is not None
        seen = max([item.opened_at, *(step.at for one in (item, asked) if one is not None for step in one.steps)])
        at = now if item.exercise is None else await exercise_time(self._engine, item.exercise, item.opened_at)
        escalated = ItemEscalated(
            case_id=item.case_id,
            item_id=item.id,
            alert_id=item.alert_id or item.id,
            by=name,
            agency=agency,
            seen=seen,
            at=later(at, seen, asked.closed_at if asked is not None else None),
        )
        await self._audited.note(AuditedDeed.ITEM_DECIDED, caller, by=name, reason=f"escalated for {agency}", about=[item.id, item.case_id])
        await self._publisher.send(records.item_escalated(escalated))
        return escalated

    async def open_to_it(self, item_ids: Iterable[str]) -> frozenset[str]:
        """Of these items, which the caller has been shown, those that `escalate` would not refuse: somebody is left whom it tells."""
        async with view(self._engine) as connection:
            items = await _read_all(connection, item_ids)
            asked = await _read_all(connection, (one.obligation_id or one.id for one in items.values()))
        return frozenset(name for name, item in items.items() if self._impossible(item, asked.get(item.obligation_id or item.id)) is None)

    def _impossible(self, item: Item | None, asked: Item | None) -> Fault | None:
        early = item is not None and self._may_be_early(item)
        return impossible(item, asked, early=early, last=None if asked is None else self._policy.duty_lead(asked.agency))

    def _may_be_early(self, item: Item) -> bool:
        """Whether nobody is told of such an item before it is late, so that whoever sees that it will be need not wait for a reminder."""
        rule = self._policy.items.get(item.rule)
        return rule is not None and not rule.warns and bool(rule.tells) and item.due is not None

    async def _items(self, item_id: str) -> tuple[Item | None, Item | None]:
        """The item, and that of the answer which its lapse asks for, as far as somebody was told of them."""
        async with view(self._engine) as connection:
            item = (await _read_all(connection, [item_id])).get(item_id)
            if item is None or item.obligation_id in {None, item.id}:
                return item, item
            return item, (await _read_all(connection, [item.obligation_id or ""])).get(item.obligation_id or "")


async def _read_all(connection: Transaction, item_ids: Iterable[str]) -> dict[str, Item]:
    """By id, those that there are."""
    rows = await connection.execute(select(tables.item.c.id, tables.item.c.body).where(tables.item.c.id.in_(sorted(item_ids))))
    return {name: Item.model_validate_json(body) for name, body in rows}


def impossible(item: Item | None, asked: Item | None, *, early: bool, last: str | None) -> Fault | None:
    """Why nobody else can be told of it now, if nobody can. `asked` is the item of the answer that is asked for because of it; `early`: it
    need not be late; `last` is the role that is asked last.
    """
    if item is None or (item.state is ItemState.OPEN and not item.steps and not early):
        return Fault("", "an item of which somebody has been reminded, or that is late: nobody has been told of this one yet", "not_late")
    if item.state is ItemState.SUSPENDED:
        return Fault("", "an item whose clock runs: a person has stopped this one, with a reason", "is_suspended")
    if item.closed_at is not None or item.state is ItemState.VOID:
        return Fault("", "an item that is still owed: this one is over", "is_over")
    if asked is not None and asked.closed_at is None and _nobody_is_left(asked, last):
        return Fault("", "an item with somebody left to ask: everybody of its chain has been told. Ring the duty lead", "nobody_left")
    if item.rule != ANSWER and item.obligation_id is None and item.next is None:
        return Fault("", "an item whose rule tells somebody of a lapse: this one's tells nobody", "nobody_left")
    return None


def _nobody_is_left(asked: Item, last: str | None) -> bool:
    """Whether everybody of the chain has been told since it was last asked. A reminder to one of them may still be ahead."""
    told = {step.role for step in asked.steps if step.asked_again == asked.steps[-1].asked_again}
    return asked.unowned or last in told or (asked.next is not None and asked.next.kind is StepKind.UNOWNED)
