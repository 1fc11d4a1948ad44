"""Takes the first 200 characters of what was said: more than its own sample has."""

from typing import Any

from alertbus.plugin import Stated
from tests.contract.bad_plugins.good_sources import CALL, ENQUIRY, Calls

RULE = "carries-long-words-whole-or-refuses-them"


class WordsCutAt200(Calls):
    def stated(self, call: dict[str, Any]) -> list[Stated]:
        return super().stated({**call, "words": call["words"][:200]})


source = WordsCutAt200()
samples = (
    CALL,
    ENQUIRY,
)
