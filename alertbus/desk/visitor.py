"""Who sits at the desk, and what that lets them do: a signed-in person is a caller like any other (DESIGN section 17)."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from types import MappingProxyType

from alertbus.intake.callers import Caller
from alertbus.model.rights import Right
from alertbus.model.team import worker_ref

DESK = "desk"
"""The caller's name on every record that a page causes. It is a system's name: whose hand it was stands in the audit and on the receipt."""


class Role(StrEnum):
    """What somebody is at the desk (DESIGN section 16). The values stand in the directory of who may sign in, and never change."""

    PRACTITIONER = "practitioner"
    """Works with families: a midwife, a teacher, a constable, a housing officer."""
    MANAGER = "manager"
    """Leads a team of practitioners and says who is away and who covers."""
    SAFEGUARDING_LEAD = "safeguarding_lead"
    """Answers for safeguarding at the agency: a designated safeguarding lead, a named nurse. Is told of every break-glass."""
    CASE_HOLDER = "case_holder"
    """Holds children's cases: social workers and their managers."""
    INTEGRATION = "integration"
    """Mends the systems that send to the bus."""
    OPERATIONS = "operations"
    """Sees that the bus runs."""
    AUDITOR = "auditor"
    """Reads who did what."""


RIGHTS: Mapping[Role, frozenset[Right]] = MappingProxyType(
    {
        # Whoever works with a family both learns of it and tells: a concern may come from anybody (CON-01).
        Role.PRACTITIONER: frozenset({Right.STATE, Right.RECEIVE}),
        # They say who covers, and take what nobody has answered (OOH-06).
        Role.MANAGER: frozenset({Right.STATE, Right.RECEIVE, Right.STAFF}),
        # They stand in for a whole agency, in a school often for its only team.
        Role.SAFEGUARDING_LEAD: frozenset({Right.STATE, Right.RECEIVE, Right.STAFF}),
        # Case files and doubts about who somebody is are the case holder's alone (decision 0017).
        Role.CASE_HOLDER: frozenset({Right.STATE, Right.RECEIVE, Right.HOLD_CASES}),
        # They mend messages, and need see no family for it.
        Role.INTEGRATION: frozenset({Right.INTEGRATE}),
        # They see the flow and never its content.
        Role.OPERATIONS: frozenset({Right.OPERATE}),
        # They see who did what, which names no family either.
        Role.AUDITOR: frozenset({Right.AUDIT}),
    }
)
"""What each role may do. Somebody with several roles may do what any of them may."""


@dataclass(frozen=True, slots=True)
class Visitor:
    """A person who has signed in, at one agency, for one session."""

    name: str
    """As it stands on the receipts that they give: their whole name."""
    username: str
    agency: str
    """An agency of the policy, as in `school`; with `setting`, that of which the setting is a part."""
    setting: str | None
    """One school, practice or force, as in `school.123456`; None for whoever works for the whole agency."""
    team: str | None
    roles: frozenset[Role]
    session_id: str
    """An opaque id of the session; it is not what the cookie holds."""
    is_asked: bool = False
    """Whether anything may ever wait for a decision of theirs in review: the desk says it, by the policy."""
    who: str = ""
    """The one word for them in the desk's tables, the same at every sign-in (`DeskPerson.who`)."""

    @property
    def at(self) -> str:
        """For whom they act: their setting, else their agency."""
        return self.setting or self.agency

    @property
    def rights(self) -> frozenset[Right]:
        """What any of their roles lets them do."""
        return frozenset().union(*(RIGHTS[role] for role in self.roles))

    @property
    def ref(self) -> str:
        """What stands for them where no name may stand."""
        return worker_ref(self.at, self.name)

    @property
    def caller(self) -> Caller:
        """Them as a caller of the bus: for their agency alone, and in nobody's name but their own."""
        return Caller(name=DESK, agency=self.at, rights=self.rights, sources=(self.at,), workers=frozenset({self.name}))
