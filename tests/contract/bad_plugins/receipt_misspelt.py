"""Reads receipts in a method that the bus never calls."""

from alertbus.plugin import ReceiptGiven
from alertbus.plugin.plain import Plain
from tests.contract.bad_plugins.good_receipts import Answering

RULE = "reads-its-sample-receipts"


class Misspelt(Plain):
    def parse_reciept(self, raw: bytes) -> ReceiptGiven:
        return Answering().parse_receipt(raw)


adapter = Misspelt()
receipts: tuple[bytes, ...] = ()
