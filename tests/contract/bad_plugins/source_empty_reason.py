"""Ignores without a reason."""

from typing import Any

from alertbus.plugin import Ignored, Stated
from tests.contract.bad_plugins.good_sources import CALL, ENQUIRY, Calls

RULE = "gives-every-sample-a-defined-outcome"


class EmptyReason(Calls):
    def ignored(self, call: dict[str, Any]) -> list[Stated] | Ignored:
        return Ignored(" ")


source = EmptyReason()
samples = (
    CALL,
    ENQUIRY,
)
