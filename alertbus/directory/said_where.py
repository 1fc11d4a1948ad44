"""Where in a text somebody is named: the stretches that yield a mark (`said_in_text`), for whoever must decide about the words. Pure."""

import re
from collections.abc import Collection, Iterator

from alertbus.directory.marks import Mark
from alertbus.directory.said_in_text import marks_said

_WORD = re.compile(r"\S+")
_WIDEST = 6
"""Words of the widest stretch that is one mark: a house number with its street has four, a telephone-like number fewer; two to spare."""


def stretches(text: str, wanted: Collection[Mark]) -> list[tuple[int, int, Mark]]:
    """Give `(start, end, mark)` of the shortest stretches of whole words that name somebody by one of these marks, in order."""
    words = [(found.start(), found.end()) for found in _WORD.finditer(text)]
    found: set[tuple[int, int, Mark]] = set()
    for first, last in _worth_a_look(text, words, frozenset(wanted), 0, len(words)):
        for mark in _marks(text[words[first][0] : words[last - 1][1]]) & set(wanted):
            found.add((words[first][0], words[last - 1][1], mark))
    return sorted(one for one in found if not any(_within(other, one) for other in found))


def _worth_a_look(text: str, words: list[tuple[int, int]], wanted: frozenset[Mark], first: int, after: int) -> Iterator[tuple[int, int]]:
    """Halve the text while a half holds a mark, so that a long text costs little more than a short one."""
    if first >= after or wanted.isdisjoint(_marks(text[words[first][0] : words[after - 1][1]])):
        return
    if after - first > 2 * _WIDEST:
        middle = (first + after) // 2
        yield from _worth_a_look(text, words, wanted, first, middle + _WIDEST)
        yield from _worth_a_look(text, words, wanted, middle, after)
        return
    for start in range(first, after):
        yield from ((start, end) for end in range(start + 1, min(start + _WIDEST, after) + 1))


def _marks(text: str) -> set[Mark]:
    return set(marks_said([("", text)]))


def _within(one: tuple[int, int, Mark], other: tuple[int, int, Mark]) -> bool:
    return one != other and one[2] == other[2] and other[0] <= one[0] and one[1] <= other[1]
