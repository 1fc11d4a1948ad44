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
5. An excerpt is whole as its reader sees it. In a string that is markup itself (XHTML in FHIR's JSON, HTML in CDATA) `&lt;` is read
   as `<`; in any other string somebody escaped once too often, and the reader sees `&lt;`.

It cannot see a free retelling in other words, nor into base64: those are for a reviewer.
"""

import html
import re
import unicodedata
from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from functools import lru_cache

from alertbus.model.notice import Excerpt, Message, Notice
from alertbus.plugin import message_texts, retold
from alertbus.plugin.message_texts import UncheckableBody, distinct_strings, strings_in, strings_of

__all__ = ["SHORTEST", "WINDOW", "Again", "UncheckableBody", "altered", "as_read", "carried", "is_read_as_markup", "misread", "strings_of"]

_STAND_IN = "xqzvw"
"""Stands in no language and in no notice."""
WINDOW = 40
"""Characters that two texts share only when one was made from the other."""
SHORTEST = 16
"""An excerpt shorter than this shares its words with too much for a part of it to prove anything."""

_ESCAPED = 4
"""Characters of an excerpt that do not come by chance out of references to characters."""
_DEEPEST = 3
"""Times that something may be escaped too often."""
_TAG = re.compile(r"</?[A-Za-z][^<>]*>")

SAYS_WHO = 12
"""Characters of an excerpt that stand in a message only because the message carries it."""


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
    strings = distinct_strings(message)
    several, escapes = len(excerpts) > 1, b"&" in message.body or b"u0026" in message.body
    page = "\0".join(strings) if several or escapes else ""
    found = set(_left_out(notice, strings, page)) if several else set()
    if "&" in page and (absent := [i for i, excerpt in enumerate(notice.narrative) if excerpt.text not in page]):
        found |= set(_escaped_too_often(notice, message, absent))
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
    """Give the positions in `notice.narrative` of excerpts that the message carries whole, as its reader sees them."""
    strings = as_read(message, [excerpt.text for excerpt in notice.narrative])
    return tuple(i for i, excerpt in enumerate(notice.narrative) if any(excerpt.text in s for s in strings))


def as_read(message: Message, words: Sequence[str]) -> list[str]:
    """Every text of the message; one that is markup itself also as its reader sees it. `words`: those of the notice, which may look like
    markup and are none.
    """
    strings = strings_of(message)
    return strings + [html.unescape(s) for s in strings if "&" in s and is_read_as_markup(s, message, words)]


def is_read_as_markup(string: str, message: Message, words: Sequence[str]) -> bool:
    """Whether the reader of this string of the message takes it for markup: by the body's kind, or, of JSON and XML, because tags stand in
    it that are no words of the notice.
    """
    markup = message_texts.is_markup(message)
    return _holds_tags(string, words) if markup is None else markup


def _escaped_too_often(notice: Notice, message: Message, absent: Sequence[int]) -> Iterator[int]:
    """Yield which of the `absent` excerpts are whole for who undoes one escape more than their reader does."""
    words = [excerpt.text for excerpt in notice.narrative]
    page = "\0".join(as_read(message, words))
    suspects = [i for i in absent if words[i] not in page and len(words[i]) >= _ESCAPED]
    if not suspects:
        return
    elsewhere = "\0".join(strings_in(notice.model_dump(mode="json", exclude={"narrative"})))
    for _ in range(_DEEPEST):
        page = html.unescape(page)
        yield from (i for i in suspects if words[i] in page and words[i] not in elsewhere)


def misread(notice: Notice, message: Message) -> str | None:
    """Say that a receiver reads the body in another encoding than its writer meant: something of the notice stands there only
    for who does not follow the media type, or the declaration. None where all is well.
    """
    for other in message_texts.read_otherwise(message):
        meant, seen = html.unescape("\0".join(other.strings)), html.unescape("\0".join(distinct_strings(message)))
        if any(text in meant and text not in seen for text in strings_in(notice.model_dump(mode="json")) if not text.isascii()):
            return f"the body is {other.meant}, and what it says of itself is {other.counts}: a receiver reads other letters"
    return None


def _holds_tags(string: str, words: Sequence[str]) -> bool:
    if "<" not in string:
        return False
    for text in words:
        string = string.replace(text, "")
    return _TAG.search(string) is not None


def _left_out(notice: Notice, strings: Collection[str], page: str) -> Iterator[int]:
    whole = [excerpt.text in page if "\0" not in excerpt.text else any(excerpt.text in s for s in strings) for excerpt in notice.narrative]
    if not all(whole) and "&" in page:
        page = html.unescape(page)
        whole = [found or excerpt.text in page for found, excerpt in zip(whole, notice.narrative, strict=True)]
    if all(whole) or not any(whole):
        return
    elsewhere = "\0".join(strings_in(notice.model_dump(mode="json", exclude={"narrative"})))
    spoken = {
        (e.said_by, e.observed_first_hand)
        for e, found in zip(notice.narrative, whole, strict=True)
        if found and len(e.text) >= SAYS_WHO and e.text not in elsewhere
    }
    for i, (excerpt, found) in enumerate(zip(notice.narrative, whole, strict=True)):
        if not found and (excerpt.said_by, excerpt.observed_first_hand) in spoken:
            yield i


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
    texts = {_normal(text) for text in strings_in(rest)}
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
_UNSEEN = "\u00ad\u200b\u200c\u200d\u200e\u200f\u202a\u202b\u202c\u202d\u202e\u2060\u2061\u2062\u2063\u2064"
_UNSEEN += "\u180e\u2066\u2067\u2068\u2069\ufe0e\ufe0f\ufeff"
"""Joiners, soft hyphens, directions and choices of a form: who leaves one out has changed the words, and nobody sees it."""
_GONE = dict.fromkeys(map(ord, _UNSEEN))


def _normal(text: str) -> str:
    if not text.isascii():  # of ASCII each of these leaves all as it is
        if any(unseen in text for unseen in _UNSEEN):
            text = text.translate(_GONE)
        text = unicodedata.normalize("NFKC", text.translate(_QUOTES) if any(quote in text for quote in _UNLIKE) else text)
    return " ".join(text.casefold().split())


_compared = lru_cache(maxsize=64)(_normal)
"""An excerpt in the form in which texts are compared: one statement goes to many agencies."""
