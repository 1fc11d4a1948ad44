"""Every record that the bus writes to Kafka is built here, each with a deterministic id: producing one twice is harmless. Pure.

A word has one topic, one key, one subject and one form of JSON: fields that are as they are by default are left out, so
that an older reader meets no field it does not know unless it is used.
"""

import hashlib
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from types import MappingProxyType

from alertbus.broker.envelope import encode
from alertbus.broker.record import Record
from alertbus.model import ids
from alertbus.model.alert import AcceptedAlert
from alertbus.model.base import Word
from alertbus.model.case import Case, Link
from alertbus.model.events import (
    ALERT_ACCEPTED,
    AUDIT_RECORDED,
    CASE_RECORDED,
    NOTICE_OWED,
    RECEIPT_GIVEN,
    RECORD_QUARANTINED,
    AlertAboutPerson,
    AlertReachedCase,
    Answered,
    CaseChanged,
    IdentifyAgain,
    ItemDecided,
    ItemEscalated,
    LinkChanged,
    MessageKept,
    NotDelivered,
    PersonRevised,
    ReviewNeeded,
    ReviewReason,
    Tick,
    WordsDecided,
)
from alertbus.model.identity import PersonMerged, PersonSplit, ReviewDecided
from alertbus.model.item import Item
from alertbus.model.notice import Notice
from alertbus.model.receipt import Receipt
from alertbus.model.screening import Revealed
from alertbus.model.team import Team
from alertbus.wire.words import AUDIT, DELIVERY, GATEWAY, OPERATIONS, STREAM, TABLE

REFUSED_AT = "refusedat"
"""On a redriven notice: the attempt at which it was refused. Delivery sends it again only if that was the last one."""

_NO_MARKS: Mapping[str, str] = MappingProxyType({})


def alert_accepted(accepted: AcceptedAlert) -> Record:
    """A statement, as accepted."""
    return _record(ALERT_ACCEPTED, accepted.alert_id, accepted.statement_id, accepted.at, content(accepted), by=GATEWAY)


def alert_about_people(found: AcceptedAlert, person_ids: Iterable[str]) -> list[Record]:
    """A statement on its way to each person it is about. Its JSON is made once, however many they are."""
    alert, event = content(found), AlertAboutPerson.type
    return [
        _record(
            event,
            person_id,
            ids.event_id(event, found.statement_id, person_id, *_version(found)),
            found.at,
            b'{"person_id":"%b","alert":%b}' % (person_id.encode(), alert),
            by=STREAM,
        )
        for person_id in person_ids
    ]


def identify_again(found: AcceptedAlert, version: int) -> Record:
    """A statement whose persons must be found once more, after the directory's `version`."""
    event_id = ids.event_id(IdentifyAgain.type, found.statement_id, str(version))
    return _record(IdentifyAgain.type, found.alert_id, event_id, found.at, content(IdentifyAgain(alert=found)), by=STREAM)


def person_revised(revised: PersonRevised) -> Record:
    """What the directory knows of a person has changed."""
    event_id = ids.event_id(revised.type, revised.person_id, str(revised.version))
    return _record(revised.type, revised.person_id, event_id, revised.at, content(revised), by=GATEWAY)


def about_who_is_who(said: PersonMerged | PersonSplit) -> Record:
    """That records are one person's, or are not. Keyed by its own id: it is about several persons."""
    key = ids.event_id(said.type, said.exercise or "", said.source, said.id)
    return _record(said.type, key, key, said.at, content(said), by=GATEWAY)


def review_decided(decided: ReviewDecided, key: str) -> Record:
    """A person's decision about a review item, under the item's `key`."""
    event_id = ids.event_id(decided.type, decided.id, decided.outcome, decided.at.astimezone(UTC).isoformat())
    return _record(decided.type, key, event_id, decided.at, content(decided), by=GATEWAY, subject=decided.id)


def alert_reached_case(arrival: AlertReachedCase) -> Record:
    """A statement arrived at a case through one of its people."""
    event_id = ids.event_id(arrival.type, arrival.alert.statement_id, arrival.case_id, arrival.via, *_version(arrival.alert))
    return _record(arrival.type, arrival.case_id, event_id, arrival.alert.at, content(arrival), by=STREAM)


def case_changed(case: Case, at: datetime) -> Record:
    """A version of a case, to its own state."""
    event_id = ids.event_id(CaseChanged.type, case.id, str(case.version))
    return _record(CaseChanged.type, case.id, event_id, at, content(CaseChanged(case=case)), by=GATEWAY)


def links_changed(case: Case, unlinked: Iterable[str], at: datetime) -> list[Record]:
    """The links of everybody linked to the case now, and to each person who no longer is, that none are left."""
    links: dict[str, list[Link]] = {person_id: [] for person_id in unlinked}
    for link in case.links:
        for person_id in case.person(link.person).person_ids:
            links.setdefault(person_id, []).append(link)
    return [_link_changed(case, person_id, tuple(held), at) for person_id, held in sorted(links.items())]


