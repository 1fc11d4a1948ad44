"""What one notice says, as single resources: Communication, Patients, Flags. How they are sent is decided elsewhere.

The Flag's identifier is made from the matter, not from the notice, so that an amendment or a withdrawal meets the Flag that is already on
the record.
"""

from collections.abc import Mapping, Sequence
from functools import cached_property

from alertbus.plugin import Notice, NoticePerson, fhir
from alertbus.plugin.fhir import FhirResource, coded, reference
from alertbus.plugin.fhir_told import FhirTold
from alertbus.plugin.wording import matter
from alertbus_health import codes, resources
from alertbus_health.words import lines


class ToldToHealth(FhirTold):
    """One notice on its way to a Bundle; holds the full URLs that the resources refer to each other by."""

    def __init__(self, notice: Notice) -> None:
        super().__init__(notice, "health")

    def communication(self, sender: FhirResource, recipient: Sequence[FhirResource]) -> FhirResource:
        notice = self.notice
        patients = list(self.patients)
        about = [reference(url, "Patient") for url in patients[1:]] + [reference(url, "Flag") for url in self._flagged]
        return {
            "resourceType": "Communication",
            "meta": self.labels,
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
        children = {self.url("patient", c.ref): resources.patient(c, self.case) for c in self.notice.children}
        if not children:
            children[self.url("patient")] = resources.nobody_known(self.case)
        if self._expected_baby and (mother := self._mother):
            children[self.url("patient", mother.ref)] = resources.somebody(mother.ref, self.case)
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
            "meta": self.labels,
            "identifier": [{"system": fhir.FLAG_ID, "value": self.made(self.case, flagged, whose)}],
            "status": self.flag_status(over=over),
            "category": [coded(f"{fhir.HL7}/flag-category", "safety", "Safety")],
            "code": code.concept(),
            "subject": reference(subject, "Patient"),
            "period": self.period(over=over, ended_by_a_person=notice.obligation.kind in codes.ENDED_BY_A_PERSON),
            "author": author,
        }
