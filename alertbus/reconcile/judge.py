"""Step 4 of a reconciliation: whether what was done about alerts agrees with what is owed on them.

Pure: evidence, holdings and a moment in, discrepancies out.

The full and the incremental reconciliation share this judge. It imports nothing of `alertbus.reach`: who is owed what
comes from `oracle`, so that a fault of the reducers cannot hide itself.
"""

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import NamedTuple

from alertbus.delivery.ledger.tables import LedgerState
from alertbus.model.alert import Action
from alertbus.model.case import Case
from alertbus.model.notice import Deed
from alertbus.policy.policy import Policy
from alertbus.reconcile.evidence import AlertEvidence, Evidence, NoticeWritten
from alertbus.reconcile.oracle import NEVER, Due, obligations_from_scratch, stands_until, withdrawals


class DiscrepancyKind(StrEnum):
    """The ways in which something may not agree. Values are the names of the lists in a report, and stable."""

    MISSING = "missing"
    """Owed, corrected or withdrawn, and no notice says so."""
    EXTRA = "extra"
    """Nobody owes anything, and a notice, the chronicle or the ledger says otherwise."""
    UNRECORDED = "unrecorded"
    """A notice stands and the chronicle does not show it."""
    UNLEDGERED = "unledgered"
    """A notice stands that delivery never took up."""
    UNRECEIPTED = "unreceipted"
    """Delivery is done with a notice, and no receipt says so."""
    UNIDENTIFIED = "unidentified"
    """An alert was accepted, and neither its persons nor a question for review came out of it."""
    UNDELIVERED = "undelivered"
    """Not yet with its agency and still tried, or never taken up. Late by itself is not a difference."""


class Discrepancy(NamedTuple):
    """One thing that does not agree: an obligation, or for `unidentified` a statement."""

    alert_id: str
    sort: DiscrepancyKind
    id: str


class NoticeInLedger(NamedTuple):
    """Where delivery is with one notice."""

    alert_id: str
    obligation_id: str
    state: str
    since: datetime
    """When it came to be there, or was done."""
    seq: int = 1
    """The number of its row."""


@dataclass(frozen=True, slots=True)
class Holdings:
    """What the database holds about the alerts. `ledger` None is a bus without delivery."""

    recorded: Mapping[str, str]
    """The chronicle's obligations, each with its alert."""
    ledger: Mapping[str, NoticeInLedger] | None
    """By notice."""


@dataclass(frozen=True, slots=True)
class Judgement:
    """What was found at one moment."""

    faults: frozenset[Discrepancy]
    owed: Counter[str]
    """How many obligations there should be, by alert."""
    wakes: Mapping[str, datetime] = field(default_factory=dict)
    """By alert, the next moment at which time alone changes what is owed."""


STILL_TRIED = frozenset({LedgerState.WAITING, LedgerState.LEASED, LedgerState.FAILED})
"""Delivery has not finished with a notice in one of these states."""

_MUST_HAVE_RECEIPT = frozenset({LedgerState.SENT, LedgerState.ACCEPTED, LedgerState.REFUSED})
"""Final states of which delivery writes a receipt. Of a cancelled notice none is asked for."""


def judge(evidence: Evidence, policy: Policy, now: datetime, holdings: Holdings) -> Judgement:
    """Judge every alert in the evidence, and what the database holds beyond it."""
    expected = _Expected(evidence, policy, now)
    faults = {
        Discrepancy(due.alert_id, DiscrepancyKind.MISSING, one) for one, due in expected.owed.items() if expected.is_missing(one, due)
    }
    for one, told in expected.told.items():
        alert_id = told[0].alert_id
        if one not in expected.owed and expected.is_extra(one):
            faults.add(Discrepancy(alert_id, DiscrepancyKind.EXTRA, one))
        if one not in holdings.recorded:
            faults.add(Discrepancy(alert_id, DiscrepancyKind.UNRECORDED, one))
    faults |= {Discrepancy(alert_id, DiscrepancyKind.EXTRA, one) for one, alert_id in holdings.recorded.items() if one not in expected.told}
    faults |= set(_delivery(evidence, holdings.ledger))
    faults |= {
        Discrepancy(one.alert_id, DiscrepancyKind.UNIDENTIFIED, statement) for one in evidence.alerts for statement in one.unidentified
    }
    owed = Counter(due.alert_id for due in expected.owed.values())
    return Judgement(frozenset(faults), owed, dict(expected.wakes()))


def _delivery(evidence: Evidence, ledger: Mapping[str, NoticeInLedger] | None) -> Iterator[Discrepancy]:
    if ledger is None:
        return
    known: set[str] = set()
    for alert in evidence.alerts:
        known |= alert.told.keys()
        for notice_id, told in alert.told.items():
            row = ledger.get(notice_id)
            if row is None:
                yield Discrepancy(told.alert_id, DiscrepancyKind.UNLEDGERED, told.obligation_id)
            if row is None or row.state in STILL_TRIED:
                yield Discrepancy(told.alert_id, DiscrepancyKind.UNDELIVERED, told.obligation_id)
            elif row.state in _MUST_HAVE_RECEIPT and notice_id not in alert.receipted:
                yield Discrepancy(told.alert_id, DiscrepancyKind.UNRECEIPTED, told.obligation_id)
    for notice_id, row in ledger.items():
        if notice_id not in known and not evidence.is_elsewhere(row.alert_id):
            yield Discrepancy(row.alert_id, DiscrepancyKind.EXTRA, row.obligation_id)


