"""Who is told of one alert on one case, since when and why; and who is not told, and why not. Pure: the bus's one idea.

    obligations = standing alerts ⋈ person-case links ⋈ case-agency involvements          (DESIGN section 3)

Everything is an interval in time. An alert stands from when it counts until it is over; a link and an involvement hold from when they began
(and the bus knew it) until they end. An agency is told from the first moment at which all three hold. Nothing here reads a clock: the same
facts give the same answer in any order and at any time.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from alertbus.model.alert import AcceptedAlert
from alertbus.model.case import Case, Involvement, Link, Scope, in_uk
from alertbus.policy.policy import Audience, KindRule, Policy
from alertbus.policy.recipient import must_not_learn
from alertbus.reach.roster import BEGINNING, FOREVER, Post, Tie, roster
from alertbus.reach.standing import meets_until, stands_until


class Ruling(StrEnum):
    """Why an agency is told, or is not. Shown by `explain` and in the report; values are stable."""

    WORKS_WITH_CHILDREN = "works_with_children"
    IN_THE_PLAN = "in_the_plan"
    ACTS_FOR_SUBJECT = "acts_for_subject"
    FRONT_DOOR = "front_door"
    ENDED_LATELY = "ended_lately"
    OTHER_UNIT = "other_unit"
    """A unit of the agency said it, and the rest of the agency is told: marked as its own word, and with no answer asked for (LNK-04)."""

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


def exposures(accepted: AcceptedAlert, case: Case, rule: KindRule, replaced_at: datetime | None) -> list[Exposure]:
    """Through whom, and when, the alert is open on the case. A real alert never touches an exercise's case, nor the other way round."""
    if accepted.alert.exercise != case.exercise:
        return []
    begins_until, open_until = meets_until(accepted, rule, replaced_at), stands_until(accepted, rule, replaced_at)
    found: list[Exposure] = []
    subjects = len(accepted.alert.subjects)
    ties = roster(case).ties
    for index, person_ids in enumerate(accepted.people):
        for tie in ties:
            if tie.person_ids.isdisjoint(person_ids):
                continue
            start = max(accepted.at, tie.start, _met(accepted, tie, person_ids))
            if start <= begins_until and start <= tie.end:
                end = max(start, min(open_until, tie.end))
                found.append(Exposure(index, tie.link, index < subjects, person_ids, start, end))
    return found


def _met(accepted: AcceptedAlert, tie: Tie, person_ids: tuple[str, ...]) -> datetime:
    """Since when the linked person is the one of the alert: by the earliest of the ids that both have. An id counts from the later of two
    moments: the statement was found to be about it (`people_since`), and it became the linked person's (`joined_at`). Without either,
    from the beginning.
    """
    if not accepted.people_since and not tie.joined_at:
        return BEGINNING
    both = tie.person_ids.intersection(person_ids)
    return min(max(accepted.people_since.get(one, BEGINNING), tie.joined_at.get(one, BEGINNING)) for one in both)


@dataclass(frozen=True, slots=True)
class _AlertOnCase:
    """One statement of an alert on one case, and what the policy says of it: the question that is put for each agency in turn."""

    accepted: AcceptedAlert
    case: Case
    policy: Policy
    audience: frozenset[Audience]
    exposures: list[Exposure]
    stating: str
    """The agency on the case that said it: it is not told its own words; other settings are."""

    def is_source(self, agency: str) -> bool:
        """True for an agency that said it without naming a unit: nobody there has yet to be told."""
        return agency == self.accepted.alert.source


def decide(accepted: AcceptedAlert, case: Case, policy: Policy, replaced_at: datetime | None = None) -> list[Decision]:
    """Every agency the case knows, told or not, with the ruling. At most one decision for each: the earliest of those told.

    `replaced_at` is when another statement of the alert took the place of this one; None while it stands.
    """
    policy = policy.under(case.routing)
    kind, invite = accepted.alert.kind, accepted.alert.details.conference_invite
    audience = policy.audience(kind, conference_invite=invite)
    through = exposures(accepted, case, policy.kind_rule(kind), replaced_at)
    question = _AlertOnCase(accepted, case, policy, audience, through, case.agency_stating(accepted.alert.source))
    best: dict[str, Decision] = {}
    for decision in (*(_decision(post, question) for post in roster(case).posts), *_front_door(question)):
        other = best.get(decision.agency)
        if other is None or _rank(decision) < _rank(other):
            best[decision.agency] = decision
    return [best[agency] for agency in sorted(best)]


def still_concerned(accepted: AcceptedAlert, case: Case, policy: Policy, earlier: AcceptedAlert) -> frozenset[str]:
    """The agencies that may know of the statement, whenever they are there, because of somebody on the case of whom both it and the
    `earlier` one are. Every other agency that was told of the earlier one was told because of somebody who is not meant any more.
    """
    policy = policy.under(case.routing)
    audience = policy.audience(accepted.alert.kind, conference_invite=accepted.alert.details.conference_invite)
    meant_before = {person_id for person_ids in earlier.people for person_id in person_ids}
    subjects = len(accepted.alert.subjects)
    common = [
        Exposure(index, tie.link, index < subjects, person_ids, BEGINNING, FOREVER)
        for index, person_ids in enumerate(accepted.people)
        for tie in roster(case).ties
        if not tie.person_ids.isdisjoint(person_ids) and not tie.person_ids.isdisjoint(meant_before)
    ]
    question = _AlertOnCase(accepted, case, policy, audience, common, case.agency_stating(accepted.alert.source))
    agencies = {post.involvement.agency for post in roster(case).posts if _right(post, question)[1]}
    return frozenset(agencies | {decision.agency for decision in _front_door(question)})


