"""Who reads a notice, as far as it decides what they may see: worked out here and nowhere else (DESIGN section 7). Pure.

A sector's row of the policy says how much such agencies are shown. A `Recipient` says what makes one of them see less than its row: for
whom it acts, which of the case's children it serves, what a restriction keeps from an adult it acts for, whose words it reads, and the day.
"""

from dataclasses import dataclass
from datetime import date, datetime
from functools import lru_cache
from typing import NamedTuple

from alertbus.model.case import Case, Involvement, Level, Scope, in_uk
from alertbus.model.details import Details
from alertbus.policy.policy import Agency, Policy

KINDS_OF_BIRTH_AND_DEATH = frozenset({"birth", "death", "concealed_pregnancy_concern"})
"""Who must not learn of one of these must not see it between the lines of another kind either (NOT-02): no child is listed to them."""


class Recipient(NamedTuple):
    """One reader's view. Two agencies with equal views read the same body. Children and adults are named by their keys on the case."""

    sector: str
    for_adults: bool = False
    """It acts for an adult: probation, his landlord, his surgery. It is given no child's identity, no address but that adult's own, and no
    free text that was not written for it (NOT-02, NOT-18, ANO-03)."""
    adults: frozenset[str] = frozenset()
    """The adults of the case it acts for."""
    kept_from: bool = False
    """Births, pregnancies and deaths are kept from an adult it acts for (ANO-02)."""
    names_children: bool = False
    """The policy lets it have a child's name though it acts for an adult."""
    own_words: bool = False
    """The alert was stated by this agency, or by a department of it. Another setting, such as another surgery, is another agency."""
    asked: bool = False
    """The alert asks this agency something (`details.request`): what is asked was written for it, and it reads that (PRI-03, LNK-05)."""
    others_children: frozenset[str] = frozenset()
    """Children whom other settings serve, and not this one: each is "a sibling" (NOT-16)."""
    unborn: frozenset[str] = frozenset()
    """Children who are not born on the day of the notice: not listed (NOT-20)."""
    died: frozenset[str] = frozenset()
    """Those who have died by the day of the notice (NOT-26)."""


def recipient_of(
    agency: str, case: Case, policy: Policy, at: datetime, *, source: str | None = None, scope: Scope | None = None
) -> Recipient:
    """The view of an agency at a moment. `source` is that of the alert; `scope` that of the involvement by which the agency is told.

    Who works with the children besides (`children_case`, at that moment) acts for them, even if it also acts for an adult of the case,
    unless a restriction names that adult.
    """
    readers = _readers(_uk_day(at), case, policy)
    if (known := readers.get(agency)) is not None:  # most agencies of most cases
        return known
    entry, role, (unborn, died) = policy.agency(agency), _role(agency, case), _not_living(at, case)
    if role is _OF_ALL_CHILDREN and not entry.acts_for_adults:
        found = readers[agency] = _plain(entry.sector, unborn, died, _by_age(entry, at, case))
        return found
    restricted = _restrictions(agency, role, case, policy)
    with_children = scope in {Scope.CHILDREN_CASE, Scope.FRONT_DOOR} or any(_covers(one, at) for one in role.with_children)
    if not entry.acts_for_adults and (not role.adults or (with_children and not restricted)):
        others = frozenset(case.children) - role.serves if role.serves else _by_age(entry, at, case)
        return _plain(entry.sector, unborn, died, others)
    return Recipient(
        sector=entry.sector,
        for_adults=True,
        adults=role.adults,
        kept_from=any(not KINDS_OF_BIRTH_AND_DEATH.isdisjoint(kinds) for kinds in restricted),
        names_children=entry.names_children and not restricted,
        own_words=f"{source}.".startswith(f"{agency}."),
        unborn=unborn,
        died=died,
    )


def as_asked(recipient: Recipient, agency: str, details: Details) -> Recipient:
    """The view of an agency of an alert whose request names it, or the agency of which it is a setting; else the same view."""
    if details.request is None:
        return recipient
    to = details.request.to.strip().lower().replace(" ", "_")
    return recipient._replace(asked=True) if f"{agency}.".startswith(f"{to}.") else recipient


def must_not_learn(agency: str, kind: str, case: Case, policy: Policy) -> bool:
    """True if a restriction keeps the kind from an adult for whom the agency acts, by any of its involvements, whatever the scope or the
    dates of the one by which it would be told (NOT-02, ANO-02). For an agency that acts for adults and is on the case for none by name,
    every restriction counts. The agency that holds the case is bound by none while it works with the children: it made them.
    """
    if not case.restrictions:
        return False
    return any(kind in kinds for kinds in _restrictions(agency, _role(agency, case), case, policy))


