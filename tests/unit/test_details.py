"""The typed sections of an alert's details: who reads them, of which case they are, and what an older record with another form is."""

import json
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from alertbus.intake.alerts import AlertIntake
from alertbus.model import ids
from alertbus.model.alert import AcceptedAlert, Alert
from alertbus.model.case import Case
from alertbus.model.details import AT_THE_DOOR, SINCE_THEN, Details, misshapen, unclassified
from alertbus.model.errors import InvalidInput
from alertbus.model.free_text import free_text, without_free_text
from alertbus.model.on_case import said_here
from alertbus.model.sections_in_words import IN_WORDS, sections_in_words
from alertbus.policy.load import load_policy
from alertbus.policy.minimise import Bodies, reads_words
from alertbus.policy.recipient import as_asked, recipient_of
from alertbus.reach.sameness import tells_the_same
from alertbus.reconcile.bare import bare_statement

POLICY = load_policy()
T0 = datetime(2026, 3, 2, 9, tzinfo=UTC)


def someone(key: str, born: str = "1990-01-01") -> dict[str, Any]:
    return {"key": key, "name": {"given": key.title()}, "born": born, "person_ids": [f"p-{key}"]}


CASE = Case.model_validate(
    {
        "id": "case-1",
        "people": [
            someone("eldest", "2018-02-02"),
            someone("baby", "2026-02-02"),
            someone("to-come", "2026-09-09"),
            someone("mother"),
            someone("man"),
        ],
        "children": ["eldest", "baby", "to-come"],
        "links": [{"person": "mother", "relation": "mother"}, {"person": "man", "relation": "putative father"}],
        "involvements": [
            *({"agency": name} for name in ("childrens_social_care", "health_visiting", "police", "housing", "midwifery", "school")),
            {"agency": "school.eldest", "children": ["eldest"]},
            {"agency": "probation", "scope": "adult_linked", "adult": "man"},
            {"agency": "gp.man", "scope": "adult_linked", "adult": "man"},
        ],
        "restrictions": [{"must_not_learn": "man"}],
    }
)
EVERYBODY = ("eldest", "baby", "to-come", "mother", "man")
CONTACT = {"mode": "visit", "with": ["mother"], "seen": ["eldest", "baby", "to-come"], "place": "1 High Street", "refused": "the bedrooms"}


def said(
    details: dict[str, Any], *, about: tuple[str, ...] = EVERYBODY, kind: str = "other", source: str = "childrens_social_care"
) -> AcceptedAlert:
    stated = {"id": "A-1", "source": source, "kind": kind, "occurred_at": T0, "recorded_at": T0, "details": details}
    subjects = [{"person": {"label": "somebody"}} for _ in about]
    alert = Alert.model_validate(stated | {"subjects": subjects})
    return AcceptedAlert.of(alert, T0).with_people(tuple((f"p-{key}",) for key in about))


def shown(agency: str, statement: AcceptedAlert, case: Case = CASE, *, held: bool = False) -> dict[str, Any]:
    recipient = recipient_of(agency, case, POLICY, T0, source=statement.alert.source)
    recipient = as_asked(recipient, agency, statement.alert.details)
    _, body = Bodies(statement, case, POLICY, words_held=held).for_recipient(recipient)
    found: dict[str, Any] = json.loads(body).get("details", {})
    return found


def test_ppn_05_how_somebody_was_in_contact_reaches_who_works_to_the_plan_and_nobody_else() -> None:
    statement = said({"contact": CONTACT})

    assert shown("health_visiting", statement)["contact"]["mode"] == "visit"
    assert [name for name in ("police", "school.eldest", "housing", "probation", "gp.man") if shown(name, statement)] == []


def test_not_20_a_key_tells_of_no_child_that_is_not_born() -> None:
    assert shown("health_visiting", said({"contact": CONTACT}))["contact"]["seen"] == ["eldest", "baby"]


def test_an_empty_list_is_stated_and_one_of_which_nobody_may_be_told_is_not_there() -> None:
    statement = said({"contact": {"mode": "visit", "seen": ["to-come"], "seen_alone": []}})

    assert shown("health_visiting", statement)["contact"] == {"mode": "visit", "seen_alone": []}


