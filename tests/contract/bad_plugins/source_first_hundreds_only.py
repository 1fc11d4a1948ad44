"""States the 500 things that a message may state, and keeps quiet about the others of it."""

from alertbus.plugin import Ignored, Stated, UnreadableMessage
from tests.contract.bad_plugins.good_sources import LINES, MOST, Lines

RULE = "reads-all-of-many-or-refuses-them"


class FirstHundredsOnly(Lines):
    def parse(self, raw: bytes, headers: object) -> list[Stated] | Ignored:
        lines = raw.splitlines(keepends=True)
        if any(not line.startswith(b"THR|") for line in lines[MOST:]):
            raise UnreadableMessage(("$", "THR, an id, a CRN, a given and a family name"))
        return super().parse(b"".join(lines[:MOST]), headers)


source = FirstHundredsOnly()
samples = (LINES,)
