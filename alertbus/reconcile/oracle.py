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
from alertbus.model.base import plus
from alertbus.model.case import Case, CasePerson, Involvement, Level, Link, Scope, ends, in_uk
from alertbus.policy.minimise import reads_words
from alertbus.policy.policy import Audience, Policy

ALWAYS = datetime.min.replace(tzinfo=UTC)
NEVER = datetime.max.replace(tzinfo=UTC)


class Due(NamedTuple):
    """One obligation: what it is about, who owes the answer, and since when.

    `read` is what its agency must have read of the alert by and by: at each moment the id of the statement that it is told
    then, or None when it is told that nothing stands for it any more.
    """

    alert_id: str
    case_id: str
    agency: str
    role: str
    since: datetime
    read: tuple[tuple[datetime, str | None], ...] = ()

    def stands(self) -> bool:
        """Say whether the agency was told something last, and not that it is over."""
        return self.read[-1][1] is not None

    def by(self, moment: datetime) -> "Due":
        """Give the obligation as it is at a moment that does not lie before it is owed."""
        return self._replace(read=tuple(entry for entry in self.read if entry[0] <= moment))


Released = Mapping[tuple[str, str], datetime]
"""By case and statement, when the statement's words were released there."""


def obligations_from_scratch(
    alerts: Sequence[AcceptedAlert], cases: Mapping[str, Case], policy: Policy, until: datetime, released: Released | None = None
) -> dict[str, Due]:
    """Work out every obligation owed up to and including `until`, by its id.

    `alerts` are all statements, in any order, with `people` filled, each in one or more copies; `cases` is the latest
    version of each, by id. An obligation that was owed stays in the answer when its alert is withdrawn: it was owed until then.
    """
    found: dict[str, Due] = {}
    cases_of = _cases_by_person(cases)
    for said in statements_by_alert(alerts).values():
        stood = ever_stood(said)
        named = {person_id for one in stood for person_ids in one.people for person_id in person_ids}
        for case_id in sorted({case_id for person_id in named for case_id in cases_of.get(person_id, ())}):
            here = ever_stood([*said, *with_words(said, case_id, released or {})])
            for key, due in _on_case(here, cases[case_id], policy.under(cases[case_id].routing)).items():
                if due.since <= until:
                    found[key] = due.by(until)
    return found


def statements_by_alert(alerts: Sequence[AcceptedAlert]) -> dict[str, list[AcceptedAlert]]:
    """Give the statements of each alert, and of each statement the copy whose persons were found last (`people_version`), as of when it was
    accepted first.
    """
    copies: dict[str, AcceptedAlert] = {}
    for alert in alerts:
        copies[alert.statement_id] = alert.beside(copies.get(alert.statement_id))
    found: dict[str, list[AcceptedAlert]] = defaultdict(list)
    for alert in copies.values():
        found[alert.alert_id].append(alert)
    return found


def with_words(said: Sequence[AcceptedAlert], case_id: str, released: Released) -> list[AcceptedAlert]:
    """Of the statements of one alert, give those whose words were released on the case once more, as they stand there from then on."""
    given = ((one, released.get((case_id, one.statement_id))) for one in said)
    return [one.with_words(at) for one, at in given if at is not None]


def ever_stood(said: Sequence[AcceptedAlert]) -> list[AcceptedAlert]:
    """Of the statements of one alert, give those that stood when they came, in that order.

    The one recorded last stands; of two recorded at one time the one that counts later; in an exercise, where these are
    the same time, an amendment stands over what it amends, and a withdrawal over both. Released words stand after their
    statement, if it does then.
    """

    def recorded(one: AcceptedAlert) -> tuple[datetime, datetime, bool, bool, str]:
        action = one.alert.action
        return (one.alert.recorded_at, one.at, action is Action.WITHDRAWN, action is Action.AMENDED, one.statement_id)

    stood: list[AcceptedAlert] = []
    for one in sorted(said, key=lambda s: (s.at, recorded(s))):
        if one.words_of is not None and (not stood or stood[-1].statement_id != one.words_of):
            continue  # released when its statement stood no more
        if not stood or recorded(stood[-1]) < recorded(one):
            stood.append(one)
    return stood


