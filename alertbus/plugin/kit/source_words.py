"""The rules for the words of a message: a source carries them whole, in the letters they were written in, or refuses the message."""

import re
from collections.abc import Iterator, Sequence
from itertools import product
from typing import Any

from alertbus.model.alert import LONGEST_NARRATIVE
from alertbus.plugin.kit.conformance import Unseen, must
from alertbus.plugin.kit.lengthening import MARK, filling, longer, spots, squeezed
from alertbus.plugin.kit.named_samples import named
from alertbus.plugin.kit.source_outcomes import ParseOutcome, alerts_of, telling, tried
from alertbus.plugin.protocols import Ignored, Source, UnreadableMessage

FEW = 24
"""Characters with which a place is tried: it takes words if they arrive."""

LENGTHS = (300, 3_000, 20_000, LONGEST_NARRATIVE + 4_000)
"""Characters put into the words of a message. The last are more than one piece of narrative takes."""

OTHER_LENGTHS = (60, 150, 300, 5_000)
"""The same for a name, a place or any other text: some have a limit in the model, which a source may be tempted to cut to."""

LETTERS = "Zoë Núñez owed £5"
"""Letters and a sign that nearly every other encoding reads as others, without a fault."""

_DECLARED = re.compile(rb"""^[^>]{0,80}encoding=["']([A-Za-z0-9._-]+)""")

_MOST_PIECES, _MOST_TEXTS = 5, 30
_NO_TEXT = frozenset(
    {"kind", "action", "severity", "role", "system", "said_by", "source", "occurred_at", "recorded_at", "born", "narrative"}
)
"""Fields of an alert that hold a word of a list, or a time."""


def carries_words_whole(source: Source, samples: Sequence[bytes]) -> None:
    """The words of every sample, and the other texts of those that tell most. `Unseen` where none of the words stands in its message."""
    wordy = located = 0
    for sample in named(samples):
        before = _said(outcome := tried(source, sample))
        for piece in _pieces(outcome):
            wordy += 1
            places = _places_of_words(source, sample, piece, before, sample.name)
            located += bool(places)
            for at, characters in product(places, LENGTHS):
                _must_be_whole(source, sample, at, characters, before, sample.name)
    for sample in telling(source, samples, 6):
        for text in _other_texts(tried(source, sample)):
            _must_not_be_cut(source, sample, text, sample.name)
    if wordy and not located:
        raise Unseen("none of the words of its alerts stand in its samples: nothing could be made longer there")


def reads_its_letters(source: Source, samples: Sequence[bytes]) -> None:
    """Letters beyond ASCII put into the words of each sample that is in UTF-8 arrive as they are, or the message is refused. `Unseen` where
    no sample says that it is.
    """
    wordy = seen = False
    for sample in named(samples):
        before = _said(outcome := tried(source, sample))
        wordy = wordy or bool(before)
        for piece in _pieces(outcome) if _is_utf8(sample) else ():
            for at in _places_of_words(source, sample, piece, before, sample.name):
                seen = True
                read = tried(source, sample[:at] + f" {LETTERS}".encode() + sample[at:])
                if read is not None and not isinstance(read, UnreadableMessage):
                    must(squeezed(LETTERS) in _said(read), f"{sample.name} with letters beyond ASCII in its words: they arrive as others")
    if wordy and not seen:
        raise Unseen("no sample is in UTF-8 by what stands in it: give one whose words have letters beyond ASCII")


def _is_utf8(sample: bytes) -> bool:
    """By letters beyond ASCII that are UTF-8, or as JSON and XML that names no other encoding are."""
    try:
        sample.decode()
    except UnicodeDecodeError:
        return False
    declared = _DECLARED.match(sample) if sample.lstrip().startswith(b"<?xml") else None
    if declared is not None:
        return declared[1].lower() in {b"utf-8", b"utf8"}
    return not sample.isascii() or sample.lstrip().startswith((b"{", b"[", b"<"))


def _places_of_words(source: Source, sample: bytes, piece: str, before: str, what: str) -> list[int]:
    """Where words of the alert stand in the sample: where a few more arrive with them. Other words may begin as they do."""
    for places in spots(sample, piece):
        found = []
        for at in places:
            outcome = tried(source, longer(sample, at, filling(FEW, ".")))
            if isinstance(outcome, list) and MARK in _said(outcome):
                must(_is_whole(outcome, FEW, before), f"{what}: {FEW} characters more, and its words arrive cut or changed")
                found.append(at)
        if found:
            return found
    return []


def _must_be_whole(source: Source, sample: bytes, at: int, characters: int, before: str, what: str) -> None:
    outcome = tried(source, longer(sample, at, filling(characters, ".")))
    if outcome is None or isinstance(outcome, UnreadableMessage):
        return
    must(not isinstance(outcome, Ignored), f"{what} with {characters} characters more in its words: ignored, and nobody looks at it")
    must(_is_whole(outcome, characters, before), f"{what} with {characters} characters more in its words: they arrive cut, changed or not")


def _is_whole(outcome: ParseOutcome, characters: int, before: str) -> bool:
    after, more = _said(outcome), squeezed(filling(characters, "."))
    return more in after and after.replace(more, "") == before


def _must_not_be_cut(source: Source, sample: bytes, text: str, what: str) -> None:
    """Of a name too long for it an alert may say nothing at all, but not a part: half a name is another name."""
    for at in next(spots(sample, text), []):
        for characters in OTHER_LENGTHS:
            outcome = tried(source, longer(sample, at, filling(characters)))
            if not isinstance(outcome, list):
                break
            after = squeezed("\n".join(each for alert in alerts_of(outcome) for each in _texts(alert.model_dump(mode="json"), frozenset())))
            whole = after.count(squeezed(filling(characters)))
            must(after.count(MARK) == whole, f"{what} with {characters} characters more in a name, a place or another text: it arrives cut")
            if not whole:
                break


def _said(outcome: ParseOutcome | None) -> str:
    """All words of what a message states, one behind the other: a text may be carried in several pieces."""
    return squeezed("".join(said.text for alert in alerts_of(outcome) for said in alert.narrative))


def _pieces(outcome: ParseOutcome | None) -> list[str]:
    return list(dict.fromkeys(said.text for alert in alerts_of(outcome) for said in alert.narrative))[:_MOST_PIECES]


def _other_texts(outcome: ParseOutcome | None) -> list[str]:
    found = (text for alert in alerts_of(outcome) for text in _texts(alert.model_dump(mode="json", exclude_defaults=True), _NO_TEXT))
    return list(dict.fromkeys(text for text in found if any(each.isalpha() for each in text)))[:_MOST_TEXTS]


def _texts(value: Any, without: frozenset[str]) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict):
        for key, inner in value.items():
            if key not in without:
                yield from _texts(inner, without)
    elif isinstance(value, list):
        for inner in value:
            yield from _texts(inner, without)
