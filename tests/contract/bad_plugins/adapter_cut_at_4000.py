"""Cuts what was said at 4000 characters."""

from typing import Any

from alertbus.plugin import Notice
from tests.contract.bad_plugins.good_adapters import Pages

RULE = "carries-verbatim-text-whole-or-not-at-all"


class CutAt4000(Pages):
    def narrative(self, notice: Notice) -> list[dict[str, Any]]:
        return [{**fields, "text": fields["text"][:4000]} for fields in super().narrative(notice)]


adapter = CutAt4000()
