"""FHIR R4 as our adapters for the health service write it: resources as plain dictionaries, each built from values passed in. Public.

No profile is claimed here: what UK Core marks mustSupport is filled where a notice has it, and nobody has assured it as UK Core. Systems
that begin with `urn:alertbus:` are the bus's own; they name nothing but the bus, so that no host has to exist for them.
"""

from collections.abc import Sequence
from datetime import datetime
from enum import IntEnum
from hashlib import sha1
from typing import Any
from uuid import UUID

from alertbus.model.alert import Severity
from alertbus.model.notice import Deed, Excerpt, Notice
from alertbus.model.person import Address
from alertbus.plugin.wording import NOT_STATED, present

FhirResource = dict[str, Any]

MEDIA_TYPE = "application/fhir+json"

NHS_NUMBER = "https://fhir.nhs.uk/Id/nhs-number"
ODS = "https://fhir.nhs.uk/Id/ods-organization-code"
VERIFICATION = "https://fhir.hl7.org.uk/StructureDefinition/Extension-UKCore-NHSNumberVerificationStatus"
VERIFICATION_CODES = "https://fhir.hl7.org.uk/CodeSystem/UKCore-NHSNumberVerificationStatusEngland"
ADDRESS_KEY = "https://fhir.hl7.org.uk/StructureDefinition/Extension-UKCore-AddressKey"
ADDRESS_KEY_CODES = "https://fhir.hl7.org.uk/CodeSystem/UKCore-AddressKeyType"
HL7 = "http://terminology.hl7.org/CodeSystem"

AGENCY = "urn:alertbus:agency"
ALERT_ID = "urn:alertbus:alert"
EVENT = "urn:alertbus:message-event"
EXCERPT = "urn:alertbus:excerpt"
FLAG_ID = "urn:alertbus:flag"
HANDLING = "urn:alertbus:handling"
PERSON_REF = "urn:alertbus:person-ref"
ROLE = "urn:alertbus:role"


class Priority(IntEnum):
    """FHIR's request priority, in its own order."""

    ROUTINE = 0
    URGENT = 1
    ASAP = 2
    STAT = 3

    @property
    def code(self) -> str:
        """The word as FHIR writes it."""
        return self.name.lower()

    def at_least(self, notice: Notice) -> "Priority":
        """Take the higher of this and of what the severity asks; a notice that nobody has answered is at least `asap`."""
        by_severity = {Severity.CRITICAL: Priority.STAT, Severity.HIGH: Priority.URGENT}.get(notice.obligation.severity, Priority.ROUTINE)
        chased = Priority.ASAP if notice.deed is Deed.ESCALATE else Priority.ROUTINE
        return max(self, by_severity, chased)


def reference(full_url: str, kind: str, display: str | None = None) -> FhirResource:
    """Build a Reference."""
    return {"reference": full_url, "type": kind} | ({"display": display} if display else {})


def coded(system: str, code: str, display: str | None = None) -> FhirResource:
    """Build a CodeableConcept with one coding."""
    return {"coding": [{"system": system, "code": code} | ({"display": display} if display else {})]}


def instant(moment: datetime) -> str:
    """Write a moment as FHIR's instant, to the millisecond."""
    return moment.isoformat(timespec="milliseconds")


def made_uuid(namespace: UUID, name: str) -> str:
    """Give `str(uuid5(namespace, name))`; without an object for each, which took a third of the time of a Bundle."""
    digest = sha1(namespace.bytes + name.encode(), usedforsecurity=False).hexdigest()
    variant = "89ab"[int(digest[16], 16) & 3]
    return f"{digest[:8]}-{digest[8:12]}-5{digest[13:16]}-{variant}{digest[17:20]}-{digest[20:32]}"


def organization(agency: str, ods: str | None) -> FhirResource:
    """By its ODS code where the adapter was given one, and always by its name on the bus."""
    identifiers = [{"system": ODS, "value": ods}] if ods else []
    return {
        "resourceType": "Organization",
        "identifier": [*identifiers, {"system": AGENCY, "value": agency}],
        "name": agency.replace("_", " ").capitalize(),
    }


def nhs_number(value: str) -> FhirResource:
    """Write an NHS number as UK Core has it, as present but not traced."""
    # 02, never 01: a notice does not say whether somebody traced the number, and claiming it would join records unseen.
    status = coded(VERIFICATION_CODES, "02", "Number present but not traced")
    return {
        "extension": [{"url": VERIFICATION, "valueCodeableConcept": status}],
        "system": NHS_NUMBER,
        "value": value,
    }


def address(given: Address) -> FhirResource:
    """Write an address, its UPRN in UK Core's extension for it; empty where nothing of it is known."""
    kind = coded(ADDRESS_KEY_CODES, "UPRN", "Unique Property Reference Number")
    parts = [{"url": "type", "valueCodeableConcept": kind}, {"url": "value", "valueString": given.uprn}]
    return present(
        extension=[{"url": ADDRESS_KEY, "extension": parts}] if given.uprn else None,
        line=[line for line in given.lines if line.strip()] or None,
        postalCode=given.postcode,
    )


def payload(lines: Sequence[str], excerpts: Sequence[Excerpt] = ()) -> list[FhirResource]:
    """Each line and each excerpt a `contentString` of its own; an excerpt's is the source's text, unaltered
    (VOI-01).
    """
    return [{"contentString": line} for line in lines] + [_excerpt(excerpt) for excerpt in excerpts]


def labels(*, exercise: bool, do_not_reveal_source: bool) -> FhirResource:
    """Set marks that survive where the text is not shown."""
    security = [{"system": f"{HL7}/v3-Confidentiality", "code": "V" if do_not_reveal_source else "R"}]
    if do_not_reveal_source:
        security.append({"system": HANDLING, "code": "do-not-reveal-source"})
    if exercise:
        security.append({"system": f"{HL7}/v3-ActReason", "code": "HTEST"})
    return {"security": security}


def _excerpt(excerpt: Excerpt) -> FhirResource:
    said_by, first_hand = excerpt.said_by, excerpt.observed_first_hand
    unsaid = NOT_STATED.replace("_", "-")
    marks = [
        {"url": "sha256", "valueString": excerpt.sha256},
        {"url": "said-by", "valueCode": unsaid if said_by is None else said_by.value},
        {"url": "observed-first-hand", **({"valueCode": unsaid} if first_hand is None else {"valueBoolean": first_hand})},
    ]
    return {"extension": [{"url": EXCERPT, "extension": marks}], "contentString": excerpt.text}
