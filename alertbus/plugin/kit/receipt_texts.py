"""What a receipt says in words, with the escapes of its format undone, and the same receipt with somebody else's name in it."""

import html
import json
import re
import unicodedata
import xml.etree.ElementTree as ET
from collections.abc import Iterator
from typing import Any
from urllib.parse import unquote_plus

from alertbus.plugin.kit import damage

_WORD = re.compile(r"[^\W_]+")
_SHORTEST = 3
"""Letters of a word that is somebody's and nothing else: an initial stands in many places."""
_ANOTHER = "Quillfeather"


def words_in(text: str) -> list[str]:
    """Give the words of a text as they are compared: whatever their case, their accents' form, and what stands between them."""
    return _WORD.findall(unicodedata.normalize("NFC", text).casefold())


def stand_in(words: str, raw: bytes) -> bool:
    """Whether each of the words stands in the receipt, be it in several of its fields."""
    standing = {word for text in _texts(raw) for word in words_in(text)}
    return set(words_in(words)) <= standing


def holds(text: str, raw: bytes) -> bool:
    """Whether the text stands in the receipt as it is."""
    return any(text in one for one in _texts(raw))


def renamed(name: str, raw: bytes) -> bytes:
    """Give the receipt with another name in the place of this one, as many words as it has."""
    own = words_in(name)
    long = [word for word in own if len(word) >= _SHORTEST] or own
    return _put(raw, re.compile("|".join(rf"(?<!\w){re.escape(word)}(?!\w)" for word in long), re.IGNORECASE), _ANOTHER)


def rekeyed(key: str, raw: bytes, other: str) -> bytes:
    """Give the receipt with another key in the place of this one."""
    return raw.replace(key.encode(), other.encode()) if key.encode() in raw else _put(raw, re.compile(re.escape(key)), other)


def _put(raw: bytes, old: re.Pattern[str], new: str) -> bytes:
    markup = not damage.is_json(raw) and damage.is_markup(raw)
    for number in range(len(damage.places(raw))):
        here = damage.places(raw)
        if number >= len(here) or not here[number].text:
            continue
        text = here[number].text or ""
        if not damage.is_json(raw):  # each byte stands there as one character
            text = _decoded(text.encode("latin-1"))
        plain = html.unescape(text) if markup else text
        if not _is_nested(plain) and old.search(plain):
            changed = old.sub(new, plain)
            raw = here[number].put(html.escape(changed) if markup else changed)
    return raw


def _is_nested(text: str) -> bool:
    return text[:1] in "{[" and isinstance(_as_json(text), dict | list)


def _texts(raw: bytes) -> list[str]:
    found = _as_json(raw)
    if found is not None:
        return list(_strings(found))
    if damage.is_markup(raw) and b"<!DOCTYPE" not in raw:
        try:
            elements = list(ET.fromstring(raw).iter())  # noqa: S314  a sample of the plugin's own, without entities
        except (ET.ParseError, ValueError, LookupError):
            elements = []
        if elements:
            return ["".join(elements[0].itertext()), *(text for one in elements for text in (one.text or "", *one.attrib.values()))]
    page = _decoded(raw)
    return [page, html.unescape(page), unquote_plus(page)]


def _decoded(raw: bytes) -> str:
    for encoding in ("utf-16",) if raw.startswith((b"\xff\xfe", b"\xfe\xff")) else ("utf-8-sig", "cp1252"):
        try:
            return raw.decode(encoding)
        except UnicodeDecodeError:
            continue
    return raw.decode("latin-1")


def _as_json(raw: bytes | str) -> Any:
    try:
        return json.loads(raw)
    except (ValueError, RecursionError):
        return None


def _strings(value: Any) -> Iterator[str]:
    if isinstance(value, dict | list):
        for inner in value.values() if isinstance(value, dict) else value:
            yield from _strings(inner)
    elif isinstance(value, str):
        yield value
        if _is_nested(value):  # an envelope holds its message as text
            yield from _strings(_as_json(value))
    elif value is not None:
        yield str(value)
