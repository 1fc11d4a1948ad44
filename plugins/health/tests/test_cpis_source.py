"""What is read of CP-IS: a plan as a local authority recorded it, that there is one, and nothing that CP-IS does not say."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from alertbus_health import CpisSource
from alertbus_health.cpis import PLAN_TYPES

from alertbus.plugin import Action, Alert, Ignored, UnreadableMessage
from alertbus.plugin.testing import NHS_NUMBERS, SourceConformance

Resource = dict[str, Any]
DATA = Path(__file__).parent / "data"
SNOMED = "http://snomed.info/sct"
FLAGS = "https://fhir.nhs.uk/England/CodeSystem/England-FlagCategoryPatient"
source = CpisSource()


def care_team(code: str = "342191000000101", **fields: Any) -> Resource:
    """Written after NHS England's implementation guide of the CP-IS FHIR interface: no message of it is public."""
    return {
        "resourceType": "CareTeam",
        "id": "b1f5c1ae-0001",
        "meta": {"lastUpdated": "2026-03-02T09:30:00+00:00"},
        "status": "active",
        "category": [{"coding": [{"system": SNOMED, "code": code}]}],
        "subject": {"reference": f"Patient/{NHS_NUMBERS[0]}"},
        "period": {"start": "2026-02-20"},
        **fields,
    }


def flag(code: str = "child-protection-information-sharing-flag", system: str = FLAGS, **fields: Any) -> Resource:
    return {
        "resourceType": "Flag",
        "id": "b1f5c1ae-0002",
        "contained": [{"resourceType": "Provenance", "recorded": "2026-03-02T09:30:00Z", "target": [{"reference": "#"}]}],
        "status": "active",
        "code": {"coding": [{"system": system, "code": code, "display": "Child Protection - Information Sharing Flag"}]},
        "subject": {"identifier": {"system": "https://fhir.nhs.uk/Id/nhs-number", "value": NHS_NUMBERS[0]}},
        "period": {"start": "2026-02-20"},
        **fields,
    }


def answer(*resources: Resource, **fields: Any) -> bytes:
    entries = [{"fullUrl": f"https://cpis.example/{r['resourceType']}/{n}", "resource": r} for n, r in enumerate(resources)]
    return json.dumps({"resourceType": "Bundle", "type": "searchset", "total": len(entries), "entry": entries, **fields}).encode()


def one(raw: bytes) -> Alert:
    outcome = source.parse(raw, {})
    assert isinstance(outcome, list)
    (alert,) = outcome
    return alert


class TestConformanceOfCpis(SourceConformance):
    source = source
    samples = (answer(care_team()), answer(flag()), answer())


@pytest.mark.parametrize(("code", "plan"), PLAN_TYPES.items())
def test_each_type_of_plan_is_a_change_of_status_stated_by_the_local_authority(code: str, plan: str) -> None:
    alert = one(answer(care_team(code)))

    assert (alert.source, alert.kind, alert.action) == ("childrens_social_care.cpis", "case_status_change", Action.RAISED)
    assert alert.details.status == alert.details.status_change.to == plan  # type: ignore[union-attr]
    assert alert.occurred_at.isoformat() == "2026-02-20T00:00:00+00:00"
    assert alert.narrative == ()


def test_the_child_is_found_by_number_and_an_unborn_childs_plan_by_the_mother() -> None:
    (child,) = one(answer(care_team())).children
    (mother,) = one(answer(care_team("818901000000100"))).subjects

    assert child.person.identifiers[0].value == NHS_NUMBERS[0]
    assert (mother.role, one(answer(care_team("818901000000100"))).children) == ("mother", ())


def test_a_patient_in_the_answer_says_more_of_the_child() -> None:
    patient = {
        "resourceType": "Patient",
        "id": NHS_NUMBERS[0],
        "identifier": [{"system": "https://fhir.nhs.uk/Id/nhs-number", "value": NHS_NUMBERS[0]}],
        "name": [{"family": "Example", "given": ["Ash"]}],
        "birthDate": "2019-05-17",
    }
    (child,) = one(answer(care_team(), patient)).children

    assert (child.person.name.full, child.person.born.isoformat()) == ("Ash Example", "2019-05-17")  # type: ignore[union-attr]


