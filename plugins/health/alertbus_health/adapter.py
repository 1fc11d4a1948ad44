"""A notice as a FHIR R4 message Bundle: MessageHeader, Communication, Flags, Patients, Provenance, Organizations.

The same notice gives the same bytes: every `urn:uuid:` is a version 5 UUID over the notice's id. The Flag's
identifier is made from the alert, not from the notice, so that an amendment or a withdrawal meets the Flag that is
already on the record. Only the bus's own marks, never personal data, stand outside the body.
"""

import re
from collections.abc import Mapping, Sequence
from datetime import datetime
from functools import cached_property
from hashlib import sha1
from uuid import NAMESPACE_URL, UUID, uuid5

import orjson

from alertbus.plugin import CONTRACT, Deed, Message, Notice, NoticePerson, ReceiptGiven
from alertbus.plugin.wording import matter
from alertbus_health import codes, receipts, resources
from alertbus_health.resources import Resource, coded, reference
from alertbus_health.words import lines

MEDIA_TYPE = "application/fhir+json"

_ACTIVITY = {Deed.AMEND: "UPDATE", Deed.WITHDRAW: "NULLIFY", Deed.CORRECT: "NULLIFY", Deed.NO_LONGER_YOURS: "UPDATE"}
"""What a notice does to the record. What is no longer this service's was not wrong, and is not made nothing."""

NAMESPACE = uuid5(NAMESPACE_URL, "urn:alertbus:health")
_SEED = NAMESPACE.bytes
_FHIR_ID = re.compile(r"[A-Za-z0-9.-]{1,64}")


class HealthAdapter:
    """`ods` gives agencies' ODS codes by their name on the bus; one without is addressed by that name."""

    name = "health"
    sector = "health"
    contract = CONTRACT
    formats: Sequence[str] = (MEDIA_TYPE,)

    def __init__(self, *, ods: Mapping[str, str] | None = None) -> None:
        self._ods = dict(ods or {})

    def render(self, notice: Notice) -> Message:
        return Message(
            media_type=MEDIA_TYPE,
            body=orjson.dumps(_Bundle(notice, self._ods).build()),
            filename=f"{notice.id}.json",
            headers={"x-alertbus-deed": notice.deed.value, "x-alertbus-priority": codes.priority(notice).code},
        )

    def parse_receipt(self, raw: bytes) -> ReceiptGiven:
        return receipts.parse_receipt(raw)


