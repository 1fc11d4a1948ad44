"""Passes on, and says nothing of whom to."""

from dataclasses import replace
from typing import Any

from alertbus.plugin import ReceiptGiven
from tests.contract.bad_plugins.good_receipts import PASSED_ON, RECEIVED, Answering

RULE = "reads-its-sample-receipts"


class PassedOnToNobody(Answering):
    def read(self, answer: dict[str, Any]) -> ReceiptGiven:
        given = super().read(answer)
        return replace(given, to=None)


adapter = PassedOnToNobody()
receipts: tuple[bytes, ...] = (
    RECEIVED,
    PASSED_ON,
)
