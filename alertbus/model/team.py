"""A team: people of one agency who answer for it; who is there, who is away, who covers, who has duty (DESIGN sections 2 and 15).

The names of those who work there are personal data. They stand in values, never in a key, a header, an address, a log or a metric: there
somebody is `worker_ref`, and a team is its id, in which no name may stand.
"""

from collections.abc import Iterable, Iterator
from datetime import datetime, time
from enum import StrEnum
from typing import Annotated, ClassVar, Self

from pydantic import Field, model_validator

from alertbus.model import ids
from alertbus.model.base import Count, Moment, Word
from alertbus.model.case import AGENCY_NAME, Spell, begins, ends
from alertbus.model.person import exact_form
from alertbus.model.sensitivity import Sensitivity as S

TEAM_ID = r"^[a-z][a-z0-9_]{0,59}(\.[A-Za-z0-9_-]{1,60}){0,3}\.[a-z0-9][a-z0-9_-]{0,39}$"
"""The agency's name, a dot, and a short word: so an id says whose it is, and no agency can take or try another's."""

ROLE = r"^[a-z][a-z0-9_]{0,59}$"

MOST = 500
"""People, absences or turns of duty in one team (ours): more than any team has, and little enough to look through at each notice."""

WORKER_REF = r"^[0-9a-f]{8}-[0-9a-f]{4}-5[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$"

WorkerName = Annotated[str, Field(min_length=2, max_length=120)]
RoleName = Annotated[str, Field(pattern=ROLE)]


def worker_ref(agency: str, name: str) -> str:
    """What stands for somebody who works at an agency where no name may stand: in addresses. The same however the name is typed, and in all
    settings of an agency, whose teams may be the agency's own.
    """
    return ids.worker_ref(agency.partition(".")[0], exact_form(name) or name)


class Weekday(StrEnum):
    """The days of a week, in the order of Python's `date.weekday`."""

    MONDAY = "monday"
    TUESDAY = "tuesday"
    WEDNESDAY = "wednesday"
    THURSDAY = "thursday"
    FRIDAY = "friday"
    SATURDAY = "saturday"
    SUNDAY = "sunday"


class OpeningHours(Word):
    """When a team is there, by the clock of the United Kingdom. One that closes no later than it opens closes on the next day."""

    opens: Annotated[time, S.ROUTING]
    closes: Annotated[time, S.ROUTING]
    days: Annotated[tuple[Weekday, ...], S.ROUTING] = Field(default=(), max_length=7)
    """The weekdays on which it opens, bank holidays too; none given: the working days of England and Wales."""

    @model_validator(mode="after")
    def _by_the_wall_clock(self) -> Self:
        if self.opens.tzinfo is not None or self.closes.tzinfo is not None:
            raise ValueError("`opens` and `closes` are UK time as a clock on the wall shows it, without an offset")
        return self


class Member(Spell):
    """Somebody who works in the team, and in which roles of the policy."""

    name: Annotated[WorkerName, S.ROUTING]
    roles: Annotated[tuple[RoleName, ...], S.ROUTING] = Field(default=(), max_length=20)


class TeamManager(Spell):
    """Somebody who answers for the team: `level` 1 manages it, 2 stands above them, and so on (PPN-13)."""

    name: Annotated[WorkerName, S.ROUTING]
    level: Annotated[int, S.ROUTING] = Field(default=1, ge=1, le=9)
    roles: Annotated[tuple[RoleName, ...], S.ROUTING] = Field(default=(), max_length=20)


class Absence(Spell):
    """Somebody is away, and who covers meanwhile: of the same team, of another, or nobody (None)."""

    who: Annotated[WorkerName, S.ROUTING]
    cover: Annotated[WorkerName | None, S.ROUTING] = None


class DutyTurn(Spell):
    """Whose turn it is to take what comes in for nobody in particular. It counts outside the team's hours too."""

    who: Annotated[WorkerName, S.ROUTING]

    @model_validator(mode="after")
    def _dated(self) -> Self:
        if self.from_ is None:
            raise ValueError("a turn of duty says from when (`from`)")
        return self


