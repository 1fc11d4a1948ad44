"""Ignores a call whose words are long, where it should refuse it: what is ignored nobody looks at."""

from typing import Any

from alertbus.plugin import Ignored, Stated
from tests.contract.bad_plugins.good_sources import CALL, ENQUIRY, Calls

RULE = "carries-long-words-whole-or-refuses-them"


class LongWordsIgnored(Calls):
    def read(self, call: dict[str, Any]) -> list[Stated] | Ignored:
        if len(str(call.get("words"))) > 10_000:
            return Ignored("a call with more than 10,000 characters raises nothing")
        return super().read(call)


source = LongWordsIgnored()
samples = (
    CALL,
    ENQUIRY,
)
