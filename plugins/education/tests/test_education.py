"""What a designated safeguarding lead receives: the minimal profile, the full one, and the fence around both."""

import json
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import pytest
from alertbus_education import EducationAdapter, Profile
from alertbus_education.education_settings import EducationSettings
from alertbus_education.schema import encompass_schema
from hypothesis import given
from hypothesis import strategies as st
from jsonschema import Draft202012Validator

from alertbus.plugin import Address, Deed, Excerpt, Identifier, IdentifierSystem, Name, Notice, NoticePerson, SaidBy
from alertbus.plugin.manager import Plugins, offer
from alertbus.plugin.schema import text_of
from alertbus.plugin.testing import SPOKEN, AdapterConformance, ended_notice, every_notice, minimal_notice, sample_notice

SCHEMAS = Path(__file__).parents[3] / "schemas"
VALIDATOR = Draft202012Validator(encompass_schema(), format_checker=Draft202012Validator.FORMAT_CHECKER)
INCIDENT = {
    "incident": {
        "reference": "NP/20/1",
        "children_present": True,
        "welfare_check": False,
        "home_conditions": "CANARY",
        "dash": 14,
    }
}


class TestMinimal(AdapterConformance):
    adapter = EducationAdapter()


class TestFull(AdapterConformance):
    adapter = EducationAdapter(profile="full")


def rendered(notice: Notice, profile: str = "minimal") -> dict[str, Any]:
    sent: dict[str, Any] = json.loads(EducationAdapter(profile=profile).render(notice).body)
    assert [f"{list(e.path)}: {e.message}" for e in VALIDATOR.iter_errors(sent)] == []
    return sent


def encompass(**overrides: Any) -> Notice:
    fields: dict[str, Any] = {
        "kind": "domestic_abuse_incident",
        "sector": "education",
        "flag": None,
        "people": (),
        "children": tuple(child.model_copy(update={"role": "subject"}) for child in sample_notice().children),
        "details": INCIDENT,
    }
    return sample_notice(**{**fields, **overrides})


@pytest.mark.parametrize("profile", list(Profile))
def test_every_kind_and_deed_validates(profile: Profile) -> None:
    for notice in [*every_notice(), *(minimal_notice(deed=deed) for deed in Deed), encompass()]:
        rendered(notice, profile)


def test_the_schema_on_disk_is_current() -> None:
    Draft202012Validator.check_schema(encompass_schema())

    on_disk = (SCHEMAS / "education-encompass.v1.json").read_text(encoding="utf-8")
    assert on_disk == text_of(encompass_schema()), "regenerate it: python -m alertbus_education > schemas/education-encompass.v1.json"


def test_minimal_says_which_child_when_present_and_checked_and_nothing_else() -> None:
    sent = rendered(encompass())

    assert sent["children"] == [{"first_name": "Wrenna", "surname": "Quillfeather-Moss", "date_of_birth": "2019-05-17", "present": "yes"}]
    assert sent["incident"] == {"date": "2020-11-18", "hour": 14, "children_present": "yes", "welfare_check": "no"}
    assert sent["recipient"] == {"role": "designated_safeguarding_lead", "name": "R. Postholder"}
    assert sent["text"].splitlines() == [
        "Operation Encompass notification",
        "Operation Encompass: there was an incident that concerns a child at your setting.",
        "You receive this because: A child at your setting is linked to what happened.",
        "What to do: Read before any visit.",
        "Whom to call: Duty team, 01632 960123",
        "Answer by: 2020-11-18 16:00 UK time",
        "For the designated safeguarding lead only.",
        "Child: Wrenna Quillfeather-Moss, born 2019-05-17, present: yes",
        "Incident: 2020-11-18, between 14:00 and 14:59",
        "Children present: yes",
        "Welfare check made: no",
    ]
    for what in ("CANARY", "Thistlebank", "ZZ99", "NP/20/1", SPOKEN[:12], "threatened", "narrative"):
        assert what not in json.dumps(sent, ensure_ascii=False)


def test_the_schema_refuses_a_minimal_message_with_more_in_it() -> None:
    sent = rendered(encompass())
    for addition in ({"narrative": []}, {"incident": {**sent["incident"], "time": "14:05"}}):
        assert not VALIDATOR.is_valid({**sent, **addition})


