"""All teams, put in order once, so that who answers is found without looking through them. Pure.

People are known by their names as a person reads them: capitals, blanks, hyphens and apostrophes do not make another. Two people of one
agency with the same name cannot be told apart, here as on a case file. Where one of several must come first it is the one who began last,
then by an opaque reference: nobody is put in order by name (NOT-24).
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from functools import cached_property
from typing import NamedTuple, TypeVar

from alertbus.model.base import FIRST, INSTANT, LAST, plus
from alertbus.model.case import Spell, begins, ends
from alertbus.model.person import exact_form
from alertbus.model.team import Absence, DutyTurn, Member, Team, TeamManager, holds, worker_ref

AnyPart = TypeVar("AnyPart", Absence, TeamManager, DutyTurn)


class TeamPost(NamedTuple):
    """Somebody's place in a team."""

    of: Team
    spell: Member | TeamManager

    def held(self, at: datetime) -> bool:
        return holds(self.spell, at) and holds(self.of, at)


class RoleHolders(NamedTuple):
    """Who has a role from one change of the posts that have it to the next: names by person, and the ids of their teams."""

    since: datetime
    until: datetime
    people: Mapping[str, str]
    teams: frozenset[str]


class AgencyStaff:
    """What the teams of one agency say of its people. The same whatever the order in which they, and what is in them, are given."""

    def __init__(self, agency: str, teams: Iterable[Team]) -> None:
        self.agency = agency
        self.by_id: Mapping[str, Team] = {one.id: one for one in teams}
        self.posts: defaultdict[str, list[TeamPost]] = defaultdict(list)
        """By person (`person_key`)."""
        self.holders: defaultdict[str, list[TeamPost]] = defaultdict(list)
        """By role."""
        self._absences: defaultdict[str, list[tuple[Team, Absence]]] = defaultdict(list)
        self._names: dict[str, set[str]] = defaultdict(set)
        self._held: dict[str, RoleHolders] = {}
        for id_ in sorted(self.by_id):
            self._enter(self.by_id[id_])

    def _enter(self, one: Team) -> None:
        for spell in one.posts:
            self.posts[person_key(spell.name)].append(TeamPost(one, spell))
            for role in spell.roles:
                self.holders[role].append(TeamPost(one, spell))
        for absence in one.absences:
            self._absences[person_key(absence.who)].append((one, absence))
        for name in one.everybody:
            self._names[person_key(name)].add(name)

    @cached_property
    def people(self) -> Mapping[str, str]:
        """Everybody whom a team names: their name by `worker_ref`. Worked out once: an agency has some hundred."""
        return {self.ref(key): self.spelt(key) for key in self._names}

    def ref(self, name: str) -> str:
        return worker_ref(self.agency, name)

    def spelt(self, name: str) -> str:
        """Give the name as the teams write it; as it was given, where no team does. Written in several ways it is the same each time."""
        key = person_key(name)
        return min({post.spell.name for post in self.posts.get(key, ())} or self._names.get(key, {name}))

    def teams_at(self, at: datetime) -> list[Team]:
        return [self.by_id[id_] for id_ in sorted(self.by_id) if holds(self.by_id[id_], at)]

    def holding(self, role: str, at: datetime) -> "RoleHolders":
        """Give who has the role at that moment. A manager of the first level for whom no role is given is a `team_manager`."""
        kept = self._held.get(role)
        if kept is None or not kept.since <= at < kept.until:  # looked through only once between two changes: a role may be a thousand's
            kept = self._held[role] = self._look_for(role, at)
        return kept

    def _look_for(self, role: str, at: datetime) -> "RoleHolders":
        every = self.holders.get(role, [])
        if not any(post.held(at) for post in every) and role == TEAM_MANAGER:
            every = [*every, *(post for posts in self.posts.values() for post in posts if _manages(post.spell))]
        posts = [post for post in every if post.held(at)]
        changes = sorted({moment for post in every for spell in (post.spell, post.of) for moment in _changes_of(spell)})
        before, after = [one for one in changes if one <= at], [one for one in changes if one > at]
        people = {person_key(post.spell.name): post.spell.name for post in posts}
        teams = frozenset(post.of.id for post in posts)
        return RoleHolders(before[-1] if before else FIRST, after[0] if after else LAST, people, teams)

    def absences_of(self, name: str) -> list[Absence]:
        """Give every absence of the person, over or to come too, in no particular order."""
        return [absence for _, absence in self._absences.get(person_key(name), ())]

    def away(self, name: str, at: datetime) -> list[Absence]:
        """Give the absences that hold at that moment, the one that began last first."""
        now = [absence for absence in self.absences_of(name) if holds(absence, at)]
        return self.in_turn(now, [absence.cover or "" for absence in now])

    def managers(self, of: Team, at: datetime) -> list[TeamManager]:
        """Give those who manage the team, the nearest first."""
        now = [one for one in of.managers if holds(one, at)]
        return sorted(self.in_turn(now, [one.name for one in now]), key=_level)

    def on_duty(self, of: Team, at: datetime) -> list[DutyTurn]:
        now = [one for one in of.duty if holds(one, at)]
        return self.in_turn(now, [one.who for one in now])

    def in_turn(self, spells: Sequence[AnyPart], people: Sequence[str]) -> list[AnyPart]:
        """Put spells that hold at once in an order that hangs on nothing but what they say: the one that began last first."""
        refs = [self.ref(person) if person else "" for person in people]
        keyed = [(_began(spell), ref, n) for n, (spell, ref) in enumerate(zip(spells, refs, strict=True))]
        return [spells[n] for _, _, n in sorted(keyed, key=_latest_first)]


TEAM_MANAGER = "team_manager"
"""The role that the shipped policy's chains begin with."""


def _latest_first(keyed: tuple[float, str, int]) -> tuple[float, str]:
    return -keyed[0], keyed[1]


def _changes_of(spell: Spell) -> list[datetime]:
    begun = [] if spell.from_ is None else [begins(spell.from_)]
    return begun if spell.to is None else [*begun, plus(ends(spell.to), INSTANT)]


def _manages(spell: Member | TeamManager) -> bool:
    return isinstance(spell, TeamManager) and spell.level == 1 and not spell.roles


def _level(one: TeamManager) -> int:
    return one.level


def _began(spell: Spell) -> float:
    return float("-inf") if spell.from_ is None else begins(spell.from_).timestamp()


def person_key(name: str) -> str:
    """Under what somebody is known: how the name is typed makes no difference."""
    return exact_form(name) or name


class Staffing:
    """The teams of all agencies at one moment of the register."""

    def __init__(self, teams: Iterable[Team] = ()) -> None:
        of: defaultdict[tuple[str | None, str], list[Team]] = defaultdict(list)
        for one in teams:
            of[one.exercise, one.agency].append(one)
        self._of = {(exercise, agency): AgencyStaff(agency, found) for (exercise, agency), found in of.items()}

    def of(self, agency: str, exercise: str | None = None) -> AgencyStaff | None:
        """Give the staff of an agency; of a setting without teams those of the agency that it belongs to. None where there are no teams."""
        while (found := self._of.get((exercise, agency))) is None and "." in agency:
            agency = agency.rpartition(".")[0]
        return found
