"""What the bus itself sees to in a message that a plugin has made, whether or not the plugin keeps to the conformance kit. Pure.

Nothing of the family stands outside the body, where proxies and logs see it; and the flag, where the notice has one, is there and comes
before all else. Both look first for what could be wrong, which is quick and nearly always finds nothing. What looks wrong is then
proved: the notice is rendered once more with other words in those places. A family called Police is not refused because its notice goes to
the police.
"""

import html
import re
import unicodedata
from collections.abc import Iterator, Sequence
from datetime import date
from functools import lru_cache

import orjson

from alertbus.model.notice import Excerpt, Message, Notice, NoticePerson
from alertbus.plugin import fidelity
from alertbus.plugin.fidelity import Again

_NOT_LETTERS = re.compile(r"[\W_]+")
_LONG_ENOUGH = 5
"""Letters and digits of a value that do not stand inside another word by chance; a shorter one is looked for as a word of its own."""
_SHORTEST = 2
_STAND_IN = "Xqzvw"
"""Stands in no language and in no notice."""


def personal_outside(notice: Notice, message: Message, again: Again) -> str | None:
    """Name the place outside the body (`filename`, `headers`, `media_type`) in which something of a person in the notice stands."""
    places = {
        "filename": message.filename,
        "media_type": message.media_type,
        "headers": "\n".join(part for header in message.headers.items() for part in header),
    }
    outside = _compared("\n".join(places.values()))
    people = (*notice.children, *notice.people)
    if not (found := [value for person in people for value in _values_of(person) if _stands_in(value, outside)]):
        return None
    other = again(notice.model_copy(update={"children": _strangers(notice.children), "people": _strangers(notice.people)}))
    if other is not None:
        still = _compared("\n".join((other.filename, other.media_type, *(part for header in other.headers.items() for part in header))))
        found = [value for value in found if not _stands_in(value, still)]
    compared = {place: _compared(text) for place, text in places.items()}
    return next((place for place, text in compared.items() if any(_stands_in(value, text) for value in found)), None)


def flag_out_of_place(notice: Notice, message: Message, marks: Sequence[str], again: Again) -> str | None:
    """Say what is wrong with the flag of the notice in the message: it is not there, or something stands before it. None where all is well.

    `marks`: the sentences by which an adapter says the same where its format has no room for the flag's own words.
    """
    if not notice.flag or _plainly_first(notice, message):
        return None
    heads = "\n".join(message.headers.values())
    if any(mark in heads for mark in marks):
        return None
    before = _before_flag(notice.flag, message, marks)
    if before is None:
        return "the flag of the notice is not in the message. Put it before everything else"
    if not any(text in before for text in _told(notice)):
        return None
    other = again(_told_otherwise(notice))
    before = None if other is None else _before_flag(notice.flag, other, marks)
    if before is not None and _STAND_IN not in before:
        return None
    return "the flag of the notice comes after other words of it. Put it before everything else"


def _plainly_first(notice: Notice, message: Message) -> bool:
    """True where the bytes alone prove it: the flag stands there as it is, and before it is only what reads as it is written."""
    for needle in _written(notice.flag or ""):
        if (at := message.body.find(needle)) >= 0:
            before = message.body[:at]
            plain = before.isascii() and b"\\" not in before and b"&" not in before
            return plain and not any(text.encode() in before for text in _told(notice))
    return False


@lru_cache(maxsize=256)
def _written(flag: str) -> tuple[bytes, ...]:
    plain = flag.encode()
    return tuple(dict.fromkeys((orjson.dumps(flag)[1:-1], plain)))


def _told(notice: Notice) -> Iterator[str]:
    yield from (text for text in (notice.title, notice.summary, *(excerpt.text for excerpt in notice.narrative)) if text)


def _before_flag(flag: str, message: Message, marks: Sequence[str]) -> str | None:
    """Give what the message says before the flag; None where it does not say it."""
    text = "\n".join(fidelity.strings_of(message))
    for read in (text, html.unescape(text)):
        if places := [at for words in (flag, *marks) if (at := read.find(words)) >= 0]:
            return read[: min(places)]
    spaced, wanted = " ".join(html.unescape(text).split()), " ".join(flag.split())
    at = spaced.find(wanted)  # a line that a format had to break is the same line
    return spaced[:at] if at >= 0 else None


def _told_otherwise(notice: Notice) -> Notice:
    """The same notice with words that are found nowhere else: what stands before the flag then was put there."""
    words = f"{_STAND_IN} told"
    told = tuple(
        Excerpt.of(f"{words} {number}", e.said_by, observed_first_hand=e.observed_first_hand) for number, e in enumerate(notice.narrative)
    )
    return notice.model_copy(update={"title": f"{words} title", "summary": notice.summary and f"{words} summary", "narrative": told})


def _values_of(person: NoticePerson) -> Iterator[str]:
    """What of a person nobody outside may read: names, birth date, numbers, addresses, and a label of several words."""
    if person.name is not None:
        yield person.name.given or ""
        yield person.name.family or ""
    if person.label and " " in person.label:
        yield person.label
    if person.born is not None:
        yield person.born.isoformat()
        yield f"{person.born.day:02}{person.born.month:02}{person.born.year:04}"
    yield from (identifier.value for identifier in person.identifiers)
    for address in person.addresses:
        yield address.uprn or ""
        yield address.postcode or ""
        yield from address.lines


@lru_cache(maxsize=4096)  # one family's notices go to seven agencies
def _value(value: str) -> tuple[str, str]:
    """A value as it is looked for: run together, and as words."""
    words = _words(value)
    return words.replace(" ", ""), f" {words} "


def _words(text: str) -> str:
    if not text.isascii():
        text = "".join(c for c in unicodedata.normalize("NFKD", text) if not unicodedata.combining(c))
    return " ".join(_NOT_LETTERS.sub(" ", text).split()).casefold()


def _compared(text: str) -> tuple[str, str]:
    words = _words(text)
    return words.replace(" ", ""), f" {words} "


def _stands_in(value: str, text: tuple[str, str]) -> bool:
    together, words = _value(value)
    return together in text[0] if len(together) >= _LONG_ENOUGH else len(together) >= _SHORTEST and words in text[1]


def _strangers(people: Sequence[NoticePerson]) -> tuple[NoticePerson, ...]:
    """The same people with nothing of their own, so that what still stands outside is not theirs."""
    return tuple(_stranger(person) for person in people)


def _stranger(person: NoticePerson) -> NoticePerson:
    name = person.name and person.name.model_copy(
        update={"given": person.name.given and f"{_STAND_IN}a", "family": person.name.family and f"{_STAND_IN}b"}
    )
    return person.model_copy(
        update={
            "name": name,
            "label": person.label and f"{_STAND_IN} label",
            "born": person.born and date(1801, 2, 3),
            "identifiers": tuple(i.model_copy(update={"value": "0" * len(i.value)}) for i in person.identifiers),
            "addresses": tuple(
                a.model_copy(update={"uprn": a.uprn and "1", "postcode": a.postcode and "XX0 0XX", "lines": ()}) for a in person.addresses
            ),
        }
    )
