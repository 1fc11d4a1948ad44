"""Who is asked next while nobody by name has answered: the steps of every obligation, of alerts and of the bus's own. Pure."""

from alertbus.model.item import Item
from alertbus.model.notice import Notice
from alertbus.policy.policy import Policy
from alertbus.reach.owed import Owed
from alertbus.reach.reduce_case import CaseEvent, CaseState


def reduce_answers(
    before: CaseState, after: CaseState, event: CaseEvent, policy: Policy
) -> tuple[CaseState, list[Owed], list[Notice], list[Item]]:
    """The case after the event, the steps that are due for alerts and for the bus's own obligations, and the answers that are late."""
    return after, [], [], []
