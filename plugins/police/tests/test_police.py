"""The police message: POLE arrays, the content whose absence failed Child Bi, and its schema."""

import json
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from alertbus_police import PoliceAdapter
from alertbus_police.required import WORDS
from alertbus_police.schema import ppn_schema
from hypothesis import given
from hypothesis import strategies as st
from jsonschema import Draft202012Validator

from alertbus.plugin import Address, Deed, Excerpt, Identifier, IdentifierSystem, Name, Notice, NoticePerson, SaidBy
from alertbus.plugin.schema import text_of
from alertbus.plugin.testing import SPOKEN, AdapterConformance, ended_notice, every_notice, minimal_notice, sample_notice

SCHEMAS = Path(__file__).parents[3] / "schemas"
VALIDATOR = Draft202012Validator(ppn_schema(), format_checker=Draft202012Validator.FORMAT_CHECKER)


class TestConformance(AdapterConformance):
    adapter = PoliceAdapter()


def rendered(notice: Notice) -> dict[str, Any]:
    ppn: dict[str, Any] = json.loads(PoliceAdapter().render(notice).body)
    assert [f"{list(e.path)}: {e.message}" for e in VALIDATOR.iter_errors(ppn)] == []
    return ppn


def rich_notice(**overrides: Any) -> Notice:
    def somebody(ref: str, **fields: Any) -> NoticePerson:
        return NoticePerson(ref=ref, **fields)

    fields: dict[str, Any] = {
        "sector": "police",
        "children": (somebody("child-1", child=True, relation="child", certainty="confirmed"),),
        "people": (
            somebody(
                "guest",
                role="present",
                name=Name(given="Zeb", family="Quillfeather"),
                born=date(1990, 1, 31),
                identifiers=(Identifier(system=IdentifierSystem.PNC, value="2012/0052494Q"),),
                addresses=(Address(uprn="77", postcode="ZZ99 9ZZ"),),
            ),
            somebody(
                "wanted",
                role="sought",
                relation="father",
                certainty="putative",
                addresses=(Address(uprn="77", postcode="ZZ99 9ZZ"),),
            ),
        ),
        "narrative": (
            Excerpt.of(SPOKEN, SaidBy.PROFESSIONAL, observed_first_hand=True),
            Excerpt.of("I hid under the bed.", SaidBy.CHILD, observed_first_hand=True),
        ),
        "details": {
            "incident": {
                "reference": "NP/20/1",
                "officer": "PC 999",
                "home_conditions": "Food on the floor.",
                "grade": "red",
                "dash": 14,
            },
            "flag": {"precautions": ["Visit in pairs"], "grade": "violence"},
            "release": {
                "date": date(2021, 3, 12),
                "conditions": ("No contact",),
                "restraining_order": True,
                "confirmed": True,
            },
            "made_up_by_somebody": {"x": "CANARY"},
        },
    }
    return sample_notice(kind="ppn", **{**fields, **overrides})


def test_every_kind_and_deed_validates() -> None:
    for notice in [*every_notice(), *(minimal_notice(deed=deed) for deed in Deed), rich_notice()]:
        rendered(notice)


def test_the_schema_on_disk_is_current() -> None:
    Draft202012Validator.check_schema(ppn_schema())

    on_disk = (SCHEMAS / "police-ppn.v1.json").read_text(encoding="utf-8")
    assert on_disk == text_of(ppn_schema()), "regenerate it: python -m alertbus_police > schemas/police-ppn.v1.json"


def test_the_schema_lets_nothing_through_that_it_does_not_name() -> None:
    ppn = rendered(rich_notice())
    ppn["persons"][0]["nhs_number"] = "9988462441"

    assert not VALIDATOR.is_valid(ppn)


def test_the_flag_is_the_first_field() -> None:
    assert next(iter(rendered(sample_notice()).items())) == ("flag", "Do not visit alone")


def test_what_failed_child_bi_is_present() -> None:
    ppn = rendered(rich_notice())

    assert ppn["required"] == {
        "children": ["child-1"],
        "parental_responsibility": "not_stated",
        "adults_present": ["guest"],
        "person_sought": ["wanted"],
        "risk_posed": "violence",
        "child_saw_or_said": [1],
        "home_conditions": "Food on the floor.",
        "officer": "PC 999",
        "force_reference": "NP/20/1",
        "time_children_seen": "not_stated",
        "shared_with": "not_stated",
    }
    assert ppn["to_complete"] == [
        "Ask and record who holds parental responsibility for each child.",
        "Record when each child was seen, or that they were not seen.",
        "Record which agencies were told, by whom and when.",
    ]


def test_ppn_14_when_the_children_were_seen_and_who_was_told_are_answers_once_they_are_stated() -> None:
    stated = {"children_seen_at": "2021-01-02T21:40:00+00:00", "shared_with": ["MASH, 23:10", "the school, 08:15"]}
    ppn = rendered(rich_notice(details={"incident": stated}))

    assert ppn["required"]["time_children_seen"] == "2021-01-02T21:40:00+00:00"
    assert ppn["required"]["shared_with"] == "MASH, 23:10; the school, 08:15"
    assert not [words for words in ppn["to_complete"] if words in {WORDS["time_children_seen"], WORDS["shared_with"]}]


