"""What a BaRS message warns of: an unsafe scene, or a safeguarding concern about its patient. All else raises nothing, with a reason.

A referral says in hundreds of fields what care is asked for. Only its Flags are read, and of those two categories; no free text is searched
for a concern, because nobody can say what a sentence means. What is stated is in the sender's own words.
"""

from collections.abc import Mapping
from datetime import date, datetime
from hashlib import sha256
from typing import Any

from alertbus.plugin import Action, Alert, Headers, Ignored, Narrative, Person, Severity, Subject, UnreadableMessage, in_uk
from alertbus.plugin.fhir_reading import (
    BundleRead,
    ResourceFound,
    address_of,
    codes_of,
    inside,
    moment_of,
    objects,
    person_of,
    read_resource,
    text,
    words_of_concept,
)
from alertbus_ambulance.scene import CATEGORIES, CODES, SCENE_SAFETY, Scene
from alertbus_ambulance.warning_bundle import LOCATION, REASONS

SOURCE = "ambulance.bars"
EVENTS = "https://fhir.nhs.uk/CodeSystem/message-events-bars"
OLD_CODES = "https://fhir.nhs.uk/flag-codes-bars"
"""The system of scene safety codes in older messages; read, never written."""
SAFEGUARDING = "SG"
SAFEGUARDING_CODES = "https://fhir.nhs.uk/CodeSystem/safeguarding-codes-bars"
NOTHING_FOUND = "861931000000100"
"""No safeguarding issues identified."""
OTHER_CATEGORIES: Mapping[str, str] = {
    "RS": "services that were rejected",
    "RA": "a reasonable adjustment",
    "IR": "a risk of infection",
    "RC": "a repeat caller",
    "RT": "a ReSPECT plan",
    "AC": "an agency that was contacted",
    "API": "additional information on the patient",
    "CW": "a call warning, which does not say of what",
}
"""BaRS's other categories of flags, in words."""

ANSWER = "an answer to a message, which raises nothing: post it to /v1/receipts/ambulance"
NO_FLAG = "a booking or referral without a scene safety or safeguarding flag: it raises nothing, and its free text is not searched for one"
CHILD_UNTIL = 18
MOST_FLAGS = 100
"""Chosen: BaRS's own examples have one to three."""


class BarsSource:
    """The source `bars`: a BaRS process-message request, as it comes."""

    name = "bars"

    def parse(self, raw: bytes, headers: Headers) -> list[Alert] | Ignored:  # noqa: ARG002  nothing in them is needed
        resource = read_resource(raw)
        if resource["resourceType"] == "OperationOutcome":
            return Ignored(ANSWER)
        if resource["resourceType"] != "Bundle":
            raise UnreadableMessage(("resourceType", "`Bundle`, of type `message`"))
        bundle = BundleRead(resource)
        header = bundle.found[0] if bundle.found and bundle.type == "message" else None
        if header is None or header.kind != "MessageHeader":
            raise UnreadableMessage(("entry[0].resource", "a MessageHeader, in a Bundle of type `message`"))
        event = text(inside(header.resource, "eventCoding"), "code") or ""
        if "response" in header.resource or event.endswith("-response"):
            return Ignored(ANSWER)
        return _stated(bundle, header)


def _stated(bundle: BundleRead, header: ResourceFound) -> list[Alert] | Ignored:
    flags = bundle.of("Flag")
    if len(flags) > MOST_FLAGS:
        raise UnreadableMessage(("entry", f"at most {MOST_FLAGS} Flags: a request is about one patient"))
    alerts: dict[str, Alert] = {}
    reasons: dict[str, None] = {}
    for flag in flags:
        outcome = _read(bundle, header, flag)
        if isinstance(outcome, Ignored):
            reasons[outcome.reason] = None
        else:
            alerts[outcome.id] = outcome
    return [*alerts.values()] or Ignored("; ".join(reasons) or NO_FLAG)


def _read(bundle: BundleRead, header: ResourceFound, flag: ResourceFound) -> Alert | Ignored:
    try:
        return _flag(bundle, header, flag)
    except UnreadableMessage:
        raise
    except ValueError:
        pass  # raised below, outside the handler: the fault's own text may quote the message
    raise UnreadableMessage((flag.path, "a flag whose words, and whose patient's name, are text of a length that can be kept"))


def _flag(bundle: BundleRead, header: ResourceFound, flag: ResourceFound) -> Alert | Ignored:
    categories = {code for category in objects(flag.resource, "category") for system, code in codes_of(category) if system == CATEGORIES}
    if not categories:
        return Ignored("a flag that is none of BaRS's")
    if SCENE_SAFETY in categories:
        return _scene(bundle, header, flag)
    if SAFEGUARDING in categories:
        return _safeguarding(bundle, header, flag)
    known = [OTHER_CATEGORIES[code] for code in sorted(categories) if code in OTHER_CATEGORIES]
    if not known:
        raise UnreadableMessage((f"{flag.path}.category", "a category of BaRS's: nobody has said what this one means"))
    return Ignored(f"a flag for {known[0]}")


