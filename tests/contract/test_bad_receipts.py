"""Every bad reader of receipts is found, by the rule that says what is wrong with it, and by that one first and alone."""

from importlib import import_module
from pathlib import Path
from types import ModuleType

import pytest

from alertbus.plugin.kit.receipt_suite import ReceiptConformance
from alertbus.plugin.plain import Plain
from alertbus.plugin.testing import AdapterConformance, Tier, check
from tests.contract.bad_plugins.good_receipts import RECEIVED, REFUSED, Answering

BAD = sorted(path.stem for path in (Path(__file__).parent / "bad_plugins").glob("receipt_*.py"))


@pytest.mark.parametrize("name", BAD)
def test_a_bad_reader_is_found_by_the_rule_it_breaks_and_by_no_other(name: str) -> None:
    bad: ModuleType = import_module(f"tests.contract.bad_plugins.{name}")

    report = check(ReceiptConformance, adapter=bad.adapter, receipts=bad.receipts)

    assert {each.id: each.broken for each in report.failed}.keys() == {bad.RULE}, report.failed
    assert report.tier is not Tier.PLATINUM


@pytest.mark.parametrize(("adapter", "receipts"), [(Answering(), (RECEIVED, REFUSED)), (Plain(), ())], ids=["reads them", "has none"])
def test_who_reads_them_well_and_who_reads_none_keep_the_rules(adapter: Answering, receipts: tuple[bytes, ...]) -> None:
    report = check(ReceiptConformance, adapter=adapter, receipts=receipts)

    assert issubclass(AdapterConformance, ReceiptConformance)
    assert [(each.id, each.broken or each.unjudged) for each in report.results if not each.holds] == []
    assert report.tier is Tier.PLATINUM
