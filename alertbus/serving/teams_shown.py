"""The teams of an agency as whoever asks may see them: who is in them, when nobody would answer, and how long what they are asked waits."""

from datetime import datetime
from typing import Annotated, NamedTuple

from alertbus.chronicle.asked_rows import AskedOf
from alertbus.chronicle.unanswered_ages import UnansweredAges, unanswered_ages
from alertbus.intake.callers import Caller
from alertbus.intake.intake import Intake
from alertbus.model.base import Word
from alertbus.model.errors import NotFound
from alertbus.model.sensitivity import Sensitivity as S
from alertbus.model.team import Team, TeamGap
from alertbus.staff.answering import answering
from alertbus.staff.staffing import AgencyStaff, Staffing
from alertbus.staff.unstaffed import unstaffed

NO_TEAM = "no such team of yours"


class PersonInTeam(Word):
    """Somebody whom a team names. `ref` stands for them in addresses, as in `GET /v1/inbox?worker=`."""

    ref: Annotated[str, S.ROUTING]
    name: Annotated[str, S.ROUTING]


class TeamsShown(Word):
    """The teams of an agency, the people in them, when in the next seven days nobody would answer, and how long what waits has waited."""

    teams: Annotated[tuple[Team, ...], S.ROUTING]
    people: Annotated[tuple[PersonInTeam, ...], S.ROUTING]
    gaps: Annotated[tuple[TeamGap, ...], S.ROUTING]
    unanswered: Annotated[tuple[UnansweredAges, ...], S.ROUTING]
    """By team, and never by person (NOT-24)."""


class TeamsSeen(NamedTuple):
    """What is shown of an agency's teams, and what it was worked out from. `staff` None: it has recorded no team of its own."""

    shown: TeamsShown
    staffing: Staffing
    staff: AgencyStaff | None


async def teams_seen(intake: Intake, caller: Caller, agency: str, now: datetime) -> TeamsSeen:
    """Give the teams of the agency. Raises `NotFound` for one that is not the caller's."""
    if not caller.sees_staff_of(agency):
        raise NotFound(NO_TEAM)
    staffing = await intake.teams.book.fresh()
    found = staffing.of(agency)
    staff = found if found is not None and found.agency == agency else None  # a setting may be answered for by teams that are not its own
    if staff is None:
        return TeamsSeen(TeamsShown(teams=(), people=(), gaps=(), unanswered=()), staffing, None)

    def team_of(asked: AskedOf) -> str | None:
        return answering(staffing, agency, asked.role, asked.named, now, intake.policy).team

    shown = TeamsShown(
        teams=tuple(staff.by_id[id_] for id_ in sorted(staff.by_id)),
        people=tuple(PersonInTeam(ref=ref, name=staff.people[ref]) for ref in sorted(staff.people)),
        gaps=tuple(unstaffed(staffing, agency, now, intake.policy)),
        unanswered=tuple(await unanswered_ages(intake.engine, agency, team_of, now)),
    )
    return TeamsSeen(shown, staffing, staff)
