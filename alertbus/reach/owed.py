"""What one alert owes on one case: the obligations of the agencies that are told, and the notices that must exist for them. Pure.

`owed` knows no clock: it lists what is owed over all time. `Evaluation` adds how far in time it has been worked out, and `newly_owed` says
what two of them differ by: the notices that a change of the alert or of the case makes necessary.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime

from alertbus.model import ids
from alertbus.model.alert import AcceptedAlert, Action
from alertbus.model.case import Case
from alertbus.model.notice import Cause, Deed, Obligation
from alertbus.policy.policy import Policy
from alertbus.reach.join import Decision, decide
from alertbus.reach.roster import BEGINNING
from alertbus.reach.standing import StandingAlert


@dataclass(frozen=True, slots=True)
class Owed:
    """A notice that must exist from `at` on: for which obligation, what it does, on which statement, by which decision."""

    obligation: Obligation
    deed: Deed
    statement: AcceptedAlert
    decision: Decision
    at: datetime
    notice_id: str

    def taken_back(self, at: datetime, by: str) -> "Owed":
        """The notice that withdraws this one; `by` names what made it necessary, and is part of its id."""
        taken = ids.notice_id(self.obligation.id, self.statement.statement_id, withdrawn_by=by)
        return Owed(self.obligation, Deed.WITHDRAW, self.statement, self.decision, at, taken)

    @property
    def content(self) -> tuple[str, str, bool]:
        """The same for two notices that tell the same: of the same obligation, the same statement, and whether that is taken back."""
        return (self.obligation.id, self.statement.statement_id, self.deed is Deed.WITHDRAW)


@dataclass(frozen=True, slots=True)
class Evaluation:
    """The notices that an alert owes on one version of a case over all time, worked out as far as `until`."""

    owed: tuple[Owed, ...] = ()
    until: datetime = BEGINNING

    def due(self) -> list[Owed]:
        return [entry for entry in self.owed if entry.at <= self.until]


NOTHING_OWED = Evaluation()


def newly_owed(before: Evaluation, after: Evaluation, *, by: str) -> list[Owed]:
    """The notices that are due after a change and were not before it, and the withdrawals of those that are owed no longer, such as by a
    link made by mistake or after a late withdrawal. `by` names the change.

    An obligation that is still owed, only from another day or through another link, is told anew by neither. It is taken back once, whole.
    """
    due_before, due_after = before.due(), after.due()
    already_told = {entry.content for entry in due_before}
    still_owed = {entry.obligation.id for entry in due_after}
    taken_back_before = {entry.obligation.id for entry in due_before if entry.deed is Deed.WITHDRAW}
    no_longer_owed: dict[str, Owed] = {}
    for entry in due_before:
        if entry.obligation.id not in still_owed | taken_back_before:
            no_longer_owed.setdefault(entry.obligation.id, entry)
    added = [entry for entry in due_after if entry.content not in already_told]
    return added + [entry.taken_back(after.until, by) for entry in no_longer_owed.values()]


def owed(alert: StandingAlert, case: Case, policy: Policy) -> tuple[Owed, ...]:
    """Every notice that the alert owes on the case over all time. The same facts give the same answer."""
    found: dict[str, Owed] = {}
    earliest: dict[str, Owed] = {}
    withdrawal = alert.withdrawal
    first = alert.statements[0]
    to_tell = [(statement, True) for statement in alert.told]
    if first.alert.action is not Action.RAISED and first.first_at:  # the state has forgotten what was raised; who was told of it is asked
        to_tell.insert(0, (first.as_first_said(), False))
    for statement, is_owed in to_tell:
        decisions = decide(statement, case, policy, withdrawal.at if withdrawal else None)
        for decision, obligation in obligations(decisions, statement, case, policy):
            entry = _notice_owed(obligation, statement, decision, amends=obligation.id in earliest)
            if is_owed:
                found[entry.notice_id] = entry
            earliest.setdefault(obligation.id, entry)
    if withdrawal is not None:
        for entry in earliest.values():
            if entry.at <= withdrawal.at:
                taken = entry.taken_back(withdrawal.at, withdrawal.statement_id)
                found[taken.notice_id] = taken
    return tuple(found.values())


def obligations(
    decisions: Iterable[Decision], accepted: AcceptedAlert, case: Case, policy: Policy
) -> Iterator[tuple[Decision, Obligation]]:
    """One obligation for each role that owes an answer at an agency that is told."""
    alert = accepted.alert
    due: dict[datetime, datetime] = {}  # most are owed from the same moment
    for decision in decisions:
        if not decision.told or decision.since is None:
            continue
        roles = policy.roles(alert.kind, decision.agency)
        if decision.since not in due:
            due[decision.since] = policy.due(alert.kind, decision.since)
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
                due=due[decision.since],
                cause=cause(decision, accepted),
                exercise=alert.exercise,
            )
            yield decision, obligation


def cause(decision: Decision, accepted: AcceptedAlert) -> Cause:
    """The last to come of the three that had to hold: the alert itself, the link, or the agency."""
    assert decision.exposure is not None
    if decision.since == accepted.at:
        return Cause.ALERT
    return Cause.LINK if decision.since == decision.exposure.start else Cause.INVOLVEMENT


def _notice_owed(obligation: Obligation, statement: AcceptedAlert, decision: Decision, *, amends: bool) -> Owed:
    briefing = "" if obligation.cause is Cause.ALERT else obligation.since.isoformat()
    notice = ids.notice_id(obligation.id, statement.statement_id, since=briefing)
    return Owed(obligation, Deed.AMEND if amends else Deed.DELIVER, statement, decision, obligation.since, notice)
