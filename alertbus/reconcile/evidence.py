"""Step 1 of a reconciliation: the evidence on the topics, by alert and by case, with nothing about anybody but opaque ids.

An alert can be judged from its own evidence and the versions of its people's cases, whatever else the bus holds: every
obligation is about one alert on one case. `finding_of` reads one record; `AlertEvidence` and `Evidence` collect findings.
A finding that is repeated changes nothing: the first one counts, as it does everywhere behind the topics. Only of who is
meant by a statement the highest version counts.

The room's reading order: bare, evidence, oracle, holdings, judge, full; then, for a bus at work, tables, memory,
new_evidence, results, breaks, incremental, schedule.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import NamedTuple

from alertbus.broker import topics
from alertbus.broker.record import Received
from alertbus.model import watchdog
from alertbus.model.alert import AcceptedAlert
from alertbus.model.briefing import OWN_KINDS, OWN_SOURCE
from alertbus.model.case import Case
from alertbus.model.events import (
    ALERT_ACCEPTED,
    CASE_RECORDED,
    NOTICE_OWED,
    RECEIPT_GIVEN,
    AlertAboutPerson,
    AlertReachedCase,
    ReviewNeeded,
    Tick,
    WordsDecided,
)
from alertbus.model.notice import Deed, Notice
from alertbus.model.receipt import Receipt, Stage
from alertbus.reconcile.bare import bare_case, bare_statement
from alertbus.wire.reading import moment, understand
from alertbus.wire.words import words_read_by

READ = (
    topics.ALERTS,
    topics.CASES,
    topics.PERSON_EVENTS,
    topics.CASE_EVENTS,
    topics.NOTICES,
    topics.RECEIPTS,
    topics.REVIEW,
)
"""The topics that a reconciliation reads."""

BEGINNING = datetime.min.replace(tzinfo=UTC)


class StatementAccepted(NamedTuple):
    """A statement stands on `alerts`: its persons have yet to be found."""

    alert_id: str
    statement_id: str
    at: datetime
    exercise: str | None


class StatementIdentified(NamedTuple):
    """A statement with its persons, bare."""

    alert_id: str
    statement: AcceptedAlert


class NoticeWritten(NamedTuple):
    """A notice: on which obligation, and what it asks to be done."""

    alert_id: str
    notice_id: str
    obligation_id: str
    case_id: str
    deed: Deed
    since: datetime
    exercise: str | None


class NoticeReceipted(NamedTuple):
    """Something is known of a notice."""

    alert_id: str
    notice_id: str


class ReviewAsked(NamedTuple):
    """A person is asked to look at the alert."""

    alert_id: str


class WordsReleased(NamedTuple):
    """The words of a statement that were held back from a case were released there."""

    alert_id: str
    case_id: str
    statement_id: str
    at: datetime


class CaseVersion(NamedTuple):
    """One version of a case, bare."""

    case_id: str
    case: Case


class CaseTicked(NamedTuple):
    """Time has passed on a case."""

    case_id: str
    at: datetime


AboutAlert = StatementAccepted | StatementIdentified | NoticeWritten | NoticeReceipted | ReviewAsked | WordsReleased
AboutCase = CaseVersion | CaseTicked
Finding = AboutAlert | AboutCase


def finding_of(record: Received) -> Finding | None:
    """Read what one record says. One that is not an event of the bus is in quarantine, and no evidence.

    Nothing is judged about the watchdog: it leaves no row in the chronicle and one in the ledger, and has its own alarm.
    """
    finding = understand(record, _WORDS).word
    return None if finding is None or _is_watchdogs(finding) else finding


def _is_watchdogs(finding: Finding) -> bool:
    match finding:
        case StatementAccepted() | NoticeWritten():
            return watchdog.is_reserved(exercise=finding.exercise)
        case StatementIdentified():
            return watchdog.is_reserved(exercise=finding.statement.alert.exercise)
        case CaseVersion() | CaseTicked() | WordsReleased():
            return watchdog.is_reserved(case_id=finding.case_id)
        case NoticeReceipted() | ReviewAsked():
            return False


def written_at(record: Received) -> datetime:
    """Give the broker's time of the record."""
    return moment(record.timestamp)


def _accepted(data: bytes) -> StatementAccepted:
    stated = AcceptedAlert.model_validate_json(data)
    return StatementAccepted(stated.alert_id, stated.statement_id, stated.at, stated.alert.exercise)


def _identified(statement: AcceptedAlert) -> StatementIdentified:
    return StatementIdentified(statement.alert_id, bare_statement(statement))


def _told(data: bytes) -> NoticeWritten:
    """An obligation of the bus's own owes nothing by an alert, as an escalation does: it is followed to its agency, and not asked for."""
    notice = Notice.model_validate_json(data)
    owed = notice.obligation
    own = owed.source == OWN_SOURCE and owed.kind in OWN_KINDS
    deed = Deed.ESCALATE if own else notice.deed
    return NoticeWritten(owed.alert_id, notice.id, owed.id, owed.case_id, deed, owed.since, owed.exercise)


def _receipted(data: bytes) -> NoticeReceipted | None:
    receipt = Receipt.model_validate_json(data)
    copied = receipt.stage is Stage.COPIED  # says nothing of how the agency's own channel ended
    return None if copied or watchdog.is_reserved(case_id=receipt.case_id) else NoticeReceipted(receipt.alert_id, receipt.notice_id)


