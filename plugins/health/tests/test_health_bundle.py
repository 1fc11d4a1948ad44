"""The Bundle that health receives: valid FHIR R4 by fhirkit, UK Core's mustSupport by our own table, and what it
tells.
"""

import json
from collections.abc import Iterator
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any, ClassVar
from uuid import uuid5

import fhirkit
import pytest
from alertbus_health import HealthAdapter
from alertbus_health.told import ToldToHealth
from hypothesis import given
from hypothesis import strategies as st

from alertbus.plugin import Address, Deed, Excerpt, Identifier, IdentifierSystem, Name, Notice, NoticePerson, SaidBy
from alertbus.plugin import Severity as Sev
from alertbus.plugin.fhir import made_uuid
from alertbus.plugin.testing import (
    NHS_NUMBERS,
    SPOKEN,
    AdapterConformance,
    ended_notice,
    every_notice,
    minimal_notice,
    sample_notice,
    sample_obligation,
)

Resource = dict[str, Any]
NAMESPACE = ToldToHealth(minimal_notice()).namespace

MUST_SUPPORT = {
    "Bundle": ("type", "entry"),
    "MessageHeader": ("eventCoding", "destination", "sender", "source", "focus"),
    "Communication": ("subject",),
    "Flag": ("status", "code", "subject"),
    "Patient": ("identifier",),
    "Organization": ("identifier", "name"),
    "PractitionerRole": ("organization",),
    "Provenance": ("target", "recorded", "agent"),
}
"""What UK Core marks mustSupport (Bundle 2.2.0, Communication 2.1.0, Flag 1.2.0, MessageHeader 2.4.0, Organization
2.5.1, Patient 2.6.1, Provenance 1.2.0) and a notice always has. The rest (name, birthDate, address) is checked
where the notice has it.
"""


class TestConformance(AdapterConformance):
    adapter = HealthAdapter()
    receipts: ClassVar[list[bytes]] = [
        path.read_bytes() for path in sorted((Path(__file__).parent / "data").glob("*.json")) if path.stem != "process-message-response"
    ]


def validate(bundle: bytes) -> list[str]:
    """Every fault fhirkit finds. It does not check required code bindings, calendar dates or a message's own rules:
    `faults_of` does.
    """
    return [str(issue) for issue in fhirkit.validate(bundle)]


def rendered(notice: Notice, adapter: HealthAdapter | None = None) -> Resource:
    bundle: Resource = json.loads((adapter or HealthAdapter()).render(notice).body)
    return bundle


def of(bundle: Resource, kind: str) -> list[Resource]:
    return [entry["resource"] for entry in bundle["entry"] if entry["resource"]["resourceType"] == kind]


def flag(notice: Notice) -> Resource:
    (found,) = of(rendered(notice), "Flag")
    return found


def said(notice: Notice) -> list[str]:
    (communication,) = of(rendered(notice), "Communication")
    return [part["contentString"] for part in communication["payload"]]


def references(value: object) -> Iterator[str]:
    if isinstance(value, dict):
        if isinstance(value.get("reference"), str):
            yield value["reference"]
        for inner in value.values():
            yield from references(inner)
    elif isinstance(value, list):
        for inner in value:
            yield from references(inner)


def faults_of(bundle: Resource) -> list[str]:
    """What fhirkit does not look at, and UK Core asks."""
    urls = [entry["fullUrl"] for entry in bundle["entry"]]
    faults = [f"dangling {ref}" for ref in references(bundle) if ref not in urls]
    if len(urls) != len(set(urls)) or not all(url.startswith("urn:uuid:") for url in urls):
        faults.append("fullUrl")
    if bundle["entry"][0]["resource"]["resourceType"] != "MessageHeader":
        faults.append("MessageHeader is not first")
    for resource in [bundle, *(entry["resource"] for entry in bundle["entry"])]:
        kind = resource["resourceType"]
        faults += [f"{kind}.{element} missing" for element in MUST_SUPPORT[kind] if not resource.get(element)]
    faults += [f"Flag.status {f['status']}" for f in of(bundle, "Flag") if f["status"] not in {"active", "inactive", "entered-in-error"}]
    periods = [f["period"] for f in of(bundle, "Flag")]
    faults += ["Flag.period" for p in periods if date.fromisoformat(p["start"]) > date.fromisoformat(p.get("end", p["start"]))]
    priorities = {"routine", "urgent", "asap", "stat"}
    faults += ["Communication.priority" for c in of(bundle, "Communication") if c["priority"] not in priorities]
    return faults


