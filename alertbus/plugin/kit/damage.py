"""What goes wrong with messages on their way: bytes, fields and lines lost or spoiled, in whatever format a sample has.

A sample is taken as JSON where it can be read as that, as XML where it looks like it, and as lines of fields otherwise.
"""

import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

from alertbus.plugin.kit import text_places

MOST_PLACES = 150
"""Of one sample that are damaged one by one: the rest of a long message has the shape of its beginning."""

JUNK: tuple[Any, ...] = (None, "", " ", "{placeholder}", -1, 2**70, 1.5, True, [], {}, [{}], {"a": []}, "\ud800", "x" * 70_000)
"""What stands in a field of JSON instead of what belongs there."""

TEXT_JUNK = ("", " ", "{placeholder}", "-1", "\x00", "99999999999999999999", "x" * 70_000)
"""The same for a format that has nothing but text."""

MANY = 3_000
"""Times that a part is repeated in a message that wants too much."""

GARBAGE = (b"\xff\xfe\xfd\x00\x01\x02", b"\x80" * 64, bytes(range(128, 256)) * 3, b"\x1f\x8b\x08\x00\x00\x00\x00\x00\x00\x03\xff")
"""No message in any format: not even text."""

_BOMB = b"".join(b'<!ENTITY %c "%s">' % (letter, b"&%c;" % (letter - 1) * 10) for letter in b"bcdefghij")

HOSTILE = (
    b"",
    b"\xff\xfe",
    b"\xef\xbb\xbf{}",
    b"[" * 100_000,
    b"9" * 10_000,
    b'{"a":' * 10_000,
    b"NaN",
    b'"\\ud800"',
    b"<a>" * 10_000,
    b"|" * 10_000,
    b'<?xml version="1.0"?><!DOCTYPE a [<!ENTITY a "aaaaaaaaaa">' + _BOMB + b"]><a>&j;</a>",
    b'<?xml version="1.0"?><!DOCTYPE a [<!ENTITY a SYSTEM "file:///etc/hostname">]><a>&a;</a>',
    b"\n" * 10_000,
    b"\x00" * 1_000,
)

_GONE = object()
Rewrite = Callable[[Any], Any]


@dataclass(frozen=True, slots=True)
class SpoiltPlace:
    """One place of a sample that can be spoiled: where it is, what stands there when that is text, and the message with something else."""

    where: str
    text: str | None
    put: Callable[[Any], bytes]
    gone: bytes


def places(sample: bytes) -> list[SpoiltPlace]:
    """Give every place of a sample, inside JSON kept as text as well."""
    whole = _as_json(sample)
    if whole is not _GONE:
        found = _json_places(whole)
    else:
        found = [
            SpoiltPlace(where, text, lambda new, put=put: put(_as_text(new)), gone)  # type: ignore[misc]
            for where, text, put, gone in text_places.places(sample)
        ]
    return found[:MOST_PLACES]


def spoiled(sample: bytes) -> Iterator[tuple[str, bytes]]:
    """Yield the sample with one value taken out or replaced, at every place in it."""
    junk = TEXT_JUNK if _as_json(sample) is _GONE else JUNK
    for place in places(sample):
        yield f"{place.where} missing", place.gone
        for value in junk:
            yield f"{place.where} spoiled", place.put(value)


def bytes_lost(sample: bytes) -> Iterator[tuple[str, bytes]]:
    """Yield the sample as a broken line or a wrong encoding leaves it."""
    length = len(sample)
    for tenth in range(10):
        at = length * tenth // 10
        yield f"the message cut after {at} bytes", sample[:at]
        yield f"byte {at} spoiled", sample[:at] + b"\xff" + sample[at + 1 :]
        yield f"byte {at} zero", sample[:at] + b"\x00" + sample[at + 1 :]
    yield "the last byte missing", sample[:-1]
    yield "the first byte missing", sample[1:]
    yield "the message twice", sample + sample
    yield "a byte order mark before it", b"\xef\xbb\xbf" + sample
    yield "its lines ended as Windows does", sample.replace(b"\r\n", b"\n").replace(b"\n", b"\r\n")
    yield "it in UTF-16", sample.decode("utf-8", "replace").encode("utf-16")


def is_json(sample: bytes) -> bool:
    """Whether the sample can be read as JSON."""
    return _as_json(sample) is not _GONE


def is_markup(sample: bytes) -> bool:
    """Whether the sample looks like XML."""
    return text_places.is_markup(sample)


