"""The validator that the health and ambulance messages are put through sees what it should: a check that sees nothing passes everything."""

import json
from collections.abc import Callable
from typing import Any

import pytest
from alertbus_health import HealthAdapter

from alertbus.plugin import Deed
from alertbus.plugin.testing import ended_notice, sample_notice
from tests.sectors.hl7.invariants import PROFILED, claiming_uk_core, invariants_broken, of_kind, resources
from tests.sectors.hl7.must_support import NOT_HELD, held, must_support
from tests.sectors.hl7.record_system import RecordSystem
from tests.sectors.hl7.validator import validator

Resource = dict[str, Any]


def good(deed: Deed = Deed.DELIVER) -> Resource:
    notice = ended_notice(deed) if deed.ends else sample_notice(deed=deed)
    bundle: Resource = json.loads(HealthAdapter().render(notice).body)
    return bundle


def the(bundle: Resource, kind: str) -> Resource:
    return of_kind(bundle, kind)[0]


def errors(bundle: Resource) -> list[str]:
    return [issue.what for issue in validator().errors(json.dumps(bundle).encode())]


def test_a_good_message_is_no_error_to_either() -> None:
    assert errors(good()) == []
    assert invariants_broken(good()) == []


FAULTS: dict[str, Callable[[Resource], Any]] = {
    "Flag.subject missing": lambda b: the(b, "Flag").pop("subject"),
    "Flag.status missing": lambda b: the(b, "Flag").pop("status"),
    "an element that FHIR does not know": lambda b: the(b, "Flag").update(zz=1),
    "a status that is none": lambda b: the(b, "Flag").update(status="bogus"),
    "a moment that is none": lambda b: the(b, "Communication").update(sent="yesterday"),
    "31 February": lambda b: the(b, "Flag").update(period={"start": "2021-02-31"}),
    "no MessageHeader first": lambda b: b["entry"].pop(0),
}
"""The seven of STANDARDS 3.6, none of which every other validator that we tried could see."""


@pytest.mark.parametrize("fault", FAULTS)
def test_hl7s_validator_sees_each_of_the_seven_faults(fault: str) -> None:
    bundle = good()
    FAULTS[fault](bundle)

    assert errors(bundle) != []


def _dangling(bundle: Resource) -> None:
    the(bundle, "Communication")["sender"]["reference"] = "urn:uuid:00000000-0000-4000-8000-000000000000"


def _twice(bundle: Resource) -> None:
    bundle["entry"][2]["fullUrl"] = bundle["entry"][1]["fullUrl"]


def _mistyped(bundle: Resource) -> None:
    the(bundle, "Patient")["identifier"][0]["value"] = "9988462442"


OURS: dict[str, tuple[Callable[[Resource], Any], Deed]] = {
    "a reference that leads nowhere": (_dangling, Deed.DELIVER),
    "a fullUrl twice": (_twice, Deed.DELIVER),
    "an NHS number with a wrong check digit": (_mistyped, Deed.DELIVER),
    "MessageHeader not first": (lambda b: b["entry"].reverse(), Deed.DELIVER),
    "an ended Flag that does not say when": (lambda b: the(b, "Flag")["period"].pop("end"), Deed.WITHDRAW),
    "a Flag without a beginning": (lambda b: the(b, "Flag").pop("period"), Deed.DELIVER),
}


@pytest.mark.parametrize("fault", OURS)
def test_our_invariants_see_what_the_validator_may_not(fault: str) -> None:
    spoil, deed = OURS[fault]
    bundle = good(deed)
    spoil(bundle)

    assert invariants_broken(bundle) != []


def test_text_is_validated_as_it_came_and_what_is_no_json_is_an_error() -> None:
    assert [issue.severity for issue in validator().errors(b'{"resourceType": "Flag",')] == ["fatal"]
    assert any("zz" in issue.what for issue in validator().errors(b'{"resourceType": "Flag", "zz": 1}'))


def test_uk_core_is_known_all_of_it_that_is_here_and_a_profile_that_is_not_is_said_to_be_unknown() -> None:
    """UKCore-Patient too, without its one element that R4 cannot hold."""
    for kind in PROFILED:
        resource = json.dumps({"resourceType": kind, "meta": {"profile": [f"https://fhir.hl7.org.uk/StructureDefinition/UKCore-{kind}"]}})
        assert not [issue for issue in validator().issues(resource.encode()) if "rofile" in issue.what and "not" in issue.what]
    unknown = b'{"resourceType": "Flag", "meta": {"profile": ["https://fhir.hl7.org.uk/StructureDefinition/UKCore-Nothing"]}}'
    assert any("UKCore-Nothing" in issue.what for issue in validator().issues(unknown))


def test_a_message_that_claims_uk_core_is_held_to_it() -> None:
    bundle = good()
    assert validator().errors(claiming_uk_core(json.dumps(bundle).encode())) == []

    the(bundle, "Patient")["name"] = [{"family": "Example"}, {"family": "Example", "use": "bogus"}]
    assert validator().errors(claiming_uk_core(json.dumps(bundle).encode())) != []


@pytest.mark.parametrize("kind", sorted({one["resourceType"] for one in (good(), *resources(good()))}))
def test_what_uk_core_marks_must_support_is_held_or_listed_as_what_no_notice_says(kind: str) -> None:
    here = {name for found, name in held(good()) if found == kind}

    assert must_support(kind) - here == NOT_HELD.get(kind, set())


def test_a_record_system_sees_what_happens_twice() -> None:
    """Guards the guard: an identifier that is made anew each time puts a second Flag beside the first."""
    adapter = HealthAdapter(transaction=["health_visiting"])
    system = RecordSystem()
    body = adapter.render(sample_notice()).body
    assert system.take(body) > 0

    again = json.loads(body)
    again["entry"][1]["resource"]["identifier"][0]["value"] = "another"
    again["entry"][1]["request"]["url"] = "Flag?identifier=urn:alertbus:flag|another"
    assert system.take(json.dumps(again).encode()) > 0
    assert len(system.flags("active")) == 2
