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
from alertbus.model import ids
from alertbus.model.alert import AcceptedAlert, Action
from alertbus.model.case import Case
from alertbus.model.notice import Deed
from alertbus.policy.policy import Policy
from alertbus.reconcile.bare import says_the_same
from alertbus.reconcile.evidence import AlertEvidence, Evidence, NoticeWritten
from alertbus.reconcile.oracle import NEVER, Due, ever_stood, obligations_from_scratch, stands_until, with_words


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
    MISTAKEN = "mistaken"
    """Somebody is taken for another, or not known for who they are, against what is claimed of them. Of the full reconciliation only."""
    UNDELIVERED = "undelivered"
    """Not yet with its agency and still tried, or never taken up. Late by itself is not a difference."""


class Discrepancy(NamedTuple):
    """One thing that does not agree: an obligation, for `unidentified` a statement, for `mistaken` a statement or a case."""

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
    already over reaches nobody, and takes nothing back, because the bus keeps only what can still cause something. The same holds
    for persons that are found to be others when the alert is over.
    """

    def __init__(self, evidence: Evidence, policy: Policy, now: datetime) -> None:
        self._policy = policy
        self._now = now
        self._versions = evidence.cases
        alerts = list(evidence.alerts)
        self.told = _by_obligation(alerts)
        statements = [statement for one in alerts for statement in one.identified.values()]
        self._alerts = {one.alert_id: list(one.identified.values()) for one in alerts}
        self._released = {where: at for one in alerts for where, at in one.released.items()}
        self._latest = {case_id: versions[-1] for case_id, versions in self._versions.items()}
        self._ever = obligations_from_scratch(statements, self._latest, policy, NEVER, self._released)
        self.owed = {one: due.by(now) for one, due in self._ever.items() if due.since <= now}

    def is_missing(self, one: str, due: Due) -> bool:
        told = _without_chasing(self.told.get(one, ()))
        if not told:
            return not self._came_too_late(one, due, due.read[0])
        if self._found_too_late(due.alert_id):
            return False
        if told[-1].deed.ends:
            return due.stands()
        if due.stands() and self._holds(told[-1], due):
            return False
        return not self._came_too_late(one, due, due.read[-1])

    def is_extra(self, one: str) -> bool:
        told = _without_chasing(self.told[one])
        if not told or told[-1].deed.ends or self._found_too_late(told[-1].alert_id):
            return False
        last = told[-1]
        versions = self._versions.get(last.case_id, [])
        owing = [bool(self._reads(one, last.alert_id, version)) for version in versions]
        if True not in owing:
            return True
        after = versions[len(owing) - owing[::-1].index(True) :]
        if not after:  # owed by the latest version, only later than now: a clock has run ahead
            return last.since <= self._now
        dropped_at = after[0].known_at
        return dropped_at is not None and dropped_at <= self._over(last.alert_id, dropped_at)

    def wakes(self) -> Iterator[tuple[str, datetime]]:
        """Give each alert's next moment after now: something becomes owed, counts, or was told ahead of its time."""
        later: dict[str, datetime] = {}

        def note(alert_id: str, moments: Iterable[datetime]) -> None:
            if coming := [moment for moment in moments if self._now < moment < NEVER]:
                later[alert_id] = min(*coming, later.get(alert_id, NEVER))

        for due in self._ever.values():
            note(due.alert_id, [moment for moment, _ in due.read])
        for alert_id, statements in self._alerts.items():
            note(alert_id, (statement.at for statement in statements))
        for told in self.told.values():
            note(told[0].alert_id, (notice.since for notice in told))
        yield from later.items()

    def _holds(self, notice: NoticeWritten, due: Due) -> bool:
        """Say whether what was told last still holds: it tells what stands, in these words or in those of a statement that changed nothing,
        or what was recorded later. A notice of which the statement cannot be told is one that was told again, and holds.
        """
        said = self._said(due.alert_id, due.case_id)
        told = next((s for s in said if _is_of(notice, s)), None)
        if told is None:
            return True
        stood = ever_stood(said)
        place = {statement.statement_id: number for number, statement in enumerate(stood)}
        run = [stood[place[statement_id]] for _, statement_id in due.read if statement_id]
        while len(run) > 1 and says_the_same(run[-2], run[-1]):
            run.pop()
        first = place[run[-1].statement_id]
        while first and stood[first - 1].alert.action is not Action.WITHDRAWN and says_the_same(stood[first - 1], stood[first]):
            first -= 1  # who joined late read the same words in an earlier statement
        return place.get(told.statement_id, -1) >= first

    def _said(self, alert_id: str, case_id: str) -> list[AcceptedAlert]:
        """Give the statements of the alert as they are on the case: with those whose words were released there."""
        said = self._alerts[alert_id]
        return [*said, *with_words(said, case_id, self._released)]

    def _came_too_late(self, one: str, due: Due, last: tuple[datetime, str | None]) -> bool:
        """Say whether the first version of the case that asks for this to be told was known only when the alert was over."""
        moment, statement_id = last
        first = next((v for v in self._versions[due.case_id] if statement_id in self._reads(one, due.alert_id, v)), None)
        if first is None or first.known_at is None or first.known_at <= moment:
            return False
        return first.known_at > self._over(due.alert_id, first.known_at)

    def _found_too_late(self, alert_id: str) -> bool:
        """Say whether its persons may have been found to be others when it was over and no case had it any more: nobody is told then.

        Nothing says when somebody was found not to be meant. So an alert that was identified again is judged while it stands.
        """
        again = any(statement.people_version for statement in self._alerts[alert_id])
        return again and self._now > self._over(alert_id, self._now)

    def _reads(self, one: str, alert_id: str, version: Case) -> list[str | None]:
        """Give the statements that the obligation's agency reads by a version of the case; None where nothing stands any more."""
        found = obligations_from_scratch(self._alerts[alert_id], {version.id: version}, self._policy, NEVER, self._released).get(one)
        return [] if found is None else [statement_id for _, statement_id in found.read]

    def _over(self, alert_id: str, by: datetime) -> datetime:
        """Give until when the alert stood, as far as it had been stated by a moment."""
        stood = ever_stood(self._alerts[alert_id])
        last = ([statement for statement in stood if statement.at <= by] or stood[:1])[-1]
        return last.at if last.alert.action is Action.WITHDRAWN else stands_until(last, self._policy, None)


def _is_of(notice: NoticeWritten, statement: AcceptedAlert) -> bool:
    """Say whether a notice tells this statement, as its id shows."""
    since = ("", notice.since.isoformat())
    return any(notice.notice_id == ids.notice_id(notice.obligation_id, statement.statement_id, since=one) for one in since)


def _by_obligation(alerts: Iterable[AlertEvidence]) -> Mapping[str, list[NoticeWritten]]:
    found: dict[str, list[NoticeWritten]] = defaultdict(list)
    for alert in alerts:
        for told in alert.told.values():
            found[told.obligation_id].append(told)
    return found


def _without_chasing(told: Sequence[NoticeWritten]) -> list[NoticeWritten]:
    """Give what was told, corrected and taken back; an escalation owes nothing of its own."""
    return [notice for notice in told if notice.deed is not Deed.ESCALATE]
