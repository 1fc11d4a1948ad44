"""Makes 700 MB of one message."""

from alertbus.plugin import Ignored, Stated
from tests.contract.bad_plugins.good_sources import CALL, ENQUIRY, Calls

RULE = "stays-within-time-and-memory"


class Huge(Calls):
    def parse(self, raw: bytes, headers: object) -> list[Stated] | Ignored:
        assert len(bytearray(700 * 2**20)) > len(raw)
        return super().parse(raw, headers)


source = Huge()
samples = (
    CALL,
    ENQUIRY,
)
