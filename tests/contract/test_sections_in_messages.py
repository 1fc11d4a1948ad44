"""What was stated in fields is said in every agency's own message, as far as its notice holds it: nothing is lost in translation."""

import json
from typing import Any

import pytest
from alertbus_ambulance import AmbulanceAdapter
from alertbus_education import EducationAdapter
from alertbus_health import HealthAdapter
from alertbus_housing import HousingAdapter
from alertbus_police import PoliceAdapter
from alertbus_police.schema import ppn_schema
from alertbus_probation import ProbationAdapter
from alertbus_social_care import SocialCareAdapter
from alertbus_social_care.schema import social_care_schema
from jsonschema import Draft202012Validator

from alertbus.model.details import SINCE_THEN
from alertbus.plugin import Adapter, Name, Notice
from alertbus.plugin.fidelity import strings_of
from alertbus.plugin.plain import Plain
from alertbus.plugin.sections import section_lines
from alertbus.plugin.testing import sample_notice

CHILD, ADULT = (person.ref for person in (*sample_notice().children, *sample_notice().people))
DETAILS: dict[str, Any] = {
    "meeting": {"type": "core_group", "state": "held", "s47": False, "attended": [ADULT]},
    "conference": {
        "type": "initial",
        "outcome": "child_in_need",
        "unanimous": False,
        "dissent": ["gp"],
        "conditions": ["Two visits a week."],
    },
    "contact": {
        "mode": "telephone",
        "with": [ADULT],
        "seen": [CHILD],
        "seen_alone": [],
        "not_seen": [CHILD],
        "place": "at her aunt's",
        "refused": "upstairs",
    },
    "instruction": {"what": "See both children.", "within_hours": 24, "to": "social_worker", "by": "A. Manager"},
    "action": {"what": "Refer to a programme.", "owner": "health_visiting", "due": "2021-03-04", "state": "agreed"},
    "request": {"what": "His history?", "to": "probation", "due": "2021-03-05", "state": "asked"},
    "question": {"what": "Is she pregnant?", "state": "closed", "reason": "A scan."},
    "consent": {"plan": "child_in_need", "state": "withdrawn", "by": ADULT},
    "handover": {"role": "health_visitor", "from": "HV1", "to": "HV2", "pack": False, "interim": True},
    "denial": {"of": ["drug use"], "by": ADULT},
    "status_change": {"to": "closed", "reason": "Moved away.", "basis": "Section 17.", "effective": "2021-04-01"},
    "school_change": {"from": "8012000", "to": "8201234", "in_care": True, "care_authority": "801"},
}


def notice(**changed: Any) -> Notice:
    return sample_notice(details=DETAILS, flag=None, **changed)


def said(adapter: Adapter, of: Notice) -> str:
    return "\n".join(strings_of(adapter.render(of)))


def test_every_section_is_here() -> None:
    assert set(DETAILS) == SINCE_THEN


def test_a_line_is_made_of_everything_that_was_stated() -> None:
    lines = "\n".join(section_lines(notice()))

    for text in (
        "core group, held",
        "Section 47 enquiry decided: no",
        "Two visits a week.",
        "Dissent: gp",
        "See both children.",
        "24 hours",
    ):
        assert text in lines
    for text in ("at her aunt's", "upstairs", "2021-03-04", "2021-03-05", "A scan.", "Handover pack: no", "Section 17.", "2021-04-01"):
        assert text in lines
    assert "Contact: telephone call, which is no visit" in lines
    assert "Consent: withdrawn, by putative father, to the plan: child in need" in lines
    assert "Zeb" not in lines


def test_a_clinician_reads_every_line() -> None:
    text = said(HealthAdapter(), notice())

    assert [line for line in section_lines(notice()) if line not in text] == []


def test_a_social_worker_reads_every_line_and_who_is_meant() -> None:
    named = notice().people[0].model_copy(update={"name": Name(given="Zeb", family="Quillfeather")})
    lines = json.loads(SocialCareAdapter().render(notice().model_copy(update={"people": (named, *notice().people[1:])})).body)["stated"]

    assert len(lines) == len(section_lines(notice()))
    assert "Consent: withdrawn, by Zeb Quillfeather, to the plan: child in need" in lines


@pytest.mark.parametrize(
    ("adapter", "sections"),
    [
        (PoliceAdapter(), {"conference", "handover", "question", "denial", "request"}),
        (EducationAdapter(), {"conference", "handover", "request"}),
        (ProbationAdapter(), {"handover", "request"}),
    ],
)
def test_sta_05_sta_06_police_and_schools_read_what_a_conference_decided_and_no_plan(adapter: Adapter, sections: set[str]) -> None:
    text = said(adapter, notice())

    assert [line for line in section_lines(notice(), only=sections) if line not in text] == []
    assert [line for line in section_lines(notice(), only=SINCE_THEN - sections) if line in text] == []


def test_a_landlord_reads_none_of_it() -> None:
    text = said(HousingAdapter(), notice())

    assert [line for line in section_lines(notice()) if line in text] == []


def test_a_crew_reads_who_answers_now_and_none_of_the_rest() -> None:
    text = said(AmbulanceAdapter(), notice())

    assert [line for line in section_lines(notice(), only={"handover"}) if line not in text] == []
    assert [line for line in section_lines(notice(), only=SINCE_THEN - {"handover"}) if line in text] == []


def test_the_plain_form_has_every_section_as_it_is() -> None:
    assert json.loads(Plain().render(notice()).body)["details"] == DETAILS


def test_what_police_are_sent_is_what_their_schema_says() -> None:
    Draft202012Validator(ppn_schema()).validate(json.loads(PoliceAdapter().render(notice()).body))


def test_what_social_care_is_sent_is_what_its_schema_says() -> None:
    Draft202012Validator(social_care_schema()).validate(json.loads(SocialCareAdapter().render(notice()).body))


def test_a_school_reads_no_line_that_would_say_who_an_adult_is() -> None:
    named = notice().people[0].model_copy(update={"name": Name(given="Zeb", family="Quillfeather")})
    conference = {**DETAILS["conference"], "conditions": ["Zeb Quillfeather stays away."]}

    text = said(EducationAdapter(), notice().model_copy(update={"people": (named,), "details": {"conference": conference}}))

    assert "Zeb" not in text
    assert "Outcome: child in need" in text


def test_what_waits_for_a_decision_is_not_called_unstated() -> None:
    held = notice().model_copy(update={"details": {"action": {"state": "agreed"}}, "withheld": ("words_held",)})

    assert not any("owned by" in line for line in section_lines(held))
