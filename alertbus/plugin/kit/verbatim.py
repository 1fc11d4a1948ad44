"""The rule for what somebody said (VOI-01): each excerpt is carried whole or left out, whoever said it and however it reads."""

import html
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from html.parser import HTMLParser

from alertbus.model.alert import SaidBy
from alertbus.model.notice import Excerpt, Message, Notice
from alertbus.plugin import fidelity
from alertbus.plugin.kit.conformance import Broken, must
from alertbus.plugin.kit.invented import full_notice, kinds
from alertbus.plugin.kit.looking import rendered
from alertbus.plugin.kit.spoken import CONTROLS, LONG, RARE, TEXTS
from alertbus.plugin.protocols import Adapter

_WORD = re.compile(r"\w{4,}")
_LEAST = 4
"""Characters of a text that are not found by chance."""
_PASSAGE = 12
"""Characters of a text without which nothing of it is there."""
_SHOWN = 3
"""Excerpts that a finding speaks of; the others have most often the same cause."""
_NOT_FOUND = "not found as it was said, and something of it is there"


@dataclass(frozen=True, slots=True)
class Spoken:
    """A notice with words of the kit's in it: what it is, and the name of each text in it."""

    what: str
    texts: Sequence[str]
    notice: Notice


def keeps_text_whole(adapter: Adapter) -> None:
    for spoken in (*_one_text(), *_several()):
        message = _checkable(adapter, spoken.notice, spoken.what)
        must(not (positions := fidelity.altered(spoken.notice, message)), f"{spoken.what}: {_how(spoken, message, positions)}")
        _must_be_seen(spoken, message)
        text = "\n".join(fidelity.strings_of(message))
        if RARE not in text and any(excerpt.text == RARE for excerpt in spoken.notice.narrative):
            found = [word for word in _WORD.findall(RARE) if word.casefold() in text.casefold()]
            must(len(found) < 2, f"{spoken.what}: what was said stands there in other words")  # noqa: PLR2004  one may be chance
    _says_what_it_leaves_out(adapter)


def _one_text() -> Iterator[Spoken]:
    for name, text in {**TEXTS, **CONTROLS}.items():
        for who in (*SaidBy, None):
            notice = full_notice(narrative=(Excerpt.of(text, who, observed_first_hand=True),))
            yield Spoken(f'text "{name}" said by {who}', [name], notice)


def _several() -> Iterator[Spoken]:
    three = ["a child's sentence", "rare words", "a long sentence"]
    for kind in kinds():
        for who in (SaidBy.CHILD, SaidBy.PROFESSIONAL):
            excerpts = tuple(Excerpt.of(TEXTS[name], who, observed_first_hand=True) for name in three)
            yield Spoken(f"kind {kind}, three excerpts said by {who}", three, full_notice(kind=kind, narrative=excerpts))
    for text in LONG:
        for who in (SaidBy.CHILD, SaidBy.PROFESSIONAL)[: 1 if text is LONG[-1] else 2]:
            name = f"a text of {len(text)} characters"
            long = (Excerpt.of(text, who, observed_first_hand=True), Excerpt.of(TEXTS["a child's sentence"], who, observed_first_hand=True))
            yield Spoken(f"{name} said by {who}", [name, "a child's sentence"], full_notice(narrative=long))
    many = {**TEXTS, f"a text of {len(LONG[0])} characters": LONG[0]}
    yield _by_a_child("many excerpts", many)
    for name, text in CONTROLS.items():
        yield _by_a_child(f'"rare words" and a text with {name} said by one speaker', {"rare words": RARE, name: text})


def _by_a_child(what: str, texts: dict[str, str]) -> Spoken:
    excerpts = tuple(Excerpt.of(text, SaidBy.CHILD, observed_first_hand=True) for text in texts.values())
    return Spoken(what, list(texts), full_notice(narrative=excerpts))


def _checkable(adapter: Adapter, notice: Notice, what: str) -> Message:
    message = rendered(adapter, notice)
    try:
        fidelity.strings_of(message)
    except fidelity.UncheckableBody as error:
        raise Broken(f"{what}: {error}") from None
    return message


