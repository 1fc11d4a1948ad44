"""Keeps the beginning and the end of what was said, and leaves out what stood between."""

from typing import Any

from alertbus.plugin import Stated
from tests.contract.bad_plugins.good_sources import CALL, ENQUIRY, Calls

RULE = "carries-long-words-whole-or-refuses-them"


class WordsLoseTheirMiddle(Calls):
    def stated(self, call: dict[str, Any]) -> list[Stated]:
        words = call["words"]
        return super().stated({**call, "words": words if len(words) < 5_000 else f"{words[:2_000]} [...] {words[-2_000:]}"})


source = WordsLoseTheirMiddle()
samples = (
    CALL,
    ENQUIRY,
)
