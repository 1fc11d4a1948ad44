"""Single FHIR R4 resources as plain dictionaries, each built from values that are passed in.

No profile is claimed: what UK Core marks mustSupport is filled where the notice has it, and nobody has assured it
as UK Core.
"""

from collections.abc import Sequence
from typing import Any

from alertbus.plugin import Address, Excerpt, IdentifierSystem, NoticePerson
from alertbus.plugin.wording import present
from alertbus_health import codes

Resource = dict[str, Any]


def reference(full_url: str, kind: str, display: str | None = None) -> Resource:
    return {"reference": full_url, "type": kind} | ({"display": display} if display else {})


def coded(system: str, code: str, display: str | None = None) -> Resource:
    return {"coding": [{"system": system, "code": code} | ({"display": display} if display else {})]}


def organization(agency: str, ods: str | None) -> Resource:
    """By its ODS code where the adapter was given one, and always by its name on the bus."""
    identifiers = [{"system": codes.ODS, "value": ods}] if ods else []
    return {
        "resourceType": "Organization",
        "identifier": [*identifiers, {"system": codes.AGENCY, "value": agency}],
        "name": agency.replace("_", " ").capitalize(),
    }


def patient(child: NoticePerson, case_id: str) -> Resource:
    """Describe a child as far as the notice says who it is. The opaque reference is always there, and may be all
    there is.
    """
    numbers = [i.value for i in child.identifiers if i.system is IdentifierSystem.NHS_NUMBER]
    built: Resource = {
        "resourceType": "Patient",
        "identifier": [*map(_nhs_number, numbers[:1]), _opaque(child.ref, case_id)],
    }
    if child.name and child.name.full:
        built["name"] = [present(family=child.name.family, given=[child.name.given] if child.name.given else None)]
    elif child.label:
        built["name"] = [{"text": child.label}]
    if child.born:
        built["birthDate"] = child.born.isoformat()
    if child.died:
        built["deceasedDateTime"] = child.died.isoformat()
    if addresses := [_address(a) for a in child.addresses if a.uprn or a.lines or a.postcode]:
        built["address"] = addresses
    return built


def nobody_known(case_id: str) -> Resource:
    """Give the Flag something to hang on where this agency may know no child: a Patient with no identity."""
    return {"resourceType": "Patient", "identifier": [{"system": codes.CASE_ID, "value": case_id}]}


def somebody(ref: str, case_id: str) -> Resource:
    """Point at an adult whose own record is flagged (an expected baby is recorded with its mother), by reference
    only.
    """
    return {"resourceType": "Patient", "identifier": [_opaque(ref, case_id)]}


def payload(lines: Sequence[str], excerpts: Sequence[Excerpt]) -> list[Resource]:
    """Each line and each excerpt a `contentString` of its own; an excerpt's is the source's text, unaltered
    (VOI-01).
    """
    return [{"contentString": line} for line in lines] + [_excerpt(excerpt) for excerpt in excerpts]


def labels(*, exercise: bool, do_not_reveal_source: bool) -> Resource:
    """Set marks that survive where the text is not shown."""
    security = [{"system": f"{codes.HL7}/v3-Confidentiality", "code": "V" if do_not_reveal_source else "R"}]
    if do_not_reveal_source:
        security.append({"system": codes.HANDLING, "code": "do-not-reveal-source"})
    if exercise:
        security.append({"system": f"{codes.HL7}/v3-ActReason", "code": "HTEST"})
    return {"security": security}


def _excerpt(excerpt: Excerpt) -> Resource:
    said_by, first_hand = excerpt.said_by, excerpt.observed_first_hand
    marks = [
        {"url": "sha256", "valueString": excerpt.sha256},
        {"url": "said-by", "valueCode": codes.NOT_STATED if said_by is None else said_by.value},
        {"url": "observed-first-hand", **({"valueCode": codes.NOT_STATED} if first_hand is None else {"valueBoolean": first_hand})},
    ]
    return {"extension": [{"url": codes.EXCERPT, "extension": marks}], "contentString": excerpt.text}


def _nhs_number(value: str) -> Resource:
    # 02, never 01: a notice does not say whether somebody traced the number, and claiming it would join records unseen.
    status = coded(codes.VERIFICATION_CODES, "02", "Number present but not traced")
    return {
        "extension": [{"url": codes.VERIFICATION, "valueCodeableConcept": status}],
        "system": codes.NHS_NUMBER,
        "value": value,
    }


def _opaque(ref: str, case_id: str) -> Resource:
    return {"system": codes.PERSON_REF, "value": f"{case_id}/{ref}"}


def _address(address: Address) -> Resource:
    key = [
        {
            "url": codes.ADDRESS_KEY,
            "extension": [
                {
                    "url": "type",
                    "valueCodeableConcept": coded(codes.ADDRESS_KEY_CODES, "UPRN", "Unique Property Reference Number"),
                },
                {"url": "value", "valueString": address.uprn},
            ],
        }
    ]
    return present(
        extension=key if address.uprn else None,
        line=[line for line in address.lines if line.strip()] or None,
        postalCode=address.postcode,
    )
