"""A person who may come in, from wherever we know them: what a session is begun for."""

import re
from collections.abc import Iterable
from dataclasses import dataclass

from alertbus.desk.visitor import Role
from alertbus.model.case import AGENCY_NAME
from alertbus.model.errors import Fault, InvalidInput
from alertbus.model.team import TEAM_ID

SHORTEST_NAME, LONGEST_NAME = 2, 120
"""As the audit record and the receipt have it, and a case its agencies."""

LONGEST_USERNAME, LONGEST_WHO, LONGEST_TEAM = 200, 260, 200
"""As our tables hold them: OpenID Connect lets a subject have 255 letters, and we put `oidc:` before it."""


@dataclass(frozen=True, slots=True)
class DeskPerson:
    """Who somebody is and what they are at the desk; `who` is the one word for them in our tables, the same at every sign-in."""

    who: str
    name: str
    username: str
    agency: str
    setting: str | None
    team: str | None
    roles: frozenset[Role]

    @property
    def at(self) -> str:
        """For whom they act: their setting, else their agency."""
        return self.setting or self.agency


def who_is_complete(person: DeskPerson) -> None:
    """Raise `InvalidInput` for somebody of whom something is missing or contradicts: they are not let in on a guess."""
    faults: list[Fault] = []
    name = person.name
    if name != name.strip() or not name.isprintable() or not SHORTEST_NAME <= len(name) <= LONGEST_NAME:
        faults.append(Fault("name", "the person's whole name, as it will stand on what they answer", "name"))
    if "." in person.agency or re.fullmatch(AGENCY_NAME, person.agency) is None:
        faults.append(Fault("agency", "an agency of the policy, such as school", "agency"))
    if person.setting is not None and not _is_within(person.setting, person.agency):
        faults.append(Fault("setting", "a setting of that agency, such as school.123456", "setting"))
    if person.team is not None and (
        len(person.team) > LONGEST_TEAM or re.fullmatch(TEAM_ID, person.team) is None or not person.team.startswith(f"{person.agency}.")
    ):
        faults.append(Fault("team", "the id of a team of that agency", "team"))
    if not person.username.isprintable() or len(person.username) > LONGEST_USERNAME or len(person.who) > LONGEST_WHO:
        faults.append(Fault("username", f"a word of at most {LONGEST_USERNAME} letters", "username"))
    if not person.roles:
        faults.append(Fault("roles", f"one or more of {', '.join(Role)}", "missing"))
    if faults:
        raise InvalidInput(faults)


def _is_within(setting: str, agency: str) -> bool:
    return len(setting) <= LONGEST_NAME and re.fullmatch(AGENCY_NAME, setting) is not None and setting.startswith(f"{agency}.")


def roles_of(roles: Iterable[Role]) -> str:
    """Give the roles as a table keeps them."""
    return " ".join(sorted(set(roles)))


def roles_in(kept: str) -> frozenset[Role]:
    """Give the roles that a table keeps; one that is no longer a role gives nothing."""
    return frozenset(Role(word) for word in kept.split() if word in set(Role))
