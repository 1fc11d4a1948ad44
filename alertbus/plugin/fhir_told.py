"""What every FHIR Bundle made of a notice has in the same form: numbers, labels, header, period of a Flag, provenance. Public.

The same notice gives the same numbers: every `urn:uuid:` is a version 5 UUID over the notice's id.
"""

import re
from collections.abc import Mapping, Sequence
from functools import cached_property
from typing import Any
from uuid import NAMESPACE_URL, UUID, uuid5

from alertbus.model.notice import Deed, Notice
from alertbus.plugin import fhir
from alertbus.plugin.fhir import FhirResource, coded, reference

_FHIR_ID = re.compile(r"[A-Za-z0-9.-]{1,64}")
_ACTIVITY = {Deed.AMEND: "UPDATE", Deed.WITHDRAW: "NULLIFY", Deed.CORRECT: "NULLIFY", Deed.NO_LONGER_YOURS: "UPDATE"}
"""What a notice does to the record. What is no longer this service's was not wrong, and is not made nothing."""


class FhirTold:
    """One notice on its way to a Bundle. `name` is the adapter's: two adapters number the same notice differently."""

    def __init__(self, notice: Notice, name: str) -> None:
        self.notice = notice
        self.namespace = uuid5(NAMESPACE_URL, f"urn:alertbus:{name}")
        self.origin = notice.obligation.source.partition(".")[0]
        self.case = notice.obligation.case_id
        self._urls: dict[tuple[str, ...], str] = {}

    @cached_property
    def message_id(self) -> str:
        """The notice's own id wherever FHIR can hold it: an answer's `response.identifier` then says which notice
        it answers.
        """
        return self.notice.id if _FHIR_ID.fullmatch(self.notice.id) else self.made(self.notice.id)

    @cached_property
    def header_url(self) -> str:
        """The full URL of the MessageHeader: the notice's own id where that is a UUID."""
        try:
            return UUID(self.notice.id).urn
        except ValueError:
            return self.url("header")

    def url(self, *parts: str) -> str:
        """Give the full URL of an entry, the same for the same parts of this notice."""
        known = self._urls.get(parts)
        if known is None:
            known = self._urls[parts] = "urn:uuid:" + self.made(self.notice.id, *parts)
        return known

    def made(self, *parts: str) -> str:
        """Give a number that is the same for the same parts, whichever notice asks."""
        return fhir.made_uuid(self.namespace, "\x1f".join(parts))

    def agency(self, agency: str) -> FhirResource:
        """Give a reference to an agency's Organization."""
        return reference(self.url("agency", agency), "Organization")

    def organizations(self, ods: Mapping[str, str | None]) -> dict[str, FhirResource]:
        """Give the sender's Organization and the receiver's by full URL, with the ODS codes given."""
        agencies = dict.fromkeys((self.origin, self.notice.obligation.agency))
        return {self.url("agency", one): fhir.organization(one, ods.get(one)) for one in agencies}

    @cached_property
    def labels(self) -> FhirResource:
        """Marks of an exercise and of a source to be hidden."""
        return fhir.labels(
            exercise=self.notice.obligation.exercise is not None,
            do_not_reveal_source=self.notice.do_not_reveal_source,
        )

    def message(self, header: FhirResource, entries: Mapping[str, FhirResource]) -> FhirResource:
        """Give the whole message, its header first."""
        return {
            "resourceType": "Bundle",
            "id": self.message_id,
            "meta": self.labels,
            "identifier": {"system": "urn:ietf:rfc:3986", "value": self.header_url},
            "type": "message",
            "timestamp": fhir.instant(self.notice.obligation.since),
            "entry": [{"fullUrl": url, "resource": one} for url, one in ((self.header_url, header), *entries.items())],
        }

    def header(self, reason: Sequence[Mapping[str, Any]], focus: FhirResource) -> FhirResource:
        """Give the MessageHeader. `reason` holds the codings of why it is sent."""
        here = self.notice.obligation.agency
        return {
            "resourceType": "MessageHeader",
            "id": self.message_id,
            "eventCoding": {"system": fhir.EVENT, "code": "safeguarding-alert"},
            "destination": [{"endpoint": f"{fhir.AGENCY}:{here}", "receiver": self.agency(here)}],
            "sender": self.agency(self.origin),
            "source": {"name": "alertbus", "software": "alertbus", "endpoint": "urn:alertbus"},
            "reason": {"coding": list(reason)},
            "focus": [focus],
        }

    def period(self, *, over: bool, ended_by_a_person: bool) -> FhirResource:
        """Give a Flag's period in whole days. A warning about staff safety has an `end` only when a person has ended it: its review date
        is a question to somebody, and stands in words (NOT-23). Any other Flag ends on the review date, if there is one. `end` is never
        before `start`: a review date in the past ends the Flag on the day it began. What ends it may have the dates of the end: its Flag
        began when the agency was told, if that was sooner.
        """
        notice = self.notice
        begun = notice.occurred_at.date()
        if notice.deed.ends:
            begun = min(begun, notice.obligation.since.date())
        ends = (notice.ended_at or notice.recorded_at).date() if over else None if ended_by_a_person else notice.review_on
        return {"start": begun.isoformat(), **({"end": max(begun, ends).isoformat()} if ends else {})}

    def flag_status(self, *, over: bool) -> str:
        """Give the status of a Flag: `active`, `inactive`, or `entered-in-error` where somebody else was meant."""
        return ("entered-in-error" if self.notice.deed is Deed.CORRECT else "inactive") if over else "active"

    def provenance(self, about: Sequence[FhirResource], who: FhirResource) -> FhirResource:
        """Give who stated it: the agency. The person who told the agency is not known here and must not be (ANO-01)."""
        notice = self.notice
        activity = "UPDATE" if notice.another_stands else _ACTIVITY.get(notice.deed, "CREATE")
        author = coded(f"{fhir.HL7}/provenance-participant-type", "author", "Author")
        # The day alone where the source must not be revealed: the minute may be known to one caller only (STANDARDS 9).
        day, minute = notice.occurred_at.date().isoformat(), fhir.instant(notice.occurred_at)
        return {
            "resourceType": "Provenance",
            "target": list(about),
            "occurredDateTime": day if notice.do_not_reveal_source else minute,
            "recorded": fhir.instant(notice.recorded_at),
            "activity": coded(f"{fhir.HL7}/v3-DataOperation", activity),
            "agent": [{"type": author, "who": who}],
        }
