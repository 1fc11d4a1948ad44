"""Every bad adapter of the findings' table is found, by the rule that says what is wrong with it, and by that one first and alone."""

from collections.abc import Iterator
from importlib import import_module
from pathlib import Path
from types import ModuleType

import pytest

from alertbus.plugin.kit import calling, other_process
from alertbus.plugin.testing import AdapterConformance, Tier, check
from tests.contract.bad_plugins import adapter_writes_a_file
from tests.contract.bad_plugins.good_adapters import Pages
from tests.contract.bad_plugins.good_markup import HtmlPages, XhtmlPages, XmlPages
from tests.few_kinds import few_kinds

BAD = sorted(path.stem for path in (Path(__file__).parent / "bad_plugins").glob("adapter_*.py"))
ELSEWHERE = {"adapter_order_of_a_set", "adapter_hash", "adapter_place_in_memory", "adapter_needs_a_module_of_tests"} | {
    "adapter_late_import",
    "adapter_first_call_only",
}
"""What shows in another process alone: the others are judged without one, which is quicker."""


@pytest.fixture(autouse=True, scope="module")
def in_haste() -> Iterator[None]:
    with few_kinds(), pytest.MonkeyPatch.context() as patch:
        patch.setattr(calling, "SECONDS", 1.0)
        yield


@pytest.mark.parametrize("name", BAD)
def test_a_bad_adapter_is_found_by_the_rule_it_breaks_and_by_no_other(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    bad: ModuleType = import_module(f"tests.contract.bad_plugins.{name}")
    if name not in ELSEWHERE:
        monkeypatch.setattr(other_process, "SEEDS", ())

    report = check(AdapterConformance, adapter=bad.adapter)

    assert {each.id: each.broken for each in report.failed}.keys() == {bad.RULE}, report.failed
    assert report.tier is not Tier.PLATINUM


@pytest.mark.parametrize("good", [Pages(), XmlPages(), XhtmlPages(), HtmlPages()], ids=lambda good: type(good).__name__)
def test_the_adapters_that_they_are_made_of_are_platinum(good: Pages) -> None:
    report = check(AdapterConformance, adapter=good)

    assert [(each.id, each.broken or each.unjudged) for each in report.results if not each.holds] == []
    assert report.tier is Tier.PLATINUM


def test_nothing_was_written_while_the_kit_looked() -> None:
    check(AdapterConformance, adapter=adapter_writes_a_file.adapter)

    assert not adapter_writes_a_file.TAKEN.exists()
