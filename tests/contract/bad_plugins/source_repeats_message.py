"""Repeats the message that it cannot read."""

from alertbus.plugin import Ignored, Stated, UnreadableMessage
from tests.contract.bad_plugins.good_sources import CALL, ENQUIRY, Calls

RULE = "repeats-nothing-of-the-input-when-it-refuses"


class RepeatsMessage(Calls):
    def unread(self, raw: bytes) -> list[Stated] | Ignored:
        raise UnreadableMessage(("$", f"a call, not {raw.decode('utf-8', 'replace')[:300]}"))


source = RepeatsMessage()
samples = (
    CALL,
    ENQUIRY,
)
