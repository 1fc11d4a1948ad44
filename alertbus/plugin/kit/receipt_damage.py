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
        if not place.text or any(_has_several(one, place) for one in samples):
            continue
        values = {found for one in samples if (found := dict(_standing(one)).get(place.where))} | {others.get(place.text, place.text)}
        for value in sorted(values - {place.text}):
            yield from _twice(sample, place, place.text, value)


def _has_several(sample: bytes, place: damage.SpoiltPlace) -> bool:
    if damage.is_json(sample):
        return False
    if damage.is_markup(sample):
        return sum(where == place.where for where, _ in _standing(sample)) > 1
    begins = _begins(place.text or "")
    return sum(_begins(line) == begins for line in sample.decode("latin-1").splitlines()) > 1


@lru_cache(maxsize=64)
def _standing(sample: bytes) -> tuple[tuple[str, str | None], ...]:
    """Where something stands in a sample, and what."""
    return tuple((place.where, place.text) for place in damage.places(sample))


def _begins(line: str) -> str:
    return _SEPARATORS.split(line.strip(), maxsplit=1)[0]


def _twice(sample: bytes, place: damage.SpoiltPlace, first: str, value: str) -> Iterator[Contradiction]:
    """The field once more beside itself, with the other value behind or before it; nothing where the format has no two of it."""
    if damage.is_json(sample):
        yield from _twice_in_json(place, first, value)
        return
    marked = place.put(_MARK).decode("latin-1")
    whole = rf"(?m)^{_MARK}(?:\r?\n|\r|\Z)"
    if damage.is_markup(sample):
        name = re.escape(place.where[1:].partition(">")[0])
        whole = rf"<{name}(?:\s[^<>]*)?>{_MARK}</{name}\s*>|<{name}\s[^<>]*{_MARK}[^<>]*(?:/>|>[^<]*</{name}\s*>)"
    found = re.search(whole, marked)
    if found is None:  # an attribute of an element with others in it; a part of a line
        return
    ends = found[0] if found[0].endswith((">", "\n", "\r")) else found[0] + "\n"
    own, other = (ends.replace(_MARK, one).encode("latin-1", "replace") for one in (first, value))
    before, behind = (part.encode("latin-1") for part in (marked[: found.start()], marked[found.end() :]))
    yield Contradiction(place.where, before + other + behind, (before + own + other + behind, before + other + own + behind))


def _twice_in_json(place: damage.SpoiltPlace, first: str, value: str) -> Iterator[Contradiction]:
    marked, name = place.put(_MARK), place.where.rpartition(".")[2]
    old = f"{json.dumps(name)}: {json.dumps(_MARK)}".encode()
    if marked.count(old) == 1:  # else it is an item of a list, or stands within a text that holds JSON
        pairs = ((first, value), (value, first))
        both = [marked.replace(old, ", ".join(f"{json.dumps(name)}: {json.dumps(one)}" for one in pair).encode()) for pair in pairs]
        yield Contradiction(place.where, place.put(value), (both[0], both[1]))
