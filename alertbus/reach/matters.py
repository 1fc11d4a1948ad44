"""What was told before of the same matter: alerts of the same kind, about the same people, stated by the same agency within the days that
the policy gives (OOH-05, NOT-25). Pure.

Nothing is held back or delayed because of it, and each alert keeps an answer of its own: a later notice only says which one of the matter
it is. It counts what its own agency was told, and nothing else.
"""

from collections.abc import Mapping
from datetime import date, datetime, timedelta
from typing import NamedTuple

from alertbus.model.alert import AcceptedAlert, Action
from alertbus.model.base import plus
from alertbus.model.case import Case, in_uk
from alertbus.model.notice import Repeats
from alertbus.policy.policy import Policy
from alertbus.reach.join import decide
from alertbus.reach.standing import StandingAlert, stands_until

_AgenciesTold = frozenset[str]
_NONE: tuple[int, date] = (0, date.max)


class _OneOfMatter(NamedTuple):
    """What is asked of an alert that came before, worked out once. `until` is how long it counts: None for one that was withdrawn."""

    matter: tuple[str, str, frozenset[str]]
    at: datetime
    day: date
    until: datetime | None


class EarlierOfMatter:
    """The alerts of one statement's matter that came before it and still stand, on one case; and of which of them an agency was told."""

    def __init__(self, statement: AcceptedAlert, alerts: Mapping[str, StandingAlert], case: Case, policy: Policy) -> None:
        matter, at, now = _matter(statement), statement.first_at or statement.at, statement.at
        self._found: dict[_AgenciesTold, tuple[int, date]] = {}
        for alert_id, other in alerts.items():
            one = _one_of(other, policy)
            if one.matter != matter or alert_id == statement.alert_id or one.until is None or not one.at < at <= one.until:
                continue
            for since, agencies in _told(other, case, policy):
                if since <= now:
                    number, day = self._found.get(agencies, _NONE)
                    self._found[agencies] = (number + 1, min(day, one.day))

    def told(self, agency: str) -> Repeats | None:
        """Which one of the matter it is for the agency; None for the first."""
        mine = [entry for agencies, entry in self._found.items() if agency in agencies]
        if not mine:
            return None
        return Repeats(number=1 + sum(number for number, _ in mine), since=min(day for _, day in mine))


def _matter(statement: AcceptedAlert) -> tuple[str, str, frozenset[str]]:
    meant = frozenset(person_id for person_ids in statement.people for person_id in person_ids)
    return (statement.alert.kind, statement.alert.agency, meant)


def _one_of(alert: StandingAlert, policy: Policy) -> _OneOfMatter:
    known: _OneOfMatter | None = alert.memo.get(_OneOfMatter)
    if known is None:
        first, standing = alert.chain[0], alert.standing
        counts = plus(first.at, timedelta(days=policy.folding.within_days))
        over = standing.alert.action is Action.WITHDRAWN
        until = None if over else min(counts, stands_until(standing, policy.kind_rule(alert.kind)))
        day = in_uk(first.alert.occurred_at).date()
        known = alert.memo[_OneOfMatter] = _OneOfMatter((alert.kind, *_matter(first)[1:]), first.at, day, until)
    return known


def _told(alert: StandingAlert, case: Case, policy: Policy) -> tuple[tuple[datetime, _AgenciesTold], ...]:
    """Since when which agencies are told of the alert: nearly always all at once. Worked out once for each version of the case."""
    known: tuple[Case, tuple[tuple[datetime, _AgenciesTold], ...]] | None = alert.memo.get(_told)
    if known is None or known[0] is not case:
        found: dict[datetime, set[str]] = {}
        for one in decide(alert.chain[0], case, policy):
            if one.told and one.since is not None:
                found.setdefault(one.since, set()).add(one.agency)
        known = alert.memo[_told] = (case, tuple((since, frozenset(agencies)) for since, agencies in found.items()))
    return known[1]