def _on_case(stood: Sequence[AcceptedAlert], case: Case, policy: Policy) -> dict[str, Due]:
    """Go through the statements as they stood, each until the next one did, and note who is told what on the case."""
    found: dict[str, Due] = {}
    told_by: dict[str, AcceptedAlert] = {}
    for number, said in enumerate(stood):
        replaced_at = stood[number + 1].at if number + 1 < len(stood) else None
        now = {} if said.alert.action is Action.WITHDRAWN else _told_by(said, case, policy, replaced_at)
        if said.words_of is not None:  # for who was told and may read them, and for who comes while the statement stands
            last = stands_until(stood[number - 1], policy, None)
            reading = {key for key, due in now.items() if key in told_by and reads_words(said, due.agency, case, policy)}
            now = {key: due for key, due in now.items() if key in reading or (key not in told_by and due.since <= last)}
        for key, before in list(told_by.items()):
            if key in now and now[key].since == said.at:
                continue
            if not _still_about(said, before, found[key], case, policy):
                found[key] = found[key]._replace(read=(*found[key].read, (said.at, None)))
                del told_by[key]
            elif not said.alert.history and said.words_of is None:  # who had the first is corrected, whoever has left by now (CHR-12)
                found[key] = found[key]._replace(read=(*found[key].read, (said.at, said.statement_id)))
                told_by[key] = said
        for key, due in now.items():
            first = found.get(key, due)
            read = (*found[key].read, *due.read) if key in found else due.read
            found[key] = first._replace(read=read, since=min(first.since, due.since))
            told_by[key] = said
    return found


def _told_by(said: AcceptedAlert, case: Case, policy: Policy, replaced_at: datetime | None) -> dict[str, Due]:
    """Give the obligations that one statement makes while it stands."""
    found: dict[str, Due] = {}
    for agency, since in _told(said, case, policy, replaced_at):
        for role in policy.roles(said.alert.kind, agency):
            key = ids.obligation_id(said.alert_id, case.id, agency, role)
            if key not in found or since < found[key].since:
                found[key] = Due(said.alert_id, case.id, agency, role, since, ((since, said.statement_id),))
    return found


def _still_about(said: AcceptedAlert, before: AcceptedAlert, due: Due, case: Case, policy: Policy) -> bool:
    """Say whether a later statement is for this agency at all, because of somebody of whom the one told before was, too.

    When anybody was there does not count: who has left, or whose person has, had the first, and reads what corrects it.
    """
    if said.alert.action is Action.WITHDRAWN or said.alert.source == due.agency:
        return False
    if due.role not in policy.roles(said.alert.kind, due.agency):
        return False
    meant = {person_id for person_ids in before.people for person_id in person_ids}
    common = [
        _Opening(place, link, said.at)
        for place, person_ids in enumerate(said.people)
        for link in case.links
        if set(person_ids) & set(case.person(link.person).person_ids) and meant & set(case.person(link.person).person_ids)
    ]
    audience = policy.audience(said.alert.kind, conference_invite=said.alert.details.conference_invite)
    hub = due.agency == policy.front_door and Audience.FRONT_DOOR in audience
    if common and hub and not _kept_from(due.agency, case, said.alert.kind, policy):
        return True
    theirs = [one for one in case.involvements if one.agency == due.agency and one.level is Level.AGENCY]
    for_them = [one for one in theirs if _for_them(one, case, said.alert.kind, audience, policy)]
    return any(_carries(opening, one, said, case) for one in for_them for opening in common)


def stands_until(alert: AcceptedAlert, policy: Policy, replaced_at: datetime | None) -> datetime:
    """Say until when the statement itself can reach somebody new, given when another one stood in its place."""
    rule = policy.kind_rule(alert.alert.kind)
    days = rule.stands.days
    if days == 0:
        last = alert.at
    elif alert.alert.review_on is not None:
        last = NEVER if rule.flag else ends(alert.alert.review_on)  # NOT-23: no date ends a flag, a person does
    elif days is None:
        last = NEVER
    else:
        last = plus(alert.stands_from, timedelta(days=days))
    if replaced_at is not None:
        last = min(last, replaced_at)
    return max(last, alert.at)


