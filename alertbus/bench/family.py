"""One invented family's records as the gateway, the stages and delivery write them, decided by the bus's own reducers. Pure."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from alertbus.bench import county
from alertbus.broker.record import Record
from alertbus.model import ids
from alertbus.model.alert import AcceptedAlert, Action, Alert
from alertbus.model.events import AlertAboutPerson, CaseChanged, LinkChanged
from alertbus.model.notice import Notice
from alertbus.model.receipt import Intent, Receipt, Stage
from alertbus.policy.policy import Policy
from alertbus.reach.notices import notices_for
from alertbus.reach.reduce_case import EMPTY as NO_CASE
from alertbus.reach.reduce_case import reduce_case
from alertbus.reach.reduce_person import EMPTY as NOBODY
from alertbus.reach.reduce_person import reduce_person
from alertbus.wire import records
from alertbus.wire.words import DELIVERY, GATEWAY, STREAM


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
        self.person, *_ = reduce_person(self.person, links, self._policy)
        self.case, _ = reduce_case(self.case, CaseChanged(case=case), self._policy)
        return [*county.told_of(case, at), records.case_recorded(case, at)]

    def stated(self, alert: Alert, at: datetime) -> Caused:
        """The alert is accepted at this moment; a later statement of the same alert must come later."""
        first_at = None if alert.action is Action.RAISED else self._first_at.get(alert.alert_id)
        accepted = AcceptedAlert.of(alert, at, first_at)
        self._first_at.setdefault(alert.alert_id, at)
        found = accepted.with_people(((self.person_id,),))
        written = [records.alert_accepted(accepted), *records.alert_about_people(found, [self.person_id])]
        notices: list[Notice] = []
        self.person, arrivals, _ = reduce_person(self.person, AlertAboutPerson(person_id=self.person_id, alert=found), self._policy)
        for arrival in arrivals:
            written.append(records.alert_reached_case(arrival))
            before = self.case
            self.case, owed = reduce_case(before, arrival, self._policy)
            notices += [built.notice for built in notices_for(owed, before, self.case, self._policy)]
        return Caused(tuple(written), tuple(notices))


def notice_records(notices: Iterable[Notice]) -> Iterator[Record]:
    """The notices' records, as the case stage writes them."""
    return (records.notice_record(notice, by=STREAM) for notice in notices)


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
    yield records.receipt_given(accepted, by=DELIVERY)
    if answered_at is not None:
        answer = {"by": "Worker One", "intent": Intent.ACTING}
        receipt_id = ids.receipt_id(notice.id, Stage.ACKNOWLEDGED)
        yield records.receipt_given(Receipt(id=receipt_id, stage=Stage.ACKNOWLEDGED, at=answered_at, **of_notice, **answer), by=GATEWAY)
