"""Crashes on bytes that are no JSON."""

import json

from alertbus.plugin import Ignored, Stated
from tests.contract.bad_plugins.good_sources import CALL, ENQUIRY, Calls

RULE = "survives-arbitrary-bytes"


class CrashesOnJunk(Calls):
    def parse(self, raw: bytes, headers: object) -> list[Stated] | Ignored:
        json.loads(raw)
        return super().parse(raw, headers)


source = CrashesOnJunk()
samples = (
    CALL,
    ENQUIRY,
)
