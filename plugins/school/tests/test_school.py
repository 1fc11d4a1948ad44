"""Concern forms of a school: what is carried, and what is refused."""

import json
from datetime import timedelta
from pathlib import Path
from typing import Any, ClassVar

import jsonschema
import pytest
from alertbus_school import School, schema

from alertbus.plugin import Alert, UnreadableMessage
from alertbus.plugin.schema import text_of
from alertbus.plugin.testing import SPOKEN, SourceConformance

PUBLISHED = Path(__file__).parents[3] / "schemas" / "school-concern.v1.json"
UPN = "B801200005001"
HER_OWN = {"words": "I slept in the car", "said_by": "child", "first_hand": False}


def concern(**changes: Any) -> dict[str, Any]:
    return {
        "concern_id": "C-2021-118",
        "seen_at": "2021-06-17T09:10:00+01:00",
        "sent_at": "2021-06-22T11:45:00+01:00",
        "school": {"urn": "123456"},
        "staff_role": "designated_safeguarding_lead",
        "children": [{"upn": UPN, "given": "Wrenna"}],
        "adults": [{"role": "parent", "description": "her mother"}],
        "about": "concern",
        "words": SPOKEN,
        "said_by": "professional",
        "first_hand": True,
        **changes,
    }


def parse(message: object) -> Alert:
    outcome = School().parse(json.dumps(message).encode(), {})
    assert isinstance(outcome, list)
    return outcome[0]


def refused(message: object) -> list[tuple[str, str]]:
    with pytest.raises(UnreadableMessage) as error:
        parse(message)
    return [(f.path, f.expected) for f in error.value.faults]


class TestConformance(SourceConformance):
    source = School()
    samples: ClassVar[list[bytes]] = [
        json.dumps(concern()).encode(),
        json.dumps(concern(about="pregnancy", said_by="child", first_hand=False, adults=[])).encode(),
        json.dumps(concern(action="amended", immediate_danger=True, family_informed=False, more=[HER_OWN])).encode(),
    ]


def test_a_concern_sent_late_shows_when_it_was_seen() -> None:
    raised = parse(concern())

    assert raised.recorded_at - raised.occurred_at == timedelta(days=5, hours=2, minutes=35)
    assert raised.model_dump(mode="json", exclude_defaults=True) == {
        "id": "C-2021-118",
        "source": "school.123456",
        "kind": "school_concern",
        "occurred_at": "2021-06-17T09:10:00+01:00",
        "recorded_at": "2021-06-22T11:45:00+01:00",
        "subjects": [{"role": "parent", "person": {"label": "her mother"}}],
        "children": [
            {
                "role": "child",
                "person": {"name": {"given": "Wrenna"}, "identifiers": [{"system": "upn", "value": UPN}]},
            }
        ],
        "narrative": [{"text": SPOKEN, "said_by": "professional", "observed_first_hand": True}],
        "severity": "high",
        "details": {"incident": {"reference": "C-2021-118", "officer": "designated_safeguarding_lead"}},
    }


def test_a_childs_words_about_a_pregnancy_stay_the_childs() -> None:
    raised = parse(concern(about="pregnancy", words="Mummy has a baby in her tummy", said_by="child", first_hand=False))

    assert raised.kind == "concealed_pregnancy_concern"
    assert [(n.text, n.said_by, n.observed_first_hand) for n in raised.narrative] == [("Mummy has a baby in her tummy", "child", False)]


def test_voi_01_what_staff_saw_and_what_the_child_said_stand_apart() -> None:
    raised = parse(concern(more=[HER_OWN]))

    assert [(piece.text, piece.said_by, piece.observed_first_hand) for piece in raised.narrative] == [
        (SPOKEN, "professional", True),
        ("I slept in the car", "child", False),
    ]


def test_more_than_an_alert_takes_is_refused_and_not_cut() -> None:
    long = {**HER_OWN, "words": "x" * 65_536}

    assert [path for path, _ in refused(concern(more=[long] * 4))] == ["more"]


@pytest.mark.parametrize("action", ["amended", "withdrawn"])
def test_a_school_corrects_or_takes_back_what_it_sent(action: str) -> None:
    first, later = parse(concern()), parse(concern(action=action))

    assert (later.alert_id, later.action) == (first.alert_id, action)


def test_immediate_danger_is_critical_and_whether_the_family_was_told_is_as_stated() -> None:
    assert (parse(concern()).severity, parse(concern()).family_informed) == ("high", None)
    assert (parse(concern(immediate_danger=True)).severity, parse(concern(family_informed=False)).family_informed) == ("critical", False)


def test_sent_before_it_was_seen_is_refused() -> None:
    assert refused(concern(sent_at="2021-06-16T09:00:00Z")) == [("$", "expected `seen_at` not after `sent_at`")]


def test_every_fault_is_told_at_once_and_none_with_its_value() -> None:
    faults = refused(
        concern(
            seen_at="2021-06-17T09:10:00",
            school={"urn": "12"},
            staff_role="Mrs Quillfeather",
            children=[{"upn": "Q207000016049"}],
            about="rumour",
            teacher="Quillfeather",
        )
    )

    assert [path for path, _ in faults] == [
        "seen_at",
        "school.urn",
        "staff_role",
        "children[0].upn",
        "about",
        "teacher",
    ]
    assert not [value for value in ("Quillfeather", "Q207000016049", "rumour") if value in str(faults)]


def test_it_is_about_at_least_one_child() -> None:
    assert [path for path, _ in refused(concern(children=[]))] == ["children"]


def test_the_published_schema_is_current_and_accepts_a_concern() -> None:
    assert PUBLISHED.read_text(encoding="utf-8") == text_of(schema()), (
        "regenerate it: python -m alertbus_school > schemas/school-concern.v1.json"
    )
    jsonschema.validate(concern(), schema())
