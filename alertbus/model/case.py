"""A case: one family's open work. A snapshot is whole every time; the bus adds what it found (person ids) and when it learned it."""

import contextlib
from collections.abc import Mapping
from datetime import UTC, date, datetime, time
from enum import StrEnum
from functools import lru_cache
from typing import Annotated, Any, Self, TypeVar
from zoneinfo import ZoneInfo

from pydantic import AfterValidator, AwareDatetime, BeforeValidator, Field, PlainSerializer, model_validator

from alertbus.model.base import INSTANT, Count, Moment, Word, plus, within_utc
from alertbus.model.person import KEY, Person
from alertbus.model.sensitivity import Sensitivity as S

UK = ZoneInfo("Europe/London")
"""A bare date in a snapshot means that whole day here."""

AnySpell = TypeVar("AnySpell", bound="Spell")

CASE_ID = r"^[A-Za-z0-9][A-Za-z0-9._-]{0,79}$"
"""An opaque handle: it is a Kafka key, so it must not hold a name or an identifier."""

NOT_STATED = "not stated"
"""The relation of somebody of whom nobody said what they are to the children."""

AGENCY_NAME = r"^[a-z][a-z0-9_]{0,59}(\.[A-Za-z0-9_-]{1,60}){0,3}$"


def _as_moment(value: object) -> object:
    """Read a text with a time in it as that moment, even at midnight, and never as the whole day."""
    if isinstance(value, str) and len(value) > len("2026-07-01"):
        with contextlib.suppress(ValueError):
            return datetime.fromisoformat(value.strip().upper())
    return value


def _day_or_moment(value: date) -> date:
    return within_utc(value) if isinstance(value, datetime) else value


Day = Annotated[date | AwareDatetime, BeforeValidator(_as_moment), AfterValidator(_day_or_moment)]
"""A whole day in the UK, or a moment."""


def in_uk(moment: datetime) -> datetime:
    """Give the moment by the clock of the United Kingdom; by UTC where the calendar ends before that clock's time."""
    try:
        return moment.astimezone(UK)
    except OverflowError:
        return moment.astimezone(UTC)


@lru_cache(maxsize=65_536)
def begins(day: Day) -> datetime:
    """The first moment of a day, or the moment itself."""
    return day if isinstance(day, datetime) else datetime.combine(day, time.min, UK)


@lru_cache(maxsize=65_536)
def ends(day: Day) -> datetime:
    """The last moment of a day, or the moment itself: "until the 20th" includes the 20th."""
    return day if isinstance(day, datetime) else datetime.combine(day, time.max, UK)


class Certainty(StrEnum):
    """How sure a link is. It is shown, and makes no difference to who is told (LNK-06)."""

    CONFIRMED = "confirmed"
    PUTATIVE = "putative"
    REPORTED = "reported"


class Scope(StrEnum):
    """Why an agency is on the case, which decides what it is told (DESIGN section 12, the formula)."""

    CHILDREN_CASE = "children_case"
    PLAN_PARTNER = "plan_partner"
    ADULT_LINKED = "adult_linked"
    FRONT_DOOR = "front_door"
    """The hub, on a case that is a doubt about who somebody is: told of every kind. The bus's own; no snapshot may state it."""


class Level(StrEnum):
    """Who an involvement speaks of: the agency itself, or the worker or manager who answers for it."""

    AGENCY = "agency"
    WORKER = "worker"
    MANAGER = "manager"


class Spell(Word):
    """Something that holds from one day to another, and since when the bus has known it.

    `known_at` is set by the bus when a snapshot first names the thing, and kept in later versions: nobody is told of the past as if it were
    news, and the outcome does not hang on the order in which events arrive. None means known from the start (an exercise).
    """

    from_: Annotated[Day | None, S.ROUTING] = Field(default=None, alias="from")
    to: Annotated[Day | None, S.ROUTING] = None
    known_at: Annotated[Moment | None, S.ROUTING] = None

    @model_validator(mode="after")
    def _in_order(self) -> Self:
        if self.from_ is not None and self.to is not None and ends(self.to) < begins(self.from_):
            raise ValueError("`to` lies before `from`")
        return self

    @property
    def since(self) -> datetime | None:
        """From when it can cause anything: begun, and known."""
        begun = None if self.from_ is None else begins(self.from_)
        if begun is None or self.known_at is None:
            return begun or self.known_at
        return max(begun, self.known_at)

    @property
    def until(self) -> datetime | None:
        """The last moment at which it holds; None while it has no end."""
        return None if self.to is None else ends(self.to)


class Link(Spell):
    """Person → case. In or out of the household makes no difference to who is told (LNK-01); `putative` is never dropped (LNK-06)."""

    person: Annotated[str, S.ROUTING] = Field(pattern=KEY)
    relation: Annotated[str, S.ADULT_IDENTITY] = Field(max_length=200)
    certainty: Annotated[Certainty, S.ROUTING] = Certainty.REPORTED
    source: Annotated[str | None, S.ROUTING] = Field(default=None, max_length=80)
    in_household: Annotated[bool | None, S.ROUTING] = None

    @property
    def identity(self) -> tuple[str, ...]:
        """By what a later version of the case names the same link, so that it keeps its `known_at`. Of an adult of whom nothing was said
        the bus used to write that they are "known to" an agency, as confirmed: that is the same link.
        """
        invented = self.certainty is Certainty.CONFIRMED and self.source is None and self.relation.startswith("known to ")
        return (self.person, NOT_STATED if invented else self.relation, str(self.from_))


