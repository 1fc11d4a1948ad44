"""When, in the days to come, nobody would answer for a team: so that it is seen while there is time to name a cover. Pure."""

from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime, timedelta

from alertbus.model.base import INSTANT, plus
from alertbus.model.case import Spell, begins, ends
from alertbus.model.team import Team, TeamGap, holds
from alertbus.policy.policy import Policy
from alertbus.staff.answering import Search
from alertbus.staff.hours import openings
from alertbus.staff.staffing import AgencyStaff, Staffing

AHEAD = timedelta(days=7)
"""How far ahead gaps are named (ours)."""


def unstaffed(
    staffing: Staffing, agency: str, at: datetime, policy: Policy, *, ahead: timedelta = AHEAD, exercise: str | None = None
) -> list[TeamGap]:
    """Give each time in which a team has nobody for what comes in, or no cover for somebody who is away; by team, the earliest first."""
    staff = staffing.of(agency, exercise)
    if staff is None:
        return []
    until = plus(at, ahead)
    moments = [at, *sorted({moment for moment in _changes(staff, at, until, policy) if at < moment < until})]
    found: list[TeamGap] = []
    for id_ in sorted(staff.by_id):
        found += sorted(_gaps_of(staff, staff.by_id[id_], [*moments, until], policy), key=_since)
    return found


def _since(gap: TeamGap) -> datetime:
    return gap.since


def _gaps_of(staff: AgencyStaff, one: Team, moments: Sequence[datetime], policy: Policy) -> Iterator[TeamGap]:
    """Yield the gaps of one team, each as one however many moments lie in it."""
    begun: dict[str, datetime] = {}
    for moment in moments:
        last = moment == moments[-1]
        now = [] if last else list(_missing(staff, one, moment, policy))
        for what in [what for what in begun if what not in now]:
            yield TeamGap(team=one.id, since=begun.pop(what), until=moment, what=what)
        for what in now:
            begun.setdefault(what, moment)


def _missing(staff: AgencyStaff, one: Team, at: datetime, policy: Policy) -> Iterator[str]:
    """Say what the team lacks at that moment."""
    if not holds(one, at):
        return
    search = Search(staff, at, policy)
    found = search.for_the_team(one)
    if found.who is None and found.desk is None:
        yield "nobody answers what comes in: no turn of duty, no deputy, no manager and no out-of-hours desk is there"
    elif found.who is not None and found.desk is None and not search.is_at_work(found.who, one):
        yield "it is closed, and no duty and no out-of-hours desk answers meanwhile"
    away = {staff.ref(absence.who): staff.spelt(absence.who) for absence in one.absences if holds(absence, at)}
    for ref in sorted(away):
        name = away[ref]
        if Search(staff, at, policy).there(name, "away") is None:
            yield f"{name} is absent, and nobody covers who is there"


def _changes(staff: AgencyStaff, at: datetime, until: datetime, policy: Policy) -> Iterator[datetime]:
    """Yield each moment at which something may become otherwise."""
    for one in staff.by_id.values():
        yield from _bounds([one, *one.members, *one.managers, *one.absences, *one.duty])
        for opens, closes in openings(one.hours, at, until, policy.bank_holidays):
            yield from (opens, closes)


def _bounds(spells: Iterable[Spell]) -> Iterator[datetime]:
    for spell in spells:
        if spell.from_ is not None:
            yield begins(spell.from_)
        if spell.to is not None:
            yield plus(ends(spell.to), INSTANT)
