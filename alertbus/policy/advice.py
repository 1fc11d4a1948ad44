"""What a notice asks its reader to do: the kind's own words, and what the case adds to them. Pure."""

from alertbus.model.alert import AcceptedAlert
from alertbus.model.case import Case
from alertbus.model.custody import Movement, is_under_one
from alertbus.policy.policy import KindRule
from alertbus.policy.sight import Sight


def action_for(statement: AcceptedAlert, case: Case, rule: KindRule, sight: Sight) -> str:
    """The kind's `action`; of a release on a case with a child under one also its `infant` words (PRI-06).

    Whoever acts for an adult does not learn that there is such a child, nor does a setting that does not work with it, nor anybody
    before its birth (NOT-02, NOT-16, NOT-20).
    """
    moved = Movement.stated_by(statement) if rule.infant else None
    if moved is None or sight.recipient.for_adults:
        return rule.action
    theirs = (key for key in case.children if sight.works_with(key) and sight.lists(key))
    infant = any(is_under_one(case.person(key).born, moved.day) for key in theirs)
    return f"{rule.action} {rule.infant}" if infant else rule.action
