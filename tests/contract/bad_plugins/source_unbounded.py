"""States as many alerts as there are lines."""

from alertbus.plugin import Ignored, Stated
from tests.contract.bad_plugins.good_sources import LINES, MOST, Lines

RULE = "states-no-more-than-a-message-may"


class Unbounded(Lines):
    def parse(self, raw: bytes, headers: object) -> list[Stated] | Ignored:
        lines = raw.splitlines(keepends=True)
        if len(lines) <= MOST:
            return super().parse(raw, headers)
        return [each for line in lines[1:] for each in self.line(0, line.decode("utf-8", "replace").strip(), "2020-11-18T14:05:00Z")]


source = Unbounded()
samples = (LINES,)
