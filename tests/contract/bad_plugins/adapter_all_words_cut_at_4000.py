"""Puts all that was said into one text and cuts that at 4,000 characters."""

from typing import Any

from alertbus.plugin import Notice
from tests.contract.bad_plugins.good_adapters import Pages

RULE = "carries-verbatim-text-whole-or-not-at-all"


class AllWordsCutAt4000(Pages):
    def page(self, notice: Notice) -> dict[str, Any]:
        words = "\n".join(f"{fields['text']} ({fields['said_by']}, {fields['observed_first_hand']})" for fields in self.narrative(notice))
        return {**super().page(notice), "narrative": words[:4000]}


adapter = AllWordsCutAt4000()
