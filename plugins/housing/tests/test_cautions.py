"""A landlord's register of cautionary alerts: what warns the others, what takes the warning back, and what raises nothing."""

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, ClassVar

import pytest
from alertbus_housing import HousingAdapter, HousingCautions
from alertbus_housing.housing_settings import HousingSettings
from alertbus_housing.schema import alert_schema
from jsonschema import Draft202012Validator

from alertbus.plugin import Action, Alert, Deed, Ignored, Severity, UnreadableMessage
from alertbus.plugin.testing import AdapterConformance, SourceConformance, ended_notice, every_notice, sample_notice

EXAMPLE = Path(__file__).parent / "data" / "cautionary-alert-created-event.example.json"
VALIDATOR = Draft202012Validator(alert_schema(), format_checker=Draft202012Validator.FORMAT_CHECKER)


def event(kind: str = "CautionaryAlertCreatedEvent", **changes: Any) -> dict[str, Any]:
    whole: dict[str, Any] = json.loads(EXAMPLE.read_bytes())
    whole["eventData"] = {"newData": {**whole["eventData"]["newData"], **changes}}
    return {**whole, "eventType": kind}


def ended(**changes: Any) -> dict[str, Any]:
    over = {"isActive": False, "endDate": "2026-12-01T00:00:00Z", **changes}
    return {**event("CautionaryAlertEndedEvent", **over), "id": "another", "dateTime": "2026-12-01T10:00:00Z"}


def read(message: object, source: HousingCautions | None = None) -> list[Alert] | Ignored:
    return (source or HousingCautions()).parse(json.dumps(message).encode(), {})


def alert(message: object, source: HousingCautions | None = None) -> Alert:
    outcome = read(message, source)
    assert isinstance(outcome, list)
    return outcome[0]


def refused(message: object) -> list[str]:
    with pytest.raises(UnreadableMessage) as error:
        read(message)
    return [fault.path for fault in error.value.faults]


class TestCautionsConformance(SourceConformance):
    source = HousingCautions()
    samples: ClassVar[list[bytes]] = [
        EXAMPLE.read_bytes(),
        json.dumps(ended()).encode(),
        json.dumps(event(code="DIS")).encode(),
        json.dumps({"Type": "Notification", "Message": json.dumps(event(code="VA"))}).encode(),
    ]


class TestEventConformance(AdapterConformance):
    adapter = HousingAdapter(form="event")


def test_vpf_05_the_example_of_the_real_api_is_a_flag_on_whoever_lives_there() -> None:
    raised = alert(json.loads(EXAMPLE.read_bytes()))

    assert raised.model_dump(mode="json", exclude_defaults=True) == {
        "id": "0a4f6f0e-4b0f-4f7f-8f1c-9f5b2a6f3c33",
        "source": "housing",
        "kind": "violent_person_flag",
        "occurred_at": "2026-11-20T00:00:00Z",
        "recorded_at": "2026-11-23T09:00:00Z",
        "subjects": [
            {"person": {"name": {"family": "Example Person"}, "addresses": [{"uprn": "100000000001", "lines": ["1 Example Street"]}]}}
        ],
        "narrative": [{"text": "Threat to staff"}],
        "severity": "high",
        "details": {"flag": {"precautions": ["No Lone Visits"]}},
    }


def test_who_the_officer_was_and_the_landlords_numbers_for_people_are_not_taken() -> None:
    said = alert(event()).model_dump_json()

    assert not [value for value in ("Example Officer", "officer@example.org", "b1d6f5c4", "00012345", "SAF0000001") if value in said]


def test_the_end_of_a_caution_takes_the_same_warning_back() -> None:
    raised, over = alert(event()), alert(ended())

    assert (over.action, over.alert_id, over.kind) == (Action.WITHDRAWN, raised.alert_id, raised.kind)
    assert (over.occurred_at, over.recorded_at) == (datetime(2026, 12, 1, tzinfo=UTC), datetime(2026, 12, 1, 10, tzinfo=UTC))
    assert over.narrative == ()


def test_abuse_or_a_threat_is_a_threat_to_staff_and_no_grade_is_made_of_it() -> None:
    raised = alert(event(code="VA", cautionOnSystem="Verbal Abuse or Threat of"))

    assert (raised.kind, raised.severity) == ("threat_to_staff", Severity.MEDIUM)
    assert raised.details.flag is not None
    assert raised.details.flag.grade is None


@pytest.mark.parametrize(
    "message",
    [
        pytest.param(event(code="DIS"), id="disrepair"),
        pytest.param(event(isActive=False), id="not active"),
        pytest.param(event("TenureUpdatedEvent"), id="another event"),
        pytest.param({**event(), "sourceSystem": "alertbus"}, id="our own"),
    ],
)
def test_what_warns_of_nobody_is_ignored_with_its_reason(message: object) -> None:
    assert isinstance(read(message), Ignored)