@pytest.mark.parametrize(
    ("role", "stated", "present"),
    [
        pytest.param("subject", True, "yes", id="named, and children were present"),
        pytest.param("subject", False, "no", id="named, and no children were"),
        pytest.param("subject", None, "not_stated", id="named, and nothing was said"),
        pytest.param("present", None, "yes", id="said to be present"),
        pytest.param(None, True, "not_stated", id="a brother whom the alert does not name"),
        pytest.param(None, False, "not_stated", id="a brother, and no children were present"),
    ],
)
def test_voi_10_what_is_said_of_the_incident_is_written_on_no_child_whom_it_does_not_name(
    role: str | None, stated: bool | None, present: str
) -> None:
    child = NoticePerson(ref="c", child=True, role=role, label="Kid")
    details = {"incident": {"children_present": stated}} if stated is not None else {}

    assert [one["present"] for one in rendered(encompass(children=(child,), details=details))["children"]] == [present]


def test_what_nobody_has_said_is_not_a_no() -> None:
    sent = rendered(encompass(details={}, children=(NoticePerson(ref="c", child=True, label="Youngest child"),)))

    assert sent["children"] == [
        {
            "first_name": "not_stated",
            "surname": "not_stated",
            "known_as": "Youngest child",
            "date_of_birth": "not_stated",
            "present": "not_stated",
        }
    ]
    assert "Child: Youngest child, born not stated, present: not stated" in sent["text"]


@pytest.mark.parametrize(
    ("at", "day", "hour"),
    [
        (datetime(2021, 7, 1, 22, 30, tzinfo=UTC), "2021-07-01", 23),
        (datetime(2021, 7, 1, 23, 30, tzinfo=UTC), "2021-07-02", 0),
        (datetime(2021, 1, 1, 23, 30, tzinfo=UTC), "2021-01-01", 23),
    ],
    ids=["summer evening", "summer, past midnight here", "winter evening"],
)
def test_day_and_hour_are_uk_time(at: datetime, day: str, hour: int) -> None:
    incident = rendered(encompass(occurred_at=at))["incident"]

    assert (incident["date"], incident["hour"]) == (day, hour)


def test_full_adds_reference_minute_upn_and_the_excerpts_but_no_address() -> None:
    child = NoticePerson(
        ref="c",
        child=True,
        role="present",
        name=Name(given="Wrenna"),
        born=date(2015, 1, 1),
        identifiers=(Identifier(system=IdentifierSystem.UPN, value="B801200005001"),),
        addresses=(Address(uprn="77", lines=("7 Thistlebank",)),),
    )
    sent = rendered(encompass(children=(child,)), "full")

    assert sent["children"][0] == {
        "first_name": "Wrenna",
        "surname": "not_stated",
        "date_of_birth": "2015-01-01",
        "present": "yes",
        "upn": "B801200005001",
    }
    assert sent["incident"]["time"] == "14:05"
    assert sent["incident"]["police_reference"] == "NP/20/1"
    assert [e["text"] for e in sent["narrative"]] == [SPOKEN]
    assert {name: sent["incident"][name] for name in ("location", "children_where", "voice_of_the_child", "circumstances")} == {
        "location": "ask_police",
        "children_where": "not_stated",
        "voice_of_the_child": "not_stated",
        "circumstances": [0],
    }
    assert "Where it was: ask the police, with their reference" in sent["text"]
    assert "Thistlebank" not in json.dumps(sent)


@given(st.text(st.characters(codec="utf-8"), min_size=1))
def test_excerpts_are_carried_exactly_in_full_and_not_at_all_in_minimal(text: str) -> None:
    excerpt = Excerpt.of(text, SaidBy.CHILD, observed_first_hand=True)
    notice = encompass(narrative=(excerpt,), children=(NoticePerson(ref="c", child=True, role="subject"),))  # no text names anybody

    assert rendered(notice, "full")["narrative"] == [
        {"text": text, "sha256": excerpt.sha256, "said_by": "child", "observed_first_hand": True}
    ]
    assert "narrative" not in rendered(notice)


