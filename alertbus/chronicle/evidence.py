"""What stands on the topics about one exercise, or about reality: all that a reconciliation judges by."""

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime

from pydantic import ValidationError

from alertbus.broker import topics
from alertbus.broker.consumer import Received, read_all
from alertbus.broker.envelope import decode
from alertbus.broker.faults import EnvelopeFault
from alertbus.model.alert import AcceptedAlert
from alertbus.model.case import Case
from alertbus.model.events import AlertAboutPerson, AlertReachedCase, ReviewNeeded, Tick
from alertbus.model.notice import Notice, Receipt


async def gather(bootstrap: str, exercise: str | None) -> "Evidence":
    """Read every topic to where it now ends."""
    found = Evidence(exercise)
    async for record in read_all(bootstrap, _READ):
        found.take(record)
    return found


@dataclass
class Evidence:
    """Repeats of a record change nothing: the first one counts, as it does everywhere behind the topics."""

    exercise: str | None
    accepted: dict[str, AcceptedAlert] = field(default_factory=dict)
    """By statement, as on `alerts`: without persons."""
    identified: dict[str, AcceptedAlert] = field(default_factory=dict)
    """By statement, with persons."""
    versions: dict[str, dict[int, Case]] = field(default_factory=lambda: defaultdict(dict))
    notices: dict[str, dict[str, Notice]] = field(default_factory=lambda: defaultdict(dict))
    """By obligation, then by notice id in the order written."""
    all_notice_ids: set[str] = field(default_factory=set)
    """Of every exercise and of reality."""
    receipted: set[str] = field(default_factory=set)
    """Notices of which something is known."""
    questions: set[str] = field(default_factory=set)
    """Alerts at which a person is asked to look."""
    ticks: dict[str, datetime] = field(default_factory=dict)
    """The latest by case, of every exercise and of reality."""

    def take(self, record: Received) -> None:
        """Add one record. What is no word of ours is in quarantine, and no evidence."""
        try:
            envelope = decode(record.headers, record.key, record.value)
            self._add(record.topic, envelope.type, envelope.data)
        except (EnvelopeFault, ValidationError):
            return

    @property
    def clock(self) -> datetime:
        """How far an exercise has come: the latest moment of its alerts and of the ticks of its cases."""
        moments = [alert.at for alert in self.accepted.values()]
        moments += [at for case_id, at in self.ticks.items() if case_id in self.versions]
        return max(moments, default=datetime.min.replace(tzinfo=UTC))

    @property
    def cases(self) -> Mapping[str, list[Case]]:
        """Every version, the newest last."""
        return {case_id: [found[v] for v in sorted(found)] for case_id, found in self.versions.items()}

    def _add(self, topic: str, type_: str, data: bytes) -> None:  # noqa: C901  one branch for each topic
        match topic, type_:
            case topics.ALERTS, _:
                self._add_statement(self.accepted, AcceptedAlert.model_validate_json(data))
            case topics.PERSON_EVENTS, AlertAboutPerson.type:
                self._add_statement(self.identified, AlertAboutPerson.model_validate_json(data).alert)
            case topics.CASE_EVENTS, AlertReachedCase.type:
                self._add_statement(self.identified, AlertReachedCase.model_validate_json(data).alert)
            case topics.CASE_EVENTS, Tick.type:
                tick = Tick.model_validate_json(data)
                self.ticks[tick.case_id] = max(tick.at, self.ticks.get(tick.case_id, tick.at))
            case topics.CASES, _:
                case = Case.model_validate_json(data)
                if case.exercise == self.exercise:
                    self.versions[case.id].setdefault(case.version, case)
            case topics.NOTICES, _:
                notice = Notice.model_validate_json(data)
                self.all_notice_ids.add(notice.id)
                if notice.obligation.exercise == self.exercise:
                    self.notices[notice.obligation.id].setdefault(notice.id, notice)
            case topics.RECEIPTS, _:
                self.receipted.add(Receipt.model_validate_json(data).notice_id)
            case topics.REVIEW, _:
                self.questions.add(ReviewNeeded.model_validate_json(data).alert_id or "")
            case _:
                pass

    def _add_statement(self, into: dict[str, AcceptedAlert], statement: AcceptedAlert) -> None:
        if statement.alert.exercise == self.exercise:
            into.setdefault(statement.statement_id, statement)


_READ = (
    topics.ALERTS,
    topics.CASES,
    topics.PERSON_EVENTS,
    topics.CASE_EVENTS,
    topics.NOTICES,
    topics.RECEIPTS,
    topics.REVIEW,
)