def _rank(decision: Decision) -> tuple[bool, datetime, int, int]:
    """Told before not told, earlier before later, and a fixed order for the rest, so that the reason path never hangs on arrival."""
    index = decision.exposure.index if decision.exposure else 0
    return (not decision.told, decision.since or FOREVER, index, _STRONGEST_FIRST.index(decision.ruling))


_STRONGEST_FIRST = tuple(Ruling)
"""An agency that works with the children is told for that reason, though it also ended lately or stands in the plan."""


def _decision(post: Post, question: _AlertOnCase) -> Decision:
    """One agency on the case: by what right it would be told, and whether it is there at a moment when the alert is open."""
    involvement = post.involvement
    right, through = _right(post, question)
    if not through:
        return Decision(involvement.agency, told=False, ruling=right, involvement=involvement)
    for exposure in _by_time(through, since=post.start):
        since = max(exposure.start, post.start)
        if since <= exposure.end and since <= post.end:
            return _unless_history(Decision(involvement.agency, True, right, since, exposure, involvement), question)
    for exposure in _by_time(through):
        if _ended_lately(involvement, exposure, question):
            ruling = right if right is Ruling.OTHER_UNIT else Ruling.ENDED_LATELY
            lately = Decision(involvement.agency, True, ruling, exposure.start, exposure, involvement)
            return _unless_history(lately, question)
    return Decision(involvement.agency, told=False, ruling=Ruling.NOT_INVOLVED_THEN, involvement=involvement)


def _by_time(exposures: list[Exposure], since: datetime = BEGINNING) -> list[Exposure]:
    if len(exposures) == 1:
        return exposures
    return sorted(exposures, key=lambda e: (max(e.start, since), e.index))


def _right(post: Post, question: _AlertOnCase) -> tuple[Ruling, list[Exposure]]:
    """The ruling by which the agency would be told, and the exposures that count for it; none, with the ruling against it."""
    involvement = post.involvement
    if not question.exposures:
        return Ruling.NOBODY_LINKED, []
    if question.is_source(involvement.agency):
        return Ruling.IS_THE_SOURCE, []
    if involvement.scope is Scope.FRONT_DOOR:
        return Ruling.FRONT_DOOR, question.exposures
    right, through = _right_by_scope(post, question)
    return (Ruling.OTHER_UNIT if through and involvement.agency == question.stating else right), through


def _right_by_scope(post: Post, question: _AlertOnCase) -> tuple[Ruling, list[Exposure]]:
    """The right of an agency by what it does on the case, whoever said it."""
    involvement, kind = post.involvement, question.accepted.alert.kind
    if must_not_learn(involvement.agency, kind, question.case, question.policy):
        return Ruling.MUST_NOT_LEARN, []
    if involvement.scope is Scope.ADULT_LINKED:
        return _right_of_adult_agency(post, question)
    if involvement.scope is Scope.PLAN_PARTNER:
        right, allowed = Ruling.IN_THE_PLAN, Audience.PLAN_PARTNERS in question.audience
    else:
        right = Ruling.WORKS_WITH_CHILDREN
        holder = Audience.CASE_HOLDER in question.audience and question.policy.holds_cases(involvement.agency)
        allowed = holder or Audience.CASE_AGENCIES in question.audience
    return (right, question.exposures) if allowed else (Ruling.KIND_NOT_FOR_THEM, [])


def _right_of_adult_agency(post: Post, question: _AlertOnCase) -> tuple[Ruling, list[Exposure]]:
    """An agency that acts for an adult is told what that adult is a subject of."""
    through = [e for e in question.exposures if e.subject and not post.adult_ids.isdisjoint(e.person_ids)]
    if not through:
        return Ruling.ACTS_FOR_SOMEBODY_ELSE, []
    if Audience.ADULT_AGENCIES not in question.audience:
        return Ruling.KIND_NOT_FOR_THEM, []
    return Ruling.ACTS_FOR_SUBJECT, through


def _ended_lately(involvement: Involvement, exposure: Exposure, question: _AlertOnCase) -> bool:
    """Work with the children that ended, in UK days, no longer ago than the policy looks back."""
    if involvement.scope is not Scope.CHILDREN_CASE or involvement.until is None or Audience.RECENTLY_ENDED not in question.audience:
        return False
    gap = in_uk(exposure.start).date() - in_uk(involvement.until).date()
    return timedelta(0) <= gap <= timedelta(days=question.policy.recently_ended_days)


def _front_door(question: _AlertOnCase) -> Iterator[Decision]:
    """The hub is told of its kinds on every case; it needs no involvement of its own."""
    policy = question.policy
    if Audience.FRONT_DOOR not in question.audience or question.is_source(policy.front_door) or not question.exposures:
        return
    if must_not_learn(policy.front_door, question.accepted.alert.kind, question.case, policy):
        return
    first = min(question.exposures, key=lambda e: (e.start, e.index))
    ruling = Ruling.OTHER_UNIT if question.stating == policy.front_door else Ruling.FRONT_DOOR
    yield _unless_history(Decision(policy.front_door, True, ruling, first.start, first), question)


def _unless_history(decision: Decision, question: _AlertOnCase) -> Decision:
    """History seeds state: whoever was there when it happened is not told now, whoever joins later is (INT-10)."""
    if question.accepted.alert.history and decision.since == question.accepted.at:
        return Decision(decision.agency, told=False, ruling=Ruling.HISTORY, involvement=decision.involvement)
    return decision
