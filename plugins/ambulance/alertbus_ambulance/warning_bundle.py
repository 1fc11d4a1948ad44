"""The message itself: MessageHeader, Flags on Locations, Communication, Patients by number, Provenance, Organizations.

A Flag's own identifiers are made from the matter and the door, so that an amendment or an end meets it.
"""

from collections.abc import Mapping
from functools import cached_property

from alertbus.plugin import Deed, IdentifierSystem, Notice, NoticePerson, fhir
from alertbus.plugin.fhir import FhirResource, Priority, coded, reference
from alertbus.plugin.fhir_told import FhirTold
from alertbus.plugin.own_settings import ods_of
from alertbus.plugin.wording import is_over, matter
from alertbus_ambulance.crew_words import lines
from alertbus_ambulance.scene import ANY_DOOR, CATEGORIES, CODES, ENDED_BY_A_PERSON, SCENE_SAFETY, Door, Scene, doors, reason, scene_of

REASONS = "https://fhir.nhs.uk/CodeSystem/message-reason-bars"
LOCATION = "https://fhir.nhs.uk/StructureDefinition/LocationExtension"
DEED = "urn:alertbus:deed"
MATTER = "urn:alertbus:matter"
PLACE = "urn:alertbus:place"
CASE_ID = "urn:alertbus:case"


def urgency(notice: Notice) -> Priority:
    """An unsafe scene is for now; otherwise what the severity asks."""
    code = scene_of(notice)
    by_scene = Priority.ROUTINE if code is None else Priority.STAT if code is Scene.UNSAFE else Priority.URGENT
    return by_scene.at_least(notice)


class SceneWarning(FhirTold):
    """One notice on its way to a message for an ambulance service."""

    def __init__(self, notice: Notice, ods: Mapping[str, str]) -> None:
        super().__init__(notice, "ambulance")
        self._ods = ods
        self._over = is_over(notice)

    def bundle(self) -> FhirResource:
        communication = reference(self.url("communication"), "Communication")
        about = [reference(url, "Flag") for url in self._flags] or [communication]
        entries = {
            **self._flags,
            self.url("communication"): self._communication(),
            **self._patients,
            **{self._place(door): self._location(door) for door in self._doors},
            self.url("provenance"): self.provenance(about, self.agency(self.origin)),
            **self.organizations({agency: ods_of(self._ods, agency) for agency in (self.origin, self.notice.obligation.agency)}),
        }
        known = "delete" if self._over else "new" if self.notice.deed is Deed.DELIVER else "update"
        reasons = [{"system": REASONS, "code": known}, {"system": DEED, "code": self.notice.deed.value}]
        return self.message(self.header(reasons, communication), entries)

    @cached_property
    def _doors(self) -> list[Door]:
        """The doors that are flagged; where one must be ended and no address is told, a place that its identifiers name."""
        if scene_of(self.notice) is None:
            return []
        return doors(self.notice) or ([Door(ANY_DOOR, 0, None)] if self._over else [])

    def _place(self, door: Door) -> str:
        return self.url("place", door.whose, str(door.number))

    def _location(self, door: Door) -> FhirResource:
        """The UPRN stands twice: where BaRS's own example has it, and where UK Core would."""
        built: FhirResource = {
            "resourceType": "Location",
            "identifier": [{"system": PLACE, "value": self.made(self.case, "place", door.whose, str(door.number))}],
        }
        if door.address is not None:
            if door.address.uprn:
                built["extension"] = [{"url": LOCATION, "extension": [{"url": "UPRN", "valueString": door.address.uprn}]}]
            built["address"] = fhir.address(door.address)
        return built

    @cached_property
    def _flags(self) -> dict[str, FhirResource]:
        code = scene_of(self.notice)
        return {} if code is None else {self.url("flag", self._place(door)): self._flag(code, door) for door in self._doors}

    def _flag(self, code: Scene, door: Door) -> FhirResource:
        about = matter(self.notice)
        by_a_person = self.notice.obligation.kind in ENDED_BY_A_PERSON
        return {
            "resourceType": "Flag",
            "meta": self.labels,
            "identifier": [
                {"system": fhir.FLAG_ID, "value": self.made(self.case, "flag", about, door.whose, str(door.number))},
                {"system": MATTER, "value": self.made(self.case, "matter", about)},
            ],
            "status": self.flag_status(over=self._over),
            "category": [coded(CATEGORIES, SCENE_SAFETY, "Scene Safety")],
            "code": {"text": reason(self.notice), **coded(CODES, code.value, code.display)},
            "subject": reference(self._place(door), "Location"),
            "period": self.period(over=self._over, ended_by_a_person=by_a_person),
            "author": self.agency(self.origin),
        }

    @cached_property
    def _patients(self) -> dict[str, FhirResource]:
        children = {self.url("patient", child.ref): self._patient(child) for child in self.notice.children}
        nobody: FhirResource = {"resourceType": "Patient", "identifier": [{"system": CASE_ID, "value": self.case}]}
        return children or {self.url("patient"): nobody}

    def _patient(self, child: NoticePerson) -> FhirResource:
        """By NHS number and an opaque reference, whatever else the notice holds: a crew that finds the child can look the record up."""
        numbers = [fhir.nhs_number(i.value) for i in child.identifiers if i.system is IdentifierSystem.NHS_NUMBER]
        opaque = {"system": fhir.PERSON_REF, "value": f"{self.case}/{child.ref}"}
        return {
            "resourceType": "Patient",
            "identifier": [*numbers[:1], opaque],
            **({"deceasedBoolean": True} if child.died else {}),
        }

    def _communication(self) -> FhirResource:
        notice, patients = self.notice, list(self._patients)
        about = [reference(url, "Patient") for url in patients[1:]] + [reference(url, "Flag") for url in self._flags]
        return {
            "resourceType": "Communication",
            "meta": self.labels,
            "identifier": [{"system": fhir.ALERT_ID, "value": notice.obligation.alert_id}],
            "status": "completed",
            "category": [coded(f"{fhir.HL7}/communication-category", "alert", "Alert")],
            "priority": urgency(notice).code,
            "subject": reference(patients[0], "Patient"),
            **({"about": about} if about else {}),
            "sent": fhir.instant(notice.obligation.since),
            "recipient": [self.agency(notice.obligation.agency)],
            "sender": self.agency(self.origin),
            "payload": fhir.payload(lines(notice)),
        }
