"""What a version of a case claims about its people."""

from datetime import datetime

from alertbus.directory.claims import Claimed
from alertbus.directory.marks import case_mention, marks_on_case
from alertbus.directory.partition import Mention, MentionKind
from alertbus.directory.said_in_text import spoken_marks
from alertbus.model.case import Case
from alertbus.policy.identity_rules import IdentityRules


def claims_of(case: Case, at: datetime, rules: IdentityRules) -> list[Claimed]:
    """Give a claim for each person of the case, accepted at that moment, with the ids that they have in this version.

    Keys are one person's throughout an exercise; among real cases a key means somebody only within its own case.
    """
    scope = case.exercise or ""
    return [
        Claimed(
            Mention(
                case_mention(case.id, person.key),
                MentionKind.CASE,
                case.id,
                at,
                marks_on_case(person, case.id, scope, rules) | spoken_marks(person, rules),
                person.person_ids,
            ),
            scope,
            at,
            at,
        )
        for person in case.people
    ]
