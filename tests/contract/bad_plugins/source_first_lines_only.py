"""Reads the first twenty lines of a log, and none of those after them."""

from alertbus.plugin import Ignored, Stated
from tests.contract.bad_plugins.good_sources import LINES, Lines

RULE = "reads-all-of-many-or-refuses-them"


class FirstLinesOnly(Lines):
    def parse(self, raw: bytes, headers: object) -> list[Stated] | Ignored:
        found = super().parse(raw, headers)
        return found if isinstance(found, Ignored) else found[:20]


source = FirstLinesOnly()
samples = (LINES,)
