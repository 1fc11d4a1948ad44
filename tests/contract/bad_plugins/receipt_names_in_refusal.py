"""Repeats the receipt that it cannot read."""

from alertbus.plugin import ReceiptGiven, UnreadableMessage
from tests.contract.bad_plugins.good_receipts import RECEIVED, REFUSED, Answering

RULE = "repeats-nothing-of-a-receipt-when-it-refuses"


class NamesInRefusal(Answering):
    def unread(self, raw: bytes) -> ReceiptGiven:
        raise UnreadableMessage(("$", f"an answer, not {raw.decode('utf-8', 'replace')[:400]}"))


adapter = NamesInRefusal()
receipts: tuple[bytes, ...] = (
    RECEIVED,
    REFUSED,
)