class Involvement(Spell):
    """An agency's role on a case. Only `level: agency` is told; worker and manager spells say who answers for it at the time."""

    agency: Annotated[str, S.ROUTING] = Field(pattern=AGENCY_NAME, max_length=120)
    """An agency, or one of its settings after a dot: one school, surgery or force (`school.123456`)."""
    level: Annotated[Level, S.ROUTING] = Level.AGENCY
    scope: Annotated[Scope, S.ROUTING] = Scope.CHILDREN_CASE
    adult: Annotated[str | None, S.ROUTING] = Field(default=None, pattern=KEY)
    """The key of the adult for whom the agency works (`scope: adult_linked`)."""
    children: Annotated[tuple[str, ...], S.ROUTING] = Field(default=(), max_length=50)
    """The keys of the children it works with, where it is not all of them: a school's own pupils (NOT-16)."""
    worker: Annotated[str | None, S.ROUTING] = Field(default=None, max_length=120)
    role: Annotated[str | None, S.ROUTING] = Field(default=None, max_length=200)
    team: Annotated[str | None, S.ROUTING] = Field(default=None, max_length=120)

    @model_validator(mode="after")
    def _adult_named(self) -> Self:
        if self.scope is Scope.ADULT_LINKED and self.adult is None:
            raise ValueError("an `adult_linked` involvement names its `adult`")
        return self

    @property
    def identity(self) -> tuple[str, ...]:
        return (self.agency, self.level, self.scope, self.adult or "", self.worker or "", self.role or "", str(self.from_))


class CasePerson(Person):
    """Somebody on the case file, whom the case's other parts name by `key`. `person_ids` are the directory's: usually one, several when
    identifiers matched several records or records were merged. `joined_at` says of an id that became theirs later than the person was
    first named on the case since when it is theirs: nobody is told of the past as if it were news.
    """

    key: Annotated[str, S.ROUTING] = Field(pattern=KEY)
    died: Annotated[date | None, S.IDENTITY] = None
    person_ids: Annotated[tuple[str, ...], S.ROUTING] = ()
    joined_at: Annotated[Mapping[str, Moment], S.ROUTING] = Field(default_factory=dict)


class Episode(Spell):
    """A plan or status of some of the case's children, for a time: child in need, child protection, looked after."""

    type: Annotated[str, S.PLAN] = Field(max_length=80)
    children: Annotated[tuple[str, ...], S.ROUTING] = ()

    @property
    def identity(self) -> tuple[str, ...]:
        return (self.type, *self.children, str(self.from_))


class Restriction(Word):
    """Somebody must not learn something: agencies acting for that adult get nothing of those kinds on this case (ANO-02, NOT-02)."""

    must_not_learn: Annotated[str, S.ROUTING] = Field(pattern=KEY)
    kinds: Annotated[tuple[str, ...], S.ROUTING] = ("birth", "death", "concealed_pregnancy_concern")


KindNames = Annotated[frozenset[str], PlainSerializer(sorted, return_type=list[str], when_used="json")]
"""Written in order, so that the same case is the same bytes in every process: a set's own order is not."""


class Routing(Word):
    """A scenario's own policy parameters (`_meta.routing`, DESIGN section 12). Only an exercise may carry them."""

    adult_linked_kinds: Annotated[KindNames, S.ROUTING] = frozenset()
    plan_partner_kinds: Annotated[KindNames, S.ROUTING] = frozenset()
    mash_kinds: Annotated[KindNames, S.ROUTING] = frozenset()
    recently_ended_kinds: Annotated[KindNames, S.ROUTING] = frozenset()
    recently_ended_days: Annotated[int, S.ROUTING] = Field(default=0, ge=0, le=36_525)