def test_every_kind_and_deed_is_valid_r4_and_holds_what_uk_core_must_support() -> None:
    for notice in [*every_notice(), *(minimal_notice(deed=deed) for deed in Deed), sample_notice(exercise="winter")]:
        body = HealthAdapter().render(notice).body

        assert validate(body) == []
        assert faults_of(json.loads(body)) == []


def test_a_fault_is_seen_by_one_of_the_two_checks() -> None:
    """Guards the guards: a validator that sees nothing passes everything."""
    good = rendered(sample_notice())
    broken = json.loads(json.dumps(good))
    del of(broken, "Flag")[0]["subject"]
    assert validate(json.dumps(broken).encode()) != []

    headless = {**good, "entry": good["entry"][1:]}
    assert "MessageHeader is not first" in faults_of(headless)


@given(st.lists(st.text(st.characters(codec="utf-8"), min_size=1), min_size=1, max_size=3))
def test_excerpts_are_carried_exactly_each_on_its_own(texts: list[str]) -> None:
    excerpts = tuple(Excerpt.of(text, SaidBy.CHILD, observed_first_hand=False) for text in texts)
    notice = sample_notice(narrative=excerpts)

    body = HealthAdapter().render(notice).body

    assert validate(body) == []
    assert said(notice)[-len(texts) :] == texts
    (communication,) = of(json.loads(body), "Communication")
    marks = [{m["url"]: m for m in p["extension"][0]["extension"]} for p in communication["payload"][-len(texts) :]]
    assert [m["sha256"]["valueString"] for m in marks] == [e.sha256 for e in excerpts]
    assert {m["observed-first-hand"]["valueBoolean"] for m in marks} == {False}


def test_the_flag_line_is_read_first_then_title_reason_summary_action() -> None:
    told = said(sample_notice())

    assert told[:5] == [
        "Do not visit alone",
        "Threat to staff",
        f"You receive this because: {sample_notice().because}",
        "A person linked to this family has threatened staff.",
        "What to do: Read before any visit.",
    ]
    assert told[-1] == SPOKEN


def test_without_an_active_flag_the_title_is_first() -> None:
    assert said(sample_notice(flag=None))[0] == "Threat to staff"


def test_an_exercise_says_so_in_the_first_line_and_in_its_labels() -> None:
    notice = sample_notice(exercise="winter")

    assert said(notice)[0] == "EXERCISE winter. Do not visit alone"
    assert {"system": "http://terminology.hl7.org/CodeSystem/v3-ActReason", "code": "HTEST"} in rendered(notice)["meta"]["security"]


def test_a_hidden_source_is_marked_in_words_and_labels_and_the_minute_is_left_out() -> None:
    notice = sample_notice(do_not_reveal_source=True)
    bundle = rendered(notice)

    assert any(line.startswith("DO NOT REVEAL THE SOURCE") for line in said(notice)[:3])
    assert {"system": "urn:alertbus:handling", "code": "do-not-reveal-source"} in of(bundle, "Flag")[0]["meta"]["security"]
    assert of(bundle, "Provenance")[0]["occurredDateTime"] == "2020-11-18"
    assert not any("14:05" in line for line in said(notice))


def test_provenance_names_the_agency_that_states_it() -> None:
    bundle = rendered(sample_notice())
    (agent,) = of(bundle, "Provenance")[0]["agent"]
    who = next(e["resource"] for e in bundle["entry"] if e["fullUrl"] == agent["who"]["reference"])

    assert who["identifier"] == [{"system": "urn:alertbus:agency", "value": "police"}]


