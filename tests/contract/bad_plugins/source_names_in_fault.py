"""Names the person when a field is missing."""

from typing import Any

from alertbus.plugin import Stated, UnreadableMessage
from tests.contract.bad_plugins.good_sources import CALL, ENQUIRY, Calls

RULE = "repeats-nothing-of-the-input-when-it-refuses"


class NamesInFault(Calls):
    def stated(self, call: dict[str, Any]) -> list[Stated]:
        if not call.get("crn"):
            raise UnreadableMessage(("crn", f"a CRN for {call['given']} {call['family']}"))
        return super().stated(call)


source = NamesInFault()
samples = (
    CALL,
    ENQUIRY,
)
