"""Records that the bus cannot read, one for each way in which a record can be wrong. Pure: a form and a seed give the same bytes."""

import random
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum

from alertbus.broker import topics
from alertbus.broker.envelope import encode
from alertbus.model.events import (
    ALERT_ACCEPTED,
    CASE_RECORDED,
    NOTICE_OWED,
    RECEIPT_GIVEN,
    RECORD_QUARANTINED,
    AlertAboutPerson,
    AlertReachedCase,
    ReviewNeeded,
)

LARGEST = 1_048_588 - 1_200
"""Bytes of a value that the broker still takes (its `message.max.bytes`, less what a batch of one record adds)."""


class Form(StrEnum):
    RANDOM_BYTES = "random_bytes"
    NOTHING = "nothing"
    """No value at all: a tombstone."""
    NO_KEY = "no_key"
    NO_ENVELOPE = "no_envelope"
    """JSON without our headers: written by something else."""
    NOT_JSON = "not_json"
    WRONG_JSON = "wrong_json"
    """Our envelope around an object that is not the model's."""
    WRONG_TYPE = "wrong_type"
    """A type of ours, on a topic where it has no business."""
    UNKNOWN_TYPE = "unknown_type"
    HEADERS_NOT_TEXT = "headers_not_text"
    DEEP = "deep"
    """JSON nested deeper than any parser should follow."""
    HUGE = "huge"


FORMS = tuple(Form)


@dataclass(frozen=True, slots=True)
class Poison:
    key: bytes | None
    value: bytes | None
    headers: list[tuple[str, bytes]]


_TYPES: Mapping[str, str] = {
    topics.ALERTS: ALERT_ACCEPTED,
    topics.CASES: CASE_RECORDED,
    topics.PERSON_EVENTS: AlertAboutPerson.type,
    topics.CASE_EVENTS: AlertReachedCase.type,
    topics.NOTICES: NOTICE_OWED,
    topics.RECEIPTS: RECEIPT_GIVEN,
    topics.REVIEW: ReviewNeeded.type,
    topics.QUARANTINE: RECORD_QUARANTINED,
}

_NOWHERE = "uk.alertbus.weather.forecast.v1"


def brew(topic: str, form: Form, seed: int) -> Poison:
    """One poison record for this topic. Its key is random: a state's own key would be a corruption, not a poison record."""
    chance = random.Random(seed)
    key: bytes | None = b"poison-" + chance.randbytes(8).hex().encode()
    type_ = _TYPES.get(topic, _NOWHERE)
    body: Callable[[str, bytes], list[tuple[str, bytes]]] = lambda name, data: _enveloped(name, data, seed)  # noqa: E731
    match form:
        case Form.RANDOM_BYTES:
            return Poison(key, chance.randbytes(chance.randint(1, 400)), [("x", chance.randbytes(8))])
        case Form.NOTHING:
            # A tombstone would delete a key of a compacted topic: its own, which nobody else has.
            return Poison(key, None, [])
        case Form.NO_KEY:
            return Poison(None if seed % 2 else b"", b'{"nobody": 1}', body(type_, b""))
        case Form.NO_ENVELOPE:
            return Poison(key, b'{"id": "1", "hello": "world"}', [])
        case Form.NOT_JSON:
            return Poison(key, b'{"id": "1", ', body(type_, b""))
        case Form.WRONG_JSON:
            return Poison(key, b'{"case": 7, "alert": [], "person_id": null}', body(type_, b""))
        case Form.WRONG_TYPE:
            return Poison(key, b"{}", body(RECEIPT_GIVEN if topic != topics.RECEIPTS else NOTICE_OWED, b""))
        case Form.UNKNOWN_TYPE:
            return Poison(key, b"{}", body(_NOWHERE, b""))
        case Form.HEADERS_NOT_TEXT:
            return Poison(key, b"{}", [(name, b"\xff\xfe" + text) for name, text in body(type_, b"")])
        case Form.DEEP:
            return Poison(key, b"[" * 100_000, body(type_, b""))
        case Form.HUGE:
            return Poison(key, chance.randbytes(LARGEST), body(type_, b""))


def _enveloped(type_: str, data: bytes, seed: int) -> list[tuple[str, bytes]]:
    headers, _ = encode(
        type=type_, source="/chaos", id=f"poison-{seed}", time=datetime(2026, 1, 1, tzinfo=UTC), subject="poison", data=data
    )
    return headers
