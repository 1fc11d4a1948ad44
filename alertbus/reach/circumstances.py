"""What must be the same of two alerts for their notices to differ in ids, times and narrative alone; and which alerts are worked out in
full, whatever else there is of their kind. Pure.
"""

from bisect import bisect_left, bisect_right
from collections.abc import Sequence
from datetime import datetime
from typing import Any, NamedTuple

from alertbus.model.alert import AcceptedAlert, Action
from alertbus.model.case import Case, in_uk
from alertbus.model.events import AlertReachedCase
from alertbus.policy.policy import Policy
from alertbus.reach.facts import concerns_items
from alertbus.reach.occasions import may_brief
from alertbus.reach.plans import urgent
from alertbus.reach.reduce_case import CaseState
from alertbus.reach.roster import BEGINNING, roster
from alertbus.reach.standing import StandingAlert, meets_until, stands_until
from alertbus.reach.standing_facts import ConsentSaid


class Circumstances(NamedTuple):
    """Everything of an alert and of its time by which its notices could differ in more than ids, times and narrative."""

    case_id: str
    interval: tuple[int, int]
    """How much of the case had begun when the alert counts, and how much had ended."""
    flagged: tuple[tuple[int, int], ...]
    """The same of the statements of each flag on the case."""
    day: Any
    alert: tuple[Any, ...]
    people: tuple[tuple[str, ...], ...]
    roles: tuple[tuple[str, ...], ...]
    spoken: tuple[tuple[Any, ...], ...]
    details: str
    consents: tuple[ConsentSaid, ...]


def circumstances_of(state: CaseState, event: AlertReachedCase, flags: Sequence[StandingAlert], policy: Policy) -> Circumstances | None:
    statement, alert = event.alert, event.alert.alert
    if event.others or statement.alert_id in state.alerts or state.decided or state.case is None or state.chased_from is None:
        return None
    if (
        statement.at <= state.chased_from
        or _at_night(statement, policy)
        or may_brief(alert)
        or concerns_items(statement, state.facts, policy)
    ):
        return None
    if alert.details.consent is not None:
        return None  # it changes what stands on every notice about the plan, this one included
    if alert.action is not Action.RAISED or alert.history or statement.reveals or statement.people_since or statement.words_of:
        return None
    starts, ends = _moments(state.case)
    begun = bisect_right(starts, statement.at)
    if bisect_right(starts, max(state.now, state.case.known_at or BEGINNING)) > begun:
        return None  # what begins later has been worked out already, and is told at once
    return Circumstances(
        state.case.id,
        (begun, bisect_left(ends, statement.at)),
        tuple([_place(one, statement.at, policy) for one in flags]),
        in_uk(statement.at).date(),
        (alert.kind, alert.severity, alert.source, alert.exercise, alert.review_on, alert.anonymous),
        statement.people,
        (tuple([one.role for one in alert.subjects]), tuple([one.role for one in alert.children])),
        tuple([(piece.said_by, piece.observed_first_hand) for piece in alert.narrative]),
        alert.details.model_dump_json(exclude_unset=True),
        tuple(state.consents.values()),
    )


def _at_night(statement: AcceptedAlert, policy: Policy) -> bool:
    """True if somebody else is told at once where the day team is not there."""
    at, alert = statement.at, statement.alert
    desks = (agency.out_of_hours for agency in policy.agencies.values() if agency.out_of_hours is not None)
    return urgent(alert.kind, alert.severity, policy) and not all(desk.open_at(at, policy.bank_holidays) for desk in desks)


def next_to_begin(case: Case | None, statement: AcceptedAlert, policy: Policy) -> datetime | None:
    """When the next link or involvement begins through which the alert may yet be told."""
    starts = [] if case is None else _moments(case)[0]
    place = bisect_right(starts, statement.at)
    if place == len(starts) or starts[place] > meets_until(statement, policy.kind_rule(statement.alert.kind)):
        return None
    return starts[place]


def _moments(case: Case) -> tuple[list[datetime], list[datetime]]:
    """When each link and involvement begins, and each id became somebody's; and when each ends. What ends at a moment still holds then."""
    known: tuple[list[datetime], list[datetime]] | None = case.memo.get(_moments)
    if known is None:
        ties = roster(case).ties
        starts = {moment for tie in ties for moment in (tie.start, *tie.joined_at.values())} | {one.since for one in case.involvements}
        ends = {tie.end for tie in ties} | {one.until for one in case.involvements}
        known = case.memo[_moments] = (sorted(one for one in starts if one), sorted(one for one in ends if one))
    return known


def _place(flag: StandingAlert, at: datetime, policy: Policy) -> tuple[int, int]:
    """How many of the flag's statements had been made at a moment, or found to be about somebody; and how many had ceased to stand."""
    made = ended = 0
    for statement in flag.chain:
        made += sum(moment <= at for moment in (statement.at, *statement.people_since.values()))
        ended += stands_until(statement, policy.kind_rule(statement.alert.kind)) < at
    return made, ended