def test_an_ods_code_stands_on_the_organization_it_was_given_for() -> None:
    bundle = rendered(sample_notice(), HealthAdapter(ods={"health_visiting": "RY6"}))

    codes = [i for org in of(bundle, "Organization") for i in org["identifier"] if i["system"].endswith("ods-organization-code")]
    assert codes == [{"system": "https://fhir.nhs.uk/Id/ods-organization-code", "value": "RY6"}]


def test_each_child_is_a_patient_with_a_flag_of_its_own() -> None:
    first, second = (
        NoticePerson(
            ref=f"child-{n}",
            child=True,
            name=Name(given="Ash", family="Example"),
            born=date(2016 + n, 2, 29) if n == 0 else None,
            identifiers=(
                Identifier(system=IdentifierSystem.NHS_NUMBER, value=NHS_NUMBERS[n]),
                Identifier(system=IdentifierSystem.UPN, value="B801200005001"),
            ),
            addresses=(Address(uprn="12345"), Address(lines=("1 Example Street", " "), postcode="ZZ99 9ZZ")),
        )
        for n in range(2)
    )
    bundle = rendered(sample_notice(children=(first, second)))
    patients, flags = of(bundle, "Patient"), of(bundle, "Flag")

    assert faults_of(bundle) == validate(json.dumps(bundle).encode()) == []
    assert [p["identifier"][0]["value"] for p in patients] == list(NHS_NUMBERS[:2])
    assert patients[0]["birthDate"] == "2016-02-29"
    assert "birthDate" not in patients[1]
    assert patients[0]["address"][1] == {"line": ["1 Example Street"], "postalCode": "ZZ99 9ZZ"}
    assert len({f["identifier"][0]["value"] for f in flags}) == 2
    assert "B801200005001" not in json.dumps(bundle)
    (status,) = patients[0]["identifier"][0]["extension"]
    assert status["valueCodeableConcept"]["coding"][0]["code"] == "02"


def test_a_child_with_no_identity_is_an_opaque_patient() -> None:
    (patient,) = of(rendered(sample_notice(children=(NoticePerson(ref="child-9", child=True),))), "Patient")
    assert patient == {
        "resourceType": "Patient",
        "identifier": [{"system": "urn:alertbus:person-ref", "value": "case-1/child-9"}],
    }

    (nobody,) = of(rendered(minimal_notice()), "Patient")
    assert nobody == {"resourceType": "Patient", "identifier": [{"system": "urn:alertbus:case", "value": "case-1"}]}


@pytest.mark.parametrize(
    ("kind", "code"),
    [
        ("threat_to_staff", None),
        ("violent_person_flag", None),
        ("ppn", "836881000000105"),
        ("domestic_abuse_incident", "836881000000105"),
        ("prisoner_release", "836881000000105"),
        ("nspcc_concern", "836881000000105"),
        ("school_concern", "836881000000105"),
        ("concealed_pregnancy_concern", "878111000000109"),
    ],
)
def test_flag_code_follows_the_table_of_kinds(kind: str, code: str | None) -> None:
    coded = flag(sample_notice(kind=kind))["code"]

    assert coded.get("coding", [{"code": None}])[0]["code"] == code
    assert coded["text"]


@pytest.mark.parametrize("kind", ["meeting", "worker_change", "birth", "death", "involvement_started", "other"])
def test_a_kind_that_is_no_concern_is_told_without_a_flag(kind: str) -> None:
    bundle = rendered(sample_notice(kind=kind))

    assert of(bundle, "Flag") == []
    assert of(bundle, "Provenance")[0]["target"][0]["type"] == "Communication"


