"""What an alert's page says of a notice besides its words: facts, a line each; and what its source has changed, the former beside the new.

Pure. It says no more than the notices do, each of which was minimised for the reader's agency.
"""

import difflib
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import pairwise
from typing import Any

from alertbus.desk.in_words import SEVERITIES, dated, day, moment
from alertbus.model.notice import Notice
from alertbus.model.sections_in_words import IN_WORDS
from alertbus.plugin.sections import called_in_words, consent_line, section_lines
from alertbus.plugin.wording import plain, unsaid_line

Marked = tuple[tuple[str, bool], ...]
"""A text in pieces; true: this piece stands on one side only."""


@dataclass(frozen=True, slots=True)
class TextChange:
    """One thing that reads otherwise than before. `words`: it is the source's own, and closed where those are."""

    what: str
    before: Marked
    now: Marked
    words: bool = False


@dataclass(frozen=True, slots=True)
class StatementChange:
    """What the statement recorded at `at` has changed, seen from what was told before it."""

    at: datetime
    before_at: datetime
    changes: tuple[TextChange, ...]


def changes_of(former: Sequence[Notice], latest: Notice) -> tuple[StatementChange, ...]:
    """What each statement has changed, the newest first."""
    every = (*former, latest)
    found = (StatementChange(now.recorded_at, before.recorded_at, tuple(_changes(before, now))) for before, now in pairwise(every))
    return tuple(reversed(tuple(found)))


def _changes(before: Notice, now: Notice) -> Iterator[TextChange]:
    for (what, words, was), (_, _, stands) in zip(_compared(before), _compared(now), strict=True):
        if was != stands:
            yield TextChange(what, *_marked(was, stands), words=words)


def _compared(notice: Notice) -> Iterator[tuple[str, bool, str]]:
    """What is compared: its heading, whether it is the source's own words, and how it reads."""
    yield "What it is", False, notice.title
    yield "How grave", False, SEVERITIES[notice.obligation.severity][0]
    yield "When it happened", False, moment(notice.occurred_at)
    yield "In the source's own words", True, "\n".join(one.text for one in notice.narrative)
    yield "What was stated", False, "\n".join(facts_of(notice))
    yield "Who it is about", False, "\n".join(called_in_words(one) for one in (*notice.people, *notice.children))
    yield "What to do", False, notice.action
    yield "First to be read", False, notice.flag or ""


def _marked(before: str, now: str) -> tuple[Marked, Marked]:
    """Both with what stands on one side only marked, word by word."""
    was, stands = _split(before), _split(now)
    old: list[tuple[str, bool]] = []
    new: list[tuple[str, bool]] = []
    for how, i, j, k, m in difflib.SequenceMatcher(a=was, b=stands, autojunk=False).get_opcodes():
        old += [("".join(was[i:j]), how != "equal")] if i < j else []
        new += [("".join(stands[k:m]), how != "equal")] if k < m else []
    return tuple(old), tuple(new)


def _split(text: str) -> list[str]:
    """Words with the blanks that follow them."""
    return re.findall(r"\S+\s*|\s+", text)


def facts_of(notice: Notice) -> Iterator[str]:
    """What was stated, a line each: the sections that have words of their own, and the rest field by field."""
    yield from section_lines(notice)
    for name, stated in notice.details.items():
        if name not in IN_WORDS and isinstance(stated, Mapping):
            yield from (f"{_heading(name, field)}: {_value(value)}" for field, value in stated.items())
    if consent := consent_line(notice):
        yield dated(consent)
    if notice.case_status:
        yield f"The children's plan: {plain(notice.case_status)}"
    if notice.review_on:
        yield f"To be reviewed on {day(notice.review_on)}"
    if unsaid := unsaid_line(notice):
        yield unsaid


def _heading(section: str, field: str) -> str:
    return f"{plain(section).capitalize()}, {plain(field)}"


def _value(value: Any) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, Mapping):
        return "; ".join(f"{plain(str(name))} {_value(one)}" for name, one in value.items() if one is not None)
    if isinstance(value, list | tuple):
        return ", ".join(map(_value, value)) or "none"
    return "not stated" if value is None else str(value)
