"""Marks: what a mention of somebody claims, by which other mentions of the same person are found. Pure.

A mark is a pair (system, value). Numbers stand as they are; names, birthdays and places only as digests.
"""

from collections.abc import Iterable

from alertbus.directory.comparing import ONE_NUMBER, blocks, exact_marks, strong_marks
from alertbus.model.identity import PersonPointer
from alertbus.model.person import Person
from alertbus.policy.identity_rules import IdentityRules

Mark = tuple[str, str]

EXACT = "exact"
"""A digest of given name, family name, date of birth and one place, all exact."""
KEY = "key"
"""The key of somebody in an exercise: one person's throughout it."""
MENTION = "mention"
"""Another mention, or this one itself: what a decision about who is who points at."""
CASE_KEY = "case_key"
"""The key of somebody on a real case file, by which an alert may ask for them. Several cases may use one: it joins nobody."""
BLOCK = "block"
"""A digest by which people who may be the same are looked up, to be compared. It joins nobody."""
SPOKEN = "spoken"
"""A digest of how a text may name somebody on a case file: by name or by place (`said_in_text`). It joins nobody."""

LOOK_UP_ONLY = frozenset({CASE_KEY, BLOCK, SPOKEN})

KEPT_WHEN_ENDED = frozenset({EXACT, KEY, MENTION, *LOOK_UP_ONLY})
"""All but these are numbers. An ended claim of a number is kept with its end; any other mark goes."""

_ON_CASE, _IN_ALERT = "case/", "alert/"

_ONE_NUMBER = frozenset(system.value for system in ONE_NUMBER)


def in_one_number_system(mark: Mark) -> bool:
    """True for a number of a body that gives one person one: another number of it is another person's."""
    return mark[0] in _ONE_NUMBER


def is_number(mark: Mark) -> bool:
    return mark[0] not in KEPT_WHEN_ENDED


def case_mention(case_id: str, key: str) -> str:
    """Give the id of the mention of somebody on a case file."""
    return f"{_ON_CASE}{case_id}/{key}"


def is_on_case(mention_id: str) -> bool:
    return mention_id.startswith(_ON_CASE)


def alert_mention(alert_id: str, entry: int) -> str:
    """Give the id of the mention of an alert's person: `entry` counts its subjects, then its children."""
    return f"{_IN_ALERT}{alert_id}/{entry}"


def mentions_begin(of: str) -> tuple[str, str]:
    """Give how the ids of the mentions on that case, or in that alert, begin."""
    return f"{_ON_CASE}{of}/", f"{_IN_ALERT}{of}/"


def marks_of(person: Person, rules: IdentityRules) -> frozenset[Mark]:
    """Give the marks by which this person is found for certain."""
    return frozenset(strong_marks(person, rules)) | frozenset((EXACT, digest) for digest in exact_marks(person, rules))


def marks_on_case(person: Person, case_id: str, scope: str, rules: IdentityRules) -> frozenset[Mark]:
    """Give all marks of somebody on a case file of that exercise, or of none."""
    key = person.key or ""
    found = {(MENTION, case_mention(case_id, key)), (KEY, key) if scope else (CASE_KEY, key)}
    return marks_of(person, rules) | found | {(BLOCK, digest) for digest in blocks(person)}


def marks_pointed_at(people: Iterable[PersonPointer]) -> frozenset[Mark]:
    """Give the marks that a statement about who is who points at; a person id must have been resolved before."""
    found: set[Mark] = set()
    for pointer in people:
        if pointer.identifier:
            found.add((pointer.identifier.system.value, pointer.identifier.value))
        elif pointer.case_id and pointer.key:
            found.add((MENTION, case_mention(pointer.case_id, pointer.key)))
        elif pointer.alert_id and pointer.entry is not None:
            found.add((MENTION, alert_mention(pointer.alert_id, pointer.entry)))
    return frozenset(found)
