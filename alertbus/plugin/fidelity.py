"""The check that a message carries verbatim narrative byte for byte or not at all (VOI-01). Pure; knows JSON, XML and text.

The rule, for each excerpt of the notice:

1. It is *whole* where one string of the message contains its text exactly (a JSON string, an XML text or attribute,
   else the body).
2. What the bus itself gave whole (every excerpt, title, flag, summary...) is taken out of all strings. In what is
   left no passage of the excerpt may stand: no run of 40 characters (for a short excerpt three quarters of it, at
   least 12), compared without regard to case, space, typographic quotes and character references. A cut, a preview,
   a re-spacing and a shout are found; a template's own words are not.
3. Nor may a sentence of the excerpt stand there retold, its words in their order with one negated, starred, left out
   or put in (`retold`). Words that the notice says elsewhere too, as in a section of its details, are no retelling.
4. Of what one speaker said, and saw or did not see, all excerpts are carried or none: one of three is no longer what
   the child said.

It cannot see a free retelling in other words, nor into base64: those are for a reviewer.
"""

import html
import json
import re
import unicodedata
import xml.etree.ElementTree as ET
from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from functools import lru_cache

import orjson

from alertbus.model.notice import Excerpt, Message, Notice
from alertbus.plugin import retold

_STAND_IN = "xqzvw"
"""Stands in no language and in no notice."""
WINDOW = 40
"""Characters that two texts share only when one was made from the other."""
SHORTEST = 16
"""An excerpt shorter than this shares its words with too much for a part of it to prove anything."""

SAYS_WHO = 12
"""Characters of an excerpt that stand in a message only because the message carries it."""


class UncheckableBody(ValueError):
    """The body is not the text its media type says. `str()` says what was expected, never what was found."""


Again = Callable[[Notice], Message | None]
"""Renders another notice with the same adapter; None where it cannot."""


def altered(notice: Notice, message: Message, again: Again = lambda _: None) -> tuple[int, ...]:
    """Give the positions in `notice.narrative` of excerpts that are carried cut, changed or retold, or left out beside another of the same
    speaker; none when all are whole or absent.

    `again`: what looks like a retelling is proved by it. A meeting's fields say "core group, held" whether or not somebody also said
    "First core group held.": where the message says the same with other words in the place of the narrative, it does not say it after them.
    """
    if not notice.narrative:
        return ()
    excerpts, given = [_compared(excerpt.text) for excerpt in notice.narrative], _given(notice)
    strings = _distinct_strings(message)
    found = set(_left_out(notice, strings)) if len(excerpts) > 1 else set()
    if any("\0" in text for text in given) or any(_looked_at_closely(_that_may_hold(excerpts, strings), excerpts, given)):
        cut, told = _looked_at_closely(strings_of(message), excerpts, given, _said_elsewhere(notice))
        other = again(_with_other_words(notice)) if told else None
        if other is not None:
            told -= _looked_at_closely(strings_of(other), excerpts, given, _said_elsewhere(notice))[1]
        found |= cut | told
    return tuple(sorted(found))


def _with_other_words(notice: Notice) -> Notice:
    """The same notice with words that nobody says, as many and by the same speakers."""
    others = [" ".join([_STAND_IN] * len(one.text.split())) for one in notice.narrative]
    said = zip(others, notice.narrative, strict=True)
    return notice.model_copy(
        update={"narrative": tuple(Excerpt.of(other, one.said_by, observed_first_hand=one.observed_first_hand) for other, one in said)}
    )


def carried(notice: Notice, message: Message) -> tuple[int, ...]:
    """Give the positions in `notice.narrative` of excerpts that the message carries whole."""
    strings = strings_of(message)
    texts = [(i, excerpt.text) for i, excerpt in enumerate(notice.narrative)]
    return tuple(i for i, text in texts if any(text in s or text in html.unescape(s) for s in strings))


def _left_out(notice: Notice, strings: Collection[str]) -> Iterator[int]:
    page = "\0".join(strings)
    whole = [excerpt.text in page if "\0" not in excerpt.text else any(excerpt.text in s for s in strings) for excerpt in notice.narrative]
    if not all(whole) and "&" in page:
        page = html.unescape(page)
        whole = [found or excerpt.text in page for found, excerpt in zip(whole, notice.narrative, strict=True)]
    if all(whole) or not any(whole):
        return
    elsewhere = "\0".join(_json_set(notice.model_dump(mode="json", exclude={"narrative"})))
    spoken = {
        (e.said_by, e.observed_first_hand)
        for e, found in zip(notice.narrative, whole, strict=True)
        if found and len(e.text) >= SAYS_WHO and e.text not in elsewhere
    }
    for i, (excerpt, found) in enumerate(zip(notice.narrative, whole, strict=True)):
        if not found and (excerpt.said_by, excerpt.observed_first_hand) in spoken:
            yield i


def strings_of(message: Message) -> list[str]:
    """Every text of the message in the order in which it stands there."""
    return list(_read(message, _json_strings))


def _distinct_strings(message: Message) -> Collection[str]:
    return _read(message, _json_set)


