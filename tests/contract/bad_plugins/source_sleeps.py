"""Waits before it reads."""

import time

from alertbus.plugin import Ignored, Stated
from tests.contract.bad_plugins.good_sources import CALL, ENQUIRY, Calls

RULE = "stays-within-time-and-memory"


class Sleeps(Calls):
    def parse(self, raw: bytes, headers: object) -> list[Stated] | Ignored:
        time.sleep(10)
        return super().parse(raw, headers)


source = Sleeps()
samples = (
    CALL,
    ENQUIRY,
)
