"""What a force's own system sends: a Public Protection Notice in the bus's shape, read with nothing lost and nothing added."""

import hashlib
import json
from collections.abc import Callable, Mapping
from datetime import date
from pathlib import Path
from typing import Any, ClassVar

import jsonschema
import pytest
from alertbus_police import PoliceAdapter, PoliceReports, report_schema
from hypothesis import given
from hypothesis import strategies as st

from alertbus.plugin import Alert, Ignored, Narrative, Notice, Severity, UnreadableMessage
from alertbus.plugin.schema import text_of
from alertbus.plugin.testing import SPOKEN, SourceConformance, every_notice, minimal_notice, sample_notice

PUBLISHED = Path(__file__).parents[3] / "schemas" / "police-ppn-report.v1.json"
CHILD = "I hid under the bed. He was \u201creally\u201d loud"


def incident(**changes: Any) -> dict[str, Any]:
    return {
        "reference": "NP/21/0187",
        "grade": "amber",
        "children_present": True,
        "welfare_check": True,
        "home_conditions": "No food in the kitchen. A mattress on the floor.",
        "officer": "PC 999",
        "parental_responsibility": "the mother, for both",
        "children_seen_at": "2021-01-02T21:40:00Z",
        "shared_with": ["MASH, by the duty sergeant, 23:10"],
        **changes,
    }


def report(**changes: Any) -> dict[str, Any]:
    return {
        "schema": "police-ppn-report.v1",
        "report": {"id": "PPN-2021-0187", "force": "northants", "sent_at": "2021-01-02T23:15:00Z"},
        "persons": [
            {"id": "c1", "child": True, "role": "present", "given_name": "Wrenna", "date_of_birth": "2019-05-17"},
            {"id": "c2", "child": True, "label": "an older brother, at his grandmother's"},
            {"id": "a1", "child": False, "role": "present", "given_name": "Ida", "family_name": "Quillfeather-Moss"},
            {
                "id": "a2",
                "child": False,
                "role": "sought",
                "family_name": "Quillfeather",
                "identifiers": [{"system": "pnc", "value": "81/34U"}],
            },
        ],
        "objects": [{"id": "o1", "type": "weapon", "description": "A kitchen knife lay beside the settee."}],
        "locations": [{"id": "l1", "uprn": "100012345678", "lines": ["7 Thistlebank"], "postcode": "ZZ99 9ZZ"}],
        "events": [
            {
                "id": "e1",
                "type": "ppn",
                "occurred_at": "2021-01-02T21:30:00Z",
                "recorded_at": "2021-01-02T22:55:00Z",
                "observations": [
                    {"text": SPOKEN, "said_by": "professional", "observed_first_hand": True},
                    {"text": CHILD, "said_by": "child", "observed_first_hand": False},
                ],
                "details": {"incident": incident()},
            }
        ],
        "links": [{"from": one, "to": "l1", "type": "known_address"} for one in ("c1", "a1")],
        **changes,
    }


def event(**changes: Any) -> dict[str, Any]:
    return report(events=[{**report()["events"][0], **changes}])


def parse(message: object) -> Alert:
    outcome = PoliceReports().parse(json.dumps(message).encode(), {})
    assert isinstance(outcome, list)
    return outcome[0]


def refused(message: object) -> list[str]:
    with pytest.raises(UnreadableMessage) as error:
        parse(message)
    return [fault.path for fault in error.value.faults]


SHORT = {
    **event(type="domestic_abuse_incident", observations=[], details={"incident": {"dash": 14, "dash_grade": "high", "marac": True}}),
    **{array: [] for array in ("objects", "locations", "links")},
}


class TestReportConformance(SourceConformance):
    source = PoliceReports()
    samples: ClassVar[list[bytes]] = [
        json.dumps(report()).encode(),
        json.dumps({**SHORT, "persons": [{"id": "a1", "child": False, "role": "victim", "given_name": "Ida"}]}).encode(),
        json.dumps({"schema": "police-ppn.v1", "notice": {"id": "x"}}).encode(),
    ]


def test_lnk_11_ppn_01_every_child_every_adult_there_and_whom_they_looked_for_are_in_the_alert() -> None:
    raised = parse(report())

    assert [(one.role, one.person.name.full if one.person.name else one.person.label) for one in raised.children] == [
        ("present", "Wrenna"),
        ("child", "an older brother, at his grandmother's"),
    ]
    assert [(one.role, one.person.name and one.person.name.full) for one in raised.subjects] == [
        ("present", "Ida Quillfeather-Moss"),
        ("sought", "Quillfeather"),
    ]
    assert [(i.system.value, i.value) for i in raised.subjects[1].person.identifiers] == [("pnc", "1981/0000034U")]
    assert [len(one.person.addresses) for one in (*raised.children, *raised.subjects)] == [1, 0, 1, 0]
    assert (raised.id, raised.source, raised.kind, raised.severity) == ("PPN-2021-0187", "police.northants", "ppn", Severity.MEDIUM)