def test_not_02_the_surgery_of_the_man_reads_no_key_of_a_child_in_its_own_words_either() -> None:
    statement = said({"contact": CONTACT, "denial": {"of": ["being the father"], "by": "man"}}, source="gp.man")

    found = shown("gp.man", statement)

    assert found["contact"] == {"mode": "visit", "with": [ids.person_ref("case-1", "mother")], "refused": "the bedrooms"}
    assert found["denial"]["by"] == ids.person_ref("case-1", "man")
    assert shown("probation", said({"contact": CONTACT}, source="probation")) == {}


def test_not_16_a_school_reads_who_dissented_and_of_another_schools_child_only_that_there_is_one() -> None:
    own = Case.model_validate(CASE.model_dump(by_alias=True) | {"restrictions": []})
    statement = said({"conference": {"type": "initial", "outcome": "child_in_need", "unanimous": False, "dissent": ["health_visiting"]}})

    assert shown("school.eldest", statement, own) == {
        "conference": {"type": "initial", "outcome": "child_in_need", "unanimous": False, "dissent": ["health_visiting"]}
    }


@pytest.mark.parametrize("agency", ["midwifery", "health_visiting", "school", "police", "childrens_social_care"])
def test_sta_05_sta_06_what_a_conference_decided_and_who_dissented_reaches_everybody_who_was_asked_to_it(agency: str) -> None:
    decided = {
        "type": "initial",
        "outcome": "child_in_need",
        "unanimous": False,
        "dissent": ["health_visiting"],
        "conditions": ["Two visits."],
    }

    assert shown(agency, said({"conference": decided}, kind="conference_outcome")) == {"conference": decided}


@pytest.mark.parametrize("agency", ["probation", "gp.man", "housing"])
def test_sta_05_who_is_asked_to_no_conference_reads_nothing_of_it(agency: str) -> None:
    assert shown(agency, said({"conference": {"type": "initial", "unanimous": False}}, kind="conference_outcome")) == {}


ASKS = {"what": "What do you hold on him?", "to": "police", "due": "2026-04-01"}


@pytest.mark.parametrize("to", ["police", "Police"])
def test_pri_03_lnk_05_who_is_asked_reads_the_request_and_no_plan_besides(to: str) -> None:
    statement = said({"request": ASKS | {"to": to}, "contact": CONTACT})

    assert shown("police", statement) == {"request": ASKS | {"to": to}}
    assert "request" in shown("health_visiting", statement)
    assert shown("housing", statement) == shown("school.eldest", statement) == {}


def test_pri_03_probation_reads_what_it_is_asked_but_not_where_words_could_tell_of_a_birth() -> None:
    statement, asks = said({"request": ASKS | {"to": "probation"}}), ASKS | {"to": "probation"}
    unrestricted = Case.model_validate(CASE.model_dump(by_alias=True) | {"restrictions": []})

    assert shown("probation", statement, unrestricted) == {"request": asks}
    assert shown("probation", statement) == {}


def test_a_setting_reads_what_its_agency_is_asked_and_words_that_wait_are_not_in_it() -> None:
    statement = said({"request": ASKS | {"to": "school"}})

    assert shown("school.eldest", statement)["request"]["what"] == ASKS["what"]
    assert shown("school.eldest", statement, held=True) == {"request": {"due": "2026-04-01"}}
    assert reads_words(statement, "school.eldest", CASE, POLICY)


def test_not_17_a_key_means_somebody_of_this_case_only_where_the_alert_is_about_them() -> None:
    statement = said({"contact": CONTACT}, about=("mother", "eldest"))

    assert shown("childrens_social_care", statement)["contact"]["seen"] == ["eldest"]


def test_not_17_a_section_about_people_of_another_family_is_not_said_of_this_one() -> None:
    statement = said(
        {"consent": {"plan": "child_in_need", "state": "withdrawn", "by": "mother"}, "meeting": {"type": "strategy"}}, about=("man",)
    )

    here = said_here(statement, CASE)

    assert (here.consent, here.meeting) == (None, statement.alert.details.meeting)
    assert shown("childrens_social_care", statement) == {"meeting": {"type": "strategy"}}


