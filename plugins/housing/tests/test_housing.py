"""The cautionary alert: Hackney's limits, the one sentence, the two routes, and how little it says."""

import json
import re
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import pytest
from alertbus_housing import Caution, Code, HousingAdapter
from alertbus_housing.schema import alert_schema
from hypothesis import given
from hypothesis import strategies as st
from jsonschema import Draft202012Validator

from alertbus.plugin import Address, Deed, Name, Notice, NoticePerson
from alertbus.plugin.schema import text_of
from alertbus.plugin.testing import AdapterConformance, ended_notice, every_notice, minimal_notice, sample_notice, sample_obligation

SCHEMAS = Path(__file__).parents[3] / "schemas"
VALIDATOR = Draft202012Validator(alert_schema(), format_checker=Draft202012Validator.FORMAT_CHECKER)
REF = "7BPSG6CN"


class TestConformance(AdapterConformance):
    adapter = HousingAdapter()


def rendered(notice: Notice, adapter: HousingAdapter | None = None) -> dict[str, Any]:
    body: dict[str, Any] = json.loads((adapter or HousingAdapter()).render(notice).body)
    assert [f"{list(e.path)}: {e.message}" for e in VALIDATOR.iter_errors(body)] == []
    return body


def sentence(**overrides: Any) -> str:
    fields: dict[str, Any] = {
        "sector": "housing",
        "children": (),
        "people": (),
        "contact": None,
        "flag": None,
        "details": {},
    }
    said: str = rendered(sample_notice(**{**fields, **overrides}))["incidentDescription"]
    return said


def test_every_kind_and_deed_validates() -> None:
    for notice in [*every_notice(), *(minimal_notice(deed=deed) for deed in Deed)]:
        rendered(notice)


def test_the_schema_on_disk_is_current() -> None:
    Draft202012Validator.check_schema(alert_schema())

    on_disk = (SCHEMAS / "housing-cautionary-alert.v1.json").read_text(encoding="utf-8")
    assert on_disk == text_of(alert_schema()), "regenerate it: python -m alertbus_housing > schemas/housing-cautionary-alert.v1.json"


def test_a_threat_is_a_cautionary_alert_on_the_door() -> None:
    assert rendered(sample_notice(flag=None, contact=None)) == {
        "incidentDescription": f"Staff safety: do not visit alone. Grade: threat. Call duty team ref {REF}.",
        "incidentDate": "2020-11-18T14:05:00Z",
        "assureReference": REF,
        "alert": {"code": "CV", "description": "No Lone Visits"},
        "assetDetails": {"uprn": "100012345678", "fullAddress": "7 Thistlebank, ZZ99 9ZZ"},
        "personDetails": {"id": "d5574b30-4a24-50e4-af85-446abb407636", "name": "Not named: call the duty team"},
    }


@pytest.mark.parametrize(
    ("fields", "said"),
    [
        ({}, "Staff safety: do not visit alone. Call duty team ref"),
        ({"flag": "Dog loose; two to visit"}, "Dog loose; two to visit. Call duty team ref"),
        ({"flag": "Visit jointly!", "kind": "meeting"}, "Visit jointly! Call duty team ref"),
        ({"flag": "He carries a knife"}, "Staff safety: do not visit alone. Call duty team ref"),
        ({"flag": "x" * 99}, "Staff safety: do not visit alone. Call duty team ref"),
        ({"flag": "<b>Two</b> to visit"}, "Staff safety: do not visit alone. Call duty team ref"),
        ({"flag": "Conviction for arson", "kind": "ppn"}, "Staff safety: do not visit alone. Call duty team ref"),
        (
            {"kind": "prisoner_release", "details": {"release": {"date": date(2021, 3, 12), "confirmed": True}}},
            "Household may be at risk from 2021-03-12. Call",
        ),
        ({"kind": "prisoner_release"}, "Household may be at risk from a day not known, confirmed: not stated. Call"),
        ({"kind": "domestic_abuse_incident"}, "Before contact: Call duty team ref"),
        ({"exercise": "winter"}, "EXERCISE. Staff safety: do not visit alone. Call duty team ref"),
        ({"contact": "EDT 01632 960123"}, "Staff safety: do not visit alone. Call EDT 01632 960123 ref"),
        ({"contact": "c" * 90}, "Staff safety: do not visit alone. Call duty team ref"),
        ({"contact": "a <b>team</b>"}, "Staff safety: do not visit alone. Call duty team ref"),
    ],
)
def test_the_whole_text_is_one_safe_sentence(fields: dict[str, Any], said: str) -> None:
    text = sentence(**fields)

    assert text.startswith(said)
    assert text.endswith(f" ref {REF}.")
    assert len(text) <= 100