class Case(Word):
    """One version of a case. `children` and `links` refer to `people` by key; `version` counts from 1 and is given by the bus.

    `stated_version` is the version whose content was last stated by a sender. The versions after it only say anew who somebody on the
    case is; whoever has read it has read all that its senders stated.
    """

    id: Annotated[str, S.ROUTING] = Field(pattern=CASE_ID)
    version: Annotated[Count, S.ROUTING] = 0
    stated_version: Annotated[Count, S.ROUTING] = 0
    status: Annotated[str | None, S.PLAN] = Field(default=None, max_length=80)
    people: Annotated[tuple[CasePerson, ...], S.IDENTITY] = Field(default=(), max_length=500)
    children: Annotated[tuple[str, ...], S.ROUTING] = Field(default=(), max_length=50)
    links: Annotated[tuple[Link, ...], S.ROUTING] = Field(default=(), max_length=500)
    involvements: Annotated[tuple[Involvement, ...], S.ROUTING] = Field(default=(), max_length=500)
    episodes: Annotated[tuple[Episode, ...], S.PLAN] = Field(default=(), max_length=200)
    restrictions: Annotated[tuple[Restriction, ...], S.ROUTING] = Field(default=(), max_length=50)
    contact: Annotated[str | None, S.ACTION] = Field(default=None, max_length=200)
    exercise: Annotated[str | None, S.ROUTING] = Field(default=None, pattern=r"^[A-Za-z0-9_-]{1,60}$")
    routing: Annotated[Routing | None, S.ROUTING] = None
    known_at: Annotated[Moment | None, S.ROUTING] = None

    @model_validator(mode="after")
    def _holds_together(self) -> Self:
        keys = [p.key for p in self.people]
        if len(keys) != len(set(keys)):
            raise ValueError("people: a key is used twice")
        named: dict[str, Any] = {f"children[{i}]": k for i, k in enumerate(self.children)}
        named |= {f"links[{i}].person": k.person for i, k in enumerate(self.links)}
        named |= {f"involvements[{i}].adult": k.adult for i, k in enumerate(self.involvements) if k.adult}
        if missing := [path for path, key in named.items() if key not in set(keys)]:
            raise ValueError(f"{', '.join(missing)}: no such key in `people`")
        served = {f"involvements[{i}].children[{n}]": key for i, k in enumerate(self.involvements) for n, key in enumerate(k.children)}
        if strange := [path for path, key in served.items() if key not in self.children]:
            raise ValueError(f"{', '.join(strange)}: no such key in `children`")
        if self.routing is not None and self.exercise is None:
            raise ValueError("routing: only an exercise may carry its own policy parameters")
        return self

    def person(self, key: str) -> CasePerson:
        by_key: Mapping[str, CasePerson] | None = self.memo.get("people")
        if by_key is None:
            by_key = self.memo["people"] = {person.key: person for person in self.people}
        return by_key[key]

    @property
    def agencies(self) -> frozenset[str]:
        """Every agency that is or was on the case."""
        found: frozenset[str] | None = self.memo.get("agencies")
        if found is None:
            found = self.memo["agencies"] = frozenset(one.agency for one in self.involvements if one.level is Level.AGENCY)
        return found

    def agency_stating(self, source: str) -> str:
        """The agency that said what came from this source: of those on the case the one whose name is the longest beginning of it, up to
        a dot; else the source's first part.
        """
        name, involved = source, self.agencies
        while name not in involved and "." in name:
            name = name.rpartition(".")[0]
        return name

    def with_implied_links(self) -> Self:
        """Every child, and every adult an agency is involved for, is linked to the case whether or not the sender wrote the link. Of such
        an adult nobody said what they are to the children, nor that it is sure (NOT-16).
        """
        linked = {link.person for link in self.links}
        implied = [Link(person=key, relation="child", certainty=Certainty.CONFIRMED) for key in self.children]
        implied += [Link(person=i.adult, relation=NOT_STATED) for i in self.involvements if i.adult]
        added = tuple({link.person: link for link in reversed(implied) if link.person not in linked}.values())
        return self.model_copy(update={"links": (*self.links, *added)})

    def learned(self, before: Self | None, at: datetime) -> Self:
        """This snapshot as the version after `before`, each link, involvement and episode dated by when the bus first heard of it."""
        version = (before.version if before else 0) + 1
        if self.exercise:
            return self.model_copy(update={"version": version, "stated_version": version})
        at = before.moment_after(at) if before else at
        links = {s.identity: s.known_at for s in before.links} if before else {}
        involvements = {s.identity: s.known_at for s in before.involvements} if before else {}
        episodes = {s.identity: s.known_at for s in before.episodes} if before else {}
        return self.model_copy(
            update={
                "version": version,
                "stated_version": version,
                "known_at": at,
                "links": tuple(s.model_copy(update={"known_at": links.get(s.identity, at)}) for s in self.links),
                "involvements": tuple(s.model_copy(update={"known_at": involvements.get(s.identity, at)}) for s in self.involvements),
                "episodes": tuple(s.model_copy(update={"known_at": episodes.get(s.identity, at)}) for s in self.episodes),
            }
        )

    def moment_after(self, at: datetime) -> datetime:
        """Give the moment at which a version after this one is known: `at`, or later if the clock was set back between the two."""
        return at if self.known_at is None else max(at, plus(self.known_at, INSTANT))

    def as_stated(self) -> Self:
        """Without what the bus adds (version, person ids, when it learned): what its sender said, with the implied links written out.

        A snapshot that was read and sent back unchanged is no change, and a version read from Kafka is known again by its content.
        """
        return self.model_copy(
            update={
                "version": 0,
                "stated_version": 0,
                "known_at": None,
                "people": tuple(person.model_copy(update={"person_ids": (), "joined_at": {}}) for person in self.people),
                "links": tuple(_unlearned(link) for link in self.links),
                "involvements": tuple(_unlearned(involvement) for involvement in self.involvements),
                "episodes": tuple(_unlearned(episode) for episode in self.episodes),
            }
        )


def _unlearned(spell: AnySpell) -> AnySpell:
    return spell.model_copy(update={"known_at": None})
