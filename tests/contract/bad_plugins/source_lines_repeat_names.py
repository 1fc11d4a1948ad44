"""Reads lines, and repeats one that it cannot read."""

from alertbus.plugin import Stated, UnreadableMessage
from tests.contract.bad_plugins.good_sources import LINES, Lines

RULE = "repeats-nothing-of-the-input-when-it-refuses"


class LinesRepeatNames(Lines):
    def unread(self, number: int, line: str) -> list[Stated]:
        raise UnreadableMessage((f"line {number}", f"five fields, not {line}"))


source = LinesRepeatNames()
samples = (LINES,)
