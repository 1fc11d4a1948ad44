"""What makes a briefing necessary, and for whom: arrivals, a change of worker, an agency that leaves, several changes at once. Pure.

All of it is a function of the case and of the statements in its state. Occasions with one key are one obligation: a later one of the same
day is told by amending what was given.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from alertbus.model.alert import Action, Alert
from alertbus.model.base import plus
from alertbus.model.briefing import KIND, BriefedHandover
from alertbus.model.case import Case, Level, in_uk
from alertbus.policy.policy import Policy
from alertbus.reach.handovers import handover_of, managers_told
from alertbus.reach.join import exposures
from alertbus.reach.newcomers import BRIEFING, Newcomer, began, day_of, hears_of_links, is_there, newcomers
from alertbus.reach.reduce_case import CaseState
from alertbus.reach.roster import BEGINNING, FOREVER, roster
from alertbus.reach.standing import StandingAlert

HANDED_OVER, LEFT = "worker_change", "involvement_ended"
HANDOVER, SUCCESSOR, CHANGES = "handover", "successor", "changes"
"""The rules, beside `BRIEFING`, by which the bus makes such an obligation. Both agencies of a handover have one of rule `successor`."""


@dataclass(frozen=True, slots=True)
class Occasion:
    """One reason for one obligation. `key` tells it from others of the same case, agency and role; `mark` says what it is about."""

    rule: str
    agency: str
    role: str
    at: datetime
    key: tuple[str, ...]
    mark: str
    recipient: str | None = None
    handover: BriefedHandover | None = None
    alert_id: str | None = None
    """The alert that makes it necessary; None for an arrival by the case itself."""
    leaves: bool = False
    """Of a handover between agencies: it is the one that leaves."""


def may_brief(alert: Alert) -> bool:
    """True for an alert that may make a briefing necessary, so that its event is worked out in full. Cheap."""
    return alert.kind in {HANDED_OVER, LEFT} or alert.details.handover is not None


def occasions(state: CaseState, policy: Policy) -> list[Occasion]:
    """Every occasion that the state knows of, over all time, the earliest first, a handover and its recording as one."""
    return once_each(each_occasion(state, policy), policy)


def once_each(found: Sequence[Occasion], policy: Policy) -> list[Occasion]:
    """The occasions without the recording of whom a handover was told before. A handover that is told after its recording amends that.

    They are one where agency, role and name are the same, on two days within the policy's window.
    """
    window = timedelta(days=policy.briefings.handover_within_days)
    handed = [one for one in found if one.rule == BRIEFING and one.handover is not None and one.recipient is not None]
    recorded = [one for one in found if one.rule == BRIEFING and one.alert_id is None and one.recipient is not None]
    over = {id(one) for one in recorded if any(_same_person(told, one) and _later_day(told, one, window) for told in handed)}
    kept = [one for one in found if id(one) not in over]
    if not handed or not recorded:
        return kept
    before = {id(told): one.key for told in handed for one in recorded if _same_person(told, one) and _later_day(one, told, window)}
    return [replace(one, key=before[id(one)]) if id(one) in before else one for one in kept]


def told_with(one: Occasion, found: Iterable[Occasion], policy: Policy) -> Occasion | None:
    """The recording, among these occasions, of whom a handover is told that was stated on an earlier day: whoever was briefed by it already
    hears of the handover that comes to the case behind it as an amendment of that (`once_each` has the other order).
    """
    window = timedelta(days=policy.briefings.handover_within_days)
    if one.rule != BRIEFING or one.handover is None or one.recipient is None:
        return None
    recorded = (other for other in found if other.rule == BRIEFING and other.alert_id is None and _same_person(one, other))
    return next((other for other in recorded if _later_day(one, other, window)), None)


def _same_person(one: Occasion, other: Occasion) -> bool:
    return (one.agency, one.role, one.recipient) == (other.agency, other.role, other.recipient)


def _later_day(first: Occasion, then: Occasion, window: timedelta) -> bool:
    """True if one comes on a later day than the other, and within the window."""
    return day_of(first.at) < day_of(then.at) and then.at <= plus(first.at, window)


def each_occasion(state: CaseState, policy: Policy) -> list[Occasion]:
    """The same, a handover and its recording each by itself."""
    if state.case is None:
        return []
    case = state.case
    found = [*_of_arrivals(case, policy), *_of_changes(case, policy)]
    for alert in state.alerts.values():
        found += _of_statement(alert, case, state, policy)
    return sorted(found, key=lambda one: (one.at, one.agency, one.role, one.key, one.mark))


def arrivals_until(state: CaseState) -> datetime:
    """The moment up to which arrivals have been worked out: by the case's ticks and its own versions."""
    return max(state.now, (state.case and state.case.known_at) or BEGINNING)


def next_arrival(state: CaseState) -> datetime | None:
    """The next moment at which somebody arrives by time alone; None when nobody does."""
    if state.case is None:
        return None
    by = arrivals_until(state)
    return min((one.at for one in newcomers(state.case).all if one.at > by), default=None)


