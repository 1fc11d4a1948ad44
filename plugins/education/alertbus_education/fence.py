"""The second fence: words that would tell a school who the adult is are not passed on, even if the policy let them
through.

The policy is the first fence and works on fields. This one works on text: a sentence that holds an adult's name,
date of birth, identifier or address gives way, whole, to a fixed one. It never edits a sentence, because an edited
sentence is a paraphrase.
"""

import re
from collections.abc import Iterator

from alertbus.plugin import Notice, NoticePerson
from alertbus.plugin.wording import speaks_of

_SHORTEST = 3
"""Shorter parts of a name are ordinary words more often than they are somebody."""

_RELATIONS = frozenset(
    [
        "mother",
        "father",
        "parent",
        "step",
        "stepmother",
        "stepfather",
        "grandmother",
        "grandfather",
        "aunt",
        "uncle",
        "brother",
        "sister",
        "sibling",
        "half",
        "child",
        "partner",
        "ex",
        "friend",
        "associate",
        "maternal",
        "paternal",
        "putative",
        "reported",
        "confirmed",
        "risky",
        "new",
    ]
)


class Fence:
    """What identifies an adult of one notice, or where anybody lives."""

    def __init__(self, notice: Notice) -> None:
        children = {child.ref for child in notice.children}
        adults = [p for p in notice.people if p.ref not in children]
        self._marks = {m for p in adults for m in _identity(p)} | {m for p in (*adults, *notice.children) for m in _places(p)}

    def tells_who(self, text: str) -> bool:
        """Say whether the text holds any of it."""
        return any(speaks_of(text, mark) for mark in self._marks)


def _identity(person: NoticePerson) -> Iterator[str]:
    if person.name:
        for part in (person.name.full, person.name.given, person.name.family):
            if part and len(part) >= _SHORTEST:
                yield part
    if person.label and not _only_a_relation(person):
        yield person.label
    if person.born:
        yield person.born.isoformat()
        yield f"{person.born:%d/%m/%Y}"
    for identifier in person.identifiers:
        yield identifier.value


def _only_a_relation(person: NoticePerson) -> bool:
    """Say whether the label says no more than the reason path does: "Putative father", "Ex-partner 2"."""
    words = re.findall(r"[a-z]+", (person.label or "").lower())
    known = _RELATIONS.union(re.findall(r"[a-z]+", f"{person.relation} {person.certainty}".lower()))
    return known.issuperset(words)


def _places(person: NoticePerson) -> Iterator[str]:
    for address in person.addresses:
        if address.uprn:
            yield address.uprn
        if address.postcode:
            yield address.postcode
        yield from (line for line in address.lines if len(line) >= _SHORTEST)
