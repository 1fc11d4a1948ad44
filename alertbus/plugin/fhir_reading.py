"""Reads FHIR R4 Bundles that others wrote: which resources there are, whom they are about, when. Public.

Everything is read where it stands, by type: a field of the wrong type is a field that is not there. Nothing that was found is ever repeated
in a fault, and nothing is fetched: a reference that leads out of the Bundle leads nowhere.
"""

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta, timezone
from typing import Any

from alertbus.model.identifiers import Identifier, IdentifierSystem, InvalidIdentifier, canonical
from alertbus.model.person import Address, Name, Person
from alertbus.plugin.fhir import ADDRESS_KEY, NHS_NUMBER
from alertbus.plugin.protocols import UnreadableMessage
from alertbus.plugin.wording import UK

LONGEST_LINE, MOST_LINES, LONGEST_NAME, LONGEST_POSTCODE, MOST_ADDRESSES = 200, 6, 200, 10, 20

_MOMENT = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d(:\d\d(\.\d{1,9})?)?(Z|[+-]\d\d:\d\d)", re.ASCII)
_UPRN = re.compile(r"[0-9]{1,12}")
_DAY = re.compile(r"\d{4}-\d\d-\d\d", re.ASCII)


@dataclass(frozen=True, slots=True)
class ResourceFound:
    """A resource of a Bundle, and where it stands there."""

    path: str
    url: str
    resource: Mapping[str, Any]

    @property
    def kind(self) -> str:
        """Its `resourceType`."""
        return text(self.resource, "resourceType") or ""

    @property
    def key(self) -> str | None:
        """What tells this resource from another like it, whenever it is sent: its id, else its full URL."""
        return text(self.resource, "id") or self.url or None


class BundleRead:
    """The resources of a Bundle in their order. `text` below reads a field of one."""

    def __init__(self, bundle: Mapping[str, Any]) -> None:
        self.whole = bundle
        self.found = tuple(
            ResourceFound(f"entry[{n}].resource", text(entry, "fullUrl") or "", resource)
            for n, entry in enumerate(objects(bundle, "entry"))
            if isinstance(resource := entry.get("resource"), Mapping)
        )

    @property
    def type(self) -> str:
        """What sort of Bundle it is: `message`, `transaction`."""
        return text(self.whole, "type") or ""

    def of(self, kind: str) -> list[ResourceFound]:
        """Give the resources of one type, in their order."""
        return [found for found in self.found if found.kind == kind]

    def resolve(self, reference: object) -> ResourceFound | None:
        """Find what a Reference leads to in this Bundle: by full URL, or by type and id."""
        target = text(reference, "reference") if isinstance(reference, Mapping) else None
        if not target:
            return None
        return next((found for found in self.found if target == found.url or target == f"{found.kind}/{text(found.resource, 'id')}"), None)


def read_resource(raw: bytes) -> Mapping[str, Any]:
    """Read one resource as JSON. Raises `UnreadableMessage`."""
    try:
        value = json.loads(raw)
    except (ValueError, RecursionError):
        value = None
    if not isinstance(value, dict) or not isinstance(value.get("resourceType"), str):
        raise UnreadableMessage(("$", "a FHIR R4 resource as one JSON object in UTF-8"))
    return value


def text(thing: Mapping[str, Any], name: str) -> str | None:
    """Give a field that is a text and not empty; else None."""
    value = thing.get(name)
    return value if isinstance(value, str) and value.strip() else None


def objects(thing: Mapping[str, Any], name: str) -> list[Mapping[str, Any]]:
    """Give the objects of a list; empty where there is no list."""
    value = thing.get(name)
    return [item for item in value if isinstance(item, Mapping)] if isinstance(value, list) else []


def inside(thing: Mapping[str, Any], name: str) -> Mapping[str, Any]:
    """Give an object inside; an empty one where there is none."""
    value = thing.get(name)
    return value if isinstance(value, Mapping) else {}