def _asked(data: bytes) -> ReviewAsked | None:
    needed = ReviewNeeded.model_validate_json(data)
    return ReviewAsked(needed.alert_id) if needed.alert_id and not watchdog.is_reserved(source=needed.source) else None


def _words(data: bytes) -> WordsReleased | None:
    made = WordsDecided.model_validate_json(data)
    return WordsReleased(made.alert_id, made.case_id, made.statement_id, made.at) if made.released else None


def _version(data: bytes) -> CaseVersion:
    case = Case.model_validate_json(data)
    return CaseVersion(case.id, bare_case(case))


def _ticked(data: bytes) -> CaseTicked:
    tick = Tick.model_validate_json(data)
    return CaseTicked(tick.case_id, tick.at)


_WORDS = words_read_by(
    {
        ALERT_ACCEPTED: _accepted,
        AlertAboutPerson.type: lambda data: _identified(AlertAboutPerson.model_validate_json(data).alert),
        AlertReachedCase.type: lambda data: _identified(AlertReachedCase.model_validate_json(data).alert),
        Tick.type: _ticked,
        WordsDecided.type: _words,
        CASE_RECORDED: _version,
        NOTICE_OWED: _told,
        RECEIPT_GIVEN: _receipted,
        ReviewNeeded.type: _asked,
    }
)


@dataclass(slots=True)
class AlertEvidence:
    """All that the topics say about one alert. `exercise` is None until a finding names one; most alerts are of none."""

    alert_id: str
    exercise: str | None = None
    accepted: dict[str, datetime] = field(default_factory=dict)
    """When each statement counts, by statement."""
    identified: dict[str, AcceptedAlert] = field(default_factory=dict)
    """By statement."""
    told: dict[str, NoticeWritten] = field(default_factory=dict)
    """By notice, an obligation's own in the order written."""
    receipted: set[str] = field(default_factory=set)
    """Notices of which something is known."""
    asked: bool = False
    touched_at: datetime = BEGINNING
    """The time of the newest record about it."""
    released: dict[tuple[str, str], datetime] = field(default_factory=dict)
    """When held words were released, by case and statement: the first time counts."""

    def add(self, finding: AboutAlert) -> None:
        match finding:
            case StatementAccepted():
                self.accepted.setdefault(finding.statement_id, finding.at)
                self.exercise = self.exercise or finding.exercise
            case StatementIdentified():
                found = finding.statement
                self.identified[found.statement_id] = found.beside(self.identified.get(found.statement_id))
                self.exercise = self.exercise or finding.statement.alert.exercise
            case NoticeWritten():
                self.told.setdefault(finding.notice_id, finding)
                self.exercise = self.exercise or finding.exercise
            case NoticeReceipted():
                self.receipted.add(finding.notice_id)
            case ReviewAsked():
                self.asked = True
            case WordsReleased():
                where = (finding.case_id, finding.statement_id)
                self.released[where] = min(finding.at, self.released.get(where, finding.at))

    @property
    def persons(self) -> set[str]:
        return {person_id for said in self.identified.values() for person_ids in said.people for person_id in person_ids}

    @property
    def unidentified(self) -> set[str]:
        """Statements of which neither persons nor a question for review came."""
        return set() if self.asked else self.accepted.keys() - self.identified.keys()


Versions = Mapping[str, list[Case]]
"""By case, every version, the newest last."""


class Evidence:
    """The alerts and cases of one exercise, or of reality, held in memory."""

    def __init__(self, exercise: str | None, alerts: Iterable[AlertEvidence] = (), cases: Versions | None = None) -> None:
        self.exercise = exercise
        self._alerts = {one.alert_id: one for one in alerts}
        self._versions = {case_id: {case.version: case for case in versions} for case_id, versions in (cases or {}).items()}
        self._ticks: dict[str, datetime] = {}

    def take(self, record: Received) -> None:
        """Add one record."""
        finding = finding_of(record)
        match finding:
            case None:
                pass
            case CaseTicked():
                self._ticks[finding.case_id] = max(finding.at, self._ticks.get(finding.case_id, BEGINNING))
            case CaseVersion():
                if finding.case.exercise == self.exercise:
                    self._versions.setdefault(finding.case_id, {}).setdefault(finding.case.version, finding.case)
            case _:
                known = self._alerts.setdefault(finding.alert_id, AlertEvidence(finding.alert_id))
                known.add(finding)
                known.touched_at = max(known.touched_at, written_at(record))

    @property
    def alerts(self) -> Iterator[AlertEvidence]:
        return (one for one in self._alerts.values() if one.exercise == self.exercise)

    def is_elsewhere(self, alert_id: str) -> bool:
        """Say whether the alert is known, and of another exercise."""
        found = self._alerts.get(alert_id)
        return self.exercise is not None if found is None else found.exercise != self.exercise

    @property
    def cases(self) -> Versions:
        return {case_id: [found[v] for v in sorted(found)] for case_id, found in self._versions.items()}

    @property
    def clock(self) -> datetime:
        """How far an exercise has come: the latest moment of its alerts and of the ticks of its cases."""
        moments = [at for one in self.alerts for at in one.accepted.values()]
        moments += [at for case_id, at in self._ticks.items() if case_id in self._versions]
        return max(moments, default=BEGINNING)
