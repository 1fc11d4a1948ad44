"""The check that a message carries verbatim narrative byte for byte or not at all (VOI-01). Pure; knows JSON, XML and text.

The rule, for each excerpt of the notice:

1. It is *whole* where one string of the message contains its text exactly (a JSON string, an XML text or attribute,
   else the body).
2. What the bus itself gave whole (every excerpt, title, flag, summary...) is taken out of all strings. In what is
   left no passage of the excerpt may stand: no run of 40 characters (for a short excerpt three quarters of it, at
   least 12), compared without regard to case, space, typographic quotes and character references. A cut, a preview,
   a re-spacing and a shout are found; a template's own words are not.

It cannot see a free retelling in other words, nor into base64: those are for a reviewer.
"""

import html
import json
import re
import unicodedata
import xml.etree.ElementTree as ET
from collections.abc import Iterable, Iterator
from functools import lru_cache

from alertbus.model.notice import Message, Notice

WINDOW = 40
"""Characters that two texts share only when one was made from the other."""
SHORTEST = 16
"""An excerpt shorter than this shares its words with too much for a part of it to prove anything."""


class UncheckableBody(ValueError):
    """The body is not the text its media type says. `str()` says what was expected, never what was found."""


def altered(notice: Notice, message: Message) -> tuple[int, ...]:
    """Give the positions in `notice.narrative` of excerpts carried cut or changed; none when all are whole or absent."""
    if not notice.narrative:
        return ()
    # One text, its strings kept apart by a character that no passage holds: every step is then taken once per message.
    left = _normal(_without("\0".join(strings_of(message)), _given(notice)))
    return tuple(i for i, excerpt in enumerate(notice.narrative) if _shares_passage(excerpt.text, left))


def carried(notice: Notice, message: Message) -> tuple[int, ...]:
    """Give the positions in `notice.narrative` of excerpts that the message carries whole."""
    strings = strings_of(message)
    texts = [(i, excerpt.text) for i, excerpt in enumerate(notice.narrative)]
    return tuple(i for i, text in texts if any(text in s or text in html.unescape(s) for s in strings))


def strings_of(message: Message) -> list[str]:
    """Every text of the message in the order in which it stands there."""
    kind = message.media_type.partition(";")[0].strip().lower()
    try:
        if kind.endswith(("/json", "+json")):
            return list(_json_strings(json.loads(message.body)))
        if kind.endswith(("/xml", "+xml")):
            return list(_xml_strings(ET.fromstring(message.body)))  # noqa: S314  written by our own plugin a moment ago, not by a stranger
        return [message.body.decode(_charset(message.media_type))]
    except (ValueError, LookupError, ET.ParseError, RecursionError):
        pass  # raised below, outside the handler: the parser's own error quotes the body
    raise UncheckableBody(f"the body is not the text that media type {kind} promises, so it cannot be checked")


def _given(notice: Notice) -> list[str]:
    texts = [e.text for e in notice.narrative]
    texts += [notice.title, notice.because, notice.flag or "", notice.summary, notice.action, notice.contact or ""]
    return sorted({t for t in texts if t}, key=len, reverse=True)  # longest first: one may lie inside another


def _without(string: str, given: Iterable[str]) -> str:
    for text in given:
        string = string.replace(text, "\0")
    string = html.unescape(string)  # FHIR puts XHTML into a JSON string
    for text in given:
        string = string.replace(text, "\0")
    return string


def _shares_passage(text: str, rest: str) -> bool:
    normal, size, halves = _halves(text)
    if len(normal) < SHORTEST:
        return False
    # A shared run of `size` holds a whole half-run at one of these steps: mostly only those need looking at.
    half = size // 2
    if not any(rest[i : i + half] in halves for i in range(0, len(rest), size - half + 1)):
        return False
    passages = {normal[i : i + size] for i in range(len(normal) - size + 1)}
    return any(rest[i : i + size] in passages for i in range(len(rest) - size + 1))


@lru_cache(maxsize=64)  # one statement goes to many agencies
def _halves(text: str) -> tuple[str, int, frozenset[str]]:
    normal = _normal(text)
    size = min(WINDOW, max(12, len(normal) * 3 // 4))
    half = size // 2
    return normal, size, frozenset(normal[i : i + half] for i in range(len(normal) - half + 1))


_QUOTES = str.maketrans("\u2018\u2019\u201b\u201c\u201d\u201f\u2013\u2014\u2026", "'''\"\"\"--.")


def _normal(text: str) -> str:
    return re.sub(r"\s+", " ", unicodedata.normalize("NFKC", text.translate(_QUOTES)).casefold()).strip()


def _json_strings(value: object) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict):
        for key, inner in value.items():
            yield key
            yield from _json_strings(inner)
    elif isinstance(value, list):
        for inner in value:
            yield from _json_strings(inner)


def _xml_strings(element: ET.Element) -> Iterator[str]:
    yield from (str(value) for value in element.attrib.values())
    yield element.text or ""
    for child in element:
        yield from _xml_strings(child)
        yield child.tail or ""


def _charset(media_type: str) -> str:
    found = re.search(r"charset=\"?([\w-]+)", media_type, re.IGNORECASE)
    return found[1] if found else "utf-8"
