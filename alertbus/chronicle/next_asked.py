"""Who is asked first where an answer is owed and no step was taken yet: what the policy says will happen."""

from alertbus.model.base import plus
from alertbus.model.item import ItemStep, StepKind
from alertbus.model.notice import Obligation
from alertbus.policy.policy import Policy


def first_step(owed: Obligation, policy: Policy) -> ItemStep | None:
    """The reminder of whoever owes the answer; None where no answer is owed by a time."""
    if owed.due is None:
        return None
    at = plus(owed.since, (owed.due - owed.since) * policy.escalation.remind_at)
    return ItemStep(kind=StepKind.REMINDER, role=owed.role, at=at)
