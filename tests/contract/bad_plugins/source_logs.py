"""Logs whom a message that it refuses is about."""

import logging

from alertbus.plugin import Ignored, Stated
from tests.contract.bad_plugins.good_sources import CALL, ENQUIRY, Calls

RULE = "writes-nothing-to-the-screen-or-a-log"


class Logs(Calls):
    def unread(self, raw: bytes) -> list[Stated] | Ignored:
        logging.getLogger("northfield").warning("refused: %s", raw)
        return super().unread(raw)


source = Logs()
samples = (
    CALL,
    ENQUIRY,
)