def case_recorded(case: Case, at: datetime) -> Record:
    """The whole snapshot of a version, for the record."""
    event_id = ids.event_id(CASE_RECORDED, case.id, str(case.version))
    return _record(CASE_RECORDED, case.id, event_id, at, content(case), by=GATEWAY)


def ticked(case_id: str, since: datetime, at: datetime, *, by: str = GATEWAY) -> Record:
    """Time has passed on a case, from `since` to `at`."""
    tick = Tick(case_id=case_id, since=since, at=at)
    event_id = ids.event_id(Tick.type, case_id, since.astimezone(UTC).isoformat(), at.astimezone(UTC).isoformat())
    return _record(Tick.type, case_id, event_id, at, content(tick), by=by)


def words_decided(decided: WordsDecided) -> Record:
    """A decision about words that were held back from a case."""
    outcome = "released" if decided.released else "kept"
    event_id = ids.event_id(WordsDecided.type, decided.case_id, decided.statement_id, outcome)
    return _record(WordsDecided.type, decided.case_id, event_id, decided.at, content(decided), by=GATEWAY)


def answered(answer: Answered) -> Record:
    """A named person's answer, to the case. The same receipt is the same answer."""
    event_id = ids.event_id(Answered.type, answer.receipt_id)
    return _record(Answered.type, answer.case_id, event_id, answer.at, content(answer), by=GATEWAY)


def not_delivered(report: NotDelivered) -> Record:
    """That a notice reached nobody, to the case: once for each notice."""
    event_id = ids.event_id(NotDelivered.type, report.notice_id)
    return _record(NotDelivered.type, report.case_id, event_id, report.at, content(report), by=DELIVERY)


def item_decided(decided: ItemDecided) -> Record:
    """A person's decision about an item, to the case."""
    event_id = ids.event_id(ItemDecided.type, decided.item_id, decided.decision, decided.reason, decided.at.astimezone(UTC).isoformat())
    return _record(ItemDecided.type, decided.case_id, event_id, decided.at, content(decided), by=GATEWAY)


def item_escalated(escalated: ItemEscalated) -> Record:
    """That a person had the next of a chain told, to the case."""
    who, at = (escalated.agency, escalated.by), escalated.at.astimezone(UTC).isoformat()
    event_id = ids.event_id(ItemEscalated.type, escalated.item_id, *who, at)
    return _record(ItemEscalated.type, escalated.case_id, event_id, escalated.at, content(escalated), by=GATEWAY)


def item_changed(item: Item) -> Record:
    """An item as it now stands. The same content is the same record."""
    data = content(item)
    event_id = ids.event_id(Item.type, item.id, hashlib.sha256(data).hexdigest())
    return _record(Item.type, item.case_id, event_id, item.at, data, by=STREAM, subject=item.id)


def team_recorded(team: Team, at: datetime) -> Record:
    """A version of a team, whole, under its id. `at`: when it was recorded."""
    event_id = ids.event_id(Team.type, team.id, str(team.version))
    return _record(Team.type, team.id, event_id, team.known_at or at, content(team), by=GATEWAY)


def notice_owed(lane: str, obligation_id: str, notice_id: str, at: datetime, data: bytes, *, by: str) -> Record:
    """A notice, from `content` of it: by agency and case (`Obligation.lane`), so that their order is kept."""
    return _record(NOTICE_OWED, lane, notice_id, at, data, by=by, subject=obligation_id)


def notice_redriven(notice_id: str, lane: bytes, at: datetime, data: bytes, *, entry_id: str, attempt: int) -> Record:
    """A notice put back as it lies in quarantine, unread: so its subject is its own id, and the lane is the entry's key."""
    marks = {"redriveof": entry_id, REFUSED_AT: str(attempt)}
    return _record(NOTICE_OWED, lane, notice_id, at, data, by=OPERATIONS, subject=notice_id, marks=marks)


def receipt_given(receipt: Receipt, *, by: str) -> Record:
    """A receipt, keyed by case so that it meets its case's state. Its subject is the obligation, because that is what a receipt answers."""
    return _record(RECEIPT_GIVEN, receipt.case_id, receipt.id, receipt.at, content(receipt), by=by, subject=receipt.obligation_id)


def review_needed(
    key: str,
    reason: ReviewReason,
    at: datetime,
    *distinguishing: str,
    alert_id: str | None = None,
    person_ids: tuple[str, ...] = (),
    source: str | None = None,
    detail: str | None = None,
    raw_ref: str | None = None,
) -> Record:
    """A question for a human, under an opaque key. The same parts ask the same question: asking again adds nothing."""
    needed = ReviewNeeded(
        id=ids.event_id(ReviewNeeded.type, key, reason, *distinguishing),
        reason=reason,
        at=at,
        alert_id=alert_id,
        person_ids=person_ids,
        source=source,
        detail=detail,
        raw_ref=raw_ref,
    )
    return _record(ReviewNeeded.type, key, needed.id, at, content(needed), by=GATEWAY)