def test_an_expected_baby_is_flagged_on_its_mothers_record_by_reference_alone() -> None:
    mother = NoticePerson(ref="mother", relation="mother", certainty="confirmed", name=Name(given="Zeb", family="Quillfeather"))
    notice = sample_notice(kind="concealed_pregnancy_concern", people=(mother,))
    bundle = rendered(notice)

    patient = next(e["resource"] for e in bundle["entry"] if e["fullUrl"] == of(bundle, "Flag")[0]["subject"]["reference"])
    assert patient == {
        "resourceType": "Patient",
        "identifier": [{"system": "urn:alertbus:person-ref", "value": "case-1/mother"}],
    }
    on_plan = notice.model_copy(update={"case_status": "unborn_child_protection_plan"})
    assert flag(on_plan)["code"]["coding"][0]["code"] == "818901000000100"


def test_a_plan_sets_a_flag_and_its_end_ends_the_same_one() -> None:
    def change(status: str, alert: str) -> Resource:
        obligation = sample_obligation(kind="case_status_change", alert_id=alert)
        return flag(sample_notice(obligation=obligation, details={"status": status}))

    begun, over = change("child_protection_plan", "alert-a"), change("child_in_need_plan", "alert-b")

    assert begun["code"]["coding"][0]["code"] == "342191000000101"
    assert (begun["status"], over["status"]) == ("active", "inactive")
    assert begun["identifier"] == over["identifier"]
    assert of(rendered(sample_notice(kind="case_status_change", details={"status": "s47_enquiry"})), "Flag") == []


def test_amendment_and_withdrawal_meet_the_flag_already_on_the_record() -> None:
    first = sample_notice()
    amended = sample_notice(id="5f6f1f0e-58a7-5c1b-9d3e-0a6a4a1f2b3c", deed=Deed.AMEND)
    withdrawn = sample_notice(
        id="6f6f1f0e-58a7-5c1b-9d3e-0a6a4a1f2b3c",
        deed=Deed.WITHDRAW,
        recorded_at=datetime(2020, 12, 1, 9, 0, tzinfo=UTC),
    )

    assert flag(first)["identifier"] == flag(amended)["identifier"] == flag(withdrawn)["identifier"]
    assert flag(withdrawn)["status"] == "inactive"
    assert flag(withdrawn)["period"] == {"start": "2020-11-18", "end": "2020-12-01"}
    assert any(line.startswith("WITHDRAWN") for line in said(withdrawn))


@pytest.mark.parametrize(
    ("deed", "status", "activity", "word"),
    [
        (Deed.WITHDRAW, "inactive", "NULLIFY", "WITHDRAWN"),
        (Deed.NO_LONGER_YOURS, "inactive", "UPDATE", "NO LONGER YOURS"),
        (Deed.CORRECT, "entered-in-error", "NULLIFY", "CORRECTED"),
    ],
)
def test_each_end_has_its_status_its_day_and_its_words(deed: Deed, status: str, activity: str, word: str) -> None:
    end = ended_notice(deed, ended_at=datetime(2020, 12, 5, 9, 0, tzinfo=UTC))

    assert flag(end)["identifier"] == flag(sample_notice())["identifier"]
    assert (flag(end)["status"], flag(end)["period"]) == (status, {"start": "2020-11-18", "end": "2020-12-05"})
    assert of(rendered(end), "Provenance")[0]["activity"]["coding"][0]["code"] == activity
    assert [line.endswith(" Ended on 2020-12-05.") for line in said(end) if line.startswith(word)] == [True]
    assert ("withdrawn" in " ".join(said(end)).casefold()) is (deed is Deed.WITHDRAW)


def test_pri_05_a_recall_ends_the_flag_of_the_release_and_of_nothing_else() -> None:
    release = sample_notice(obligation=sample_obligation(alert_id="a-1", kind="prisoner_release"))
    recalled = datetime(2021, 2, 18, 9, tzinfo=UTC)
    recall = sample_notice(obligation=sample_obligation(alert_id="a-2", kind="prisoner_recall"), recorded_at=recalled, occurred_at=recalled)
    others = [
        sample_notice(obligation=sample_obligation(alert_id="a-1", kind="ppn")),
        sample_notice(obligation=release.obligation.model_copy(update={"case_id": "case-2"})),
        sample_notice(obligation=release.obligation, people=(NoticePerson(ref="x", role="subject"),)),
    ]

    assert (flag(release)["status"], flag(recall)["status"], flag(recall)["period"]["end"]) == ("active", "inactive", "2021-02-18")
    assert flag(release)["identifier"] == flag(recall)["identifier"]
    assert all(flag(other)["identifier"] != flag(recall)["identifier"] for other in others)