def _cases_by_person(cases: Mapping[str, Case]) -> dict[str, set[str]]:
    found: dict[str, set[str]] = defaultdict(set)
    for case in cases.values():
        for person in case.people:
            for person_id in person.person_ids:
                found[person_id].add(case.id)
    return found


def _told(alert: AcceptedAlert, case: Case, policy: Policy, replaced_at: datetime | None) -> Iterator[tuple[str, datetime]]:
    """Give the agencies told of the statement on the case, each with a moment. Of an agency's moments the earliest counts."""
    if alert.alert.exercise != case.exercise:
        return
    audience = policy.audience(alert.alert.kind, conference_invite=alert.alert.details.conference_invite)
    openings = list(_openings(alert, case, policy, replaced_at))
    last = stands_until(alert, policy, replaced_at)
    first: list[tuple[str, datetime | None]] = []
    for involvement in case.involvements:
        if involvement.level is Level.AGENCY and _for_them(involvement, case, alert.alert.kind, audience, policy):
            through = [o for o in openings if _carries(o, involvement, alert, case)]
            met = _first_met(involvement, through, last)
            lately = [o.start for o in through if _ended_lately(involvement, o.start, audience, policy)]
            first.append((involvement.agency, met or min(lately, default=None)))
    if Audience.FRONT_DOOR in audience and not _kept_from(policy.front_door, case, alert.alert.kind, policy):
        first.append((policy.front_door, min((o.start for o in openings), default=None)))
    for agency, moment in first:
        if moment is None or agency == alert.alert.source:  # where a unit of it said it, the rest of the agency is told (LNK-04)
            continue
        if alert.alert.history and moment == alert.at:  # who was there when it happened is not told now (INT-10)
            continue
        yield agency, moment


class _Opening(NamedTuple):
    """The alert is open on the case from `start` because the person at this place in the alert is linked to it."""

    place: int
    link: Link
    start: datetime


def _openings(alert: AcceptedAlert, case: Case, policy: Policy, replaced_at: datetime | None) -> Iterator[_Opening]:
    meets_later = timedelta(days=policy.kind_rule(alert.alert.kind).meets_later_days)
    waits = max(stands_until(alert, policy, None), plus(alert.stands_from, meets_later))
    if replaced_at is not None:  # what opened before the next statement was open: who was told then is told of that one, too
        waits = min(waits, max(replaced_at, alert.at))
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
    if involvement.scope is Scope.FRONT_DOOR:  # who somebody is must be settled whatever was said of them
        return True
    if _kept_from(involvement.agency, case, kind, policy):
        return False
    if involvement.scope is Scope.CHILDREN_CASE:
        holder = Audience.CASE_HOLDER in audience and policy.holds_cases(involvement.agency)
        return holder or Audience.CASE_AGENCIES in audience
    if involvement.scope is Scope.PLAN_PARTNER:
        return Audience.PLAN_PARTNERS in audience
    return Audience.ADULT_AGENCIES in audience


def _kept_from(agency: str, case: Case, kind: str, policy: Policy) -> bool:
    """Tell whether somebody must not learn of this kind and the agency acts for them, by whichever of its involvements.

    An agency that always acts for adults, and of which the case does not say for whom, acts for everybody. The case's
    holder, if it is there for the children, made the restriction and is not bound by it.
    """
    theirs = [one for one in case.involvements if one.agency == agency]
    for_children = any(one.level is Level.AGENCY and one.scope is Scope.CHILDREN_CASE for one in theirs)
    if for_children and policy.holds_cases(agency):
        return False
    adults = {one.adult for one in theirs if one.scope is Scope.ADULT_LINKED}
    anybody = policy.agency(agency).acts_for_adults and not adults
    return any(kind in one.kinds and (anybody or one.must_not_learn in adults) for one in case.restrictions)


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
    days = (in_uk(moment).date() - in_uk(_until(involvement)).date()).days
    return 0 <= days <= policy.recently_ended_days


def _since(spell: Link | Involvement) -> datetime:
    return spell.since or ALWAYS


def _until(spell: Link | Involvement) -> datetime:
    return spell.until or NEVER