def _scene(bundle: BundleRead, header: ResourceFound, flag: ResourceFound) -> Alert | Ignored:
    stated = {code for system, code in codes_of(inside(flag.resource, "code")) if system in {CODES, OLD_CODES}}
    code = next((Scene(one) for one in sorted(stated) if one in {*Scene}), None)
    if code is None or len(stated) > 1:
        raise UnreadableMessage((f"{flag.path}.code", "one scene safety code: `S`, `U` or `UNK`"))
    update = any((system, reason) == (REASONS, "update") for system, reason in codes_of(inside(header.resource, "reason")))
    if code is Scene.SAFE and not update:
        return Ignored("the scene is said to be safe")
    if code is Scene.UNKNOWN:
        return Ignored("nobody knows whether the scene is safe, and nobody has stated a danger")
    place = bundle.resolve(flag.resource.get("subject"))
    subjects = [_patient(bundle, flag)]
    if place is not None and place.kind == "Location" and (address := address_of(inside(place.resource, "address"), _uprn(place))):
        # Who makes the scene unsafe is nobody's word: somebody who is not named, at that door.
        subjects.append(Subject(role="scene", person=Person(addresses=(address,))))
    return _alert(bundle, flag, subjects=tuple(subjects), over=code is Scene.SAFE)


def _safeguarding(bundle: BundleRead, header: ResourceFound, flag: ResourceFound) -> Alert | Ignored:  # noqa: ARG001
    codes = {code for _, code in codes_of(inside(flag.resource, "code"))}
    if codes == {NOTHING_FOUND}:
        return Ignored("no safeguarding issue was identified")
    if not codes and words_of_concept(inside(flag.resource, "code")) is None:
        raise UnreadableMessage((f"{flag.path}.code", "what the safeguarding concern is: a code, a display or a text"))
    return _alert(bundle, flag, subjects=(_patient(bundle, flag),), over=False)


def _patient(bundle: BundleRead, flag: ResourceFound) -> Subject:
    """Find whom the message is about: whom the Flag names, else whom the request does, else the only Patient there is."""
    asked = [found.resource.get("subject") for found in bundle.of("ServiceRequest")]
    named = [found for one in (flag.resource.get("subject"), *asked) if (found := bundle.resolve(one)) and found.kind == "Patient"]
    patients = named or bundle.of("Patient")
    if not named and len(patients) != 1:
        raise UnreadableMessage((f"{flag.path}.subject", "whom it is about: a Patient of this Bundle, by the Flag or the ServiceRequest"))
    return Subject(role="patient", person=person_of(patients[0]))


def _alert(bundle: BundleRead, flag: ResourceFound, *, subjects: tuple[Subject, ...], over: bool) -> Alert:
    """State it as other information, of high severity: who threatens whom is not said, so no threat is stated."""
    recorded = moment_of(bundle.whole.get("timestamp"))
    if recorded is None:
        raise UnreadableMessage(("timestamp", "when the message was written, with its offset from UTC"))
    if flag.key is None:
        raise UnreadableMessage((f"{flag.path}.id", "an id, or a fullUrl of its entry: the same flag sent twice is one"))
    happened = moment_of(inside(flag.resource, "period").get("start")) or recorded
    concept = inside(flag.resource, "code")
    words = words_of_concept(concept) or next((code for _, code in codes_of(concept)), None)
    child = subjects[0].person.born is not None and _age(subjects[0].person.born, happened) < CHILD_UNTIL
    made: dict[str, Any] = {
        "id": sha256(f"bars\x1f{flag.key}".encode("utf-8", "surrogatepass")).hexdigest()[:32],
        "source": SOURCE,
        "kind": "other",
        "action": Action.WITHDRAWN if over or text(flag.resource, "status") in {"inactive", "entered-in-error"} else Action.RAISED,
        "occurred_at": min(happened, recorded),
        "recorded_at": recorded,
        "subjects": subjects[1:] if child else subjects,
        "children": subjects[:1] if child else (),
        "narrative": (Narrative(text=words),) if words else (),
        "severity": Severity.HIGH,
    }
    return Alert(**made)


def _age(born: date, on: datetime) -> int:
    day = in_uk(on).date()
    return day.year - born.year - ((day.month, day.day) < (born.month, born.day))


def _uprn(place: ResourceFound) -> str | None:
    """Read BaRS's own extension for it."""
    parts = (part for one in objects(place.resource, "extension") if text(one, "url") == LOCATION for part in objects(one, "extension"))
    return next((text(part, "valueString") for part in parts if text(part, "url") == "UPRN"), None)
