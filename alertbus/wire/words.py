"""Every word that stands on a topic: its topic, and the model in which it is read. The only place that joins the two. Pure."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from alertbus.broker import topics
from alertbus.model.alert import AcceptedAlert
from alertbus.model.case import Case
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
    Tick,
    WordsDecided,
)
from alertbus.model.identity import PersonMerged, PersonSplit, ReviewDecided
from alertbus.model.item import Item
from alertbus.model.notice import Notice
from alertbus.model.receipt import Receipt
from alertbus.model.team import Team

GATEWAY = "/alertbus/gateway"
STREAM = "/alertbus/stream"
DELIVERY = "/alertbus/delivery"
AUDIT = "/alertbus/audit"
OPERATIONS = "/alertbus/quarantine"
"""The CloudEvents `source` of a record names the room that wrote it. An operator's redrive is written by the quarantine."""

Reader = Callable[[bytes], Any]
"""Makes a record's data into what its reader needs of it. May raise `ValueError`, as pydantic does."""

Words = Mapping[tuple[str, str], Reader]
"""By topic and type of event, what reads its data."""


@dataclass(frozen=True, slots=True)
class OnTopic:
    """Where a word stands, and how it is read whole."""

    topic: str
    read: Reader


def _nothing(_: bytes) -> None:
    """The data is whatever could not be decided: the headers say all that may be known."""


TABLE: Mapping[str, OnTopic] = {
    ALERT_ACCEPTED: OnTopic(topics.ALERTS, AcceptedAlert.model_validate_json),
    IdentifyAgain.type: OnTopic(topics.ALERTS, IdentifyAgain.model_validate_json),
    CASE_RECORDED: OnTopic(topics.CASES, Case.model_validate_json),
    AlertAboutPerson.type: OnTopic(topics.PERSON_EVENTS, AlertAboutPerson.model_validate_json),
    PersonRevised.type: OnTopic(topics.PERSON_EVENTS, PersonRevised.model_validate_json),
    LinkChanged.type: OnTopic(topics.PERSON_EVENTS, LinkChanged.model_validate_json),
    AlertReachedCase.type: OnTopic(topics.CASE_EVENTS, AlertReachedCase.model_validate_json),
    CaseChanged.type: OnTopic(topics.CASE_EVENTS, CaseChanged.model_validate_json),
    Tick.type: OnTopic(topics.CASE_EVENTS, Tick.model_validate_json),
    WordsDecided.type: OnTopic(topics.CASE_EVENTS, WordsDecided.model_validate_json),
    Answered.type: OnTopic(topics.CASE_EVENTS, Answered.model_validate_json),
    NotDelivered.type: OnTopic(topics.CASE_EVENTS, NotDelivered.model_validate_json),
    ItemDecided.type: OnTopic(topics.CASE_EVENTS, ItemDecided.model_validate_json),
    ItemEscalated.type: OnTopic(topics.CASE_EVENTS, ItemEscalated.model_validate_json),
    Item.type: OnTopic(topics.ITEMS, Item.model_validate_json),
    Team.type: OnTopic(topics.TEAMS, Team.model_validate_json),
    NOTICE_OWED: OnTopic(topics.NOTICES, Notice.model_validate_json),
    RECEIPT_GIVEN: OnTopic(topics.RECEIPTS, Receipt.model_validate_json),
    ReviewNeeded.type: OnTopic(topics.REVIEW, ReviewNeeded.model_validate_json),
    ReviewDecided.type: OnTopic(topics.REVIEW, ReviewDecided.model_validate_json),
    PersonMerged.type: OnTopic(topics.REVIEW, PersonMerged.model_validate_json),
    PersonSplit.type: OnTopic(topics.REVIEW, PersonSplit.model_validate_json),
    MessageKept.type: OnTopic(topics.QUARANTINE, MessageKept.model_validate_json),
    RECORD_QUARANTINED: OnTopic(topics.QUARANTINE, _nothing),
    AUDIT_RECORDED: OnTopic(topics.AUDIT, bytes),
}
"""By the type of its event. An audit record is read by the audit room, which checks its hash before it believes a word of it."""


def words(*types: str) -> Words:
    """The words of these types, each read whole from its own topic."""
    return {(TABLE[type_].topic, type_): TABLE[type_].read for type_ in types}


def words_read_by(readers: Mapping[str, Reader]) -> Words:
    """The words of these types, each from its own topic by a reader of the caller's, which may take only what it needs."""
    return {(TABLE[type_].topic, type_): reader for type_, reader in readers.items()}


def word_on(topic: str, type_: str) -> Words:
    """One word on a topic that is named by whoever reads it, as delivery's is by its settings."""
    return {(topic, type_): TABLE[type_].read}
