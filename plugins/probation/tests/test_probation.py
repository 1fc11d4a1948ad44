"""What probation and prison receive: an event in the shape of their own, about the adult, and nothing by which a child is found."""

import json
from datetime import date
from pathlib import Path
from typing import Any, ClassVar

import pytest
from alertbus_probation import ProbationAdapter
from alertbus_probation.adapter import FLAG_HELD_BACK, WORDS_HELD_BACK
from alertbus_probation.fence import HELD_BACK
from alertbus_probation.schema import event_schema
from hypothesis import given
from hypothesis import strategies as st
from jsonschema import Draft202012Validator

from alertbus.plugin import (
    Address,
    Deed,
    Excerpt,
    Identifier,
    IdentifierSystem,
    Intent,
    Name,
    Notice,
    NoticePerson,
    ReceiptGiven,
    SaidBy,
    Stage,
    UnreadableMessage,
)
from alertbus.plugin.schema import text_of
from alertbus.plugin.testing import CANARIES, AdapterConformance, ended_notice, every_notice, minimal_notice, sample_briefing, sample_notice

SCHEMAS = Path(__file__).parents[3] / "schemas"
VALIDATOR = Draft202012Validator(event_schema(), format_checker=Draft202012Validator.FORMAT_CHECKER)
HOME = Address(uprn="77", lines=("7 Thistlebank",), postcode="ZZ99 9ZZ")
NUMBERS = (
    Identifier(system=IdentifierSystem.CRN, value="X123456"),
    Identifier(system=IdentifierSystem.PRISON_NUMBER, value="A1234BC"),
    Identifier(system=IdentifierSystem.PNC, value="2012/0052494Q"),
    Identifier(system=IdentifierSystem.NHS_NUMBER, value="9902969631"),
)


class TestConformance(AdapterConformance):
    adapter = ProbationAdapter()
    receipts: ClassVar[list[bytes]] = [
        b'{"notice": "n-1", "stage": "accepted"}',
        b'{"notice": "n-1", "stage": "acknowledged", "by": "A. Practitioner", "intent": "acting"}',
        b'{"notice": "n-1", "stage": "refused", "note": "E12"}',
    ]


def event(notice: Notice) -> dict[str, Any]:
    page: dict[str, Any] = json.loads(ProbationAdapter().render(notice).body)
    assert [f"{list(e.path)}: {e.message}" for e in VALIDATOR.iter_errors(page)] == []
    return page


def told(**overrides: Any) -> dict[str, Any]:
    information: dict[str, Any] = event(sample_notice(**overrides))["additionalInformation"]
    return information


def test_every_kind_and_deed_validates() -> None:
    for notice in [*every_notice(), *(minimal_notice(deed=deed) for deed in Deed), sample_briefing()]:
        event(notice)


def test_the_schema_on_disk_is_current() -> None:
    Draft202012Validator.check_schema(event_schema())

    on_disk = (SCHEMAS / "probation-event.v1.json").read_text(encoding="utf-8")
    assert on_disk == text_of(event_schema()), "regenerate it: python -m alertbus_probation > schemas/probation-event.v1.json"


def test_it_names_the_person_as_hmpps_events_do() -> None:
    man = NoticePerson(ref="m", role="subject", name=Name(given="Zeb", family="Quillfeather"), identifiers=NUMBERS)
    other = NoticePerson(ref="o", role="victim", identifiers=(Identifier(system=IdentifierSystem.CRN, value="X765432"),))
    page = event(sample_notice(kind="prisoner_release", people=(man, other)))

    assert page["eventType"] == "safeguarding-alert.prisoner-release.deliver"
    assert page["personReference"]["identifiers"] == [
        {"type": "CRN", "value": "X123456"},
        {"type": "NOMS", "value": "A1234BC"},
        {"type": "PNC", "value": "2012/0052494Q"},
    ]


def test_the_flag_is_the_first_field_and_the_marks_come_before_the_event() -> None:
    page = event(sample_notice(exercise="winter", do_not_reveal_source=True))

    assert list(page)[:4] == ["flag", "exercise", "doNotRevealSource", "eventType"]
    assert page["description"] == "EXERCISE winter. Threat to staff"


def test_not_02_of_the_children_it_says_how_many_and_nothing_else() -> None:
    text = ProbationAdapter().render(sample_notice()).body.decode()

    assert told()["children"] == 1
    assert [canary for canary in CANARIES if canary in text and canary not in ("Zeb", "Quillfeather")] == []


def test_ano_03_an_address_is_that_adults_own_or_none() -> None:
    theirs = NoticePerson(ref="m", role="subject", identifiers=NUMBERS[:1], addresses=(HOME,))
    mother = NoticePerson(ref="w", role="victim", identifiers=(NUMBERS[3],), addresses=(Address(uprn="88"),))
    people = told(people=(theirs, mother))["people"]

    assert people[0]["addresses"] == [{"uprn": "77", "lines": ["7 Thistlebank"], "postcode": "ZZ99 9ZZ"}]
    assert "addresses" not in people[1]
    assert people[1]["identifiers"] == []