def _read(message: Message, of_json: Callable[[object], Collection[str]]) -> Collection[str]:
    kind = message.media_type.partition(";")[0].strip().lower()
    try:
        if kind.endswith(("/json", "+json")):
            return of_json(_json(message.body))
        if kind.endswith(("/xml", "+xml")):
            return list(_xml_strings(ET.fromstring(message.body)))  # noqa: S314  written by our own plugin a moment ago, not by a stranger
        return [message.body.decode(_charset(message.media_type))]
    except (ValueError, LookupError, ET.ParseError, RecursionError):
        pass  # raised below, outside the handler: the parser's own error quotes the body
    raise UncheckableBody(f"the body is not the text that media type {kind} promises, so it cannot be checked")


def _that_may_hold(excerpts: Sequence[str], strings: Collection[str]) -> list[str]:
    """Give what could hold a passage, which is little: most of a message is names of fields, codes and references. Where nothing is found
    in it, nothing is altered; where something is, a closer look decides, because space at the two ends of a message does not count.
    """
    size = min(min(_size(excerpt), retold.shortest_of(excerpt)) for excerpt in excerpts)
    # What is short and plain cannot become longer when it is compared, as a ligature or a character reference can.
    return ["", *(s for s in strings if len(s) >= size or not s.isascii() or "&" in s), ""]


def _looked_at_closely(
    strings: Iterable[str], excerpts: Sequence[str], given: Sequence[str], said_elsewhere: Sequence[str] = ()
) -> tuple[set[int], set[int]]:
    """Give which excerpts are cut, and which others are retold."""
    # One text, its strings kept apart by a character that no passage holds: every step is then taken once per message.
    left = _normal(_without("\0".join(strings), given))
    cut = {i for i, excerpt in enumerate(excerpts) if _shares_passage(excerpt, left)}
    for text in said_elsewhere:
        left = left.replace(text, "\0")
    return cut, {i for i, excerpt in enumerate(excerpts) if i not in cut and retold.is_retold(excerpt, left)}


def _said_elsewhere(notice: Notice) -> list[str]:
    """Give what the notice itself says in several words beside its narrative, as it is compared: an adapter shows it by right."""
    rest = notice.model_dump(mode="json", exclude={"narrative"})
    texts = {_normal(text) for text in _json_set(rest)}
    return sorted((text for text in texts if " " in text), key=len, reverse=True)


def _given(notice: Notice) -> list[str]:
    texts = [e.text for e in notice.narrative]
    texts += [notice.title, notice.because, notice.flag or "", notice.summary, notice.action, notice.contact or ""]
    if notice.answering is not None:
        texts += [notice.recipient or "", notice.answering.desk or "", *notice.answering.trail]
    return sorted({t for t in texts if t}, key=len, reverse=True)  # longest first: one may lie inside another


def _without(string: str, given: Sequence[str]) -> str:
    for text in given:
        string = string.replace(text, "\0")
    if "&" not in string:
        return string
    string = html.unescape(string)  # FHIR puts XHTML into a JSON string
    for text in given:
        string = string.replace(text, "\0")
    return string


def _shares_passage(excerpt: str, rest: str) -> bool:
    if len(excerpt) < SHORTEST:
        return False
    size = _size(excerpt)
    half = size // 2
    # A shared run of `size` holds a whole half-run at one of these steps: mostly only those need looking at.
    if not any(rest[i : i + half] in excerpt for i in range(0, len(rest) - half + 1, size - half + 1)):
        return False
    passages = {excerpt[i : i + size] for i in range(len(excerpt) - size + 1)}
    return any(rest[i : i + size] in passages for i in range(len(rest) - size + 1))


def _size(excerpt: str) -> int:
    """Say how long a run of it is no accident."""
    return min(WINDOW, max(12, len(excerpt) * 3 // 4))


_UNLIKE = "\u2018\u2019\u201b\u201c\u201d\u201f\u2013\u2014\u2026"
_QUOTES = str.maketrans(_UNLIKE, "'''\"\"\"--.")


def _normal(text: str) -> str:
    if not text.isascii():  # of ASCII each of these leaves all as it is
        text = unicodedata.normalize("NFKC", text.translate(_QUOTES) if any(quote in text for quote in _UNLIKE) else text)
    return " ".join(text.casefold().split())


_compared = lru_cache(maxsize=64)(_normal)
"""An excerpt in the form in which texts are compared: one statement goes to many agencies."""


def _json(body: bytes) -> object:
    try:
        return orjson.loads(body)
    except orjson.JSONDecodeError:
        return json.loads(body)  # reads what is JSON by its own rules alone: in another encoding, with NaN or half a pair of surrogates


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
    """The same strings, each once and in no order, in half the time."""
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


def _xml_strings(element: ET.Element) -> Iterator[str]:
    yield from (str(value) for value in element.attrib.values())
    yield element.text or ""
    for child in element:
        yield from _xml_strings(child)
        yield child.tail or ""


def _charset(media_type: str) -> str:
    found = re.search(r"charset=\"?([\w-]+)", media_type, re.IGNORECASE)
    return found[1] if found else "utf-8"
