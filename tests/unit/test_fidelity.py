"""The check of verbatim narrative finds what the rule of its module says, in whatever order and however quickly it looks."""

import html
import json
import re
import unicodedata
from collections.abc import Callable, Sequence
from functools import cache
from typing import Any
from xml.sax.saxutils import escape

import pytest
from hypothesis import given
from hypothesis import strategies as st

from alertbus.model.alert import SaidBy
from alertbus.model.notice import Excerpt, Message, Notice
from alertbus.plugin import fidelity, retold
from alertbus.plugin.kit.samples import SPOKEN, sample_notice
from alertbus.plugin.message_texts import distinct_strings

QUOTES = str.maketrans("\u2018\u2019\u201b\u201c\u201d\u201f\u2013\u2014\u2026", "'''\"\"\"--.")


def by_the_rule(notice: Notice, message: Message) -> tuple[int, ...]:
    """The rule step by step over the whole message, each step on its own: slow, and plain to read."""
    texts = [excerpt.text for excerpt in notice.narrative]
    given_whole = [*texts, notice.title, notice.because, notice.flag or "", notice.summary, notice.action, notice.contact or ""]
    strings = fidelity.strings_of(message)
    left = "\0".join(strings)
    for step in (str, html.unescape):
        left = step(left)
        for text in sorted({text for text in given_whole if text}, key=len, reverse=True):
            left = left.replace(text, "\0")
    left = compared(left)
    found = {i for i, text in enumerate(texts) if shares_a_passage(compared(text), left)}
    elsewhere = notice.model_dump(mode="json", exclude={"narrative"})
    for text in sorted({compared(text) for text in strings_in(elsewhere)}, key=len, reverse=True):
        left = left.replace(text, "\0") if " " in text else left
    found |= {i for i, text in enumerate(texts) if is_retold(compared(text), left)}
    whole = [any(text in s or text in html.unescape(s) for s in strings) for text in texts]
    of_them = {
        (e.said_by, e.observed_first_hand)
        for e, carried in zip(notice.narrative, whole, strict=True)
        if carried and len(e.text) >= 12 and not any(e.text in text for text in strings_in(elsewhere))
    }
    found |= {i for i, e in enumerate(notice.narrative) if not whole[i] and (e.said_by, e.observed_first_hand) in of_them}
    return tuple(sorted(found | {i for i, text in enumerate(texts) if is_escaped_too_often(text, texts, message, elsewhere)}))


def is_escaped_too_often(text: str, texts: Sequence[str], message: Message, elsewhere: object) -> bool:
    seen, json_or_xml = fidelity.strings_of(message), message.media_type.endswith(("json", "xml"))
    for string in fidelity.strings_of(message):
        bare = string
        for words in texts:
            bare = bare.replace(words, "")
        if json_or_xml and re.search("</?[A-Za-z][^<>]*>", bare):
            seen.append(html.unescape(string))
    deeper = [html.unescape(string) for string in seen]
    deeper += [html.unescape(string) for string in deeper]
    deeper += [html.unescape(string) for string in deeper]
    if len(text) < 4 or any(text in words for words in strings_in(elsewhere)) or any(text in string for string in seen):
        return False
    return any(text in string for string in deeper)


def strings_in(value: object) -> list[str]:
    return fidelity.strings_of(Message(media_type="application/json", body=json.dumps(value).encode()))


