"""Ends the process at a message that it does not like."""

import sys
from typing import Any

from alertbus.plugin import Ignored, Stated
from tests.contract.bad_plugins.good_sources import CALL, ENQUIRY, Calls

RULE = "gives-every-sample-a-defined-outcome"


class Exits(Calls):
    def ignored(self, call: dict[str, Any]) -> list[Stated] | Ignored:
        sys.exit(3)


source = Exits()
samples = (
    CALL,
    ENQUIRY,
)
