"""Has a file among its samples that is no receipt."""

from tests.contract.bad_plugins.good_receipts import RECEIVED, Answering

RULE = "reads-its-sample-receipts"


class JunkAmongSamples(Answering):
    pass


adapter = JunkAmongSamples()
receipts: tuple[bytes, ...] = (
    RECEIVED,
    b"PK\x03\x04 a spreadsheet",
)
