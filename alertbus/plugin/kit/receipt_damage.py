"""What goes wrong with receipts and not with every message: an encoding that nobody can read, one field that says two things."""

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache

from alertbus.plugin.kit import damage

ENCODINGS = (
    "nonsense",
    "",
    "shift_jis",
    "iso-2022-jp",
    "utf-7",
    "utf-16",
    "utf-32",
    "cp037",
    "idna",
    "punycode",
    "undefined",
    "base64",
    "x" * 300,
)
"""Declared by an XML text: unknown ones, some of several bytes for a character, some that are no encoding of text."""

_DECLARED = re.compile(rb"^(?:\xef\xbb\xbf)?\s*<\?xml[^>]*\?>")
_MARK = "@@twice@@"
_LINE = rf"(?m)^{_MARK}(?:\r?\n|\r|\Z)"
_SEPARATORS = re.compile(r"[|\t;,^~=:\s]")


@dataclass(frozen=True, slots=True)
class Contradiction:
    """A field of a receipt with another value: in place of the first, and beside it in both orders."""

    where: str
    instead: bytes
    both: tuple[bytes, ...]


def encodings_declared(sample: bytes) -> Iterator[tuple[str, bytes]]:
    """Yield a sample of XML with another encoding in its declaration. Nothing for other formats."""
    if damage.is_json(sample) or not damage.is_markup(sample):
        return
    rest = _DECLARED.sub(b"", sample)
    for name in ENCODINGS:
        yield f"the encoding {name[:20]!r} declared", b'<?xml version="1.0" encoding="%s"?>' % name.encode() + rest


def contradictions(sample: bytes, samples: Sequence[bytes], others: Mapping[str, str]) -> Iterator[Contradiction]:
    """Yield each field that other samples have otherwise, or of whose value `others` has another, with both values in it. A field that one
    of the samples has several times may stand there several times.
    """
    for place in damage.places(sample):
        if not place.text or _stands_often(place.where, place.text, samples):
            continue
        values = {found for one in samples if (found := dict(_standing(one)).get(place.where))} | {others.get(place.text, place.text)}
        for value in sorted(values - {place.text}):
            if damage.is_json(sample):
                yield from _twice_in_json(place, place.text, value)
            else:
                marked = place.put(_MARK).decode("latin-1")
                parts = _elements(sample, place, marked, samples) if damage.is_markup(sample) else [re.search(_LINE, marked)]
                yield from (_twice(place, marked, part.span(), value) for part in parts if part is not None)


def _stands_often(where: str, text: str, samples: Sequence[bytes]) -> bool:
    """Whether one of the samples has several such elements, or several lines that begin so."""
    if damage.is_json(samples[0]):
        return False
    if damage.is_markup(samples[0]):
        return any(sum(other == where for other, _ in _standing(one)) > 1 for one in samples)
    return any(sum(_begins(line) == _begins(text) for line in one.decode("latin-1").splitlines()) > 1 for one in samples)


def _elements(sample: bytes, place: damage.SpoiltPlace, marked: str, samples: Sequence[bytes]) -> Iterator[re.Match[str] | None]:
    """The element that has the mark, and each that has that element in it."""
    name = re.escape(place.where[1:].partition(">")[0])
    yield re.search(rf"<{name}(?:\s[^<>]*)?>{_MARK}</{name}\s*>|<{name}\s[^<>]*{_MARK}[^<>]*(?:/>|>[^<]*</{name}\s*>)", marked)
    for outer in dict.fromkeys(where[1:-1] for where, text in _standing(sample) if text == "" and where.endswith(">")):
        if not _stands_often(f"<{outer}>", "", samples):
            end = rf"</{re.escape(outer)}\s*>"
            found = re.search(rf"<{re.escape(outer)}(?=[\s>])(?:(?!{end}).)*{_MARK}.*?{end}", marked, re.DOTALL)
            yield found if found and marked[found.end() :].strip() else None  # the outermost twice is no XML


@lru_cache(maxsize=64)
def _standing(sample: bytes) -> tuple[tuple[str, str | None], ...]:
    """Where something stands in a sample, and what."""
    return tuple((place.where, place.text) for place in damage.places(sample))


def _begins(line: str) -> str:
    return _SEPARATORS.split(line.strip(), maxsplit=1)[0]


def _twice(place: damage.SpoiltPlace, marked: str, span: tuple[int, int], value: str) -> Contradiction:
    """A part once more beside itself, with the other value behind or before it."""
    part = marked[slice(*span)]
    part = part if part.endswith((">", "\n", "\r")) else part + "\n"
    own, other = (part.replace(_MARK, one).encode("latin-1", "replace") for one in (place.text or "", value))
    before, behind = marked[: span[0]].encode("latin-1"), marked[span[1] :].encode("latin-1")
    return Contradiction(place.where, before + other + behind, (before + own + other + behind, before + other + own + behind))


def _twice_in_json(place: damage.SpoiltPlace, first: str, value: str) -> Iterator[Contradiction]:
    marked, name = place.put(_MARK), place.where.rpartition(".")[2]
    old = f"{json.dumps(name)}: {json.dumps(_MARK)}".encode()
    if marked.count(old) == 1:  # else it is an item of a list, or stands within a text that holds JSON
        pairs = ((first, value), (value, first))
        both = [marked.replace(old, ", ".join(f"{json.dumps(name)}: {json.dumps(one)}" for one in pair).encode()) for pair in pairs]
        yield Contradiction(place.where, place.put(value), (both[0], both[1]))
