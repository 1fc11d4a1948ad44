"""The plugin author's reference: every field that an adapter may read or a source may state is explained, and the pages are as the models say."""

import pytest

from alertbus.model.alert import Alert
from alertbus.model.details import Details
from alertbus.model.field_words import field_words, words_within
from alertbus.model.identity import PersonMerged, PersonSplit
from alertbus.model.notice import ConsentStanding, Content, Notice
from alertbus.model.sensitivity import Sensitivity
from alertbus.plugin.field_reference import alert_reference, notice_reference
from alertbus.policy.load import load_policy

WORDS = {name: word for root in (Notice, Details, Alert, PersonMerged, PersonSplit) for name, word in words_within(root).items()}


@pytest.mark.parametrize("name", WORDS)
def test_every_field_that_a_plugin_meets_says_what_it_holds(name: str) -> None:
    word = WORDS[name]
    assert sorted(word.model_fields.keys() - field_words(word).keys()) == []


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
