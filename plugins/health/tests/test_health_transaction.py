"""The transaction for a record system that stores Flags itself, how an agency is said to take one, and the role that is to answer."""

import json
import os
from pathlib import Path
from typing import Any

import pytest
from alertbus_health import HealthAdapter, alertbus_adapters
from alertbus_health.health_settings import HealthSettings

from alertbus.plugin import Deed, Notice
from alertbus.plugin.kit.samples import addressed_notice
from alertbus.plugin.own_settings import WrongPluginSetting
from alertbus.plugin.testing import NHS_NUMBERS, AdapterConformance, ended_notice, minimal_notice, sample_notice

Resource = dict[str, Any]
ODS = "https://fhir.nhs.uk/Id/ods-organization-code"
adapter = HealthAdapter(ods={"health_visiting": "RY6"}, transaction=["health_visiting"])


class TestConformanceOfTransactions(AdapterConformance):
    adapter = adapter
    receipts = tuple(path.read_bytes() for path in sorted((Path(__file__).parent / "data").glob("outcome-*.json")))


def rendered(notice: Notice, by: HealthAdapter = adapter) -> Resource:
    bundle: Resource = json.loads(by.render(notice).body)
    return bundle


def of(bundle: Resource, kind: str) -> list[Resource]:
    return [entry for entry in bundle["entry"] if entry["resource"]["resourceType"] == kind]


def test_a_flag_is_put_where_it_stands_so_that_a_replay_an_amendment_and_an_end_meet_it() -> None:
    first, amended, ended = (
        of(rendered(notice), "Flag")[0]
        for notice in (sample_notice(), sample_notice(id="another", deed=Deed.AMEND), ended_notice(Deed.WITHDRAW))
    )
    value = first["resource"]["identifier"][0]["value"]

    assert first["request"] == {"method": "PUT", "url": f"Flag?identifier=urn:alertbus:flag|{value}"}
    assert first["request"] == amended["request"] == ended["request"]
    assert (first["resource"]["status"], ended["resource"]["status"]) == ("active", "inactive")
    assert ended["resource"]["period"]["end"] == "2020-12-01"


def test_nothing_in_a_transaction_can_happen_twice() -> None:
    """Every entry is conditional: FHIR says of each that the second of two is the first again."""
    for notice in (sample_notice(), sample_notice(kind="meeting"), ended_notice(Deed.CORRECT)):
        for entry in rendered(notice)["entry"]:
            request = entry["request"]
            assert (request["method"] == "PUT" and "?identifier=" in request["url"]) or request.get("ifNoneExist", "").startswith(
                "identifier="
            )


def test_a_patient_is_made_only_where_the_system_has_none_and_its_number_stands_in_no_address() -> None:
    (patient,) = of(rendered(sample_notice()), "Patient")

    assert patient["request"]["ifNoneExist"] == f"identifier=https://fhir.nhs.uk/Id/nhs-number|{NHS_NUMBERS[0]}"
    assert not any(number in entry["request"]["url"] for entry in rendered(sample_notice())["entry"] for number in NHS_NUMBERS)


@pytest.mark.parametrize(
    "notice",
    [
        minimal_notice(),
        sample_notice(kind="concealed_pregnancy_concern", people=(sample_notice().people[0].model_copy(update={"relation": "mother"}),)),
    ],
    ids=["no child is known", "an expected baby's mother, by reference alone"],
)
def test_a_record_that_no_nhs_number_finds_is_told_in_a_message_instead(notice: Notice) -> None:
    assert rendered(notice)["type"] == "message"
    assert adapter.render(notice).headers["x-alertbus-bundle"] == "message"


def test_a_transaction_tells_what_the_message_tells_and_nothing_more() -> None:
    """The fences against leaks are tried on messages: what holds for them holds for transactions by this."""
    for notice in (sample_notice(), sample_notice(exercise="winter", do_not_reveal_source=True), ended_notice(Deed.CORRECT)):
        sent, told = rendered(notice), rendered(notice, HealthAdapter())

        def alike(bundle: Resource, kind: str) -> list[Resource]:
            apart = {"contained", "author", "sender", "recipient"}
            return [{k: v for k, v in entry["resource"].items() if k not in apart} for entry in of(bundle, kind)]

        for kind in ("Communication", "Flag", "Patient"):
            assert alike(sent, kind) == alike(told, kind)
        assert {key for entry in sent["entry"] for key in entry} == {"fullUrl", "resource", "request"}


