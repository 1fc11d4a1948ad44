"""What the helpline is told: a reference and a contact, and nothing about a family, whatever a notice holds."""

import json
from pathlib import Path
from typing import Any

import pytest
from alertbus_nspcc import HelplineAdapter, notice_schema
from jsonschema import Draft202012Validator

from alertbus.plugin import Deed, Notice
from alertbus.plugin.schema import text_of
from alertbus.plugin.testing import CANARIES, SPOKEN, AdapterConformance, ended_notice, every_notice, minimal_notice, sample_notice

PUBLISHED = Path(__file__).parents[3] / "schemas" / "nspcc-notice.v1.json"
VALIDATOR = Draft202012Validator(notice_schema(), format_checker=Draft202012Validator.FORMAT_CHECKER)


class TestHelplineConformance(AdapterConformance):
    adapter = HelplineAdapter()


def told(notice: Notice) -> dict[str, Any]:
    sent: dict[str, Any] = json.loads(HelplineAdapter().render(notice).body)
    assert [f"{list(e.path)}: {e.message}" for e in VALIDATOR.iter_errors(sent)] == []
    return sent


def test_not_01_nothing_of_a_family_is_in_any_notice_whatever_the_bus_lets_through() -> None:
    for notice in [*every_notice(), *(minimal_notice(deed=deed) for deed in Deed)]:
        sent = json.dumps(told(notice), ensure_ascii=False)

        assert not [what for what in (*CANARIES, SPOKEN[:12], "Putative father", "child_in_need", "Visit in pairs") if what in sent]


def test_it_finds_its_own_record_and_knows_whom_to_ring() -> None:
    sent = told(sample_notice(kind="nspcc_concern"))

    assert (sent["reference"], sent["contact"], sent["due"]) == ("T-1", "Duty team, 01632 960123", "2020-11-18T16:00:00+00:00")
    assert sent["text"].splitlines()[-1].startswith("Nothing about the family is shown here.")


def test_the_flag_and_the_marks_come_first() -> None:
    sent = told(sample_notice(exercise="winter", do_not_reveal_source=True))

    assert list(sent)[:3] == ["flag", "exercise", "do_not_reveal_source"]
    assert sent["text"].startswith("EXERCISE winter. Do not visit alone")


@pytest.mark.parametrize("deed", [deed for deed in Deed if deed.ends])
def test_what_is_over_says_which_end_it_is_and_since_when(deed: Deed) -> None:
    sent = told(ended_notice(deed))

    assert (sent["ended_on"], "withdrawn" in sent["text"].lower()) == ("2020-12-01", deed is Deed.WITHDRAW)


def test_the_published_schema_is_current() -> None:
    assert PUBLISHED.read_text(encoding="utf-8") == text_of(notice_schema()), (
        "regenerate it: python -m alertbus_nspcc notice > schemas/nspcc-notice.v1.json"
    )
