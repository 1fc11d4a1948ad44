"""Cuts the words of children alone."""

from typing import Any

from alertbus.plugin import Notice
from tests.contract.bad_plugins.good_adapters import Pages

RULE = "carries-verbatim-text-whole-or-not-at-all"


class ChildWordsCut(Pages):
    def narrative(self, notice: Notice) -> list[dict[str, Any]]:
        return [{**f, "text": f["text"][: 40 if f["said_by"] == "child" else None]} for f in super().narrative(notice)]


adapter = ChildWordsCut()