def test_words_that_wait_leave_of_a_section_what_is_no_text() -> None:
    statement = said({"contact": CONTACT, "instruction": {"what": "Visit them.", "within_hours": 24, "to": "social_worker"}})

    found = shown("childrens_social_care", statement, held=True)

    assert found == {"contact": {"mode": "visit", "with": ["mother"], "seen": ["eldest", "baby"]}, "instruction": {"within_hours": 24}}


def test_every_text_of_every_section_is_looked_through_and_can_be_held() -> None:
    details = {
        "contact": CONTACT,
        "instruction": {"what": "i", "to": "j", "by": "k"},
        "action": {"what": "a", "owner": "b"},
        "request": {"what": "r", "to": "s"},
        "question": {"what": "q", "reason": "why"},
        "handover": {"role": "social_worker", "from": "h", "to": "t"},
        "denial": {"of": ["d"]},
        "conference": {"type": "initial", "dissent": ["e"], "conditions": ["f"]},
        "status_change": {"to": "closed", "reason": "m", "basis": "n"},
    }
    alert = said(details).alert

    assert dict(free_text(alert)) == {
        "details.contact.place": "1 High Street",
        "details.contact.refused": "the bedrooms",
        "details.instruction.what": "i",
        "details.instruction.to": "j",
        "details.instruction.by": "k",
        "details.action.what": "a",
        "details.action.owner": "b",
        "details.request.what": "r",
        "details.request.to": "s",
        "details.question.what": "q",
        "details.question.reason": "why",
        "details.handover.from": "h",
        "details.handover.to": "t",
        "details.denial.of[0]": "d",
        "details.conference.dissent[0]": "e",
        "details.conference.conditions[0]": "f",
        "details.status_change.reason": "m",
        "details.status_change.basis": "n",
    }
    assert list(free_text(alert.model_copy(update={"details": without_free_text(alert.details)}))) == []


def test_released_words_of_a_section_are_news_only_to_who_may_see_the_section() -> None:
    statement = said({"contact": {"mode": "visit", "place": "1 High Street"}})

    assert reads_words(statement, "health_visiting", CASE, POLICY)
    assert not reads_words(statement, "housing", CASE, POLICY)


def test_a_later_statement_with_another_section_tells_something() -> None:
    first, second = (said({"contact": CONTACT | {"mode": mode}}) for mode in ("visit", "telephone"))

    assert not tells_the_same(first, second)
    assert bare_statement(first).alert.id != bare_statement(second).alert.id
    assert tells_the_same(first, first)


OF_BEFORE = {"contact": "rang the mother", "action": {"who": "us"}, "meeting": [1, {"deep": None}], "consent": None, "ours": {"x": 1}}


def test_a_record_from_before_a_section_had_a_form_is_read_and_its_section_kept_and_shown_to_nobody() -> None:
    record = json.loads(said({}).model_dump_json(by_alias=True, exclude_defaults=True))
    record["alert"]["details"] = OF_BEFORE
    statement = AcceptedAlert.model_validate_json(json.dumps(record))
    details = statement.alert.details

    assert unclassified(details) == ("action", "contact", "meeting", "ours")
    assert (details.contact, details.action, details.meeting) == (None, None, None)
    written = statement.model_dump_json(by_alias=True, exclude_defaults=True)
    assert json.loads(written)["alert"]["details"] == {name: value for name, value in OF_BEFORE.items() if value is not None}
    assert AcceptedAlert.model_validate_json(written) == statement
    assert [agency for agency in (*POLICY.agencies, "gp.man") if shown(agency, statement)] == []


@given(
    st.sampled_from(sorted(SINCE_THEN)),
    st.recursive(st.integers() | st.text() | st.booleans(), lambda x: st.lists(x) | st.dictionaries(st.text(), x)),
)
def test_whatever_stood_under_a_sections_name_is_read_and_written_as_it_was(name: str, stood: Any) -> None:
    details = Details.model_validate({name: stood})

    written = json.loads(details.model_dump_json(by_alias=True, exclude_defaults=True))

    assert Details.model_validate(written) == details
    assert getattr(details, name) is not None or written == {name: stood}


