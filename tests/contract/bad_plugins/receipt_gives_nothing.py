"""Gives nothing for a refusal."""

from typing import Any

from alertbus.plugin import ReceiptGiven
from tests.contract.bad_plugins.good_receipts import RECEIVED, REFUSED, Answering

RULE = "reads-its-sample-receipts"


class GivesNothing(Answering):
    def read(self, answer: dict[str, Any]) -> ReceiptGiven:
        return super().read(answer) if answer["state"] == "received" else None  # type: ignore[return-value]


adapter = GivesNothing()
receipts: tuple[bytes, ...] = (
    RECEIVED,
    REFUSED,
)
