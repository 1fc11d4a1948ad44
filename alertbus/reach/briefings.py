"""Briefings: what whoever arrives on a case is given on their first day (DESIGN section 15). Pure."""

from alertbus.model.notice import Notice
from alertbus.policy.policy import Policy
from alertbus.reach.reduce_case import CaseEvent, CaseState


def reduce_briefings(before: CaseState, after: CaseState, event: CaseEvent, policy: Policy) -> tuple[CaseState, list[Notice]]:
    """The case after the event, and the briefings that it makes necessary."""
    return after, []
