"""What no validator of FHIR looks at, and whoever reads our Bundles relies on: a second check beside HL7's own (STANDARDS 3.6)."""

import json
from collections.abc import Iterator
from datetime import date
from typing import Any

import nhs_number

from tests.sectors.hl7.validator import DEFINITIONS

Resource = dict[str, Any]

NHS_NUMBER = "https://fhir.nhs.uk/Id/nhs-number"
UK_CORE = "https://fhir.hl7.org.uk/StructureDefinition/UKCore-"
PROFILED = tuple(sorted(path.stem.partition("UKCore-")[2] for path in DEFINITIONS.glob("StructureDefinition-UKCore-*.xml")))
"""Resource types of which UK Core's definition is here."""


def invariants_broken(bundle: Resource) -> list[str]:
    """Everything that is wrong with a Bundle though it may be valid FHIR; empty for a good one."""
    return [*_of_entries(bundle), *_of_references(bundle), *_of_numbers(bundle), *_of_flags(bundle)]


def claiming_uk_core(body: bytes) -> bytes:
    """The same Bundle, each resource claiming UK Core's profile of its type: the validator then holds it to that profile."""
    bundle: Resource = json.loads(body)
    for resource in (bundle, *resources(bundle)):
        if (kind := resource["resourceType"]) in PROFILED:
            resource["meta"] = {**resource.get("meta", {}), "profile": [UK_CORE + kind]}
    return json.dumps(bundle).encode()


def resources(bundle: Resource) -> list[Resource]:
    return [entry["resource"] for entry in bundle["entry"]]


def of_kind(bundle: Resource, kind: str) -> list[Resource]:
    return [resource for resource in resources(bundle) if resource["resourceType"] == kind]


def _of_entries(bundle: Resource) -> Iterator[str]:
    urls = [entry.get("fullUrl") for entry in bundle["entry"]]
    if len(urls) != len(set(urls)) or not all(str(url).startswith("urn:uuid:") for url in urls):
        yield "fullUrl: one of its own for each entry, as urn:uuid"
    if bundle["type"] == "message" and resources(bundle)[0]["resourceType"] != "MessageHeader":
        yield "entry[0]: MessageHeader"
    if bundle["type"] == "transaction" and not all(entry.get("request", {}).get("method") in {"PUT", "POST"} for entry in bundle["entry"]):
        yield "entry.request: PUT or POST"
    for entry in bundle["entry"] if bundle["type"] == "transaction" else ():
        if "?" not in entry["request"]["url"] and not entry["request"].get("ifNoneExist"):
            yield f"entry.request: the second {entry['resource']['resourceType']} of a replay"


def _of_references(bundle: Resource) -> Iterator[str]:
    urls = {entry.get("fullUrl") for entry in bundle["entry"]}
    for resource in resources(bundle):
        for found in _everything(resource, "reference"):
            if found not in urls and found != "#":
                yield f"{resource['resourceType']}: a reference to nothing in this Bundle"


def _of_numbers(bundle: Resource) -> Iterator[str]:
    for identifier in _objects(bundle):
        if identifier.get("system") == NHS_NUMBER and not nhs_number.is_valid(str(identifier.get("value"))):
            yield "an NHS number with a wrong check digit"


def _of_flags(bundle: Resource) -> Iterator[str]:
    """A Flag that has ended says when. One that stands may have no end: a warning about staff is ended by a person, not by a date (NOT-23)."""
    for flag in of_kind(bundle, "Flag"):
        start, end = flag.get("period", {}).get("start"), flag.get("period", {}).get("end")
        if start is None:
            yield "Flag.period.start"
        if flag["status"] != "active" and end is None:
            yield "Flag.period.end: of a Flag that has ended"
        if start and end and date.fromisoformat(start[:10]) > date.fromisoformat(end[:10]):
            yield "Flag.period: it ends before it begins"


def _objects(value: object) -> Iterator[dict[str, Any]]:
    if isinstance(value, dict):
        yield value
    for inner in value.values() if isinstance(value, dict) else value if isinstance(value, list) else ():
        yield from _objects(inner)


def _everything(value: object, name: str) -> Iterator[str]:
    return (found[name] for found in _objects(value) if isinstance(found.get(name), str))
