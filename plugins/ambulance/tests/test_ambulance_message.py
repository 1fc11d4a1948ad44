"""The message that an ambulance service receives: a door, how to approach it, whom to call; and nobody's name."""

import json
import os
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import fhirkit
import pytest
from alertbus_ambulance import AmbulanceAdapter, alertbus_adapters

from alertbus.plugin import Address, Deed, Name, Notice, NoticePerson, Severity
from alertbus.plugin.own_settings import WrongPluginSetting
from alertbus.plugin.testing import (
    CANARIES,
    NHS_NUMBERS,
    AdapterConformance,
    ended_notice,
    every_notice,
    minimal_notice,
    sample_notice,
    sample_obligation,
)

Resource = dict[str, Any]
adapter = AmbulanceAdapter()
HOME, FLAT = (
    Address(uprn="100012345678", lines=("7 Thistlebank",), postcode="ZZ99 9ZZ"),
    Address(lines=("2 Dock Row",), postcode="ZZ99 1AA"),
)
CHILD = NoticePerson(ref="c", child=True, addresses=(HOME,))
HIM = NoticePerson(ref="him", role="subject", addresses=(FLAT,))


class TestConformance(AdapterConformance):
    adapter = adapter
    receipts = tuple(path.read_bytes() for path in sorted((Path(__file__).parent / "data").glob("outcome-*.json")))


def rendered(notice: Notice) -> Resource:
    bundle: Resource = json.loads(adapter.render(notice).body)
    return bundle


def of(bundle: Resource, kind: str) -> list[Resource]:
    return [entry["resource"] for entry in bundle["entry"] if entry["resource"]["resourceType"] == kind]


def said(notice: Notice) -> list[str]:
    (communication,) = of(rendered(notice), "Communication")
    return [line["contentString"] for line in communication["payload"]]


def codes(notice: Notice) -> list[str]:
    return [flag["code"]["coding"][0]["code"] for flag in of(rendered(notice), "Flag")]


def at(bundle: Resource, flag: Resource) -> Resource:
    return next(entry["resource"] for entry in bundle["entry"] if entry["fullUrl"] == flag["subject"]["reference"])


def test_every_kind_and_deed_is_valid_r4_and_begins_with_its_header() -> None:
    for notice in every_notice():
        assert fhirkit.validate(adapter.render(notice).body) == []
        assert rendered(notice)["entry"][0]["resource"]["resourceType"] == "MessageHeader"


@pytest.mark.parametrize(
    ("kind", "code"),
    [
        ("violent_person_flag", ["U"]),
        ("threat_to_staff", ["U"]),
        ("risk_to_staff", ["U"]),
        ("prisoner_release", ["UNK"]),
        ("unlawfully_at_large", ["UNK"]),
        ("ppn", []),
        ("meeting", []),
        ("concealed_pregnancy_concern", []),
    ],
)
def test_a_scene_is_called_unsafe_only_where_somebody_said_so_and_never_safe(kind: str, code: list[str]) -> None:
    assert codes(sample_notice(kind=kind)) == code


@pytest.mark.parametrize("milder", [{"severity": Severity.LOW}, {"details": {"flag": {"grade": "abuse"}}}])
def test_vpf_08_abusive_words_alone_make_no_scene_unsafe(milder: dict[str, Any]) -> None:
    assert codes(sample_notice(**milder)) == ["UNK"]


def test_the_flag_is_on_the_door_as_bars_asks_with_its_reason_in_words() -> None:
    bundle = rendered(sample_notice())
    (flag,) = of(bundle, "Flag")
    place = at(bundle, flag)

    assert flag["category"] == [
        {"coding": [{"system": "https://fhir.nhs.uk/CodeSystem/flag-categories-bars", "code": "SS", "display": "Scene Safety"}]}
    ]
    assert flag["code"]["coding"][0]["system"] == "https://fhir.nhs.uk/CodeSystem/scene-safety-codes-bars"
    assert flag["code"]["text"] == sample_notice().flag
    assert place["resourceType"] == "Location"
    assert place["address"]["postalCode"] == "ZZ99 9ZZ"
    assert place["extension"][0]["extension"] == [{"url": "UPRN", "valueString": "100012345678"}]


def test_no_message_asks_for_an_ambulance() -> None:
    for notice in every_notice():
        bundle = rendered(notice)
        assert not of(bundle, "ServiceRequest")
        assert bundle["entry"][0]["resource"]["eventCoding"]["system"] == "urn:alertbus:message-event"


def test_each_door_has_a_flag_and_the_same_door_has_one() -> None:
    twice = sample_notice(children=(CHILD, CHILD.model_copy(update={"ref": "second"})), people=(HIM,))
    bundle = rendered(twice)

    assert [at(bundle, flag)["address"]["postalCode"] for flag in of(bundle, "Flag")] == ["ZZ99 9ZZ", "ZZ99 1AA"]


@pytest.mark.parametrize("kind", ["prisoner_release", "unlawfully_at_large"])
def test_those_at_home_are_warned_of_and_not_the_door_of_whoever_is_at_liberty(kind: str) -> None:
    bundle = rendered(sample_notice(kind=kind, children=(CHILD,), people=(HIM,)))

    assert [at(bundle, flag)["address"]["postalCode"] for flag in of(bundle, "Flag")] == ["ZZ99 9ZZ"]


def test_without_an_address_there_is_no_flag_and_the_words_are_told() -> None:
    notice = minimal_notice(flag="Do not visit alone")

    assert of(rendered(notice), "Flag") == []
    assert said(notice)[0] == "Do not visit alone"


