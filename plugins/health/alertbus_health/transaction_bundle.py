"""A notice as a FHIR R4 transaction, for a record system that stores Flags itself: the same Flag, put where it already stands.

Every entry is conditional, so that a replay changes nothing: the Flag and the Communication are put by identifiers of the bus's own, and a
Patient is created only if the system has none with that NHS number. Agencies are pointed at by identifier: no record of them is made.
"""

from typing import Any

from alertbus.plugin import fhir
from alertbus.plugin.fhir import FhirResource, reference
from alertbus.plugin.own_settings import ods_of
from alertbus.plugin.wording import plain
from alertbus_health import codes, resources
from alertbus_health.health_settings import HealthSettings
from alertbus_health.told import ToldToHealth


def fits_a_transaction(told: ToldToHealth) -> bool:
    """Say whether each record it concerns can be found: by an NHS number. A Flag on a record made for it would be seen by nobody."""
    return all(resources.nhs_number_of(patient) for patient in told.patients.values())


def transaction_bundle(told: ToldToHealth, settings: HealthSettings) -> FhirResource:
    """Write the transaction; `fits_a_transaction` must hold."""
    notice = told.notice
    sender, receiver = (_agency(agency, ods_of(settings.ods, agency)) for agency in (told.origin, notice.obligation.agency))
    provenance = {**told.provenance([reference("#", "Flag")], sender), "id": "provenance"}
    flags = told.flags(sender)
    communication = told.communication(sender, [receiver, _role(notice.obligation.role)])
    if not flags:
        communication = _containing(communication, {**provenance, "target": [reference("#", "Communication")]})
    entries = [
        _put(told.url("communication"), communication, codes.NOTICE_ID, told.message_id),
        *(_put(url, _containing(flag, provenance), fhir.FLAG_ID, flag["identifier"][0]["value"]) for url, flag in flags.items()),
        *(_unless_there(url, patient) for url, patient in told.patients.items()),
    ]
    return {
        "resourceType": "Bundle",
        "id": told.message_id,
        "meta": told.labels,
        "type": "transaction",
        "entry": entries,
    }


def _put(url: str, resource: FhirResource, system: str, value: str) -> dict[str, Any]:
    request = {"method": "PUT", "url": f"{resource['resourceType']}?identifier={system}|{value}"}
    return {"fullUrl": url, "resource": resource, "request": request}


def _unless_there(url: str, patient: FhirResource) -> dict[str, Any]:
    query = f"identifier={fhir.NHS_NUMBER}|{resources.nhs_number_of(patient)}"
    return {"fullUrl": url, "resource": patient, "request": {"method": "POST", "url": "Patient", "ifNoneExist": query}}


def _containing(resource: FhirResource, provenance: FhirResource) -> FhirResource:
    """Provenance has no identifier by which a second one could be told from the first: it goes inside what it is about."""
    return {**resource, "contained": [provenance]}


def _agency(agency: str, ods: str | None) -> FhirResource:
    made = fhir.organization(agency, ods)
    return {"type": "Organization", "identifier": made["identifier"][0], "display": made["name"]}


def _role(role: str) -> FhirResource:
    return {"type": "PractitionerRole", "identifier": {"system": fhir.ROLE, "value": role}, "display": plain(role)}
