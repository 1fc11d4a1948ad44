"""Names the person in the reason for ignoring."""

from typing import Any

from alertbus.plugin import Ignored, Stated
from tests.contract.bad_plugins.good_sources import CALL, ENQUIRY, Calls

RULE = "repeats-nothing-of-the-input-when-it-refuses"


class NamesInReason(Calls):
    def ignored(self, call: dict[str, Any]) -> list[Stated] | Ignored:
        return Ignored(f"an enquiry about {call.get('given', 'nobody')}")


source = NamesInReason()
samples = (
    CALL,
    ENQUIRY,
)
