"""Hints at a caller: words from which a reader may work out who told, where the source must stay unknown (NOT-01, ANO-01). Pure.

The list is ours, from what callers say of themselves: how they know the family, where they live or work, when they rang, how to reach
them (STANDARDS 9). It is a help and no proof: it knows English, and no hint that only the family would understand ("after the funeral").
"""

import re
import unicodedata
from collections.abc import Iterator

from alertbus.model.alert import Alert
from alertbus.model.free_text import free_text
from alertbus.model.screening import Clue, Revealed
from alertbus.policy.policy import KindRule

_KIN = (
    r"(?:step|half|grand|great|god|foster)?[\s-]?(?:aunt(?:ie|y)?|uncle|mother|father|mum|mam|mom|dad|daddy|nan|nana|nanna|gran|granny|"
    r"grandad|grandma|grandpa|sister|brother|sibling|son|daughter|cousin|niece|nephew|partner|ex|boyfriend|girlfriend|husband|wife|"
    r"fianc[eé]e?|in[\s-]laws?|friend|mate|neighbou?r|landlord|landlady|tenant|lodger|flatmate|housemate|colleague|boss|employer|teacher|"
    r"tutor|coach|childminder|babysitter|nanny|nurse|doctor|midwife|carer|pupil|student)s?\b"
)
_PLACE = (
    r"(?:house|flat|home|garden|street|road|window|wall|ceiling|floor|block|building|school|class|surgery|shop|work|job|shift|church)\b"
)
_WORD = r"[\w'\u2019-]{1,40}\s{1,5}"
_I_AM = r"\b(?:i\s{1,5}am|i['\u2019]?m|we\s{1,5}are|we['\u2019]re|i\s{1,5}was)\s{1,5}"
_WHOSE = r"(?:a|an|the|one\s{1,5}of|her|his|their|your)\b"
_TELLER = r"\b(?:caller|referr?er|informant|reporter|(?:person|woman|man|one)\s{1,5}(?:who|that)\s{1,5}(?:called|rang|phoned))\s{1,5}"
_CALL = r"\b(?:call(?:er|ed|ing|s)?|rang|ring(?:ing)?|rung|phon(?:ed|ing|e)|telephoned|report(?:ed|ing)?|referr\w{1,10})\b"
_TIME = r"\b(?:\d{1,2}[:.]\d{2}(?!\d)|\d{1,2}\s?[ap]\.?m\b|\d{4}\s?(?:hrs|hours)\b)"

_HINTS = tuple(
    re.compile(hint, re.IGNORECASE)
    for hint in (
        rf"{_I_AM}(?:{_WHOSE}|(?:{_WORD}){{0,2}}?{_KIN})",  # I am her aunt; I'm a nurse; I'm Kayleigh's sister
        rf"\bas\s{{1,5}}(?:a|her|his|their|the\s{{1,5}}family['\u2019]s)\s{{1,5}}{_KIN}",
        rf"\b(?:my|our)\s{{1,5}}(?:{_WORD})?(?:{_KIN}|{_PLACE})",
        r"\bnext[\s-]door\b|\b(?:above|below|beside|opposite)\s{1,5}(?:me|us)\b",
        r"\b(?:through|over|across)\s{1,5}the\s{1,5}(?:wall|fence|floor|ceiling|road|street|landing|hall)\b",
        r"\b(?:i|we)\s{1,5}(?:used\s{1,5}to\s{1,5})?(?:live[sd]?|rent|work(?:ed)?|teach|taught|babys[ia]t|childmind)\b",
        r"\b(?:told|asked|begged|messaged|texted|showed)\s{1,5}(?:me|us)\b|\bconfided\s{1,5}in\s{1,5}(?:me|us)\b",
        rf"{_TELLER}(?:(?:is|was)\s{{1,5}}(?:{_WORD}){{0,2}}?{_KIN}|lives?\b|works?\b)",
        rf"{_TELLER}(?:says?|said)\s{{1,5}}(?:that\s{{1,5}})?(?:she|he|they)\s{{1,5}}(?:is|are|was|were|lives?|works?)\b",
        rf"{_CALL}[^.!?\n]{{0,40}}?{_TIME}|{_TIME}[^.!?\n]{{0,30}}?{_CALL}",  # the minute of the call
        r"(?<!\d)(?:\+44|0044|0)[\s()-]{0,3}(?:\d[\s()-]{0,3}){9,10}(?!\d)",  # a telephone number
        r"[^\s@]{1,64}@[^\s@]{2,255}",
    )
)
"""Each bounded, so that no text makes the search slow."""


def hints_at_caller(text: str) -> bool:
    """True if the text may tell who told. It is compared as it is read: full-width letters and invisible characters hide nothing."""
    seen = _as_read(text)
    return any(hint.search(seen) for hint in _HINTS)


def where_hinted(text: str) -> list[tuple[int, int]]:
    """Give `(start, end)` of what may tell who told, in order. Nothing of a text that is not written as it is read: its places differ."""
    if _as_read(text) != text:
        return []
    return sorted({found.span() for hint in _HINTS for found in hint.finditer(text)})


def _as_read(text: str) -> str:
    return "".join(c for c in unicodedata.normalize("NFKC", text) if unicodedata.category(c) != "Cf")


def clues_to_caller(alert: Alert, rule: KindRule) -> Iterator[Revealed]:
    """Give each piece of free text that may tell who told, where that must stay unknown: the kind hides its source, or the referrer asked
    not to be named.
    """
    if rule.hide_source or alert.anonymous:
        yield from (Revealed(clue=Clue.CALLER, where=where) for where, text in free_text(alert) if hints_at_caller(text))
