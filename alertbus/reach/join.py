"""The one idea, for one alert on one case: who is told, since when, why; and who is not, and why not.

    obligations = standing alerts ⋈ person-case links ⋈ case-agency involvements          (DESIGN section 3)

Everything is an interval in time. An alert stands from when it counts until it is over; a link and an involvement hold from when they began
(and the bus knew it) until they end. Somebody is told from the first moment at which all three hold. Nothing here reads a clock: the same
facts give the same answer in any order and at any time.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from alertbus.model import ids
from alertbus.model.alert import AcceptedAlert
from alertbus.model.case import UK, Case, Involvement, Link, Scope, ends
from alertbus.model.notice import Cause, Obligation
from alertbus.policy.policy import Audience, KindRule, Policy
from alertbus.reach.roster import ALWAYS, NEVER, Post, roster


class Ruling(StrEnum):
    """Why an agency is told, or is not. Shown by `explain` and in the report; values are stable."""

    WORKS_WITH_CHILDREN = "works_with_children"
    IN_THE_PLAN = "in_the_plan"
    ACTS_FOR_SUBJECT = "acts_for_subject"
    FRONT_DOOR = "front_door"
    ENDED_LATELY = "ended_lately"

    IS_THE_SOURCE = "is_the_source"
    NOT_INVOLVED_THEN = "not_involved_then"
    KIND_NOT_FOR_THEM = "kind_not_for_them"
    ACTS_FOR_SOMEBODY_ELSE = "acts_for_somebody_else"
    MUST_NOT_LEARN = "must_not_learn"
    HISTORY = "history"
    NOBODY_LINKED = "nobody_linked"


@dataclass(frozen=True, slots=True)
class Exposure:
    """One person of the alert who is linked to the case, and during which time the alert is open there through them."""

    index: int
    """Place among the alert's subjects, then children: the first one gives the reason path."""
    link: Link
    subject: bool
    person_ids: tuple[str, ...]
    start: datetime
    end: datetime


@dataclass(frozen=True, slots=True)
class Decision:
    """One agency on one case, told or not, and the ruling that decided."""

    agency: str
    told: bool
    ruling: Ruling
    since: datetime | None = None
    exposure: Exposure | None = None
    involvement: Involvement | None = None


def stands_until(accepted: AcceptedAlert, rule: KindRule, withdrawn_at: datetime | None = None) -> datetime:
    """The last moment at which the alert can reach a newcomer: its review date, else the kind's days; sooner if withdrawn."""
    if accepted.alert.review_on is not None and rule.stands.days != 0:
        until = max(ends(accepted.alert.review_on), accepted.at)
    elif rule.stands.days is None:
        until = NEVER
    else:
        until = accepted.at + timedelta(days=rule.stands.days)
    return until if withdrawn_at is None else min(until, max(withdrawn_at, accepted.at))


def exposures(accepted: AcceptedAlert, case: Case, rule: KindRule, until: datetime, withdrawn_at: datetime | None) -> list[Exposure]:
    """Through whom, and when, the alert is open on the case. A real alert never touches an exercise's case, nor the other way round."""
    if accepted.alert.exercise != case.exercise:
        return []
    waits = max(stands_until(accepted, rule), accepted.at + timedelta(days=rule.meets_later_days))
    if withdrawn_at is not None:
        waits = min(waits, max(withdrawn_at, accepted.at))
    found: list[Exposure] = []
    subjects = len(accepted.alert.subjects)
    ties = roster(case).ties
    for index, person_ids in enumerate(accepted.people):
        for tie in ties:
            if tie.person_ids.isdisjoint(person_ids):
                continue
            start = max(accepted.at, tie.start)
            if start <= waits and start <= tie.end:
                end = max(start, min(until, tie.end))
                found.append(Exposure(index, tie.link, index < subjects, person_ids, start, end))
    return found


@dataclass(frozen=True, slots=True)
class _Matter:
    """An alert on a case, and everything that is asked of each agency in turn."""

    accepted: AcceptedAlert
    case: Case
    policy: Policy
    audience: frozenset[Audience]
    exposures: list[Exposure]


def decide(accepted: AcceptedAlert, case: Case, policy: Policy, withdrawn_at: datetime | None = None) -> list[Decision]:
    """Every agency the case knows, told or not, with the ruling. At most one decision for each: the earliest of those told."""
    policy = policy.under(case.routing)
    rule = policy.kind_rule(accepted.alert.kind)
    until = stands_until(accepted, rule, withdrawn_at)
    matter = _Matter(
        accepted,
        case,
        policy,
        policy.audience(accepted.alert.kind, conference_invite=accepted.alert.details.conference_invite),
        exposures(accepted, case, rule, until, withdrawn_at),
    )
    verdicts = [_verdict(post, matter) for post in roster(case).posts]
    verdicts += _front_door(matter)
    best: dict[str, Decision] = {}
    for verdict in verdicts:
        held = best.get(verdict.agency)
        if held is None or _rank(verdict) < _rank(held):
            best[verdict.agency] = verdict
    return [best[agency] for agency in sorted(best)]


def _rank(decision: Decision) -> tuple[bool, datetime, int, int]:
    """Told before not told, earlier before later, and a fixed order for the rest, so that the reason path never hangs on arrival."""
    index = decision.exposure.index if decision.exposure else 0
    return (not decision.told, decision.since or NEVER, index, _STRONGEST_FIRST.index(decision.ruling))


_STRONGEST_FIRST = tuple(Ruling)
"""Who works with the children is told as that, though they also ended lately or stand in the plan."""