class OutOfHoursDesk(Word):
    """Who answers while the team is not there: another team of the agency, or a line of text, such as a service and its number."""

    team: Annotated[str | None, S.ROUTING] = Field(default=None, pattern=TEAM_ID, max_length=200)
    text: Annotated[str | None, S.ROUTING] = Field(default=None, min_length=2, max_length=200)

    @model_validator(mode="after")
    def _one_of_them(self) -> Self:
        if (self.team is None) == (self.text is None):
            raise ValueError("give either `team` or `text`")
        return self


class NudgeAddress(Word):
    """Where somebody of the team, or whoever looks after its post, is told that something waits at the desk: never what, nor whose."""

    who: Annotated[WorkerName | None, S.ROUTING] = None
    """Somebody of the team, who is told of what they answer for now; None: the team, of all that waits at its agency."""
    email: Annotated[str | None, S.ROUTING] = Field(default=None, pattern=r"^[^@\s<>,;:]{1,64}@[^@\s<>,;:]{3,190}$")
    phone: Annotated[str | None, S.ROUTING] = Field(default=None, pattern=r"^\+?[0-9 ]{7,20}$")

    @model_validator(mode="after")
    def _one_address(self) -> Self:
        if (self.email is None) == (self.phone is None):
            raise ValueError("give either `email` or `phone`")
        return self


