"""Cuts what was said at 300 characters."""

from typing import Any

from alertbus.plugin import Notice
from tests.contract.bad_plugins.good_adapters import Pages

RULE = "carries-verbatim-text-whole-or-not-at-all"


class CutAt300(Pages):
    def narrative(self, notice: Notice) -> list[dict[str, Any]]:
        return [{**fields, "text": fields["text"][:300]} for fields in super().narrative(notice)]


adapter = CutAt300()
