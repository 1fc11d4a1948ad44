"""The texts of a message as its receiver reads them: strings of JSON, texts and attributes of XML, else the body. Pure.

The encoding is what a receiver takes it for. Of XML a byte-order mark says it, else the `charset` of the media type, else the declaration
(RFC 7303). JSON has no `charset` (RFC 8259), but there are receivers that follow one: where it makes a difference the body is refused.
Other text has its `charset`, else UTF-8.
"""

import codecs
import json
import re
import xml.etree.ElementTree as ET
from collections.abc import Callable, Collection, Iterable, Iterator
from dataclasses import dataclass
from functools import lru_cache

import orjson

from alertbus.model.notice import Message

_CHARSET = re.compile(r"charset\s*=\s*[\"']?([\w.:-]+)", re.IGNORECASE)
_DECLARED = re.compile(rb"^\s*<\?xml[^>]*?encoding\s*=\s*[\"']([\w.-]+)")
_MARKS = ((codecs.BOM_UTF8, "utf-8-sig"), (codecs.BOM_UTF16_LE, "utf-16"), (codecs.BOM_UTF16_BE, "utf-16"))
_UTF_8 = "utf-8"
_NOT_IN_XML = re.compile("[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
_REFERENCE = re.compile(r"&#(?:x([0-9A-Fa-f]{1,6})|([0-9]{1,7}));")
_LARGEST = 0x10FFFF

Strings = Collection[str]


class UncheckableBody(ValueError):
    """The body is not the text its media type says. `str()` says what was expected and what to do, never what was found."""


def strings_of(message: Message) -> list[str]:
    """Every text of the message in the order in which it stands there. Raises `UncheckableBody`."""
    return list(_read(message, _json_strings))


def distinct_strings(message: Message) -> Strings:
    """The same, each perhaps once and in no order, in half the time."""
    return _read(message, _json_set)


def is_markup(message: Message) -> bool | None:
    """Whether the body's texts are markup for their reader, so that `&lt;` is read as `<`: HTML, and whatever is not known to be otherwise.
    Plain text never is. None of JSON and XML, where one string may be.
    """
    kind = _kind_of(message)
    return None if _is_json(kind) or _is_xml(kind) else kind not in {"text/plain", "text/csv"}


@dataclass(frozen=True, slots=True)
class OtherReading:
    """The texts of a message in another encoding than the one that counts: what its writer may have meant."""

    meant: str
    """That encoding, by Python's name."""
    counts: str
    """The one in which a receiver reads it."""
    strings: Strings


def read_otherwise(message: Message) -> Iterator[OtherReading]:
    """Yield the message in other encodings than the one that counts, where it names or suggests another. Nothing for most messages."""
    kind = _kind_of(message)
    if _is_json(kind):
        return  # what its `charset` makes of it is refused where it is read
    if _is_xml(kind):
        declared = _declared_in(message.body)
        counts, others = _encoding_of_xml(message) or declared, [declared or _UTF_8, _UTF_8]
    else:
        counts, others = _charset_of(message.media_type), [_UTF_8]
    for encoding in dict.fromkeys(one for one in others if not _same(one, counts)):
        try:
            text = message.body.decode(encoding)
            yield OtherReading(_codec(encoding), _codec(counts), list(_xml_strings(_parsed(text))) if _is_xml(kind) else [text])
        except (ValueError, LookupError, ET.ParseError, RecursionError):
            continue


def not_held_by_xml(text: str) -> str:
    """Name the first character of a text that XML 1.0 cannot hold, as `U+000B`; empty where it can hold all."""
    found = _NOT_IN_XML.search(text)
    return f"U+{ord(found[0]):04X}" if found else ""


def _read(message: Message, of_json: Callable[[object], Strings]) -> Strings:
    kind = _kind_of(message)
    try:
        if _is_json(kind):
            return of_json(_json(message))
        if _is_xml(kind):
            return list(_xml_strings(_xml(message)))
        return [message.body.decode(_charset_of(message.media_type) or _UTF_8)]
    except (ValueError, LookupError, ET.ParseError, RecursionError):
        pass  # raised below, outside the handler: the parser's own error quotes the body
    if _is_json(kind) and _charset_of(message.media_type):
        raise UncheckableBody(
            "the media type names a charset in which its JSON reads otherwise or not at all. JSON is UTF-8 and has no charset: write "
            "UTF-8, and leave the charset out"
        )
    if _is_xml(kind) and (character := _held_by_no_xml(message)):
        raise UncheckableBody(
            f"the body holds the character {character}, which XML cannot hold, not even as a reference. Of a speaker whose words hold it "
            "leave all words out, and say that there are words; elsewhere put U+FFFD in its place"
        )
    raise UncheckableBody(
        f"the body is not the text that media type {kind} promises, so it cannot be checked. Send text in the encoding the media type names"
    )


def _kind_of(message: Message) -> str:
    return _base(message.media_type)


@lru_cache(maxsize=64)
def _base(media_type: str) -> str:
    return media_type.partition(";")[0].strip().lower()


def _is_json(kind: str) -> bool:
    return kind.endswith(("/json", "+json"))


def _is_xml(kind: str) -> bool:
    return kind.endswith(("/xml", "+xml"))


def _charset_of(media_type: str) -> str | None:
    found = _CHARSET.search(media_type) if ";" in media_type else None
    return found[1] if found else None


def _same(one: str | None, other: str | None) -> bool:
    """Whether two encodings are one: by name, or because ASCII is UTF-8."""
    return one == other or _codec(one) == _codec(other)


def _codec(name: str | None) -> str:
    try:
        found = codecs.lookup(name or _UTF_8).name
    except LookupError:
        return name or ""
    return _UTF_8 if found in {"ascii", "utf-8-sig"} else found


def _json(message: Message) -> object:
    body = message.body
    try:
        value = orjson.loads(body)
    except orjson.JSONDecodeError:
        value = json.loads(body)  # reads what is JSON by its own rules alone: in another encoding, with NaN or half a pair of surrogates
    charset = _charset_of(message.media_type)
    if charset is None or _same(charset, _UTF_8) or value == json.loads(body.decode(charset)):
        return value
    raise ValueError("a receiver that follows the charset reads something else")


def _json_strings(value: object) -> list[str]:
    found: list[str] = []
    if isinstance(value, str):
        found.append(value)
    elif isinstance(value, dict):
        for key, inner in value.items():
            found.append(key)
            found += _json_strings(inner)
    elif isinstance(value, list):
        for inner in value:
            found += _json_strings(inner)
    return found


def _json_set(value: object) -> set[str]:
    found: set[str] = set()
    to_do: list[Iterable[object]] = [[value]]
    for each in to_do:
        for inner in each:
            if type(inner) is str:
                found.add(inner)
            elif type(inner) is dict:
                found.update(inner)
                to_do.append(inner.values())
            elif type(inner) is list:
                to_do.append(inner)
    return found


strings_in = _json_set
"""Every string of a value of JSON, each once."""


def _xml(message: Message) -> ET.Element:
    encoding = _encoding_of_xml(message)
    return _parsed(message.body if encoding is None else message.body.decode(encoding))


def _parsed(text: str | bytes) -> ET.Element:
    return ET.fromstring(text)  # noqa: S314  written by our own plugin a moment ago, not by a stranger


def _encoding_of_xml(message: Message) -> str | None:
    """Say what a receiver reads it in; None where the declaration says it, which the parser heeds by itself."""
    for mark, encoding in _MARKS:
        if message.body.startswith(mark):
            return encoding
    return _charset_of(message.media_type)


def _declared_in(body: bytes) -> str | None:
    found = _DECLARED.match(body)
    return found[1].decode("ascii") if found else None


def _held_by_no_xml(message: Message) -> str:
    try:
        text = message.body.decode(_encoding_of_xml(message) or _declared_in(message.body) or _UTF_8)
    except (ValueError, LookupError):
        return ""
    referred = (int(found[1], 16) if found[1] else int(found[2]) for found in _REFERENCE.finditer(text))
    return not_held_by_xml(text) or not_held_by_xml("".join(chr(each) for each in referred if each <= _LARGEST))


def _xml_strings(element: ET.Element) -> Iterator[str]:
    yield from (str(value) for value in element.attrib.values())
    yield element.text or ""
    for child in element:
        yield from _xml_strings(child)
        yield child.tail or ""
