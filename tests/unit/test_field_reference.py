"""The plugin author's reference: every field that an adapter may read or a source may state is explained, and the pages are as the models say."""

import dataclasses
import re
from typing import Any

import pytest
from pydantic import BaseModel

from alertbus.intake.moments import AHEAD, CLOCKS_DIFFER, EARLIEST
from alertbus.model.alert import LONGEST_NARRATIVE, Alert
from alertbus.model.details import Details
from alertbus.model.field_words import field_words, member_words, words_of_fields, words_within
from alertbus.model.identity import PersonMerged, PersonSplit
from alertbus.model.notice import ConsentStanding, Content, Notice
from alertbus.model.receipt import Intent, Stage
from alertbus.model.sensitivity import Sensitivity
from alertbus.plugin.field_reference import alert_reference, notice_reference, rules_over_fields
from alertbus.plugin.protocols import ReceiptGiven
from alertbus.plugin.receipt_reference import needs, receipt_reference
from alertbus.plugin.receipt_rules import SAID_BY_SYSTEMS, faults_of_receipt
from alertbus.policy.human_range import AS_SHIPPED
from alertbus.policy.load import load_policy


def validators_of(word: type[BaseModel]) -> list[str]:
    own = word.__pydantic_decorators__
    return [*own.model_validators, *own.field_validators, *own.root_validators, *own.validators]


WORDS = {name: word for root in (Notice, Details, Alert, PersonMerged, PersonSplit) for name, word in words_within(root).items()}


@pytest.mark.parametrize("name", WORDS)
def test_every_field_that_a_plugin_meets_says_what_it_holds(name: str) -> None:
    word = WORDS[name]
    assert sorted(word.model_fields.keys() - field_words(word).keys()) == []


@pytest.mark.parametrize("name", [name for name, word in WORDS.items() if validators_of(word)])
def test_every_rule_over_several_fields_stands_below_its_table(name: str) -> None:
    """A validator without words of its own would refuse an author's alert by a rule that no page says."""
    rules = rules_over_fields(WORDS[name])
    pages = alert_reference() + notice_reference(load_policy(None).sharing)
    section = pages.partition(f"## {name}\n")[2].partition("\n## ")[0]

    assert len(rules) == len(validators_of(WORDS[name]))
    assert all(len(rule) > 20 and f"- {rule}\n" in section + "\n" for rule in rules), rules


def test_the_rules_that_are_known_are_found() -> None:
    assert {name for name, word in WORDS.items() if rules_over_fields(word)} == {
        *("Alert", "Details", "Excerpt", "Identifier", "PersonPointer", "Subject"),
    }
    assert rules_over_fields(Alert)[0].startswith("At least one of `subjects` and `children`; somebody unknown is a person with a `label`.")
    assert f"at most {4 * LONGEST_NARRATIVE:,} characters" in rules_over_fields(Alert)[0]


def test_the_figures_of_what_the_bus_refuses_besides_are_its_own() -> None:
    besides = alert_reference().partition("## What the bus refuses besides")[2]

    assert f"since {EARLIEST.year} that has passed, by the bus's clock and {CLOCKS_DIFFER.seconds // 60} minutes more" in besides
    assert all(f"`{kind}`" in besides for kind in AHEAD)
    assert f"{AS_SHIPPED.years_back} years back and {AS_SHIPPED.years_ahead} ahead" in besides


def test_words_beneath_a_field_are_found_in_the_class_that_inherits_it() -> None:
    assert field_words(Notice)["flag"].startswith("The line that must be read first")
    assert "as JSON" not in field_words(ConsentStanding)["state"]


def test_the_reference_says_of_a_field_its_form_its_absence_and_its_class() -> None:
    page = notice_reference(load_policy(None).sharing)
    rows = {line.split(" | ")[0].strip("| `"): line for line in page.partition("## Obligation")[0].splitlines() if line.startswith("| `")}
    assert "| list of [Excerpt](#excerpt) | empty | `observation` |" in rows["narrative"]
    assert "| time | *always* | `routing` |" in rows["occurred_at"]
    assert "| `deliver`, `amend`," in rows["deed"]


def test_the_reference_leaves_no_field_without_a_form_or_a_meaning() -> None:
    for page in (notice_reference(load_policy(None).sharing), alert_reference()):
        cells = [line.strip("| ").split(" | ") for line in page.splitlines() if line.startswith("| `") and line.count(" | ") == 4]
        assert len(cells) > 40
        assert [row[0] for row in cells if "anything" in row[1] or not all(cell.strip() for cell in row)] == []


def test_the_reference_shows_no_sector_a_class_that_the_policy_keeps_from_it() -> None:
    page = notice_reference({"health": {Sensitivity.PLAN: Content.FULL}, "housing": {Sensitivity.PLAN: Content.NOTHING}})
    assert "| `plan` | full | nothing |" in page
    assert "| `offence` |" not in page.rpartition("## Who sees which class")[2]


def test_every_field_stage_and_intent_of_a_receipt_says_what_it_means() -> None:
    assert words_of_fields(ReceiptGiven).keys() == {field.name for field in dataclasses.fields(ReceiptGiven)}
    assert [member_words(words).keys() for words in (Stage, Intent)] == [set(Stage), set(Intent)]


def test_the_reference_of_receipts_says_which_stages_are_a_systems_to_give_and_what_each_needs() -> None:
    rows = dict(re.findall(r"^\| `([A-Z_]+)` \| (.*?) \|[^|]*\|$", receipt_reference(), re.MULTILINE))
    assert rows["SENT"].startswith("no: the bus says it")
    assert rows["ACKNOWLEDGED"] == "yes | `idempotency_key`, `by`, `intent`"
    assert (rows["ACCEPTED"], rows["PASSING_ON"]) == ("yes | nothing", "`to`")
    assert "| `by` | text, at most 120 characters | None |" in receipt_reference()


@pytest.mark.parametrize("stage", SAID_BY_SYSTEMS)
def test_a_receipt_with_what_the_reference_asks_is_taken_and_one_that_lacks_any_of_it_is_not(stage: Stage) -> None:
    whole: dict[str, Any] = {"by": "R. Postholder", "intent": Intent.ACTING, "note": "visited"}
    needed = {name: value for name, value in whole.items() if f"`{name}`" in needs(stage)}

    assert faults_of_receipt(ReceiptGiven("6f1f0e3b", stage, **needed)) == []
    for name in needed:
        rest = {other: value for other, value in needed.items() if other != name}
        assert [fault.path for fault in faults_of_receipt(ReceiptGiven("6f1f0e3b", stage, **rest))] == [name]
