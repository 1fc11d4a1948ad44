"""A longer text in a source's own sample: where a text of an alert stands in the message's bytes, and the message with more put in there.

It is found by its words and not by the format: two words of it that stand side by side, whatever a format puts between words (an escape, an
entity, a line's end). What is put in has letters, digits, single spaces and full stops alone, so that no format needs to escape it.
"""

import re
from collections.abc import Iterator
from itertools import islice, pairwise

MARK = "Quillheron"
"""The first word of what is put in; it stands in no message and in no template."""

_WORD = re.compile(r"[A-Za-z0-9]+")
_BETWEEN = 12
"""Characters that a format may put between two words."""
_MOST_PAIRS, _MOST_SPOTS = 8, 5


def filling(characters: int, stop: str = "") -> str:
    """Give so many characters to put in; `stop` ends each of its sentences. No sentence is like another: it shows wherever they are cut."""
    days = (f"Then on day {number} the ferret hid her accordion{stop}" for number in range(1, 2 + characters // 40))
    text = f"{MARK} whittled{stop} {' '.join(days)}"[:characters]
    return text[:-1] + "s" if text.endswith(" ") else text


def spots(sample: bytes, text: str) -> Iterator[list[int]]:
    """Yield where in a sample the text may go on: behind a word of it that the next one follows, for one pair of them after another."""
    raw = sample.decode("latin-1")  # each byte as one character: nothing is lost, whatever the encoding
    for pattern in _patterns(_WORD.findall(text)):
        if found := [match.end() for match in islice(pattern.finditer(raw), _MOST_SPOTS)]:
            yield found


def longer(sample: bytes, at: int, filling_: str) -> bytes:
    """Give the sample with more words behind the one that ends there."""
    return sample[:at] + b" " + filling_.encode("ascii") + sample[at:]


def squeezed(text: str) -> str:
    """Give a text without its white space: a format may fold lines."""
    return "".join(text.split())


def _patterns(words: list[str]) -> Iterator[re.Pattern[str]]:
    """The first words first: what is cut is cut behind them."""
    if len(words) == 1:
        yield re.compile(rf"{words[0]}(?![A-Za-z0-9])")
    for first, second in list(pairwise(words))[:_MOST_PAIRS]:
        yield re.compile(rf"{first}(?=[^A-Za-z0-9].{{0,{_BETWEEN}}}?{second})", re.DOTALL)
