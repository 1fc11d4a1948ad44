"""Passes on to somebody whom no receipt names."""

from dataclasses import replace
from typing import Any

from alertbus.plugin import ReceiptGiven
from tests.contract.bad_plugins.good_receipts import PASSED_ON, RECEIVED, Answering

RULE = "names-only-whom-a-receipt-names"


class InventsToWhom(Answering):
    def read(self, answer: dict[str, Any]) -> ReceiptGiven:
        given = super().read(answer)
        return replace(given, to="Hugo Marchbanks") if given.to else given


adapter = InventsToWhom()
receipts: tuple[bytes, ...] = (
    RECEIVED,
    PASSED_ON,
)
