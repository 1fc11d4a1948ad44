"""The obligations that one statement makes on one case: who owes an answer, since when, by when and because of what. Pure."""

from collections.abc import Iterable, Iterator
from datetime import datetime

from alertbus.model import ids
from alertbus.model.alert import AcceptedAlert
from alertbus.model.base import plus
from alertbus.model.case import Case, Involvement, Scope
from alertbus.model.notice import Cause, Obligation
from alertbus.policy.policy import Policy
from alertbus.reach.join import Decision, Ruling
from alertbus.reach.newcomers import folded_into


def obligations(
    decisions: Iterable[Decision], accepted: AcceptedAlert, case: Case, policy: Policy
) -> Iterator[tuple[Decision, Obligation]]:
    """One obligation for each role that owes an answer at an agency that is told."""
    alert = accepted.alert
    due: dict[datetime, datetime] = {}  # most are owed from the same moment
    for decision in decisions:
        if not decision.told or decision.since is None:
            continue
        roles, into = policy.roles(alert.kind, decision.agency), briefing_of(decision, accepted, case, policy)
        if decision.since not in due:
            due[decision.since] = policy.due(alert.kind, decision.since, alert.severity)
        at = policy.due_at(decision.agency, alert.kind, decision.since, due[decision.since])
        for role in roles:
            obligation = Obligation(
                id=ids.obligation_id(accepted.alert_id, case.id, decision.agency, role),
                alert_id=accepted.alert_id,
                case_id=case.id,
                agency=decision.agency,
                role=role,
                kind=alert.kind,
                severity=alert.severity,
                source=alert.source,
                source_id=alert.amends or alert.id,
                since=decision.since,
                due=None if into else answer_due(decision.ruling, decision.involvement, decision.since, at, policy),
                cause=cause(decision, accepted),
                exercise=alert.exercise,
            )
            yield decision, obligation


def answer_due(ruling: Ruling, involvement: Involvement | None, since: datetime, of_kind: datetime, policy: Policy) -> datetime | None:
    """By when an agency that is told by a ruling, for an involvement, owes its answer; `of_kind` is when the alert's kind asks it for one.

    A doubt about who somebody is must be decided within its own limit, or sooner if the alert's kind asks for it. Nobody is asked to answer
    what their own agency said.
    """
    if ruling is Ruling.OTHER_UNIT:
        return None
    if involvement is None or involvement.scope is not Scope.FRONT_DOOR:
        return of_kind
    return min(of_kind, plus(since, policy.identity.limit))


def briefing_of(decision: Decision, accepted: AcceptedAlert, case: Case, policy: Policy) -> str | None:
    """The newcomer's briefing that asks for the answer to this alert as well (decision 0025). None for what reached them as it was stated,
    and for a kind that is about somebody's safety: it needs its own answer (NOT-25).
    """
    rule = policy.kind_rule(accepted.alert.kind)
    if decision.since is None or decision.exposure is None or decision.ruling is Ruling.OTHER_UNIT or rule.safety or rule.flag:
        return None
    if decision.since == accepted.at:
        return None
    return folded_into(case, policy, decision.agency, decision.exposure.link.person, decision.since)


def cause(decision: Decision, accepted: AcceptedAlert) -> Cause:
    """The last to come of the three that had to hold: the alert itself, the link, or the agency."""
    assert decision.exposure is not None
    if decision.since == accepted.at:
        return Cause.ALERT
    return Cause.LINK if decision.since == decision.exposure.start else Cause.INVOLVEMENT
