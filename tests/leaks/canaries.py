"""A family, a man from whom it is protected, another family of his, and an alert about them: with a text of its own in every field.

`FIELDS` says which text stands in which field. Where one is found says who has seen that field.
"""

import base64
import binascii
import json
import re
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from typing import Any

FIELDS = {
    "child: key": "canarykeyeldest",
    "child: label": "CanaryLabelEldest",
    "child: given name": "CanaryGivenEldest",
    "child: family name": "CanaryFamilyEldest",
    "child: born": "2016-01-31",
    "child: NHS number": "9434765919",
    "child: UPN": "B801200005001",
    "child: ULN": "9276308686",
    "child: authority's id": "CANARYLA7",
    "child: UPRN as identifier": "100023336956",
    "child: UPRN": "100015578000",
    "child: address": "1 CanaryRefuge Street",
    "child: postcode": "NN1 9CC",
    "child: relation": "CanaryRelationEldest",
    "sibling: key": "canarykeysibling",
    "sibling: label": "CanaryLabelSibling",
    "sibling: given name": "CanaryGivenSibling",
    "sibling: born": "2018-03-04",
    "sibling: NHS number": "9108395950",
    "sibling: UPN": "A801200005120",
    "lost child: given name": "CanaryGivenLost",
    "lost child: died": "2025-12-13",
    "unborn: key": "canarykeyunborn",
    "unborn: given name": "CanaryGivenUnborn",
    "unborn: expected": f"{datetime.now(UTC) + timedelta(days=150):%Y-%m-%d}",
    "man: key": "canarykeyman",
    "man: label": "CanaryLabelMan",
    "man: given name": "CanaryGivenMan",
    "man: family name": "CanaryFamilyMan",
    "man: born": "1980-04-05",
    "man: NHS number": "9999999468",
    "man: PNC": "1981/0000034U",
    "man: prison number": "G7391VK",
    "man: CRN": "K493817",
    "man: address": "2 CanaryMans Street",
    "man: UPRN": "100077770002",
    "man: relation": "CanaryRelationMan",
    "man: role in the alert": "canary_role_of_man",
    "mother: key": "canarykeymother",
    "mother: label": "CanaryLabelMother",
    "mother: given name": "CanaryGivenMother",
    "mother: born": "1985-06-07",
    "mother: NHS number": "9999999484",
    "mother: address": "3 CanaryMothers Street",
    "mother: relation": "CanaryRelationMother",
    "bystander: name": "CanaryBystander",
    "bystander: relation": "CanaryRelationBystander",
    "case: status": "canary_status_on_file",
    "case: contact": "CanaryContact",
    "case: source of a link": "CanaryLinkSource",
    "case: episode": "CanaryEpisode",
    "case: the surgery's worker": "CanaryWorkerOfSurgery",
    "case: the surgery's team": "CanaryTeamOfSurgery",
    "case: person id": "canary-person-id",
    "alert: stated name": "CanaryStatedName",
    "alert: stated address": "4 CanaryStated Street",
    "alert: stated number": "2001/0034567M",
    "alert: words of a professional": "CanaryProfessional saw it.",
    "alert: words of the public": "CanaryNeighbour heard it.",
    "alert: words of a parent": "CanaryParent told it.",
    "alert: words of a child": "CanaryChildsWords, I said.",
    "alert: release date": "2026-03-19",
    "alert: release condition": "CanaryCondition",
    "alert: precaution": "CanaryPrecaution",
    "alert: incident reference": "CanaryIncidentReference",
    "alert: officer": "CanaryOfficer",
    "alert: home conditions": "CanaryHomeConditions",
    "alert: why graded so": "CanaryWhyGraded",
    "alert: whom police told": "CanaryWhomPoliceTold",
    "alert: status": "canary_status_stated",
    "alert: meeting": "canary_meeting_type",
    "alert: conference outcome": "canary_outcome",
    "alert: who dissented": "CanaryDissent",
    "alert: condition of the conference": "CanaryConferenceCondition",
    "alert: place of contact": "CanaryPlace",
    "alert: what was refused": "CanaryRefused",
    "alert: instruction": "CanaryInstruction",
    "alert: who is instructed": "CanaryInstructed",
    "alert: who instructs": "CanaryInstructor",
    "alert: agreed action": "CanaryAgreed",
    "alert: its owner": "CanaryOwner",
    "alert: action due": f"{datetime.now(UTC) + timedelta(days=200):%Y-%m-%d}",
    "alert: request": "CanaryRequest",
    "alert: of whom requested": "CanaryWhomAsked",
    "alert: question": "CanaryQuestion",
    "alert: its answer": "CanaryReasonToClose",
    "alert: consent to": "canary_plan_of_consent",
    "alert: handed over": "canary_role_handed",
    "alert: handed over by": "CanaryHandsOver",
    "alert: handed over to": "CanaryTakesOver",
    "alert: denied": "CanaryDenied",
    "alert: new status": "canary_status_to_come",
    "alert: why it changes": "CanaryReasonOfChange",
    "alert: on what basis": "CanaryBasisOfChange",
    "alert: status from": "2026-06-22",
    "alert: school left": "8769871",
    "alert: school joined": "8769872",
    "alert: unclassified section": "CanaryUnclassified",
    "alert: unclassified name": "canary_section_nobody_knows",
    "alert: referrer": "CANARY-REFERRER-7",
    "alert: lawful basis of the sender": "CanarySendersBasis",
    "alert: source": "court.canarysource",
    "alert: sender's id": "CanarySendersId",
    "alert: its minute": "",
    "kind: its name": "",
    "kind: title": "CanaryTitle",
    "kind: summary": "CanarySummary",
    "kind: action": "CanaryAction",
    "flag: title": "CANARYFLAGTITLE",
    "flag: action": "CanaryFlagAction",
    "other family: key": "canarykeyother",
    "other family: child": "CanaryOtherChild",
    "other family: parent": "CanaryOtherParent",
    "other family: address": "5 CanaryOther Street",
    "other family: number": "9999999492",
}
"""What it is → how it stands there. A kind's own name, and the minute at which it happened, are looked for as they are."""

