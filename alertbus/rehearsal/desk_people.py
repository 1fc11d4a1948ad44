"""Who sits at the desk of the demo: one person for each role, under a password made for that run, and the teams they are in.

They bear the review's own labels, written out, or names for a part that it does not label. Nobody real is meant.
"""

import secrets
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from types import MappingProxyType
from typing import Any

from alertbus.desk.sign_in.desk_person import DeskPerson
from alertbus.desk.sign_in.local_users import LocalUsers
from alertbus.desk.sign_in.passwords import checked, hashed
from alertbus.desk.visitor import Role

CALLED: Mapping[str, str] = MappingProxyType(
    {
        "SW3": "Social Worker 3",
        "SW4": "Social Worker 4",
        "HV1": "Health Visitor 1",
        "HV2": "Health Visitor 2",
        "TM2": "Team Manager 2",
        "NAMED_MIDWIFE": "Named Midwife",
        "FSW": "Family Support Worker",
        "SCHOOL_NURSE": "School Nurse",
    }
)
"""The labels of the review as names."""


@dataclass(frozen=True, slots=True)
class DemoPerson:
    """One who may sign in, and what to look at first as them."""

    username: str
    name: str
    agency: str
    role: Role
    first: str


PEOPLE: Sequence[DemoPerson] = (
    DemoPerson("health-visitor", "Health Visitor 2", "health_visiting", Role.PRACTITIONER, "what is overdue; answer it in one step"),
    DemoPerson("midwife", "Named Midwife", "midwifery", Role.PRACTITIONER, "the briefing of the day she joined the case"),
    DemoPerson("school", "Family Support Worker", "school", Role.PRACTITIONER, "the birth, and the words that stay closed until opened"),
    DemoPerson(
        "probation", "Probation Practitioner", "probation", Role.PRACTITIONER, "a breach that everybody was asked of and nobody took"
    ),
    DemoPerson("social-worker", "Social Worker 4", "childrens_social_care", Role.CASE_HOLDER, "who was told of an alert, and who was not"),
    DemoPerson("manager", "Team Manager 2", "childrens_social_care", Role.MANAGER, "what lapsed, and take it"),
    DemoPerson("lead", "Safeguarding Lead", "childrens_social_care", Role.SAFEGUARDING_LEAD, "who has seen what was not theirs"),
    DemoPerson("operations", "Operations Desk", "mash", Role.OPERATIONS, "that it runs; no family anywhere"),
    DemoPerson("integration", "Integration Desk", "mash", Role.INTEGRATION, "the same, for who mends messages"),
    DemoPerson("auditor", "Auditor", "childrens_social_care", Role.AUDITOR, "the same, for who reads who did what"),
)

_CONSONANTS, _VOWELS = "bdghlmnprtvz", "aeio"


def made_password() -> str:
    """A password that can be typed from a screen: four made-up words of four letters, more than 10^13 of them."""
    made = "-".join("".join(secrets.choice(letters) for letters in (_CONSONANTS, _VOWELS) * 2) for _ in range(4))
    return checked(made, *(person.username for person in PEOPLE))


async def add_people(users: LocalUsers, password: str, now: datetime) -> None:
    """Let each of them sign in with that password."""
    kept = hashed(password)
    for one in PEOPLE:
        who = f"local:{one.username}"
        person = DeskPerson(who, one.name, one.username, one.agency, None, None, frozenset({one.role}))
        await users.add(person, kept, now)


def teams(now: datetime, exercise: str) -> list[dict[str, Any]]:
    """Their teams: who is there, who is away and covered, and whose turn it is. Each twice: the exercise has teams of its own."""
    soon, week = now + timedelta(days=2), now + timedelta(days=9)
    spell = {"from": (now - timedelta(days=1)).isoformat(), "to": soon.isoformat()}
    turn = {"from": now.isoformat(), "to": week.isoformat()}
    found = [
        _team(
            "childrens_social_care", "innovate", "Innovate team", ("Social Worker 3", "Social Worker 4"), "Team Manager 2", "social_worker"
        )
        | {"absences": [{"who": "Social Worker 3", "cover": "Social Worker 4", **spell}], "duty": [{"who": "Social Worker 4", **turn}]},
        _team(
            "health_visiting", "north", "0-19 team north", ("Health Visitor 1", "Health Visitor 2"), "Lead Health Visitor", "health_visitor"
        )
        | {"absences": [{"who": "Health Visitor 1", "cover": "Health Visitor 2", **spell}]},
        _team("midwifery", "community", "Community midwives", ("Named Midwife", "Midwife 2"), "Head of Midwifery", "named_midwife")
        | {"duty": [{"who": "Midwife 2", **turn}]},
        _team("school", "safeguarding", "Safeguarding team", ("Family Support Worker",), "Head Teacher", "designated_safeguarding_lead"),
        _team("probation", "north", "Probation office", ("Probation Practitioner",), "Senior Probation Officer", "probation_practitioner"),
    ]
    rehearsed = [team | {"id": f"{team['id']}-exercise", "exercise": exercise} for team in found]
    return [*found, *rehearsed]


def _team(agency: str, word: str, name: str, members: Sequence[str], manager: str, role: str) -> dict[str, Any]:
    return {
        "id": f"{agency}.{word}",
        "agency": agency,
        "name": name,
        "members": [{"name": one, "roles": [role]} for one in members],
        "managers": [{"name": manager, "level": 1}],
    }
