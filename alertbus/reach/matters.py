"""What was told before of the same matter: alerts of the same kind, about the same people, stated by the same agency within the days that
the policy gives (OOH-05, NOT-25). Pure.

Nothing is held back or delayed because of it, and each alert keeps an answer of its own: a later notice only says which one of the matter
it is. It counts what its own agency was told, and nothing else.
"""

from collections.abc import Mapping
from datetime import datetime, timedelta

from alertbus.model.alert import AcceptedAlert, Action
from alertbus.model.base import plus
from alertbus.model.case import Case, in_uk
from alertbus.model.notice import Repeats
from alertbus.policy.policy import Policy
from alertbus.reach.join import decide
from alertbus.reach.standing import StandingAlert, stands_until


class EarlierOfMatter:
    """The alerts of one statement's matter that came before it and still stand, on one case; and of which of them an agency was told."""

    def __init__(self, statement: AcceptedAlert, alerts: Mapping[str, StandingAlert], case: Case, policy: Policy) -> None:
        self._statement, self._case, self._policy = statement, case, policy
        self._found = [one for one in alerts.values() if self._is_earlier(one)]

    def told(self, agency: str) -> Repeats | None:
        """Which one of the matter it is for the agency; None for the first."""
        days = [
            in_uk(one.chain[0].alert.occurred_at).date()
            for one in self._found
            if (since := _told(one, self._case, self._policy).get(agency)) is not None and since <= self._statement.at
        ]
        return Repeats(number=len(days) + 1, since=min(days)) if days else None

    def _is_earlier(self, other: StandingAlert) -> bool:
        mine, first = self._statement, other.chain[0]
        if other.kind != mine.alert.kind or first.alert_id == mine.alert_id or first.alert.agency != mine.alert.agency:
            return False
        if other.standing.alert.action is Action.WITHDRAWN or _meant(first) != _meant(mine):
            return False
        at = mine.first_at or mine.at
        recent = first.at < at <= plus(first.at, timedelta(days=self._policy.folding.within_days))
        return recent and stands_until(other.standing, self._policy.kind_rule(other.kind)) >= at


def _meant(statement: AcceptedAlert) -> frozenset[str]:
    found: frozenset[str] | None = statement.memo.get(_meant)
    if found is None:
        found = statement.memo[_meant] = frozenset(person_id for person_ids in statement.people for person_id in person_ids)
    return found


def _told(alert: StandingAlert, case: Case, policy: Policy) -> Mapping[str, datetime]:
    """Since when each agency is told of the alert. Worked out once for each version of the case."""
    known: tuple[Case, Policy, dict[str, datetime]] | None = alert.memo.get(_told)
    if known is None or known[0] is not case or known[1] is not policy:
        found = {one.agency: one.since for one in decide(alert.chain[0], case, policy) if one.told and one.since is not None}
        known = alert.memo[_told] = (case, policy, found)
    return known[2]