F = FIELDS
HOME = {"uprn": F["child: UPRN"], "lines": [F["child: address"]], "postcode": F["child: postcode"]}


def _number(system: str, name: str) -> dict[str, str]:
    return {"system": system, "value": F[name]}


def _someone(key: str, person_id: str, **fields: Any) -> dict[str, Any]:
    return {"key": key, "person_ids": [person_id], **fields}


PEOPLE = [
    _someone(
        F["child: key"],
        "p-child",
        label=F["child: label"],
        name={"given": F["child: given name"], "family": F["child: family name"]},
        born=F["child: born"],
        identifiers=[
            _number("nhs_number", "child: NHS number"),
            _number("upn", "child: UPN"),
            _number("uln", "child: ULN"),
            _number("la_child_id", "child: authority's id"),
            _number("uprn", "child: UPRN as identifier"),
        ],
        addresses=[HOME],
    ),
    _someone(
        F["sibling: key"],
        "p-sibling",
        label=F["sibling: label"],
        name={"given": F["sibling: given name"]},
        born=F["sibling: born"],
        identifiers=[_number("nhs_number", "sibling: NHS number"), _number("upn", "sibling: UPN")],
        addresses=[HOME],
    ),
    _someone("lost", "p-lost", name={"given": F["lost child: given name"]}, born="2020-02-02", died=F["lost child: died"]),
    _someone(F["unborn: key"], "p-unborn", name={"given": F["unborn: given name"]}, born=F["unborn: expected"]),
    _someone(
        F["man: key"],
        "p-man",
        label=F["man: label"],
        name={"given": F["man: given name"], "family": F["man: family name"]},
        born=F["man: born"],
        identifiers=[
            _number("nhs_number", "man: NHS number"),
            _number("pnc", "man: PNC"),
            _number("prison_number", "man: prison number"),
            _number("crn", "man: CRN"),
        ],
        addresses=[{"lines": [F["man: address"]], "uprn": F["man: UPRN"]}],
    ),
    _someone(
        F["mother: key"],
        "p-mother",
        label=F["mother: label"],
        name={"given": F["mother: given name"]},
        born=F["mother: born"],
        identifiers=[_number("nhs_number", "mother: NHS number")],
        addresses=[{"lines": [F["mother: address"]]}],
    ),
    _someone("bystander", F["case: person id"], name={"given": F["bystander: name"]}),
]


