"""Whom an HMPPS event is about: numbers only, because events carry no names. They stand in half a dozen places."""

from collections.abc import Iterator

from alertbus.plugin import Identifier, IdentifierSystem, InvalidIdentifier, Person, UnreadableMessage, canonical
from alertbus_hmpps.envelope import Opened
from alertbus_hmpps.identity import INFO, NUMBER_FIELDS
from alertbus_hmpps.moments import moment

_TYPES = {
    "NOMS": IdentifierSystem.PRISON_NUMBER,
    "CRN": IdentifierSystem.CRN,
    "PNC": IdentifierSystem.PNC,
    "CRO": IdentifierSystem.CRO,
}
"""Of `personReference.identifiers`. Other types there are of no use to us and are passed over."""

_ONE_EACH = (IdentifierSystem.PRISON_NUMBER, IdentifierSystem.CRN)


def person_in(opened: Opened) -> tuple[Person, list[str]]:
    """Find the one person meant, and the paths of numbers that are not what they should be.

    One good number is enough: an old police number without its check letter must not hold back a release. Two different
    prison numbers are two people, and telling the wrong family is worse than waiting for somebody to look.
    """
    found: dict[tuple[IdentifierSystem, str], str] = {}
    unread: list[str] = []
    for path, system, value in numbers(opened):
        try:
            # The century of a two-digit PNC year follows the message's own year, so that a replay reads no clock.
            found.setdefault(canonical(system, value, this_year=_year(opened)), path)
        except InvalidIdentifier:
            unread.append(path)
    for system in _ONE_EACH:
        paths = [path for (known, _), path in found.items() if known is system]
        if len(paths) > 1:
            raise UnreadableMessage(*((path, f"one {system.label}: several different ones are given") for path in paths))
    if not found:
        if unread:
            raise UnreadableMessage(*((path, "a prison number, CRN, PNC id or CRO number in its form") for path in unread))
        expected = "the person's prison number or CRN: a booking id alone says who it is to nobody else"
        raise UnreadableMessage((opened.path("personReference", "identifiers"), expected))
    identifiers = tuple(Identifier(system=system, value=value) for system, value in found)
    return Person(identifiers=identifiers), unread


def names_nobody(opened: Opened) -> bool:
    """True if the event holds no number at all of a kind that a case could name."""
    return next(numbers(opened), None) is None


def numbers(opened: Opened) -> Iterator[tuple[str, IdentifierSystem, str]]:
    """Yield every number of a person in the event: its path, its system, and the value as it stands."""
    given = opened.get("personReference", "identifiers")
    for index, entry in enumerate(given if isinstance(given, list) else ()):
        kind, value = (entry.get("type"), entry.get("value")) if isinstance(entry, dict) else (None, None)
        if isinstance(kind, str) and kind.upper() in _TYPES and isinstance(value, str) and value.strip():
            yield opened.path("personReference", f"identifiers[{index}]", "value"), _TYPES[kind.upper()], value
    for inside in ((INFO,), ()):
        for name in NUMBER_FIELDS:
            if (text := opened.text(*inside, name)) is not None:
                yield opened.path(*inside, name), IdentifierSystem.CRN if name == "crn" else IdentifierSystem.PRISON_NUMBER, text


def _year(opened: Opened) -> int:
    read = next((read for name in ("occurredAt", "eventDatetime") if (read := moment(opened.get(name))) is not None), None)
    return read.year if read else 2000 + _CENTURY_END


_CENTURY_END = 50
"""Without any date, a two-digit year up to 50 is this century's."""
