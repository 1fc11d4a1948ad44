"""A Common Transfer File (CTF, DfE): read for whose file it is and between which schools it goes, and for nothing else.

A file holds addresses, contacts, attendance, special needs and results. None of that is taken: a file goes with every child who
changes school, and nearly all of them concern no agency.
"""

import re
import xml.etree.ElementTree as ET
from dataclasses import dataclass
from datetime import UTC, date, datetime
from xml.parsers import expat

from alertbus.plugin import IdentifierSystem, InvalidIdentifier, Name, UnreadableMessage, canonical
from alertbus.plugin.wording import UK

LONGEST_NAME = 200
MOST_PUPILS = 400
"""Pupils of one file: a large school's whole year. A larger one is to be sent in parts."""
_AUTHORITY = re.compile(r"[0-9]{3}")
_ESTABLISHMENT = re.compile(r"[0-9]{4}|LLLL")
_UNKNOWN_SCHOOLS = frozenset({"XXXXXXX", "MMMMMMM", "NNNNNNN"})
_TRUE = {"true": True, "1": True, "false": False, "0": False}
_NOT_XML = "a Common Transfer File: XML with the root CTfile, and without a document type"


@dataclass(frozen=True, slots=True)
class Pupil:
    """A child of the file, as far as it is read."""

    upn: str | None
    name: Name | None
    born: date | None
    in_care: bool | None
    care_authority: str | None


@dataclass(frozen=True, slots=True)
class TransferFile:
    """The header of a file, as far as it is read, and its pupils. A school is seven digits, or `NNNLLLL` for an authority."""

    made_at: datetime
    source: str
    destination: str | None
    pupils: tuple[Pupil, ...]


def read_transfer(raw: bytes) -> TransferFile | None:
    """Read a file; None for one that goes nowhere known: to the national store of children whose new school nobody knows.

    Raises `UnreadableMessage` with every fault, each with its place and never what stood there.
    """
    root = _root(raw)
    header = root.find("Header")
    if header is None:
        raise UnreadableMessage(("CTfile.Header", "the header of a Common Transfer File"))
    faults: list[tuple[str, str]] = []
    made_at = _moment(_text(header, "DateTime"))
    if made_at is None:
        faults.append(("CTfile.Header.DateTime", "when the file was made, as YYYY-MM-DDThh:mm:ss"))
    source, destination = (_school(header, name) for name in ("SourceSchool", "DestSchool"))
    if source is None:
        faults.append(("CTfile.Header.SourceSchool", "LEA, three digits, and Estab, four digits or LLLL"))
    if destination is None:
        faults.append(("CTfile.Header.DestSchool", "LEA, three digits, and Estab, four digits; or the letters of a school not known"))
    rows = root.findall("CTFpupilData/Pupil")
    if not 0 < len(rows) <= MOST_PUPILS:
        faults.append(("CTfile.CTFpupilData", f"1 to {MOST_PUPILS} pupils; send a larger file in parts"))
    pupils = [_pupil(row, f"CTfile.CTFpupilData.Pupil[{n}]", faults) for n, row in enumerate(rows[:MOST_PUPILS])]
    if faults or made_at is None or source is None or destination is None:
        raise UnreadableMessage(*faults)
    if destination in _UNKNOWN_SCHOOLS:
        return None
    return TransferFile(made_at, source, destination, tuple(pupils))


def _root(raw: bytes) -> ET.Element:
    """Parse the file. One with a document type is refused before anything in it is expanded."""
    root: ET.Element | None = None
    try:
        watcher = expat.ParserCreate()
        watcher.StartDoctypeDeclHandler = _refuse_document_type
        watcher.Parse(raw, True)
        root = ET.fromstring(raw)  # noqa: S314  no entity of its own can be in it: a document type was refused above
    except (ET.ParseError, expat.ExpatError, ValueError, LookupError):
        pass  # raised below, outside the handler, so that the parser's error is not chained to ours
    if root is None or root.tag != "CTfile":
        raise UnreadableMessage(("$", _NOT_XML))
    return root


def _refuse_document_type(*_: object) -> None:
    raise ValueError(_NOT_XML)


def _text(parent: ET.Element, path: str) -> str:
    return (parent.findtext(path) or "").strip()


def _school(header: ET.Element, name: str) -> str | None:
    """The number of authority and school together; letters alone for a school that nobody knows; None for anything else."""
    authority, establishment = (_text(header, f"{name}/{part}") for part in ("LEA", "Estab"))
    whole = authority + establishment
    if name == "DestSchool" and whole in _UNKNOWN_SCHOOLS:
        return whole
    return whole if _AUTHORITY.fullmatch(authority) and _ESTABLISHMENT.fullmatch(establishment) else None


def _pupil(row: ET.Element, path: str, faults: list[tuple[str, str]]) -> Pupil:
    upn, born_text = _text(row, "UPN"), _text(row, "DOB")
    name = _name(row)
    born = _day(born_text)
    try:
        found = canonical(IdentifierSystem.UPN, upn)[1] if upn else None
    except InvalidIdentifier as fault:
        faults.append((f"{path}.UPN", fault.expected))
        found = None
    if born_text and born is None:
        faults.append((f"{path}.DOB", "a date of birth that exists, as YYYY-MM-DD"))
    if max(len(part or "") for part in name or ("",)) > LONGEST_NAME:
        faults.append((f"{path}.Surname", f"names of at most {LONGEST_NAME} characters"))
        name = None
    if not upn and name is None:
        faults.append((path, "a UPN, or a Surname and a Forename: a child must be known by something"))
    care = _text(row, "LookedAfter/CareAuthority")
    in_care = _TRUE.get(_text(row, "LookedAfter/InCare").lower())
    named = Name(given=name[0], family=name[1]) if name else None
    return Pupil(found, named, born, in_care, care if _AUTHORITY.fullmatch(care) else None)


def _name(row: ET.Element) -> tuple[str | None, str | None] | None:
    given, family = (" ".join(_text(row, part).split()) or None for part in ("Forename", "Surname"))
    return (given, family) if given or family else None


def _day(text: str) -> date | None:
    try:
        found = date.fromisoformat(text)
    except ValueError:
        return None
    return found if found.year >= 1900 and len(text) == 10 else None  # noqa: PLR2004


def _moment(text: str) -> datetime | None:
    """A time without an offset is UK time, as schools' systems write it. In the hour that autumn repeats, the first is meant."""
    try:
        found = datetime.fromisoformat(text)
    except ValueError:
        return None
    if not 1990 <= found.year <= 2100:  # noqa: PLR2004
        return None
    return (found if found.tzinfo else found.replace(tzinfo=UK)).astimezone(UTC)