def _for_man(agency: str) -> dict[str, str]:
    return {"agency": agency, "scope": "adult_linked", "adult": F["man: key"]}


INVOLVEMENTS = [
    {"agency": "childrens_social_care"},
    {"agency": "police"},
    {"agency": "health_visiting"},
    {"agency": "gp"},
    {
        "agency": "gp",
        "level": "worker",
        "worker": F["case: the surgery's worker"],
        "team": F["case: the surgery's team"],
        "from": "2025-01-01",
    },
    _for_man("gp.his"),
    _for_man("probation"),
    _for_man("prison"),
    _for_man("housing.his"),
    {"agency": "housing", "scope": "plan_partner"},
    {"agency": "school.100001", "children": [F["child: key"]]},
    {"agency": "school.100002", "children": [F["sibling: key"]]},
    {"agency": "ambulance"},
    {"agency": "nspcc"},
    {"agency": "carpet_fitter"},
]

CASE: dict[str, Any] = {
    "id": "case-1",
    "version": 1,
    "status": F["case: status"],
    "contact": F["case: contact"],
    "people": PEOPLE,
    "children": [F["child: key"], F["sibling: key"], "lost", F["unborn: key"]],
    "links": [
        {"person": F["child: key"], "relation": F["child: relation"]},
        {"person": F["man: key"], "relation": F["man: relation"], "source": F["case: source of a link"], "certainty": "putative"},
        {"person": F["mother: key"], "relation": F["mother: relation"]},
        {"person": "bystander", "relation": F["bystander: relation"]},
    ],
    "involvements": INVOLVEMENTS,
    "episodes": [{"type": F["case: episode"], "from": "2025-01-01"}],
}

RESTRICTION = {"must_not_learn": F["man: key"]}
"""The man must not learn of a birth, a death or a pregnancy."""

_EVERYBODY = [F[f"{who}: key"] for who in ("child", "sibling", "unborn", "man", "mother", "other family")]
"""Keys in the details: also of those whom a recipient must not hear of, and of somebody of another family."""

