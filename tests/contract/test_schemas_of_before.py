"""Schemas are compatible both ways: today's read what was written under yesterday's, and yesterday's read what is written today, but for what
`tests/data/schemas_before/stated.txt` says. The schemas there are those of 29 November 2026; they are replaced by a release, with an empty list.
"""

import json
from pathlib import Path
from typing import Any

import jsonschema
import pytest

from alertbus.model.case import Case, Involvement
from alertbus.model.receipt import Intent, Receipt, Stage
from alertbus.plugin.kit.samples import every_notice, sample_alert, sample_briefing, sample_notice
from tests.schema_changes import BEFORE, STATED, TODAY, changes, names_before, since_before, to_state

KEPT = [json.loads(line) for line in (Path(__file__).parents[1] / "data" / "recorded" / "words.jsonl").read_text().splitlines()]
SCHEMA_OF = {
    "alert_accepted": "accepted-alert.v1",
    "case_recorded": "case.v1",
    "case_changed": "case-changed.v1",
    "link_changed": "link-changed.v1",
    "ticked": "tick.v1",
    "alert_about_person": "alert-about-person.v1",
    "alert_reached_case": "alert-reached-case.v1",
    "notice_owed_by_stream": "notice.v1",
    "notice_owed_by_delivery": "notice.v1",
    "receipt_given_by_delivery": "receipt.v1",
    "receipt_given_by_gateway": "receipt.v1",
    "review_needed_by_stream": "review-needed.v1",
    "review_needed_by_gateway": "review-needed.v1",
}
HOW_TO_STATE = (
    "state it: python -m tests.schema_changes says the lines; put them into tests/data/schemas_before/stated.txt, and say so in CHANGELOG"
)


def validator(folder: Path, name: str) -> Any:
    schema = json.loads((folder / f"{name}.json").read_text())
    return jsonschema.Draft202012Validator(schema, format_checker=jsonschema.Draft202012Validator.FORMAT_CHECKER)


def faults(folder: Path, name: str, record: Any) -> list[str]:
    return [f"{error.json_path}: {error.validator}" for error in validator(folder, name).iter_errors(record)]


def as_written(word: Any) -> Any:
    return json.loads(word.model_dump_json(by_alias=True, exclude_defaults=True))


@pytest.mark.parametrize("name", names_before())
def test_nothing_that_was_written_before_is_refused_by_todays_schema(name: str) -> None:
    assert [str(change) for change in since_before(name) if change.reader == "unread"] == []


def test_what_an_older_reader_meets_anew_is_stated_and_nothing_else_is() -> None:
    stated = [line for line in STATED.read_text().splitlines() if line and not line.startswith("#")]

    assert set(to_state()) - set(stated) == set(), HOW_TO_STATE
    assert set(stated) - set(to_state()) == set(), "stated, and not so: take the line out"
    assert stated == sorted(stated)


def test_no_published_schema_is_gone() -> None:
    assert set(names_before()) <= {file.stem for file in TODAY.glob("*.json")}


@pytest.mark.parametrize("kept", [pytest.param(one, id=f"{n}-{one['word']}") for n, one in enumerate(KEPT) if one["word"] in SCHEMA_OF])
def test_todays_schema_reads_the_records_that_stand_on_the_topics(kept: dict[str, Any]) -> None:
    assert faults(TODAY, SCHEMA_OF[kept["word"]], json.loads(kept["value"])) == []


TODAYS: dict[str, tuple[str, list[Any]]] = {
    "notices of every kind and deed": ("notice.v1", list(every_notice())),
    "a notice as rich as it may be": ("notice.v1", [sample_notice(), sample_briefing()]),
    "an alert": ("alert.v1", [sample_alert()]),
    "a case": ("case.v1", [Case(id="c", people=(), children=(), links=(), involvements=(Involvement(agency="school"),))]),
    "a receipt": (
        "receipt.v1",
        [
            Receipt(
                id="r",
                notice_id="n",
                obligation_id="o",
                alert_id="a",
                case_id="c",
                agency="school",
                stage=Stage.ACKNOWLEDGED,
                at=sample_alert().recorded_at,
                by="R. Postholder",
                intent=Intent.ACTING,
            )
        ],
    ),
}


@pytest.mark.parametrize("what", TODAYS)
def test_yesterdays_schema_reads_what_is_written_today(what: str) -> None:
    name, words = TODAYS[what]

    assert [fault for word in words for fault in faults(BEFORE, name, as_written(word))] == []


BASE = {
    "title": "Word",
    "type": "object",
    "additionalProperties": False,
    "required": ["id"],
    "properties": {
        "id": {"type": "string", "maxLength": 10},
        "kind": {"type": "string", "enum": ["a", "b"]},
        "who": {"anyOf": [{"$ref": "#/$defs/Person"}, {"type": "null"}]},
        "list": {"type": "array", "items": {"$ref": "#/$defs/Person"}},
    },
    "$defs": {"Person": {"type": "object", "additionalProperties": False, "properties": {"name": {"type": "string"}}}},
}


@pytest.mark.parametrize(
    ("path", "value", "told"),
    [
        (("properties", "new"), {"type": "string"}, [("added", "Word.new: a new field")]),
        (("properties", "kind"), None, [("unread", "Word.kind: no such field any more")]),
        (("required",), ["id", "kind"], [("unread", "Word.kind: must be there")]),
        (("required",), [], [("added", "Word.id: may be left out")]),
        (("properties", "kind", "enum"), ["a"], [("unread", 'Word.kind: no longer "b"')]),
        (("properties", "kind", "enum"), ["a", "b", "c"], [("added", 'Word.kind: may be "c"')]),
        (("properties", "id", "maxLength"), 5, [("unread", "Word.id: maxLength 5, was 10")]),
        (("properties", "id", "maxLength"), 20, [("added", "Word.id: maxLength 20, was 10")]),
        (("properties", "id", "pattern"), "^x", [("unread", "Word.id: pattern is another")]),
        (
            ("properties", "id", "type"),
            "integer",
            [("added", "Word.id: may be integer"), ("unread", "Word.id: of type integer, was string")],
        ),
        (("properties", "who", "anyOf"), [{"type": "null"}], [("unread", "Word.who: no longer Person")]),
        (("$defs", "Person", "properties", "born"), {"type": "string"}, [("added", "Person.born: a new field")]),
        (("$defs", "Person", "properties", "name", "description"), "Words for people.", []),
    ],
)
def test_the_comparison_tells_who_can_no_longer_read_what(path: tuple[str, ...], value: Any, told: list[tuple[str, str]]) -> None:
    after = json.loads(json.dumps(BASE))
    place = after
    for step in path[:-1]:
        place = place[step]
    if value is None:
        del place[path[-1]]
    else:
        place[path[-1]] = value

    assert sorted((change.reader, str(change)) for change in changes(BASE, after, "Word")) == sorted(told)