def test_another_kind_says_call_and_gives_the_policys_summary() -> None:
    sent = rendered(sample_notice())

    assert sent["scheme"] == "safeguarding_notice"
    assert "incident" not in sent
    assert sent["text"].splitlines()[:3] == [
        "Do not visit alone",
        "Safeguarding notice: call Duty team, 01632 960123",
        "A person linked to this family has threatened staff.",
    ]
    assert sent["because"].startswith("Putative father")


@pytest.mark.parametrize("profile", list(Profile))
@pytest.mark.parametrize("kind", ["threat_to_staff", "domestic_abuse_incident"])
@pytest.mark.parametrize("deed", [deed for deed in Deed if deed.ends])
def test_what_is_over_says_why_and_since_when_and_asks_nobody_to_look_out(deed: Deed, kind: str, profile: Profile) -> None:
    sent = rendered(ended_notice(deed, kind=kind), profile)

    assert (sent["ended_on"], sent["summary"]) == ("2020-12-01", "What you were told is over.")
    assert ("withdrawn" in sent["text"]) is (deed is Deed.WITHDRAW)
    assert "Look out" not in sent["text"]
    assert "flag" not in sent


def test_a_release_is_a_safety_plan_update() -> None:
    assert "Safety plan update: call Duty team, 01632 960123" in rendered(sample_notice(kind="prisoner_release"))["text"]


def test_an_exercise_and_a_hidden_source_are_marked_at_the_start() -> None:
    sent = rendered(sample_notice(exercise="winter", do_not_reveal_source=True))

    assert list(sent)[:3] == ["flag", "exercise", "do_not_reveal_source"]
    assert sent["text"].splitlines()[0] == "EXERCISE winter. Do not visit alone"
    assert rendered(sample_notice(flag=None, exercise="winter"))["text"].startswith("EXERCISE winter. This is a rehearsal")


@pytest.mark.parametrize("profile", list(Profile))
@pytest.mark.parametrize("mark", ["Zeb", "QUILLFEATHER", "1990-01-31", "31/01/1990", "zz99 9zz", "7 Thistlebank", "2012/0052494Q"])
def test_a_sentence_that_says_who_gives_way_whole_to_a_fixed_one(mark: str, profile: Profile) -> None:
    adult = NoticePerson(
        ref="x",
        name=Name(given="Zeb", family="Quillfeather"),
        born=date(1990, 1, 31),
        identifiers=(Identifier(system=IdentifierSystem.PNC, value="2012/0052494Q"),),
        addresses=(Address(lines=("7 Thistlebank",), postcode="ZZ99 9ZZ"),),
    )
    words = f"It was {mark} again."
    fields = dict.fromkeys(("flag", "title", "because", "summary", "action", "contact"), words)
    excerpt = Excerpt.of(words, SaidBy.CHILD, observed_first_hand=True)

    sent = rendered(sample_notice(people=(adult,), children=(), narrative=(excerpt,), **fields), profile)

    assert mark not in json.dumps(sent)
    assert sent["flag"] == "Staff safety: do not meet the family alone. Call before you do."
    assert sent["summary"] == "There is a safeguarding notice about a child at your setting."
    assert sent.get("narrative") == ([{"left_out": 1}] if profile is Profile.FULL else None)


@pytest.mark.parametrize("profile", list(Profile))
@pytest.mark.parametrize("deed", list(Deed))
def test_a_flag_that_would_say_who_is_refused_by_no_bus_because_a_fixed_one_stands_for_it(profile: Profile, deed: Deed) -> None:
    adapter = EducationAdapter(profile=profile)
    adult = NoticePerson(ref="x", name=Name(given="Zeb", family="Quillfeather"))
    notice = sample_notice(people=(adult,), children=(), narrative=(), flag="Zeb is back: visit jointly", deed=deed)

    sent = Plugins({"under-test": offer(adapters=[adapter])}).render(notice, adapter)

    assert "Zeb" not in sent.body.decode()
    assert json.loads(sent.body)["text"].splitlines()[0] == "Staff safety: do not meet the family alone. Call before you do."