ALERT: dict[str, Any] = {
    "id": F["alert: sender's id"],
    "source": F["alert: source"],
    "subjects": [
        {
            "role": F["man: role in the alert"],
            "person": {
                "name": {"given": F["alert: stated name"]},
                "identifiers": [_number("pnc", "alert: stated number")],
                "addresses": [{"lines": [F["alert: stated address"]]}],
            },
        },
        {"role": "victim", "person": {"label": "her"}},
        {
            "person": {
                "key": F["other family: key"],
                "name": {"given": F["other family: parent"]},
                "identifiers": [_number("nhs_number", "other family: number")],
                "addresses": [{"lines": [F["other family: address"]]}],
            }
        },
    ],
    "children": [{"role": "victim", "person": {"label": "a child"}}, {"person": {"name": {"given": F["other family: child"]}}}],
    "narrative": [
        {"text": F["alert: words of a professional"], "said_by": "professional"},
        {"text": F["alert: words of the public"], "said_by": "public", "observed_first_hand": False},
        {"text": F["alert: words of a parent"], "said_by": "parent"},
        {"text": F["alert: words of a child"], "said_by": "child"},
    ],
    "details": {
        "release": {"date": F["alert: release date"], "conditions": [F["alert: release condition"]]},
        "flag": {"precautions": [F["alert: precaution"]]},
        "incident": {
            "reference": F["alert: incident reference"],
            "officer": F["alert: officer"],
            "home_conditions": F["alert: home conditions"],
            "dash_reason": F["alert: why graded so"],
            "shared_with": [F["alert: whom police told"]],
        },
        "status": F["alert: status"],
        "meeting": {"type": F["alert: meeting"], "state": "held", "attended": _EVERYBODY},
        "conference": {
            "type": "initial",
            "outcome": F["alert: conference outcome"],
            "unanimous": False,
            "dissent": [F["alert: who dissented"]],
            "conditions": [F["alert: condition of the conference"]],
        },
        "contact": {
            "mode": "no_reply",
            "with": _EVERYBODY,
            "seen": _EVERYBODY,
            "seen_alone": _EVERYBODY,
            "not_seen": _EVERYBODY,
            "place": F["alert: place of contact"],
            "refused": F["alert: what was refused"],
            "by": F["mother: key"],
        },
        "instruction": {
            "what": F["alert: instruction"],
            "within_hours": 24,
            "to": F["alert: who is instructed"],
            "by": F["alert: who instructs"],
        },
        "action": {"what": F["alert: agreed action"], "owner": F["alert: its owner"], "due": F["alert: action due"]},
        "request": {"what": F["alert: request"], "to": F["alert: of whom requested"]},
        "question": {"what": F["alert: question"], "state": "closed", "reason": F["alert: its answer"]},
        "consent": {"plan": F["alert: consent to"], "state": "withdrawn", "by": F["mother: key"]},
        "handover": {"role": F["alert: handed over"], "from": F["alert: handed over by"], "to": F["alert: handed over to"], "pack": False},
        "denial": {"of": [F["alert: denied"]], "by": F["mother: key"]},
        "status_change": {
            "to": F["alert: new status"],
            "reason": F["alert: why it changes"],
            "basis": F["alert: on what basis"],
            "effective": F["alert: status from"],
        },
        "school_change": {"from": F["alert: school left"], "to": F["alert: school joined"]},
        F["alert: unclassified name"]: {"text": F["alert: unclassified section"]},
    },
    "referrer": {"reference": F["alert: referrer"]},
    "lawful_basis": F["alert: lawful basis of the sender"],
}
"""Without its kind and its times."""

MEANT = (("p-man",), ("p-mother",), ("p-other-parent",), ("p-child",), ("p-other-child",))
"""Whom the directory found for each."""


# Looking for them.

_BASE64 = re.compile(r"[A-Za-z0-9+/]{16,}={0,2}")
_DAY = re.compile(r"\d{4}-\d\d-\d\d")


def _flat(text: str) -> str:
    """Letters and digits only: spaces in a number, dashes and capitals hide nothing."""
    return re.sub(r"[\W_]+", "", text).casefold()


def _forms(canary: str) -> tuple[str, ...]:
    if not _DAY.fullmatch(canary):
        return (_flat(canary),)
    day = date.fromisoformat(canary)
    return tuple(_flat(day.strftime(form)) for form in ("%Y-%m-%d", "%d/%m/%Y", "%d %B %Y", "%d %b %Y", "%B %d %Y"))


_FORMS = {name: _forms(canary) for name, canary in FIELDS.items() if canary}


def found_in(text: str, kind: str = "", minutes: tuple[str, ...] = ()) -> set[str]:
    """The fields of which something stands in the text, however it is written: with spaces, as another form of a date, or in base64.

    A kind's name is found as it is: in quotes where it is a word of every day (`birth`), and never where it is the neutral one (`other`).
    `minutes`: the time at which it happened, as clocks show it.
    """
    flat = _flat(text + " ".join(_decoded(text)))
    found = {name for name, forms in _FORMS.items() if any(form in flat for form in forms)}
    names = (kind, kind.replace("_", "-")) if "_" in kind else (f'"{kind}"',)
    if kind and kind != "other" and any(name in text for name in names):
        found.add("kind: its name")
    if any(minute in text for minute in minutes):
        found.add("alert: its minute")
    return found


def _decoded(text: str) -> Iterator[str]:
    for run in _BASE64.findall(text):
        try:
            yield base64.b64decode(run, validate=True).decode()
        except (binascii.Error, UnicodeDecodeError):
            continue


def stated() -> str:
    """All that is stated, as text: a field that cannot be found here could not be found anywhere."""
    return json.dumps([CASE, ALERT], ensure_ascii=False)
