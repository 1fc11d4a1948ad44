"""Acknowledges, and names nobody who does."""

from dataclasses import replace
from typing import Any

from alertbus.plugin import ReceiptGiven
from tests.contract.bad_plugins.good_receipts import ACTING, RECEIVED, Answering

RULE = "reads-its-sample-receipts"


class ByNobody(Answering):
    def read(self, answer: dict[str, Any]) -> ReceiptGiven:
        given = super().read(answer)
        return replace(given, by=None)


adapter = ByNobody()
receipts: tuple[bytes, ...] = (
    RECEIVED,
    ACTING,
)
