"""Takes bytes that are no receipt for an acceptance."""

from alertbus.plugin import ReceiptGiven, Stage
from tests.contract.bad_plugins.good_receipts import RECEIVED, REFUSED, Answering

RULE = "takes-nothing-for-a-receipt-that-is-none"


class GarbageAccepted(Answering):
    def unread(self, raw: bytes) -> ReceiptGiven:
        return ReceiptGiven(idempotency_key="", stage=Stage.ACCEPTED)


adapter = GarbageAccepted()
receipts: tuple[bytes, ...] = (
    RECEIVED,
    REFUSED,
)