def test_the_hidden_source_is_marked_and_the_minute_left_out() -> None:
    notice = sample_notice(flag=None, contact=None, do_not_reveal_source=True)

    assert rendered(notice)["incidentDescription"].endswith(f"ref {REF}. Do not reveal source.")
    assert rendered(notice)["incidentDate"] == "2020-11-18T00:00:00Z"
    assert HousingAdapter().render(notice).headers["x-alertbus-handling"] == "do-not-reveal-source"


@given(
    flag=st.none() | st.text(st.characters(codec="utf-8")),
    contact=st.none() | st.text(st.characters(codec="utf-8")),
    exercise=st.none() | st.just("winter"),
    hidden=st.booleans(),
    kind=st.sampled_from(["threat_to_staff", "prisoner_release", "other"]),
)
def test_it_never_exceeds_hundred_characters_nor_holds_markup(
    flag: str | None, contact: str | None, exercise: str | None, hidden: bool, kind: str
) -> None:
    text = sentence(flag=flag, contact=contact, exercise=exercise, do_not_reveal_source=hidden, kind=kind)

    assert len(text) <= 100
    assert not set(text) & set("<>\n")
    assert re.search(rf" ref {REF}\.", text)


@pytest.mark.parametrize("deed", [deed for deed in Deed if deed.ends])
def test_whatever_ends_it_is_the_call_that_ends_the_same_alert_on_its_day(deed: Deed) -> None:
    raised = HousingAdapter().render(sample_notice())
    ended = HousingAdapter().render(ended_notice(deed, id="another", ended_at=datetime(2020, 12, 1, 9, tzinfo=UTC)))

    assert json.loads(ended.body) == {"endDate": "2020-12-01T09:00:00Z"}
    assert ended.headers["x-alertbus-route"] == "PATCH api/v1/cautionary-alerts/alerts/{alertId}/end-alert"
    assert raised.headers["x-alertbus-route"] == "POST api/v1/cautionary-alerts"
    assert ended.headers["x-alertbus-assure-reference"] == json.loads(raised.body)["assureReference"]
    assert (ended.filename, ended.headers["x-alertbus-deed"]) == ("another.json", deed.value)


def test_pri_05_a_recall_ends_the_caution_of_the_release_and_of_nothing_else() -> None:
    release, recall = (sample_obligation(id=f"o-{kind}", alert_id=f"a-{kind}", kind=f"prisoner_{kind}") for kind in ("release", "recall"))
    ended = HousingAdapter().render(sample_notice(obligation=recall, recorded_at=datetime(2021, 2, 18, 9, tzinfo=UTC)))

    assert json.loads(ended.body) == {"endDate": "2021-02-18T09:00:00Z"}
    assert ended.headers["x-alertbus-assure-reference"] == rendered(sample_notice(obligation=release))["assureReference"]
    for other in (
        sample_notice(obligation=release.model_copy(update={"case_id": "case-2"})),
        sample_notice(obligation=release, people=(NoticePerson(ref="x", role="subject"),)),
        sample_notice(obligation=release.model_copy(update={"kind": "ppn"})),
    ):
        assert rendered(other)["assureReference"] != ended.headers["x-alertbus-assure-reference"]


@pytest.mark.parametrize("kind", ["prisoner_release", "prisoner_recall"])
def test_the_caution_stays_while_a_release_of_the_same_person_stands(kind: str) -> None:
    stays = HousingAdapter().render(
        ended_notice(kind=kind, another_stands=True, details={"release": {"date": "2021-03-12", "confirmed": True}})
    )
    ends = HousingAdapter().render(ended_notice(kind=kind))

    assert json.loads(stays.body)["incidentDescription"].startswith("Household may be at risk from 2021-03-12.")
    assert [m.headers["x-alertbus-route"].partition(" ")[0] for m in (stays, ends)] == ["POST", "PATCH"]


def test_an_incident_is_never_in_the_future_of_its_record() -> None:
    announced = sample_notice(kind="prisoner_release", occurred_at=datetime(2021, 3, 12, tzinfo=UTC))

    assert rendered(announced)["incidentDate"] == "2020-11-18T15:00:00Z"


@pytest.mark.parametrize(
    ("addresses", "asset"),
    [
        ((), None),
        ((Address(lines=("1 A Street",)), Address(uprn="77")), {"uprn": "77"}),
        ((Address(lines=("1 A Street", " "), postcode="ZZ99 9ZZ"),), {"fullAddress": "1 A Street, ZZ99 9ZZ"}),
        ((Address(lines=("a" * 300,), postcode="ZZ99 9ZZ"),), {"fullAddress": "ZZ99 9ZZ"}),
        ((Address(lines=("a" * 300,)),), None),
    ],
    ids=["no address", "a UPRN first", "lines and postcode", "too long: the postcode alone", "too long: nothing"],
)
def test_the_door_is_whole_or_absent(addresses: tuple[Address, ...], asset: dict[str, str] | None) -> None:
    child = NoticePerson(ref="c", child=True, addresses=addresses)

    assert rendered(sample_notice(children=(child,))).get("assetDetails") == asset