def _verdict(post: Post, matter: _Matter) -> Decision:
    """One agency on the case: by what right it would be told, and whether it is there at a moment when the alert is open."""
    involvement = post.involvement
    right, through = _right(post, matter)
    if not through:
        return Decision(involvement.agency, told=False, ruling=right, involvement=involvement)
    for exposure in _by_time(through, since=post.start):
        since = max(exposure.start, post.start)
        if since <= exposure.end and since <= post.end:
            return _unless_history(Decision(involvement.agency, True, right, since, exposure, involvement), matter)
    for exposure in _by_time(through):
        if _ended_lately(involvement, exposure, matter):
            lately = Decision(involvement.agency, True, Ruling.ENDED_LATELY, exposure.start, exposure, involvement)
            return _unless_history(lately, matter)
    return Decision(involvement.agency, told=False, ruling=Ruling.NOT_INVOLVED_THEN, involvement=involvement)


def _by_time(exposures: list[Exposure], since: datetime = ALWAYS) -> list[Exposure]:
    if len(exposures) == 1:
        return exposures
    return sorted(exposures, key=lambda e: (max(e.start, since), e.index))


def _right(post: Post, matter: _Matter) -> tuple[Ruling, list[Exposure]]:
    """The ruling by which the agency would be told, and the exposures that count for it; none, with the ruling against it."""
    involvement = post.involvement
    if not matter.exposures:
        return Ruling.NOBODY_LINKED, []
    if involvement.agency == matter.accepted.alert.agency:
        return Ruling.IS_THE_SOURCE, []
    if involvement.scope is Scope.ADULT_LINKED:
        return _right_of_adult_agency(post, matter)
    if involvement.scope is Scope.PLAN_PARTNER:
        right, allowed = Ruling.IN_THE_PLAN, Audience.PLAN_PARTNERS in matter.audience
    else:
        right = Ruling.WORKS_WITH_CHILDREN
        holder = Audience.CASE_HOLDER in matter.audience and involvement.agency == matter.policy.case_holder
        allowed = holder or Audience.CASE_AGENCIES in matter.audience
    return (right, matter.exposures) if allowed else (Ruling.KIND_NOT_FOR_THEM, [])


def _right_of_adult_agency(post: Post, matter: _Matter) -> tuple[Ruling, list[Exposure]]:
    """An agency that acts for an adult is told what that adult is a subject of, unless it is what the adult must not learn (ANO-02)."""
    through = [e for e in matter.exposures if e.subject and not post.adult_ids.isdisjoint(e.person_ids)]
    kind = matter.accepted.alert.kind
    if not through:
        return Ruling.ACTS_FOR_SOMEBODY_ELSE, []
    if any(r.must_not_learn == post.involvement.adult and kind in r.kinds for r in matter.case.restrictions):
        return Ruling.MUST_NOT_LEARN, []
    if Audience.ADULT_AGENCIES not in matter.audience:
        return Ruling.KIND_NOT_FOR_THEM, []
    return Ruling.ACTS_FOR_SUBJECT, through


def _ended_lately(involvement: Involvement, exposure: Exposure, matter: _Matter) -> bool:
    """Work with the children that ended, in UK days, no longer ago than the policy looks back."""
    if involvement.scope is not Scope.CHILDREN_CASE or involvement.until is None or Audience.RECENTLY_ENDED not in matter.audience:
        return False
    gap = exposure.start.astimezone(UK).date() - involvement.until.astimezone(UK).date()
    return timedelta(0) <= gap <= timedelta(days=matter.policy.recently_ended_days)


def _front_door(matter: _Matter) -> Iterator[Decision]:
    """The hub is told of its kinds on every case; it needs no involvement of its own."""
    policy = matter.policy
    if Audience.FRONT_DOOR not in matter.audience or matter.accepted.alert.agency == policy.front_door or not matter.exposures:
        return
    first = min(matter.exposures, key=lambda e: (e.start, e.index))
    yield _unless_history(Decision(policy.front_door, True, Ruling.FRONT_DOOR, first.start, first), matter)


def _unless_history(decision: Decision, matter: _Matter) -> Decision:
    """History seeds state: whoever was there when it happened is not told now, whoever joins later is (INT-10)."""
    if matter.accepted.alert.history and decision.since == matter.accepted.at:
        return Decision(decision.agency, told=False, ruling=Ruling.HISTORY, involvement=decision.involvement)
    return decision


def cause(decision: Decision, accepted: AcceptedAlert) -> Cause:
    """What came last: the alert itself, the link, or the agency."""
    assert decision.exposure is not None
    if decision.since == accepted.at:
        return Cause.ALERT
    return Cause.LINK if decision.since == decision.exposure.start else Cause.INVOLVEMENT


def obligations(
    decisions: Iterable[Decision], accepted: AcceptedAlert, case: Case, policy: Policy
) -> Iterator[tuple[Decision, Obligation]]:
    """One obligation for each role that owes an answer at an agency that is told."""
    alert, rule = accepted.alert, policy.kind_rule(accepted.alert.kind)
    due: dict[datetime, datetime] = {}  # most are owed from the same moment
    for decision in decisions:
        if not decision.told or decision.since is None:
            continue
        if decision.since not in due:
            due[decision.since] = rule.respond_within.after(decision.since)
        for role in policy.roles(alert.kind, decision.agency):
            yield (
                decision,
                Obligation(
                    id=ids.obligation_id(accepted.alert_id, case.id, decision.agency, role),
                    alert_id=accepted.alert_id,
                    case_id=case.id,
                    agency=decision.agency,
                    role=role,
                    kind=alert.kind,
                    severity=alert.severity,
                    source=alert.source,
                    source_id=alert.amends or alert.id,
                    since=decision.since,
                    due=due[decision.since],
                    cause=cause(decision, accepted),
                    exercise=alert.exercise,
                ),
            )
