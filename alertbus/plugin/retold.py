"""Finding what somebody said where it stands in nearly the same words: one of them negated, starred, left out, put in or exchanged. Pure.

Two texts are compared as sequences of words, without regard to what negates ("not", "did", "n't") and to endings ("hurt", "hurts"). An
excerpt is looked for sentence by sentence. A sentence is *retold* where a stretch of the message that is hardly longer than the sentence
holds its words in their order: all of three, all but one of up to seven, three quarters of more; or, of a long sentence, three in four of
the words that carry meaning. Words that every message has ("the", "child", "police") do not count as carrying any.

A telling in wholly other words is not found: that is for a reviewer.
"""

import re
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache

FEWEST = 3
"""Words of an excerpt below which any text may hold them."""
MIDDLE = 7
"""Words up to which all but one of a sentence are asked for; of a longer one three quarters."""
LONGEST = 24
"""Words of a sentence; a longer one is looked for in pieces of this size."""
PART = 8
"""Words that a sentence must have when it is not the whole excerpt: a shorter one says too little by itself."""

_NEGATING = frozenset(
    ("not", "never", "no", "nor", "none", "neither", "do", "does", "did", "don", "done", "doing", "didnt", "dont", "doesnt")
)
_ONE = dict.fromkeys(("nobody", "somebody", "anybody", "everybody", "noone", "someone", "anyone", "everyone"), "someone")
_SAME = _ONE | {"nothing": "something", "anything": "something", "everything": "something", "won": "will", "cannot": "can", "mustn": "must"}

_LITTLE = """
a an the this that these those there here i you he she it we they me him her us them my your his its our their mine yours hers ours theirs
who whom whose which what when where why how and or but if so because as than then while until before after since of to in on at by for with
from about into onto over under up down out off again very too also just only more most some any all each both few other one two is are was
were be been being am have has had having will would shall should can could may might must ought s t ll re ve d m said say says told tell
tells asked ask went go goes going come came comes get got gets make made let know knew known think thought someone something now today day
days time times
"""
_OF_THE_TRADE = """
child children family person people adult baby mother father parent parents mum dad sibling police officer school nurse doctor worker social
care health visitor visit visits agency agencies service team duty case alert notice report reported record recorded incident concern
concerns risk safe safety harm protect protection plan meeting conference review contact call called address home house household present
seen state stated named name source reveal read answer action date born status withdrawn amended threat staff domestic abuse violence
violent prison release released flag referral safeguarding information alone
"""
_WORD = re.compile(r"[\w'*\u2588]+")
_ENDINGS = ("ing", "ed", "es", "s")
_STARS = "*\u2588_"
STEM = 3
"""Letters that a word keeps when its ending is taken off."""
WILD = "*"
"""Stands for a word that somebody made unreadable: it may be any."""


