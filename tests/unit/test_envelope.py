"""What we write is a CloudEvent to anybody else's eyes, and what anybody else writes as one, we read."""

import json
from datetime import UTC, datetime, timedelta, timezone
from random import Random
from typing import Any

import pytest
from cloudevents.core.bindings.kafka import KafkaMessage, from_binary_event, to_binary_event
from cloudevents.core.v1.event import CloudEvent
from hypothesis import given
from hypothesis import strategies as st

from alertbus.broker.envelope import Envelope, decode, encode
from alertbus.broker.faults import EnvelopeFault

TRACE = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"
GIVEN = {
    "type": "uk.alertbus.alert.accepted.v1",
    "source": "police.northants",
    "id": "a-1",
    "time": datetime(2020, 11, 18, 14, 5, tzinfo=UTC),
    "subject": "person/01HX",
    "data": b'{"kind": "threat_to_staff"}',
}

opaque = st.text("ABCxyz019._:/@-", min_size=1, max_size=200)
printable = st.text(st.characters(categories=["L", "N", "P", "S"]), min_size=1, max_size=60)
moments = st.datetimes(
    min_value=datetime(1900, 1, 2),  # noqa: DTZ001  the strategy adds the zone
    max_value=datetime(2200, 1, 1),  # noqa: DTZ001
    timezones=st.integers(-840, 840).map(lambda minutes: timezone(timedelta(minutes=minutes))),
)
words = st.text("abcdefghij", min_size=1, max_size=10)
events = st.fixed_dictionaries(
    {
        "type": st.builds("uk.alertbus.{}.{}-{}.v{}".format, words, words, words, st.integers(1, 99)),
        "source": printable,
        "id": printable,
        "time": moments,
        "subject": opaque,
        "data": st.dictionaries(words, printable, min_size=1).map(lambda data: json.dumps(data).encode()),
        "extensions": st.dictionaries(words.map("x".__add__), printable, max_size=3),
    }
)


@given(events)
def test_every_header_set_we_build_is_read_as_the_same_event_by_the_sdk_and_by_us(event: dict[str, Any]) -> None:
    headers, value = encode(**event)

    theirs = from_binary_event(KafkaMessage(headers=dict(headers), key=b"case-1", value=value))
    ours = decode(headers, b"case-1", value)

    assert value is event["data"]
    assert len(dict(headers)) == len(headers)
    assert theirs.get_attributes() == {
        "specversion": "1.0",
        "datacontenttype": "application/json",
        "partitionkey": "case-1",
        **{name: event[name] for name in ("type", "source", "id", "time", "subject")},
        **event["extensions"],
    }
    assert theirs.get_data() == json.loads(value)
    assert ours == Envelope(key="case-1", **event)


@given(events, st.randoms(use_true_random=False))
def test_headers_in_any_order_and_case_are_read_as_the_same_event(event: dict[str, Any], random: Random) -> None:
    headers, value = encode(**event)
    mixed = [(name.title(), text) for name, text in random.sample(headers, len(headers))]

    assert decode(mixed, b"case-1", value) == decode(headers, b"case-1", value)


@given(events)
def test_what_the_sdk_writes_we_read_as_the_same_event(event: dict[str, Any]) -> None:
    attributes = {
        **{name: event[name] for name in ("type", "source", "id", "time", "subject")},
        **event["extensions"],
        "datacontenttype": "application/json; charset=utf-8",
        "traceparent": TRACE,
    }

    message = to_binary_event(CloudEvent(attributes, event["data"]))
    ours = decode(list(message.headers.items()), None, message.value)

    assert ours == Envelope(**event)


def test_the_time_is_written_in_utc_whatever_zone_it_came_in() -> None:
    headers, _ = encode(**{**GIVEN, "time": datetime(2020, 11, 18, 15, 5, tzinfo=timezone(timedelta(hours=1)))})

    assert dict(headers)["ce_time"] == b"2020-11-18T14:05:00Z"


@pytest.mark.parametrize(
    "changed",
    [
        pytest.param({"subject": "Jane Canary"}, id="a name as subject"),
        pytest.param({"subject": ""}, id="no subject"),
        pytest.param({"subject": "case-1\n"}, id="a subject with a line end"),
        pytest.param({"subject": "c" * 201}, id="a subject too long"),
        pytest.param({"type": "com.canary.v1"}, id="a type that is not ours"),
        pytest.param({"type": "uk.alertbus.alert.accepted"}, id="a type without its version"),
        pytest.param({"id": ""}, id="no id"),
        pytest.param({"id": "canary\x00"}, id="an id with a control character"),
        pytest.param({"source": "canary\r\n"}, id="a source with a line end"),
        pytest.param({"time": datetime(2020, 11, 18)}, id="a time without its offset"),  # noqa: DTZ001
        pytest.param({"extensions": {"type": "canary"}}, id="an extension named as an attribute"),
        pytest.param({"extensions": {"Upper": "canary"}}, id="an extension with a capital"),
        pytest.param({"extensions": {"note": "canary\n"}}, id="an extension with a line end"),
    ],
)
def test_an_event_that_must_not_be_written_is_refused_without_repeating_it(changed: dict[str, Any]) -> None:
    with pytest.raises(EnvelopeFault) as refused:
        encode(**{**GIVEN, **changed})

    assert "canary" not in str(refused.value).lower()


def test_a_trace_context_that_another_system_set_is_passed_over_and_no_reason_to_lose_an_alert() -> None:
    headers, value = encode(**GIVEN)

    assert decode([*headers, ("ce_traceparent", b"canary")], None, value) == decode(headers, None, value)


@pytest.mark.parametrize(
    ("header", "text"),
    [
        pytest.param("ce_specversion", b"0.3", id="an older CloudEvents"),
        pytest.param("ce_id", b"", id="no id"),
        pytest.param("ce_type", b"", id="no type"),
        pytest.param("ce_source", b"", id="no source"),
        pytest.param("ce_subject", b"Jane Canary", id="a name as subject"),
        pytest.param("ce_time", b"canary", id="a time that is none"),
        pytest.param("ce_time", b"2020-11-18T14:05:00", id="a time without its offset"),
        pytest.param("content-type", b"text/plain", id="not JSON"),
        pytest.param("ce_source", b"\xff", id="not UTF-8"),
    ],
)
def test_a_record_that_is_not_our_event_is_refused_without_repeating_it(header: str, text: bytes) -> None:
    headers, value = encode(**GIVEN)

    for wrong in ([*headers, (header, text)], [(name, text if name == header else right) for name, right in headers]):
        with pytest.raises(EnvelopeFault) as refused:
            decode(wrong, b"case-1", value)

        assert "canary" not in str(refused.value).lower()


def test_a_record_without_headers_is_refused() -> None:
    with pytest.raises(EnvelopeFault, match="ce_specversion"):
        decode([], None, b"{}")


def test_the_repr_of_an_envelope_does_not_show_its_data() -> None:
    headers, value = encode(**{**GIVEN, "data": b'{"text": "canary"}'})

    assert "canary" not in repr(decode(headers, None, value))
