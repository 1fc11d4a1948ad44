"""What a stage cannot decide is kept whole, as a CloudEvent, and nothing of what it holds gets into a header."""

from dataclasses import dataclass

from alertbus.broker import topics
from alertbus.broker.envelope import decode
from alertbus.stream.stages import quarantined


@dataclass
class Poison:
    topic: str = topics.CASE_EVENTS
    partition: int = 3
    offset: int = 41
    timestamp: float = 1_700_000_000.0
    key: bytes = b"case-1"
    value: bytes = b"not an event, and it names Canary Mother"
    headers: tuple[tuple[str, bytes], ...] = (("note", b"Canary Mother"),)


def test_a_record_that_cannot_be_decided_goes_to_quarantine_with_its_coordinates_and_none_of_its_headers() -> None:
    record = quarantined(Poison(), "EnvelopeFault")
    event = decode(record.headers, record.key, record.value)

    assert (record.topic, record.key, event.data) == (topics.QUARANTINE, b"case-1", Poison.value)
    assert event.subject == "alertbus.case-events/3/41"
    assert event.extensions == {
        "originaltopic": "alertbus.case-events",
        "originalpartition": "3",
        "originaloffset": "41",
        "errorclass": "EnvelopeFault",
        "disposition": "quarantined",
    }
    assert b"Canary" not in b"".join(value for _, value in record.headers)
