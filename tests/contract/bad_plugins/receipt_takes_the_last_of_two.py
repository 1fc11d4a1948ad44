"""Takes the second of two states that contradict each other, as `json.loads` does."""

import json

from alertbus.plugin import ReceiptGiven
from tests.contract.bad_plugins.good_receipts import RECEIVED, REFUSED, Answering

RULE = "survives-damaged-receipts"


class TakesTheLast(Answering):
    def parse_receipt(self, raw: bytes) -> ReceiptGiven:
        try:
            return super().parse_receipt(json.dumps(json.loads(raw)).encode())
        except (ValueError, RecursionError):
            return self.unread(raw)


adapter = TakesTheLast()
receipts: tuple[bytes, ...] = (
    RECEIVED,
    REFUSED,
)
