"""What a social worker reads, what a case system is given to record, and what is left for a person to say."""

import json
import xml.etree.ElementTree as ET
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any, ClassVar

import pytest
from alertbus_social_care import Census, SocialCareAdapter
from alertbus_social_care.schema import social_care_schema
from hypothesis import given
from hypothesis import strategies as st
from jsonschema import Draft202012Validator

from alertbus.plugin import (
    Deed,
    Excerpt,
    Identifier,
    IdentifierSystem,
    Notice,
    NoticePerson,
    ReceiptGiven,
    SaidBy,
    Stage,
    UnreadableMessage,
)
from alertbus.plugin.schema import text_of
from alertbus.plugin.testing import AdapterConformance, ended_notice, every_notice, minimal_notice, sample_briefing, sample_notice

SCHEMAS = Path(__file__).parents[3] / "schemas"
VALIDATOR = Draft202012Validator(social_care_schema(), format_checker=Draft202012Validator.FORMAT_CHECKER)
OURS = Identifier(system=IdentifierSystem.LA_CHILD_ID, value="CSC0000001")
UPN = Identifier(system=IdentifierSystem.UPN, value="B801200005001")


class TestConformance(AdapterConformance):
    adapter = SocialCareAdapter()
    receipts: ClassVar[list[bytes]] = [
        b'{"notice": "n-1", "stage": "accepted"}',
        b'{"notice": "n-1", "stage": "acknowledged", "by": "A. Worker", "intent": "acting"}',
        b'{"notice": "n-1", "stage": "refused", "note": "E12"}',
    ]


class TestConformanceOf2024(TestConformance):
    adapter = SocialCareAdapter(census=Census.OF_2024)


def rendered(notice: Notice, census: Census = Census.SINCE_2025) -> dict[str, Any]:
    page: dict[str, Any] = json.loads(SocialCareAdapter(census=census).render(notice).body)
    assert [f"{list(e.path)}: {e.message}" for e in VALIDATOR.iter_errors(page)] == []
    return page


def child(**fields: Any) -> NoticePerson:
    return NoticePerson(ref="child-1", child=True, **{"born": date(2019, 5, 17), "identifiers": (OURS, UPN), **fields})


def referred(notice: Notice, census: Census = Census.SINCE_2025) -> dict[str, str]:
    """The elements of the referral's only child that hold a text."""
    root = ET.fromstring(rendered(notice, census)["cin"]["message"])
    return {element.tag: element.text for element in root.iter() if element.text and element.text.strip()}


def changed(kind: str, occurred: str = "2026-11-02T10:00:00+00:00", **overrides: Any) -> tuple[dict[str, str], list[str]]:
    cin = rendered(sample_notice(kind=kind, occurred_at=datetime.fromisoformat(occurred), **overrides)).get("cin", {})
    return {c["element"]: c["value"] for c in cin.get("changes", [])}, [c["element"] for c in cin.get("to_complete", [])]


def test_every_kind_and_deed_validates() -> None:
    for notice in [*every_notice(), *(minimal_notice(deed=deed) for deed in Deed), sample_notice(do_not_reveal_source=True)]:
        rendered(notice)


def test_the_schema_on_disk_is_current() -> None:
    Draft202012Validator.check_schema(social_care_schema())

    on_disk = (SCHEMAS / "social-care-cin.v1.json").read_text(encoding="utf-8")
    assert on_disk == text_of(social_care_schema()), "regenerate it: python -m alertbus_social_care > schemas/social-care-cin.v1.json"


def test_the_flag_is_the_first_field_and_the_marks_come_next() -> None:
    page = rendered(sample_notice(exercise="winter", do_not_reveal_source=True))

    assert list(page)[:3] == ["flag", "exercise", "do_not_reveal_source"]
    assert page["flag"] == "EXERCISE winter. Do not visit alone"


def test_a_notice_of_police_is_a_referral_in_the_words_of_the_census() -> None:
    notice = sample_notice(
        kind="ppn", children=(child(),), details={"incident": {"grade": "red"}}, recorded_at=datetime(2026, 11, 2, 23, 30, tzinfo=UTC)
    )

    assert referred(notice) == {
        "LAchildID": "CSC0000001",
        "UPN": "B801200005001",
        "PersonBirthDate": "2019-05-17",
        "Sex": "U",
        "Ethnicity": "NOBT",
        "CINreferralDate": "2026-11-02",
        "ReferralSource": "6",
        "PrimaryNeedCode": "N1",
        "ReferralNFA": "false",
    }


