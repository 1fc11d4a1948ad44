"""States the threat without what was said, where that is long."""

from typing import Any

from alertbus.plugin import Stated
from tests.contract.bad_plugins.good_sources import CALL, ENQUIRY, Calls

RULE = "carries-long-words-whole-or-refuses-them"


class LongWordsLeftOut(Calls):
    def stated(self, call: dict[str, Any]) -> list[Stated]:
        return super().stated({**call, "words": call["words"] if len(call["words"]) < 2_000 else None})


source = LongWordsLeftOut()
samples = (
    CALL,
    ENQUIRY,
)
