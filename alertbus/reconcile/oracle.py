"""Step 2 of a reconciliation: who must be told what, worked out from scratch by plain loops over the definitions.

An oracle for the reducers, so it shares no code with `alertbus.reach` and must not import it. It knows nothing of
events, state or order: all alerts, all cases, one answer. Slow is fine; clever is not.
"""

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import NamedTuple

from alertbus.model import ids
from alertbus.model.alert import AcceptedAlert, Action
from alertbus.model.case import UK, Case, CasePerson, Involvement, Level, Link, Scope, ends
from alertbus.policy.policy import Audience, Policy

ALWAYS = datetime.min.replace(tzinfo=UTC)
NEVER = datetime.max.replace(tzinfo=UTC)


class Due(NamedTuple):
    """One obligation: what it is about, who owes the answer, and since when."""

    alert_id: str
    case_id: str
    agency: str
    role: str
    since: datetime


def obligations_from_scratch(alerts: Sequence[AcceptedAlert], cases: Mapping[str, Case], policy: Policy, until: datetime) -> dict[str, Due]:
    """Work out every obligation owed up to and including `until`, by its id.

    `alerts` are all statements, in any order, with `people` filled, each in one or more copies; `cases` is the latest
    version of each, by id. An obligation that was owed stays in the answer when its alert is withdrawn: it was owed until then.
    """
    found: dict[str, Due] = {}
    alerts = as_now_identified(alerts)
    withdrawn = withdrawals(alerts)
    cases_of = _cases_by_person(cases)
    for alert in alerts:
        if alert.alert.action is Action.WITHDRAWN or alert.at > withdrawn.get(alert.alert_id, NEVER):
            continue  # nobody is told anything more of an alert after it was withdrawn
        named = {person_id for person_ids in alert.people for person_id in person_ids}
        for case_id in sorted({case_id for person_id in named for case_id in cases_of.get(person_id, ())}):
            case = cases[case_id]
            rules = policy.under(case.routing)
            for agency, since in _told(alert, case, rules, withdrawn.get(alert.alert_id)):
                for role in rules.roles(alert.alert.kind, agency):
                    obligation = ids.obligation_id(alert.alert_id, case.id, agency, role)
                    due = Due(alert.alert_id, case.id, agency, role, since)
                    if since <= until and (obligation not in found or since < found[obligation].since):
                        found[obligation] = due
    return found


def as_now_identified(alerts: Sequence[AcceptedAlert]) -> list[AcceptedAlert]:
    """Give of each statement the copy whose persons were found last, which is the one with the highest `people_version`."""
    found: dict[str, AcceptedAlert] = {}
    for alert in alerts:
        if alert.statement_id not in found or found[alert.statement_id].people_version < alert.people_version:
            found[alert.statement_id] = alert
    return list(found.values())


def withdrawals(alerts: Sequence[AcceptedAlert]) -> dict[str, datetime]:
    """Give the moment at which each withdrawn alert was first withdrawn."""
    found: dict[str, datetime] = {}
    for alert in alerts:
        if alert.alert.action is Action.WITHDRAWN:
            found[alert.alert_id] = min(alert.at, found.get(alert.alert_id, NEVER))
    return found


def stands_until(alert: AcceptedAlert, policy: Policy, withdrawn_at: datetime | None) -> datetime:
    """Say until when the statement itself can reach somebody new."""
    days = policy.kind_rule(alert.alert.kind).stands.days
    if days == 0:
        last = alert.at
    elif alert.alert.review_on is not None:
        last = ends(alert.alert.review_on)
    elif days is None:
        last = NEVER
    else:
        last = alert.at + timedelta(days=days)
    if withdrawn_at is not None:
        last = min(last, withdrawn_at)
    return max(last, alert.at)


def _cases_by_person(cases: Mapping[str, Case]) -> dict[str, set[str]]:
    found: dict[str, set[str]] = defaultdict(set)
    for case in cases.values():
        for person in case.people:
            for person_id in person.person_ids:
                found[person_id].add(case.id)
    return found


