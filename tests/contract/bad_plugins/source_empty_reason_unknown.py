"""Ignores without a reason what it does not know."""

from typing import Any

from alertbus.plugin import Ignored, Stated
from tests.contract.bad_plugins.good_sources import CALL, ENQUIRY, Calls

RULE = "says-why-a-message-states-nothing"


class EmptyReasonUnknown(Calls):
    def unknown(self, call: dict[str, Any]) -> list[Stated] | Ignored:
        return Ignored("")


source = EmptyReasonUnknown()
samples = (
    CALL,
    ENQUIRY,
)
