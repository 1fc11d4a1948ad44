"""Says who answers, and not what they will do."""

from dataclasses import replace
from typing import Any

from alertbus.plugin import ReceiptGiven
from tests.contract.bad_plugins.good_receipts import ACTING, RECEIVED, Answering

RULE = "reads-its-sample-receipts"


class WithoutIntent(Answering):
    def read(self, answer: dict[str, Any]) -> ReceiptGiven:
        given = super().read(answer)
        return replace(given, intent=None)


adapter = WithoutIntent()
receipts: tuple[bytes, ...] = (
    RECEIVED,
    ACTING,
)
