"""Ambulance services: HL7's own validator over every message, the rules of BaRS's scene safety flag, and its published examples."""

import json
from collections.abc import Iterator
from typing import Any

from alertbus_ambulance import AmbulanceAdapter, BarsSource

from alertbus.plugin import Deed, Ignored, Notice
from alertbus.plugin.testing import ended_notice, sample_notice
from tests.sectors.frame import PLUGINS, Case, each_notice
from tests.sectors.hl7.invariants import invariants_broken, of_kind
from tests.sectors.hl7.once import errors_of_its_shape
from tests.sectors.hl7.record_system import RecordSystem

SECTOR_CHECK = (
    "HL7 FHIR validator (HAPI FHIR 8.8.0) on each message, own invariants, the rules of BARSFlag-scene-safety by a check of our own, BaRS's "
    "published examples; no national service was connected, and none has assured it"
)

ADAPTER = AmbulanceAdapter(ods={"ambulance": "RX8"})
DATA = PLUGINS / "ambulance" / "tests" / "data"
CODES = {"S": "The Scene is safe", "U": "The Scene is unsafe", "UNK": "Unknown"}


def see(notice: Notice) -> None:
    message = ADAPTER.render(notice)
    bundle = json.loads(message.body)
    assert invariants_broken(bundle) == []
    assert errors_of_its_shape(message.body) == ()
    receiver = RecordSystem()
    receiver.take(message.body)
    assert receiver.take(ADAPTER.render(notice).body) == 0, "a replay changes something"
    for flag in of_kind(bundle, "Flag"):
        assert bars_rules_broken(flag, bundle) == []


def bars_rules_broken(flag: dict[str, Any], bundle: dict[str, Any]) -> list[str]:
    """The rules of the profile BARSFlag-scene-safety, and of BaRS's guide: why a scene is unsafe stands in words."""
    kinds = {entry["fullUrl"]: entry["resource"]["resourceType"] for entry in bundle["entry"]}
    category = [(one["system"], one["code"]) for part in flag["category"] for one in part["coding"]]
    coding = flag["code"]["coding"]
    rules = {
        "category: SS, once": category == [("https://fhir.nhs.uk/CodeSystem/flag-categories-bars", "SS")],
        "code: one of BaRS's": [one["system"] for one in coding] == ["https://fhir.nhs.uk/CodeSystem/scene-safety-codes-bars"],
        "code: with its display": all(CODES.get(one["code"]) == one["display"] for one in coding),
        "code.text: why": coding[0]["code"] != "U" or bool(flag["code"].get("text")),
        "subject: a Location": kinds.get(flag["subject"]["reference"]) == "Location",
        "author: an Organization": kinds.get(flag["author"]["reference"]) == "Organization",
    }
    return [rule for rule, holds in rules.items() if not holds]


def the_rules_see() -> None:
    """A check that sees nothing passes everything."""
    bundle = json.loads(ADAPTER.render(sample_notice()).body)
    spoiled = {
        **of_kind(bundle, "Flag")[0],
        "code": {"coding": [{"system": "x", "code": "Y", "display": "Z"}]},
        "subject": {"reference": "x"},
    }
    assert len(bars_rules_broken(spoiled, bundle)) == 3


def ends_what_was_set(deed: Deed) -> None:
    """At a receiver: told twice it changes nothing, and after the end no Flag stands, though the address changed meanwhile."""
    for end in (ended_notice(deed), ended_notice(deed, children=(), people=())):
        receiver = RecordSystem()
        assert receiver.take(ADAPTER.render(sample_notice()).body) > 0
        assert receiver.take(ADAPTER.render(sample_notice()).body) == 0
        assert len(receiver.flags("active")) == 1
        receiver.take(ADAPTER.render(end).body)
        assert receiver.take(ADAPTER.render(end).body) == 0
        assert receiver.flags("active") == []


def example(name: str) -> None:
    """None of BaRS's published examples warns of anything: each is ignored, and says why."""
    outcome = BarsSource().parse((DATA / name).read_bytes(), {})
    assert isinstance(outcome, Ignored)
    assert outcome.reason


def cases() -> Iterator[Case]:
    yield from each_notice(see)
    yield "the rules see a fault", the_rules_see
    for deed in (deed for deed in Deed if deed.ends):
        yield f"the Flag ends: {deed}", lambda deed=deed: ends_what_was_set(deed)  # type: ignore[misc]
    for path in sorted(DATA.glob("*.json")):
        yield f"published: {path.stem}", lambda name=path.name: example(name)  # type: ignore[misc]
