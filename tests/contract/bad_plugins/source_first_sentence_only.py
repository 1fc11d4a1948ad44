"""Takes the first sentence of what was said, as a summary of it."""

from typing import Any

from alertbus.plugin import Stated
from tests.contract.bad_plugins.good_sources import CALL, ENQUIRY, Calls

RULE = "carries-long-words-whole-or-refuses-them"


class FirstSentenceOnly(Calls):
    def stated(self, call: dict[str, Any]) -> list[Stated]:
        return super().stated({**call, "words": f"{call['words']}".split(". ")[0]})


source = FirstSentenceOnly()
samples = (
    CALL,
    ENQUIRY,
)
