"""Cuts what was said to what an alert takes, where it should refuse what is longer."""

from typing import Any

from alertbus.plugin import Stated
from tests.contract.bad_plugins.good_sources import CALL, ENQUIRY, Calls

RULE = "carries-long-words-whole-or-refuses-them"


class WordsCutAtTheLimit(Calls):
    def stated(self, call: dict[str, Any]) -> list[Stated]:
        return super().stated({**call, "words": call["words"][:65_536]})


source = WordsCutAtTheLimit()
samples = (
    CALL,
    ENQUIRY,
)