@pytest.mark.parametrize("kind", ["prisoner_release", "prisoner_recall"])
@pytest.mark.parametrize("deed", [Deed.WITHDRAW, Deed.CORRECT])
def test_the_flag_stays_while_a_release_of_the_same_person_stands(kind: str, deed: Deed) -> None:
    end = ended_notice(deed, kind=kind, another_stands=True)

    assert (flag(end)["status"], of(rendered(end), "Provenance")[0]["activity"]["coding"][0]["code"]) == ("active", "UPDATE")
    assert any("A release of the same person stands" in line for line in said(end))
    assert flag(ended_notice(deed, kind=kind))["status"] != "active"


@pytest.mark.parametrize("kind", ["violent_person_flag", "threat_to_staff", "unlawfully_at_large"])
@pytest.mark.parametrize("review_on", [None, date(2020, 1, 1), date(2021, 5, 18)])
def test_not_23_no_date_ends_a_warning_about_staff_safety(kind: str, review_on: date | None) -> None:
    notice = sample_notice(kind=kind, review_on=review_on)

    assert (flag(notice)["status"], flag(notice)["period"]) == ("active", {"start": "2020-11-18"})
    assert review_on is None or f"To be reviewed on: {review_on}" in said(notice)


@pytest.mark.parametrize(
    ("review_on", "end"),
    [(date(2021, 5, 18), {"end": "2021-05-18"}), (None, {}), (date(2020, 1, 1), {"end": "2020-11-18"})],
    ids=["the review date", "nobody has said", "never before it began"],
)
def test_any_other_flag_ends_on_its_review_date_and_no_end_is_invented(review_on: date | None, end: dict[str, str]) -> None:
    assert flag(sample_notice(kind="ppn", review_on=review_on))["period"] == {"start": "2020-11-18", **end}


@pytest.mark.parametrize(
    ("kind", "severity", "deed", "priority"),
    [
        ("threat_to_staff", Sev.MEDIUM, Deed.DELIVER, "stat"),
        ("threat_to_staff", Sev.LOW, Deed.DELIVER, "routine"),
        ("violent_person_flag", Sev.LOW, Deed.DELIVER, "stat"),
        ("ppn", Sev.MEDIUM, Deed.DELIVER, "urgent"),
        ("ppn", Sev.CRITICAL, Deed.DELIVER, "stat"),
        ("meeting", Sev.LOW, Deed.DELIVER, "routine"),
        ("meeting", Sev.HIGH, Deed.DELIVER, "urgent"),
        ("meeting", Sev.LOW, Deed.ESCALATE, "asap"),
    ],
)
def test_priority_is_the_higher_of_kind_and_severity(kind: str, severity: Sev, deed: Deed, priority: str) -> None:
    bundle = rendered(sample_notice(kind=kind, severity=severity, deed=deed))

    assert of(bundle, "Communication")[0]["priority"] == priority


@pytest.mark.parametrize(
    ("relation", "certainty", "words"),
    [
        ("father", "putative", "putative father"),
        ("putative_father", "putative", "putative father"),
        ("ex_partner", "confirmed", "ex partner (confirmed)"),
        ("grandmother", None, "grandmother"),
        (None, None, "a person not named"),
    ],
)
def test_a_relation_never_loses_how_sure_anybody_is(relation: str | None, certainty: str | None, words: str) -> None:
    person = NoticePerson(ref="x", relation=relation, certainty=certainty, name=Name(given="Zeb", family="Quillfeather"))

    assert f"Concerns: {words}" in said(sample_notice(people=(person,)))


