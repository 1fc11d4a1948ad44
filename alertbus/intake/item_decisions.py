"""What a person decides about an item: its clock stands still or runs again, or why it lapsed. Nobody closes one by it (CLK-14, NOT-07)."""

from collections.abc import Callable
from datetime import datetime
from typing import Annotated

from pydantic import Field
from sqlalchemy import select

from alertbus.audit.chain import AuditedDeed
from alertbus.chronicle import tables
from alertbus.chronicle.views import view
from alertbus.intake.by_name import Audited, later, named
from alertbus.intake.callers import Caller
from alertbus.intake.exercise_time import exercise_time
from alertbus.intake.publisher import Publisher
from alertbus.model.base import Word
from alertbus.model.errors import Fault, InvalidInput, NotFound
from alertbus.model.events import ItemDecided, ItemDecision
from alertbus.model.item import ANSWER, Item, ItemState
from alertbus.model.sensitivity import Sensitivity as S
from alertbus.policy.policy import Policy
from alertbus.sql.database import Database
from alertbus.wire import records


class DecisionOnItem(Word):
    """What a named person decides about an item, and a code of the policy's list for why."""

    decision: Annotated[ItemDecision, S.ROUTING]
    reason: Annotated[str, S.ROUTING] = Field(min_length=1, max_length=64)
    by: Annotated[str, S.ROUTING] = Field(min_length=1, max_length=120)


class ItemDecisions:
    """Writes decisions to the case, which works its items out anew."""

    def __init__(self, engine: Database, publisher: Publisher, audited: Audited, policy: Policy, now: Callable[[], datetime]) -> None:
        self._engine, self._publisher, self._audited, self._policy, self._now = engine, publisher, audited, policy, now

    async def decide(self, item_id: str, made: DecisionOnItem, caller: Caller) -> ItemDecided:
        """Record the decision, for the agency that owes the item or for who holds its case.

        Raises `NotFound` for an item of others, exactly as for one that does not exist; `InvalidInput` for what names no person, for a
        reason that is no code of the policy's, and for a decision that the item leaves no room for.
        """
        name = named(made.by)
        if made.reason not in self._policy.reason_codes:
            codes = ", ".join(self._policy.reason_codes)
            raise InvalidInput([Fault("reason", f"a code of the policy's `reason_codes`: {codes}", "reason_unknown")])
        item = await self._item(item_id)
        if not (caller.acts_for(item.agency) or caller.holds_case(item.case_id)):
            raise NotFound(_NO_SUCH_ITEM)
        if refused := _impossible(item, made.decision):
            raise InvalidInput([refused])
        now = self._now() if item.exercise is None else await exercise_time(self._engine, item.exercise, item.opened_at)
        decided = ItemDecided(
            case_id=item.case_id, item_id=item_id, decision=made.decision, reason=made.reason, by=name, at=later(now, item.suspended_at)
        )
        reason = f"decided as {made.decision}, because of {made.reason}"
        await self._audited.note(AuditedDeed.ITEM_DECIDED, caller, by=name, reason=reason, about=[item_id, item.case_id])
        await self._publisher.send(records.item_decided(decided))
        return decided

    async def _item(self, item_id: str) -> Item:
        async with view(self._engine) as connection:
            body = (await connection.execute(select(tables.item.c.body).where(tables.item.c.id == item_id))).scalar_one_or_none()
        if body is None:
            raise NotFound(_NO_SUCH_ITEM)
        return Item.model_validate_json(body)


_NO_SUCH_ITEM = "no such item; see that the id is the bus's own, from `GET /v1/items`"


def _impossible(item: Item, decision: ItemDecision) -> Fault | None:
    """Why the item leaves no room for that decision, if it does not."""
    suspended, over = item.state is ItemState.SUSPENDED, item.closed_at is not None or item.state is ItemState.VOID
    if item.rule == ANSWER:
        return Fault("", "an item of the policy's rules; an answer is asked for until somebody gives it: `/v1/obligations`", "is_an_answer")
    if decision is ItemDecision.REASON_GIVEN:
        lapsed = item.state is ItemState.MISSED
        return None if lapsed else Fault("decision", "`suspended` or `resumed`: what has not lapsed needs no reason for it", "not_lapsed")
    if over:
        return Fault("decision", "`reason_given`, if it lapsed: the item is over, and its clock runs no more", "is_over")
    if decision is ItemDecision.RESUMED:
        return None if suspended else Fault("decision", "`suspended`: its clock runs", "not_suspended")
    return Fault("decision", "`resumed`: its clock stands still already", "is_suspended") if suspended else None
