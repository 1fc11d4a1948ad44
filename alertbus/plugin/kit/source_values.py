"""Whose words are in a message: the values by which a leak is known."""

import re
from collections.abc import Iterable, Sequence

from alertbus.model.alert import Alert
from alertbus.plugin.kit.damage import places
from alertbus.plugin.kit.source_outcomes import ParseOutcome, tried
from alertbus.plugin.protocols import Ignored, Source

_SHORTEST = 3
"""Letters of a name that is looked for: a shorter one stands by chance in any sentence."""

_SHORT = 5


def personal(outcome: ParseOutcome | None) -> list[str]:
    """Give what a message states of people: names, numbers, addresses, dates of birth, words said."""
    found: list[str] = []
    for stated in outcome if isinstance(outcome, list) else ():
        found += _of_alert(stated) if isinstance(stated, Alert) else [p.identifier.value for p in stated.people if p.identifier]
    return [value for value in dict.fromkeys(found) if len(value) >= _SHORTEST]


def _of_alert(alert: Alert) -> list[str]:
    people = [subject.person for subject in (*alert.subjects, *alert.children)]
    names = [part for person in people if person.name for part in (person.name.given, person.name.family) if part]
    numbers = [i.value for person in people for i in person.identifiers]
    places_ = [
        line for person in people for address in person.addresses for line in (*address.lines, address.postcode, address.uprn) if line
    ]
    born = [person.born.isoformat() for person in people if person.born]
    return names + numbers + places_ + born + [said.text for said in alert.narrative]


def leaks(text: str, values: Iterable[str]) -> list[int]:
    """Give which of the values stand in the text: numbers, because a report may not repeat them.

    In whatever case; but a short one only as a word of its own, as it is written: `Ida` is not in "validation", nor `May` in "may be".
    """
    folded = text.casefold()
    return [
        number for number, value in enumerate(values) if (_is_word(value, text) if len(value) <= _SHORT else value.casefold() in folded)
    ]


def _is_word(value: str, text: str) -> bool:
    return re.search(rf"(?<!\w){re.escape(value)}(?!\w)", text) is not None


def marked(source: Source, sample: bytes) -> tuple[bytes, Sequence[str]]:
    """Give the sample with a word of the kit's own in each field that takes one, and these words.

    A field takes one when the message is read to the same end with it: alerts remain alerts, ignored remains ignored for the same reason.
    """
    before = _end(tried(source, sample))
    words: list[str] = []
    for number in range(len(places(sample))):
        here = places(sample)
        if number >= len(here) or not here[number].text or len(here[number].text or "") < _SHORTEST:
            continue
        word = f"Quillfeather{number:03d}"
        changed = here[number].put(word)
        if _end(tried(source, changed)) == before:
            sample = changed
            words.append(word)
    return sample, words


def _end(outcome: ParseOutcome | None) -> str:
    return outcome.reason if isinstance(outcome, Ignored) else type(outcome).__name__
