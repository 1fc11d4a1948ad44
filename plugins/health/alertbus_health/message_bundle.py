"""A notice as a FHIR R4 message: a MessageHeader first, and everything that it or another resource refers to in the same Bundle."""

from alertbus.plugin.fhir import FhirResource, reference
from alertbus.plugin.own_settings import ods_of
from alertbus_health import codes, resources
from alertbus_health.health_settings import HealthSettings
from alertbus_health.told import ToldToHealth


def message_bundle(told: ToldToHealth, settings: HealthSettings) -> FhirResource:
    notice = told.notice
    here = notice.obligation.agency
    sender, receiver = told.agency(told.origin), told.agency(here)
    role = told.url("role")
    flags = told.flags(sender)
    communication = reference(told.url("communication"), "Communication")
    about = [reference(url, "Flag") for url in flags] or [communication]
    entries = {
        told.url("communication"): told.communication(sender, [receiver, reference(role, "PractitionerRole")]),
        **flags,
        **told.patients,
        told.url("provenance"): told.provenance(about, sender),
        role: resources.practitioner_role(notice.obligation.role, told.url("agency", here), _who(told)),
        **told.organizations({agency: ods_of(settings.ods, agency) for agency in (told.origin, here)}),
    }
    return told.message(told.header([{"system": codes.DEED, "code": notice.deed.value}], communication), entries)


def _who(told: ToldToHealth) -> str | None:
    """The person who answers there; a desk that answers in their place is none."""
    found = told.notice.answering
    return found.who if found is not None else told.notice.recipient