def manager_of(policy: Policy) -> str:
    """The role of whoever manages a worker."""
    return next(iter(policy.kind_rule(KIND).chain), "team_manager")


def _of_arrivals(case: Case, policy: Policy) -> Iterator[Occasion]:
    known = newcomers(case)
    for one in known.all:
        if one.link is not None and not hears_of_links(case, policy, one.agency, one.at):
            continue
        if one.level is Level.WORKER and (one.agency, one.at) in known.agencies and _only_worker(one, known.all):
            continue  # the agency's own briefing is addressed to them
        role = manager_of(policy) if one.level is Level.MANAGER else policy.roles(KIND, one.agency)[0]
        key = (BRIEFING, one.worker or "", day_of(one.at))
        yield Occasion(BRIEFING, one.agency, role, one.at, key, one.mark, recipient=one.worker)


def _only_worker(one: Newcomer, found: Iterable[Newcomer]) -> bool:
    return not any(o.agency == one.agency and o.at == one.at and o.level is Level.WORKER and o.worker != one.worker for o in found)


def _of_changes(case: Case, policy: Policy) -> Iterator[Occasion]:
    """Workers or managers of two or more agencies who followed others within the window, counted from the first of them (TUR-10). Whoever
    was there for one day, such as a conference's chair, followed nobody.
    """
    window = timedelta(days=policy.briefings.changes_within_days)
    changed = [one for one in newcomers(case).all if one.worker and one.follows and in_uk(one.until).date() > in_uk(one.at).date()]
    while changed:
        first = changed[0]
        together = [one for one in changed if one.at <= plus(first.at, window)]
        changed = changed[len(together) :]
        seen: dict[str, Newcomer] = {}
        for one in together:
            seen[one.agency] = one
            if len(seen) > 1:
                for agency in sorted(seen):
                    mark = f"{one.agency} {one.level.value} {day_of(one.at)}"
                    yield Occasion(CHANGES, agency, manager_of(policy), one.at, (CHANGES, day_of(first.at)), mark)


def _of_statement(alert: StandingAlert, case: Case, state: CaseState, policy: Policy) -> Iterator[Occasion]:
    """What an alert that tells of a handover makes necessary, as it now stands, on the day on which it was first stated."""
    if not may_brief(alert.standing.alert):
        return
    statement, at = alert.standing, alert.chain[0].at
    agency = case.agency_stating(statement.alert.source)
    if statement.alert.history or at < began(case) or not is_there(case, agency, at):
        return
    if statement.alert.action is Action.WITHDRAWN or not exposures(statement, case, policy.kind_rule(statement.alert.kind), None):
        return
    if statement.alert.kind == LEFT:
        yield from _of_an_agency_that_left(alert, agency, at, case, policy)
    handover = handover_of(statement, at, state, policy)
    if handover is None:
        return
    if handover.to is not None:
        level = Level.MANAGER if "manager" in handover.role or _manages(case, agency, handover.to, at) else Level.WORKER
        role = manager_of(policy) if level is Level.MANAGER else policy.roles(KIND, agency)[0]
        key = (BRIEFING, handover.to, day_of(at))
        mark = f"handover {statement.alert_id} {handover.pack}"
        yield Occasion(BRIEFING, agency, role, at, key, mark, handover.to, handover, statement.alert_id)
    for manager in managers_told(handover, case, agency, at):
        key = (HANDOVER, statement.alert_id, manager or "")
        yield Occasion(HANDOVER, agency, manager_of(policy), at, key, "handover", manager, handover, statement.alert_id)


def _manages(case: Case, agency: str, name: str, at: datetime) -> bool:
    """True if the case names them as a manager at that moment."""
    named = (one for one in roster(case).named.get(agency, ()) if one.level is Level.MANAGER and one.worker == name)
    return any((one.since or BEGINNING) <= at <= (one.until or FOREVER) for one in named)


def _of_an_agency_that_left(alert: StandingAlert, agency: str, at: datetime, case: Case, policy: Policy) -> Iterator[Occasion]:
    """The agency that takes over is briefed, or the case holder where it is not there; both hold the handover until it has answered
    (END-03).
    """
    successor = policy.briefings.successors.get(agency.partition(".")[0])
    there = next((one for one in (successor, policy.case_holder) if one and is_there(case, one, at)), None)
    if successor is None or there is None or there == agency:
        return
    alert_id = alert.standing.alert_id
    handover = BriefedHandover(role=policy.agency(there).role, from_=agency, to=there, day=in_uk(at).date())
    for one, leaves in ((there, False), (agency, True)):
        key, role = (SUCCESSOR, alert_id, ""), policy.roles(KIND, one)[0]
        yield Occasion(SUCCESSOR, one, role, at, key, "successor", handover=handover, alert_id=alert_id, leaves=leaves)
