"""Who works at an agency now, for whoever hands something over: and who of them is away, until when, and who covers. Pure."""

from dataclasses import dataclass
from datetime import datetime

from alertbus.model.case import ends
from alertbus.staff.staffing import Staffing


@dataclass(frozen=True, slots=True)
class Colleague:
    """Somebody who could take something on. `away_until` None with `away`: nobody has said until when."""

    name: str
    away: bool = False
    away_until: datetime | None = None
    cover: str | None = None


def colleagues_of(staffing: Staffing, agency: str, ref: str, now: datetime) -> list[Colleague]:
    """Give whoever is in post at the agency, without the person of that `ref`, by name: a list to find somebody in, and nobody's rank. A
    setting that is answered for by the teams of its agency is not shown who is in them, as in `GET /v1/teams`.
    """
    staff = staffing.of(agency)
    if staff is None or staff.agency != agency:
        return []
    deputies = {one.deputy for one in staff.teams_at(now) if one.deputy}
    here = {staff.spelt(key) for key, posts in staff.posts.items() if any(post.held(now) for post in posts)}
    names = {name for name in here | set(map(staff.spelt, deputies)) if staff.ref(name) != ref}
    found = []
    for name in sorted(names, key=str.casefold):
        absences = staff.away(name, now)
        lasts = [ends(one.to) for one in absences if one.to is not None]
        covers = [staff.spelt(one.cover) for one in absences if one.cover]
        until = max(lasts) if absences and len(lasts) == len(absences) else None
        found.append(Colleague(name, bool(absences), until, covers[0] if covers else None))
    return found
