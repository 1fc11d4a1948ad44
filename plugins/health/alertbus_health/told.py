"""What one notice says, as single resources: Communication, Patients, Flags, Provenance. How they are sent is decided elsewhere.

The Flag's identifier is made from the matter, not from the notice, so that an amendment or a withdrawal meets the Flag that is already on
the record.
"""

import re
from collections.abc import Mapping, Sequence
from functools import cached_property
from uuid import NAMESPACE_URL, UUID, uuid5

from alertbus.plugin import Deed, Notice, NoticePerson, fhir
from alertbus.plugin.fhir import FhirResource, coded, reference
from alertbus.plugin.wording import matter
from alertbus_health import codes, resources
from alertbus_health.words import lines

NAMESPACE = uuid5(NAMESPACE_URL, "urn:alertbus:health")
_FHIR_ID = re.compile(r"[A-Za-z0-9.-]{1,64}")

_ACTIVITY = {Deed.AMEND: "UPDATE", Deed.WITHDRAW: "NULLIFY", Deed.CORRECT: "NULLIFY", Deed.NO_LONGER_YOURS: "UPDATE"}
"""What a notice does to the record. What is no longer this service's was not wrong, and is not made nothing."""


class ToldToHealth:
    """One notice on its way to a Bundle; holds the full URLs that the resources refer to each other by.

    `agency_of` and `role_of` say how an agency, and the role that is to answer there, are pointed at.
    """

    def __init__(self, notice: Notice) -> None:
        self.notice = notice
        self.origin = notice.obligation.source.partition(".")[0]
        self._case = notice.obligation.case_id
        self._urls: dict[tuple[str, ...], str] = {}

    @property
    def message_id(self) -> str:
        """The notice's own id wherever FHIR can hold it: an answer's `response.identifier` then says which notice
        it answers.
        """
        return self.notice.id if _FHIR_ID.fullmatch(self.notice.id) else fhir.made_uuid(NAMESPACE, self.notice.id)

    @cached_property
    def header_url(self) -> str:
        try:
            return UUID(self.notice.id).urn
        except ValueError:
            return self.url("header")

    def url(self, *parts: str) -> str:
        known = self._urls.get(parts)
        if known is None:
            known = self._urls[parts] = "urn:uuid:" + fhir.made_uuid(NAMESPACE, "\x1f".join((self.notice.id, *parts)))
        return known

    def labels(self) -> FhirResource:
        return fhir.labels(
            exercise=self.notice.obligation.exercise is not None,
            do_not_reveal_source=self.notice.do_not_reveal_source,
        )

    def communication(self, sender: FhirResource, recipient: Sequence[FhirResource]) -> FhirResource:
        notice = self.notice
        patients = list(self.patients)
        about = [reference(url, "Patient") for url in patients[1:]] + [reference(url, "Flag") for url in self._flagged]
        return {
            "resourceType": "Communication",
            "meta": self.labels(),
            "identifier": [
                {"system": fhir.ALERT_ID, "value": notice.obligation.alert_id},
                {"system": codes.NOTICE_ID, "value": self.message_id},
            ],
            "status": "completed",
            "category": [coded(f"{fhir.HL7}/communication-category", "alert", "Alert")],
            "priority": codes.priority(notice).code,
            "subject": reference(patients[0], "Patient"),
            **({"about": about} if about else {}),
            "sent": fhir.instant(notice.obligation.since),
            "recipient": list(recipient),
            "sender": sender,
            "payload": fhir.payload(lines(notice), notice.narrative),
        }

    @cached_property
    def patients(self) -> Mapping[str, FhirResource]:
        """The Patients by full URL: one for each child; last, where the Flag belongs on it, the record of the mother of an
        expected baby (NOT-20).
        """
        children = {self.url("patient", c.ref): resources.patient(c, self._case) for c in self.notice.children}
        if not children:
            children[self.url("patient")] = resources.nobody_known(self._case)
        if self._expected_baby and (mother := self._mother):
            children[self.url("patient", mother.ref)] = resources.somebody(mother.ref, self._case)
        return children

    @property
    def _expected_baby(self) -> bool:
        return self.notice.obligation.kind == "concealed_pregnancy_concern"

    @property
    def _mother(self) -> NoticePerson | None:
        children = {child.ref for child in self.notice.children}
        return next((p for p in self.notice.people if p.relation == "mother" and p.ref not in children), None)

    @cached_property
    def _flagged(self) -> Mapping[str, str]:
        """The full URL of each Flag, and of the Patient whom it is on; empty where this kind puts nothing on a record."""
        if codes.flag_code(self.notice) is None:
            return {}
        subjects = list(self.patients)[-1:] if self._expected_baby and self._mother else list(self.patients)
        return {self.url("flag", subject): subject for subject in subjects}

    def flags(self, author: FhirResource) -> dict[str, FhirResource]:
        """Give the Flags by full URL; none where this kind puts nothing on a record."""
        code = codes.flag_code(self.notice)
        return {} if code is None else {url: self._flag(code, subject, author) for url, subject in self._flagged.items()}

    def _flag(self, code: codes.FlagCode, subject: str, author: FhirResource) -> FhirResource:
        notice = self.notice
        over = codes.ends_flag(notice)
        # A plan's Flag belongs to the child, whichever alert last spoke of the plan: the end of the plan must meet it. A release's belongs
        # to whoever was released: so must the recall.
        flagged = "plan" if notice.obligation.kind in codes.STATUS_KINDS else matter(notice)
        whose = self.patients[subject]["identifier"][-1]["value"]
        return {
            "resourceType": "Flag",
            "meta": self.labels(),
            "identifier": [{"system": fhir.FLAG_ID, "value": fhir.made_uuid(NAMESPACE, f"{self._case}\x1f{flagged}\x1f{whose}")}],
            "status": ("entered-in-error" if notice.deed is Deed.CORRECT else "inactive") if over else "active",
            "category": [coded(f"{fhir.HL7}/flag-category", "safety", "Safety")],
            "code": code.concept(),
            "subject": reference(subject, "Patient"),
            "period": self._period(over=over),
            "author": author,
        }

    def _period(self, *, over: bool) -> FhirResource:
        """In whole days. A warning about staff safety has an `end` only when a person has ended it: its review date is a
        question to somebody, and stands in words (NOT-23). Any other Flag ends on the review date, if there is one. `end` is
        never before `start`: a review date in the past ends the Flag on the day it began. What ends it may have the dates of
        the end: its Flag began when the agency was told, if that was sooner.
        """
        notice = self.notice
        begun = notice.occurred_at.date()
        if notice.deed.ends:
            begun = min(begun, notice.obligation.since.date())
        stands = notice.obligation.kind in codes.ENDED_BY_A_PERSON
        ends = (notice.ended_at or notice.recorded_at).date() if over else None if stands else notice.review_on
        return {"start": begun.isoformat(), **({"end": max(begun, ends).isoformat()} if ends else {})}

    def provenance(self, about: Sequence[FhirResource], author: FhirResource) -> FhirResource:
        """The author is the agency. The person who told the agency is not known here and must not be (ANO-01)."""
        notice = self.notice
        activity = "UPDATE" if notice.another_stands else _ACTIVITY.get(notice.deed, "CREATE")
        kind = coded(f"{fhir.HL7}/provenance-participant-type", "author", "Author")
        # The day alone where the source must not be revealed: the minute may be known to one caller only (STANDARDS 9).
        day, minute = notice.occurred_at.date().isoformat(), fhir.instant(notice.occurred_at)
        return {
            "resourceType": "Provenance",
            "target": list(about),
            "occurredDateTime": day if notice.do_not_reveal_source else minute,
            "recorded": fhir.instant(notice.recorded_at),
            "activity": coded(f"{fhir.HL7}/v3-DataOperation", activity),
            "agent": [{"type": kind, "who": author}],
        }
