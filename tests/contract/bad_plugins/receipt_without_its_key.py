"""Answers by a name, and leaves out for which message."""

from dataclasses import replace
from typing import Any

from alertbus.plugin import ReceiptGiven
from tests.contract.bad_plugins.good_receipts import ACTING, RECEIVED, Answering

RULE = "reads-its-sample-receipts"


class WithoutItsKey(Answering):
    def read(self, answer: dict[str, Any]) -> ReceiptGiven:
        given = super().read(answer)
        return replace(given, idempotency_key="")


adapter = WithoutItsKey()
receipts: tuple[bytes, ...] = (
    RECEIVED,
    ACTING,
)
