"""One invented family's records as the gateway, the stages and delivery write them, decided by the bus's own reducers. Pure."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from alertbus.bench import county
from alertbus.broker import topics
from alertbus.broker.envelope import encode
from alertbus.broker.producer import Record
from alertbus.delivery.refused_notices import SOURCE as DELIVERY
from alertbus.model import ids
from alertbus.model.alert import AcceptedAlert, Action, Alert
from alertbus.model.base import Word
from alertbus.model.events import NOTICE_OWED, RECEIPT_GIVEN, AlertAboutPerson, CaseChanged, LinkChanged
from alertbus.model.notice import Intent, Notice, Receipt, Stage
from alertbus.policy.policy import Policy
from alertbus.reach.notices import notices_for
from alertbus.reach.reduce_case import EMPTY as NO_CASE
from alertbus.reach.reduce_case import reduce_case
from alertbus.reach.reduce_person import EMPTY as NOBODY
from alertbus.reach.reduce_person import reduce_person
from alertbus.wire import records

SOURCE = "/alertbus/bench"


@dataclass(frozen=True, slots=True)
class Caused:
    """What one statement caused: the records up to the case stage, and the notices that came of them."""

    records: tuple[Record, ...]
    notices: tuple[Notice, ...]


class Family:
    """One case and its adult. What is stated about the adult goes through both reducers, whose states are kept here."""

    def __init__(self, number: int, policy: Policy) -> None:
        self.number = number
        self.person_id = str(UUID(int=number))
        self.person, self.case = NOBODY, NO_CASE
        self._policy = policy
        self._first_at: dict[str, datetime] = {}

    def opened(self, at: datetime) -> list[Record]:
        """The case becomes known. Call it once, before anything is stated."""
        snapshot = county.case_of(self.number).with_implied_links()
        people = tuple(person.model_copy(update={"person_ids": (self.person_id,)}) for person in snapshot.people)
        case = snapshot.model_copy(update={"people": people}).learned(None, at)
        links = LinkChanged(person_id=self.person_id, case_id=case.id, version=case.version, links=case.links)
        self.person, _ = reduce_person(self.person, links, self._policy)
        self.case, _ = reduce_case(self.case, CaseChanged(case=case), self._policy)
        return [*county.told_of(case, at), records.case_recorded(case, at)]

    def stated(self, alert: Alert, at: datetime) -> Caused:
        """The alert is accepted at this moment; a later statement of the same alert must come later."""
        first_at = None if alert.action is Action.RAISED else self._first_at.get(alert.alert_id)
        accepted = AcceptedAlert.of(alert, at, first_at)
        self._first_at.setdefault(alert.alert_id, at)
        about = AlertAboutPerson(person_id=self.person_id, alert=accepted.with_people(((self.person_id,),)))
        event_id = ids.event_id(about.type, accepted.statement_id, self.person_id)
        written = [records.alert_accepted(accepted), _record(topics.PERSON_EVENTS, self.person_id, about.type, event_id, at, about)]
        notices: list[Notice] = []
        self.person, arrivals = reduce_person(self.person, about, self._policy)
        for arrival in arrivals:
            event_id = ids.event_id(arrival.type, arrival.alert.statement_id, arrival.case_id, arrival.via)
            written.append(_record(topics.CASE_EVENTS, arrival.case_id, arrival.type, event_id, at, arrival))
            before = self.case
            self.case, owed = reduce_case(before, arrival, self._policy)
            notices += [built.notice for built in notices_for(owed, before, self.case, self._policy)]
        return Caused(tuple(written), tuple(notices))


def notice_records(notices: Iterable[Notice]) -> Iterator[Record]:
    for notice in notices:
        owed = notice.obligation
        yield _record(topics.NOTICES, f"{owed.agency}/{owed.case_id}", NOTICE_OWED, notice.id, owed.since, notice, subject=owed.id)


def receipts(notice: Notice, at: datetime, *, answered_at: datetime | None = None) -> Iterator[Record]:
    """The agency's system took the notice at this moment, and a named worker answered it later, if at all.

    The first is delivery's own: a rebuild believes of its attempts only what delivery signed.
    """
    owed = notice.obligation
    of_notice = {
        "notice_id": notice.id,
        "obligation_id": owed.id,
        "alert_id": owed.alert_id,
        "case_id": owed.case_id,
        "agency": owed.agency,
    }
    accepted = Receipt(id=ids.receipt_id(notice.id, Stage.ACCEPTED), stage=Stage.ACCEPTED, at=at, **of_notice)
    yield _record(topics.RECEIPTS, owed.case_id, RECEIPT_GIVEN, accepted.id, at, accepted, subject=notice.id, source=DELIVERY)
    if answered_at is not None:
        answer = {"by": "Worker One", "intent": Intent.ACTING}
        receipt_id = ids.receipt_id(notice.id, Stage.ACKNOWLEDGED)
        yield records.receipt_given(Receipt(id=receipt_id, stage=Stage.ACKNOWLEDGED, at=answered_at, **of_notice, **answer))


def _record(
    topic: str, key: str, type_: str, event_id: str, at: datetime, word: Word, *, subject: str | None = None, source: str = SOURCE
) -> Record:
    data = word.model_dump_json(by_alias=True, exclude_defaults=True).encode()
    headers, value = encode(type=type_, source=source, id=event_id, time=at, subject=subject or key, data=data)
    return Record(topic, key.encode(), value, headers)