def test_voi_01_the_words_are_carried_as_they_are_and_so_is_what_an_object_is_said_to_be() -> None:
    raised = parse(report())

    assert raised.narrative == (
        Narrative(text=SPOKEN, said_by="professional", observed_first_hand=True),
        Narrative(text=CHILD, said_by="child", observed_first_hand=False),
        Narrative(text="A kitchen knife lay beside the settee."),
    )
    facts = raised.details.incident
    assert facts is not None
    assert facts.model_dump(mode="json", exclude_unset=True) == incident()


def test_words_that_were_altered_on_the_way_are_refused() -> None:
    whole = {"text": CHILD, "sha256": hashlib.sha256(CHILD.encode()).hexdigest()}

    assert parse(event(observations=[whole])).narrative[0].text == CHILD
    assert refused(event(observations=[{**whole, "text": CHILD + "."}])) == ["events[0].observations[0].sha256"]


@pytest.mark.parametrize(
    ("grade", "severity"),
    [("red", "high"), ("amber", "medium"), ("green", "low"), ("high", "high"), ("standard", "medium"), (None, "medium")],
)
def test_the_grade_is_the_officers_and_says_how_grave_it_is(grade: str | None, severity: str) -> None:
    raised = parse(event(details={"incident": {"grade": grade} if grade else {"officer": "PC 999"}}))

    assert raised.severity == severity


def test_the_dash_travels_as_a_count_and_a_grade_and_a_disclosure_as_a_word() -> None:
    said = {"dash": 9, "dash_grade": "high", "dash_reason": "pregnant", "reports_in_year": 3, "marac": True, "dvds": "made"}
    raised = parse(event(type="domestic_abuse_incident", details={"incident": said}))

    assert raised.details.incident is not None
    assert raised.details.incident.model_dump(exclude_unset=True) == said


@pytest.mark.parametrize("name", ["dash_questions", "dash_answers", "disclosure", "dvds_disclosure"])
def test_the_text_of_a_question_or_of_a_disclosure_is_refused_wherever_it_stands(name: str) -> None:
    assert refused({**report(), name: "CANARY"}) == [name]
    assert refused(event(details={"incident": {name: ["CANARY"]}})) == [f"events[0].details.incident.{name}"]


@pytest.mark.parametrize("system", ["nhs_number", "upn"])
def test_a_health_or_a_school_number_has_no_place(system: str) -> None:
    somebody = {"id": "c1", "child": True, "identifiers": [{"system": system, "value": "9988462441"}]}

    assert refused(report(persons=[somebody], locations=[], links=[])) == ["persons[0].identifiers[0].system"]


def test_every_fault_is_told_at_once_by_its_place_and_never_its_value() -> None:
    message = report(
        persons=[{"id": "a1", "child": False, "identifiers": [{"system": "pnc", "value": "2001/0171310S"}]}, {"id": "a1", "child": True}],
        links=[{"from": "nobody", "to": "l1", "type": "known_address"}],
    )
    with pytest.raises(UnreadableMessage) as error:
        parse(message)

    assert [fault.path for fault in error.value.faults] == [
        "persons[0].identifiers[0].value",
        "persons[1].id",
        "links[0].from",
        "locations[0]",
    ]
    assert "0171310" not in str(error.value)


def test_a_persons_number_is_no_number_of_a_report() -> None:
    head = {**report()["report"], "id": "PNC-1981/0000034U"}

    assert refused(report(report=head)) == ["report.id"]


def test_the_number_of_a_house_or_of_an_authoritys_file_may_happen_to_stand_in_that_of_a_report() -> None:
    somebody = {"id": "c1", "child": True, "identifiers": [{"system": "la_child_id", "value": "2021"}]}

    assert parse(report(persons=[somebody], locations=[], links=[])).id == "PPN-2021-0187"


GUESTS = [{"id": f"p{n}", "child": False, "label": "a guest"} for n in range(51)]
DOORS = [{"id": f"l{n}", "uprn": f"10001234{n:04}"} for n in range(21)]


