"""A release that lies ahead is told again some days before it, to everybody who was told of it and still is concerned (PRI-01). Pure.

It is a date and no question: an answer to the alert ends no such reminder, and one is given to each role that was told, once for each day
that the policy names. What was first told inside of it is not repeated for days that had passed by then.
"""

from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, date, datetime, time, timedelta

from alertbus.model import ids
from alertbus.model.alert import Action
from alertbus.model.case import UK
from alertbus.model.custody import RELEASE, Movement, custody_on
from alertbus.model.events import AlertReachedCase, CaseChanged, Tick, WordsDecided
from alertbus.model.item import ItemStep, StepKind
from alertbus.model.notice import Deed
from alertbus.policy.policy import Policy
from alertbus.reach.askings import Asking, askings_of
from alertbus.reach.owed import Owed
from alertbus.reach.reduce_case import CaseEvent, CaseState, evaluated_until
from alertbus.reach.roster import BEGINNING
from alertbus.reach.standing import StandingAlert

MORNING = time(9)
"""When a day's reminder is given, by UK time: at the beginning of an office day (ours)."""


def due_reminders(before: CaseState, after: CaseState, event: CaseEvent, policy: Policy) -> list[Owed]:
    """The reminders that are due after the event and were not before it. A tick that is repeated gives those of its time again."""
    if not isinstance(event, AlertReachedCase | CaseChanged | Tick | WordsDecided) or after.case is None:
        return []
    found: list[Owed] = []
    for alert_id in dict.fromkeys((*before.alerts, *after.alerts)):
        was, now = before.alerts.get(alert_id), after.alerts.get(alert_id)
        if (now := now or was) is None or now.kind != RELEASE:
            continue
        until = BEGINNING if was is None else evaluated_until(before, was)
        told = {one.notice_id for one in _reminders(was, before, policy) if one.at <= until} if was is not None else set()
        tick = event if isinstance(event, Tick) else None
        for one in _reminders(now, after, policy):
            again = tick is not None and tick.since < one.at <= tick.at
            if one.at <= evaluated_until(after, now) and (again or one.notice_id not in told):
                found.append(one)
    return sorted(found, key=lambda one: (one.at, one.obligation.agency, one.obligation.role, one.notice_id))


def next_reminder(state: CaseState, policy: Policy) -> datetime | None:
    """The next moment at which somebody is reminded of a release; None when nobody is."""
    releases = [alert for alert in state.alerts.values() if alert.kind == RELEASE]
    moments = ((one.at, evaluated_until(state, alert)) for alert in releases for one in _reminders(alert, state, policy))
    return min((at for at, until in moments if at > until), default=None)


def _reminders(alert: StandingAlert, state: CaseState, policy: Policy) -> Iterator[Owed]:
    """Every reminder of the alert, at its moment: of the asking that then stands, by the statement that then stood; none of a release that
    a recall has ended by then.
    """
    if state.case is None:
        return
    for askings in askings_of(alert, state.case, policy):
        for asking in askings:
            release_on = _release_on(asking)
            if release_on is None:
                continue
            for days in policy.release_reminders:
                day = release_on - timedelta(days=days)
                at = datetime.combine(day, MORNING, UK).astimezone(UTC)
                if asking.obligation.since < at < asking.until and _stands_ahead(asking, release_on, day, state):
                    yield _reminder(asking, at, days)


def _stands_ahead(asking: Asking, release_on: date, day: date, state: CaseState) -> bool:
    moved = None if asking.told is None else Movement.stated_by(asking.told.statement)
    return moved is not None and custody_on(day, state.movements.values(), moved.person_ids).release_on == release_on


def _release_on(asking: Asking) -> date | None:
    if asking.told is None or asking.told.statement.alert.action is Action.WITHDRAWN:
        return None
    release = asking.told.statement.alert.details.release
    return release.date if release else None


def _reminder(asking: Asking, at: datetime, days: int) -> Owed:
    told, owing = asking.told, asking.obligation
    assert told is not None
    return replace(
        told,
        obligation=owing,
        deed=Deed.ESCALATE,
        at=at,
        notice_id=ids.escalation_id(owing.id, owing.since.isoformat(), f"{owing.role}, release in {days} days"),
        step=ItemStep(kind=StepKind.RELEASE_NEAR, role=owing.role, at=at),
    )