def test_agencies_are_pointed_at_and_no_record_of_them_is_made() -> None:
    bundle = rendered(sample_notice())
    (flag,) = of(bundle, "Flag")
    (communication,) = of(bundle, "Communication")

    assert {entry["resource"]["resourceType"] for entry in bundle["entry"]} == {"Communication", "Flag", "Patient"}
    assert flag["resource"]["author"] == {
        "type": "Organization",
        "identifier": {"system": "urn:alertbus:agency", "value": "police"},
        "display": "Police",
    }
    organization, role = communication["resource"]["recipient"]
    assert organization["identifier"] == {"system": ODS, "value": "RY6"}
    assert role["identifier"] == {"system": "urn:alertbus:role", "value": "health_visitor"}


@pytest.mark.parametrize(("kind", "holder"), [("threat_to_staff", "Flag"), ("meeting", "Communication")])
def test_who_stated_it_goes_with_it_exactly_once(kind: str, holder: str) -> None:
    (entry,) = of(rendered(sample_notice(kind=kind)), holder)
    (provenance,) = entry["resource"]["contained"]

    assert provenance["target"] == [{"reference": "#", "type": holder}]
    assert provenance["agent"][0]["who"]["identifier"]["value"] == "police"


@pytest.mark.parametrize(
    ("agency", "form"),
    [("health_visiting", "transaction"), ("health_visiting.north", "transaction"), ("gp", "message"), ("health", "message")],
)
def test_what_is_set_for_an_agency_holds_for_its_settings_and_for_nobody_else(agency: str, form: str) -> None:
    assert rendered(sample_notice(agency=agency))["type"] == form


@pytest.mark.parametrize("agency", ["gp", "health_visiting", "midwifery", "school_nursing"])
@pytest.mark.parametrize("role", ["safeguarding_lead", "health_visitor", "named_midwife", "school_nurse"])
def test_a_message_says_which_role_of_which_agency_is_to_answer(agency: str, role: str) -> None:
    bundle = rendered(sample_notice(agency=agency, role=role), HealthAdapter(ods={agency: "K83001"}))
    (found,) = of(bundle, "PractitionerRole")
    (communication,) = of(bundle, "Communication")
    organization = next(e["resource"] for e in bundle["entry"] if e["fullUrl"] == found["resource"]["organization"]["reference"])

    assert found["resource"]["code"][0]["coding"] == [{"system": "urn:alertbus:role", "code": role}]
    assert organization["identifier"][0] == {"system": ODS, "value": "K83001"}
    assert {"reference": found["fullUrl"], "type": "PractitionerRole"} in communication["resource"]["recipient"]


def test_whoever_holds_the_role_is_named_where_the_notice_names_them_and_a_desk_is_nobody() -> None:
    def holder(notice: Notice) -> object:
        return of(rendered(notice, HealthAdapter()), "PractitionerRole")[0]["resource"].get("practitioner", {}).get("display")

    answering = addressed_notice().answering
    assert answering is not None
    assert holder(sample_notice()) == "R. Postholder"
    assert holder(addressed_notice()) == "Q. Standin"
    assert holder(addressed_notice(answering=answering.model_copy(update={"who": None}), recipient=answering.desk)) is None


def test_the_settings_come_from_one_variable(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(os.environ, "HEALTH_PLUGIN", '{"ods": {"gp": "K83001"}, "transaction": ["gp"]}')
    (registered,) = alertbus_adapters()

    assert json.loads(registered.render(sample_notice(agency="gp.one")).body)["type"] == "transaction"
    assert HealthSettings.read({}) == HealthSettings()


@pytest.mark.parametrize(
    ("given", "where"),
    [
        ("CANARY", "HEALTH_PLUGIN: expected"),
        ('["CANARY"]', "HEALTH_PLUGIN: expected"),
        ('{"CANARY": 1}', "HEALTH_PLUGIN: expected"),
        ('{"ods": ["CANARY"]}', "HEALTH_PLUGIN.ods"),
        ('{"ods": {"gp": "canary"}}', "HEALTH_PLUGIN.ods"),
        ('{"ods": {"CANARY!": "K83001"}}', "HEALTH_PLUGIN.ods"),
        ('{"transaction": "CANARY"}', "HEALTH_PLUGIN.transaction"),
        ('{"transaction": [{}]}', "HEALTH_PLUGIN.transaction"),
    ],
)
def test_a_wrong_setting_stops_it_and_says_where_and_what_was_expected(given: str, where: str) -> None:
    with pytest.raises(WrongPluginSetting) as caught:
        HealthSettings.read({"HEALTH_PLUGIN": given})

    assert str(caught.value).startswith(where)
    assert "canary" not in str(caught.value).casefold()
