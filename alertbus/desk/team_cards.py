"""A team as its people read it: who is here now, who is away and who covers, whose turn it is, when it is open and who answers meanwhile.
Pure. People stand in the order in which their team names them, which is nobody's rank (NOT-24).
"""

import hashlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from alertbus.chronicle.unanswered_ages import UnansweredAges
from alertbus.desk.in_words import clock, day, moment, role
from alertbus.model.base import FIRST
from alertbus.model.calendar import day_alone
from alertbus.model.case import Day, Spell, begins, ends, in_uk
from alertbus.model.team import Answering, OpeningHours, Team, TeamGap, TeamManager, holds
from alertbus.policy.policy import Policy
from alertbus.serving.teams_shown import TeamsSeen
from alertbus.staff.answering import Search
from alertbus.staff.covering import stand_ins
from alertbus.staff.hours import is_open, next_opening, openings
from alertbus.staff.staffing import AgencyStaff, person_key

_WEEK = {"monday": "Mon", "tuesday": "Tue", "wednesday": "Wed", "thursday": "Thu", "friday": "Fri", "saturday": "Sat", "sunday": "Sun"}


@dataclass(frozen=True, slots=True)
class PersonCard:
    """Somebody of a team. `colour` is that of the word for how it stands with them."""

    name: str
    part: str
    stands: str
    colour: str
    more: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class SpellCard:
    """An absence or a turn of duty that is not over. `key` stands for it in a form, where no name may; `ref` for the person."""

    key: str
    ref: str
    who: str
    when: str
    cover: str | None
    now: bool


@dataclass(frozen=True, slots=True)
class TeamCard:
    """One team."""

    team: Team
    open: bool
    hours: tuple[str, ...]
    opens: str
    answers: str
    found: Answering
    people: tuple[PersonCard, ...]
    absences: tuple[SpellCard, ...]
    turns: tuple[SpellCard, ...]
    gaps: tuple[TeamGap, ...]
    ages: UnansweredAges


def team_cards(seen: TeamsSeen, now: datetime, policy: Policy) -> list[TeamCard]:
    """Give a card for each team that stands."""
    staff = seen.staff
    if staff is None:
        return []
    in_place_of = stand_ins(seen.staffing, staff.agency, now, policy)
    return [_card(seen, staff, one, now, policy, in_place_of) for one in seen.shown.teams if one.to is None or ends(one.to) >= now]


def spell_key(spell: Spell) -> str:
    """What stands for a spell in a form: made of what it says, so that it means the same in a later version of the team."""
    return hashlib.sha256(spell.model_copy(update={"known_at": None}).model_dump_json(by_alias=True).encode()).hexdigest()[:24]


def in_post_or_coming(of: Team, now: datetime) -> Iterator[str]:
    """The names of those who belong to the team, or will: not of who has left."""
    yield from dict.fromkeys(one.name for one in of.posts if one.to is None or ends(one.to) >= now)
    if of.deputy and person_key(of.deputy) not in {person_key(one.name) for one in of.posts}:
        yield of.deputy


def hours_in_words(one: OpeningHours) -> str:
    """`Working days, 09:00 to 17:00`."""
    days = ", ".join(_WEEK[name] for name in one.days) if one.days else "Working days"
    return f"{days}, {one.opens:%H:%M} to {one.closes:%H:%M}{' the next day' if one.closes <= one.opens else ''}"


def _card(
    seen: TeamsSeen, staff: AgencyStaff, of: Team, now: datetime, policy: Policy, in_place_of: Mapping[str, Sequence[str]]
) -> TeamCard:
    there = is_open(of.hours, now, policy.bank_holidays)
    found = Search(staff, now, policy).for_the_team(of)
    ages = next((one for one in seen.shown.unanswered if one.team == of.id), UnansweredAges(team=of.id))
    absences = sorted((one for one in of.absences if one.to is None or ends(one.to) >= now), key=_beginning)
    turns = sorted((one for one in of.duty if one.to is None or ends(one.to) >= now), key=_beginning)
    return TeamCard(
        team=of,
        open=there,
        hours=tuple(map(hours_in_words, of.hours)) or ("Always there",),
        opens=_opens(of, there, now, policy),
        answers=_answers(found),
        found=found,
        people=tuple(_people(staff, of, now, in_place_of)),
        absences=tuple(_spell(staff, one, one.who, one.cover, now) for one in absences),
        turns=tuple(_spell(staff, one, one.who, None, now) for one in turns),
        gaps=tuple(one for one in seen.shown.gaps if one.team == of.id),
        ages=ages,
    )


