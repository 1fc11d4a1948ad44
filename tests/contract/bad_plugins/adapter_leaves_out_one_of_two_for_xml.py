"""Leaves out the one excerpt that XML cannot hold, and carries the other of the same speaker."""

from alertbus.plugin import Excerpt
from tests.contract.bad_plugins.good_markup import XmlPages

RULE = "carries-verbatim-text-whole-or-not-at-all"


class LeavesOutOneOfTwo(XmlPages):
    def speaker(self, said: Excerpt) -> tuple[object, object]:
        return said.text, None


adapter = LeavesOutOneOfTwo()
