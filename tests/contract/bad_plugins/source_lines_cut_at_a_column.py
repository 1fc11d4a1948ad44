"""Reads lines as the old system's screen showed them: 80 columns. A longer name ends there."""

from alertbus.plugin import Stated
from tests.contract.bad_plugins.good_sources import LINES, Lines

RULE = "carries-long-words-whole-or-refuses-them"


class LinesCutAtAColumn(Lines):
    def line(self, number: int, line: str, at: str) -> list[Stated]:
        return super().line(number, line[:80], at)


source = LinesCutAtAColumn()
samples = (LINES,)
