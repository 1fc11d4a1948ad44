"""A notice as a FHIR R4 message: a MessageHeader first, and everything that it or another resource refers to in the same Bundle."""

from alertbus.plugin import fhir
from alertbus.plugin.fhir import FhirResource, coded, reference
from alertbus_health import codes, resources
from alertbus_health.health_settings import HealthSettings
from alertbus_health.told import ToldToHealth


def message_bundle(told: ToldToHealth, settings: HealthSettings) -> FhirResource:
    notice = told.notice
    here = notice.obligation.agency
    sender, receiver = _agency(told, told.origin), _agency(told, here)
    role = told.url("role")
    flags = told.flags(sender)
    about = [reference(url, "Flag") for url in flags] or [reference(told.url("communication"), "Communication")]
    entries = [
        (told.header_url, _header(told, sender, receiver)),
        (told.url("communication"), told.communication(sender, [receiver, reference(role, "PractitionerRole")])),
        *flags.items(),
        *told.patients.items(),
        (told.url("provenance"), told.provenance(about, sender)),
        (role, resources.practitioner_role(notice.obligation.role, told.url("agency", here), _who(told))),
        *(
            (told.url("agency", agency), fhir.organization(agency, settings.ods_of(agency)))
            for agency in dict.fromkeys((told.origin, here))
        ),
    ]
    return {
        "resourceType": "Bundle",
        "id": told.message_id,
        "meta": told.labels(),
        "identifier": {"system": "urn:ietf:rfc:3986", "value": told.header_url},
        "type": "message",
        "timestamp": fhir.instant(notice.obligation.since),
        "entry": [{"fullUrl": url, "resource": resource} for url, resource in entries],
    }


def _agency(told: ToldToHealth, agency: str) -> FhirResource:
    return reference(told.url("agency", agency), "Organization")


def _who(told: ToldToHealth) -> str | None:
    """The person who answers there; a desk that answers in their place is none."""
    found = told.notice.answering
    return found.who if found is not None else told.notice.recipient


def _header(told: ToldToHealth, sender: FhirResource, receiver: FhirResource) -> FhirResource:
    notice = told.notice
    return {
        "resourceType": "MessageHeader",
        "id": told.message_id,
        "eventCoding": {"system": fhir.EVENT, "code": "safeguarding-alert"},
        "destination": [{"endpoint": f"{fhir.AGENCY}:{notice.obligation.agency}", "receiver": receiver}],
        "sender": sender,
        "source": {"name": "alertbus", "software": "alertbus", "endpoint": "urn:alertbus"},
        "reason": coded(codes.DEED, notice.deed.value),
        "focus": [reference(told.url("communication"), "Communication")],
    }