def lines_spoiled(sample: bytes) -> Iterator[tuple[str, bytes]]:
    """Yield a sample of lines with a line of it unreadable, or with one that does not belong there. Nothing for JSON and XML."""
    if _as_json(sample) is _GONE and not text_places.is_markup(sample):
        yield from text_places.lines_spoiled(sample)


def items_spoiled(sample: bytes) -> Iterator[tuple[str, bytes]]:
    """Yield a sample of JSON with one item of a list of objects unreadable. Nothing for other formats."""
    whole = _as_json(sample)
    if whole is _GONE:
        return
    for place, value in _json_walk(whole):
        inner = value
        if isinstance(inner, list) and inner and all(isinstance(item, dict) for item in inner):
            for index in range(min(len(inner), 3)):
                for junk in ({"not": "what belongs here"}, "not what belongs here"):
                    yield f"{place.where}[{index}] unreadable", place.put([*inner[:index], junk, *inner[index + 1 :]])


def lists(sample: bytes) -> Iterator[tuple[str, list[dict[str, Any]], Callable[[list[Any]], bytes]]]:
    """Yield each list of objects in a sample of JSON: where it is, its items, and the message with another list. Nothing for the rest."""
    whole = _as_json(sample)
    if whole is _GONE:
        return
    for path, value, rewrite in (("$", whole, lambda new: new), *_below(whole, "")):
        if isinstance(value, list) and value and all(isinstance(item, dict) for item in value):
            yield path, value, lambda new, rewrite=rewrite: _encode(rewrite(new))  # type: ignore[misc]


def repeated(sample: bytes) -> Iterator[tuple[str, bytes]]:
    """Yield the sample with one part of it some thousand times, each as different from the others as the format allows."""
    whole = _as_json(sample)
    if whole is _GONE:
        yield from text_places.repeated(sample, MANY)
        return
    if isinstance(whole, dict):
        yield "the whole as a list", _encode([whole] * MANY)
    for place, value in _json_walk(whole):
        if isinstance(value, list) and value:
            yield f"{place.where} repeated", place.put([_numbered(value[i % len(value)], i) for i in range(MANY)])


def _numbered(value: Any, number: int) -> Any:
    """The item with its short words made different, so that a reader of ids sees as many as there are items."""
    if not isinstance(value, dict):
        return value
    return {key: f"{each}{number}" if "id" in key.casefold() and isinstance(each, str) else each for key, each in value.items()}


def _as_json(sample: bytes) -> Any:
    try:
        return json.loads(sample)
    except (ValueError, RecursionError):
        return _GONE


def _json_places(whole: Any) -> list[SpoiltPlace]:
    return [place for place, _ in _json_walk(whole) if place.where]


def _json_walk(whole: Any) -> Iterator[tuple[SpoiltPlace, Any]]:
    """Yield every place with what stands there, the whole first, with an empty path."""
    yield SpoiltPlace("", None, _encode, b""), whole
    for path, value, rewrite in _below(whole, ""):
        text = value if isinstance(value, str) else None
        yield SpoiltPlace(path, text, lambda new, rewrite=rewrite: _encode(rewrite(new)), _encode(rewrite(_GONE))), value  # type: ignore[misc]


def _below(value: Any, path: str) -> Iterator[tuple[str, Any, Rewrite]]:
    if isinstance(value, dict):
        for key in value:
            yield from _place(value, key, f"{path}.{key}" if path else str(key))
    elif isinstance(value, list):
        for index in range(min(len(value), 3)):
            yield from _place(value, index, f"{path}[{index}]")


def _place(parent: Any, key: Any, path: str) -> Iterator[tuple[str, Any, Rewrite]]:
    def put(new: Any) -> Any:
        copy = dict(parent) if isinstance(parent, dict) else list(parent)
        if new is _GONE:
            del copy[key]
        else:
            copy[key] = new
        return copy

    child = parent[key]
    yield path, child, put
    if isinstance(child, str) and child[:1] in "{[":
        inner = _as_json(child.encode("utf-8", "replace"))
        for below, value, rewrite in () if inner is _GONE else _below(inner, path):
            yield below, value, lambda new, rewrite=rewrite: put(json.dumps(rewrite(new)))  # type: ignore[misc]
        return
    for below, value, rewrite in _below(child, path):
        yield below, value, lambda new, rewrite=rewrite: put(rewrite(new))  # type: ignore[misc]


def _encode(value: Any) -> bytes:
    return json.dumps(value).encode()


def _as_text(value: Any) -> str:
    return value if isinstance(value, str) else json.dumps(value)
