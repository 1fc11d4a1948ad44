"""When time alone will next make a difference on a case. Pure."""

from collections.abc import Iterable
from datetime import datetime

from alertbus.model.events import AlertReachedCase, Answered, NotDelivered, WordsDecided
from alertbus.policy.policy import Policy
from alertbus.reach.due_steps import own_evaluated_until
from alertbus.reach.items import next_item_moment
from alertbus.reach.occasions import next_arrival
from alertbus.reach.plans import plan_of, plan_of_own, urgent
from alertbus.reach.reduce_case import CaseEvent, CaseState, evaluated_until
from alertbus.reach.releases import next_reminder
from alertbus.reach.roster import BEGINNING


def next_moment(state: CaseState, policy: Policy) -> datetime | None:
    """The next moment at which something becomes owed by time alone; None when nothing does."""
    return _next(state, policy, state.alerts)


def with_next_moment(before: CaseState, after: CaseState, event: CaseEvent, policy: Policy) -> CaseState:
    """The case after an event, with a moment no later than the next one. An event about one alert changes nothing of the others: what they
    are waiting for stands as it was noted.
    """
    match event:
        case AlertReachedCase() if before.chased_from is not None:
            found = _next(after, policy, (event.alert.alert_id,), before.next_at)
        case Answered() | NotDelivered() | WordsDecided() if before.chased_from is not None:
            found = _next(after, policy, (event.alert_id,), before.next_at)
        case _:
            found = next_moment(after, policy)
    return noted(after, found, policy)


def noted(state: CaseState, moment: datetime | None, policy: Policy) -> CaseState:
    """The case with its next moment, and with whether anything stated of an alert on it, corrected since or not, is urgent."""
    stated = (said.alert for alert in state.alerts.values() for said in alert.statements)
    hurries = any(urgent(said.kind, said.severity, policy) for said in stated)
    same = moment == state.next_at and hurries == state.urgent
    return state if same else state.model_copy(update={"next_at": moment, "urgent": hurries})


def _next(state: CaseState, policy: Policy, alert_ids: Iterable[str], known: datetime | None = None) -> datetime | None:
    """The earliest of what these alerts, own obligations, items, releases and arrivals wait for, and of what is `known`."""
    moments = [known, next_arrival(state), next_item_moment(state, policy), next_reminder(state, policy)]
    for alert_id in alert_ids:
        if (alert := state.alerts.get(alert_id)) is not None:
            plan = plan_of(alert, state.case, policy, state.answers, state.chased_from or BEGINNING)
            moments.append(plan.next_after(evaluated_until(state, alert)))
    owns = ((own, plan_of_own(own, state.case, policy, state.answers)) for own in state.own.values())
    moments += [plan.next_after(own_evaluated_until(state, own)) for own, plan in owns]
    return min((moment for moment in moments if moment is not None), default=None)
