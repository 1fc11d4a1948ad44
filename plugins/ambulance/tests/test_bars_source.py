"""What is read of a BaRS request: its scene safety and safeguarding flags, and nothing else; a reason for whatever raises nothing."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from alertbus_ambulance import BarsSource

from alertbus.plugin import Action, Alert, Ignored, Severity, UnreadableMessage
from alertbus.plugin.testing import NHS_NUMBERS, SourceConformance

Resource = dict[str, Any]
DATA = Path(__file__).parent / "data"
EXAMPLE = (DATA / "process-message-validation-request.json").read_bytes()
source = BarsSource()


def the(bundle: Resource, kind: str) -> Resource:
    found: Resource = next(entry["resource"] for entry in bundle["entry"] if entry["resource"]["resourceType"] == kind)
    return found


def changed(
    change: Callable[[Resource], Any] = lambda _: None, code: str = "U", words: str | None = "Large dog loose in the hall."
) -> bytes:
    """The published example with its scene called unsafe, as BaRS asks: with the reason in words."""
    bundle = json.loads(EXAMPLE)
    flag = the(bundle, "Flag")
    flag["code"] = {"coding": [{"system": "https://fhir.nhs.uk/CodeSystem/scene-safety-codes-bars", "code": code}]} | (
        {"text": words} if words else {}
    )
    the(bundle, "Patient")["identifier"][0]["value"] = NHS_NUMBERS[0]
    change(bundle)
    return json.dumps(bundle).encode()


def safeguarding(code: str = "836881000000105", born: str = "2015-05-04") -> bytes:
    def change(bundle: Resource) -> None:
        flag = the(bundle, "Flag")
        flag["category"] = [{"coding": [{"system": "https://fhir.nhs.uk/CodeSystem/flag-categories-bars", "code": "SG"}]}]
        shown = {"system": "http://snomed.info/sct", "code": code, "display": "Child is cause for safeguarding concern (finding)"}
        flag["code"] = {"coding": [shown]}
        flag["subject"] = {"reference": next(e["fullUrl"] for e in bundle["entry"] if e["resource"]["resourceType"] == "Patient")}
        the(bundle, "Patient")["birthDate"] = born

    return changed(change)


def small(kind: str) -> bytes:
    """The same messages with nothing in them but what is read: the kit spoils every field of a sample in turn."""
    bundle = json.loads(changed() if kind == "SS" else safeguarding())
    bundle["entry"] = [e for e in bundle["entry"] if e["resource"]["resourceType"] in {"MessageHeader", "Patient", "Flag", "Location"}]
    read = {
        "resourceType",
        "eventCoding",
        "reason",
        "status",
        "category",
        "code",
        "subject",
        "period",
        "identifier",
        "name",
        "birthDate",
        "address",
    }
    for entry in bundle["entry"]:
        entry["resource"] = {name: value for name, value in entry["resource"].items() if name in read}
    bundle.pop("meta")
    return json.dumps(bundle).encode()


def one(raw: bytes) -> Alert:
    outcome = source.parse(raw, {})
    assert isinstance(outcome, list)
    (alert,) = outcome
    return alert


def ignored(raw: bytes) -> str:
    outcome = source.parse(raw, {})
    assert isinstance(outcome, Ignored)
    return outcome.reason


class TestConformanceOfBars(SourceConformance):
    source = source
    samples = (small("SS"), small("SG"))


def test_an_unsafe_scene_is_stated_in_the_senders_own_words() -> None:
    alert = one(changed())

    assert (alert.source, alert.kind, alert.action, alert.severity) == ("ambulance.bars", "other", Action.RAISED, Severity.HIGH)
    (narrative,) = alert.narrative
    assert (narrative.text, narrative.said_by, narrative.observed_first_hand) == ("Large dog loose in the hall.", None, None)


def test_the_patient_is_found_by_number_and_whoever_is_at_the_scene_is_not_named() -> None:
    patient, scene = one(changed()).subjects

    assert (patient.role, patient.person.identifiers[0].value) == ("patient", NHS_NUMBERS[0])
    assert (scene.role, scene.person.name, scene.person.label) == ("scene", None, None)
    (address,) = scene.person.addresses
    assert (address.uprn, address.lines) == ("0008755622", ("20 The Headrow", "Leeds"))


def test_a_patient_under_eighteen_is_a_child_and_a_safeguarding_flag_keeps_its_words() -> None:
    alert = one(safeguarding())

    assert (len(alert.children), alert.subjects) == (1, ())
    assert alert.narrative[0].text == "Child is cause for safeguarding concern (finding)"
    assert one(safeguarding(born="1959-05-04")).children == ()


def test_the_same_flag_sent_again_is_the_same_alert_and_its_end_withdraws_it() -> None:
    def end(bundle: Resource) -> None:
        the(bundle, "Flag")["status"] = "inactive"

    def safe_now(bundle: Resource) -> None:
        the(bundle, "MessageHeader")["reason"]["coding"][0]["code"] = "update"

    assert one(changed()).id == one(changed()).id
    assert (one(changed(end)).id, one(changed(end)).action) == (one(changed()).id, Action.WITHDRAWN)
    assert (one(changed(safe_now, code="S")).id, one(changed(safe_now, code="S")).action) == (one(changed()).id, Action.WITHDRAWN)


@pytest.mark.parametrize(
    ("raw", "reason"),
    [
        (EXAMPLE, "the scene is said to be safe"),
        (changed(code="UNK"), "nobody has stated a danger"),
        (safeguarding(code="861931000000100"), "no safeguarding issue was identified"),
        ((DATA / "process-message-request.json").read_bytes(), "without a scene safety or safeguarding flag"),
        ((DATA / "process-message-response.json").read_bytes(), "without a scene safety or safeguarding flag"),
        ((DATA / "process-message-validation-response.json").read_bytes(), "an answer to a message"),
        ((DATA / "outcome-409-duplicate.json").read_bytes(), "an answer to a message"),
        (changed(lambda b: the(b, "Flag")["category"][0]["coding"][0].update(code="RA")), "a flag for a reasonable adjustment"),
        (changed(lambda b: the(b, "Flag")["category"][0]["coding"][0].update(system="x")), "a flag that is none of BaRS's"),
    ],
    ids=["safe", "unknown", "no issue", "a booking", "its answer", "an answer", "an outcome", "another category", "another system"],
)
def test_what_raises_nothing_says_why(raw: bytes, reason: str) -> None:
    assert reason in ignored(raw)


@pytest.mark.parametrize(
    ("raw", "path"),
    [
        (b"{}", "$"),
        (b'{"resourceType": "Patient"}', "resourceType"),
        (b'{"resourceType": "Bundle", "type": "searchset"}', "entry[0].resource"),
        (changed(code="X"), "entry[17].resource.code"),
        (changed(lambda b: the(b, "Flag")["category"][0]["coding"][0].update(code="ZZ")), "entry[17].resource.category"),
        (changed(lambda b: b.pop("timestamp")), "timestamp"),
        (changed(lambda b: the(b, "Patient").update(identifier=[], name=[])), "entry[5].resource.identifier"),
        (changed(lambda b: b["entry"].pop(5)), "entry[16].resource.subject"),
        (changed(words="x" * 70_000), "entry[17].resource"),
        (
            changed(lambda b: the(b, "Patient").update(address=[{"postalCode": f"LS1 {n}PT"} for n in range(21)])),
            "entry[5].resource.address",
        ),
    ],
)
def test_what_cannot_be_read_says_where(raw: bytes, path: str) -> None:
    with pytest.raises(UnreadableMessage) as caught:
        source.parse(raw, {})

    assert [fault.path for fault in caught.value.faults] == [path]
