"""The records the gateway writes to Kafka, each with a deterministic id: producing one twice is harmless. Pure."""

from collections.abc import Iterable
from datetime import UTC, datetime

from alertbus.broker import topics
from alertbus.broker.envelope import encode
from alertbus.broker.producer import Record
from alertbus.model import ids
from alertbus.model.alert import AcceptedAlert
from alertbus.model.base import Word
from alertbus.model.case import Case, Link
from alertbus.model.events import (
    ALERT_ACCEPTED,
    CASE_RECORDED,
    PERSON_RECORDED,
    RECEIPT_GIVEN,
    CaseChanged,
    LinkChanged,
    MessageKept,
    ReviewNeeded,
    ReviewReason,
    Tick,
)
from alertbus.model.notice import Receipt

SOURCE = "/alertbus/gateway"


def alert_accepted(accepted: AcceptedAlert) -> Record:
    return _record(topics.ALERTS, accepted.alert_id, ALERT_ACCEPTED, accepted.statement_id, accepted.at, _json(accepted))


def case_changed(case: Case, at: datetime) -> Record:
    event_id = ids.event_id(CaseChanged.type, case.id, str(case.version))
    return _record(topics.CASE_EVENTS, case.id, CaseChanged.type, event_id, at, _json(CaseChanged(case=case)))


def links_changed(case: Case, unlinked: Iterable[str], at: datetime) -> list[Record]:
    """The links of everybody linked to the case now, and the empty word on those who no longer are."""
    links: dict[str, list[Link]] = {person_id: [] for person_id in unlinked}
    for link in case.links:
        for person_id in case.person(link.person).person_ids:
            links.setdefault(person_id, []).append(link)
    return [_link_changed(case, person_id, tuple(held), at) for person_id, held in sorted(links.items())]


def people_recorded(case: Case, at: datetime) -> list[Record]:
    return [
        _record(
            topics.PEOPLE,
            person_id,
            PERSON_RECORDED,
            ids.event_id(PERSON_RECORDED, case.id, str(case.version), person_id),
            at,
            _json(person),
        )
        for person in case.people
        for person_id in person.person_ids
    ]


def case_recorded(case: Case, at: datetime) -> Record:
    event_id = ids.event_id(CASE_RECORDED, case.id, str(case.version))
    return _record(topics.CASES, case.id, CASE_RECORDED, event_id, at, _json(case))


def ticked(case_id: str, since: datetime, at: datetime) -> Record:
    tick = Tick(case_id=case_id, since=since, at=at)
    event_id = ids.event_id(Tick.type, case_id, since.astimezone(UTC).isoformat(), at.astimezone(UTC).isoformat())
    return _record(topics.CASE_EVENTS, case_id, Tick.type, event_id, at, _json(tick))


def receipt_given(receipt: Receipt) -> Record:
    return _record(
        topics.RECEIPTS,
        receipt.case_id,
        RECEIPT_GIVEN,
        receipt.id,
        receipt.at,
        _json(receipt),
        subject=receipt.obligation_id,
    )


def review_needed(
    key: str,
    reason: ReviewReason,
    at: datetime,
    *distinguishing: str,
    alert_id: str | None = None,
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
        source=source,
        detail=detail,
        raw_ref=raw_ref,
    )
    return _record(topics.REVIEW, key, ReviewNeeded.type, needed.id, at, _json(needed))


def message_kept(kept: MessageKept) -> Record:
    """A raw message, whole, under its opaque reference."""
    return _record(topics.QUARANTINE, kept.ref, MessageKept.type, kept.ref, kept.received_at, _json(kept))


def _link_changed(case: Case, person_id: str, links: tuple[Link, ...], at: datetime) -> Record:
    word = LinkChanged(person_id=person_id, case_id=case.id, version=case.version, links=links, exercise=case.exercise)
    event_id = ids.event_id(LinkChanged.type, case.id, str(case.version), person_id)
    return _record(topics.PERSON_EVENTS, person_id, LinkChanged.type, event_id, at, _json(word))


def _json(word: Word) -> bytes:
    return word.model_dump_json(by_alias=True, exclude_defaults=True).encode()


def _record(topic: str, key: str, type_: str, event_id: str, at: datetime, value: bytes, *, subject: str | None = None) -> Record:
    headers, data = encode(type=type_, source=SOURCE, id=event_id, time=at, subject=subject or key, data=value)
    return Record(topic=topic, key=key.encode(), value=data, headers=headers)
