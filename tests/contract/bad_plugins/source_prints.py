"""Prints what it reads."""

from typing import Any

from alertbus.plugin import Stated
from tests.contract.bad_plugins.good_sources import CALL, ENQUIRY, Calls

RULE = "writes-nothing-to-the-screen-or-a-log"


class Prints(Calls):
    def stated(self, call: dict[str, Any]) -> list[Stated]:
        print(call["family"])
        return super().stated(call)


source = Prints()
samples = (
    CALL,
    ENQUIRY,
)
