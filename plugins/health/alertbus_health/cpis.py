"""What CP-IS, NHS England's child protection information sharing service, holds of a child: the plan that a local authority recorded there.

Read of the answer to a query: a searchset of CareTeams, which say the type of plan, and of patient Flags, which say that there is one. An
answer says how things stand, so it states a plan once, from the day on which it began, and withdraws it when CP-IS has it as ended. What
follows a plan CP-IS does not say, and nor does this. A visit to unscheduled care is told to the local authority in HL7 version 3, of which
no schema is public: such a message is refused, and kept for a person.
"""

from collections.abc import Mapping
from hashlib import sha256
from typing import Any, NamedTuple

from alertbus.plugin import Action, Alert, Headers, Ignored, Person, UnreadableMessage
from alertbus.plugin.fhir import NHS_NUMBER
from alertbus.plugin.fhir_reading import (
    BundleRead,
    ResourceFound,
    codes_of,
    inside,
    moment_of,
    nhs_number_of,
    objects,
    person_of,
    read_resource,
    text,
    words_of_concept,
)
from alertbus_health.codes import SNOMED, UNBORN_ON_PLAN

SOURCE = "childrens_social_care.cpis"
"""A local authority records a plan; CP-IS carries what it recorded, and is nobody's second word."""

PLAN_TYPES: Mapping[str, str] = {
    "342191000000101": "child_protection_plan",
    "764841000000100": "looked_after",
    str(UNBORN_ON_PLAN.snomed): "unborn_child_protection_plan",
}
"""England-ChildProtectionPlan, with the bus's own words."""
UNBORN = "unborn_child_protection_plan"

FLAG_CODES = "https://fhir.nhs.uk/England/CodeSystem/England-FlagCategoryPatient"
DRAFT_FLAG_CODES = "https://fhir.nhs.uk/England/CodeSystem/PatientFlagCategory"
"""Of drafts before September 2024; read, never written."""
CPIS_FLAGS = frozenset({(FLAG_CODES, "child-protection-information-sharing-flag"), (DRAFT_FLAG_CODES, "CP-IS")})
OTHER_FLAGS = frozenset({(FLAG_CODES, "national-reasonable-adjustment-flag"), (DRAFT_FLAG_CODES, "NRAF"), (DRAFT_FLAG_CODES, "FGM")})
"""Patient flags of other services."""

NOTHING = "CP-IS holds nothing of this child: nothing is stated"
NO_PLAN = "a care team that is no child protection plan"
NOT_CPIS = "a patient flag that is not CP-IS's"
PROPOSED = "a plan that is only proposed: a status that somebody has in mind is none"
AN_OUTCOME = "an OperationOutcome, which says nothing of a child: nothing is stated"
MOST_READ = 100
"""Chosen: CP-IS answers about one child."""

_OVER = frozenset({"inactive", "entered-in-error"})


class _Standing(NamedTuple):
    """Something that CP-IS has: where it stands, of whom, and whether it is over."""

    found: ResourceFound
    person: Person
    over: bool


class CpisSource:
    """The source `cpis`: an answer of CP-IS's FHIR read interface, as it came; or one Flag or CareTeam of it."""

    name = "cpis"

    def parse(self, raw: bytes, headers: Headers) -> list[Alert] | Ignored:  # noqa: ARG002  nothing in them is needed
        resource = read_resource(raw)
        kind = resource["resourceType"]
        if kind == "OperationOutcome":
            return Ignored(AN_OUTCOME)
        if kind in {"Flag", "CareTeam"}:
            resource = {"resourceType": "Bundle", "type": "searchset", "entry": [{"resource": resource}]}
        elif kind != "Bundle" or resource.get("type") != "searchset":
            raise UnreadableMessage(("type", "`searchset`: an answer of CP-IS, as a Bundle, or one Flag or CareTeam of it"))
        return _stated(BundleRead(resource))


def _stated(bundle: BundleRead) -> list[Alert] | Ignored:
    teams, flags = bundle.of("CareTeam"), bundle.of("Flag")
    if len(teams) + len(flags) > MOST_READ:
        raise UnreadableMessage(("entry", f"at most {MOST_READ} CareTeams and Flags: an answer is about one child"))
    alerts: dict[str, Alert] = {}
    reasons: dict[str, None] = {}
    for found in (*teams, *flags):
        outcome = _read(bundle, found)
        if isinstance(outcome, Ignored):
            reasons[outcome.reason] = None
        elif found.kind == "CareTeam" or not _known_by_plan(outcome, alerts):
            alerts[outcome.id] = outcome
    return [*alerts.values()] or Ignored("; ".join(reasons) or NOTHING)


def _known_by_plan(flag: Alert, alerts: Mapping[str, Alert]) -> bool:
    """Whether a plan of the same child is stated, which says more than that there is one."""
    about = {subject.person.identifiers for subject in (*flag.children, *flag.subjects)}
    stand = [one for one in alerts.values() if one.action is Action.RAISED]
    return any(subject.person.identifiers in about for one in stand for subject in (*one.children, *one.subjects))