class Team(Spell):
    """One version of a team, whole. `version` counts from 1 and is given by the bus; after `to` nobody of it answers."""

    type: ClassVar[str] = "uk.alertbus.team.recorded.v1"
    id: Annotated[str, S.ROUTING] = Field(pattern=TEAM_ID, max_length=200)
    agency: Annotated[str, S.ROUTING] = Field(pattern=AGENCY_NAME, max_length=120)
    name: Annotated[str, S.ROUTING] = Field(min_length=2, max_length=120)
    """What people call the team."""
    members: Annotated[tuple[Member, ...], S.ROUTING] = Field(default=(), max_length=MOST)
    managers: Annotated[tuple[TeamManager, ...], S.ROUTING] = Field(default=(), max_length=50)
    deputy: Annotated[WorkerName | None, S.ROUTING] = None
    """Who stands in for whoever is away without a cover (TUR-15)."""
    hours: Annotated[tuple[OpeningHours, ...], S.ROUTING] = Field(default=(), max_length=14)
    """None given: somebody is always there."""
    out_of_hours: Annotated[OutOfHoursDesk | None, S.ROUTING] = None
    absences: Annotated[tuple[Absence, ...], S.ROUTING] = Field(default=(), max_length=MOST)
    duty: Annotated[tuple[DutyTurn, ...], S.ROUTING] = Field(default=(), max_length=MOST)
    nudges: Annotated[tuple[NudgeAddress, ...], S.ROUTING] = Field(default=(), max_length=MOST)
    """Who is told by e-mail or text message that something waits (`ALERTBUS_NUDGES`). Addresses are personal data like the names."""
    exercise: Annotated[str | None, S.ROUTING] = Field(default=None, pattern=r"^[A-Za-z0-9_-]{1,60}$")
    """It is rehearsed, and answers for nothing real."""
    version: Annotated[Count, S.ROUTING] = 0

    @model_validator(mode="after")
    def _holds_together(self) -> Self:
        if self.id.rpartition(".")[0] != self.agency:
            raise ValueError("`id` is the agency's name, a dot, and a short word")
        if self.out_of_hours is not None and (desk := self.out_of_hours.team) is not None:
            if desk == self.id:
                raise ValueError("out_of_hours.team: another team than this one")
            if desk.rpartition(".")[0] != self.agency:
                raise ValueError("out_of_hours.team: a team of the same agency")
        here = {exact_form(name) for name in self.staff}
        if strange := [f"absences[{n}].who" for n, absence in enumerate(self.absences) if exact_form(absence.who) not in here]:
            raise ValueError(f"{', '.join(strange)}: a member, a manager or the deputy of this team, with the name as it stands there")
        if strange := [f"nudges[{n}].who" for n, one in enumerate(self.nudges) if one.who and exact_form(one.who) not in here]:
            raise ValueError(f"{', '.join(strange)}: a member, a manager or the deputy of this team, with the name as it stands there")
        if nameless := [path for path, name in self._names() if not exact_form(name)]:
            raise ValueError(f"{', '.join(nameless)}: a name with a letter or a digit in it")
        return self

    @property
    def staff(self) -> list[str]:
        """The names of those who belong to the team, at whatever time."""
        return [one.name for one in self.posts] + ([self.deputy] if self.deputy else [])

    @property
    def posts(self) -> "list[Member | TeamManager]":
        return [*self.members, *self.managers]

    @property
    def everybody(self) -> list[str]:
        """Every name that the team gives, those who cover or have duty from elsewhere among them."""
        return [name for _, name in self._names()]

    def as_stated(self) -> Self:
        """Without what the bus adds: what its agency said. A team that was read and sent back unchanged is no change."""

        def unlearned(spells: Iterable[Spell]) -> tuple[Spell, ...]:
            return tuple(one.model_copy(update={"known_at": None}) for one in spells)

        spells = {name: unlearned(getattr(self, name)) for name in ("members", "managers", "absences", "duty")}
        return self.model_copy(update={**spells, "version": 0, "known_at": None})

    @property
    def id_tells(self) -> bool:
        """Whether the id holds a name of somebody in the team. It is refused for a team that is new, not when a person
        of that name joins later.
        """
        words = set(self.id.rpartition(".")[2].replace("-", "_").split("_"))
        names = {part for name in self.everybody for part in exact_form(name).replace("-", " ").replace("'", " ").split()}
        return bool(words & {part for part in names if len(part) >= _SHORTEST_NAME})

    def _names(self) -> Iterator[tuple[str, str]]:
        yield from ((f"members[{n}].name", one.name) for n, one in enumerate(self.members))
        yield from ((f"managers[{n}].name", one.name) for n, one in enumerate(self.managers))
        yield from (("deputy", name) for name in (self.deputy,) if name)
        for n, absence in enumerate(self.absences):
            yield from ((f"absences[{n}].{field}", name) for field, name in (("who", absence.who), ("cover", absence.cover)) if name)
        yield from ((f"duty[{n}].who", one.who) for n, one in enumerate(self.duty))


_SHORTEST_NAME = 3
"""Letters of a name that are recognised in an id; two say nothing, as in the ids of cases."""


class Answering(Word):
    """Who answers for an agency at a moment, and why it is they. One of `who` and `desk` is given, or the trail ends by saying `NOBODY`."""

    who: Annotated[str | None, S.ROUTING] = None
    """The person; None where no person is found."""
    team: Annotated[str | None, S.ROUTING] = None
    """The id of their team, or of the one that was asked."""
    desk: Annotated[str | None, S.ROUTING] = None
    """Where somebody is reached now, because the team is closed or has nobody."""
    trail: Annotated[tuple[str, ...], S.ROUTING] = ()
    """Who was passed over, each with the reason; then who it is. For a person at that agency to read."""


class TeamGap(Word):
    """A time in which a team has nobody, in words for whoever runs it."""

    team: Annotated[str, S.ROUTING]
    since: Annotated[Moment, S.ROUTING]
    until: Annotated[Moment, S.ROUTING]
    """When it is over, or how far was looked."""
    what: Annotated[str, S.ROUTING]


def holds(spell: Spell, at: datetime) -> bool:
    """Whether it holds at that moment. A turn, a post or an absence that begins later or is over does not."""
    return (spell.from_ is None or begins(spell.from_) <= at) and (spell.to is None or at <= ends(spell.to))
