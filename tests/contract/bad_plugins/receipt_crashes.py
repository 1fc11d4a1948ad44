"""Crashes on a receipt that it does not know."""

from alertbus.plugin import ReceiptGiven
from tests.contract.bad_plugins.good_receipts import RECEIVED, REFUSED, Answering

RULE = "survives-damaged-receipts"


class Crashes(Answering):
    def unread(self, raw: bytes) -> ReceiptGiven:
        raise KeyError("state")


adapter = Crashes()
receipts: tuple[bytes, ...] = (
    RECEIVED,
    REFUSED,
)
