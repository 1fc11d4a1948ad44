"""Leaves out the words of whoever said something that XML cannot hold, and does not say that there are any."""

from typing import Any

from alertbus.plugin import Notice
from tests.contract.bad_plugins.good_markup import HELD, XmlPages

RULE = "carries-verbatim-text-whole-or-not-at-all"


class LeavesOutInSilence(XmlPages):
    def narrative(self, notice: Notice) -> list[dict[str, Any]]:
        return [fields for fields in super().narrative(notice) if fields["text"] != HELD]


adapter = LeavesOutInSilence()
