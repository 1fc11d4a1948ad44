"""Single FHIR R4 resources as plain dictionaries, each built from values that are passed in."""

from alertbus.plugin import IdentifierSystem, NoticePerson, fhir
from alertbus.plugin.fhir import FhirResource, reference
from alertbus.plugin.wording import plain, present
from alertbus_health import codes


def patient(child: NoticePerson, case_id: str) -> FhirResource:
    """Describe a child as far as the notice says who it is. The opaque reference is always there, and may be all
    there is.
    """
    numbers = [i.value for i in child.identifiers if i.system is IdentifierSystem.NHS_NUMBER]
    built: FhirResource = {
        "resourceType": "Patient",
        "identifier": [*map(fhir.nhs_number, numbers[:1]), _opaque(child.ref, case_id)],
    }
    if child.name and child.name.full:
        built["name"] = [present(family=child.name.family, given=[child.name.given] if child.name.given else None)]
    elif child.label:
        built["name"] = [{"text": child.label}]
    if child.born:
        built["birthDate"] = child.born.isoformat()
    if child.died:
        built["deceasedDateTime"] = child.died.isoformat()
    if addresses := [fhir.address(a) for a in child.addresses if a.uprn or a.lines or a.postcode]:
        built["address"] = addresses
    return built


def nobody_known(case_id: str) -> FhirResource:
    """Give the Flag something to hang on where this agency may know no child: a Patient with no identity."""
    return {"resourceType": "Patient", "identifier": [{"system": codes.CASE_ID, "value": case_id}]}


def somebody(ref: str, case_id: str) -> FhirResource:
    """Point at an adult whose own record is flagged (an expected baby is recorded with its mother), by reference
    only.
    """
    return {"resourceType": "Patient", "identifier": [_opaque(ref, case_id)]}


def nhs_number_of(built: FhirResource) -> str | None:
    """The NHS number of a Patient made here; None where the notice held none."""
    return next((one["value"] for one in built["identifier"] if one["system"] == fhir.NHS_NUMBER), None)


def practitioner_role(role: str, organization: str, name: str | None) -> FhirResource:
    """Say which role of the agency is to answer: a GP's safeguarding lead, a health visitor, named midwife, school nurse. Whoever holds it
    is called by name where the notice says it, and has no number by which a directory would know them.
    """
    return {
        "resourceType": "PractitionerRole",
        **({"practitioner": {"type": "Practitioner", "display": name}} if name else {}),
        "organization": reference(organization, "Organization"),
        "code": [{"coding": [{"system": fhir.ROLE, "code": role}], "text": plain(role)}],
    }


def _opaque(ref: str, case_id: str) -> FhirResource:
    return {"system": fhir.PERSON_REF, "value": f"{case_id}/{ref}"}