@pytest.mark.parametrize(
    "words", ["Wrenna was there", "see WRENNA", "born 2019-05-17", "NHS 9988462441", "Wrenna Quillfeather-Moss's home"]
)
def test_ano_02_a_text_that_names_a_child_gives_way_whole(words: str) -> None:
    given_ = sample_notice(
        flag=words, title=words, because=words, summary=words, action=words, contact=words, narrative=(Excerpt.of(words),)
    )
    page = event(given_)

    assert words not in json.dumps(page)
    assert page["flag"] == FLAG_HELD_BACK
    assert page["description"] == page["additionalInformation"]["summary"] == HELD_BACK
    assert "contact" not in page["additionalInformation"]
    assert page["additionalInformation"]["narrativeHeldBack"] == WORDS_HELD_BACK


def test_a_family_name_that_the_adult_has_too_names_no_child() -> None:
    child = NoticePerson(ref="c", child=True, name=Name(given="Wrenna", family="Quillfeather"))

    assert told(children=(child,), summary="Zeb Quillfeather was arrested.")["summary"] == "Zeb Quillfeather was arrested."


def test_voi_01_what_was_said_is_whole_or_all_of_it_stays_away() -> None:
    said = (Excerpt.of("I will find you.", SaidBy.PARENT), Excerpt.of("He hit Wrenna.", SaidBy.PARENT))
    mild = (said[0], Excerpt.of("Daddy hurt me.", SaidBy.CHILD))

    assert "narrative" not in told(narrative=said)
    assert [piece["text"] for piece in told(narrative=mild)["narrative"]] == ["I will find you."]
    assert "Daddy" not in json.dumps(told(narrative=mild))


@given(st.text(st.characters(codec="utf-8"), min_size=1))
def test_excerpts_are_carried_exactly_or_not_at_all(text: str) -> None:
    excerpt = Excerpt.of(text, SaidBy.PROFESSIONAL, observed_first_hand=True)
    narrative = told(narrative=(excerpt,), children=()).get("narrative")

    assert narrative == [{"text": text, "sha256": excerpt.sha256, "said_by": "professional", "observed_first_hand": True}]


def test_pri_03_a_question_and_its_answer_are_read_as_what_they_are() -> None:
    asked = {"request": {"what": "Where will the person live?", "to": "probation", "due": "2021-03-01", "state": "answered"}}

    assert told(kind="meeting", details=asked)["asked"] == [
        "Request: Where will the person live?",
        "Request to: probation",
        "Request due: 2021-03-01",
        "Request is: answered",
    ]


def test_plans_incidents_and_what_nobody_classified_are_not_shown() -> None:
    hidden = {"meeting": {"type": "strategy"}, "incident": {"home_conditions": "CANARY"}, "made_up_by_somebody": {"x": "CANARY"}}
    text = json.dumps(event(sample_notice(details=hidden, case_status="CANARY")))

    assert "CANARY" not in text
    assert "strategy" not in text


@pytest.mark.parametrize(("sure", "shown"), [({"confirmed": True}, True), ({"confirmed": False}, False), ({}, "not_stated")])
def test_pri_04_a_release_says_how_sure_it_is(sure: dict[str, Any], shown: object) -> None:
    details = {
        "release": {"date": date(2021, 3, 12), "conditions": ("No contact with Wrenna", "A curfew"), "restraining_order": True, **sure}
    }

    assert told(kind="prisoner_release", details=details)["release"] == {
        "date": "2021-03-12",
        "conditions": [HELD_BACK, "A curfew"],
        "restrainingOrder": True,
        "confirmed": shown,
    }


@pytest.mark.parametrize("deed", [deed for deed in Deed if deed.ends])
def test_what_is_over_is_told_apart_and_since_when(deed: Deed) -> None:
    page = event(ended_notice(deed))

    assert page["eventType"].endswith("." + deed.value.replace("_", "-"))
    assert page["additionalInformation"]["endedAt"] == "2020-12-01T09:00:00+00:00"
    assert ("taken this back" in page["additionalInformation"]["state"]) is (deed is Deed.WITHDRAW)


def test_a_system_answers_by_name() -> None:
    answer = b'{"notice": "n-1", "stage": "acknowledged", "by": "A. Practitioner", "intent": "not_ours", "note": "Supervised elsewhere"}'
    given_ = ReceiptGiven("n-1", Stage.ACKNOWLEDGED, by="A. Practitioner", intent=Intent.NOT_OURS, note="Supervised elsewhere")

    assert ProbationAdapter().parse_receipt(answer) == given_
    with pytest.raises(UnreadableMessage):
        ProbationAdapter().parse_receipt(b'{"notice": "n-1", "stage": "acknowledged"}')
