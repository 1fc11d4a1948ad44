"""Who is asked first where an answer is owed and no step was taken yet: by the same rules as the steps that are taken."""

from alertbus.model.item import ItemStep, StepKind
from alertbus.model.notice import Obligation
from alertbus.policy.policy import Policy
from alertbus.reach.askings import is_asked
from alertbus.reach.plans import first_reminder, urgent


def first_step(owed: Obligation, policy: Policy) -> ItemStep | None:
    """The reminder of whoever owes the answer; None where no answer is owed by a time, or of the bus's own agencies."""
    if owed.due is None or not is_asked(owed.agency, policy):
        return None
    hurry = urgent(owed.kind, owed.severity, policy)
    at = first_reminder([(owed.agency, owed.due)], owed.since, hurry=hurry, policy=policy)
    return None if at is None else ItemStep(kind=StepKind.REMINDER, role=owed.role, at=at)