def review_of_statement(accepted: AcceptedAlert, reason: ReviewReason, person_ids: tuple[str, ...] = ()) -> Record:
    """A question for a human about one statement, and about these people where it is about them."""
    needed = ReviewNeeded(
        id=ids.event_id(ReviewNeeded.type, accepted.statement_id, reason, *person_ids),
        reason=reason,
        at=accepted.accepted_at.astimezone(UTC),
        alert_id=accepted.alert_id,
        person_ids=person_ids,
        source=accepted.alert.source,
    )
    return _record(ReviewNeeded.type, accepted.alert_id, needed.id, accepted.at, content(needed), by=STREAM)


def review_of_flag(accepted: AcceptedAlert, at: datetime) -> Record:
    """A question about a flag, once it is `at`: whether it still stands. Asked as long as this statement of it does."""
    return _about_flag(accepted, ReviewReason.FLAG_REVIEW_DUE, at, accepted.statement_id)


def flag_proposed(accepted: AcceptedAlert, person_id: str) -> Record:
    """A question whether to set a flag on somebody, because of this alert about them: the same of every statement of it."""
    return _about_flag(accepted, ReviewReason.FLAG_PROPOSED, accepted.accepted_at, accepted.alert_id, person_id)


def _about_flag(accepted: AcceptedAlert, reason: ReviewReason, at: datetime, about: str, *people: str) -> Record:
    needed = ReviewNeeded(
        id=ids.event_id(ReviewNeeded.type, about, reason, *people),
        reason=reason,
        at=at.astimezone(UTC),
        alert_id=accepted.alert_id,
        person_ids=people,
        source=accepted.alert.source,
        statement_id=accepted.statement_id,
    )
    return _record(ReviewNeeded.type, accepted.alert_id, needed.id, accepted.at, content(needed), by=STREAM)


def review_of_words(held: AcceptedAlert, case_id: str, clues: Iterable[Revealed]) -> Record:
    """A question about words that a case does not have yet: which statement's, and the classes of what was found, never what it is."""
    found = tuple(sorted({f"{one.clue.value} in {one.where}" for one in clues}))
    needed = ReviewNeeded(
        id=ids.event_id(ReviewNeeded.type, held.statement_id, ReviewReason.WORDS_HELD, case_id),
        reason=ReviewReason.WORDS_HELD,
        at=held.accepted_at.astimezone(UTC),
        alert_id=held.alert_id,
        source=held.alert.source,
        case_id=case_id,
        statement_id=held.statement_id,
        clues=found,
    )
    return _record(ReviewNeeded.type, held.alert_id, needed.id, held.at, content(needed), by=STREAM)


def message_kept(kept: MessageKept) -> Record:
    """A raw message, whole, under its opaque reference."""
    return _record(MessageKept.type, kept.ref, kept.ref, kept.received_at, content(kept), by=GATEWAY)


def record_quarantined(
    *, key: bytes, subject: str, event_id: str, at: datetime, data: bytes, marks: Mapping[str, str], by: str
) -> Record:  # the quarantine room says what belongs into an entry
    """An entry: its data is the value that could not be decided or was refused, byte for byte; `marks` are coordinates and classes."""
    return _record(RECORD_QUARANTINED, key, event_id, at, data, by=by, subject=subject, marks=marks)


def audit_recorded(chain: str, record_hash: str, at: datetime, data: bytes) -> Record:
    """A record of an audit chain, under the name of its chain. `data` is what its hash was taken of."""
    return _record(AUDIT_RECORDED, chain, ids.event_id(AUDIT_RECORDED, record_hash), at, data, by=AUDIT)


def content(word: Word) -> bytes:
    """A word's JSON as it stands on its topic."""
    return word.model_dump_json(by_alias=True, exclude_defaults=True).encode()


def notice_record(notice: Notice, *, by: str) -> Record:
    """A notice that starts when it is owed."""
    return notice_owed(notice.obligation.lane, notice.obligation.id, notice.id, notice.obligation.since, content(notice), by=by)


def _version(found: AcceptedAlert) -> tuple[str, ...]:
    """Nothing for the first decision about a statement's persons: its records keep the ids that they always had."""
    return (str(found.people_version),) if found.people_since or found.people_version else ()


def _link_changed(case: Case, person_id: str, links: tuple[Link, ...], at: datetime) -> Record:
    word = LinkChanged(person_id=person_id, case_id=case.id, version=case.version, links=links, exercise=case.exercise)
    event_id = ids.event_id(LinkChanged.type, case.id, str(case.version), person_id)
    return _record(LinkChanged.type, person_id, event_id, at, content(word), by=GATEWAY)


def _record(
    type_: str,
    key: str | bytes,
    event_id: str,
    at: datetime,
    data: bytes,
    *,
    by: str,
    subject: str | None = None,
    marks: Mapping[str, str] = _NO_MARKS,
) -> Record:
    """`subject` None: the key."""
    raw_key = key.encode() if isinstance(key, str) else key
    headers, value = encode(type=type_, source=by, id=event_id, time=at, subject=subject or raw_key.decode(), data=data, extensions=marks)
    return Record(TABLE[type_].topic, raw_key, value, headers)
