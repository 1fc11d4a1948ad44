"""Register types of probation and alert codes of prison: what each becomes, in words a reader understands."""

from typing import Any

import pytest
from alertbus_hmpps.registers import ALERT_CODES, DISCLOSED_BY_POLICE, HARMLESS_CODES, HARMLESS_TYPES, REGISTER_TYPES

from alertbus.plugin import Action, Severity
from plugins.hmpps.tests.messages import CASES, alert, case, event, parse, reason, refused


def registration(deed: str, code: str | None, **info: Any) -> dict[str, Any]:
    told = {"registerTypeCode": code, "registerTypeDescription": "The register's own words", "registrationId": "2500687775", **info}
    return event(f"probation-case.registration.{deed}", "X777978", additionalInformation=told)


def prison_alert(kind: str, code: str) -> dict[str, Any]:
    return event(kind, additionalInformation={"alertCode": code, "alertUuid": "6a0783ee-024e-4201-8e1f-3ead5fd2492a", "source": "DPS"})


@pytest.mark.parametrize("code", REGISTER_TYPES)
def test_every_register_type_raises_its_kind_with_our_words_and_the_sources(code: str) -> None:
    raised = alert(registration("added", code))
    row = REGISTER_TYPES[code]

    assert (raised.kind, raised.source, raised.severity) == (row.kind, "probation.hmpps", row.severity)
    assert [piece.text for piece in raised.narrative] == [
        f"Probation recorded, as register type {code}: {row.words}. To learn more, ask the practitioner.",
        "The publisher's own words",
        "The register's own words",
    ]


@pytest.mark.parametrize("code", ALERT_CODES)
def test_no_alert_code_is_told_without_its_meaning_and_whom_to_ask(code: str) -> None:
    raised = alert(prison_alert("person.alert.created", code))
    row = ALERT_CODES[code]

    assert (raised.kind, raised.source, raised.severity) == (row.kind, "prison.hmpps", row.severity)
    assert raised.narrative[0].text == (
        f"Prison recorded, as alert code {code}: {row.words}. To learn more, ask the prison's offender management unit."
    )
    assert raised == alert(prison_alert("prisoner-alerts.alert-created", code))


CHILDREN = ["CC1", "CC2", "CC3", "CPC", "CPRC", "XCSEA", "RDBS", "RAIC", "RCC", "RCS", "RCP", "SC", "C1", "C2", "C3"]
ADULTS = ["RKS", "RKC", "ONCR", "OHCO", "ROV", "ROH", "RYP", "XRF", "RSP"]


@pytest.mark.parametrize("code", CHILDREN)
def test_a_risk_to_children_is_called_one(code: str) -> None:
    assert ALERT_CODES[code].kind == "risk_to_children"


STAFF = ["AV2S", "WEAP", "ADVP", "XSA", "SA", "RST", "RSS", "RDV", "XVL", "XHT", "XCA", "RNO121"]
DONE = ["XSA", "SA", "XVL", "XHT", "XCA"]


@pytest.mark.parametrize("code", STAFF)
def test_not_23_a_register_warns_staff_and_sets_no_flag(code: str) -> None:
    raised = alert(registration("added", code) if code in REGISTER_TYPES else prison_alert("person.alert.created", code))

    assert (raised.kind, raised.severity) == ("risk_to_staff", Severity.HIGH)
    assert raised.details.flag is not None
    assert raised.details.flag.grade == ("violence" if code in DONE else None)
    assert "Staff safety: " in raised.details.flag.precautions[0]


def test_not_23_no_row_of_any_register_is_a_flag() -> None:
    rows = REGISTER_TYPES | ALERT_CODES

    assert {code for code, row in rows.items() if row.precaution} == set(STAFF)
    assert "violent_person_flag" not in {row.kind for row in rows.values()}


@pytest.mark.parametrize("code", ADULTS)
def test_a_risk_to_others_at_home_is_told(code: str) -> None:
    assert ALERT_CODES[code].kind == "other"


@pytest.mark.parametrize("name", sorted(path.name for path in CASES.glob("1[34]-alert-*.json")))
def test_cases_13_and_14_a_code_reaches_its_reader_as_words(name: str) -> None:
    raised = alert(case(name))
    code = case(name)["additionalInformation"]["alertCode"]

    assert raised.kind == ("risk_to_children" if code in CHILDREN else "other")
    assert ALERT_CODES[code].words in raised.narrative[0].text


