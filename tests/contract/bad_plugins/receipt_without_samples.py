"""Reads receipts, and shows none."""

from tests.contract.bad_plugins.good_receipts import Answering

RULE = "reads-its-sample-receipts"


class WithoutSamples(Answering):
    pass


adapter = WithoutSamples()
receipts: tuple[bytes, ...] = ()
