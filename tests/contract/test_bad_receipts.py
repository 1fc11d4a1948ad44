"""Every bad reader of receipts is found, by the rule that says what is wrong with it, and by that one first and alone."""

from importlib import import_module
from pathlib import Path
from types import ModuleType

import pytest

from alertbus.plugin import ReceiptGiven, Stage
from alertbus.plugin.kit.named_samples import NamedSample
from alertbus.plugin.kit.receipt_suite import ReceiptConformance
from alertbus.plugin.plain import Plain
from alertbus.plugin.testing import AdapterConformance, Tier, check
from tests.contract.bad_plugins.good_receipts import ACTING, PASSED_ON, RECEIVED, REFUSED, Answering

BAD = sorted(path.stem for path in (Path(__file__).parent / "bad_plugins").glob("receipt_*.py"))


@pytest.mark.parametrize("name", BAD)
def test_a_bad_reader_is_found_by_the_rule_it_breaks_and_by_no_other(name: str) -> None:
    bad: ModuleType = import_module(f"tests.contract.bad_plugins.{name}")

    report = check(ReceiptConformance, adapter=bad.adapter, receipts=bad.receipts)

    assert {each.id: each.broken for each in report.failed}.keys() == {bad.RULE}, report.failed
    assert report.tier is not Tier.PLATINUM


@pytest.mark.parametrize(
    ("adapter", "receipts"), [(Answering(), (RECEIVED, REFUSED, ACTING, PASSED_ON)), (Plain(), ())], ids=["reads them", "has none"]
)
def test_who_reads_them_well_and_who_reads_none_keep_the_rules(adapter: Answering, receipts: tuple[bytes, ...]) -> None:
    report = check(ReceiptConformance, adapter=adapter, receipts=receipts)

    assert issubclass(AdapterConformance, ReceiptConformance)
    assert [(each.id, each.broken or each.unjudged) for each in report.results if not each.holds] == []
    assert report.tier is Tier.PLATINUM


@pytest.mark.parametrize("wanted", ["put some into samples/answering/; samples/receipts/ has 4 files that nobody reads: rename it", ""])
def test_who_has_no_samples_is_told_where_they_belong(wanted: str) -> None:
    (failed,) = check(ReceiptConformance, adapter=Answering(), receipts=(), receipts_wanted=wanted).failed

    assert failed.broken.startswith("no sample receipts: set `receipts`, or ")
    assert failed.broken.endswith(wanted or "put some into samples/<the adapter's name>/")


def test_a_sample_is_named_by_its_file_with_what_the_gateway_answers() -> None:
    acted = NamedSample(ACTING, "samples/answering/acted.json")
    adapter = type("ByNobody", (Answering,), {"read": lambda self, answer: ReceiptGiven(self.key(answer), Stage.ACKNOWLEDGED)})()

    (failed,) = check(ReceiptConformance, adapter=adapter, receipts=(acted,)).failed

    assert failed.broken == (
        "samples/answering/acted.json: read as `acknowledged`, and the gateway refuses that (422). Expected in by: the name of the person "
        "who acknowledges, on one line; intent: what they will do: `acting`, `passing_on`, `not_ours`"
    )
