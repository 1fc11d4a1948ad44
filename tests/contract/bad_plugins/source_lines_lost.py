"""Reads lines, and passes over one that it cannot read."""

from alertbus.plugin import Stated
from tests.contract.bad_plugins.good_sources import LINES, Lines

RULE = "loses-no-part-of-a-message-in-silence"


class LinesLost(Lines):
    def unread(self, number: int, line: str) -> list[Stated]:
        return []


source = LinesLost()
samples = (LINES,)