@dataclass(frozen=True, slots=True)
class _PartOnCase:
    """What an agency is on a case, by all its involvements: for which adults, in which spells with the children, and with which of them
    (none: it was not said).
    """

    adults: frozenset[str] = frozenset()
    with_children: tuple[Involvement, ...] = ()
    serves: frozenset[str] = frozenset()


_OF_ALL_CHILDREN = _PartOnCase()
"""Stands for every agency that a case says nothing particular of: it acts for no adult and works with all children."""


def _restrictions(agency: str, role: _PartOnCase, case: Case, policy: Policy) -> tuple[tuple[str, ...], ...]:
    """The kinds of each restriction that binds an agency."""
    if role.with_children and policy.holds_cases(agency):
        return ()
    everyone = policy.agency(agency).acts_for_adults and not role.adults
    return tuple(one.kinds for one in case.restrictions if everyone or one.must_not_learn in role.adults)


def _readers(day: date, case: Case, policy: Policy) -> dict[str, Recipient]:
    """By agency, the readers of whom the case says nothing particular, on the last day that was asked for."""
    kept: tuple[date, Policy, dict[str, Recipient]] | None = case.memo.get(_readers)
    if kept is None or kept[0] != day or kept[1] is not policy:
        kept = case.memo[_readers] = (day, policy, {})
    return kept[2]


def _role(agency: str, case: Case) -> _PartOnCase:
    particular: dict[str, _PartOnCase] | None = case.memo.get(_PartOnCase)
    if particular is None:
        named = {one.agency for one in case.involvements if one.children or one.scope is Scope.ADULT_LINKED}
        particular = case.memo[_PartOnCase] = {name: _role_by([one for one in case.involvements if one.agency == name]) for name in named}
    return particular.get(agency, _OF_ALL_CHILDREN)


def _role_by(involvements: list[Involvement]) -> _PartOnCase:
    return _PartOnCase(
        adults=frozenset(one.adult for one in involvements if one.adult and one.scope is Scope.ADULT_LINKED),
        with_children=tuple(one for one in involvements if one.level is Level.AGENCY and one.scope is Scope.CHILDREN_CASE),
        serves=frozenset(key for one in involvements for key in one.children),
    )


def _covers(involvement: Involvement, at: datetime) -> bool:
    since, until = involvement.since, involvement.until
    return (since is None or since <= at) and (until is None or at <= until)


@lru_cache(maxsize=4096)  # one object for many cases: what is kept by each costs a look at every collection of garbage
def _plain(sector: str, unborn: frozenset[str], died: frozenset[str], others_children: frozenset[str]) -> Recipient:
    return Recipient(sector, unborn=unborn, died=died, others_children=others_children)


@lru_cache(maxsize=1024)
def _uk_day(at: datetime) -> date:
    return in_uk(at).date()


_ALL_LIVE: tuple[frozenset[str], frozenset[str]] = (frozenset(), frozenset())


def _not_living(at: datetime, case: Case) -> tuple[frozenset[str], frozenset[str]]:
    """The children of a case who are not born on the day of a moment, and whoever has died by then."""
    known: tuple[date, bool] | None = case.memo.get(_not_living)
    if known is None:
        born = [person.born for person in case.people if person.born and person.key in case.children]
        known = case.memo[_not_living] = (max(born, default=date.min), any(person.died for person in case.people))
    day, (youngest, somebody_died) = _uk_day(at), known
    if day >= youngest and not somebody_died:
        return _ALL_LIVE
    unborn = (person.key for person in case.people if person.born and person.born > day and person.key in case.children)
    return frozenset(unborn), frozenset(person.key for person in case.people if person.died and person.died <= day)


def _by_age(entry: Agency, at: datetime, case: Case) -> frozenset[str]:
    """The children who are too young or too old for the agency, where nobody said which it serves; none, if nobody has the age for it."""
    if entry.ages is None or not case.children:
        return _ALL_LIVE[0]
    (first, last), day = entry.ages, _uk_day(at)
    others = frozenset(key for key in case.children if (born := case.person(key).born) is not None and not first <= _age(born, day) <= last)
    return others if others != frozenset(case.children) else frozenset()


def _age(born: date, day: date) -> int:
    return day.year - born.year - ((day.month, day.day) < (born.month, born.day))
