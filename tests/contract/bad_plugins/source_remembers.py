"""Says of each family who was in the message before."""

from typing import Any

from alertbus.plugin import Stated
from tests.contract.bad_plugins.good_sources import CALL, ENQUIRY, Calls

RULE = "remembers-nothing-of-the-last-message"


class Remembers(Calls):
    last = ""

    def stated(self, call: dict[str, Any]) -> list[Stated]:
        before, self.last = self.last, str(call["family"])
        return super().stated({**call, "words": f"{call['words']} {before}"})


source = Remembers()
samples = (
    CALL,
    ENQUIRY,
)