def test_a_code_that_nobody_has_mapped_is_put_to_a_person_and_not_dropped() -> None:
    assert refused(event(code="XQ")) == ["eventData.newData.code"]
    assert alert(event(code="XQ"), HousingCautions(kinds={"XQ": "threat_to_staff"})).kind == "threat_to_staff"


def test_a_landlord_is_a_setting_of_its_own() -> None:
    assert alert(event(), HousingCautions(source="housing.hackney")).source == "housing.hackney"


@pytest.mark.parametrize(
    ("changes", "lines"),
    [
        ({"doorNumber": "7", "address": "Example Street"}, ("7 Example Street",)),
        ({"doorNumber": "7", "address": "7 Example Street", "neighbourhood": "Dalston"}, ("7 Example Street", "Dalston")),
        ({"doorNumber": "1", "address": "11 Example Street"}, ("1 11 Example Street",)),
        ({"doorNumber": None, "address": " "}, ()),
    ],
)
def test_an_address_is_as_the_register_has_it(changes: dict[str, Any], lines: tuple[str, ...]) -> None:
    assert alert(event(**changes)).subjects[0].person.addresses[0].lines == lines


def test_ooh_02_a_property_without_a_name_still_warns_those_who_visit_it() -> None:
    person = alert(event(personName="")).subjects[0].person

    assert (person.name, person.addresses[0].uprn) == (None, "100000000001")
    assert refused(event(personName=None, address=None, doorNumber=None, uprn="")) == ["eventData.newData.personName"]


@pytest.mark.parametrize("day", ["31/02/2026", "2026-13-01", "yesterday"])
def test_a_day_that_does_not_exist_is_refused_where_it_stands(day: str) -> None:
    assert refused(event(dateOfIncident=day)) == ["eventData.newData.dateOfIncident"]


def test_the_day_until_which_it_stands_is_when_somebody_is_asked() -> None:
    assert str(alert(event(endDate="2027-05-20T00:00:00Z")).review_on) == "2027-05-20"


def test_nobodys_words_are_repeated_by_a_refusal() -> None:
    with pytest.raises(UnreadableMessage) as error:
        read(event(uprn="Quillfeather", alertId="Quillfeather", dateOfIncident="Quillfeather"))

    assert "Quillfeather" not in str(error.value)
    assert len(error.value.faults) == 3


def test_as_an_event_the_same_caution_is_created_and_ended_under_one_id_and_is_not_heard_again() -> None:
    adapter = HousingAdapter(form="event")
    created, over = (json.loads(adapter.render(notice).body) for notice in (sample_notice(), ended_notice(Deed.WITHDRAW)))

    assert created["eventData"]["newData"]["alertId"] == over["eventData"]["newData"]["alertId"]
    assert [one["eventType"] for one in (created, over)] == ["CautionaryAlertCreatedEvent", "CautionaryAlertEndedEvent"]
    assert [one["eventData"]["newData"]["isActive"] for one in (created, over)] == [True, False]
    assert isinstance(read(created), Ignored)
    assert isinstance(read(over), Ignored)


def test_every_kind_and_deed_is_a_valid_event_that_says_what_the_call_says() -> None:
    for notice in every_notice():
        sent = json.loads(HousingAdapter(form="event").render(notice).body)
        call = json.loads(HousingAdapter().render(notice).body)

        assert [f"{list(e.path)}: {e.message}" for e in VALIDATOR.iter_errors(sent)] == []
        assert sent["eventData"]["newData"]["reason"] == call.get("incidentDescription")
        assert sent["eventData"]["newData"]["endDate"] == call.get("endDate")


def test_an_operator_names_the_register_its_codes_and_who_listens_to_events() -> None:
    given = {
        "source": "housing.hackney",
        "kinds": {"PV": "violent_person_flag", "VA": None},
        "codes": {"release": ["R1", "Ask the duty team"]},
        "events": ["housing.hackney"],
    }
    settings = HousingSettings.read({"HOUSING_PLUGIN": json.dumps(given)})
    adapter = HousingAdapter(codes=settings.codes, events=settings.events)
    released = sample_notice(kind="prisoner_release", flag=None)

    assert alert(event(code="PV"), HousingCautions(kinds=settings.kinds, source=settings.source)).source == "housing.hackney"
    assert json.loads(adapter.render(released).body)["alert"]["code"] == "R1"
    assert "eventType" in json.loads(adapter.render(sample_notice(agency="housing.hackney")).body)
    assert HousingSettings.read({}) == HousingSettings()


@pytest.mark.parametrize(
    "given",
    [
        {"source": "A Landlord"},
        {"kinds": {"ELEVEN CHARS": None}},
        {"kinds": {"CV": 1}},
        {"codes": {"moon": ["R1", "x"]}},
        {"codes": 1},
        {"x": 1},
    ],
)
def test_a_wrong_setting_is_named_and_not_repeated(given: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match="HOUSING_PLUGIN") as error:
        HousingSettings.read({"HOUSING_PLUGIN": json.dumps(given)})

    assert "A Landlord" not in str(error.value)
