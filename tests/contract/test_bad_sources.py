"""Every bad source of the findings' table is found, by the rule that says what is wrong with it, and by that one first and alone."""

from importlib import import_module
from pathlib import Path
from types import ModuleType

import pytest

from alertbus.plugin.kit import calling, elsewhere, source_damage
from alertbus.plugin.kit.source_values import leaks
from alertbus.plugin.testing import SourceConformance, Tier, check
from tests.contract.bad_plugins import good_sources
from tests.contract.bad_plugins.good_sources import CALL, ENQUIRY, FORM, LINES, Calls, Forms, Lines

BAD = sorted(path.stem for path in (Path(__file__).parent / "bad_plugins").glob("source_*.py"))


ELSEWHERE = "reads-the-same-bytes-the-same-way-on-any-machine"
"""The one rule that starts processes: tried where it is the rule that breaks."""


@pytest.fixture(autouse=True)
def in_haste(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(source_damage, "EXAMPLES", 30)
    monkeypatch.setattr(calling, "SECONDS", 1.0)
    monkeypatch.setattr(calling, "PATIENCE", 2.0)


@pytest.mark.parametrize("name", BAD)
def test_a_bad_source_is_found_by_the_rule_it_breaks_and_by_no_other(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    bad: ModuleType = import_module(f"tests.contract.bad_plugins.{name}")
    if bad.RULE != ELSEWHERE:
        monkeypatch.setattr(elsewhere, "SEEDS", ())

    report = check(SourceConformance, source=bad.source, samples=bad.samples)

    assert {each.id: each.broken for each in report.failed}.keys() == {bad.RULE}, report.failed
    assert report.tier is not Tier.PLATINUM


@pytest.mark.parametrize(
    ("source", "samples"),
    [(Calls(), (CALL, ENQUIRY)), (Lines(), (LINES,)), (Forms(), (FORM,))],
    ids=["JSON", "lines", "XML"],
)
def test_the_source_that_it_was_made_of_is_platinum(source: good_sources.Calls, samples: tuple[bytes, ...]) -> None:
    report = check(SourceConformance, source=source, samples=samples)

    assert [(each.id, each.broken or each.unjudged) for each in report.results if not each.holds] == []
    assert report.tier is Tier.PLATINUM


def test_a_short_name_is_no_leak_where_it_is_part_of_another_word() -> None:
    assert leaks("after validation it may be sent", ["Ida", "May", "Zebedee"]) == []
    assert leaks("no field for Ida; zebedee's", ["Ida", "May", "Zebedee"]) == [0, 2]