@pytest.mark.parametrize("kind", ["prisoner_release", "unlawfully_at_large"])
def test_a_household_at_risk_is_never_the_address_of_whoever_is_at_liberty(kind: str) -> None:
    released = NoticePerson(ref="x", role="subject", addresses=(Address(uprn="99"),))

    assert "assetDetails" not in rendered(sample_notice(kind=kind, children=(), people=(released,)))
    assert rendered(sample_notice(children=(), people=(released,)))["assetDetails"] == {"uprn": "99"}


@pytest.mark.parametrize("exercise", [None, "winter"])
@pytest.mark.parametrize(("flag", "visit"), [("Two to visit", "Two to visit."), ("VIOLENT PERSON FLAG", "Do not visit alone.")])
@pytest.mark.parametrize(("date", "day"), [({"date": "2021-03-12"}, "2021-03-12"), ({}, "a day not known")])
def test_a_release_under_a_standing_flag_says_both(date: dict[str, Any], day: str, flag: str, visit: str, exercise: str | None) -> None:
    text = sentence(kind="prisoner_release", flag=flag, details={"release": {**date, "confirmed": True}}, exercise=exercise)

    mark = "EXERCISE. " if exercise else ""
    assert text == f"{mark}{visit} Household at risk from {day}. Call duty team ref {REF}."


@pytest.mark.parametrize("exercise", [None, "winter"])
@pytest.mark.parametrize("flag", [None, "Two to visit", "VIOLENT PERSON FLAG"])
@pytest.mark.parametrize("date", [{"date": "2021-03-12"}, {}], ids=["dated", "no day"])
@pytest.mark.parametrize(("sure", "words"), [({"confirmed": False}, "not confirmed"), ({}, "not stated")])
def test_pri_04_a_release_that_nobody_confirmed_is_told_as_such_however_little_room_there_is(
    sure: dict[str, Any], words: str, date: dict[str, Any], flag: str | None, exercise: str | None
) -> None:
    text = sentence(kind="prisoner_release", flag=flag, details={"release": date | sure}, exercise=exercise)

    assert words in text
    assert date.get("date", "day") in text
    assert flag is None or text.removeprefix("EXERCISE. ").startswith(("Two to visit.", "Do not visit alone.", "No lone visits."))


@pytest.mark.parametrize("grade", ["abuse", "intimidation", "threat", "violence"])
@pytest.mark.parametrize("exercise", [None, "winter"])
@pytest.mark.parametrize("flag", [None, "Two to visit", "x" * 90])
def test_vpf_07_each_of_the_four_grades_reaches_the_landlord(grade: str, exercise: str | None, flag: str | None) -> None:
    assert f"Grade: {grade}." in sentence(flag=flag, exercise=exercise, details={"flag": {"grade": grade}})


def test_somebody_at_large_is_told_as_a_danger_now() -> None:
    at_large = {"kind": "unlawfully_at_large", "flag": "UNLAWFULLY AT LARGE: call the police, do not approach"}

    assert sentence(**at_large) == f"Do not visit alone. Household at risk now: in danger call 999. Call duty team ref {REF}."


def test_a_landlord_maps_the_codes_to_its_own() -> None:
    adapter = HousingAdapter(codes={Caution.RELEASE: Code("R1", "Ask the duty team")})

    assert rendered(sample_notice(kind="prisoner_release", flag=None), adapter)["alert"] == {
        "code": "R1",
        "description": "Ask the duty team",
    }
    assert rendered(sample_notice(flag=None), adapter)["alert"]["code"] == "CV"
    with pytest.raises(ValueError, match="1 to 10 characters"):
        Code("ELEVEN CHARS", "")


def test_nobody_is_named_even_where_flag_and_contact_name_them() -> None:
    adult = NoticePerson(ref="x", name=Name(given="Zeb", family="Quillfeather"))
    text = sentence(people=(adult,), flag="Zeb is back, two to visit", contact="Mrs Quillfeather 01632 960123")

    assert text == f"Staff safety: do not visit alone. Call duty team ref {REF}."


def test_headers_carry_the_due_time_and_the_exercise() -> None:
    headers = HousingAdapter().render(sample_notice(exercise="winter")).headers

    assert headers["x-alertbus-due"] == "2020-11-18T16:00:00+00:00"
    assert headers["x-alertbus-exercise"] == "winter"