@pytest.mark.parametrize(
    ("message", "path"),
    [
        (report(persons=GUESTS, locations=[], links=[]), "persons"),
        (event(observations=[{"text": "Words."}] * 20), "$"),
        (event(observations=[{"text": "x" * 65_536}] * 4), "events[0].observations"),
        (report(locations=DOORS, links=[{"from": "a1", "to": door["id"], "type": "known_address"} for door in DOORS]), "persons[2]"),
    ],
    ids=["persons", "observations", "observations and an object", "places of one person"],
)
def test_more_than_an_alert_takes_is_refused_and_not_cut(message: dict[str, Any], path: str) -> None:
    assert refused(message) == [path]


@pytest.mark.parametrize("action", ["amended", "withdrawn"])
def test_a_later_word_on_the_same_report_is_about_the_same_alert(action: str) -> None:
    first = parse(report())
    later = parse(report(report={**report()["report"], "action": action, "sent_at": "2021-01-05T09:00:00Z"}))

    assert (later.alert_id, later.action.value) == (first.alert_id, action)
    assert later.recorded_at > first.recorded_at


def test_what_the_bus_itself_sent_to_police_is_not_stated_again() -> None:
    own = PoliceReports().parse(PoliceAdapter().render(sample_notice()).body, {})

    assert isinstance(own, Ignored)


def as_report(notice: Notice) -> dict[str, Any]:
    """What a force sends that states what it was told, in the arrays in which it was told."""
    told = json.loads(PoliceAdapter().render(notice).body)
    head = {"id": "R-1", "force": "test", "sent_at": "2021-01-02T23:15:00Z"}
    arrays = {name: told[name] for name in ("persons", "objects", "locations", "events", "links")}
    for one in arrays["events"]:
        one.pop("stated", None)  # the bus's own sentences about conferences and requests
        (one["details"].get("incident") or {}).pop("dvds_note", None)
    return {"schema": "police-ppn-report.v1", "report": head, **arrays}


def said(notice: Notice) -> dict[str, Any]:
    everybody = {person.ref: person for person in (*notice.children, *notice.people)}.values()
    return {
        "people": sorted((p.name.full if p.name else "", str(p.born), len(p.addresses)) for p in everybody),
        "words": [(e.text, e.said_by, e.observed_first_hand) for e in notice.narrative],
        "kind": notice.obligation.kind,
        "at": notice.occurred_at,
    }


def heard(alert: Alert) -> dict[str, Any]:
    people = [one.person for one in (*alert.subjects, *alert.children)]
    return {
        "people": sorted((p.name.full if p.name else "", str(p.born), len(p.addresses)) for p in people),
        "words": [(piece.text, piece.said_by, piece.observed_first_hand) for piece in alert.narrative],
        "kind": alert.kind,
        "at": alert.occurred_at,
    }


def test_round_trip_what_the_adapter_writes_of_any_kind_and_deed_the_source_reads_with_nothing_lost() -> None:
    for notice in every_notice():
        assert heard(parse(as_report(notice))) == said(notice)


@given(st.text(st.characters(codec="utf-8"), min_size=1), st.sampled_from(["child", "parent", None]), st.sampled_from([True, False, None]))
def test_round_trip_of_any_words(text: str, said_by: Any, first_hand: bool | None) -> None:
    excerpt = sample_notice().narrative[0].of(text, said_by, observed_first_hand=first_hand)
    notice = sample_notice(narrative=(excerpt,))

    assert heard(parse(as_report(notice)))["words"] == [(text, said_by, first_hand)]


FACTS: Mapping[str, Callable[[], dict[str, Any]]] = {
    "incident": lambda: incident(dash=3, dash_grade="medium", marac=False, dvds="considered", nobody_sought=True),
    "release": lambda: {"date": "2021-03-12", "conditions": ["No contact"], "restraining_order": True, "confirmed": False},
    "flag": lambda: {"precautions": ["Visit in pairs"], "grade": "violence"},
}


@pytest.mark.parametrize("section", list(FACTS))
def test_round_trip_of_every_fact_of_a_section(section: str) -> None:
    facts = FACTS[section]()
    alert = parse(as_report(sample_notice(kind="ppn", details={section: facts})))

    stated = getattr(alert.details, section).model_dump(mode="json", exclude_unset=True)
    assert stated == facts


def test_a_notice_about_nobody_is_refused_with_its_place() -> None:
    assert refused(as_report(minimal_notice())) == ["persons"]


def test_the_published_schema_is_current_and_accepts_a_report() -> None:
    assert PUBLISHED.read_text(encoding="utf-8") == text_of(report_schema()), (
        "regenerate it: python -m alertbus_police report > schemas/police-ppn-report.v1.json"
    )
    jsonschema.validate(report(), report_schema())
    assert date.fromisoformat(report()["persons"][0]["date_of_birth"]).year == 2019
