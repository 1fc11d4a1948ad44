"""Who arrives on a case, and when: an agency, a worker or manager, somebody linked. Pure: from the case alone, once for each version.

Whoever was there when the case was first recorded has not arrived. An arrival is a spell that begins later than that, and that continues
none of the same: a new role of the same worker, or a second spell of the same agency that follows the first without a gap, is no arrival.
"""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime

from alertbus.model import ids
from alertbus.model.base import INSTANT, plus
from alertbus.model.briefing import KIND
from alertbus.model.case import Case, Involvement, Level, Link, Scope, Spell, in_uk
from alertbus.model.sensitivity import Sensitivity
from alertbus.policy.policy import Policy
from alertbus.policy.recipient import recipient_of
from alertbus.policy.sight import Sight
from alertbus.reach.roster import BEGINNING, FOREVER, roster

BRIEFING = "briefing"
"""The rule by which whoever arrives is given an obligation of the bus's own."""


@dataclass(frozen=True, slots=True)
class Newcomer:
    """One arrival: of an agency; of a `worker` of it, by name; or of a `link`, of which `agency` is told because it is there."""

    agency: str
    at: datetime
    until: datetime
    worker: str | None = None
    level: Level = Level.AGENCY
    link: Link | None = None
    follows: bool = False
    """Of a worker or manager: somebody held that level at the agency before."""

    @property
    def mark(self) -> str:
        """What the briefing says of it, and a part of its id."""
        return f"link {self.link.person}" if self.link else self.level.value


@dataclass(frozen=True, slots=True)
class Newcomers:
    """By time. `at` is never earlier than the agency's own part on the case."""

    all: tuple[Newcomer, ...]
    links: Mapping[tuple[str, datetime], Link]
    """Adults who came to be linked, by key and moment."""
    agencies: frozenset[tuple[str, datetime]]


def newcomers(case: Case) -> Newcomers:
    """The case's arrivals, made when they are first asked for."""
    found: Newcomers | None = case.memo.get(Newcomers)
    if found is None:
        found = case.memo[Newcomers] = _made(case)
    return found


def is_there(case: Case, agency: str, at: datetime) -> bool:
    """True if the agency has a part on the case at a moment."""
    return any(post.involvement.agency == agency and post.start <= at <= post.end for post in roster(case).posts)


def holds(case: Case, agency: str, worker: str, at: datetime) -> bool:
    """True if the case names this worker or manager for the agency at a moment."""
    named = roster(case).named.get(agency, ())
    return any(one.worker == worker and (one.since or BEGINNING) <= at <= (one.until or FOREVER) for one in named)


def began(case: Case) -> datetime:
    """When the case was first recorded; of an exercise, when the first agency was there."""
    known = [one.known_at for one in (*case.links, *case.involvements) if one.known_at]
    if case.exercise is None:
        return min(known, default=FOREVER)
    return min((post.start for post in roster(case).posts), default=FOREVER)


def begun_first(one: Involvement) -> tuple[datetime, str]:
    """The order in which they began; of one moment a fixed one."""
    return (one.since or BEGINNING, one.worker or "")


def day_of(at: datetime) -> str:
    """The UK day of a moment, as part of an id."""
    return in_uk(at).date().isoformat()


def folded_into(case: Case, policy: Policy, agency: str, person: str, since: datetime) -> str | None:
    """The obligation of the briefing that an agency is given because at that very moment it joined the case, or this person was linked to
    it; None where it is given none.
    """
    known = newcomers(case)
    if (agency, since) not in known.agencies and not ((person, since) in known.links and hears_of_links(case, policy, agency, since)):
        return None
    return ids.own_id(case.id, agency, policy.roles(KIND, agency)[0], BRIEFING, "", day_of(since))


def hears_of_links(case: Case, policy: Policy, agency: str, at: datetime) -> bool:
    """True for an agency that works with the children, is there, and may know what an adult is to the family."""
    sight = Sight(policy, recipient_of(agency, case, policy, at))
    theirs = any(one.agency == agency and one.link and one.at == at for one in newcomers(case).all)
    return theirs and not sight.recipient.for_adults and sight.template(Sensitivity.ADULT_IDENTITY)


def _made(case: Case) -> Newcomers:
    first = began(case)
    agencies = [one for one in _of_agencies(case) if one.at > first]
    workers = [one for one in _of_workers(case) if one.at > first and is_there(case, one.agency, one.at)]
    links = {(link.person, at): link for link, at in _of_links(case) if at > first}
    told = [
        Newcomer(agency, at, FOREVER, link=link)
        for (_, at), link in links.items()
        for agency in sorted({p.involvement.agency for p in roster(case).posts if _works_with_children(p.involvement)})
        if is_there(case, agency, at)
    ]
    found = sorted((*agencies, *workers, *told), key=_in_time)
    return Newcomers(tuple(found), links, frozenset((one.agency, one.at) for one in agencies))


def _in_time(one: Newcomer) -> tuple[datetime, str, str, str]:
    """By when they came; of one moment in a fixed order."""
    return (one.at, one.agency, one.worker or "", one.mark)


def _works_with_children(involvement: Involvement) -> bool:
    return involvement.scope is Scope.CHILDREN_CASE


def _of_agencies(case: Case) -> Iterator[Newcomer]:
    spells: dict[str, list[Spell]] = defaultdict(list)
    for post in roster(case).posts:
        if post.involvement.scope is not Scope.FRONT_DOOR:
            spells[post.involvement.agency].append(post.involvement)
    for agency, held in spells.items():
        yield from (Newcomer(agency, start, end) for start, end in _without_gaps(held))


def _of_workers(case: Case) -> Iterator[Newcomer]:
    for agency, named in roster(case).named.items():
        spells: dict[str, list[Involvement]] = defaultdict(list)
        for one in named:
            spells[one.worker or ""].append(one)
        for worker, held in spells.items():
            for start, end in _without_gaps(held):
                level = next(one.level for one in held if (one.since or BEGINNING) == start)
                before = any(o.worker != worker and o.level is level and (o.since or BEGINNING) < start for o in named)
                yield Newcomer(agency, start, end, worker, level, follows=before)


def _of_links(case: Case) -> Iterator[tuple[Link, datetime]]:
    spells: dict[str, list[Link]] = defaultdict(list)
    for link in case.links:
        if link.person not in case.children:
            spells[link.person].append(link)
    for held in spells.values():
        for start, _ in _without_gaps(held):
            yield next(link for link in held if (link.since or BEGINNING) == start), start


def _without_gaps(spells: Iterable[Spell]) -> list[tuple[datetime, datetime]]:
    """The spells as one wherever the next begins before the last has ended, or at that moment. One that had ended before anybody knew of it
    is left out.
    """
    joined: list[tuple[datetime, datetime]] = []
    for start, end in sorted((one.since or BEGINNING, one.until or FOREVER) for one in spells):
        if start > end:
            continue
        if joined and start <= plus(joined[-1][1], INSTANT):
            joined[-1] = (joined[-1][0], max(end, joined[-1][1]))
        else:
            joined.append((start, end))
    return joined
