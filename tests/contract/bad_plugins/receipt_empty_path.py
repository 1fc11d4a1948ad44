"""Refuses a receipt with an empty path."""

from alertbus.plugin import ReceiptGiven, UnreadableMessage
from tests.contract.bad_plugins.good_receipts import RECEIVED, REFUSED, Answering

RULE = "says-where-a-receipt-cannot-be-read"


class EmptyPath(Answering):
    def unread(self, raw: bytes) -> ReceiptGiven:
        raise UnreadableMessage(("", "a JSON object with message and state"))


adapter = EmptyPath()
receipts: tuple[bytes, ...] = (
    RECEIVED,
    REFUSED,
)
