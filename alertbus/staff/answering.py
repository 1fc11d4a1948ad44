"""Who answers for an agency at a moment: one pure function, with its trail (DESIGN section 15).

Whoever is named for it, else whoever covers for them, and so on; else the deputy of their team, its managers, its duty; else the desk that
answers when the team is not there. What comes in for nobody in particular is the duty's first. Nobody is passed over without a line in the
trail that says why, and where nobody is found at all the last line says `NOBODY`: silence would look like an answer.
"""

from collections.abc import Iterator, Sequence
from datetime import datetime
from itertools import islice

from alertbus.model.case import Day, begins, ends, in_uk
from alertbus.model.name_in_words import name_in_words, recipient_in_words
from alertbus.model.team import Absence, Answering, OpeningHours, Team, holds
from alertbus.policy.policy import Policy
from alertbus.staff.hours import is_open, next_opening
from alertbus.staff.staffing import AgencyStaff, Staffing, TeamPost, person_key

NOBODY = "NOBODY"
"""The word with which a trail ends that found nobody. It stands in messages, and a person may look for it."""


def answering(
    staffing: Staffing, agency: str, role: str, worker: str | None, at: datetime, policy: Policy, *, exercise: str | None = None
) -> Answering:
    """Find who answers for the agency in that role. `worker` is whom the case names for it, if anybody.

    Where the agency has no teams it is the worker, and nothing more is known than when its day teams are there by the policy (PPN-07).
    """
    staff = staffing.of(agency, exercise)
    if staff is not None:
        return Search(staff, at, policy).answer(role, worker)
    hours = policy.agency(agency).out_of_hours
    if hours is None or hours.role == role or hours.open_at(at, policy.bank_holidays):
        return Answering(who=worker)
    desk, opens = name_in_words(hours.role), in_words(hours.opening(at, policy.bank_holidays))
    return Answering(who=worker, desk=desk, trail=(f"the day team is not there until {opens}: until then {desk}",))