class _Expected:
    """What should have been written about the alerts, to compare notices with, allowing for what was known when.

    The latest version of a case says what is owed. An older one may excuse: a correction that came when the alert was
    already over reaches nobody, and takes nothing back, because the bus keeps only what can still cause something.
    """

    def __init__(self, evidence: Evidence, policy: Policy, now: datetime) -> None:
        self._policy = policy
        self._now = now
        self._versions = evidence.cases
        alerts = list(evidence.alerts)
        self.told = _by_obligation(alerts)
        statements = [statement for one in alerts for statement in one.identified.values()]
        self._withdrawn = withdrawals(statements)
        self._alerts = {one.alert_id: list(one.identified.values()) for one in alerts}
        self._latest = {case_id: versions[-1] for case_id, versions in self._versions.items()}
        self._ever = obligations_from_scratch(statements, self._latest, policy, NEVER)
        self.owed = {one: due for one, due in self._ever.items() if due.since <= now}
        self._each = self._statement_by_statement()
        self._times = Counter(one for one, since in self._each if since <= now)

    def is_missing(self, one: str, due: Due) -> bool:
        told = _without_chasing(self.told.get(one, ()))
        withdrawn_at = self._withdrawn.get(due.alert_id)
        if not told:
            return not self._came_too_late(one, due)
        if withdrawn_at is not None and due.since <= withdrawn_at <= self._now:
            return all(notice.deed is not Deed.WITHDRAW for notice in told)
        if told[-1].deed is Deed.WITHDRAW:
            return True
        said = [notice for notice in told if notice.deed is not Deed.WITHDRAW]
        return len(said) < self._times[one] and not self._came_too_late(one, due)

    def is_extra(self, one: str) -> bool:
        told = _without_chasing(self.told[one])
        if not told or told[-1].deed is Deed.WITHDRAW:
            return False
        last = told[-1]
        versions = self._versions.get(last.case_id, [])
        owing = [self._owes(one, last.alert_id, version) for version in versions]
        if True not in owing:
            return True
        after = versions[len(owing) - owing[::-1].index(True) :]
        if not after:  # owed by the latest version, only later than now: a clock has run ahead
            return last.since <= self._now
        dropped_at = after[0].known_at
        return dropped_at is not None and dropped_at <= self._over(last.alert_id)

    def wakes(self) -> Iterator[tuple[str, datetime]]:
        """Give each alert's next moment after now: something becomes owed, counts, or was told ahead of its time."""
        later: dict[str, datetime] = {}

        def note(alert_id: str, moments: Iterable[datetime]) -> None:
            if coming := [moment for moment in moments if self._now < moment < NEVER]:
                later[alert_id] = min(*coming, later.get(alert_id, NEVER))

        for due in self._ever.values():
            note(due.alert_id, [due.since])
        for one, since in self._each:
            note(self._ever[one].alert_id, [since])
        for alert_id, statements in self._alerts.items():
            note(alert_id, (statement.at for statement in statements))
        for told in self.told.values():
            note(told[0].alert_id, (notice.since for notice in told))
        yield from later.items()

    def _came_too_late(self, one: str, due: Due) -> bool:
        first = next((v for v in self._versions[due.case_id] if self._owes(one, due.alert_id, v)), None)
        if first is None or first.known_at is None or first.known_at <= due.since:
            return False
        return first.known_at > self._over(due.alert_id)

    def _owes(self, one: str, alert_id: str, version: Case) -> bool:
        return one in obligations_from_scratch(self._alerts[alert_id], {version.id: version}, self._policy, NEVER)

    def _over(self, alert_id: str) -> datetime:
        said = (s for s in self._alerts[alert_id] if s.alert.action is not Action.WITHDRAWN)
        withdrawn_at = self._withdrawn.get(alert_id)
        return max(stands_until(s, self._policy, withdrawn_at) for s in said)

    def _statement_by_statement(self) -> list[tuple[str, datetime]]:
        """Give, for alerts with several statements, each obligation with the moment a statement is owed: each needs a notice (CHR-12)."""
        cases: dict[str, set[str]] = defaultdict(set)
        for due in self._ever.values():
            cases[due.alert_id].add(due.case_id)
        found: list[tuple[str, datetime]] = []
        for alert_id, statements in self._alerts.items():
            taken_back = [s for s in statements if s.alert.action is Action.WITHDRAWN]
            said = [s for s in statements if s.alert.action is not Action.WITHDRAWN]
            theirs = {case_id: self._latest[case_id] for case_id in cases[alert_id]}
            for statement in said if len(said) > 1 else ():
                dues = obligations_from_scratch([statement, *taken_back], theirs, self._policy, NEVER)
                found += [(one, due.since) for one, due in dues.items()]
        return found


def _by_obligation(alerts: Iterable[AlertEvidence]) -> Mapping[str, list[NoticeWritten]]:
    found: dict[str, list[NoticeWritten]] = defaultdict(list)
    for alert in alerts:
        for told in alert.told.values():
            found[told.obligation_id].append(told)
    return found


def _without_chasing(told: Sequence[NoticeWritten]) -> list[NoticeWritten]:
    """Give what was told, corrected and taken back; an escalation owes nothing of its own."""
    return [notice for notice in told if notice.deed is not Deed.ESCALATE]
