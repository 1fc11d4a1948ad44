"""What nobody has answered is not forgotten with its alert: its item is kept until somebody by name answers, or its agency has left. Pure.

An alert leaves the state some weeks after the last person was asked. The item stands in the queue of what nobody owns, which is loud: so
an answer must end it however late it comes.
"""

from collections.abc import Iterator, Mapping
from datetime import datetime

from alertbus.model.events import Answered, CaseChanged, Tick
from alertbus.model.item import Item
from alertbus.model.notice import Intent
from alertbus.policy.policy import Policy
from alertbus.reach.answer_items import answer_item
from alertbus.reach.newcomers import is_there
from alertbus.reach.plans import plan_of
from alertbus.reach.reduce_case import CaseEvent, CaseState, evaluated_until
from alertbus.reach.roster import BEGINNING


def reduce_forgotten(before: CaseState, after: CaseState, event: CaseEvent, policy: Policy) -> tuple[CaseState, list[Item]]:
    """The case with the items of what nobody owns of alerts that it has just forgotten, and those of before that are over now."""
    unowned = {**after.unowned, **{item.id: item for item in _left(before, after, policy)}}
    over = list(_over(unowned, after, event))
    for item in over:
        del unowned[item.id]
    kept = unowned.keys() == after.unowned.keys()
    return after if kept else after.model_copy(update={"unowned": unowned}), over


def _left(before: CaseState, after: CaseState, policy: Policy) -> Iterator[Item]:
    for alert_id in before.alerts.keys() - after.alerts.keys():
        alert, until = before.alerts[alert_id], max(after.now, evaluated_until(before, before.alerts[alert_id]))
        plan = plan_of(alert, before.case, policy, before.answers, before.chased_from or BEGINNING)
        items = (answer_item(courses, until, policy) for courses in plan.obligations)
        yield from (item for item in items if item is not None and item.unowned)


def _over(unowned: Mapping[str, Item], state: CaseState, event: CaseEvent) -> Iterator[Item]:
    match event:
        case Answered() if event.obligation_id in unowned and event.undoes is None and (event.intent is Intent.ACTING or event.acted):
            yield _closed(unowned[event.obligation_id], event.at, event.receipt_id)
        case CaseChanged() | Tick() if state.case is not None:
            now = max(state.now, state.case.known_at or BEGINNING)
            yield from (_closed(item, now) for item in unowned.values() if not is_there(state.case, item.agency, now))


def _closed(item: Item, at: datetime, by: str | None = None) -> Item:
    return item.model_copy(update={"closed_at": at, "closed_by": by, "unowned": False, "next": None, "at": at})