def test_release_and_incident_are_told_without_the_offence() -> None:
    details = {
        "release": {"date": "2021-03-12", "confirmed": False, "conditions": ["CANARY"], "restraining_order": True},
        "incident": {
            "reference": "NP/1",
            "children_present": True,
            "welfare_check": False,
            "dash": 17,
            "home_conditions": "No bed.",
        },
        "flag": {"precautions": ["Visit jointly"], "grade": "intimidation"},
    }
    told = said(sample_notice(kind="prisoner_release", details=details))

    for line in (
        "Release date: 2021-03-12 (reported, not confirmed by the prison)",
        "Incident reference: NP/1",
        "Children present: yes",
        "Welfare check made: no",
        "Home conditions, as recorded: No bed.",
        "Precaution: Visit jointly",
        "Grade: intimidation",
    ):
        assert line in told
    assert not any("CANARY" in line or "17" in line.split() for line in told)


def test_the_answer_to_a_message_names_it_by_its_header() -> None:
    notice = sample_notice()
    bundle = rendered(notice)

    assert bundle["id"] == bundle["entry"][0]["resource"]["id"] == notice.id
    assert bundle["entry"][0]["fullUrl"] == f"urn:uuid:{notice.id}"


@given(st.text(alphabet=st.characters(exclude_categories=["Cs"])))
def test_a_uuid_is_made_from_a_name_as_the_standard_says(name: str) -> None:
    assert made_uuid(NAMESPACE, name) == str(uuid5(NAMESPACE, name))


def test_a_notice_id_that_fhir_cannot_hold_is_replaced_by_a_fixed_one() -> None:
    notice = sample_notice(id="not a uuid / nor a FHIR id")

    assert faults_of(rendered(notice)) == validate(HealthAdapter().render(notice).body) == []
    assert rendered(notice) == rendered(notice)


def test_not_26_a_child_who_has_died_is_deceased_on_the_record_and_in_words() -> None:
    child = NoticePerson(ref="c", child=True, name=Name(given="Wrenna"), born=date(2015, 1, 1), died=date(2021, 11, 14))
    notice = sample_notice(children=(child,))

    assert faults_of(rendered(notice)) == validate(HealthAdapter().render(notice).body) == []
    assert [patient.get("deceasedDateTime") for patient in of(rendered(notice), "Patient")] == ["2021-11-14"]
    assert "Died on 2021-11-14: Wrenna" in said(notice)


def test_not_11_an_excerpt_of_which_nobody_said_who_spoke_is_marked_so() -> None:
    notice = sample_notice(narrative=(Excerpt.of("Words."),))

    assert validate(HealthAdapter().render(notice).body) == []
    (communication,) = of(rendered(notice), "Communication")
    marks = {mark["url"]: mark for mark in communication["payload"][-1]["extension"][0]["extension"]}
    assert (marks["said-by"]["valueCode"], marks["observed-first-hand"]["valueCode"]) == ("not-stated", "not-stated")


@pytest.mark.parametrize(("sure", "words"), [({"confirmed": True}, "confirmed"), ({}, "confirmed: not stated")])
def test_pri_04_a_release_says_how_sure_it_is(sure: dict[str, bool], words: str) -> None:
    release = {"release": {"date": "2021-03-12"} | sure}

    assert f"Release date: 2021-03-12 ({words})" in said(sample_notice(kind="prisoner_release", details=release))
    assert "Release date: not stated (confirmed: not stated)" in said(sample_notice(kind="prisoner_release", details={}))


@pytest.mark.parametrize("kind", ["ppn", "domestic_abuse_incident"])
@pytest.mark.parametrize(("stated", "words"), [(True, "yes"), (False, "no"), (None, "not stated")])
def test_not_11_of_an_incident_it_is_told_whether_the_children_were_there_or_that_nobody_said(
    kind: str, stated: bool | None, words: str
) -> None:
    told = said(sample_notice(kind=kind, details={"incident": {} if stated is None else {"children_present": stated}}))

    assert f"Children present: {words}" in told
    assert "Welfare check made: not stated" in told
    assert not any("Children present" in line for line in said(sample_notice(kind="school_concern", details={})))
