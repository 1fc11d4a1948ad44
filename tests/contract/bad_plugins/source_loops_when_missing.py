"""Looks for a field until it is there."""

from typing import Any

from alertbus.plugin import Stated
from tests.contract.bad_plugins.good_sources import CALL, ENQUIRY, Calls

RULE = "stays-within-time-and-memory"


class LoopsWhenMissing(Calls):
    def stated(self, call: dict[str, Any]) -> list[Stated]:
        while "family" not in call:
            pass
        return super().stated(call)


source = LoopsWhenMissing()
samples = (
    CALL,
    ENQUIRY,
)
