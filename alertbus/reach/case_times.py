"""What the rules for items ask of the case itself: while it is open, for which child, who is linked, who owes, and who has died. Pure."""

from collections.abc import Iterable, Iterator
from datetime import datetime
from typing import NamedTuple

from alertbus.model.case import Case, Scope, begins
from alertbus.policy.item_rules import ItemOpening, ItemRule
from alertbus.policy.policy import Policy
from alertbus.reach.facts import DEATH
from alertbus.reach.kept import CaseFact
from alertbus.reach.roster import BEGINNING, FOREVER, roster

Times = tuple[datetime, datetime]
"""From when to when something holds, both included."""


class ItemOwner(NamedTuple):
    """Who owes an item."""

    agency: str
    role: str


def open_for(case: Case, child: str, policy: Policy) -> list[Times]:
    """When the case is open for a child: while a plan of theirs runs or, on a case without plans, while the case holder works there. Not
    before the child is born, nor before the bus knew the child there.
    """
    known: dict[str, list[Times]] = case.memo.setdefault(open_for, {})
    if child not in known:
        known[child] = _merged(_within_life(case, child, _plans(case, child) if case.episodes else _held(case, policy)))
    return known[child]


def _plans(case: Case, child: str) -> Iterator[Times]:
    for one in case.episodes:
        if not one.children or child in one.children:
            yield one.since or BEGINNING, one.until or FOREVER


def _held(case: Case, policy: Policy) -> Iterator[Times]:
    for post in roster(case).posts:
        if policy.holds_cases(post.involvement.agency):
            yield post.start, post.end


def _within_life(case: Case, child: str, times: Iterable[Times]) -> Iterator[Times]:
    known_there = min((tie.start for tie in roster(case).ties if tie.link.person == child), default=BEGINNING)
    person = case.person(child)
    first = max(known_there, begins(person.born) if person.born is not None else BEGINNING)
    last = begins(person.died) if person.died is not None else FOREVER
    for start, end in times:
        if max(start, first) <= min(end, last):
            yield max(start, first), min(end, last)


def _merged(times: Iterable[Times]) -> list[Times]:
    """Without gaps of less than a day between them: one plan follows another."""
    found: list[Times] = []
    for start, end in sorted(times):
        if found and (start - found[-1][1]).total_seconds() <= 1:
            found[-1] = (found[-1][0], max(found[-1][1], end))
        else:
            found.append((start, end))
    return found


def open_case(case: Case, policy: Policy) -> list[Times]:
    """When the case is open for any of its children."""
    return _merged(times for child in case.children for times in open_for(case, child, policy))


def links_as(case: Case, opening: ItemOpening) -> Iterator[tuple[str, datetime, datetime]]:
    """Who is linked by one of the opening's relations, and from when to when. A link without any date says nothing of when it was made."""
    for tie in roster(case).ties:
        relation = tie.link.relation.casefold()
        if tie.start > BEGINNING and tie.link.person not in case.children and any(word in relation for word in opening.relations):
            yield tie.link.person, tie.start, tie.end


def died_at(case: Case, child: str, facts: Iterable[CaseFact]) -> datetime:
    """When a child died: as the case says, or a statement about one child's death; after every moment if nobody says so."""
    person = case.person(child)
    if person.died is not None:
        return begins(person.died)
    ids = set(person.person_ids)
    others = {one for key in case.children if key != child for one in case.person(key).person_ids}
    deaths = (fact for fact in facts if fact.kind == DEATH and ids.intersection(fact.subjects))
    return min((fact.happened_at for fact in deaths if others.isdisjoint(fact.subjects)), default=FOREVER)


def owing(rule: ItemRule, fact: CaseFact | None, at: datetime, case: Case, policy: Policy) -> ItemOwner | None:
    """Who owes an item that is opened at a moment: the agency that the rule or the statement names if it is on the case then, else the
    case holder; nobody if that is not there either.
    """
    there = [post.involvement for post in roster(case).posts if post.start <= at <= post.end]
    named = _named(rule, fact, case)
    for agency in (one.agency for one in there if named is not None and same_agency(one.agency, named)):
        return ItemOwner(agency, _role(rule, fact, agency, policy))
    for agency in (one.agency for one in there if one.scope is Scope.CHILDREN_CASE and policy.holds_cases(one.agency)):
        return ItemOwner(agency, _role(rule, fact, agency, policy))
    return None


def _named(rule: ItemRule, fact: CaseFact | None, case: Case) -> str | None:
    if rule.agency is not None or fact is None:
        return rule.agency
    if rule.source_owes:
        return case.agency_stating(fact.agency)
    words = fact.said.get(rule.agency_in) if rule.agency_in is not None else None
    return None if words is None else "_".join(str(words).casefold().split())


def _role(rule: ItemRule, fact: CaseFact | None, agency: str, policy: Policy) -> str:
    """The role that the statement names, if the agency has it; else the rule's, if it is this agency's; else the agency's own."""
    own = policy.agency(agency).role
    asked = fact.said.get(rule.role_in) if fact is not None and rule.role_in is not None else None
    if asked in {own, *rule.tells}:
        return str(asked)
    return rule.role if rule.role is not None and (rule.agency is None or same_agency(agency, rule.agency)) else own


def same_agency(one: str, other: str) -> bool:
    """Whether two names are one agency's, or one is a setting of the other."""
    return one == other or one.startswith(f"{other}.") or other.startswith(f"{one}.")


def case_moments(case: Case, policy: Policy) -> tuple[datetime, ...]:
    """The moments at which something on the case begins or ends by time alone, in order."""
    known: tuple[datetime, ...] | None = case.memo.get(case_moments)
    if known is None:
        spells = [times for child in case.children for times in open_for(case, child, policy)]
        spells += [(tie.start, tie.end) for tie in roster(case).ties] + [(post.start, post.end) for post in roster(case).posts]
        found = {moment for times in spells for moment in times}
        found |= {begins(person.died) for person in case.people if person.died is not None}
        known = case.memo[case_moments] = tuple(sorted(found - {BEGINNING, FOREVER}))
    return known