def test_of_a_disclosure_police_are_told_that_it_was_made_and_to_ask_and_nothing_else() -> None:
    (event,) = rendered(rich_notice(details={"incident": {"dvds": "made", "marac": True}}))["events"]

    assert {name: event["details"]["incident"][name] for name in ("dvds", "marac", "dvds_note")} == {
        "dvds": "made",
        "marac": True,
        "dvds_note": "Nothing of the disclosure itself is here, and none of it travels: ask the force that made the report.",
    }


def test_what_is_missing_is_marked_and_put_in_words_an_officer_can_act_on() -> None:
    ppn = rendered(minimal_notice())

    assert set(ppn["required"].values()) == {"not_stated"}
    assert ppn["to_complete"] == list(WORDS.values())


@given(st.text(st.characters(codec="utf-8"), min_size=1))
def test_excerpts_are_carried_exactly(text: str) -> None:
    excerpt = Excerpt.of(text, SaidBy.CHILD, observed_first_hand=False)

    (event,) = rendered(sample_notice(narrative=(excerpt,)))["events"]
    assert event["observations"] == [{"text": text, "sha256": excerpt.sha256, "said_by": "child", "observed_first_hand": False}]


def test_persons_places_and_parts_are_linked_and_putative_stays_with_the_relation() -> None:
    ppn = rendered(rich_notice())
    alert = ppn["events"][0]["id"]

    assert [p["id"] for p in ppn["persons"]] == ["child-1", "guest", "wanted"]
    assert ppn["persons"][1]["identifiers"] == [{"system": "pnc", "value": "2012/0052494Q"}]
    assert ppn["locations"] == [{"id": "location-1", "uprn": "77", "lines": [], "postcode": "ZZ99 9ZZ"}]
    assert ppn["links"] == [
        {"from": "child-1", "to": "case-1", "type": "child", "certainty": "confirmed"},
        {"from": "guest", "to": alert, "type": "present"},
        {"from": "wanted", "to": "case-1", "type": "father", "certainty": "putative"},
        {"from": "wanted", "to": alert, "type": "sought"},
        {"from": "guest", "to": "location-1", "type": "known_address"},
        {"from": "wanted", "to": "location-1", "type": "known_address"},
    ]


def test_details_are_those_police_are_shown_and_no_others() -> None:
    ppn = rendered(rich_notice())

    assert ppn["events"][0]["details"] == {
        "release": {"date": "2021-03-12", "conditions": ["No contact"], "restraining_order": True, "confirmed": True},
        "flag": {"precautions": ["Visit in pairs"], "grade": "violence"},
        "incident": {
            "reference": "NP/20/1",
            "grade": "red",
            "children_present": "not_stated",
            "welfare_check": "not_stated",
            "home_conditions": "Food on the floor.",
            "officer": "PC 999",
            "dash": 14,
        },
    }
    assert "CANARY" not in json.dumps(ppn)


def test_an_exercise_and_a_hidden_source_stand_right_after_the_flag() -> None:
    ppn = rendered(sample_notice(exercise="winter", do_not_reveal_source=True))

    assert list(ppn)[:3] == ["flag", "exercise", "do_not_reveal_source"]
    assert ppn["flag"] == "EXERCISE winter. Do not visit alone"
    assert ppn["notice"]["title"] == "EXERCISE winter. Threat to staff"


@pytest.mark.parametrize(
    ("deed", "word"),
    [
        (Deed.AMEND, "Amended"),
        (Deed.WITHDRAW, "Withdrawn"),
        (Deed.NO_LONGER_YOURS, "No longer yours"),
        (Deed.CORRECT, "Corrected"),
        (Deed.ESCALATE, "Not yet answered"),
    ],
)
def test_the_deed_is_said_in_words(deed: Deed, word: str) -> None:
    assert rendered(sample_notice(deed=deed))["notice"]["state"].startswith(word)


@pytest.mark.parametrize("deed", [deed for deed in Deed if deed.ends])
def test_what_is_over_asks_for_nothing_to_be_completed_and_only_the_sender_withdraws(deed: Deed) -> None:
    ppn = rendered(ended_notice(deed))

    assert (ppn["to_complete"], ppn["notice"]["ended_at"]) == ([], "2020-12-01T09:00:00+00:00")
    assert ("withdrawn" in ppn["notice"]["state"]) is (deed is Deed.WITHDRAW)


def test_reason_contact_and_due_time_are_carried() -> None:
    notice = rendered(sample_notice())["notice"]

    assert notice["because"].startswith("Putative father ->")
    assert (notice["contact"], notice["due"]) == ("Duty team, 01632 960123", "2020-11-18T16:00:00+00:00")


def test_not_11_pri_04_what_nobody_stated_is_not_stated() -> None:
    ppn = rendered(sample_notice(kind="prisoner_release", details={"release": {"date": "2021-03-12"}}, narrative=(Excerpt.of("Words."),)))

    (event,) = ppn["events"]
    assert event["details"]["release"] == {"date": "2021-03-12", "confirmed": "not_stated"}
    assert [(o["said_by"], o["observed_first_hand"]) for o in event["observations"]] == [("not_stated", "not_stated")]


def test_not_26_a_child_who_has_died_is_told_as_such() -> None:
    dead = sample_notice().children[0].model_copy(update={"died": date(2021, 11, 14)})

    assert rendered(sample_notice(children=(dead,)))["persons"][0]["date_of_death"] == "2021-11-14"
