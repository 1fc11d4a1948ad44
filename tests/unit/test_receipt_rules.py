"""What the bus takes of what an adapter read in a receipt (DESIGN section 8): one rule, which the gateway and the kit both ask."""

from typing import Any

import pytest

from alertbus.model.receipt import Receipt
from alertbus.plugin import Intent, ReceiptGiven, Stage
from alertbus.plugin.receipt_rules import LONGEST, SAID_BY_SYSTEMS, faults_of_receipt

KEY = "6f1f0e3b-58a7-5c1b-9d3e-0a6a4a1f2b3c"
BY = "R. Postholder"


def given(stage: Any = Stage.ACKNOWLEDGED, **fields: Any) -> ReceiptGiven:
    return ReceiptGiven(KEY, stage, **fields)


@pytest.mark.parametrize(
    "receipt",
    [
        given(Stage.ACCEPTED),
        given(Stage.SEEN),
        given(Stage.SEEN, by=BY),
        given(Stage.REFUSED, note="E12"),
        given(Stage.FAILED),
        given(by=BY, intent=Intent.ACTING, role="duty officer"),
        given(by=BY, intent=Intent.PASSING_ON, to="S. Other"),
        given(by=BY, intent=Intent.NOT_OURS, note="moved away"),
        given(Stage.ACTED, by=BY, note="visited"),
        given(by="R" * 120, intent="acting"),
    ],
)
def test_what_may_be_said_has_no_fault_and_becomes_a_receipt(receipt: ReceiptGiven) -> None:
    assert faults_of_receipt(receipt) == []
    ids = dict.fromkeys(("id", "notice_id", "obligation_id", "alert_id", "case_id", "agency"), "x")
    said = {name: getattr(receipt, name) for name in ("stage", "by", "role", "intent", "note", "to")}
    assert Receipt(**ids, at="2026-01-05T10:00:00Z", **said).stage == receipt.stage


@pytest.mark.parametrize(
    ("receipt", "paths"),
    [
        (given(), ["by", "intent"]),
        (given(by=BY), ["intent"]),
        (given(intent=Intent.ACTING), ["by"]),
        (given(by=" ", intent=Intent.ACTING), ["by"]),
        (given(by="R.\nPostholder", intent=Intent.ACTING), ["by"]),
        (given(by="R" * 121, intent=Intent.ACTING), ["by"]),
        (given(by=BY, intent=Intent.PASSING_ON), ["to"]),
        (given(by=BY, intent=Intent.PASSING_ON, to=BY), ["to"]),
        (given(by=BY, intent=Intent.ACTING, to="S. Other"), ["to"]),
        (given(by=BY, intent=Intent.NOT_OURS), ["note"]),
        (given(by=BY, intent=Intent.ACTING, note="x" * 2001), ["note"]),
        (given(by=BY, intent=Intent.ACTING, note="\ud800"), ["note"]),
        (given(by=BY, intent=Intent.ACTING, role="x\x1b"), ["role"]),
        (given(by=BY, intent="perhaps"), ["intent"]),
        (given(by=7, intent=Intent.ACTING), ["by"]),
        (given(Stage.ACTED, by=BY), ["note"]),
        (given(Stage.SEEN, by="\n"), ["by"]),
        (given("whatever"), ["stage"]),
        (given([]), ["stage"]),
        (ReceiptGiven(None, Stage.SEEN), ["idempotency_key"]),  # type: ignore[arg-type]
        *((given(stage, by=BY, intent=Intent.ACTING), ["stage"]) for stage in Stage if stage not in SAID_BY_SYSTEMS),
    ],
)
def test_what_may_not_be_said_is_named_by_its_field_and_never_repeated(receipt: ReceiptGiven, paths: list[str]) -> None:
    faults = faults_of_receipt(receipt)
    assert [fault.path for fault in faults] == paths
    assert all(fault.expected and "Postholder" not in fault.expected for fault in faults)


def test_the_lengths_are_those_of_the_receipt_itself() -> None:
    assert LONGEST == {"by": 120, "role": 120, "note": 2000, "to": 120}


def test_sent_copied_cancelled_and_undone_are_the_buss_own_to_say() -> None:
    assert set(Stage) - set(SAID_BY_SYSTEMS) == {Stage.SENT, Stage.CANCELLED, Stage.COPIED, Stage.UNDONE}
