"""Has sample receipts, and nothing that reads them."""

from alertbus.plugin.plain import Plain
from tests.contract.bad_plugins.good_receipts import RECEIVED, REFUSED

RULE = "reads-its-sample-receipts"


class NobodyReads(Plain):
    pass


adapter = NobodyReads()
receipts: tuple[bytes, ...] = (RECEIVED, REFUSED)