def _told(alert: AcceptedAlert, case: Case, policy: Policy, withdrawn_at: datetime | None) -> Iterator[tuple[str, datetime]]:
    """Give the agencies told of the statement on the case, each with a moment. Of an agency's moments the earliest counts."""
    if alert.alert.exercise != case.exercise:
        return
    audience = policy.audience(alert.alert.kind, conference_invite=alert.alert.details.conference_invite)
    openings = list(_openings(alert, case, policy, withdrawn_at))
    last = stands_until(alert, policy, withdrawn_at)
    first: list[tuple[str, datetime | None]] = []
    for involvement in case.involvements:
        if involvement.level is Level.AGENCY and _for_them(involvement, case, alert.alert.kind, audience, policy):
            through = [o for o in openings if _carries(o, involvement, alert, case)]
            met = _first_met(involvement, through, last)
            lately = [o.start for o in through if _ended_lately(involvement, o.start, audience, policy)]
            first.append((involvement.agency, met or min(lately, default=None)))
    if Audience.FRONT_DOOR in audience:
        first.append((policy.front_door, min((o.start for o in openings), default=None)))
    for agency, moment in first:
        if moment is None or agency == alert.alert.agency:
            continue
        if alert.alert.history and moment == alert.at:  # who was there when it happened is not told now (INT-10)
            continue
        yield agency, moment


class _Opening(NamedTuple):
    """The alert is open on the case from `start` because the person at this place in the alert is linked to it."""

    place: int
    link: Link
    start: datetime


def _openings(alert: AcceptedAlert, case: Case, policy: Policy, withdrawn_at: datetime | None) -> Iterator[_Opening]:
    meets_later = timedelta(days=policy.kind_rule(alert.alert.kind).meets_later_days)
    waits = max(stands_until(alert, policy, None), alert.at + meets_later)
    if withdrawn_at is not None:  # what opened before the withdrawal was open: who was told then is told of the withdrawal
        waits = min(waits, max(withdrawn_at, alert.at))
    for place, person_ids in enumerate(alert.people):
        for link in case.links:
            if not set(person_ids) & set(case.person(link.person).person_ids):
                continue
            start = max(alert.at, _since(link), _same_person_since(alert, place, case.person(link.person)))
            if start <= waits and start <= _until(link):
                yield _Opening(place, link, start)


def _same_person_since(alert: AcceptedAlert, place: int, person: CasePerson) -> datetime:
    """Find the first moment at which some id is known to be both the alert's person and the one on the case."""
    both = [person_id for person_id in alert.people[place] if person_id in person.person_ids]
    return min(max(alert.people_since.get(one, ALWAYS), person.joined_at.get(one, ALWAYS)) for one in both)


def _first_met(involvement: Involvement, through: Sequence[_Opening], last: datetime) -> datetime | None:
    """Find the first moment at which the agency is there and the alert is open: one at which something begins."""
    for moment in sorted({o.start for o in through} | {_since(involvement)}):
        there = _since(involvement) <= moment <= _until(involvement)
        if there and any(_is_open(opening, moment, last) for opening in through):
            return moment
    return None


def _is_open(opening: _Opening, moment: datetime, last: datetime) -> bool:
    """At the very moment it opens, always; afterwards only while the alert stands and the link holds."""
    if moment == opening.start:
        return True
    return opening.start < moment <= min(last, _until(opening.link))


def _for_them(involvement: Involvement, case: Case, kind: str, audience: frozenset[Audience], policy: Policy) -> bool:
    if involvement.scope is Scope.CHILDREN_CASE:
        holder = Audience.CASE_HOLDER in audience and involvement.agency == policy.case_holder
        return holder or Audience.CASE_AGENCIES in audience
    if involvement.scope is Scope.PLAN_PARTNER:
        return Audience.PLAN_PARTNERS in audience
    for restriction in case.restrictions:
        if restriction.must_not_learn == involvement.adult and kind in restriction.kinds:
            return False
    return Audience.ADULT_AGENCIES in audience


def _carries(opening: _Opening, involvement: Involvement, alert: AcceptedAlert, case: Case) -> bool:
    """Tell whether the alert reaches this agency through that person.

    For an agency that acts for an adult it must be that adult, as a subject: not one of the children, not merely
    somebody on the case.
    """
    if involvement.scope is not Scope.ADULT_LINKED:
        return True
    assert involvement.adult is not None
    subject = opening.place < len(alert.alert.subjects)
    return subject and bool(set(alert.people[opening.place]) & set(case.person(involvement.adult).person_ids))


def _ended_lately(involvement: Involvement, moment: datetime, audience: frozenset[Audience], policy: Policy) -> bool:
    if involvement.scope is not Scope.CHILDREN_CASE or involvement.to is None or Audience.RECENTLY_ENDED not in audience:
        return False
    days = (moment.astimezone(UK).date() - _until(involvement).astimezone(UK).date()).days
    return 0 <= days <= policy.recently_ended_days


def _since(spell: Link | Involvement) -> datetime:
    return spell.since or ALWAYS


def _until(spell: Link | Involvement) -> datetime:
    return spell.until or NEVER