def test_the_census_of_2024_spells_the_sex_otherwise_and_nothing_else() -> None:
    notice = sample_notice(kind="ppn", children=(child(),))
    of_2024, since = referred(notice, Census.OF_2024), referred(notice)

    assert of_2024.pop("GenderCurrent") == "0"
    assert since.pop("Sex") == "U"
    assert of_2024 == since


@pytest.mark.parametrize(
    ("source", "hidden", "code"),
    [
        ("police.test", False, "6"),
        ("school.123456", True, "2A"),
        ("nursery.1", False, "2B"),
        ("gp.Y12345", False, "3A"),
        ("health_visiting", False, "3B"),
        ("school_nursing", False, "3C"),
        ("hospital.x", False, "3F"),
        ("housing.x", False, "4"),
        ("prison.hmpps", False, "7"),
        ("probation.hmpps", False, "7"),
        ("nspcc.helpline", True, "9"),
        ("nspcc.helpline", False, "8"),
        ("somebody_else", False, "10"),
    ],
)
def test_who_refers_has_the_code_of_the_census(source: str, hidden: bool, code: str) -> None:
    notice = sample_notice(kind="other", source=source, do_not_reveal_source=hidden, children=(child(),))

    assert referred(notice)["ReferralSource"] == code


@pytest.mark.parametrize(
    ("kind", "grade", "need"), [("ppn", "amber", "N1"), ("ppn", "green", "N0"), ("ppn", None, "N0"), ("other", "red", "N0")]
)
def test_not_11_a_need_is_proposed_of_a_grave_police_notice_alone(kind: str, grade: str | None, need: str) -> None:
    notice = sample_notice(kind=kind, details={"incident": {"grade": grade}}, children=(child(),))

    assert referred(notice)["PrimaryNeedCode"] == need
    assert "PrimaryNeedCode" in [asked["element"] for asked in rendered(notice)["cin"]["to_complete"]]


def test_not_11_what_nobody_stated_is_asked_and_no_disability_is_denied() -> None:
    stranger = NoticePerson(ref="child-2", child=True)
    page = rendered(sample_notice(kind="ppn", children=(child(), stranger)))
    asked = {one["element"]: one.get("children") for one in page["cin"]["to_complete"]}
    message = ET.fromstring(page["cin"]["message"])

    assert asked == {
        "Sex": None,
        "Ethnicity": None,
        "Disability": None,
        "PrimaryNeedCode": None,
        "ReferralNFA": None,
        "LAchildID": ["child-2"],
        "PersonBirthDate": ["child-2"],
    }
    assert message.find(".//Disability") is None
    assert [len(one.findall(".//PersonBirthDate")) for one in message.findall(".//Child")] == [1, 0]


def test_a_child_without_a_number_has_the_same_made_one_in_every_message_on_the_case() -> None:
    stranger = NoticePerson(ref="child-2", child=True)
    first, again = (referred(sample_notice(kind=kind, children=(stranger,)))["LAchildID"] for kind in ("ppn", "school_concern"))

    assert first == again
    assert first.startswith("NEW")
    assert (len(first), first.isalnum()) == (20, True)


def test_not_26_a_child_who_has_died_is_recorded_as_such() -> None:
    assert referred(sample_notice(kind="ppn", children=(child(died=date(2021, 11, 14)),)))["PersonDeathDate"] == "2021-11-14"


@pytest.mark.parametrize("kind", ["threat_to_staff", "violent_person_flag", "prisoner_recall", "a_kind_made_up_locally"])
def test_what_is_about_staff_or_unknown_is_no_referral(kind: str) -> None:
    assert "cin" not in rendered(sample_notice(kind=kind, children=(child(),)))


@pytest.mark.parametrize("deed", [deed for deed in Deed if deed.ends])
def test_what_is_over_is_nothing_to_record(deed: Deed) -> None:
    page = rendered(ended_notice(deed, kind="ppn", children=(child(),)))

    assert "cin" not in page
    assert page["notice"]["ended_at"] == "2020-12-01T09:00:00+00:00"
    assert ("taken this back" in page["notice"]["state"]) is (deed is Deed.WITHDRAW)


def test_a_referral_needs_a_child_and_a_briefing_is_none() -> None:
    assert "cin" not in rendered(minimal_notice(kind="ppn"))
    assert "cin" not in rendered(sample_briefing())


