"""Everything that one event on a case makes necessary: the join, who is asked next, what else is owed by a time, and briefings. Pure.

Each reducer sees the case before and after the join, and the event; none sees another's outputs. Time is the event's.
"""

from collections.abc import Sequence
from typing import NamedTuple

from alertbus.model.item import Item
from alertbus.model.notice import Notice
from alertbus.policy.policy import Policy
from alertbus.reach.briefings import reduce_briefings
from alertbus.reach.comes_again import brought_back, kept_apart
from alertbus.reach.due import with_next_moment
from alertbus.reach.due_steps import reduce_answers
from alertbus.reach.forgotten import reduce_forgotten
from alertbus.reach.items import reduce_items
from alertbus.reach.owed import Owed
from alertbus.reach.reduce_case import CaseEvent, CaseState, reduce_case
from alertbus.reach.releases import due_reminders
from alertbus.reach.who_has_it import told_to_its_sender


class CaseOutcome(NamedTuple):
    """The case after an event, and what follows from it: notices about alerts (`owed`), the bus's own notices, and items that changed."""

    after: CaseState
    owed: Sequence[Owed]
    notices: Sequence[Notice]
    items: Sequence[Item]


def follow(before: CaseState, event: CaseEvent, policy: Policy) -> CaseOutcome:
    """Work out one event. A repeated event gives what it gave the first time, under the same ids."""
    before = brought_back(before, event)
    after, owed = reduce_case(before, event, policy)
    after, items, lapses = reduce_items(before, after, event, policy)
    after, briefings = reduce_briefings(before, after, event, policy)
    after, steps, asked, answers = reduce_answers(before, after, event, policy)
    after = with_next_moment(before, after, event, policy)
    after, over = reduce_forgotten(before, after, event, policy)
    reminders = due_reminders(before, after, event, policy)
    known = told_to_its_sender(after, event, policy)
    after = kept_apart(before, after, policy)
    return CaseOutcome(after, [*owed, *steps, *reminders], [*lapses, *briefings, *asked, *known], [*items, *answers, *over])