@pytest.mark.parametrize("code", sorted(DISCLOSED_BY_POLICE))
def test_what_police_disclose_is_not_disclosed_here(code: str) -> None:
    told = "held back because it is for police and MAPPA to decide, case by case, who is told"

    assert reason(registration("added", code)) == reason(prison_alert("person.alert.created", code)) == told


@pytest.mark.parametrize("code", ["P11", "P22", "P33", "P44", "P55", "P66", "P77", "P88", "P99", "P100", "P101", "P102", "P103", "PA1"])
def test_every_mappa_code_in_use_is_held_back(code: str) -> None:
    assert code in DISCLOSED_BY_POLICE


@pytest.mark.parametrize("code", HARMLESS_CODES)
def test_a_code_that_changes_nothing_at_home_says_why(code: str) -> None:
    assert reason(prison_alert("person.alert.created", code)) == f"harmless because {HARMLESS_CODES[code]}"


@pytest.mark.parametrize("code", HARMLESS_TYPES)
def test_a_register_type_that_changes_nothing_at_home_says_why(code: str) -> None:
    assert reason(registration("added", code)) == f"harmless because {HARMLESS_TYPES[code]}"


def test_no_code_has_two_meanings() -> None:
    tables = ({*ALERT_CODES, *REGISTER_TYPES}, DISCLOSED_BY_POLICE, {*HARMLESS_CODES, *HARMLESS_TYPES})

    assert not tables[0] & tables[1]
    assert not tables[0] & tables[2]
    assert not tables[1] & tables[2]
    assert not ALERT_CODES.keys() & REGISTER_TYPES.keys()


def test_a_code_that_nobody_has_thought_of_says_so() -> None:
    said = "not yet known: this alert code or register type has no row in the plugin's table; nothing was raised"

    assert reason(prison_alert("person.alert.created", "ZZZ9")) == reason(registration("added", "ZZZ9")) == said


@pytest.mark.parametrize(
    ("first", "later", "action"),
    [
        (registration("added", "AV2S"), registration("updated", "AV2S"), Action.AMENDED),
        (registration("added", "AV2S"), registration("deleted", "AV2S"), Action.WITHDRAWN),
        (prison_alert("person.alert.created", "XSA"), prison_alert("person.alert.updated", "XSA"), Action.AMENDED),
        (prison_alert("person.alert.created", "CC1"), prison_alert("person.alert.inactive", "CC1"), Action.WITHDRAWN),
        (prison_alert("person.alert.created", "ROV"), prison_alert("person.alert.deleted", "ROV"), Action.WITHDRAWN),
    ],
    ids=["registration updated", "registration deleted", "alert updated", "alert inactive", "alert deleted"],
)
def test_what_follows_points_at_what_was_raised(first: object, later: object, action: Action) -> None:
    raised, followed = alert(first), alert(later)

    assert (followed.action, followed.alert_id) == (action, raised.alert_id)


def test_an_end_that_does_not_say_of_what_is_told_and_withdraws_nothing() -> None:
    ended = alert(registration("deregistered", "AV2S", registrationId=None, deregistrationId="2500235058"))

    assert (ended.kind, ended.action, ended.severity) == ("other", Action.RAISED, Severity.LOW)
    assert ended.narrative[0].text == "An entry in a register ended; the source does not say which. It was of this type."


def test_an_entry_without_code_or_number_is_refused() -> None:
    assert refused(registration("added", None)) == ["additionalInformation.registerTypeCode"]
    assert refused(registration("added", "AV2S", registrationId=None)) == ["additionalInformation.registrationId"]


def test_precautions_name_no_offence() -> None:
    words = " ".join(row.precaution or "" for row in (*REGISTER_TYPES.values(), *ALERT_CODES.values())).casefold()

    assert not [word for word in ("abuse", "sexual", "weapon", "offence", "convict", "mappa") if word in words]


def test_an_entry_is_told_with_both_numbers_where_both_are_given() -> None:
    message = registration("added", "RCHD") | {
        "personReference": {"identifiers": [{"type": "CRN", "value": "X777978"}, {"type": "NOMS", "value": "C3690BB"}]}
    }

    assert [i.value for i in alert(message).subjects[0].person.identifiers] == ["X777978", "C3690BB"]
    assert isinstance(parse(message), list)
