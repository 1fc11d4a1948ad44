"""A stand-in for what people are asked, with limits that a test sees pass: each alert on a case takes three steps, and nobody answers.

The steps stand on the topic of items, each under an id that follows from its alert and its number.
"""

from collections.abc import Iterator
from datetime import datetime, timedelta

from alertbus.model.events import Tick
from alertbus.model.item import Item
from alertbus.policy.policy import Policy
from alertbus.reach.follow import CaseOutcome, follow
from alertbus.reach.reduce_case import CaseEvent, CaseState, evaluated_until

LIMITS = (timedelta(hours=1), timedelta(hours=2), timedelta(hours=3))


def follow_with_steps(before: CaseState, event: CaseEvent, policy: Policy) -> CaseOutcome:
    """As `follow`, and the steps that are due after the event and were not before it; again those that a tick covers."""
    outcome = follow(before, event, policy)
    after = outcome.after
    were = {step.id for step in _steps(before) if step.at <= _until(before, step)}
    due = [step for step in _steps(after) if step.at <= _until(after, step)]
    given = [step for step in due if step.id not in were or (isinstance(event, Tick) and event.since < step.at <= event.at)]
    coming = [step.at for step in _steps(after) if step.at > _until(after, step)]
    after = after.model_copy(update={"next_at": min(coming, default=None)})
    return CaseOutcome(after, outcome.owed, (), sorted(given, key=lambda step: step.at))


def _until(state: CaseState, step: Item) -> datetime:
    return evaluated_until(state, state.alerts[step.alert_id or ""])


def _steps(state: CaseState) -> Iterator[Item]:
    for alert_id, alert in state.alerts.items():
        for number, limit in enumerate(LIMITS):
            yield Item(
                id=f"{alert_id}-{number}",
                case_id=state.case.id if state.case else "",
                rule="step",
                title="A step.",
                agency="gp",
                role="gp",
                kind=alert.kind,
                alert_id=alert_id,
                source_id=alert.standing.alert.id,
                opened_at=alert.standing.at,
                due=alert.standing.at + limit,
                policy_version="0",
                at=alert.standing.at + limit,
            )