@pytest.mark.parametrize(
    ("deed", "status"),
    [(Deed.WITHDRAW, "inactive"), (Deed.NO_LONGER_YOURS, "inactive"), (Deed.CORRECT, "entered-in-error")],
)
def test_an_end_meets_the_flag_and_every_door_of_its_matter(deed: Deed, status: str) -> None:
    (set_,), (ended,) = of(rendered(sample_notice()), "Flag"), of(rendered(ended_notice(deed)), "Flag")
    (moved_away,) = of(rendered(ended_notice(deed, children=(), people=())), "Flag")

    assert set_["identifier"] == ended["identifier"]
    assert set_["identifier"][1] == moved_away["identifier"][1]
    assert (ended["status"], moved_away["status"], ended["period"]["end"]) == (status, status, "2020-12-01")
    assert rendered(ended_notice(deed))["entry"][0]["resource"]["reason"]["coding"][0]["code"] == "delete"


def test_pri_05_a_recall_ends_the_flag_of_the_release_and_a_release_that_stands_keeps_it() -> None:
    release = sample_notice(obligation=sample_obligation(alert_id="a-1", kind="prisoner_release"))
    recall = sample_notice(
        obligation=sample_obligation(alert_id="a-2", kind="prisoner_recall"), recorded_at=datetime(2021, 2, 18, tzinfo=UTC)
    )
    (set_,), (ended,) = of(rendered(release), "Flag"), of(rendered(recall), "Flag")
    (stays,) = of(rendered(ended_notice(Deed.WITHDRAW, kind="prisoner_recall", another_stands=True)), "Flag")

    assert (set_["identifier"], ended["status"], stays["status"]) == (ended["identifier"], "inactive", "active")


@pytest.mark.parametrize("review_on", [None, date(2021, 5, 18)])
def test_not_23_no_date_ends_a_warning_about_staff_safety(review_on: date | None) -> None:
    (warning,) = of(rendered(sample_notice(review_on=review_on)), "Flag")
    (release,) = of(rendered(sample_notice(kind="prisoner_release", review_on=review_on)), "Flag")

    assert warning["period"] == {"start": "2020-11-18"}
    assert release["period"].get("end") == (review_on.isoformat() if review_on else None)


def test_a_replay_is_the_same_message_and_an_amendment_meets_the_same_flag() -> None:
    assert adapter.render(sample_notice()) == adapter.render(sample_notice())
    first, amended = sample_notice(), sample_notice(id="another", deed=Deed.AMEND)
    assert of(rendered(first), "Flag")[0]["identifier"] == of(rendered(amended), "Flag")[0]["identifier"]
    assert rendered(amended)["entry"][0]["resource"]["reason"]["coding"][0]["code"] == "update"


def test_a_child_is_a_number_to_look_up_and_nothing_else() -> None:
    (patient,) = of(rendered(sample_notice()), "Patient")
    sent = json.dumps(rendered(sample_notice()))

    assert patient["identifier"][0]["value"] == NHS_NUMBERS[0]
    assert patient.keys() == {"resourceType", "identifier"}
    assert not [
        one for one in ("Wrenna", "Quillfeather", "Zeb", "2019-05-17", "1990-01-31", NHS_NUMBERS[1], "I'll find you") if one in sent
    ]
    assert set(CANARIES) >= {"Wrenna", "Quillfeather", "Zeb"}


def test_a_child_who_has_died_is_deceased_and_the_day_is_not_told() -> None:
    child = NoticePerson(ref="c", child=True, name=Name(given="Wrenna"), died=date(2021, 11, 14))

    assert of(rendered(sample_notice(children=(child,))), "Patient")[0]["deceasedBoolean"] is True
    assert "2021-11-14" not in json.dumps(rendered(sample_notice(children=(child,))))


def test_the_flag_is_read_first_then_what_it_is_why_and_what_to_do() -> None:
    assert said(sample_notice())[:2] == ["Do not visit alone", "Threat to staff"]
    assert "Whom to call: Duty team, 01632 960123" in said(sample_notice())
    assert said(sample_notice(exercise="winter"))[:2] == [
        "EXERCISE winter. Do not visit alone",
        "EXERCISE winter. This is a rehearsal: no real family is meant.",
    ]
    assert any(line.startswith("DO NOT REVEAL THE SOURCE") for line in said(sample_notice(do_not_reveal_source=True)))
    assert not any("14:05" in line for line in said(sample_notice(do_not_reveal_source=True)))


@pytest.mark.parametrize(("sure", "words"), [({"confirmed": True}, "confirmed"), ({}, "confirmed: not stated")])
def test_pri_04_a_release_says_how_sure_it_is(sure: dict[str, bool], words: str) -> None:
    details = {"release": {"date": "2021-03-12"} | sure}

    assert f"Release date: 2021-03-12 ({words})" in said(sample_notice(kind="prisoner_release", details=details))


def test_ods_codes_come_from_one_variable(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(os.environ, "AMBULANCE_PLUGIN", '{"ods": {"ambulance": "RX8"}}')
    (registered,) = alertbus_adapters()
    sent = json.loads(registered.render(sample_notice(agency="ambulance")).body)

    assert {"system": "https://fhir.nhs.uk/Id/ods-organization-code", "value": "RX8"} in of(sent, "Organization")[1]["identifier"]
    monkeypatch.setitem(os.environ, "AMBULANCE_PLUGIN", '{"ods": {"ambulance": "rx8"}}')
    with pytest.raises(WrongPluginSetting, match=r"AMBULANCE_PLUGIN.ods: expected an ODS code"):
        alertbus_adapters()
