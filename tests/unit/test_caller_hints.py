# ruff: noqa: RUF001  full-width letters and typographic apostrophes are what is tested
"""Words from which somebody may work out who told: held where the source must stay unknown (NOT-01, ANO-01)."""

import time
from datetime import UTC, datetime
from enum import StrEnum
from typing import Annotated, Any, Literal

import pytest
from pydantic import Field

from alertbus.model.alert import Alert
from alertbus.model.base import Word
from alertbus.model.case import Case
from alertbus.model.details import Details
from alertbus.model.free_text import free_text, is_free_text
from alertbus.model.screening import Clue, Revealed, revealed_to
from alertbus.policy.caller_hints import clues_to_caller, hints_at_caller
from alertbus.policy.load import load_policy

POLICY = load_policy()
WHEN = datetime(2026, 3, 2, 9, tzinfo=UTC)


def alert(kind: str = "nspcc_concern", **changes: Any) -> Alert:
    stated = {"id": "1", "source": "nspcc", "kind": kind, "occurred_at": WHEN, "recorded_at": WHEN, "subjects": [{"person": {}}]}
    return Alert.model_validate(stated | changes)


def on_case(person_id: str, scope: str = "children_case") -> Case:
    people, involved = [{"key": "a", "person_ids": [person_id]}], [{"agency": "mash", "scope": scope}]
    return Case.model_validate({"id": "c1", "people": people, "involvements": involved})


@pytest.mark.parametrize(
    "text",
    [
        "I am her aunt.",
        "I'm a nurse and worried.",
        "I’m Kayleigh's sister.",
        "My niece is left alone.",
        "My next door neighbour leaves them alone.",
        "As her neighbour I hear it every night.",
        "They are next door.",
        "It comes through the wall every night.",
        "We live above them, opposite us is a shop.",
        "I used to live with him.",
        "She told me that he hits the boy.",
        "She confided in me.",
        "The caller is the maternal grandmother.",
        "Caller lives in the same block.",
        "The referrer said that she is a teacher at the school.",
        "Caller rang at 16:42 and was upset.",
        "At 4.42pm a woman called about the baby.",
        "Ring me on 01632 960777.",
        "write to zeb@example.org",
        "Ｉ　ａｍ　ｈｅｒ　ａｕｎｔ",
        "I a\u200bm her aunt",
    ],
)
def test_not_01_a_hint_at_the_caller_is_found(text: str) -> None:
    assert hints_at_caller(text)


@pytest.mark.parametrize(
    "text",
    [
        "The children are left alone from 9 to 11 at night.",
        "The mother is shouting and the baby cries. As a result the child is hungry.",
        "He was released on 14 May. The school was told.",
        "The caller is worried about the youngest child.",
        "Their home is dirty, the garden is full of needles.",
        "",
    ],
)
def test_words_about_the_family_alone_are_no_hint(text: str) -> None:
    assert not hints_at_caller(text)


@pytest.mark.parametrize("text", ["I am " + "a" * 65_000, "0 " * 32_000, "a" * 65_000, "my " * 20_000, "the caller is " * 4_000])
def test_no_text_makes_the_search_slow(text: str) -> None:
    begun = time.process_time()
    hints_at_caller(text)

    assert time.process_time() - begun < 1


@pytest.mark.parametrize("kind", ["nspcc_concern", "concealed_pregnancy_concern"])
def test_ano_01_where_the_kind_hides_its_source_every_free_text_is_looked_through(kind: str) -> None:
    said = alert(
        kind,
        narrative=[{"text": "The baby cries."}, {"text": "I am her aunt."}],
        details={"incident": {"home_conditions": "seen from my window"}},
    )

    assert {(one.clue, one.where) for one in clues_to_caller(said, POLICY.kind_rule(kind))} == {
        (Clue.CALLER, "narrative[1]"),
        (Clue.CALLER, "details.incident.home_conditions"),
    }


def test_ano_01_an_anonymous_caller_is_protected_in_an_alert_of_any_kind() -> None:
    told = alert("ppn", narrative=[{"text": "I am her aunt."}])
    anonymous = alert("ppn", narrative=[{"text": "I am her aunt."}], referrer={"anonymous": True})

    assert list(clues_to_caller(told, POLICY.kind_rule("ppn"))) == []
    assert [one.where for one in clues_to_caller(anonymous, POLICY.kind_rule("ppn"))] == ["narrative[0]"]


def test_a_clue_is_kept_from_every_case_but_those_of_the_people_it_points_at() -> None:
    name, caller = Revealed(clue=Clue.NAME, where="narrative[0]", person_ids=("p1", "p2")), Revealed(clue=Clue.CALLER, where="narrative[0]")

    assert revealed_to([name, caller], on_case("p2")) == (caller,)
    assert revealed_to([name, caller], on_case("p3")) == (name, caller)
    assert revealed_to([name, caller], on_case("p3", scope="front_door")) == (caller,)


def test_a_field_of_the_details_that_takes_any_text_counts_as_free_text_by_itself() -> None:
    said = alert(
        narrative=[{"text": "one"}],
        details={
            "release": {"conditions": ["two", "three"], "date": "2026-03-01"},
            "flag": {"precautions": ["four"], "grade": "threat"},
            "incident": {"reference": "R1", "officer": "PC 4", "grade": "red", "home_conditions": "five"},
            "unheard_of": {"text": "not shown to anybody"},
        },
    )

    assert [text for _, text in free_text(said)] == ["one", "two", "three", "four", "five"]
    assert not is_free_text(Details, "release")


class _Chosen(StrEnum):
    ONE = "one"


class _Section(Word):
    any_text: str | None = None
    any_texts: tuple[str, ...] = ()
    chosen: _Chosen | None = None
    literal: Literal["one", "two"] | None = None
    formed: str | None = Field(default=None, pattern="^[a-z]$")
    each_formed: tuple[Annotated[str, Field(pattern="^[a-z]$")], ...] = ()
    number: int | None = None


def test_what_comes_from_a_closed_list_or_has_a_form_is_no_free_text() -> None:
    assert [field for field in _Section.model_fields if is_free_text(_Section, field)] == ["any_text", "any_texts"]
