"""Puts the words of a set in the order in which they fall."""

from typing import Any

from alertbus.plugin import Stated
from tests.contract.bad_plugins.good_sources import CALL, ENQUIRY, Calls

RULE = "reads-the-same-bytes-the-same-way-on-any-machine"


class OrderOfASet(Calls):
    def stated(self, call: dict[str, Any]) -> list[Stated]:
        return super().stated({**call, "words": " ".join({"dog", "night", "gate", "stairs", "knife", "loud"})})


source = OrderOfASet()
samples = (
    CALL,
    ENQUIRY,
)
