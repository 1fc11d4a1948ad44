"""CloudEvents 1.0 in Kafka's binary mode: the event's attributes as headers, our JSON untouched as the value.

Written and read without the SDK, because it happens tens of thousands of times a second; tests hold every set of
headers against the SDK. Whoever runs the broker sees headers: nothing about a person may be in one, so `subject` is an
opaque id.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import lru_cache
from types import MappingProxyType

from alertbus.broker.faults import EnvelopeFault
from alertbus.broker.record import RecordHeaders

type_pattern = r"uk\.alertbus\.[a-z][a-z0-9_-]*(?:\.[a-z][a-z0-9_-]*)*\.v[1-9][0-9]*"

_TYPE = re.compile(type_pattern)
_SUBJECT = re.compile(r"[A-Za-z0-9._:/@-]{1,200}")
_EXPECTED_SUBJECT = "expected an opaque id of 1 to 200 of A-Z a-z 0-9 . _ : / @ -; found something else"
_EXTENSION = re.compile(r"[a-z0-9]{1,20}")
_LONGEST = 500
_CORE = frozenset({"specversion", "type", "source", "id", "time", "subject", "datacontenttype", "dataschema", "data"})
_OURS = _CORE | {"traceparent", "partitionkey"}
_SPECVERSION = ("ce_specversion", b"1.0")
_JSON = ("content-type", b"application/json")
_NAMES_HERE = ("ce_specversion", "ce_id", "ce_type", "ce_source", "ce_time", "ce_subject", "content-type")
_NO_EXTENSIONS: Mapping[str, str] = MappingProxyType({})


@dataclass(slots=True)  # not frozen: that takes four times as long to make, for every record in every part
class Envelope:
    type: str
    id: str
    source: str
    time: datetime
    subject: str
    data: bytes = field(repr=False)  # a repr ends up in logs
    key: str | None = None
    extensions: Mapping[str, str] = field(default_factory=dict)


def encode(
    *,
    type: str,  # noqa: A002  the attribute's name in the standard
    source: str,
    id: str,  # noqa: A002
    time: datetime,
    subject: str,
    data: bytes,
    extensions: Mapping[str, str] = _NO_EXTENSIONS,
) -> tuple[list[tuple[str, bytes]], bytes]:
    """Build the record's headers and value. `time` must know its offset. `EnvelopeFault` never repeats a value."""
    if time.utcoffset() is None:
        raise EnvelopeFault("time: expected a moment with its offset, found one without; give it in UTC")
    if not _SUBJECT.fullmatch(subject):
        raise EnvelopeFault(f"subject: {_EXPECTED_SUBJECT}")
    headers = [
        _SPECVERSION,
        ("ce_id", _plain("id", id)),
        *_type_and_source(type, source),
        ("ce_time", _moment(time)),
        ("ce_subject", subject.encode()),
        _JSON,
    ]
    for name, value in extensions.items():
        if name in _OURS or not _EXTENSION.fullmatch(name):
            raise EnvelopeFault(f"extension '{name[:20]}': expected 1 to 20 of a-z 0-9, and a name not yet in use")
        headers.append((f"ce_{name}", _plain(name, value)))
    return headers, data


def decode(headers: RecordHeaders, key: bytes | None, value: bytes | None) -> Envelope:
    """Read the event in a record. A trace context that another system set is passed over."""
    return _as_written_here(headers, key, value) or _decoded(headers, key, value)


def _as_written_here(headers: RecordHeaders, key: bytes | None, value: bytes | None) -> Envelope | None:
    """Read headers that stand as `encode` puts them, at a third of the cost; None for all others, and whatever is wrong with them."""
    if len(headers) != len(_NAMES_HERE):
        return None
    names, values = zip(*headers, strict=True)
    if names != _NAMES_HERE or values[0] != _SPECVERSION[1] or values[-1] != _JSON[1]:
        return None
    try:
        id_, type_, source, subject = values[1].decode(), *_type_and_source_in(values[2], values[3]), values[5].decode()
        if not (id_ and type_ and source and _SUBJECT.fullmatch(subject)):
            return None
        readable_key = None if key is None else key.decode()
        return Envelope(type_, id_, source, _time_in(values[4]), subject, value or b"", readable_key, _NO_EXTENSIONS)
    except (ValueError, AttributeError):
        return None


@lru_cache(maxsize=1024)
def _type_and_source_in(type_: bytes, source: bytes) -> tuple[str, str]:
    return type_.decode(), source.decode()


@lru_cache(maxsize=1024)
def _time_in(text: bytes) -> datetime:
    return _time(text.decode())


def _decoded(headers: RecordHeaders, key: bytes | None, value: bytes | None) -> Envelope:
    try:
        found = {name.lower(): text.decode() for name, text in headers}
        readable_key = None if key is None else key.decode()
    except (UnicodeDecodeError, AttributeError) as error:
        raise EnvelopeFault("headers: expected UTF-8, found something else") from error
    if found.pop("ce_specversion", None) != "1.0":
        raise EnvelopeFault("ce_specversion: expected 1.0; was this record written by something else?")
    if found.pop("content-type", "application/json").partition(";")[0].strip() != "application/json":
        raise EnvelopeFault("content-type: expected application/json")
    subject = _taken(found, "subject")
    if not _SUBJECT.fullmatch(subject):
        raise EnvelopeFault(f"ce_subject: {_EXPECTED_SUBJECT}")
    found.pop("ce_traceparent", None)  # nobody here sets one; whatever a stranger set says nothing to us
    return Envelope(
        type=_taken(found, "type"),
        id=_taken(found, "id"),
        source=_taken(found, "source"),
        time=_time(_taken(found, "time")),
        subject=subject,
        data=value or b"",
        key=readable_key,
        extensions=_extensions(found),
    )


@lru_cache(maxsize=1024)  # few types, few sources, every record
def _type_and_source(type_: str, source: str) -> tuple[tuple[str, bytes], tuple[str, bytes]]:
    if not _TYPE.fullmatch(type_):
        raise EnvelopeFault("type: expected uk.alertbus.<noun>.<past-tense>.v<n>")
    return ("ce_type", type_.encode()), ("ce_source", _plain("source", source))


def _plain(name: str, value: str) -> bytes:
    if not value.isprintable() or not 0 < len(value) <= _LONGEST:
        raise EnvelopeFault(f"{name}: expected 1 to {_LONGEST} printable characters, found {len(value)} or others")
    return value.encode()


@lru_cache(maxsize=1024)  # all that one statement causes has its moment
def _moment(time: datetime) -> bytes:
    utc = time if time.tzinfo is UTC else time.astimezone(UTC)
    return (utc.replace(tzinfo=None).isoformat() + "Z").encode()


def _taken(found: dict[str, str], attribute: str) -> str:
    value = found.pop(f"ce_{attribute}", "")
    if not value:
        raise EnvelopeFault(f"ce_{attribute}: expected a value, found none")
    return value


def _time(text: str) -> datetime:
    try:
        time = datetime.fromisoformat(text)
        time.astimezone(UTC)
    except (ValueError, OverflowError) as error:
        raise EnvelopeFault("ce_time: expected RFC 3339, found something else") from error
    if time.utcoffset() is None:
        raise EnvelopeFault("ce_time: expected a moment with its offset, found one without")
    return time


def _extensions(found: Mapping[str, str]) -> Mapping[str, str]:
    return {name[3:]: text for name, text in found.items() if name.startswith("ce_")}