def is_retold(excerpt: str, left: str) -> bool:
    return any(
        stands_retold(sentence, words)
        for sentence in retold.sentences_of(excerpt)
        if sum(word not in left for word in sentence.meaning) <= max(len(sentence.meaning) // 2, min(len(sentence.meaning) - 1, 2))
        for words in map(retold.words_of, left.split("\0"))
    )


def stands_retold(sentence: retold.Sentence, words: Sequence[str]) -> bool:
    size = len(sentence.words)
    meant = tuple(word for word in sentence.words if word in sentence.meaning)
    for at in range(len(words)):
        near, wide = words[at : at + size + size // 4 + 2], words[at : at + size + size // 2]
        starred, readable = near.count("*"), sum(word in near for word in sentence.meaning)
        plain = readable >= min(len(sentence.meaning), 1 if starred or size > 7 else 2) and starred <= max(1, size // 3)
        if plain and in_order(sentence.words, tuple(near)) >= sentence.need:
            return True
        if sentence.meaning_needed and in_order(meant, tuple(wide)) >= sentence.meaning_needed:
            return True
    return False


@cache
def in_order(sought: tuple[str, ...], words: tuple[str, ...]) -> int:
    if not sought or not words:
        return 0
    without = in_order(sought[1:], words)
    at = next((i for i, word in enumerate(words) if word in (sought[0], "*")), None)
    return without if at is None else max(without, 1 + in_order(sought[1:], words[at + 1 :]))


def shares_a_passage(excerpt: str, left: str) -> bool:
    size = min(40, max(12, len(excerpt) * 3 // 4))
    return len(excerpt) >= 16 and any(excerpt[i : i + size] in left for i in range(len(excerpt) - size + 1))


def compared(text: str) -> str:
    seen = re.sub("[\u00ad\u200d]", "", text)
    return re.sub(r"\s+", " ", unicodedata.normalize("NFKC", seen.translate(QUOTES)).casefold()).strip()


WORDS = st.sampled_from(
    [
        *("he", "hit", "me", "with", "the", "belt", "\u2019", "'", "\u2014", "\ufb03", "\ufdfa", "&", "&amp;", "&lt;", "<b>", "\u200d", "\u00ad", "\n", "\t", "  ", " ", "\x1f"),
        *("I\u0307", "\u00df", "Stra\u00dfe", "caf\u00e9", "cafe\u0301", "\U0001f6aa", "&#39;", "&#xFDFA;", '"', "\\", "\0"),
    ]
)  # fmt: skip
TEXTS = st.one_of(
    st.lists(WORDS, min_size=1, max_size=30).map("".join),
    st.lists(WORDS, min_size=1, max_size=30).map(" ".join),
    st.sampled_from([SPOKEN, "Daddy hit me with the belt", "nobody was there and the door stood open all the night long until he came"]),
)


CHANGES: tuple[Callable[[str], str], ...] = (
    str,
    str.upper,
    html.escape,
    lambda text: text.replace(" ", "\n"),
    lambda text: text.replace("'", "\u2019"),
)


@st.composite
def pieces(draw: st.DrawFn, texts: list[str]) -> str:
    """A string that a plugin might write: some of what it was given, whole, cut, escaped or shouted, with words before and after."""
    text = draw(st.sampled_from(texts))
    start = draw(st.integers(0, len(text)))
    end = draw(st.one_of(st.just(len(text)), st.integers(0, len(text))))
    change = draw(st.sampled_from(CHANGES))
    cut = change(text[start:end])
    return draw(st.sampled_from(["", "", " ", "Said: ", "&", "x"])) + cut + draw(st.sampled_from(["", "", " ", "...", ";", "\n"]))


@st.composite
def notices_and_messages(draw: st.DrawFn) -> tuple[Notice, Message]:
    texts = draw(st.lists(TEXTS, min_size=1, max_size=3))
    words = {name: draw(st.one_of(st.just(""), TEXTS, st.just(draw(pieces(texts))))) for name in ("title", "because", "summary", "action")}
    excerpts = tuple(Excerpt.of(text, SaidBy.CHILD, observed_first_hand=True) for text in texts)
    notice = sample_notice(narrative=excerpts, flag=draw(st.one_of(st.none(), TEXTS)), contact=draw(st.one_of(st.none(), TEXTS)), **words)
    strings = pieces([*texts, *(word for word in words.values() if word)])
    kind = draw(st.sampled_from(["json", "json", "xml", "text"]))
    if kind == "json":
        page = draw(st.recursive(strings, lambda inner: st.one_of(st.lists(inner), st.dictionaries(strings, inner)), max_leaves=8))
        ascii_ = draw(st.booleans())
        return notice, Message(media_type="application/fhir+json", body=json.dumps(page, ensure_ascii=ascii_).encode())
    if kind == "xml":
        inner = "".join(f"<p>{escape(text)}</p>{escape(text[:20])}" for text in draw(st.lists(strings)))
        return notice, Message(media_type="application/xml", body=f"<page>{inner}</page>".encode())
    return notice, Message(media_type="text/plain; charset=utf-8", body="\n".join(draw(st.lists(strings))).encode())


@given(notices_and_messages())
def test_voi_01_what_is_found_is_what_the_rule_says(drawn: tuple[Notice, Message]) -> None:
    notice, message = drawn
    try:
        expected: Any = by_the_rule(notice, message)
    except fidelity.UncheckableBody:
        expected = None

    try:
        found: Any = fidelity.altered(notice, message)
    except fidelity.UncheckableBody:
        found = None

    assert found == expected


SPELLED_OUT = "\u0635\u0644\u0649 \u0627\u0644\u0644\u0647 \u0639\u0644\u064a\u0647 \u0648\u0633\u0644\u0645"
"""What the one character U+FDFA is when it is compared."""


@pytest.mark.parametrize(
    ("texts", "page", "found"),
    [
        ([SPELLED_OUT], ["x", "\ufdfa", "x"], (0,)),
        ([SPELLED_OUT], ["x", "&#xFDFA;", "x"], (0,)),
        (["nobody saw him there " * 9, "he hit me with it"], ["x", "he hit me with", "x"], (1,)),
        (["he said it\0and she did not"], ["he said it", "and she did no"], (0,)),
        (["he hit me with a belt"], [" hit me with a ", "x", "x"], ()),
        (["he hit me with a belt"], ["x", "x", " hit me with a "], ()),
        (["he hit me with a belt"], ["x", " hit me with a ", "x"], (0,)),
    ],
    ids=["ligature", "reference to one", "short beside long", "U+0000 inside", "space at the start", "space at the end", "space inside"],
)
def test_voi_01_a_passage_is_found_in_the_least_that_may_hold_it(texts: list[str], page: list[str], found: tuple[int, ...]) -> None:
    notice = sample_notice(narrative=tuple(map(Excerpt.of, texts)))
    message = Message(media_type="application/json", body=json.dumps(page).encode())

    assert (by_the_rule(notice, message), fidelity.altered(notice, message)) == (found, found)


@pytest.mark.parametrize(
    ("body", "strings"),
    [
        (b'{"a": ["b", {"c": "d"}], "e": 1, "f": null, "a2": "g"}', ["a", "b", "c", "d", "e", "f", "a2", "g"]),
        (b'"alone"', ["alone"]),
        (b"[]", []),
        ('\ufeff["with a mark"]'.encode(), ["with a mark"]),
        ('["in another encoding"]'.encode("utf-16"), ["in another encoding"]),
        (b'["half a pair \\ud800", NaN]', ["half a pair \ud800"]),
        (b'{"a": "first", "a": "last"}', ["a", "last"]),
    ],
)
def test_every_string_of_a_json_body_is_read_whatever_form_json_is_in(body: bytes, strings: list[str]) -> None:
    message = Message(media_type="application/json", body=body)

    assert fidelity.strings_of(message) == strings
    assert set(distinct_strings(message)) == set(strings)


def test_a_page_of_references_is_parsed_once_and_no_more_is_looked_at_than_could_hold_a_passage(monkeypatch: pytest.MonkeyPatch) -> None:
    looked_at: list[str] = []
    whole = fidelity._without

    def noted(string: str, given: Sequence[str]) -> str:
        looked_at.append(string)
        return whole(string, given)

    monkeypatch.setattr(fidelity, "_without", noted)
    text = "nobody was there and the door stood open all the night long until he came"
    page = {f"field-{n}": {"system": "http://terminology.example/codes", "code": f"code-{n}"} for n in range(200)}
    message = Message(media_type="application/json", body=json.dumps({**page, "words": text}).encode())

    assert fidelity.altered(sample_notice(narrative=(Excerpt.of(text),)), message) == ()
    assert looked_at == [f"\0{text}\0"]


def test_a_body_that_is_not_what_it_says_is_not_taken_for_one_without_words() -> None:
    notice = sample_notice()
    for kind, body in (
        ("application/json", b"{"),
        ("application/xml", b"<a>"),
        ("text/plain", b"\xff"),
        ("text/plain; charset=no-such", b"x"),
    ):
        with pytest.raises(fidelity.UncheckableBody, match=kind.partition(";")[0]):
            fidelity.altered(notice, Message(media_type=kind, body=body))
