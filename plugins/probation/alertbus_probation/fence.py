"""What may never reach whoever acts for an adult, even when a notice held it by mistake: a child's name or number, where anybody else
lives, and a child's words (NOT-02, NOT-18, ANO-02, ANO-03).

The policy is the first fence: it builds the notice without them. Words are shown whole or not at all: a text that names a child gives way.
"""

from collections.abc import Iterator

from alertbus.plugin import Address, Excerpt, Identifier, IdentifierSystem, Notice, NoticePerson, SaidBy
from alertbus.plugin.wording import speaks_of

THEIRS = frozenset({IdentifierSystem.CRN, IdentifierSystem.PRISON_NUMBER})
"""The numbers of probation and prison: whoever has one is an adult for whom the reader acts."""
OF_AN_ADULT = THEIRS | {IdentifierSystem.PNC, IdentifierSystem.CRO}

HELD_BACK = "It is not shown, because it names a child. Ask the contact."


def adults(notice: Notice) -> list[NoticePerson]:
    """Everybody in the notice who is no child, each once."""
    children = {person.ref for person in notice.children}
    found = {person.ref: person for person in notice.people if not person.child and person.ref not in children}
    return list(found.values())


def children_in(notice: Notice) -> int:
    """How many children the notice is about: that is all that is said of them."""
    return len({person.ref for person in (*notice.children, *notice.people) if person.child or person in notice.children})


def identifiers_of(person: NoticePerson) -> list[Identifier]:
    return [number for number in person.identifiers if number.system in OF_AN_ADULT]


def addresses_of(person: NoticePerson) -> tuple[Address, ...]:
    """Their own, of an adult whom probation or prison has a number for. Of everybody else it is the way to a family's door."""
    return person.addresses if any(number.system in THEIRS for number in person.identifiers) else ()


def names_a_child(notice: Notice, text: str) -> bool:
    return any(speaks_of(text, word) for word in _words_of_children(notice))


def shown(notice: Notice, text: str | None) -> str | None:
    """Give the text, or None where it names a child."""
    return None if text is None or names_a_child(notice, text) else text


def words_said(notice: Notice) -> tuple[Excerpt, ...] | None:
    """Give what was said by whoever is no child. None where a part of it names a child: then all of it stays away, because some without the
    rest would be another statement.
    """
    said = tuple(excerpt for excerpt in notice.narrative if excerpt.said_by is not SaidBy.CHILD)
    return None if any(names_a_child(notice, excerpt.text) for excerpt in said) else said


def _words_of_children(notice: Notice) -> Iterator[str]:
    """The names, labels, numbers and days of birth of the children; but not what everybody is called, such as "Child"."""
    for person in (*notice.children, *(p for p in notice.people if p.child)):
        parts = [person.name.given, person.name.family, person.name.full] if person.name else []
        label = person.label if person.label and person.label.casefold() not in _ANYBODY else None
        family = {p.name.family for p in adults(notice) if p.name}  # a name that an adult has too says nothing of a child
        yield from (part for part in (*parts, label) if part and part not in family)
        yield from (number.value for number in person.identifiers)
        if person.born is not None:
            yield person.born.isoformat()


_ANYBODY = frozenset({"child", "a child", "children", "baby", "the baby", "the child", "sibling"})
