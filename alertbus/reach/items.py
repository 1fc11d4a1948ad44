"""Items: what is owed on a case by a time, beside answers. Pure: a function of the facts, the case and the ticks."""

from alertbus.model.item import Item
from alertbus.model.notice import Notice
from alertbus.policy.policy import Policy
from alertbus.reach.reduce_case import CaseEvent, CaseState


def reduce_items(before: CaseState, after: CaseState, event: CaseEvent, policy: Policy) -> tuple[CaseState, list[Item], list[Notice]]:
    """The case with its items after the event, the items that changed, and the notices of those that lapsed."""
    return after, [], []