def _opens(of: Team, there: bool, now: datetime, policy: Policy) -> str:
    if not of.hours:
        return "Always there"
    if there:
        closes = min((end for start, end in openings(of.hours, now, now, policy.bank_holidays) if start <= now < end), default=None)
        return f"Open until {clock(closes)}" if closes else "Open"
    opens = next_opening(of.hours, now, policy.bank_holidays)
    return f"Closed until {moment(opens, now)}" if opens else "Closed, and does not open within a fortnight"


def _answers(found: Answering) -> str:
    if found.who and found.desk:
        return f"{found.desk} now; it is for {found.who} when the team is there again"
    return found.who or found.desk or "Nobody"


def _people(staff: AgencyStaff, of: Team, now: datetime, in_place_of: Mapping[str, Sequence[str]]) -> Iterator[PersonCard]:
    on_duty = {person_key(turn.who) for turn in staff.on_duty(of, now)}
    for name in in_post_or_coming(of, now):
        posts = [one for one in of.posts if person_key(one.name) == person_key(name)]
        parts = dict.fromkeys(_part(one) for one in posts)
        if of.deputy and person_key(of.deputy) == person_key(name):
            parts["deputy"] = None
        more = []
        if person_key(name) in on_duty:
            more.append("on duty now")
        if covered := in_place_of.get(person_key(name)):
            more.append(f"answers for {' and '.join(covered)}")
        stands, colour = _stands(staff, name, posts, now)
        yield PersonCard(staff.spelt(name), ", ".join(parts), stands, colour, tuple(more))


def _part(one: Spell) -> str:
    roles = ", ".join(map(role, getattr(one, "roles", ())))
    if isinstance(one, TeamManager):
        return "manager" + (f", level {one.level}" if one.level > 1 else "") + (f" ({roles})" if roles else "")
    return roles or "member"


def _stands(staff: AgencyStaff, name: str, posts: Sequence[Spell], now: datetime) -> tuple[str, str]:
    if posts and not any(holds(one, now) for one in posts):
        coming = [one.from_ for one in posts if one.from_ is not None and begins(one.from_) > now]
        return (f"Begins {_day(min(coming, key=begins), now)}", "grey") if coming else ("Not in post", "grey")
    if away := staff.away(name, now):
        covers = [staff.spelt(one.cover) for one in away if one.cover]
        back = "" if any(one.to is None for one in away) else f" until {_day(max((one.to for one in away if one.to), key=ends), now)}"
        return f"Away{back}; {f'{covers[0]} covers' if covers else 'nobody covers'}", "yellow" if covers else "red"
    last = [one.to for one in posts if one.to is not None]
    return (f"Here; leaves {_day(max(last, key=ends), now)}" if last and len(last) == len(posts) else "Here"), "green"


def _spell(staff: AgencyStaff, one: Spell, who: str, cover: str | None, now: datetime) -> SpellCard:
    begun = one.from_ is None or begins(one.from_) <= now
    start = "" if one.from_ is None else f"from {_day(one.from_, now)} "
    end = f"to {_day(one.to, now)}" if one.to is not None else "with no end stated"
    return SpellCard(spell_key(one), staff.ref(who), staff.spelt(who), start + end, staff.spelt(cover) if cover else None, begun)


def _day(on: Day, now: datetime) -> str:
    """A day, or a moment where one was given."""
    return moment(on, now) if isinstance(on, datetime) and day_alone(on) != on else day(in_uk(begins(on)).date(), now)


def _beginning(one: Spell) -> datetime:
    return begins(one.from_) if one.from_ is not None else FIRST
