"""What cannot be decided is kept whole, as a CloudEvent, and nothing of what it holds gets into a header or is ever shown."""

import base64
from dataclasses import asdict, dataclass
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from alertbus.broker import topics
from alertbus.broker.envelope import decode
from alertbus.broker.producer import MAX_RECORD_BYTES
from alertbus.model import ids
from alertbus.model.events import MessageKept
from alertbus.plugin.kit.samples import sample_notice
from alertbus.quarantine.entry import BUS, Disposition, attempt_of, is_kept_message, poisoned, read, refused
from alertbus.wire.reading import moment
from alertbus.wire.records import message_kept

CANARY = "Canary Mother"
AT = datetime(2026, 11, 24, 3, 0, tzinfo=UTC)


@dataclass
class Poison:
    topic: str = topics.CASE_EVENTS
    partition: int = 3
    offset: int = 41
    key: bytes | None = b"case-1"
    value: bytes | None = b"not an event, and it names Canary Mother"
    headers: tuple[tuple[str, bytes], ...] = (("note", b"Canary Mother"),)


def test_a_record_that_cannot_be_decided_goes_to_quarantine_with_its_coordinates_and_none_of_its_headers() -> None:
    record = poisoned(Poison(), "EnvelopeFault", by="/alertbus/stream", at=AT)
    event = decode(record.headers, record.key, record.value)

    assert (record.topic, record.key, event.data) == (topics.QUARANTINE, b"case-1", Poison.value)
    assert event.subject == "alertbus.case-events/3/41"
    assert event.extensions == {
        "originaltopic": "alertbus.case-events",
        "originalpartition": "3",
        "originaloffset": "41",
        "errorclass": "EnvelopeFault",
        "disposition": "poison",
        "attempt": "1",
        "pluginversion": BUS,
        "originalbytes": "40",
    }
    assert b"Canary" not in b"".join(value for _, value in record.headers)


def test_an_entry_written_again_after_a_crash_is_the_same_entry() -> None:
    once, again = (poisoned(Poison(), "EnvelopeFault", by="/alertbus/stream", at=AT) for _ in range(2))

    assert once == again


def test_a_notice_refused_for_good_is_an_entry_of_its_own_for_each_attempt() -> None:
    notice = sample_notice(id=ids.event_id("notice"))
    first, second = (refused(notice, "refused", by="/alertbus/delivery", at=AT, attempt=n, version="health 0.1.0") for n in (1, 2))
    entry = read(first.headers, first.value)

    assert entry is not None
    assert (entry.disposition, entry.agency, entry.notice_id) == (Disposition.REFUSED, notice.obligation.agency, notice.id)
    assert (entry.attempt, entry.version, entry.error) == (1, "health 0.1.0", "refused")
    assert entry.id != getattr(read(second.headers, second.value), "id", entry.id)


def test_what_is_written_is_read_again() -> None:
    record = poisoned(Poison(headers=(("ce_attempt", b"3"),)), "ValidationError", by="/alertbus/delivery", at=AT)
    entry = read(record.headers, record.value)

    assert entry is not None
    assert (entry.topic, entry.partition, entry.offset, entry.attempt) == (topics.CASE_EVENTS, 3, 41, 3)
    assert (entry.error, entry.version, entry.size_bytes, entry.at) == ("ValidationError", BUS, 40, AT)
    assert CANARY not in str(asdict(entry))


def test_a_value_too_large_to_copy_leaves_an_entry_without_it_and_with_its_size() -> None:
    record = poisoned(Poison(value=b"x" * MAX_RECORD_BYTES, key=b"k" * 40_000), "EnvelopeFault", by="/alertbus/stream", at=AT)
    entry = read(record.headers, record.value)

    assert (record.value, record.key) == (b"", b"alertbus.case-events/3/41")
    assert entry is not None
    assert entry.size_bytes == MAX_RECORD_BYTES


@pytest.mark.parametrize(
    "name", ["ce_errorclass", "ce_originaltopic", "ce_pluginversion", "ce_agency", "ce_id", "ce_source", "ce_disposition"]
)
def test_of_a_record_on_the_topic_that_is_no_entry_of_ours_nothing_is_said(name: str) -> None:
    record = poisoned(Poison(), "EnvelopeFault", by="/alertbus/stream", at=AT)
    forged = [(n, v) for n, v in record.headers if n != name] + [(name, CANARY.encode())]

    assert read(record.headers, record.value) is not None
    assert read(forged, record.value) is None
    assert read((), None) is None


def test_a_raw_message_that_review_keeps_is_no_entry() -> None:
    kept = MessageKept(
        ref=ids.event_id("raw"),
        source="hmpps",
        received_at=AT,
        media_type="text/plain",
        reason="not_understood",
        digest="0" * 64,
        body=base64.b64encode(CANARY.encode()),
    )
    record = message_kept(kept)

    assert is_kept_message(record.headers)
    assert read(record.headers, record.value) is None
    assert not is_kept_message(poisoned(Poison(), "EnvelopeFault", by="/alertbus/stream", at=AT).headers)


@given(st.floats(allow_nan=True, allow_infinity=True))
def test_any_timestamp_a_stranger_writes_is_some_moment(timestamp: float) -> None:
    assert moment(timestamp).tzinfo is UTC


@given(st.binary())
def test_any_attempt_a_stranger_writes_is_some_attempt(text: bytes) -> None:
    assert attempt_of([("ce_attempt", text)]) >= 1
