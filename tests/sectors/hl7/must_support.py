"""What UK Core marks mustSupport, read of its definitions, and what of it our messages hold."""

import xml.etree.ElementTree as ET
from collections.abc import Iterator

from tests.sectors.hl7.invariants import Resource, resources
from tests.sectors.hl7.validator import DEFINITIONS

_FHIR = {"f": "http://hl7.org/fhir"}

NOT_HELD = {
    "Organization": {"active", "address", "telecom"},
    "Patient": {"active", "gender", "managingOrganization", "telecom"},
    "PractitionerRole": {"active", "location", "period", "specialty", "telecom"},
    "Provenance": {"signature"},
}
"""Elements that no message of ours holds: a notice does not say them, and nothing is written that nobody said."""


def must_support(kind: str) -> set[str]:
    """The elements of a resource that UK Core marks mustSupport, at its first level; `event[x]` by the form that we use."""
    definition = ET.parse(DEFINITIONS / f"StructureDefinition-UKCore-{kind}.xml").getroot()
    marked = (
        e.get("id", "") for e in definition.iterfind(".//f:differential/f:element", _FHIR) if e.find("f:mustSupport", _FHIR) is not None
    )
    return {"eventCoding" if name == "event[x]" else name for name in (one.split(".")[1].partition(":")[0] for one in marked)}


def held(bundle: Resource) -> Iterator[tuple[str, str]]:
    """Yield each element that some resource of the Bundle has, with its type."""
    for resource in (bundle, *resources(bundle)):
        yield from ((resource["resourceType"], name) for name in resource)
