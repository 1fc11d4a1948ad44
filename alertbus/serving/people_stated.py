"""A person's statement about who is who, apart from any doubt: for whoever holds every case, through the API and at the desk alike."""

import re

from alertbus.audit.chain import CHAIN
from alertbus.directory.who_is_who import WhoIsWho
from alertbus.intake.callers import Caller
from alertbus.intake.intake import Intake
from alertbus.intake.people import OutcomeOfPeople, StatedOfPeople
from alertbus.model.errors import NotAllowed
from alertbus.policy.policy import Policy


def must_hold_every_case(caller: Caller) -> None:
    """Refuse whoever does not hold every case: who is who concerns every case."""
    if not caller.holds_every_case:
        raise NotAllowed("the right `hold_cases`, for all cases, is missing: who is who concerns every case")


async def state_of_people(intake: Intake, policy: Policy, kind: type[WhoIsWho], stated: StatedOfPeople, caller: Caller) -> OutcomeOfPeople:
    """State it for the caller's agency, or for the one that holds cases. Raises `NotAllowed`, and as `PeopleIntake.state`."""
    must_hold_every_case(caller)
    agency = caller.agency if caller.agency and re.fullmatch(CHAIN, caller.agency) else policy.case_holder
    return await intake.who_is_who.state(kind, stated, agency, caller)