@pytest.mark.parametrize(
    "ended", [{"status": "inactive"}, {"status": "entered-in-error"}, {"period": {"start": "2026-02-20", "end": "2026-03-01"}}]
)
def test_an_ended_plan_withdraws_what_was_stated_and_says_nothing_of_what_follows(ended: dict[str, Any]) -> None:
    begun, over = one(answer(care_team())), one(answer(care_team(**ended)))

    assert (begun.id, begun.action, over.action) == (over.id, Action.RAISED, Action.WITHDRAWN)


def test_read_twice_it_is_one_statement_and_its_id_is_nobodys_number() -> None:
    assert one(answer(care_team())) == one(answer(care_team(), total=7))
    assert NHS_NUMBERS[0] not in one(answer(care_team())).id


def test_a_flag_beside_its_plan_says_nothing_more_and_alone_that_there_is_one() -> None:
    alone = one(answer(flag()))

    assert one(answer(flag(), care_team())).kind == "case_status_change"
    ended = source.parse(answer(flag(), care_team(status="inactive")), {})
    assert isinstance(ended, list)
    assert [alert.kind for alert in ended] == ["case_status_change", "other"]
    assert (alone.kind, alone.narrative[0].text) == ("other", "Child Protection - Information Sharing Flag")
    assert one(answer(flag("CP-IS", "https://fhir.nhs.uk/England/CodeSystem/PatientFlagCategory"))).kind == "other"
    assert one(answer(flag(status="inactive"))).action is Action.WITHDRAWN
    assert one(json.dumps(care_team()).encode()).kind == "case_status_change"


@pytest.mark.parametrize(
    ("raw", "reason"),
    [
        (answer(), "CP-IS holds nothing of this child"),
        (answer(care_team(status="proposed")), "only proposed"),
        (answer(flag("national-reasonable-adjustment-flag")), "not CP-IS's"),
        (answer(flag("FGM", "https://fhir.nhs.uk/England/CodeSystem/PatientFlagCategory")), "not CP-IS's"),
        (b'{"resourceType": "OperationOutcome"}', "says nothing of a child"),
        ((DATA / "ukcore" / "UKCore-Flag-FoodAllergy-Example.json").read_bytes(), "not CP-IS's"),
        ((DATA / "ukcore" / "UKCore-CareTeam-WeightManagementTeam-Example.json").read_bytes(), "no child protection plan"),
    ],
)
def test_what_states_nothing_says_why(raw: bytes, reason: str) -> None:
    outcome = source.parse(raw, {})

    assert isinstance(outcome, Ignored)
    assert reason in outcome.reason


def without(name: str, of: Callable[[], Resource]) -> bytes:
    resource = of()
    del resource[name]
    return json.dumps(resource).encode()


@pytest.mark.parametrize(
    ("raw", "path"),
    [
        (b"<REPC_IN000004GB01/>", "$"),
        (b'{"resourceType": "Patient"}', "type"),
        (b'{"resourceType": "Bundle", "type": "message"}', "type"),
        (answer(care_team("224353004")), "entry[0].resource.category"),
        (answer(care_team(status="suspended")), "entry[0].resource.status"),
        (answer(care_team(subject={"reference": "Patient/9988462442"})), "entry[0].resource.subject"),
        (answer(flag("a-new-flag")), "entry[0].resource.code"),
        (without("period", care_team), "entry[0].resource.period.start"),
        (without("meta", care_team), "entry[0].resource.meta.lastUpdated"),
        (without("id", care_team), "entry[0].resource.id"),
        (answer(*[care_team()] * 101), "entry"),
    ],
    ids=[
        "HL7 v3",
        "a patient",
        "a message",
        "an unknown plan",
        "suspended",
        "no number",
        "an unknown flag",
        "no day",
        "no moment",
        "no id",
        "101",
    ],
)
def test_what_nobody_has_said_the_meaning_of_is_kept_for_a_person(raw: bytes, path: str) -> None:
    with pytest.raises(UnreadableMessage) as caught:
        source.parse(raw, {})

    assert [fault.path for fault in caught.value.faults] == [path]
