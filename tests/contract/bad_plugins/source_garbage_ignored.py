"""Ignores what it cannot read."""

from alertbus.plugin import Ignored, Stated
from tests.contract.bad_plugins.good_sources import CALL, ENQUIRY, Calls

RULE = "calls-garbage-unreadable"


class GarbageIgnored(Calls):
    def unread(self, raw: bytes) -> list[Stated] | Ignored:
        return Ignored("not a call")


source = GarbageIgnored()
samples = (
    CALL,
    ENQUIRY,
)