@pytest.mark.parametrize(
    ("kind", "details", "elements", "asked"),
    [
        ("case_status_change", {"status_change": {"to": "child_in_need"}}, {"CINPlanStartDate": "2026-11-02"}, []),
        (
            "case_status_change",
            {"status_change": {"to": "child_protection_plan", "effective": "2026-11-05"}},
            {"CPPstartDate": "2026-11-05"},
            ["InitialCategoryOfAbuse", "LatestCategoryOfAbuse"],
        ),
        (
            "case_status_change",
            {"status_change": {"to": "closed", "reason": "RC8, nothing more to do"}},
            {"CINclosureDate": "2026-11-02", "ReasonForClosure": "RC8"},
            [],
        ),
        (
            "case_status_change",
            {"status_change": {"to": "closed", "reason": "The family was adopted by its street"}},
            {"CINclosureDate": "2026-11-02"},
            ["ReasonForClosure"],
        ),
        ("case_status_change", {"status_change": {"to": "strategy"}}, {}, []),
        (
            "conference_outcome",
            {"conference": {"type": "initial", "outcome": "child_protection"}},
            {"DateOfInitialCPC": "2026-11-02", "CPPstartDate": "2026-11-02"},
            ["InitialCategoryOfAbuse", "LatestCategoryOfAbuse"],
        ),
        ("conference_outcome", {"conference": {"type": "initial"}}, {"DateOfInitialCPC": "2026-11-02"}, []),
        (
            "conference_outcome",
            {"conference": {"type": "review", "outcome": "child_in_need"}},
            {"CPPreviewDate": "2026-11-02", "CPPendDate": "2026-11-02"},
            [],
        ),
        ("meeting", {"meeting": {"type": "strategy", "s47": True}}, {"S47ActualStartDate": "2026-11-02"}, []),
        ("meeting", {"meeting": {"type": "strategy", "s47": True, "state": "cancelled"}}, {}, []),
        ("meeting", {"meeting": {"type": "strategy"}}, {}, []),
    ],
)
def test_a_change_of_the_case_is_the_elements_that_it_changes(
    kind: str, details: dict[str, Any], elements: dict[str, str], asked: list[str]
) -> None:
    assert changed(kind, details=details) == (elements, asked)


def test_a_birth_and_a_death_name_the_child_they_are_of() -> None:
    page = rendered(sample_notice(kind="birth", children=(child(born=date(2026, 11, 1)), NoticePerson(ref="child-2", child=True))))

    assert page["cin"]["changes"] == [{"element": "PersonBirthDate", "value": "2026-11-01", "children": ["child-1"]}]


def test_the_day_of_a_change_is_the_day_in_the_united_kingdom() -> None:
    told = changed("case_status_change", "2026-07-01T23:30:00+00:00", details={"status_change": {"to": "child_in_need"}})

    assert told[0] == {"CINPlanStartDate": "2026-07-02"}


@given(st.text(st.characters(codec="utf-8"), min_size=1))
def test_excerpts_are_carried_exactly_and_never_inside_the_xml(text: str) -> None:
    excerpt = Excerpt.of(text, SaidBy.CHILD, observed_first_hand=False)
    page = rendered(sample_notice(kind="ppn", narrative=(excerpt,), children=(child(),)))

    assert page["narrative"] == [{"text": text, "sha256": excerpt.sha256, "said_by": "child", "observed_first_hand": False}]


def test_certainty_stands_with_the_relation_and_everybody_is_in_one_list() -> None:
    page = rendered(sample_notice())

    assert [(p["ref"], p["relation"], p["certainty"]) for p in page["adults"]] == [("putative-father", "father", "putative")]
    assert [p["ref"] for p in page["children"]] == ["child-1"]


def test_a_case_system_answers_by_name() -> None:
    given_ = SocialCareAdapter().parse_receipt(b'{"notice": "n-1", "stage": "acknowledged", "by": "A. Worker", "intent": "acting"}')

    assert given_ == ReceiptGiven(idempotency_key="n-1", stage=Stage.ACKNOWLEDGED, by="A. Worker", intent="acting")  # type: ignore[arg-type]


@pytest.mark.parametrize(
    "answer",
    [
        b"",
        b"[]",
        b'{"notice": "n-1"}',
        b'{"notice": "n-1", "stage": "sent"}',
        b'{"notice": "n-1", "stage": "acknowledged", "by": "A. Worker"}',
        b'{"notice": "n-1", "stage": "acted", "by": "A. Worker"}',
        b'{"notice": "n-1", "stage": "acknowledged", "by": "A. Worker", "intent": "not_ours"}',
        b'{"notice": "n-1", "stage": "seen", "family": "Quillfeather"}',
    ],
)
def test_an_answer_that_says_too_little_is_refused_without_being_repeated(answer: bytes) -> None:
    with pytest.raises(UnreadableMessage) as refused:
        SocialCareAdapter().parse_receipt(answer)

    assert not {"Worker", "Quillfeather", "n-1"} & set(str(refused.value).replace(";", " ").split())
