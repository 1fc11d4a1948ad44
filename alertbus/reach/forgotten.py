"""What nobody has answered is not forgotten with its alert: its item is kept until somebody by name answers, or its agency has left. Pure.

An alert leaves the state some weeks after the last person was asked. The item stands in the queue of what nobody owns, which is loud: so
an answer must end it however late it comes.
"""

from collections.abc import Iterator, Mapping
from datetime import datetime, timedelta

from alertbus.model.base import plus
from alertbus.model.events import Answered, CaseChanged, Tick
from alertbus.model.item import Item
from alertbus.model.receipt import Intent
from alertbus.policy.policy import Policy
from alertbus.reach.answer_items import answer_item
from alertbus.reach.newcomers import is_there
from alertbus.reach.plans import plan_of
from alertbus.reach.reduce_case import CaseEvent, CaseState, evaluated_until
from alertbus.reach.roster import BEGINNING
from alertbus.reach.standing import settled


def reduce_forgotten(before: CaseState, after: CaseState, event: CaseEvent, policy: Policy) -> tuple[CaseState, list[Item]]:
    """The case with the items of what nobody owns of alerts that it has just forgotten, and those that are over now, or open again. What
    was answered stays for as long as the answer may be taken back.
    """
    unowned = {**after.unowned, **{item.id: item for item in _left(before, after, policy)}}
    changed = list(_changed(unowned, after, event))
    unowned |= {item.id: item for item in changed}
    kept = {one: item for one, item in unowned.items() if not _is_over(item, after, policy)}
    return after if kept == after.unowned else after.model_copy(update={"unowned": kept}), changed


def _left(before: CaseState, after: CaseState, policy: Policy) -> Iterator[Item]:
    for alert_id in before.alerts.keys() - after.alerts.keys():
        alert, until = before.alerts[alert_id], max(after.now, evaluated_until(before, before.alerts[alert_id]))
        plan = plan_of(alert, before.case, policy, before.answers, before.chased_from or BEGINNING)
        items = (answer_item(courses, until, policy) for courses in plan.obligations)
        yield from (item for item in items if item is not None and item.unowned)


def _changed(unowned: Mapping[str, Item], state: CaseState, event: CaseEvent) -> Iterator[Item]:
    match event:
        case Answered() if (item := unowned.get(event.obligation_id)) is not None:
            yield from _answered(item, state, event)
        case CaseChanged() | Tick() if state.case is not None:
            now = _now(state)
            waiting = (item for item in unowned.values() if item.closed_at is None)
            yield from (_closed(item, now) for item in waiting if not is_there(state.case, item.agency, now))


def _answered(item: Item, state: CaseState, event: Answered) -> Iterator[Item]:
    """Somebody acts, or has: it is over; or nobody does any more, because that was taken back: it is open again."""
    heard = state.answers.get(event.obligation_id)
    acting = [one for one in heard.stands if one.acted or one.intent is Intent.ACTING] if heard is not None else []
    by = min(acting, key=lambda one: (one.at, one.receipt_id), default=None)
    if by is not None and by.receipt_id != item.closed_by and (item.closed_at is None or event.undoes == item.closed_by):
        yield _closed(item, by.at, by.receipt_id)
    elif by is None and item.closed_by is not None and event.undoes == item.closed_by:
        yield item.model_copy(update={"closed_at": None, "closed_by": None, "unowned": True, "at": event.at})


def _now(state: CaseState) -> datetime:
    return max(state.now, (state.case and state.case.known_at) or BEGINNING)


def _is_over(item: Item, state: CaseState, policy: Policy) -> bool:
    """Whether nothing can open it again."""
    if item.closed_at is None:
        return False
    return item.closed_by is None or settled(plus(item.closed_at, timedelta(minutes=policy.escalation.undo_minutes)), _now(state))


def _closed(item: Item, at: datetime, by: str | None = None) -> Item:
    return item.model_copy(update={"closed_at": at, "closed_by": by, "unowned": False, "next": None, "at": at})