def _says_what_it_leaves_out(adapter: Adapter) -> None:
    """Whoever carries words, but not those that its format cannot hold, says that there are words."""
    ordinary = full_notice(narrative=(Excerpt.of(RARE, SaidBy.CHILD, observed_first_hand=True),))
    if not fidelity.carried(ordinary, rendered(adapter, ordinary)):
        return
    silence = rendered(adapter, full_notice(narrative=()))
    for name, text in {**TEXTS, **CONTROLS}.items():
        notice = full_notice(narrative=(Excerpt.of(text, SaidBy.CHILD, observed_first_hand=True),))
        message = rendered(adapter, notice)
        told = fidelity.carried(notice, message) or message.body != silence.body
        must(told, f'text "{name}" said by child: it is left out, and the message does not say that there are words')


def _how(spoken: Spoken, message: Message, positions: Sequence[int]) -> str:
    """Say of each excerpt what became of it. The words are invented and may be shown."""
    words = [excerpt.text for excerpt in spoken.notice.narrative]
    strings = fidelity.as_read(message, words)
    told = []
    for i in positions[:_SHOWN]:
        named = f"excerpt {i}" if len(words) == 1 else f'excerpt {i} ("{spoken.texts[i]}")'
        told.append(f"{named} is {_difference(words[i], strings)}")
    more = f"; and {len(positions) - _SHOWN} more" if len(positions) > _SHOWN else ""
    return "; ".join(told) + more


def _difference(text: str, strings: Sequence[str]) -> str:
    if any(text in string for string in strings):
        return "carried whole, and a second time cut, changed or retold"
    if any(text in html.unescape(string) or text in html.unescape(html.unescape(string)) for string in strings):
        return f"escaped once too often: {_first_difference(text, strings)}. Escape as often as the reader undoes it"
    page, same = "\0".join(strings).casefold(), text.casefold()
    if not any(same[at : at + _PASSAGE] in page for at in range(0, max(1, len(same) - _PASSAGE + 1), 1 + len(same) // 400)):
        return "left out beside another one of the same speaker, or is said in other words: not found"
    return f"cut, changed or retold: {_first_difference(text, strings)}"


def _first_difference(text: str, strings: Sequence[str]) -> str:
    """Say up to where the text is found, and what stands there in the place of what was said."""
    page = "\0".join(strings)
    good, bad = 0, len(text) + 1
    while bad - good > 1:  # the longest beginning that stands somewhere
        middle = (good + bad) // 2
        good, bad = (middle, bad) if text[:middle] in page else (good, middle)
    if good >= min(_LEAST, len(text)):
        after = page[page.find(text[:good]) + good :][:1]
        return f"found whole until character {good}, then {_code(after)} where {_code(text[good:][:1])} was"
    at = next((at for at in range(1, len(text) - _LEAST + 1) if text[at:] in page), 0)
    if at:
        before = page[max(page.find(text[at:]) - 1, 0) : page.find(text[at:])]
        return f"found whole from character {at + 1} on, and before it {_code(before)} where {_code(text[at - 1])} was"
    return _NOT_FOUND


def _code(character: str) -> str:
    return f"U+{ord(character):04X}" if character and character != "\0" else "nothing"


def _must_be_seen(spoken: Spoken, message: Message) -> None:
    """In markup, what looks like a tag is none: without an escape its reader does not see it."""
    strings, words = fidelity.strings_of(message), [excerpt.text for excerpt in spoken.notice.narrative]
    for name, excerpt in zip(spoken.texts, spoken.notice.narrative, strict=True):
        if "<" not in excerpt.text or excerpt.text in strings or excerpt.text not in "\0".join(strings):
            continue
        holding = [string for string in strings if excerpt.text in string and fidelity.is_read_as_markup(string, message, words)]
        named = "" if len(words) == 1 else f'"{name}": '
        seen = any(excerpt.text in string for string in strings if string not in holding)
        must(seen or not holding or any(excerpt.text in _visible(string) for string in holding), f"{spoken.what}: {named}{_UNSEEN}")


_UNSEEN = "it stands in markup without an escape, and its reader takes `<` for the beginning of a tag"


def _visible(markup: str) -> str:
    reader = _Visible()
    reader.feed(markup)
    reader.close()
    return "".join(reader.found)


class _Visible(HTMLParser):
    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.found: list[str] = []

    def handle_data(self, data: str) -> None:
        self.found.append(data)
