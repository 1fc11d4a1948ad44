"""Takes so few characters that even the words of its own sample do not fit."""

from typing import Any

from alertbus.plugin import Stated
from tests.contract.bad_plugins.good_sources import CALL, ENQUIRY, Calls

RULE = "carries-long-words-whole-or-refuses-them"


class WordsOfItsSampleCut(Calls):
    def stated(self, call: dict[str, Any]) -> list[Stated]:
        return super().stated({**call, "words": call["words"][:30]})


source = WordsOfItsSampleCut()
samples = (
    CALL,
    ENQUIRY,
)