class _Bundle:
    """One notice on its way to a Bundle; holds the full URLs that the resources refer to each other by."""

    def __init__(self, notice: Notice, ods: Mapping[str, str]) -> None:
        self._notice = notice
        self._ods = ods
        self._case = notice.obligation.case_id
        self._origin = notice.obligation.source.partition(".")[0]
        self._urls: dict[tuple[str, ...], str] = {}

    def build(self) -> Resource:
        notice = self._notice
        patients = self._patients()
        flags = self._flags(patients)
        agencies = dict.fromkeys((self._origin, notice.obligation.agency))
        entries = [
            (self._header_url, self._header()),
            (self._url("communication"), self._communication(list(patients), list(flags))),
            *flags.items(),
            *patients.items(),
            (self._url("provenance"), self._provenance(list(flags))),
            *((self._agency_url(agency), resources.organization(agency, self._ods.get(agency))) for agency in agencies),
        ]
        return {
            "resourceType": "Bundle",
            "id": self._message_id,
            "meta": self._labels(),
            "identifier": {"system": "urn:ietf:rfc:3986", "value": self._header_url},
            "type": "message",
            "timestamp": _instant(notice.obligation.since),
            "entry": [{"fullUrl": url, "resource": resource} for url, resource in entries],
        }

    @property
    def _message_id(self) -> str:
        """The notice's own id wherever FHIR can hold it: an answer's `response.identifier` then says which notice
        it answers.
        """
        return self._notice.id if _FHIR_ID.fullmatch(self._notice.id) else made_uuid(self._notice.id)

    @cached_property
    def _header_url(self) -> str:
        try:
            return UUID(self._notice.id).urn
        except ValueError:
            return self._url("header")

    def _url(self, *parts: str) -> str:
        known = self._urls.get(parts)
        if known is None:
            known = self._urls[parts] = "urn:uuid:" + made_uuid("\x1f".join((self._notice.id, *parts)))
        return known

    def _agency_url(self, agency: str) -> str:
        return self._url("agency", agency)

    def _agency(self, agency: str) -> Resource:
        return reference(self._agency_url(agency), "Organization")

    def _labels(self) -> Resource:
        return resources.labels(
            exercise=self._notice.obligation.exercise is not None,
            do_not_reveal_source=self._notice.do_not_reveal_source,
        )

    def _header(self) -> Resource:
        notice = self._notice
        return {
            "resourceType": "MessageHeader",
            "id": self._message_id,
            "eventCoding": {"system": codes.EVENT, "code": "safeguarding-alert"},
            "destination": [
                {
                    "endpoint": f"{codes.AGENCY}:{notice.obligation.agency}",
                    "receiver": self._agency(notice.obligation.agency),
                }
            ],
            "sender": self._agency(self._origin),
            "source": {"name": "alertbus", "software": "alertbus", "endpoint": "urn:alertbus"},
            "reason": coded(codes.DEED, notice.deed.value),
            "focus": [reference(self._url("communication"), "Communication")],
        }

    def _communication(self, patients: Sequence[str], flags: Sequence[str]) -> Resource:
        notice = self._notice
        about = [reference(url, "Patient") for url in patients[1:]] + [reference(url, "Flag") for url in flags]
        return {
            "resourceType": "Communication",
            "meta": self._labels(),
            "identifier": [{"system": codes.ALERT_ID, "value": notice.obligation.alert_id}],
            "status": "completed",
            "category": [coded(f"{codes.HL7}/communication-category", "alert", "Alert")],
            "priority": codes.priority(notice).code,
            "subject": reference(patients[0], "Patient"),
            **({"about": about} if about else {}),
            "sent": _instant(notice.obligation.since),
            "recipient": [self._agency(notice.obligation.agency)],
            "sender": self._agency(self._origin),
            "payload": resources.payload(lines(notice), notice.narrative),
        }

    def _patients(self) -> dict[str, Resource]:
        """Give the Patients by full URL: one for each child; last, where the Flag belongs on it, the record of the mother of an
        expected baby (NOT-20).
        """
        children = {self._url("patient", c.ref): resources.patient(c, self._case) for c in self._notice.children}
        if not children:
            children[self._url("patient")] = resources.nobody_known(self._case)
        if self._expected_baby and (mother := self._mother):
            children[self._url("patient", mother.ref)] = resources.somebody(mother.ref, self._case)
        return children

    @property
    def _expected_baby(self) -> bool:
        return self._notice.obligation.kind == "concealed_pregnancy_concern"

    @property
    def _mother(self) -> NoticePerson | None:
        children = {child.ref for child in self._notice.children}
        return next((p for p in self._notice.people if p.relation == "mother" and p.ref not in children), None)

    def _flags(self, patients: Mapping[str, Resource]) -> dict[str, Resource]:
        code = codes.flag_code(self._notice)
        if code is None:
            return {}
        subjects = list(patients)[-1:] if self._expected_baby and self._mother else list(patients)
        return {self._url("flag", subject): self._flag(code, subject, patients[subject]) for subject in subjects}

    def _flag(self, code: codes.FlagCode, subject: str, patient: Resource) -> Resource:
        notice = self._notice
        over = codes.ends_flag(notice)
        # A plan's Flag belongs to the child, whichever alert last spoke of the plan: the end of the plan must meet it. A release's belongs
        # to whoever was released: so must the recall.
        flagged = "plan" if notice.obligation.kind in codes.STATUS_KINDS else matter(notice)
        whose = patient["identifier"][-1]["value"]
        return {
            "resourceType": "Flag",
            "meta": self._labels(),
            "identifier": [{"system": codes.FLAG_ID, "value": made_uuid(f"{self._case}\x1f{flagged}\x1f{whose}")}],
            "status": ("entered-in-error" if notice.deed is Deed.CORRECT else "inactive") if over else "active",
            "category": [coded(f"{codes.HL7}/flag-category", "safety", "Safety")],
            "code": code.concept(),
            "subject": reference(subject, "Patient"),
            "period": self._period(over=over),
            "author": self._agency(self._origin),
        }

    def _period(self, *, over: bool) -> Resource:
        """In whole days. A warning about staff safety has an `end` only when a person has ended it: its review date is a
        question to somebody, and stands in words (NOT-23). Any other Flag ends on the review date, if there is one. `end` is
        never before `start`: a review date in the past ends the Flag on the day it began. What ends it may have the dates of
        the end: its Flag began when the agency was told, if that was sooner.
        """
        notice = self._notice
        begun = notice.occurred_at.date()
        if notice.deed.ends:
            begun = min(begun, notice.obligation.since.date())
        stands = notice.obligation.kind in codes.ENDED_BY_A_PERSON
        ends = (notice.ended_at or notice.recorded_at).date() if over else None if stands else notice.review_on
        return {"start": begun.isoformat(), **({"end": max(begun, ends).isoformat()} if ends else {})}

    def _provenance(self, flags: Sequence[str]) -> Resource:
        """The author is the agency. The person who told the agency is not known here and must not be (ANO-01)."""
        notice = self._notice
        about = [reference(url, "Flag") for url in flags] or [reference(self._url("communication"), "Communication")]
        activity = "UPDATE" if notice.another_stands else _ACTIVITY.get(notice.deed, "CREATE")
        author = coded(f"{codes.HL7}/provenance-participant-type", "author", "Author")
        # The day alone where the source must not be revealed: the minute may be known to one caller only (STANDARDS 9).
        day, minute = notice.occurred_at.date().isoformat(), _instant(notice.occurred_at)
        return {
            "resourceType": "Provenance",
            "target": about,
            "occurredDateTime": day if notice.do_not_reveal_source else minute,
            "recorded": _instant(notice.recorded_at),
            "activity": coded(f"{codes.HL7}/v3-DataOperation", activity),
            "agent": [{"type": author, "who": self._agency(self._origin)}],
        }


def made_uuid(name: str) -> str:
    """Give `str(uuid5(NAMESPACE, name))`; without an object for each, which took a third of the time of a Bundle."""
    digest = sha1(_SEED + name.encode(), usedforsecurity=False).hexdigest()
    variant = "89ab"[int(digest[16], 16) & 3]
    return f"{digest[:8]}-{digest[8:12]}-5{digest[13:16]}-{variant}{digest[17:20]}-{digest[20:32]}"


def _instant(moment: datetime) -> str:
    return moment.isoformat(timespec="milliseconds")
