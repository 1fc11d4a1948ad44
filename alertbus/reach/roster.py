"""A case as the join reads it: who is linked and which agencies are there, and from when to when. Worked out once for each version."""

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime

from alertbus.model.case import Case, Involvement, Level, Link, Spell

BEGINNING = datetime.min.replace(tzinfo=UTC)
"""Before every moment: the start of what has no start date."""
FOREVER = datetime.max.replace(tzinfo=UTC)
"""After every moment: the end of what has no end date."""


@dataclass(frozen=True, slots=True)
class Tie:
    """A link, and the directory's ids of the person it links. It holds from `start` to `end`, both included; through an id that is in
    `joined_at`, no sooner than that.
    """

    link: Link
    person_ids: frozenset[str]
    start: datetime
    end: datetime
    joined_at: Mapping[str, datetime]


@dataclass(frozen=True, slots=True)
class Post:
    """An agency on the case, from `start` to `end`, both included. `adult_ids` are the directory's ids of the adult it acts for;
    empty when it works with the children.
    """

    involvement: Involvement
    adult_ids: frozenset[str]
    start: datetime
    end: datetime


@dataclass(frozen=True, slots=True)
class Roster:
    """`ties` and `posts` stand in the case's own order; `named` are the workers and managers it names, by agency."""

    ties: tuple[Tie, ...]
    posts: tuple[Post, ...]
    named: Mapping[str, tuple[Involvement, ...]]


def roster(case: Case) -> Roster:
    """The case's roster, made when it is first asked for."""
    found: Roster | None = case.memo.get(Roster)
    if found is None:
        found = case.memo[Roster] = _made(case)
    return found


def _made(case: Case) -> Roster:
    named: dict[str, tuple[Involvement, ...]] = defaultdict(tuple)
    for one in case.involvements:
        if one.level is not Level.AGENCY and one.worker:
            named[one.agency] += (one,)
    return Roster(
        ties=tuple(Tie(link, _ids(case, link.person), *_span(link), case.person(link.person).joined_at) for link in case.links),
        posts=tuple(Post(one, _ids(case, one.adult), *_span(one)) for one in case.involvements if one.level is Level.AGENCY),
        named=named,
    )


def _ids(case: Case, key: str | None) -> frozenset[str]:
    return frozenset(case.person(key).person_ids) if key else frozenset()


def _span(spell: Spell) -> tuple[datetime, datetime]:
    return spell.since or BEGINNING, spell.until or FOREVER