def _read(bundle: BundleRead, found: ResourceFound) -> Alert | Ignored:
    try:
        return _plan(bundle, found) if found.kind == "CareTeam" else _flag(bundle, found)
    except UnreadableMessage:
        raise
    except ValueError:
        pass  # raised below, outside the handler: the fault's own text may quote the message
    raise UnreadableMessage((found.path, "a resource whose words are text of a length that can be kept"))


def _plan(bundle: BundleRead, found: ResourceFound) -> Alert | Ignored:
    stated = {code for category in objects(found.resource, "category") for system, code in codes_of(category) if system == SNOMED}
    if not stated:
        return Ignored(NO_PLAN)
    plans = {PLAN_TYPES[code] for code in stated if code in PLAN_TYPES}
    if len(plans) != 1 or not stated <= PLAN_TYPES.keys():
        raise UnreadableMessage((f"{found.path}.category", "one plan type of England-ChildProtectionPlan"))
    status = text(found.resource, "status")
    if status == "proposed":
        return Ignored(PROPOSED)
    if status not in {"active", *_OVER}:
        raise UnreadableMessage((f"{found.path}.status", "`active`, `inactive` or `entered-in-error`"))
    (plan,) = plans
    told = {"status": plan, "status_change": {"to": plan, "basis": "as recorded in CP-IS"}}
    return _alert(
        bundle, _Standing(found, _whom(bundle, found), status in _OVER), unborn=plan == UNBORN, kind="case_status_change", details=told
    )


def _flag(bundle: BundleRead, found: ResourceFound) -> Alert | Ignored:
    concepts = [inside(found.resource, "code"), *objects(found.resource, "category")]
    stated = {coded for concept in concepts for coded in codes_of(concept) if coded[0] in {FLAG_CODES, DRAFT_FLAG_CODES}}
    if stated - CPIS_FLAGS - OTHER_FLAGS:
        raise UnreadableMessage((f"{found.path}.code", "a category of patient flag that is known: nobody has said what this one means"))
    if stated.isdisjoint(CPIS_FLAGS):
        return Ignored(NOT_CPIS)
    status = text(found.resource, "status")
    if status not in {"active", *_OVER}:
        raise UnreadableMessage((f"{found.path}.status", "`active`, `inactive` or `entered-in-error`"))
    words = next((said for concept in concepts if (said := words_of_concept(concept))), None) or min(stated & CPIS_FLAGS)[1]
    standing = _Standing(found, _whom(bundle, found), status in _OVER)
    return _alert(bundle, standing, unborn=False, kind="other", narrative=({"text": words},))


def _whom(bundle: BundleRead, found: ResourceFound) -> Person:
    """Find the child: the Patient in the answer, else the NHS number by which the subject is named."""
    subject = inside(found.resource, "subject")
    patient = bundle.resolve(subject)
    if patient is not None and patient.kind == "Patient":
        return person_of(patient)
    identifier = inside(subject, "identifier")
    named = text(identifier, "value") if text(identifier, "system") == NHS_NUMBER else None
    number = nhs_number_of(named or (text(subject, "reference") or "").rpartition("/")[2])
    if number is None:
        raise UnreadableMessage((f"{found.path}.subject", "the child's NHS number, or a Patient of this answer"))
    return Person(identifiers=(number,))


def _alert(bundle: BundleRead, standing: _Standing, *, unborn: bool, **said: Any) -> Alert:
    found = standing.found
    period = inside(found.resource, "period")
    began = moment_of(period.get("start"))
    if began is None:
        raise UnreadableMessage((f"{found.path}.period.start", "the day on which it began"))
    provenance = [one for one in objects(found.resource, "contained") if text(one, "resourceType") == "Provenance"]
    times = [inside(found.resource, "meta").get("lastUpdated"), *(one.get("recorded") for one in provenance), bundle.whole.get("timestamp")]
    recorded = next((moment for one in times if (moment := moment_of(one))), None)
    if recorded is None:
        raise UnreadableMessage((f"{found.path}.meta.lastUpdated", "when it was recorded, with its offset from UTC"))
    if found.key is None:
        raise UnreadableMessage((f"{found.path}.id", "an id, or a fullUrl of its entry: the same one read twice is one"))
    ended = moment_of(period.get("end"))
    over = standing.over or (ended is not None and ended <= recorded)
    # The mother's record carries the plan of a child who is not born yet.
    whose = {"subjects": ({"role": "mother", "person": standing.person},)} if unborn else {"children": ({"person": standing.person},)}
    return Alert.model_validate(
        {
            "id": sha256(f"cpis\x1f{found.kind}\x1f{found.key}".encode("utf-8", "surrogatepass")).hexdigest()[:32],
            "source": SOURCE,
            "action": Action.WITHDRAWN if over else Action.RAISED,
            "occurred_at": min(began, recorded),
            "recorded_at": recorded,
            **whose,
            **said,
        }
    )