@dataclass(frozen=True, slots=True)
class Sentence:
    """A sentence of an excerpt, ready to be looked for."""

    words: tuple[str, ...]
    meaning: tuple[str, ...]
    """Those of its words that carry meaning, the longest first: most texts have not even that one."""

    @property
    def need(self) -> int:
        """How many of its words, in order, are no accident."""
        size = len(self.words)
        if size > MIDDLE:
            return -(-size * 3 // 4)
        return size if size <= FEWEST or len(self.meaning) == 1 else size - 1

    @property
    def shortest(self) -> int:
        """How many characters the words that are asked for have at least, with a blank after each."""
        return sum(sorted(map(len, self.words))[: self.need]) + self.need - 1

    @property
    def meaning_needed(self) -> int:
        """How many words of meaning, in order, are no accident; none make a short sentence."""
        found = len(self.meaning)
        return max(6, -(-found * 3 // 4)) if found > 6 else 0  # noqa: PLR2004  chosen: six are no accident


def is_retold(excerpt: str, left: str) -> bool:
    """Whether a sentence of the excerpt stands retold in what is left of a message. Both are in the form in which texts are compared, and
    the strings of the message are kept apart by U+0000.
    """
    likely = [sentence for sentence in sentences_of(excerpt) if _may_stand(sentence, left)]
    if not likely:
        return False
    texts = [words for text in left.split("\0") if (words := words_of(text))]
    return any(stands_in(sentence, words) for sentence in likely for words in texts)


@lru_cache(maxsize=64)
def sentences_of(excerpt: str) -> tuple[Sentence, ...]:
    """Give the sentences of an excerpt that say enough to be looked for."""
    return tuple(_sentences(excerpt))


@lru_cache(maxsize=64)
def shortest_of(excerpt: str) -> int:
    """Say how many characters a retelling has at least: the words that are asked for, as if they were the short ones."""
    return min((each.shortest for each in sentences_of(excerpt)), default=1 << 20)


def words_of(text: str) -> list[str]:
    """Give the words of a text as they are compared."""
    return [word for raw in _WORD.findall(text) if (word := _compared(raw))]


def stands_in(sentence: Sentence, words: Sequence[str]) -> bool:
    """Whether one stretch of the words holds the sentence."""
    size = len(sentence.words)
    near = _stretches(sentence.words, words, size + size // 4 + 2, sentence.need)
    if any(_holds(sentence, stretch) for stretch in near):
        return True
    if not sentence.meaning_needed:
        return False
    meant = tuple(word for word in sentence.words if word in set(sentence.meaning))
    wide = _stretches(meant, words, size + size // 2, sentence.meaning_needed)
    return any(_in_order(meant, stretch) >= sentence.meaning_needed for stretch in wide)


def _sentences(excerpt: str) -> Iterator[Sentence]:
    whole = words_of(excerpt)
    if len(whole) <= LONGEST:
        pieces = [whole]
    else:
        parts = [words_of(part) for part in re.split(r"[.!?;\n]+", excerpt)]
        pieces = [part[at : at + LONGEST] for part in parts for at in range(0, len(part), LONGEST)]
    fewest = FEWEST if len(pieces) == 1 else PART
    for words in pieces:
        meaning = sorted({word for word in words if _has_meaning(word)}, key=lambda word: (-len(word), word))
        if len(words) >= fewest and meaning:
            yield Sentence(tuple(words), tuple(meaning))


def _may_stand(sentence: Sentence, left: str) -> bool:
    """Whether enough of its words of meaning stand anywhere in the text: half of them, of three one, because the others may be starred."""
    may_miss = max(len(sentence.meaning) // 2, min(len(sentence.meaning) - 1, 2))
    for word in sentence.meaning:
        if word not in left:
            may_miss -= 1
            if may_miss < 0:
                return False
    return True


def _stretches(sought: Sequence[str], words: Sequence[str], size: int, least: int) -> Iterator[Sequence[str]]:
    """Yield the stretches of that many words that hold at least so many of the sought ones, in whatever order."""
    wanted = Counter(sought)
    inside: Counter[str] = Counter()
    shared = 0
    for end, word in enumerate(words):
        inside[word] += 1
        shared += word == WILD or inside[word] <= wanted[word]
        if end >= size:
            gone = words[end - size]
            shared -= gone == WILD or inside[gone] <= wanted[gone]
            inside[gone] -= 1
        if shared >= least and (word == WILD or word in wanted):
            yield words[max(0, end - size + 1) : end + 1]


def _holds(sentence: Sentence, stretch: Sequence[str]) -> bool:
    size = len(sentence.words)
    starred = stretch.count(WILD)
    readable = sum(word in stretch for word in sentence.meaning)
    if starred > max(1, size // 3) or readable < min(len(sentence.meaning), 1 if starred or size > MIDDLE else 2):
        return False
    return _in_order(sentence.words, stretch) >= sentence.need


def _in_order(sought: Sequence[str], stretch: Sequence[str]) -> int:
    """Count the words that both have in the same order, as many as can be."""
    row = [0] * (len(stretch) + 1)
    for word in sought:
        before = 0
        for at, other in enumerate(stretch, 1):
            kept = row[at]
            row[at] = before + 1 if other in (word, WILD) else max(row[at], row[at - 1])
            before = kept
    return row[-1]


@lru_cache(maxsize=4096)
def _compared(raw: str) -> str:
    """Give a word in its compared form; empty for one that does not count."""
    plain = raw.strip("'" + _STARS)
    initial_at_most = len(plain) <= 1 and raw.strip("'") != plain
    if initial_at_most or any(star in plain for star in "*\u2588"):
        return WILD
    plain = plain.removesuffix("n't").replace("'", "")
    word = _SAME.get(plain, plain)
    if word in _NEGATING:
        return ""
    return next((word[: -len(end)] for end in _ENDINGS if word.endswith(end) and len(word) - len(end) >= STEM), word)


def _has_meaning(word: str) -> bool:
    return len(word) > 1 and word != WILD and word not in _WITHOUT_MEANING and not word.isdecimal()


_WITHOUT_MEANING = frozenset(_compared(word) for word in (_LITTLE + _OF_THE_TRADE).split())