def codes_of(concept: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    """Yield system and code of each coding of a CodeableConcept."""
    for coding in objects(concept, "coding"):
        if (code := text(coding, "code")) is not None:
            yield text(coding, "system") or "", code


def words_of_concept(concept: Mapping[str, Any]) -> str | None:
    """Give a CodeableConcept in its sender's own words: its text, else the display of a coding."""
    return text(concept, "text") or next((shown for coding in objects(concept, "coding") if (shown := text(coding, "display"))), None)


def moment_of(value: object) -> datetime | None:
    """Read an instant or dateTime; of a day alone, its beginning in the United Kingdom. None for what is neither, as a year alone."""
    if not isinstance(value, str):
        return None
    try:
        if _MOMENT.fullmatch(value):
            return datetime.fromisoformat(value).astimezone(UTC)
        if _DAY.fullmatch(value):
            begins = datetime.combine(date.fromisoformat(value), time(), UK)
            return begins.astimezone(timezone(begins.utcoffset() or timedelta(0)))
    except (ValueError, OverflowError):
        pass
    return None


def day_of(value: object) -> date | None:
    """Read a day that is written as a whole one."""
    try:
        return date.fromisoformat(value) if isinstance(value, str) and _DAY.fullmatch(value) else None
    except ValueError:
        return None


def person_of(patient: ResourceFound) -> Person:
    """Read who a Patient is, as far as the bus can find somebody by it. A number that is no NHS number is not taken for one.

    Raises `UnreadableMessage` where nothing is left by which anybody could be found, and for more addresses than an alert takes.
    """
    numbers = tuple(nhs_numbers(patient.resource))
    name = next((called for given in objects(patient.resource, "name") if (called := _name(given))), None)
    born = day_of(patient.resource.get("birthDate"))
    addresses = tuple(place for given in objects(patient.resource, "address") if (place := address_of(given)))
    if born is not None and not date(1900, 1, 1) <= born:
        born = None
    if not numbers and name is None:
        raise UnreadableMessage((f"{patient.path}.identifier", "an NHS number, or a name beside it: else nobody can be found"))
    if len(addresses) > MOST_ADDRESSES:
        raise UnreadableMessage((f"{patient.path}.address", f"at most {MOST_ADDRESSES} addresses"))
    return Person(identifiers=numbers[:1], name=name, born=born, addresses=addresses)


def nhs_numbers(patient: Mapping[str, Any]) -> Iterator[Identifier]:
    """Yield the valid NHS numbers of a Patient."""
    for identifier in objects(patient, "identifier"):
        if text(identifier, "system") == NHS_NUMBER and (found := nhs_number_of(text(identifier, "value"))):
            yield found


def nhs_number_of(value: str | None) -> Identifier | None:
    """Give the NHS number that a text is, check digit and all; None for every other text."""
    try:
        system, number = canonical(IdentifierSystem.NHS_NUMBER, value or "")
    except InvalidIdentifier:
        return None
    return Identifier(system=system, value=number)


def address_of(given: Mapping[str, Any], uprn: str | None = None) -> Address | None:
    """Read an Address, its UPRN from UK Core's extension or given; None where nothing of it is of use."""
    number = uprn or _uprn(given)
    stated = given.get("line")
    parts = [*(stated if isinstance(stated, list) else ()), text(given, "city"), text(given, "district")]
    lines = tuple(part.strip() for part in parts if isinstance(part, str) and part.strip())
    if len(lines) > MOST_LINES or any(len(line) > LONGEST_LINE for line in lines):
        lines = ()  # half an address is another address
    postcode = (text(given, "postalCode") or "").strip()
    read = Address(
        uprn=number if number and _UPRN.fullmatch(number) and number.strip("0") else None,
        lines=lines,
        postcode=postcode if 0 < len(postcode) <= LONGEST_POSTCODE else None,
    )
    return read if read.uprn or read.lines or read.postcode else None


def _uprn(given: Mapping[str, Any]) -> str | None:
    for extension in objects(given, "extension"):
        if text(extension, "url") == ADDRESS_KEY:
            parts = {text(part, "url"): part for part in objects(extension, "extension")}
            kinds = {code for _, code in codes_of(inside(parts.get("type", {}), "valueCodeableConcept"))}
            if "UPRN" in kinds:
                return text(parts.get("value", {}), "valueString")
    return None


def _name(given: Mapping[str, Any]) -> Name | None:
    first = given.get("given")
    words = " ".join(word.strip() for word in first if isinstance(word, str) and word.strip()) if isinstance(first, list) else ""
    family = (text(given, "family") or "").strip()
    if max(len(words), len(family)) > LONGEST_NAME or not (words or family):
        return None
    return Name(given=words or None, family=family or None)