def test_voi_01_of_a_speaker_whose_words_would_say_who_nothing_is_shown_and_of_the_others_all_is() -> None:
    adapter = EducationAdapter(profile="full")
    adult = NoticePerson(ref="x", name=Name(given="Zeb", family="Quillfeather"))
    names, also = (
        Excerpt.of(words, SaidBy.PROFESSIONAL)
        for words in ("Zeb was shouting at her all night again.", "She came to school tired and hungry.")
    )
    hers = Excerpt.of("I slept in the bath because of the noise.", SaidBy.CHILD)

    sent = Plugins({"under-test": offer(adapters=[adapter])}).render(encompass(people=(adult,), narrative=(names, hers, also)), adapter)

    told = json.loads(sent.body)
    assert [one.get("text") for one in told["narrative"]] == [hers.text, None]
    assert told["narrative"][-1] == {"left_out": 2}
    assert (told["incident"]["voice_of_the_child"], told["incident"]["circumstances"]) == ([0], "not_stated")


def test_a_childs_own_name_does_not_trip_the_fence() -> None:
    assert rendered(sample_notice(summary="Wrenna was late."))["summary"] == "Wrenna was late."


def test_an_unknown_profile_is_refused_at_start_up() -> None:
    with pytest.raises(ValueError, match="not a valid Profile"):
        EducationAdapter(profile="everything")


@pytest.mark.parametrize(
    ("sure", "words"), [({"confirmed": True}, "confirmed"), ({"confirmed": False}, "not confirmed"), ({}, "not stated")]
)
@pytest.mark.parametrize("profile", list(Profile))
def test_pri_04_a_school_is_told_from_which_day_and_how_sure_that_is(sure: dict[str, bool], words: str, profile: Profile) -> None:
    sent = rendered(sample_notice(kind="prisoner_release", details={"release": {"date": "2021-03-12"} | sure}), profile)

    assert sent["release"] == {"date": "2021-03-12", "confirmed": {True: "yes", False: "no", None: "not_stated"}[sure.get("confirmed")]}
    assert [line for line in sent["text"].splitlines() if line.startswith("From: 2021-03-12 (") and line.endswith(f"{words})")]
    assert "release" not in rendered(sample_notice(kind="ppn"), profile)


@pytest.mark.parametrize("grade", ["abuse", "intimidation", "threat", "violence"])
@pytest.mark.parametrize("profile", list(Profile))
def test_vpf_07_each_of_the_four_grades_reaches_the_school(grade: str, profile: Profile) -> None:
    sent = rendered(sample_notice(details={"flag": {"grade": grade}}), profile)

    assert sent["flag_grade"] == grade
    assert f"Grade: {grade}" in sent["text"].splitlines()


def test_not_26_a_child_who_has_died_is_told_as_such() -> None:
    child = NoticePerson(ref="c", child=True, name=Name(given="Wrenna"), born=date(2015, 1, 1), died=date(2021, 11, 14))
    sent = rendered(encompass(children=(child,)))

    assert sent["children"][0]["date_of_death"] == "2021-11-14"
    assert "born 2015-01-01, died 2021-11-14" in sent["text"]


def test_the_full_profile_is_for_the_settings_that_an_operator_names_and_for_no_other() -> None:
    settings = EducationSettings.read({"EDUCATION_PLUGIN": '{"full": ["school.123456"], "schools": {"8012000": "school.123456"}}'})
    adapter = EducationAdapter(full=settings.full)

    profiles = [
        json.loads(adapter.render(encompass(agency=agency)).body)["profile"] for agency in ("school.123456", "school.1234567", "school")
    ]
    assert profiles == ["full", "minimal", "minimal"]
    assert settings.schools == {"8012000": "school.123456"}
    assert EducationSettings.read({}) == EducationSettings()


@pytest.mark.parametrize(
    "given", ["[]", "not JSON", '{"full": "school"}', '{"schools": {"12": "school"}}', '{"schools": {"8012000": "A School"}}', '{"x": 1}']
)
def test_a_wrong_setting_is_named_and_not_repeated(given: str) -> None:
    with pytest.raises(ValueError, match="EDUCATION_PLUGIN") as error:
        EducationSettings.read({"EDUCATION_PLUGIN": given})

    assert "A School" not in str(error.value)
