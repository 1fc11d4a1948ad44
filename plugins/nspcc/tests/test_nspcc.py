"""Referrals of the helpline: what is taken, and above all what is not."""

import json
from pathlib import Path
from typing import Any, ClassVar

import jsonschema
import pytest
from alertbus_nspcc import Nspcc, schema

from alertbus.plugin import Alert, Severity, UnreadableMessage
from alertbus.plugin.schema import text_of
from alertbus.plugin.testing import NHS_NUMBERS, SPOKEN, SourceConformance

PUBLISHED = Path(__file__).parents[3] / "schemas" / "nspcc-referral.v1.json"


def referral(**changes: Any) -> dict[str, Any]:
    return {
        "referral_id": "NS-2021-0622-17",
        "received_at": "2021-06-22T19:40:00+01:00",
        "caller": {"anonymous": True, "reference": "H-20417"},
        "children": [{"given": "Wrenna", "family": "Quillfeather-Moss", "nhs_number": NHS_NUMBERS[0]}],
        "adults": [{"role": "parent", "description": "the mother"}],
        "concern": {"themes": ["substance_misuse"], "words": SPOKEN},
        "immediate_danger": False,
        **changes,
    }


def parse(message: object) -> Alert:
    outcome = Nspcc().parse(json.dumps(message).encode(), {})
    assert isinstance(outcome, list)
    return outcome[0]


def refused(message: object) -> list[tuple[str, str]]:
    with pytest.raises(UnreadableMessage) as error:
        parse(message)
    return [(f.path, f.expected) for f in error.value.faults]


class TestConformance(SourceConformance):
    source = Nspcc()
    samples: ClassVar[list[bytes]] = [
        json.dumps(referral()).encode(),
        json.dumps(referral(caller={"anonymous": False}, adults=[], immediate_danger=True)).encode(),
        json.dumps(referral(children=[], concern={"words": "Shouting at night."})).encode(),
    ]


def test_a_referral_is_one_concern_with_its_words_untouched() -> None:
    raised = parse(referral())

    assert raised.model_dump(mode="json", exclude_defaults=True) == {
        "id": "NS-2021-0622-17",
        "source": "nspcc.helpline",
        "kind": "nspcc_concern",
        "occurred_at": "2021-06-22T19:40:00+01:00",
        "recorded_at": "2021-06-22T19:40:00+01:00",
        "subjects": [{"role": "parent", "person": {"label": "the mother"}}],
        "children": [
            {
                "role": "child",
                "person": {
                    "name": {"given": "Wrenna", "family": "Quillfeather-Moss"},
                    "identifiers": [{"system": "nhs_number", "value": NHS_NUMBERS[0]}],
                },
            }
        ],
        "narrative": [{"text": SPOKEN, "said_by": "public", "observed_first_hand": False}],
        "severity": "high",
        "details": {"themes": ["substance_misuse"]},
        "referrer": {"anonymous": True, "reference": "H-20417"},
    }


def test_immediate_danger_is_critical() -> None:
    assert parse(referral(immediate_danger=True)).severity is Severity.CRITICAL


@pytest.mark.parametrize(
    ("where", "changed"),
    [
        ("caller.name", referral(caller={"anonymous": True, "name": "Quillfeather"})),
        ("caller.phone", referral(caller={"anonymous": True, "phone": "01632 960777"})),
        ("caller.relationship", referral(caller={"anonymous": True, "relationship": "aunt"})),
        ("referrer", referral(referrer={"anonymous": True})),
        ("concern.reported_by", referral(concern={"words": "Shouting.", "reported_by": "Quillfeather"})),
        ("children[0].telephone", referral(children=[{"given": "Wrenna", "telephone": "01632 960777"}])),
        ("adults[0].contact", referral(adults=[{"given": "Zeb", "contact": "01632 960777"}])),
        ("caller_name", referral(caller_name="Quillfeather")),
    ],
)
def test_who_called_is_refused_wherever_it_stands(where: str, changed: object) -> None:
    faults = refused(changed)

    assert [path for path, _ in faults] == [where]
    assert "Quillfeather" not in str(faults)


def test_a_professional_is_never_anonymous_and_is_heard_as_one() -> None:
    at_work = {"anonymous": False, "professional": True, "reference": "H-20417"}

    assert [said.said_by for said in parse(referral(caller=at_work)).narrative] == ["professional"]
    assert [path for path, _ in refused(referral(caller={**at_work, "anonymous": True}))] == ["caller.anonymous"]


@pytest.mark.parametrize("reference", ["Jane-Quillfeather", "07700900123", "a b", ""])
def test_a_reference_is_neither_a_name_nor_a_number_to_ring(reference: str) -> None:
    assert [path for path, _ in refused(referral(caller={"anonymous": True, "reference": reference}))] == ["caller.reference"]


@pytest.mark.parametrize("words", ["Ring me on 01632 960777.", "+44 7700 900123", "write to zeb@example.org please"])
def test_words_that_say_how_to_reach_somebody_are_refused_whole(words: str) -> None:
    assert refused(referral(concern={"words": words})) == [
        ("concern.words", "expected no telephone number or e-mail address: the bus never takes how to reach a caller")
    ]


def test_not_01_words_from_which_the_caller_may_be_known_are_left_to_the_bus_which_holds_them_before_delivery() -> None:
    raised = parse(referral(concern={"words": "I am her aunt."}))

    assert raised.narrative[0].text == "I am her aunt."
    assert raised.details.model_extra == {}


def test_every_fault_is_told_at_once_and_none_with_its_value() -> None:
    faults = refused(
        referral(
            referral_id=7,
            received_at="yesterday",
            children=[{}, {"given": "Wrenna", "nhs_number": "9988462442"}],
            immediate_danger="no",
        )
    )

    assert [path for path, _ in faults] == [
        "referral_id",
        "received_at",
        "children[0]",
        "children[1].nhs_number",
        "immediate_danger",
    ]
    assert not [value for value in ("9988462442", "Wrenna", "yesterday") if value in str(faults)]


def test_it_is_about_somebody() -> None:
    assert refused(referral(children=[], adults=[])) == [("$", "expected at least one entry in `children` or `adults`")]


def test_the_published_schema_is_current_and_accepts_a_referral() -> None:
    assert PUBLISHED.read_text(encoding="utf-8") == text_of(schema()), (
        "regenerate it: python -m alertbus_nspcc > schemas/nspcc-referral.v1.json"
    )
    jsonschema.validate(referral(), schema())
