"""An alert that is over leaves the case's state, and is kept apart, unread, until nobody can bring it again. Pure.

A person's state remembers an alert for longer than its case needs it: a changed link, or a merge of two people, brings it again. A case
that had forgotten it, and with it who had answered, would chase people for what was answered or taken back long ago. So what leaves is kept
with what was heard of its obligations, as text that is not parsed with each reading of the state. An event that speaks
of it brings it back, and goes on as if it had never left.
"""

from collections.abc import Mapping
from datetime import timedelta
from typing import Annotated

from alertbus.model.base import Word, plus
from alertbus.model.events import AlertReachedCase, Answered, NotDelivered, WordsDecided
from alertbus.model.sensitivity import Sensitivity as S
from alertbus.policy.policy import Policy
from alertbus.reach.kept import Answers, OverAlert
from alertbus.reach.reduce_case import CaseEvent, CaseState, evaluated_until
from alertbus.reach.standing import REMEMBERED, StandingAlert

KEPT_BEYOND: timedelta = 2 * REMEMBERED
"""For how long a case keeps an alert after the last moment at which another case could meet it. Chosen: a person brings it for `REMEMBERED`
after that, by the dates of cases and statements, whose clocks need not agree with the case's."""


class _Whole(Word):
    """The alert as it left, and what was heard of its obligations."""

    alert: Annotated[StandingAlert, S.ROUTING]
    answers: Annotated[Mapping[str, Answers], S.ROUTING]


def brought_back(state: CaseState, event: CaseEvent) -> CaseState:
    """The case with the alert that the event speaks of, where it had left; itself where it had not."""
    alert_id = _spoken_of(event)
    over = state.over.get(alert_id) if alert_id is not None and alert_id not in state.alerts else None
    if alert_id is None or over is None:
        return state
    whole = _Whole.model_validate_json(over.whole)
    return state.model_copy(
        update={
            "alerts": {**state.alerts, alert_id: whole.alert},
            "answers": {**whole.answers, **state.answers},
            "over": {one: kept for one, kept in state.over.items() if one != alert_id},
            "unowned": {one: item for one, item in state.unowned.items() if item.alert_id != alert_id},
        }
    )


def kept_apart(before: CaseState, after: CaseState, policy: Policy) -> CaseState:
    """The case with what this event has made it forget kept apart, and without what nobody can bring again any more."""
    gone = before.alerts.keys() - after.alerts.keys()
    if not gone:
        return after
    now = max(evaluated_until(after, before.alerts[one]) for one in gone)
    heard = {one: answers for one, answers in {**before.answers, **after.answers}.items() if one not in before.items}
    over = {**after.over, **{one: _kept(before.alerts[one], heard, policy) for one in sorted(gone)}}
    return after.model_copy(update={"over": {one: kept for one, kept in over.items() if now <= kept.until}})


def _kept(alert: StandingAlert, heard: Mapping[str, Answers], policy: Policy) -> OverAlert:
    mine = {one: answers for one, answers in heard.items() if answers.alert_id == alert.standing.alert_id}
    until = plus(alert.over_at(policy.kind_rule(alert.kind), waits=True), KEPT_BEYOND)
    return OverAlert(until=until, whole=_Whole(alert=alert, answers=mine).model_dump_json(by_alias=True, exclude_defaults=True))


def _spoken_of(event: CaseEvent) -> str | None:
    match event:
        case AlertReachedCase():
            return event.alert.alert_id
        case Answered() | NotDelivered() | WordsDecided():
            return event.alert_id
        case _:
            return None
