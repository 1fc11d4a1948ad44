"""Gives an empty list for a type that it does not know."""

from typing import Any

from alertbus.plugin import Ignored, Stated
from tests.contract.bad_plugins.good_sources import CALL, ENQUIRY, Calls

RULE = "says-why-a-message-states-nothing"


class NothingForUnknown(Calls):
    def unknown(self, call: dict[str, Any]) -> list[Stated] | Ignored:
        return []


source = NothingForUnknown()
samples = (
    CALL,
    ENQUIRY,
)