class Search:
    """One look for somebody. Each person is asked once, so it ends whoever covers for whom."""

    def __init__(self, staff: AgencyStaff, at: datetime, policy: Policy) -> None:
        self.trail: list[str] = []
        self._staff, self._at, self._policy = staff, at, policy
        self._asked: set[str] = set()
        self._desks: set[str] = set()

    def answer(self, role: str, worker: str | None) -> Answering:
        first = (worker, "named on the case") if worker else self._by_role(role)
        teams = self._teams_of(first[0] if first else None, role)
        who, home = self.there(*first) if first else None, teams[0] if teams else None
        if who is None and not self._is_the_desk(role):
            for one in teams:
                if (who := self._somebody_in(one, role, named=first is not None)) is not None:
                    home = one
                    break
        if who is not None:
            return self._found(who, self._own_team(who, home))
        desk = next(filter(None, map(self._desk, teams)), None) or self._desk_of_the_policy()
        self.trail.append(f"{desk} answers{self._until_there(home)}" if desk else self._nobody(role))
        return Answering(team=home.id if home else None, desk=desk, trail=tuple(self.trail))

    def for_the_team(self, of: Team) -> Answering:
        """Find who takes what comes in for nobody in particular, in that team."""
        who = self._somebody_in(of, "", named=False)
        if who is not None:
            return self._found(who, of)
        desk = self._desk(of) or self._desk_of_the_policy()
        return Answering(team=of.id, desk=desk, trail=tuple(self.trail))

    def there(self, name: str, why: str) -> str | None:
        """Give the person, or the first of those who cover for them, who is there; None, and why not in the trail, if nobody is."""
        waiting = [(name, why)]
        while waiting:
            name, why = waiting.pop()
            key, spelt = person_key(name), self._staff.spelt(name)
            if key in self._asked:
                self.trail.append(f"{spelt} ({why}): as said above")
                continue
            self._asked.add(key)
            if gone := self._not_in_post(self._staff.posts.get(key, [])):
                self.trail.append(f"{spelt} ({why}) {gone}")
            elif away := self._staff.away(name, self._at):
                covers = [absence.cover for absence in away if absence.cover]
                by = f"covered by {', then '.join(map(self._staff.spelt, covers))}" if covers else "nobody covers"
                self.trail.append(f"{spelt} ({why}) is absent{_until(away)}; {by}")
                waiting += [(cover, f"covers for {spelt}") for cover in reversed(covers)]
            else:
                known = key in self._staff.posts
                self.trail.append(f"{spelt} answers ({why}{'' if known else '; in no team, so whether they are there is not known'})")
                return spelt
        return None

    def is_at_work(self, who: str, of: Team) -> bool:
        """Whether somebody of the team is there just now: it is open, or it is their turn of duty."""
        return self._is_there(of) or person_key(who) in {person_key(turn.who) for turn in self._staff.on_duty(of, self._at)}

    def _found(self, who: str, home: Team | None) -> Answering:
        """Say besides where somebody is reached now, if that person's team is closed."""
        desk = None
        if home is not None and not self.is_at_work(who, home):
            opens = next_opening(home.hours, self._at, self._policy.bank_holidays)
            until = f" until {in_words(opens)}" if opens else ""
            desk = self._desk(home) or self._desk_of_the_policy()
            said = f"until then {desk}" if desk else f"{NOBODY} is there until then, and it has no out-of-hours desk"
            self.trail.append(f"{home.name} is closed{until}: {said}")
        return Answering(who=who, team=home.id if home else None, desk=desk, trail=tuple(self.trail))

    def _until_there(self, home: Team | None) -> str:
        """Say when a team that is closed is there again; nothing of one that is open, or of which nobody knows."""
        opens = None if home is None or self._is_there(home) else next_opening(home.hours, self._at, self._policy.bank_holidays)
        return f" until {in_words(opens)}, when {home.name} is there again" if home is not None and opens is not None else ""

    def _by_role(self, role: str) -> tuple[str, str] | None:
        """Give the one person who has the role, or who alone of those who have it is not away."""
        held, plainly = self._staff.holding(role, self._at).people, name_in_words(role)
        there = (name for key, name in held.items() if not self._staff.away(key, self._at))
        present = list(islice(there, 2))  # whether it is one, and no more
        if len(held) == 1:
            return next(iter(held.values())), f"the only {plainly}"
        if len(present) == 1:
            return present[0], f"the only {plainly} who is not absent"
        self.trail.append(f"nobody is named as {plainly}" + (f", and {len(held)} people are" if held else ""))
        return None

    def _not_in_post(self, posts: list[TeamPost]) -> str | None:
        """Say that somebody has left, or has not begun; None for who is in post, or whom no team has as its own."""
        if not posts or any(post.held(self._at) for post in posts):
            return None
        coming = [post.spell.from_ for post in posts if post.spell.from_ is not None and not _has_begun(post, self._at)]
        if coming:
            return f"begins on {in_words(min(coming, key=begins))}"
        left = [day for post in posts for day in (post.spell.to, post.of.to) if day is not None]
        return f"left on {in_words(max(left, key=ends))}" if left else "is not in post"

    def _teams_of(self, worker: str | None, role: str) -> list[Team]:
        """Give the teams to ask: the worker's own, with the role first; else those where somebody has the role; else all."""
        posts = self._staff.posts.get(person_key(worker), []) if worker else []
        posts = [post for post in posts if holds(post.of, self._at)]
        now = [post for post in posts if post.held(self._at)] or posts
        apt = {post.of.id for post in now if role in post.spell.roles}
        if ids := {post.of.id for post in now} or self._staff.holding(role, self._at).teams:
            return [self._staff.by_id[id_] for id_ in (*sorted(ids & apt), *sorted(ids - apt))]
        return self._staff.teams_at(self._at)

    def _somebody_in(self, of: Team, role: str, *, named: bool) -> str | None:
        return next(filter(None, (self.there(name, why) for name, why in self._others(of, role, named=named))), None)

    def _others(self, of: Team, role: str, *, named: bool) -> Iterator[tuple[str, str]]:
        """Yield whom to ask besides whoever is named, in order."""
        deputy = [(of.deputy, f"deputy of {of.name}")] if of.deputy else []
        managers = [(one.name, f"manages {of.name}") for one in self._staff.managers(of, self._at)]
        duty = [(turn.who, f"on duty for {of.name}") for turn in self._staff.on_duty(of, self._at)]
        if named:
            yield from (*deputy, *managers, *duty)
        elif "manager" in role and not role.startswith("duty"):
            yield from (*managers, *deputy, *duty)
        else:
            yield from (*duty, *deputy, *managers)
        if not (deputy or managers or duty):
            self.trail.append(f"{of.name} has no deputy, no manager and nobody on duty now")

    def _own_team(self, who: str, asked: Team | None) -> Team | None:
        """Give the team whose hours count for this person: the one that was asked, if they are of it, else their own."""
        own = [post.of for post in self._staff.posts.get(person_key(who), []) if post.held(self._at)]
        if asked is None or not own or any(one.id == asked.id for one in own):
            return asked
        return own[0]

    def _is_there(self, of: Team) -> bool:
        return is_open(of.hours, self._at, self._policy.bank_holidays)

    def _desk(self, of: Team) -> str | None:
        """Give who answers in the team's place while it is not there: its duty, if it is somebody's turn now, else its desk."""
        self._desks.add(of.id)
        for turn in self._staff.on_duty(of, self._at):
            if (who := self.there(turn.who, f"on duty for {of.name}")) is not None:
                return who
        if of.out_of_hours is None:
            return None
        if of.out_of_hours.text is not None:
            return of.out_of_hours.text
        other = self._staff.by_id.get(of.out_of_hours.team or "")
        if other is None or not holds(other, self._at) or other.id in self._desks:
            self.trail.append(f"the out-of-hours desk of {of.name} is {of.out_of_hours.team}, which is no team that could answer")
            return None
        if not self._is_there(other):
            self.trail.append(f"{other.name}, the out-of-hours desk of {of.name}, is closed too")
            return self._desk(other)
        self._desks.add(other.id)
        who = next(filter(None, (self.there(one.who, f"on duty for {other.name}") for one in self._staff.on_duty(other, self._at))), None)
        return f"{other.name} ({who})" if who else other.name

    def _is_the_desk(self, role: str) -> bool:
        """Whether the role is that of the agency's out-of-hours desk, and no person has it: then no person of the day is asked."""
        desk = self._policy.agency(self._staff.agency).out_of_hours
        return desk is not None and desk.role == role and not self._staff.holding(role, self._at).people

    def _desk_of_the_policy(self) -> str | None:
        """Give the agency's desk, as the policy has it, while its day teams are not there."""
        desk = self._policy.agency(self._staff.agency).out_of_hours
        if desk is None or is_open((OpeningHours(opens=desk.opens, closes=desk.closes),), self._at, self._policy.bank_holidays):
            return None
        return name_in_words(desk.role)

    def _nobody(self, role: str) -> str:
        whom = recipient_in_words(self._staff.agency, role)
        return f"{NOBODY} answers for {whom}: give its team a cover, a deputy, a turn of duty or an out-of-hours desk"


def in_words(day: Day) -> str:
    """Write a day, or a moment by the clock of the United Kingdom, for a reader."""
    if isinstance(day, datetime):
        local = in_uk(day)
        return f"{local:%A} {local.day} {local:%B} {local.year} {local.hour:02}:{local.minute:02}"
    return f"{day.day} {day:%B} {day.year}"


def _until(away: Sequence[Absence]) -> str:
    """Say when the last of these absences is over."""
    last = [absence.to for absence in away if absence.to is not None]
    return f" until {in_words(max(last, key=ends))}" if len(last) == len(away) else ", until when is not said"


def _has_begun(post: TeamPost, at: datetime) -> bool:
    return post.spell.from_ is None or begins(post.spell.from_) <= at