def test_a_section_that_always_had_a_form_is_refused_in_another_wherever_it_stands() -> None:
    with pytest.raises(ValidationError):
        Details.model_validate({"release": {"day": 1}, "contact": {"mode": "fly"}})


def test_who_states_a_section_in_another_form_is_told_each_fault_with_its_path() -> None:
    wrong = {"contact": {"mode": "fly", "when": 1}, "request": {"what": "x"}, "ours": 1}

    with pytest.raises(ValidationError):
        Details.model_validate(wrong, context=AT_THE_DOOR)
    assert [(fault.path, fault.code) for fault in misshapen(Details.model_validate(wrong))] == [
        ("details.contact.mode", "string_pattern_mismatch"),
        ("details.contact.when", "extra_forbidden"),
        ("details.request.to", "missing"),
    ]


async def test_what_a_source_plugin_built_in_another_form_is_refused_as_well() -> None:
    unused: Any = None
    intake = AlertIntake(unused, unused, unused, lambda: T0)

    with pytest.raises(InvalidInput) as refused:
        await intake.accept([said({"contact": {"mode": "fly"}}).alert])

    assert [fault.path for fault in refused.value.faults] == ["alerts[0].details.contact.mode"]


def test_every_section_that_a_person_reads_has_words() -> None:
    assert IN_WORDS == SINCE_THEN


def test_eng_12_what_nobody_stated_of_an_agreed_action_is_called_so_unless_it_is_held() -> None:
    stated = {"action": {"what": "Refer to a programme"}}

    assert ("Action owned by", "not stated") in sections_in_words(stated, str)
    assert "Action owned by" not in dict(sections_in_words({"action": {"state": "agreed"}}, str, held=True))


@pytest.mark.parametrize(
    ("section", "lines"),
    [
        ({"contact": {"mode": "telephone", "with": ["m"]}}, ["Contact: telephone call, which is no visit", "Contact with: Mother"]),
        ({"contact": {"mode": "cancelled", "by": "m"}}, ["Contact: cancelled, by Mother"]),
        (
            {"contact": {"mode": "visit", "seen": ["m"], "seen_alone": []}},
            ["Contact: visit", "Children seen: Mother", "Seen alone: nobody"],
        ),
        ({"meeting": {"type": "strategy", "state": "held", "s47": True}}, ["Meeting: strategy, held", "Section 47 enquiry decided: yes"]),
        (
            {"conference": {"type": "initial", "outcome": "child_in_need", "unanimous": False, "dissent": ["health_visiting"]}},
            ["Conference: initial", "Outcome: child in need", "Unanimous: no", "Dissent: health visiting"],
        ),
        (
            {"consent": {"plan": "child_in_need", "state": "withdrawn", "by": "m"}},
            ["Consent: withdrawn, by Mother, to the plan: child in need"],
        ),
        (
            {"handover": {"role": "social_worker", "from": "SW1", "to": "SW2", "pack": False}},
            ["Handover of the role: social worker", "Handed over: from SW1 to SW2", "Handover pack: no"],
        ),
        ({"denial": {"of": ["drug use", "pregnancy"], "by": "m"}}, ["Denied: drug use; pregnancy, by Mother"]),
        (
            {"status_change": {"to": "closed", "reason": "No need.", "effective": "2026-04-01"}},
            ["New status: closed", "Holds from: 2026-04-01", "Reason: No need.", "Basis: not stated"],
        ),
        (
            {"instruction": {"what": "visit", "within_hours": 24, "to": "social_worker", "by": "TM2"}},
            ["Instruction: visit", "To be done within: 24 hours", "Instruction to: social worker", "Instruction by: TM2"],
        ),
        (
            {"question": {"what": "Is she pregnant?", "state": "closed"}},
            ["Question closed: Is she pregnant?", "Closed because: not stated"],
        ),
        (
            {"request": {"what": "History?", "to": "police"}},
            ["Request: History?", "Request to: police", "Request due: not stated", "Request is: asked"],
        ),
    ],
)
def test_a_section_in_words(section: dict[str, Any], lines: list[str]) -> None:
    assert [f"{label}: {value}" for label, value in sections_in_words(section, lambda key: {"m": "Mother"}.get(key, key))] == lines
