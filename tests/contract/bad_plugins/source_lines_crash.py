"""Reads lines, and crashes on a short one."""

from alertbus.plugin import Stated
from tests.contract.bad_plugins.good_sources import LINES, Lines

RULE = "survives-damaged-samples"


class LinesCrash(Lines):
    def line(self, number: int, line: str, at: str) -> list[Stated]:
        if line.startswith("THR") and not line.split("|")[3].strip():
            return self.unread(number, line)
        return super().line(number, line, at)


source = LinesCrash()
samples = (LINES,)
