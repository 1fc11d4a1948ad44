"""Types of event that say who is who: that two numbers are one person's, or are not. Nobody is told of them as such.

The numbers are taken from where the type puts them, not from `personReference`: in one real message that names the number
which was removed.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from alertbus.plugin import (
    Identifier,
    IdentifierSystem,
    InvalidIdentifier,
    PersonMerged,
    PersonPointer,
    PersonSplit,
    UnreadableMessage,
    canonical,
)
from alertbus_hmpps.envelope import Opened
from alertbus_hmpps.identity import INFO, says
from alertbus_hmpps.people import numbers
from alertbus_hmpps.tellings import PRISON, PROBATION

_NOMS, _CRN = IdentifierSystem.PRISON_NUMBER, IdentifierSystem.CRN


@dataclass(frozen=True, slots=True)
class Link:
    """What a type of event says of two numbers. `fields` are those of `additionalInformation` that hold them; none: one CRN and one prison
    number, wherever the event names them.
    """

    words: str
    source: str
    system: IdentifierSystem = _CRN
    fields: tuple[str, ...] = ()
    states: type[PersonMerged | PersonSplit] = PersonMerged


_BOTH = "a CRN and a prison number are one person's"

LINKING: Mapping[str, Link] = {
    "prison-offender-events.prisoner.merged": Link(
        "two prison numbers are one person's", PRISON, _NOMS, ("nomsNumber", "removedNomsNumber")
    ),
    "prison-offender-events.prisoner.booking.moved": Link(
        "a booking stood under another person's prison number: both numbers are one person's",
        PRISON,
        _NOMS,
        ("movedFromNomsNumber", "movedToNomsNumber"),
    ),
    "probation-case.merge.completed": Link("two CRNs are one person's", PROBATION, _CRN, ("sourceCRN", "targetCRN")),
    "probation-case.unmerge.completed": Link(
        "two CRNs that were joined are two persons'", PROBATION, _CRN, ("reactivatedCRN", "unmergedCRN"), PersonSplit
    ),
    "probation-case.prison-identifier.added": Link(_BOTH, PROBATION),
    "probation-case.prison-identifier.updated": Link(_BOTH, PROBATION),
}


def link(kind: str, opened: Opened, occurred: datetime) -> PersonMerged | PersonSplit:
    """Read what the event says of two numbers, or raise `UnreadableMessage` at each that is missing or is not what it should be.

    Two numbers that are the same say nothing, and are refused: whoever sent it meant another.
    """
    row = LINKING[kind]
    pair = _in_fields(row, opened) if row.fields else _of_each_system(opened)
    return row.states(
        id=says(kind, opened, occurred),
        source=row.source,
        at=occurred,
        people=tuple(PersonPointer(identifier=Identifier(system=system, value=value)) for system, value in pair),
    )


def _in_fields(row: Link, opened: Opened) -> list[tuple[IdentifierSystem, str]]:
    read: list[tuple[IdentifierSystem, str]] = []
    faults: list[tuple[str, str]] = []
    for name in row.fields:
        number = _canonical(row.system, opened.text(INFO, name) or "")
        if number is None:
            faults.append((opened.path(INFO, name), row.system.expected))
        elif number in read:
            faults.append((opened.path(INFO, name), f"another {row.system.label} than {row.fields[0]}"))
        else:
            read.append(number)
    if faults:
        raise UnreadableMessage(*faults)
    return read


def _of_each_system(opened: Opened) -> list[tuple[IdentifierSystem, str]]:
    pair = []
    faults: list[tuple[str, str]] = []
    for system in (_CRN, _NOMS):
        given = [(path, value) for path, known, value in numbers(opened) if known is system]
        found = {number: path for path, value in given if (number := _canonical(system, value)) is not None}
        if len(found) > 1:
            faults += [(path, f"one {system.label}: several different ones are given") for path in found.values()]
        elif not found:
            faults.append((given[0][0] if given else opened.path("personReference", "identifiers"), system.expected))
        pair += list(found)
    if faults:
        raise UnreadableMessage(*faults)
    return pair


def _canonical(system: IdentifierSystem, value: str) -> tuple[IdentifierSystem, str] | None:
    try:
        return canonical(system, value)
    except InvalidIdentifier:
        return None
