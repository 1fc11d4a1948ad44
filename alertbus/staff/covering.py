"""For whom somebody answers: what an absent person would have seen, seen by who covers for them (TUR-05, TUR-06, TUR-15). Pure."""

from datetime import datetime
from typing import NamedTuple

from alertbus.model.base import FIRST
from alertbus.model.case import begins
from alertbus.model.team import Absence, worker_ref
from alertbus.policy.policy import Policy
from alertbus.staff.answering import answering
from alertbus.staff.staffing import Staffing, person_key


def answers_for(staffing: Staffing, agency: str, name: str, at: datetime, policy: Policy, *, exercise: str | None = None) -> list[str]:
    """Give the people in whose place NAME answers at that moment: whoever is away, or has left, and whose part falls to NAME. In an order
    that is nobody's rank.
    """
    return stand_ins(staffing, agency, at, policy, exercise=exercise).get(person_key(name), [])


def stand_ins(staffing: Staffing, agency: str, at: datetime, policy: Policy, *, exercise: str | None = None) -> dict[str, list[str]]:
    """Give for each person (`person_key`) who answers in the place of others at that moment those others; each is looked up once."""
    staff = staffing.of(agency, exercise)
    found: dict[str, list[str]] = {}
    people = {} if staff is None else staff.people
    for ref in sorted(people):
        who = answering(staffing, agency, "", people[ref], at, policy, exercise=exercise).who
        if who is not None and person_key(who) != person_key(people[ref]):
            found.setdefault(person_key(who), []).append(people[ref])
    return found


class Inquiry:
    """Whose an obligation is at one moment, asked of many obligations: each role and named worker is looked up once."""

    def __init__(self, staffing: Staffing, at: datetime, policy: Policy) -> None:
        self._staffing, self._at, self._policy = staffing, at, policy
        self._known: dict[tuple[str, str, str | None, str | None], str | None] = {}

    def falls_to(self, agency: str, role: str, worker: str | None, exercise: str | None = None) -> str | None:
        """Give the `worker_ref` of the person who answers; None where no person does."""
        asked = (agency, role, worker, exercise)
        if asked not in self._known:
            who = answering(self._staffing, agency, role, worker, self._at, self._policy, exercise=exercise).who
            self._known[asked] = worker_ref(agency, who) if who else None
        return self._known[asked]


class AwayTime(NamedTuple):
    """From when to when somebody was away, by what their team says."""

    since: datetime
    until: datetime
    over: bool


def last_absence(staffing: Staffing, agency: str, ref: str, at: datetime) -> AwayTime | None:
    """Give the person's absence that began last, of those that have begun; with those that it overlaps. None if they were never away."""
    staff = staffing.of(agency)
    name = None if staff is None else staff.people.get(ref)
    if staff is None or name is None:
        return None
    spells = sorted((_away(absence, at) for absence in staff.absences_of(name)), key=_by_end)
    found: AwayTime | None = None
    for one in reversed([one for one in spells if one.since <= at]):
        if found is None:
            found = one
        elif one.until >= found.since:
            found = found._replace(since=min(one.since, found.since))
    return found


def _away(absence: Absence, at: datetime) -> AwayTime:
    until = absence.until
    over = until is not None and until < at
    return AwayTime(FIRST if absence.from_ is None else begins(absence.from_), min(until, at) if until is not None else at, over)


def _by_end(one: AwayTime) -> datetime:
    return one.until
